// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   rtl/array/mul8x8.v in half a DSP block of Lattice iCE40 UltraPlus; same ports, latency and
//   numbers. The other half of the block is unused; cells with an even DEPTH use mul8x8_pair and so
//   all of each block.
//
// Latency
//   2 cycles, one product per cycle, no handshake.
//
// Numbers
//   Exact, 16 signed bits.
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

    wire [15:0] unused;  // 0 * 0

    mul8x8_pair u_pair (
        .clk(clk),
        .a0 (a),
        .b0 (b),
        .a1 (8'd0),
        .b1 (8'd0),
        .p0 (p),
        .p1 (unused)
    );

endmodule

`default_nettype wire
