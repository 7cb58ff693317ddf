// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   9 x 9 bit signed multiplier, for int8 operands and bfloat16 significands alike. A vendor's
//   multiplier primitive may replace this module: same ports, same latency.
//
// Latency
//   2 cycles, one product per cycle, no handshake. No reset: data only. Cycles count only while
//   `enable` is high; while it is low, nothing moves and p holds.
//
// Numbers
//   Exact, 18 bits signed. An int8 operand repeats its sign in bit 8; an unsigned 8-bit significand
//   has a zero there.
//
// Example
//   a = 9'h180 (-128), b = 9'h07F (127): p = -16256; a = b = 9'h0FF (255): p = 65025.
`default_nettype none

module mul9x9 (
    input  wire        clk,
    input  wire        enable,
    input  wire [8:0]  a,  // signed
    input  wire [8:0]  b,  // signed
    output wire [17:0] p   // signed
);

    reg signed [17:0] product_q;
    reg signed [17:0] p_q;

    always @(posedge clk) if (enable) begin
        product_q <= $signed(a) * $signed(b);
        p_q       <= product_q;
    end

    assign p = p_q;

endmodule

`default_nettype wire
