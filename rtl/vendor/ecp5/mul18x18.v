// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   18 x 18 bit signed multiplier, one MULT18X18D of Lattice ECP5 with its own input and output
//   registers. Synthesis infers the multiplier from `*` but leaves its registers in the fabric: the
//   4 ns from pin to pin are then on one path with the routing at both ends. Hence the explicit
//   instance; tests/test_synth.py proves it equivalent to `*`.
//
// Latency
//   2 cycles, one product per cycle. No reset: data only. Cycles count only while `enable` is high;
//   while it is low, nothing moves and p holds.
//
// Numbers
//   Exact: (-2^17) * (-2^17) = 2^34 fits 36 signed bits.
//
// Example
//   a = 18'h3FFFF (-1), b = 5: p = 36'hF_FFFF_FFFB (-5) two cycles later.
`default_nettype none

module mul18x18 (
    input  wire        clk,
    input  wire        enable,
    input  wire [17:0] a,  // signed
    input  wire [17:0] b,  // signed
    output wire [35:0] p   // signed
);

    MULT18X18D #(
        .REG_INPUTA_CLK("CLK0"),
        .REG_INPUTA_CE ("CE0"),
        .REG_INPUTB_CLK("CLK0"),
        .REG_INPUTB_CE ("CE0"),
        .REG_OUTPUT_CLK("CLK0"),
        .REG_OUTPUT_CE ("CE0"),
        .GSR           ("DISABLED")
    ) u_mult (
        .CLK0   (clk),
        .CE0    (enable),
        .RST0   (1'b0),
        .SIGNEDA(1'b1),
        .SIGNEDB(1'b1),
        .SOURCEA(1'b0),
        .SOURCEB(1'b0),
        .A0     (a[0]),
        .A1     (a[1]),
        .A2     (a[2]),
        .A3     (a[3]),
        .A4     (a[4]),
        .A5     (a[5]),
        .A6     (a[6]),
        .A7     (a[7]),
        .A8     (a[8]),
        .A9     (a[9]),
        .A10    (a[10]),
        .A11    (a[11]),
        .A12    (a[12]),
        .A13    (a[13]),
        .A14    (a[14]),
        .A15    (a[15]),
        .A16    (a[16]),
        .A17    (a[17]),
        .B0     (b[0]),
        .B1     (b[1]),
        .B2     (b[2]),
        .B3     (b[3]),
        .B4     (b[4]),
        .B5     (b[5]),
        .B6     (b[6]),
        .B7     (b[7]),
        .B8     (b[8]),
        .B9     (b[9]),
        .B10    (b[10]),
        .B11    (b[11]),
        .B12    (b[12]),
        .B13    (b[13]),
        .B14    (b[14]),
        .B15    (b[15]),
        .B16    (b[16]),
        .B17    (b[17]),
        .P0     (p[0]),
        .P1     (p[1]),
        .P2     (p[2]),
        .P3     (p[3]),
        .P4     (p[4]),
        .P5     (p[5]),
        .P6     (p[6]),
        .P7     (p[7]),
        .P8     (p[8]),
        .P9     (p[9]),
        .P10    (p[10]),
        .P11    (p[11]),
        .P12    (p[12]),
        .P13    (p[13]),
        .P14    (p[14]),
        .P15    (p[15]),
        .P16    (p[16]),
        .P17    (p[17]),
        .P18    (p[18]),
        .P19    (p[19]),
        .P20    (p[20]),
        .P21    (p[21]),
        .P22    (p[22]),
        .P23    (p[23]),
        .P24    (p[24]),
        .P25    (p[25]),
        .P26    (p[26]),
        .P27    (p[27]),
        .P28    (p[28]),
        .P29    (p[29]),
        .P30    (p[30]),
        .P31    (p[31]),
        .P32    (p[32]),
        .P33    (p[33]),
        .P34    (p[34]),
        .P35    (p[35])
    );

endmodule

`default_nettype wire
