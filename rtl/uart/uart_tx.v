// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Bytes onto a serial line, 8N1, least significant bit first. tx is a register and is high while
//   nothing is sent, reset included. A reset truncates a byte.
//
// Latency
//   1 cycle from a byte accepted (valid and ready) to its start bit. Start, 8 bits and stop last
//   10 * CLOCKS cycles, and the line stays high for at least one more: a byte per 10 * CLOCKS + 1
//   cycles.
//
// Numbers
//   None: bits pass unchanged.
//
// Example
//   CLOCKS 4, data 8'h01: low for 4 cycles, high for 4, low for 28, high for 4.
`default_nettype none

module uart_tx #(
    parameter integer CLOCKS = 24  // cycles of clk per bit, 4..65535
) (
    input  wire       clk,
    input  wire       rst,
    // a byte
    input  wire [7:0] data,
    input  wire       valid,
    output wire       ready,
    output wire       tx
);

    localparam integer COUNT_W = $clog2(CLOCKS);
    localparam [31:0]  BIT     = CLOCKS - 1;

    generate
        if (CLOCKS < 4 || CLOCKS > 65535) begin : g_illegal
            ERROR_uart_tx_CLOCKS_must_be_4_to_65535 u_error ();
        end
    endgenerate

    reg [COUNT_W-1:0] count_q;
    reg [3:0]         bits_remaining_q;  // the current one included
    reg [8:0]         shift_q;  // bit 0 is on the line; ones follow the byte

    wire bit_end = (count_q == {COUNT_W{1'b0}});

    assign ready = (bits_remaining_q == 4'd0);
    assign tx    = shift_q[0];

    always @(posedge clk) begin
        if (rst) begin
            bits_remaining_q <= 4'd0;
            shift_q          <= 9'h1FF;
        end else if (ready) begin
            if (valid) begin
                bits_remaining_q <= 4'd10;
                shift_q          <= {data, 1'b0};
            end
        end else if (bit_end) begin
            bits_remaining_q <= bits_remaining_q - 4'd1;
            shift_q          <= {1'b1, shift_q[8:1]};
        end
        count_q <= (ready || bit_end) ? BIT[COUNT_W-1:0] : count_q - 1'b1;
    end

endmodule

`default_nettype wire
