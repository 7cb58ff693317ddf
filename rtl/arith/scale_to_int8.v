// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// scale_to_int8: multiply, round, shift right, round, add the zero point, clamp.
//
// Purpose    The datapath that requantize and fp32_to_int8 share. They differ in how they prepare a, b, the
//            sign and the shift; the rule says what the numbers mean.
// Latency    LATENCY = 8 cycles, one result a cycle; every parameter travels with its operands. Cycles count only
//            while `enable` is high: low, nothing moves. SERIAL: 5 such cycles, 33 or more from each to the next.
// Contract
//   rule   gemmlowp 1, ruy 2: a, b signed 32 bits (a sign-extended), negate 0:
//            y = (a*b + 2^30) >> 31;  v = y / 2^right rounded: ties away from zero (1), ties up (2)
//          fp32 3: a = A * 2^8 with A = 0 or 2^23..2^24, b = B = 2^23..2^24 - 1:
//            y = A*B / 2^23 rounded to 24 significant bits, ties to even;  v = y / 2^right, ties to even,
//            negated where `negate` is set
//   q      minimum(clamp_high, maximum(v + zero_point, clamp_low)), the sum taken exactly. clamp_low >
//          clamp_high is not an error: clamp_high wins, as in NumPy.
// Why v may be narrowed to -256..255 before it is rounded: |v| >= 256 plus any zero point is beyond int8 on
// the same side, as are 255 + 1 - 128 (no less than 127) and -256 + 1 + 127 (no more than -128), so any
// clamp answers the same.
// Why SRDHM's saturation (y = 2^31 - 1 instead of 2^31, for a = b = -2^31) is not built: for right = 0 both are
// beyond int8, and for right >= 1 both rules round (2^31 - 1) / 2^right to 2^(31-right), which is what 2^31
// gives exactly.
// Example    gemmlowp, a = 1000, b = 2^30, right = 3, zero_point = -1: y = 500, 500 / 8 = 62.5 -> 63, q = 62.
`default_nettype none

module scale_to_int8 #(
    parameter integer SERIAL = 0  // 1: mul34x32_serial
) (
    input  wire               clk,
    input  wire               rst,     // of a serial multiplier
    input  wire               enable,
    input  wire        [1:0]  rule,
    input  wire signed [33:0] a,
    input  wire signed [31:0] b,
    input  wire               negate,
    input  wire        [4:0]  right,
    input  wire        [7:0]  zero_point,
    input  wire        [7:0]  clamp_low,
    input  wire        [7:0]  clamp_high,
    output reg         [7:0]  q
);

    localparam [1:0] FP32 = 2'd3;

    // 1..4: the product, and beside it what the later stages need: {rule, negate, right, zero, low, high}.
    wire [63:0] p4_q;
    reg  [31:0] side1_q, side2_q, side3_q, side4_q;

    wire [31:0] side4;

    generate
        if (SERIAL != 0) begin : g_serial
            mul34x32_serial u_mul (.clk(clk), .rst(rst), .enable(enable), .a(a), .b(b), .p(p4_q));
            assign side4 = side1_q;
            wire unused = &{1'b0, side4_q};
        end else begin : g_pipeline
            mul34x32 u_mul (.clk(clk), .enable(enable), .a(a), .b(b), .p(p4_q));
            assign side4 = side4_q;
            wire unused = &{1'b0, rst};
        end
    endgenerate

    // 5: rounded product.
    wire [32:0] y4;
    reg  [32:0] y5_q;
    reg  [31:0] side5_q;

    round_product u_round_product (.fp(side4[31:30] == FP32), .p(p4_q), .y(y4));

    // 6: shifted right.
    wire [8:0]  v5;
    wire        guard5, sticky5;
    reg  [8:0]  v6_q;
    reg         guard6_q, sticky6_q;
    reg  [26:0] side6_q;  // without `right`

    shift_right_narrow u_shift (
        .y(y5_q), .right(side5_q[28:24]), .v(v5), .guard(guard5), .sticky(sticky5)
    );

    // 7: rounded, signed, moved by the zero point. -(v + up) = ~v + 1 - up: one adder with carry in does all.
    wire        up6;
    wire        neg6 = side6_q[24];
    reg  signed [9:0]  sum7_q;
    reg  [7:0]  low7_q, high7_q;
    reg         crossed7_q;  // clamp_low > clamp_high

    rounding u_rounding (
        .rule(side6_q[26:25]), .negative(v6_q[8]), .lsb(v6_q[0]), .guard(guard6_q), .sticky(sticky6_q),
        .up(up6)
    );

    // 8: clamped.
    wire signed [9:0] low7  = $signed({{2{low7_q[7]}}, low7_q});
    wire signed [9:0] high7 = $signed({{2{high7_q[7]}}, high7_q});
    wire              under = (sum7_q < low7);
    wire              above = (sum7_q > high7) | crossed7_q;

    always @(posedge clk) if (enable) begin
        side1_q   <= {rule, negate, right, zero_point, clamp_low, clamp_high};
        side2_q   <= side1_q;
        side3_q   <= side2_q;
        side4_q   <= side3_q;

        y5_q      <= y4;
        side5_q   <= side4;

        v6_q      <= v5;
        guard6_q  <= guard5;
        sticky6_q <= sticky5;
        side6_q   <= {side5_q[31:29], side5_q[23:0]};

        sum7_q    <= {v6_q[8] ^ neg6, v6_q ^ {9{neg6}}} + {{2{side6_q[23]}}, side6_q[23:16]}
                     + {9'd0, up6 ^ neg6};
        low7_q     <= side6_q[15:8];
        high7_q    <= side6_q[7:0];
        crossed7_q <= $signed(side6_q[15:8]) > $signed(side6_q[7:0]);

        q         <= above ? high7_q : under ? low7_q : sum7_q[7:0];
    end

endmodule

`default_nettype wire
