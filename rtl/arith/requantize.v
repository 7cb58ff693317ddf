// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   int32 accumulator to int8, bit-exact with one of three families of runtimes: the output stage
//   of an int8 layer, after the bias. The rule is selected with every operand.
//
// Latency
//   LATENCY = 11 cycles from the inputs to q, one result per cycle. No handshake: the parent delays
//   its own valid. Cycles count only while `enable` is high, so that an empty pipeline can be
//   gated, which saves power and simulation time. SERIAL: 8 such cycles, at least 33 clock cycles
//   apart, with mul34x32_serial, which needs no DSP block; rst resets only that multiplier.
//
// Numbers
//   x is int32; m = multiplier; s = shift as int8, clipped to -31..31, left if positive.
//
//     mode 1 gemmlowp  y = SRDHM(x << max(s,0), m) / 2^max(-s,0), ties away from zero
//     mode 2 ruy       the same, ties up
//     mode 3 fp32      y = rint(float32(float32(x) * scale)), ties to even; multiplier holds the
//                      bits of the float32 scale, any pattern: NaN and infinity * 0 give y = 0;
//                      shift is ignored
//     mode 0 (raw)     is not an operation of this module; q is undefined
//
//   q = minimum(clamp_high, maximum(y + zero_point, clamp_low)). x << s wraps to 32 bits.
//   SRDHM(a, b) = (a*b + 2^30) >> 31, saturated to 2^31 - 1 for a = b = -2^31.
//
//   fp32(x) needs |x| normalised and rounded to 24 bits, the integer rules need x << s: one left
//   shifter does both, by 16, 8, 4, 2 and 1. For fp32 each step is applied if the bits that it
//   would shift out are copies of the sign, so x is normalised without counting its leading zeros
//   first; x = 0 and -1 are shifted by all 31 places. With l the places shifted left, n = x << l
//   for x >= 0. For x < 0, ~x replaces |x| = ~x + 1: n = ~(x << l), n + 1 = |x| << l, and the
//   rounding absorbs that last + 1:
//
//     n[31:8] keeps 24 bits, d = n[7:0] is dropped         round up iff
//     x >= 0   d is the dropped part itself                d > 0x80, or d = 0x80 and lsb 1
//     x <  0   d + 1 is                                    d > 0x7F, or d = 0x7F and lsb 1
//
//   (d = 0xFF: d + 1 carries into the kept bits, exactly, which is `up` as well.) The increment is
//   added to n[15:8] and propagates no further than the carry bit of a_low (mul34x32).
//
//   With A the 24 bits kept, rounded, and |scale| = B * 2^(E-150), the product to be rounded to an
//   integer is A * 2^(8-l) * B * 2^(E-150) = (A*B / 2^23) / 2^(119-E+l). E = 0 (zero, subnormal)
//   makes that shift more than 31, hence the result 0, as required: |x * scale| < 2^-95. The
//   integer rules shift right by max(-s, 0). As l = min(max(s, 0), 31), that is max(l - s, 0): one
//   sum serves both.
//
// Example
//   fp32, x = 7, scale = 0.5: 3.5 -> 4. ruy, x = -7, m = 2^30, s = 0: SRDHM gives -3 (ties up);
//   s = -1: -3 / 2 = -1.5 -> -1, gemmlowp: -2.
`default_nettype none

module requantize #(
    parameter integer SERIAL = 0  // 1: one bit of the multiplier per cycle
) (
    input  wire        clk,
    input  wire        rst,  // resets a serial multiplier, otherwise unused
    input  wire        enable,
    input  wire [1:0]  mode,
    input  wire [31:0] x,
    input  wire [31:0] multiplier,
    input  wire [7:0]  shift,
    input  wire [7:0]  zero_point,
    input  wire [7:0]  clamp_low,
    input  wire [7:0]  clamp_high,
    output wire [7:0]  q
);

    localparam [1:0] FP32 = 2'd3;
    localparam [1:0] EVEN = 2'd3;

    // 1: shift left by 16; decide the shift by 8. fp32: as long as only copies of the sign leave.
    wire       fp0            = (mode == FP32);
    wire       byte3_is_sign0 = (x[31:24] == {8{x[31]}});
    wire       byte2_is_sign0 = (x[23:16] == {8{x[31]}});
    wire       byte1_is_sign0 = (x[15:8]  == {8{x[31]}});
    wire       over_31_0      = ~shift[7] & (shift[6:5] != 2'b00);
    wire [4:0] left_shift0    = (shift[4:0] & {5{~shift[7]}}) | {5{over_31_0}};
    wire       left_by_16     = fp0 ? byte3_is_sign0 & byte2_is_sign0 : left_shift0[4];
    wire       left_by_8      = fp0 ? byte3_is_sign0 & (byte1_is_sign0 | ~byte2_is_sign0) :
                                left_shift0[3];

    reg        fp1_q, sign1_q;
    reg [1:0]  mode1_q;
    reg [31:0] x1_q, m1_q;
    reg [4:3]  left_places1_q;
    reg [2:0]  left_shift1_q;        // 0 for fp32
    reg [7:0]  shift_complement1_q;  // complement of what reduces the right shift
    reg [23:0] limits1_q;            // {zero_point, clamp_low, clamp_high}

    // 2: shift left by 8 and 4.
    wire [31:0] shifted_by_8 = left_places1_q[3] ? {x1_q[23:0], 8'd0} : x1_q;
    wire        left_by_4    = left_shift1_q[2] | (fp1_q & (shifted_by_8[31:28] == {4{sign1_q}}));

    reg        fp2_q, sign2_q, nan2_q;
    reg [1:0]  mode2_q;
    reg [31:0] x2_q, m2_q;
    reg [4:2]  left_places2_q;
    reg [1:0]  left_shift2_q;
    reg [7:0]  shift_complement2_q;
    reg [23:0] limits2_q;

    // 3: shift left by 2 and 1, complement; decide whether rounding to 24 bits increments (fp32).
    wire        complement2     = fp2_q & sign2_q;
    wire        left_by_2       = left_shift2_q[1] | (fp2_q & (x2_q[31:30] == {2{sign2_q}}));
    wire [31:0] shifted_by_2    = left_by_2 ? {x2_q[29:0], 2'd0} : x2_q;
    wire        left_by_1       = left_shift2_q[0] | (fp2_q & (shifted_by_2[31] == sign2_q));
    wire [31:0] shifted_by_1    = left_by_1 ? {shifted_by_2[30:0], 1'b0} : shifted_by_2;
    wire [31:7] n2              = shifted_by_1[31:7] ^ {25{complement2}};
    // 1: shifted_by_1[6:0] is 0, so d is 0x80 or 0, or as a complement 0x7F or 0xFF
    wire        low_bits_clear2 = (shifted_by_2[5:0] == 6'd0) & (left_by_1 | ~shifted_by_2[6]);
    wire        up2;

    rounding u_rounding (
        .rule    (EVEN),
        .negative(1'b0),
        .lsb     (n2[8]),
        .guard   (complement2 ? n2[7] | low_bits_clear2 : n2[7]),
        .sticky  (complement2 ? n2[7] : ~low_bits_clear2),
        .up      (up2)
    );

    reg        fp3_q, up3_q, negate3_q, nan3_q;
    reg [1:0]  mode3_q;
    reg [31:0] n3_q, b3_q;
    reg [4:0]  left_places3_q;
    reg [7:0]  shift_complement3_q;
    reg [23:0] limits3_q;

    // 4, into the first registers of scale_to_int8: round; limit the right shift to 0..31.
    // right_base3 is l, or 120 + l for fp32: 120 is 01111000, so l[4:3] = 0, 1, 2, 3 makes the
    // upper five bits 01111, 10000, 10001, 10010.
    wire [8:0] rounded_low3      = {1'b0, n3_q[15:8]} + {8'd0, up3_q};
    wire       left_by_8_or_16_3 = (left_places3_q[4:3] != 2'b00);
    wire [8:0] right_base3       = {1'b0, fp3_q & left_by_8_or_16_3,
                                    {2{fp3_q & ~left_by_8_or_16_3}},
                                    fp3_q ? left_places3_q[4] ~^ left_places3_q[3] :
                                            left_places3_q[4],
                                    left_places3_q[3] ^ fp3_q, left_places3_q[2:0]};
    wire [8:0] right_places3 = {fp3_q | shift_complement3_q[7], shift_complement3_q} +
                               right_base3 + {8'd0, ~fp3_q};
    wire       over_31_3     = nan3_q | (~right_places3[8] & (right_places3[7:5] != 3'd0));
    wire [4:0] right3        = over_31_3 ? 5'd31 : right_places3[4:0] & {5{~right_places3[8]}};

    always @(posedge clk) if (enable) begin
        fp1_q               <= fp0;
        sign1_q             <= x[31];
        mode1_q             <= mode;
        x1_q                <= left_by_16 ? {x[15:0], 16'd0} : x;
        m1_q                <= multiplier;
        left_places1_q      <= {left_by_16, left_by_8};
        left_shift1_q       <= fp0 ? 3'd0 : left_shift0[2:0];
        shift_complement1_q <= ~(fp0 ? multiplier[30:23] : shift);
        limits1_q           <= {zero_point, clamp_low, clamp_high};

        fp2_q               <= fp1_q;
        sign2_q             <= sign1_q;
        mode2_q             <= mode1_q;
        x2_q                <= left_by_4 ? {shifted_by_8[27:0], 4'd0} : shifted_by_8;
        m2_q                <= m1_q;
        nan2_q              <= fp1_q & (m1_q[30:23] == 8'hFF) & (m1_q[22:0] != 23'd0);
        left_places2_q      <= {left_places1_q, left_by_4};
        left_shift2_q       <= left_shift1_q[1:0];
        shift_complement2_q <= shift_complement1_q;
        limits2_q           <= limits1_q;

        fp3_q               <= fp2_q;
        nan3_q              <= nan2_q;
        mode3_q             <= mode2_q;
        n3_q                <= {n2[31:8], fp2_q ? 8'd0 : shifted_by_1[7:0]};
        up3_q               <= fp2_q & up2;
        b3_q                <= fp2_q ? {8'd0, 1'b1, m2_q[22:0]} : m2_q;
        negate3_q           <= fp2_q & (sign2_q ^ m2_q[31]);
        left_places3_q      <= {left_places2_q, left_by_2, left_by_1};
        shift_complement3_q <= shift_complement2_q;
        limits3_q           <= limits2_q;
    end

    // 4..11
    scale_to_int8 #(
        .SERIAL(SERIAL)
    ) u_scale (
        .clk       (clk),
        .rst       (rst),
        .enable    (enable),
        .rule      (mode3_q),
        .a_high    ($signed({~fp3_q & n3_q[31], n3_q[31:16]})),
        .a_low     ({rounded_low3, n3_q[7:0]}),
        .b         (b3_q),
        .negate    (negate3_q),
        .right     (right3),
        .zero_point(limits3_q[23:16]),
        .clamp_low (limits3_q[15:8]),
        .clamp_high(limits3_q[7:0]),
        .q         (q)
    );

endmodule

`default_nettype wire
