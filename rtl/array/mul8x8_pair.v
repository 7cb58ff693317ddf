// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Two int8 products at once, for families whose DSP block computes two. This version is two
//   mul8x8; a vendor's primitive may replace it: same ports, same latency.
//
// Latency
//   2 cycles, two products per cycle, no handshake.
//
// Numbers
//   Each as in mul8x8: exact, 16 signed bits.
//
// Example
//   a0 = -128, b0 = 127, a1 = 3, b1 = -5 give p0 = -16256, p1 = -15 two cycles later.
`default_nettype none

module mul8x8_pair (
    input  wire        clk,
    input  wire [7:0]  a0,  // int8
    input  wire [7:0]  b0,  // int8
    input  wire [7:0]  a1,  // int8
    input  wire [7:0]  b1,  // int8
    output wire [15:0] p0,  // int16, a0 * b0
    output wire [15:0] p1   // int16, a1 * b1
);

    mul8x8 u_mul_0 (
        .clk(clk),
        .a  (a0),
        .b  (b0),
        .p  (p0)
    );
    mul8x8 u_mul_1 (
        .clk(clk),
        .a  (a1),
        .b  (b1),
        .p  (p1)
    );

endmodule

`default_nettype wire
