// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The unsigned product of two significands, to measure its area: 8 bits in bfloat16, 24 in
//   float32.
//
// Latency
//   2 cycles, operands and product in registers.
`default_nettype none

module significand_mul #(
    parameter integer WIDTH = 8  // bits of a significand, hidden one included
) (
    input  wire               clk,
    input  wire [WIDTH-1:0]   a,
    input  wire [WIDTH-1:0]   b,
    output reg  [2*WIDTH-1:0] p
);

    reg [WIDTH-1:0] a_q, b_q;

    always @(posedge clk) begin
        a_q <= a;
        b_q <= b;
        p   <= a_q * b_q;
    end

endmodule

`default_nettype wire
