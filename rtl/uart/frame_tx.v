// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   A message in, a frame out: 7E, the bytes with 7E and 7D escaped, the checksum. The inverse of
//   frame_rx.
//
//     in    03  7E(last)                 out    7E  03  7D 5E  xx xx     (xx: the checksum)
//
//   A message is 1 byte or more, the last one with in_last. A byte offered stays until accepted;
//   there may be pauses between bytes. out_valid does not wait for out_ready. A checksum byte may
//   need a 7D, too.
//
// Latency
//   Combinational: the flag is offered in the cycle of a message's first byte. One byte per cycle.
//
// Numbers
//   The checksum is crc16 of the message's bytes before escaping, sent low byte first.
//
// Example
//   The message 03 (last) gives 7E 03 and two checksum bytes, in four cycles if none needs
//   escaping.
`default_nettype none

module frame_tx (
    input  wire       clk,
    input  wire       rst,
    // a message
    input  wire [7:0] in_data,
    input  wire       in_last,
    input  wire       in_valid,
    output wire       in_ready,
    // as sent
    output wire [7:0] out_data,
    output wire       out_valid,
    input  wire       out_ready
);

    localparam [7:0] FLAG   = 8'h7E;
    localparam [7:0] ESCAPE = 8'h7D;
    localparam [1:0] BEGIN  = 2'd0;
    localparam [1:0] BODY   = 2'd1;
    localparam [1:0] LOW    = 2'd2;  // the checksum's bytes
    localparam [1:0] HIGH   = 2'd3;

    reg  [1:0]  state_q;
    reg         escaped_q;  // 7D has been sent
    reg  [15:0] sum_q;
    wire [15:0] sum_d;

    wire [7:0] plain  = (state_q == LOW) ? sum_q[7:0] : (state_q == HIGH) ? sum_q[15:8] : in_data;
    // 7D or 7E
    wire       escape = out_valid && (plain[7:2] == FLAG[7:2]) && (plain[1] ^ plain[0]) &&
                        !escaped_q;
    wire       sent   = out_valid && out_ready;

    assign out_valid = in_valid || state_q[1];
    assign out_data  = (state_q == BEGIN) ? FLAG : escape ? ESCAPE :
                       plain ^ {2'b00, escaped_q, 5'd0};
    assign in_ready  = (state_q == BODY) && out_ready && !escape;

    crc16 u_crc16 (
        .sum (sum_q),
        .data(in_data),
        .next(sum_d)
    );

    always @(posedge clk) begin
        if (rst) begin
            state_q   <= BEGIN;
            escaped_q <= 1'b0;
        end else if (sent) begin
            if (state_q == BEGIN) begin
                state_q <= BODY;
            end else begin
                escaped_q <= escape;
                // HIGH to BEGIN: it wraps
                if (!escape && (state_q != BODY || in_last)) state_q <= state_q + 2'd1;
            end
        end
        if (sent && state_q == BEGIN) sum_q <= 16'hFFFF;
        else if (in_valid && in_ready) sum_q <= sum_d;
    end

endmodule

`default_nettype wire
