// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   rtl/arith/mul16x16.v in one DSP block of Lattice ECP5; same ports, latency and numbers.
//
// Latency
//   2 cycles, one product per cycle, no handshake. No reset: data only. Cycles count only while
//   `enable` is high; while it is low, nothing moves and p holds.
//
// Numbers
//   Exact, 32 bits signed. The operands are the block's upper bits, for the reason given in mul8x8.
//
// Example
//   a = 16'hFF01 (-255), b = 16'h00FF (255): p = -65025.
`default_nettype none

module mul16x16 (
    input  wire        clk,
    input  wire        enable,
    input  wire [15:0] a,  // signed
    input  wire [15:0] b,  // signed
    output wire [31:0] p   // signed
);

    wire [35:0] product;

    mul18x18 u_mul (
        .clk   (clk),
        .enable(enable),
        .a     ({a, 2'd0}),
        .b     ({b, 2'd0}),
        .p     (product)
    );

    assign p = product[35:4];

    wire unused = &{1'b0, product[3:0]};  // zeros

endmodule

`default_nettype wire
