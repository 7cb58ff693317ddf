// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// shift_right_narrow: arithmetic right shift by 0..31, narrowed to 9 bits, keeping what rounding needs.
//
// Purpose    Third step of scale_to_int8: y / 2^right, truncated, with guard and sticky bit.
// Latency    combinational.
// Contract   v      floor(y / 2^right), 9 bits signed, saturated to -256..255;
//            guard  the first bit shifted out, sticky: the OR of all others; both 0 for right = 0. Meaningless
//                   where v is saturated.
// Method     Shifts by 16, 8, 4, 2 and 1. After each, a bit that the steps to come cannot bring down into v
//            is only compared with the sign and dropped, and so each step is narrower than the one before:
//            76 two-way multiplexers instead of 170.
//
//              t    33 ............ 1  0      {y, guard}; what leaves on the right goes to sticky
//              t16        24 ...... 1  0      10 + 15 bits: 15 more places to come
//              t8            16 ... 1  0      10 + 7
//              t4              12 . 1  0      10 + 3
//              t2               10. 1  0      10 + 1
//              t1                9. 1  0      v and the guard bit
//
// Example    y = 1011 (11), right = 2: v = 10 (2), guard = 1, sticky = 1: 11 / 4 = 2.75.
`default_nettype none

module shift_right_narrow (
    input  wire [32:0] y,
    input  wire [4:0]  right,
    output wire [8:0]  v,
    output wire        guard,
    output wire        sticky
);

    wire        s   = y[32];
    wire [33:0] t   = {y, 1'b0};
    wire [24:0] t16 = right[4] ? {{7{s}}, t[33:16]} : t[24:0];
    wire [16:0] t8  = right[3] ? t16[24:8] : t16[16:0];
    wire [12:0] t4  = right[2] ? t8[16:4]  : t8[12:0];
    wire [10:0] t2  = right[1] ? t4[12:2]  : t4[10:0];
    wire [9:0]  t1  = right[0] ? t2[10:1]  : t2[9:0];

    wire over = (~right[4] & (t[33:25]   != {9{s}})) |
                (~right[3] & (t16[24:17] != {8{s}})) |
                (~right[2] & (t8[16:13]  != {4{s}})) |
                (~right[1] & (t4[12:11]  != {2{s}})) |
                (~right[0] & (t2[10]     != s)) |
                (t1[9] != s);

    assign v      = over ? {s, {8{~s}}} : t1[9:1];
    assign guard  = t1[0];
    assign sticky = (right[4] & (|t[15:0])) |
                    (right[3] & (|t16[7:0])) |
                    (right[2] & (|t8[3:0])) |
                    (right[1] & (|t4[1:0])) |
                    (right[0] & t2[0]);

endmodule

`default_nettype wire
