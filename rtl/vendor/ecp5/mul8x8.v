// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   rtl/array/mul8x8.v in one DSP block of Lattice ECP5; same ports, latency and numbers.
//
// Latency
//   2 cycles, one product per cycle, no handshake.
//
// Numbers
//   Exact. The operands are the block's upper bits, above zeros that need no routing: copies of the
//   sign in the upper bits would be 20 more pins to route to, and routing around the blocks is what
//   limits an array.
//
// Example
//   a = 0x80 (-128), b = 0x7F (127) gives p = 0xC080 (-16256) two cycles later.
`default_nettype none

module mul8x8 (
    input  wire        clk,
    input  wire [7:0]  a,  // int8
    input  wire [7:0]  b,  // int8
    output wire [15:0] p   // int16
);

    wire [35:0] product;

    mul18x18 u_mul (
        .clk   (clk),
        .enable(1'b1),
        .a     ({a, 10'd0}),
        .b     ({b, 10'd0}),
        .p     (product)
    );

    assign p = product[35:20];

    wire unused = &{1'b0, product[19:0]};  // zeros

endmodule

`default_nettype wire
