// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// mul8x8: rtl/array/mul8x8.v in one DSP block of Lattice ECP5; same ports, latency and numbers.
//
// Latency: 2 cycles, one product a cycle, no handshake.
// Numbers: exact, as there. The operands' signs fill the block's upper bits, so the upper half of its product is sign too.
// Example: a = 0x80 (-128), b = 0x7F (127) gives p = 0xC080 (-16256) two cycles later.
`default_nettype none

module mul8x8 (
    input  wire        clk,
    input  wire [7:0]  a,  // int8
    input  wire [7:0]  b,  // int8
    output wire [15:0] p   // int16
);

    wire [35:0] product;

    mul18x18 u_mul (.clk(clk), .enable(1'b1), .a({{10{a[7]}}, a}), .b({{10{b[7]}}, b}), .p(product));

    assign p = product[15:0];

    wire unused = &{1'b0, product[35:16]};  // copies of p[15]

endmodule

`default_nettype wire
