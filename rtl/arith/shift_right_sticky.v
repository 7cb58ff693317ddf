// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// shift_right_sticky: right shift of 26 bits by 0..31, remembering whether a one was lost.
//
// Purpose    Aligns the smaller addend of fp32_add; makes a product of fp32_mul subnormal.
// Latency    combinational.
// Contract   y = floor(x / 2^right); sticky = 1 iff a bit shifted out was one. From 26 places on y is 0, and sticky
//            says whether x was anything.
// Method     Shifts by 16, 8, 4, 2 and 1; each step's lost bits are those it throws away, so a bit is looked at once.
// Example    x = ...1011, right = 2: y = ...10, sticky = 1.
`default_nettype none

module shift_right_sticky (
    input  wire [25:0] x,
    input  wire [4:0]  right,
    output wire [25:0] y,
    output wire        sticky
);

    wire [25:0] t16 = right[4] ? {16'd0, x[25:16]} : x;
    wire [25:0] t8  = right[3] ? {8'd0, t16[25:8]} : t16;
    wire [25:0] t4  = right[2] ? {4'd0, t8[25:4]}  : t8;
    wire [25:0] t2  = right[1] ? {2'd0, t4[25:2]}  : t4;

    assign y      = right[0] ? {1'b0, t2[25:1]} : t2;
    assign sticky = (right[4] & (|x[15:0]))  |
                    (right[3] & (|t16[7:0])) |
                    (right[2] & (|t8[3:0]))  |
                    (right[1] & (|t4[1:0]))  |
                    (right[0] & t2[0]);

endmodule

`default_nettype wire
