// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Right shift of a sum by 0..31 without computing the sum: (y + up) / 2^right, narrowed to 10
//   bits, with the bits that rounding needs. The third step of scale_to_int8.
//
// Latency
//   1 cycle, one result per cycle. No reset: data only. While `enable` is low, nothing moves.
//
// Numbers
//   v = floor(y / 2^right) if that is -256..255; v is 256..383 if it is more, -384..-257 if it is
//   less. The remainder, rest = (y + up) / 2^right - v, is 0..1 and is encoded in three bits:
//
//     sticky 0   rest = (guard + extra) / 2: 0, 1/2 or 1
//     sticky 1   guard / 2 < rest < (guard + 1) / 2
//
//   They are undefined where v is not the quotient.
//
//   `up` need not be added to y, which would carry through 33 bits. {y, up} is shifted; guard is
//   the first bit shifted out, and those below it are compared with up. If all equal up, either
//   they are zeros and nothing is added, or they are ones, and adding 1 carries into the guard
//   position: rest = (guard + up) / 2. Otherwise no carry reaches that far. extra is up, one cycle
//   later. right = 0 shifts nothing out of y: guard is up, and rest = (up + up) / 2.
//
//   Shifts by 16, 8, a register, 4, 2 and 1. After each, a bit that the remaining steps cannot
//   bring into v is only compared with the sign and dropped, so each step is narrower than the
//   previous one: 76 two-way multiplexers instead of 170.
//
//     t    33 ............ 1  0      {y, up}; the bits shifted out are compared with up
//     t16        24 ...... 1  0      10 + 15 bits: 15 more places to shift
//     t8            16 ... 1  0      10 + 7
//     t4              12 . 1  0      10 + 3
//     t2               10. 1  0      10 + 1
//     t1                9. 1  0      v and the guard bit
//
//   A v of more than 9 bits keeps its low 7 bits; only its range is ever used.
//
// Example
//   y = 1011 (11), up = 1, right = 2: v = 10 (2), guard = 1, extra = 1, sticky = 0: rest = 1,
//   12 / 4 = 3.
`default_nettype none

module shift_right_narrow (
    input  wire        clk,
    input  wire        enable,
    input  wire [32:0] y,
    input  wire        up,
    input  wire [4:0]  right,
    output wire [9:0]  v,
    output wire        guard,
    output wire        extra,
    output wire        sticky
);

    wire [33:0] t   = {y, up};
    wire [24:0] t16 = right[4] ? {{7{y[32]}}, t[33:16]} : t[24:0];

    reg        s_q, up_q;
    reg [4:0]  right_q;
    reg [8:0]  above16_q;  // bits that a step may have dropped, above and below
    reg [15:1] below16_q;
    reg [7:0]  above8_q;
    reg [7:0]  below8_q;
    reg [16:0] t8_q;

    wire [12:0] t4 = right_q[2] ? t8_q[16:4] : t8_q[12:0];
    wire [10:0] t2 = right_q[1] ? t4[12:2]   : t4[10:0];
    wire [9:0]  t1 = right_q[0] ? t2[10:1]   : t2[9:0];

    wire out_of_range = (~right_q[4] & (above16_q   != {9{s_q}})) |
                        (~right_q[3] & (above8_q    != {8{s_q}})) |
                        (~right_q[2] & (t8_q[16:13] != {4{s_q}})) |
                        (~right_q[1] & (t4[12:11]   != {2{s_q}})) |
                        (~right_q[0] & (t2[10]      != s_q)) |
                        (t1[9] != s_q);

    always @(posedge clk) if (enable) begin
        s_q       <= y[32];
        up_q      <= up;
        right_q   <= right;
        above16_q <= t[33:25];
        below16_q <= t[15:1];
        above8_q  <= t16[24:17];
        below8_q  <= t16[7:0];
        t8_q      <= right[3] ? t16[24:8] : t16[16:0];
    end

    assign v     = {s_q, s_q ^ out_of_range, out_of_range ? s_q : t1[8], t1[7:1]};
    assign guard = t1[0];
    assign extra = up_q;
    // in threes: three bits and up are the inputs of a four-input LUT
    wire below16 = (below16_q[3:1]   != {3{up_q}}) | (below16_q[6:4]   != {3{up_q}}) |
                   (below16_q[9:7]   != {3{up_q}}) | (below16_q[12:10] != {3{up_q}}) |
                   (below16_q[15:13] != {3{up_q}});

    assign sticky = (right_q[4] & below16) |
                    (right_q[3] & (below8_q  != {8{up_q}})) |
                    (right_q[2] & (t8_q[3:0] != {4{up_q}})) |
                    (right_q[1] & (t4[1:0]   != {2{up_q}})) |
                    (right_q[0] & (t2[0]     != up_q));

endmodule

`default_nettype wire
