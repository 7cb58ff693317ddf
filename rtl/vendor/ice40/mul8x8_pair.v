// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   rtl/array/mul8x8_pair.v in one DSP block of Lattice iCE40 UltraPlus; same ports, latency and
//   numbers.
//
//   In 8x8 mode SB_MAC16 is two multipliers, one for the operands' upper bytes, one for the lower.
//   Its first registers are those of A and B; the second ones follow the multipliers. The adders
//   after them are bypassed (TOPOUTPUT_SELECT and BOTOUTPUT_SELECT 2):
//
//     A[15:8], B[15:8] ──► rA, rB ──► 8x8 ──► rF ──► O[31:16]        a1 * b1
//     A[7:0],  B[7:0]  ──► rA, rB ──► 8x8 ──► rG ──► O[15:0]         a0 * b0
//
//   Lattice supports only certain combinations of settings. This one is mult_8x8_all_pipelined with
//   signed operands; PIPELINE_16x16_MULT_REG1 belongs to it, although its registers hold products
//   that 8x8 mode does not use. `synth_ice40 -dsp` would drop the registers of an instantiated
//   block: leave that option off.
//
// Latency
//   2 cycles, two products per cycle, no handshake.
//
// Numbers
//   Exact, 16 signed bits each.
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

    wire [2:0] unused;

    SB_MAC16 #(
        .NEG_TRIGGER             (1'b0),
        .C_REG                   (1'b0),
        .A_REG                   (1'b1),
        .B_REG                   (1'b1),
        .D_REG                   (1'b0),
        .TOP_8x8_MULT_REG        (1'b1),
        .BOT_8x8_MULT_REG        (1'b1),
        .PIPELINE_16x16_MULT_REG1(1'b1),
        .PIPELINE_16x16_MULT_REG2(1'b0),
        .TOPOUTPUT_SELECT        (2'd2),
        .TOPADDSUB_LOWERINPUT    (2'd0),
        .TOPADDSUB_UPPERINPUT    (1'b0),
        .TOPADDSUB_CARRYSELECT   (2'd0),
        .BOTOUTPUT_SELECT        (2'd2),
        .BOTADDSUB_LOWERINPUT    (2'd0),
        .BOTADDSUB_UPPERINPUT    (1'b0),
        .BOTADDSUB_CARRYSELECT   (2'd0),
        .MODE_8x8                (1'b1),
        .A_SIGNED                (1'b1),
        .B_SIGNED                (1'b1)
    ) u_mac (
        .CLK       (clk),
        .CE        (1'b1),
        .A         ({a1, a0}),
        .B         ({b1, b0}),
        .C         (16'd0),
        .D         (16'd0),
        .AHOLD     (1'b0),
        .BHOLD     (1'b0),
        .CHOLD     (1'b0),
        .DHOLD     (1'b0),
        .IRSTTOP   (1'b0),
        .IRSTBOT   (1'b0),
        .ORSTTOP   (1'b0),
        .ORSTBOT   (1'b0),
        .OLOADTOP  (1'b0),
        .OLOADBOT  (1'b0),
        .ADDSUBTOP (1'b0),
        .ADDSUBBOT (1'b0),
        .OHOLDTOP  (1'b0),
        .OHOLDBOT  (1'b0),
        .CI        (1'b0),
        .ACCUMCI   (1'b0),
        .SIGNEXTIN (1'b0),
        .O         ({p1, p0}),
        .CO        (unused[0]),
        .ACCUMCO   (unused[1]),
        .SIGNEXTOUT(unused[2])
    );

endmodule

`default_nettype wire
