// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// shift_right_sticky: right shift by 0..31, remembering whether a one was lost.
//
// Purpose    Aligns the smaller addend of fp32_add, makes the products of bf16_product and fp32_mul subnormal.
// Latency    combinational.
// Contract   y = floor(x / 2^right); sticky = 1 iff a bit shifted out was one. From WIDTH places on y is 0, and sticky
//            says whether x was anything.
// Method     Shifts by 16, 8, 4, 2 and 1; each step's lost bits are those it throws away, so a bit is looked at once.
// Example    x = ...1011, right = 2: y = ...10, sticky = 1.
`default_nettype none

module shift_right_sticky #(
    parameter integer WIDTH = 26  // bits, 17..64
) (
    input  wire [WIDTH-1:0] x,
    input  wire [4:0]       right,
    output wire [WIDTH-1:0] y,
    output wire             sticky
);

    generate
        if (WIDTH < 17 || WIDTH > 64) begin : g_illegal
            ERROR_shift_right_sticky_WIDTH_must_be_17_to_64 u_error ();
        end
    endgenerate

    wire [WIDTH-1:0] t16 = right[4] ? x >> 16  : x;
    wire [WIDTH-1:0] t8  = right[3] ? t16 >> 8 : t16;
    wire [WIDTH-1:0] t4  = right[2] ? t8 >> 4  : t8;
    wire [WIDTH-1:0] t2  = right[1] ? t4 >> 2  : t4;

    assign y      = right[0] ? t2 >> 1 : t2;
    assign sticky = (right[4] & (|x[15:0]))  |
                    (right[3] & (|t16[7:0])) |
                    (right[2] & (|t8[3:0]))  |
                    (right[1] & (|t4[1:0]))  |
                    (right[0] & t2[0]);

endmodule

`default_nettype wire
