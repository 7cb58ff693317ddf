// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   rtl/arith/mul9x9.v in one DSP block of Lattice ECP5; same ports, latency and numbers.
//
// Latency
//   2 cycles, one product per cycle, no handshake. No reset: data only. Cycles count only while
//   `enable` is high; while it is low, nothing moves and p holds.
//
// Numbers
//   Exact, 18 bits signed. The operands are the block's upper bits, for the reason given in mul8x8.
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

    wire [35:0] product;

    mul18x18 u_mul (
        .clk   (clk),
        .enable(enable),
        .a     ({a, 9'd0}),
        .b     ({b, 9'd0}),
        .p     (product)
    );

    assign p = product[35:18];

    wire unused = &{1'b0, product[17:0]};  // zeros

endmodule

`default_nettype wire
