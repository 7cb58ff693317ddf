// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   bfloat16 x bfloat16 -> float32.
//
//     a, b ──┬── significands ──► mul9x9 ──┐
//            └── exponents, signs ──► bf16_product ──► p
//
// Latency
//   LATENCY = 4 cycles, one product per cycle. No reset: data only. Cycles count only while
//   `enable` is high; while it is low, nothing moves and p holds.
//
// Numbers
//   p = a * b, IEEE 754. The product is exact, except that a subnormal result is rounded to nearest
//   even. Subnormals are kept; every NaN is 32'h7FC00000. bf16_product has the details.
//
// Example
//   3.0 * -0.5: 4040 * BF00 = BFC00000 (-1.5).
`default_nettype none

module bf16_mul (
    input  wire        clk,
    input  wire        enable,
    input  wire [15:0] a,
    input  wire [15:0] b,
    output wire [31:0] p
);

    wire [17:0] product;

    mul9x9 u_mul (
        .clk   (clk),
        .enable(enable),
        .a     ({1'b0, a[14:7] != 8'd0, a[6:0]}),
        .b     ({1'b0, b[14:7] != 8'd0, b[6:0]}),
        .p     (product)
    );

    bf16_product u_product (
        .clk    (clk),
        .enable (enable),
        .a      (a),
        .b      (b),
        .product(product[15:0]),
        .p      (p)
    );

    wire unused = &{1'b0, product[17:16]};  // zero: 255 * 255 fits 16 bits

endmodule

`default_nettype wire
