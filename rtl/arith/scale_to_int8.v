// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Multiply, round, shift right, round, add the zero point, clamp: the datapath of requantize,
//   fp32_to_int8 and elementwise_lane. They differ in how they prepare a, b, the sign and the
//   shift; `rule` selects the interpretation.
//
// Latency
//   LATENCY = 8 cycles, one result per cycle; every parameter is pipelined with its operands.
//   Cycles count only while `enable` is high; while it is low, nothing moves. SERIAL: 5 such
//   cycles, at least 33 clock cycles apart.
//
// Numbers
//   a      = a_high * 2^16 + a_low; a_high is signed, a_low 0..2^16 (mul34x32)
//   rule   gemmlowp 1, ruy 2: a, b signed 32 bits, negate 0:
//            y = (a*b + 2^30) >> 31;  v = y / 2^right rounded: ties away from zero (1), ties up (2)
//          fp32 3: a = A * 2^8 with A = 0 or 2^23..2^24, b = B = 2^23..2^24 - 1:
//            y = A*B / 2^23 rounded to 24 significant bits, ties to even;  v = y / 2^right, ties to
//            even, negated where `negate` is set
//   q      minimum(clamp_high, maximum(v + zero_point, clamp_low)), the sum taken exactly.
//          clamp_low > clamp_high is not an error: clamp_high wins, as in NumPy
//
//   y itself is not computed, which would take another adder: round_product has y' and up, whose
//   sum it is. v is f = floor(y' / 2^right) plus 0 or 1: shift_right_narrow reports by how much
//   (y' + up) / 2^right exceeds f, and this excess, rounded, is the 0 or 1 that the zero point's
//   adder adds. Where f is outside -256..255, shift_right_narrow replaces it by a number from 256
//   to 383 or from -384 to -257, and the 0 or 1 is arbitrary. The exact v and its replacement,
//   256..384 or -384..-256, are then both outside int8 on the same side whatever the zero point,
//   at least 128 or at most -129, so every clamp gives the same answer. All sums fit 10 bits: they
//   lie between -384 - 128 and 384 + 127.
//
//   SRDHM's saturation (y = 2^31 - 1 instead of 2^31, for a = b = -2^31) is omitted: for right = 0
//   both are outside int8, and for right >= 1 both rules round (2^31 - 1) / 2^right to
//   2^(31-right), which is what 2^31 gives exactly.
//
// Example
//   gemmlowp, a = 1000, b = 2^30, right = 3, zero_point = -1: y = 500, 500 / 8 = 62.5 -> 63, q =
//   62.
`default_nettype none

module scale_to_int8 #(
    parameter integer SERIAL = 0  // 1: mul34x32_serial
) (
    input  wire               clk,
    input  wire               rst,  // resets a serial multiplier, otherwise unused
    input  wire               enable,
    input  wire        [1:0]  rule,
    input  wire signed [16:0] a_high,
    input  wire        [16:0] a_low,
    input  wire signed [31:0] b,
    input  wire               negate,
    input  wire        [4:0]  right,
    input  wire        [7:0]  zero_point,
    input  wire        [7:0]  clamp_low,
    input  wire        [7:0]  clamp_high,
    output reg         [7:0]  q
);

    localparam [1:0] FP32 = 2'd3;

    // 1..4: the product, and in parallel the later stages' parameters: {rule, negate, right, zero,
    // low, high}.
    wire [63:0] p4_q;
    reg  [31:0] params1_q, params2_q, params3_q, params4_q;

    wire        [31:0] params4;

    generate
        if (SERIAL != 0) begin : g_serial
            wire signed [33:0] a_sum = $signed({a_high[16], a_high, 16'd0}) +
                                       $signed({17'd0, a_low});
            mul34x32_serial u_mul (
                .clk   (clk),
                .rst   (rst),
                .enable(enable),
                .a     (a_sum),
                .b     (b),
                .p     (p4_q)
            );
            assign params4 = params1_q;
            wire unused_params4 = &{1'b0, params4_q};
        end else begin : g_pipeline
            mul34x32 u_mul (
                .clk   (clk),
                .enable(enable),
                .a_high(a_high),
                .a_low (a_low),
                .b     (b),
                .p     (p4_q)
            );
            assign params4 = params4_q;
            wire unused_rst = &{1'b0, rst};
        end
    endgenerate

    // 5: product rounded, except for the addition; 6: shifted right. shift_right_narrow has the
    // register between them.
    wire [32:0] y4;
    wire        up4;
    wire [9:0]  v5;
    wire        guard5, extra5, sticky5, tie5;
    reg  [26:0] params5_q;  // without `right`
    wire        negate5 = params5_q[24];
    reg  [9:0]  v6_q;
    reg         guard6_q, extra6_q, sticky6_q, tie6_q;
    reg  [23:0] limits6_q;

    round_product u_round_product (
        .fp(params4[31:30] == FP32),
        .p (p4_q),
        .y (y4),
        .up(up4)
    );

    shift_right_narrow u_shift (
        .clk   (clk),
        .enable(enable),
        .y     (y4),
        .up    (up4),
        .right (params4[28:24]),
        .v     (v5),
        .guard (guard5),
        .extra (extra5),
        .sticky(sticky5)
    );

    // The result of a tie. All rules drop less than half and increment for more.
    rounding u_rounding (
        .rule    (params5_q[26:25]),
        .negative(v5[9]),
        .lsb     (v5[0]),
        .guard   (1'b1),
        .sticky  (1'b0),
        .up      (tie5)
    );

    // 7: rounded, moved by the zero point, no less than clamp_low. With sticky, increment6 is
    // guard; without, the rest is 0, 1/2 or 1 and increment6 is 0, tie or 1: the majority of three
    // bits. -(v + increment6) = ~v + (1 - increment6), and the majority of complements is the
    // complement of the majority, so negate complements v and all of them. increment6 has a column
    // of its own below the sum: a carry input would cost the chain as much.
    wire        increment6  = (guard6_q & (sticky6_q | extra6_q | tie6_q)) |
                              (~sticky6_q & extra6_q & tie6_q);
    wire [10:0] offset_sum6 = {v6_q, 1'b1} + {{2{limits6_q[23]}}, limits6_q[23:16], increment6};
    wire [9:0]  sum6        = offset_sum6[10:1];
    wire [10:0] low_margin6 = {sum6[9], sum6} - {{3{limits6_q[15]}}, limits6_q[15:8]};
    reg  [7:0]  at_least_low7_q, clamp_high7_q;
    reg         over_127_7_q;  // the sum is more than 127

    // 8: at most clamp_high. Compared by subtraction: its sign is a sum bit, available sooner than
    // the carry out of a comparison.
    wire [8:0]  high_margin7 = {clamp_high7_q[7], clamp_high7_q} - {at_least_low7_q[7],
                                                                    at_least_low7_q};

    wire unused = &{1'b0, offset_sum6[0], low_margin6[9:0], high_margin7[7:0]};

    always @(posedge clk) if (enable) begin
        params1_q <= {rule, negate, right, zero_point, clamp_low, clamp_high};
        params2_q <= params1_q;
        params3_q <= params2_q;
        params4_q <= params3_q;

        params5_q <= {params4[31:29], params4[23:0]};

        v6_q      <= v5 ^ {10{negate5}};
        guard6_q  <= guard5 ^ negate5;
        extra6_q  <= extra5 ^ negate5;
        sticky6_q <= sticky5;
        tie6_q    <= tie5 ^ negate5;
        limits6_q <= params5_q[23:0];

        at_least_low7_q <= low_margin6[10] ? limits6_q[15:8] : sum6[7:0];
        over_127_7_q    <= ~sum6[9] & (sum6[8:7] != 2'b00);
        clamp_high7_q   <= limits6_q[7:0];

        q <= over_127_7_q | high_margin7[8] ? clamp_high7_q : at_least_low7_q;
    end

endmodule

`default_nettype wire
