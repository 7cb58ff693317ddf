// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   float32 + float32 -> float32. The adder of the bfloat16 cells, of float_post and of the vector
//   unit. A cell feeds s back to a, a loop of exactly four cycles that holds four sums.
//
// Latency
//   LATENCY = 4 cycles, 3 if OUTPUT_REGISTER is 0; one sum per cycle. No reset: data only. Cycles
//   count only while `enable` is high; while it is low, nothing moves and s holds.
//
// Numbers
//   IEEE 754 binary32, rounded to nearest even. Subnormals are kept; signed zeros and infinities
//   follow the standard; overflow gives infinity. x - x = +0 for every finite x; x + (-0) = x for
//   every x except NaN, including -0. Every NaN result is 32'h7FC00000; infinity - infinity is NaN.
//   By stage:
//
//     1  swap so that |x| >= |y|; the exponent difference, computed both ways at once
//     2  shift y right by the difference, then x + y or x - y, which is never negative
//     3  round, and count the leading zeros in parallel
//     4  shift left by the zeros, pack
//
//   Rounding comes before the left shift, as it can only affect one of three positions: where the
//   leading one is below bit 25, the exponents differed by 1 at most, and the sum is exact.
//
//     sum      27 26 25 24 ........ 5  4  3  2  1
//     carry     1  s  s  s ........ s  L  G  t  t     L last kept bit, G guard, t sticky
//     as x      0  1  s  s ........ s  s  L  G  t
//     one less  0  0  1  s ........ s  s  s  L  G     and shorter sums: G = 0
//
//   The bits of y below bit 1 do not enter the sum; `sticky` records whether any of them is set.
//   For x + y it acts as any sticky bit. x - y is then too large by less than bit 1: a G without
//   any t is below the tie, not on it, and every other case is unchanged, including a power of two,
//   where bit 1 is half a unit of the binade below. A subnormal has exponent 1 and a leading 0, so
//   an exponent e permits a left shift of at most e - 1: a `stop` bit in the word whose zeros are
//   counted enforces that. Sums limited by it are exact.
//
// Example
//   2^24 + 1 is a tie: 4B800000 + 3F800000 = 4B800000; 2^24 + 3 -> 2^24 + 4 = 4B800002.
`default_nettype none

module fp32_add #(
    // 0: s is the input of the last register, a cycle earlier
    parameter integer OUTPUT_REGISTER = 1
) (
    input  wire        clk,
    input  wire        enable,
    input  wire [31:0] a,
    input  wire [31:0] b,
    output wire [31:0] s
);

    localparam [1:0] EVEN = 2'd3;

    // 1: x is the larger, y the smaller.
    wire [31:0] order0 = {1'b0, a[30:0]} - {1'b0, b[30:0]};
    wire        swap0  = order0[31];
    wire        a_lead = (a[30:23] != 8'd0);
    wire        b_lead = (b[30:23] != 8'd0);
    wire [7:0]  a_exp  = {a[30:24], a[23] | ~a_lead};
    wire [7:0]  b_exp  = {b[30:24], b[23] | ~b_lead};
    wire [8:0]  ab0    = {1'b0, a_exp} - {1'b0, b_exp};
    wire [7:0]  ba0    = b_exp - a_exp;
    wire        a_inf0 = (a[30:23] == 8'hFF);
    wire        b_inf0 = (b[30:23] == 8'hFF);
    wire        sub0   = a[31] ^ b[31];
    wire        nan0   = (a_inf0 & (a[22:0] != 23'd0)) | (b_inf0 & (b[22:0] != 23'd0)) |
                         (a_inf0 & b_inf0 & sub0);

    reg         sub1_q, negative1_q, nan1_q, inf1_q;
    reg  [7:0]  exp1_q;
    reg  [4:0]  right1_q;
    reg  [23:0] x1_q, y1_q;

    // 2: two more bits on the right: the guard bit, and one that may become it.
    wire [25:0] y2;
    wire        sticky2;

    shift_right_sticky #(
        .WIDTH(26)
    ) u_align (
        .x     ({y1_q, 2'b00}),
        .right (right1_q),
        .y     (y2),
        .sticky(sticky2)
    );

    reg         sub2_q, negative2_q, nan2_q, inf2_q, sticky2_q;
    reg  [7:0]  exp2_q;
    reg  [27:1] sum2_q;
    reg  [31:0] stop2_q;

    // 3: carry3 is the first row of the table, long3 the first two. rest3 is the sticky bit below
    // the guard; below3, of a difference, says that the sum is too large by less than bit 1. up is
    // added to bit 2. A carry takes it to bit 3 or 4, because the guard bit below is then 1, and in
    // the first row bit 2 is set for it.
    wire [4:0]  zeros3;
    wire        carry3  = sum2_q[27];
    wire        long3   = sum2_q[27] | sum2_q[26];
    wire        lsb3    = carry3 ? sum2_q[4] : long3 ? sum2_q[3] : sum2_q[2];
    wire        guard3  = carry3 ? sum2_q[3] : long3 ? sum2_q[2] : sum2_q[1];
    wire        rest3   = (long3 & sum2_q[1]) | (carry3 & sum2_q[2]) | (sticky2_q & ~sub2_q);
    wire        below3  = sticky2_q & sub2_q;
    wire        up3;
    wire        force3  = inf2_q | nan2_q | (carry3 & (exp2_q == 8'd254));

    lead_zeros u_lead_zeros (
        .x    ({sum2_q, 5'd0} | stop2_q),
        .count(zeros3)
    );
    rounding u_rounding (
        .rule    (EVEN),
        .negative(1'b0),
        .lsb     (lsb3 & ~below3),
        .guard   (guard3),
        .sticky  (rest3),
        .up      (up3)
    );

    reg         negative3_q;
    reg  [7:0]  exp3_q;
    reg  [4:0]  zeros3_q;
    reg  [26:0] sum3_q;

    // 4: bit 25 is the leading one, or bit 26 if rounding carried into it; a subnormal or zero has
    // neither.
    wire [26:0] sum4    = sum3_q << zeros3_q;
    wire [7:0]  exp4    = exp3_q - {3'd0, zeros3_q};
    wire [7:0]  next4   = exp3_q - {3'd0, zeros3_q} + 8'd1;

    always @(posedge clk) if (enable) begin
        sub1_q      <= sub0;
        negative1_q <= swap0 ? b[31] : a[31];
        nan1_q      <= nan0;
        inf1_q      <= a_inf0 | b_inf0;
        exp1_q      <= ab0[8] ? b_exp : a_exp;
        right1_q    <= ab0[8] ? ba0[4:0] | {5{|ba0[7:5]}} : ab0[4:0] | {5{|ab0[7:5]}};
        x1_q        <= swap0 ? {b_lead, b[22:0]} : {a_lead, a[22:0]};
        y1_q        <= swap0 ? {a_lead, a[22:0]} : {b_lead, b[22:0]};

        sub2_q      <= sub1_q;
        negative2_q <= negative1_q;
        nan2_q      <= nan1_q;
        inf2_q      <= inf1_q;
        exp2_q      <= exp1_q;
        stop2_q     <= (exp1_q[7:5] == 3'd0) ? 32'h8000_0000 >> exp1_q[4:0] : 32'd0;
        sum2_q      <= {1'b0, x1_q, 2'd0} + ({1'b0, y2} ^ {27{sub1_q}}) + {26'd0, sub1_q};
        sticky2_q   <= sticky2;

        negative3_q <= negative2_q & ~nan2_q & ~(sub2_q & (sum2_q == 27'd0));
        if (force3) begin  // infinity or NaN, encoded as a number
            exp3_q   <= 8'hFF;
            zeros3_q <= 5'd0;
            sum3_q   <= {2'b01, nan2_q, 24'd0};
        end else begin
            exp3_q   <= exp2_q + 8'd1;
            zeros3_q <= zeros3;
            sum3_q   <= {1'b0, sum2_q[27:3], sum2_q[2] | (carry3 & up3)} + {26'd0, up3};
        end
    end

    wire [31:0] s4 = {negative3_q, ({8{sum4[25]}} & exp4) | ({8{sum4[26]}} & next4), sum4[24:2]};

    generate
        if (OUTPUT_REGISTER != 0) begin : g_register
            reg [31:0] s_q;
            always @(posedge clk) if (enable) s_q <= s4;
            assign s = s_q;
        end else begin : g_no_register
            assign s = s4;
        end
    endgenerate

    wire unused = &{1'b0, order0[30:0], sum4[1:0]};

endmodule

`default_nettype wire
