// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Bytes from a serial line, 8N1, least significant bit first.
//
//     line  ‾‾‾\_____/‾0‾X‾1‾X ... X‾7‾/‾‾‾‾‾‾‾‾    each bit lasts CLOCKS cycles
//               start ^   ^   ^       ^  stop ^     ^ sampled in the middle of each bit
//
//   A falling edge that is no longer low half a bit later was a glitch and is ignored. A byte whose
//   stop bit is low is not delivered: `framing` reports it, and the next byte starts with the next
//   falling edge. A line held low (a break) is one framing error, however long. The byte ends in
//   the middle of its stop bit, which leaves half a bit of margin for a fast sender.
//
// Latency
//   `valid` or `framing` is high for one cycle, 4 + floor((CLOCKS - 1) / 2) + 9 * CLOCKS cycles
//   after the first cycle in which rx is low. A byte must be accepted in that cycle.
//
// Numbers
//   rx is asynchronous; two registers synchronise it. A bit is sampled up to 1 cycle after its
//   middle, or 1.5 if CLOCKS is odd, so a sender's bits may be shorter than CLOCKS by 5 % - 10 % /
//   CLOCKS (odd: 15 % / CLOCKS), which is 2.5 % at CLOCKS 4 and 4.4 % at 16; or longer by 5.5 %.
//
// Example
//   CLOCKS 4, the line low in cycles 0..3, high in 4..7, low in 8..35, high in 36..39: data is
//   8'h01, and `valid` is high in cycle 41.
`default_nettype none

module uart_rx #(
    parameter integer CLOCKS = 24  // cycles of clk per bit, 4..65535
) (
    input  wire       clk,
    input  wire       rst,
    input  wire       rx,
    // a byte
    output wire [7:0] data,
    output wire       valid,
    output wire       framing  // instead of valid: its stop bit was low
);

    localparam integer COUNT_W = $clog2(CLOCKS);
    localparam [31:0]  HALF    = (CLOCKS - 1) / 2;
    localparam [31:0]  BIT     = CLOCKS - 1;

    generate
        if (CLOCKS < 4 || CLOCKS > 65535) begin : g_illegal
            ERROR_uart_rx_CLOCKS_must_be_4_to_65535 u_error ();
        end
    endgenerate

    reg [2:0]         line_q;   // the newest in bit 0, which may be metastable
    reg [COUNT_W-1:0] count_q;  // cycles to the next sample
    // 10 before the start bit, 1 before the stop bit, 0 while the line is idle
    reg [3:0]         samples_remaining_q;
    reg [7:0]         data_q;
    reg               valid_q, framing_q;

    wire line   = line_q[1];
    wire sample = (samples_remaining_q != 4'd0) && (count_q == {COUNT_W{1'b0}});

    always @(posedge clk) begin
        if (rst) begin
            line_q              <= 3'b111;
            samples_remaining_q <= 4'd0;
            valid_q             <= 1'b0;
            framing_q           <= 1'b0;
        end else begin
            line_q <= {line_q[1:0], rx};
            if (samples_remaining_q == 4'd0)
                samples_remaining_q <= (line_q[2] && !line) ? 4'd10 : 4'd0;
            else if (sample)
                samples_remaining_q <= (samples_remaining_q == 4'd10 && line) ? 4'd0 :
                                       samples_remaining_q - 4'd1;
            valid_q   <= sample && (samples_remaining_q == 4'd1) && line;
            framing_q <= sample && (samples_remaining_q == 4'd1) && !line;
        end
        if (samples_remaining_q == 4'd0) count_q <= HALF[COUNT_W-1:0];
        else count_q <= sample ? BIT[COUNT_W-1:0] : count_q - 1'b1;
        if (sample && samples_remaining_q != 4'd1) data_q <= {line, data_q[7:1]};
    end

    assign data    = data_q;
    assign valid   = valid_q;
    assign framing = framing_q;

endmodule

`default_nettype wire
