// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// requantize: int32 accumulator to int8, bit for bit as one of three families of runtimes does it.
//
// Purpose    The output stage of an int8 layer, after the bias. The rule is chosen with every operand.
// Latency    LATENCY = 11 cycles from inputs to q, one result a cycle. No valid, no stall, no reset: whoever
//            instantiates it delays its own valid by 11. Cycles count only while `enable` is high: a pipeline
//            with nothing in it may rest, which saves power, and most of its cost in simulation. SERIAL: 8 such cycles,
//            33 or more from each to the next, and a multiplier of a twentieth of the LUTs.
// Contract   x is int32; m = multiplier, s = shift as int8, clipped to -31..31, left if positive.
//   mode 1 gemmlowp  y = SRDHM(x << max(s,0), m) / 2^max(-s,0), ties away from zero
//   mode 2 ruy       the same, ties up
//   mode 3 fp32      y = rint(float32(float32(x) * scale)), ties to even; multiplier holds the bits of the
//                    float32 scale, any pattern: NaN and infinity * 0 give y = 0; shift is ignored
//   mode 0 (raw) is not an operation of this module: q means nothing.
//   q = minimum(clamp_high, maximum(y + zero_point, clamp_low)). x << s wraps to 32 bits.
//   SRDHM(a, b) = (a*b + 2^30) >> 31, saturated to 2^31 - 1 for a = b = -2^31.
// Method     fp32(x) needs |x| normalised and rounded to 24 bits, the integer rules need x << s: one left
//            shifter serves both. For x < 0, ~x stands in for |x| = ~x + 1: shifted left with ones
//            coming in, n = ~(x << l), it is n + 1 = |x| << l, and that last + 1 is absorbed by the rounding:
//
//              n[31:8] keeps 24 bits, d = n[7:0] are dropped.       round up iff
//              x >= 0   d is the dropped part itself                d > 0x80, or d = 0x80 and lsb 1
//              x <  0   d + 1 is                                    d > 0x7F, or d = 0x7F and lsb 1
//
//            (d = 0xFF: d + 1 carries into the kept bits, exactly, and that is `up` again.)
//            With l = leading zeros of x or ~x and value(scale) = B * 2^(E-150), the product to be rounded to an
//            integer is A * 2^(8-l) * B * 2^(E-150) = (A*B / 2^23) / 2^(119+l-E). E = 0 (zero, subnormal) makes
//            that shift > 31, hence 0, as it must be: |x * scale| < 2^-94.
// Example    fp32, x = 7, scale = 0.5: 3.5 -> 4. ruy, x = -7, m = 2^30, s = 0: SRDHM gives -3 (ties up);
//            s = -1: -3 / 2 = -1.5 -> -1, gemmlowp: -2.
`default_nettype none

module requantize #(
    parameter integer SERIAL = 0  // 1: a bit of the multiplier a cycle
) (
    input  wire        clk,
    input  wire        rst,         // of a serial multiplier, else not used
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

    // 1: how far left, how far right.
    wire        fp0   = (mode == FP32);
    wire        big   = shift[7] ? (shift[6:5] != 2'b11) | (shift[4:0] == 5'd0) : (shift[6:5] != 2'b00);
    wire [4:0]  size0 = big ? 5'd31 : (shift[4:0] ^ {5{shift[7]}}) + {4'd0, shift[7]};
    wire [4:0]  lead0;

    lead_zeros u_lead_zeros (.x(x ^ {32{x[31]}}), .count(lead0));

    reg         fp1_q;
    reg  [1:0]  mode1_q;
    reg  [31:0] x1_q, m1_q;
    reg  [4:0]  left1_q;
    reg  [9:0]  base1_q;  // signed: how far right, but for the leading zeros
    reg  [23:0] side1_q;  // {zero_point, clamp_low, clamp_high}

    // 2: shifted left.
    reg         fp2_q, ones2_q, negate2_q, nan2_q;
    reg  [1:0]  mode2_q;
    reg  [31:0] n2_q, m2_q;
    reg  [9:0]  places2_q;  // signed
    reg  [23:0] side2_q;

    // 3: rounded to 24 bits (fp32 only); the right shift limited to 0..31.
    wire        far2    = nan2_q | (~places2_q[9] & (places2_q[8:5] != 4'd0));
    wire        all2    = (n2_q[6:0] == {7{ones2_q}});  // d is 0x80 or 0x00, or with ones: 0x7F or 0xFF
    wire        up2;
    wire        sx2     = ~fp2_q & n2_q[31];

    rounding u_rounding (
        .rule(EVEN), .negative(1'b0), .lsb(n2_q[8]),
        .guard(ones2_q ? n2_q[7] | all2 : n2_q[7]), .sticky(ones2_q ? n2_q[7] : ~all2), .up(up2)
    );

    reg  [1:0]  mode3_q;
    reg  [33:0] a3_q;
    reg  [31:0] b3_q;
    reg         negate3_q;
    reg  [4:0]  right3_q;
    reg  [23:0] side3_q;

    always @(posedge clk) if (enable) begin
        fp1_q          <= fp0;
        mode1_q        <= mode;
        x1_q           <= x;
        m1_q           <= multiplier;
        left1_q        <= fp0 ? lead0 : shift[7] ? 5'd0 : size0;
        base1_q        <= fp0 ? 10'd119 - {2'b00, multiplier[30:23]} : {5'd0, size0 & {5{shift[7]}}};
        side1_q        <= {zero_point, clamp_low, clamp_high};

        fp2_q          <= fp1_q;
        ones2_q        <= fp1_q & x1_q[31];
        negate2_q      <= fp1_q & (x1_q[31] ^ m1_q[31]);
        mode2_q        <= mode1_q;
        n2_q           <= (x1_q << left1_q) ^ {32{fp1_q & x1_q[31]}};
        m2_q           <= m1_q;
        nan2_q         <= fp1_q & (m1_q[30:23] == 8'hFF) & (m1_q[22:0] != 23'd0);
        places2_q      <= base1_q + {5'd0, left1_q & {5{fp1_q}}};
        side2_q        <= side1_q;

        mode3_q        <= mode2_q;
        a3_q           <= {{sx2, sx2, n2_q[31:8]} + {25'd0, fp2_q & up2}, n2_q[7:0] & {8{~fp2_q}}};
        b3_q           <= fp2_q ? {8'd0, 1'b1, m2_q[22:0]} : m2_q;
        negate3_q      <= negate2_q;
        right3_q       <= far2 ? 5'd31 : places2_q[4:0] & {5{~places2_q[9]}};
        side3_q        <= side2_q;
    end

    // 4..11
    scale_to_int8 #(
        .SERIAL(SERIAL)
    ) u_scale (
        .clk(clk), .rst(rst), .enable(enable), .rule(mode3_q), .a(a3_q), .b(b3_q), .negate(negate3_q), .right(right3_q),
        .zero_point(side3_q[23:16]), .clamp_low(side3_q[15:8]), .clamp_high(side3_q[7:0]), .q(q)
    );

endmodule

`default_nettype wire
