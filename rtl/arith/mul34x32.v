// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Signed 34 x 32 bit multiplier made of four 18 x 18 bit ones, pipelined: the multiplier of
//   scale_to_int8 and of fp32_mul. The multipliers of most FPGAs are at least 18 x 18 bits, signed,
//   so 34 x 32 bits cost as many of them as 32 x 32; the two extra bits are for scale_to_int8's
//   rule fp32.
//
// Latency
//   4 cycles, one product per cycle. No reset: data only. Cycles count only while `enable` is high;
//   while it is low, nothing moves and p holds.
//
// Numbers
//   p = the low 64 bits of a * b, so exact whenever the product fits a signed 64-bit word. a comes
//   in two parts, a = a_high * 2^16 + a_low. a_low is 0..2^16, one bit wider than its position: a
//   caller that rounds adds the increment there and avoids the carry through a_high. Hence a is
//   34 bits signed, -2^32..2^32. b = b_hi * 2^16 + b_lo. High parts are signed, low ones unsigned.
//
//     63          48 47         32 31         16 15          0
//     |        a_hi * b_hi        |        a_lo * b_lo       |
//            |      a_hi * b_lo + a_lo * b_hi      |              the low 16 bits need no adder
//
// Example
//   a = -2^31, b = -2^31: a_hi = b_hi = -2^15, low parts 0, p = 2^30 * 2^32 = 2^62.
`default_nettype none

module mul34x32 (
    input  wire               clk,
    input  wire               enable,
    input  wire signed [16:0] a_high,
    input  wire        [16:0] a_low,
    input  wire signed [31:0] b,
    output reg         [63:0] p
);

    // 1: operands at the multipliers, in halves. {1'b0, low} makes the unsigned half a signed
    // operand.
    reg signed [16:0] a_hi_q;
    reg signed [17:0] a_lo_q;
    reg signed [15:0] b_hi_q;
    reg signed [16:0] b_lo_q;

    // 2: products. None of them loses a bit: 17 + 16 = 33 for hh, 17 + 17 = 34, 18 + 16 = 34, and
    // a_lo * b_lo < 2^32.
    reg signed [32:0] hh_q;
    reg signed [33:0] hl_q;
    reg signed [33:0] lh_q;
    reg        [31:0] ll_q;

    // 3: the middle column: |hl + lh| < 2^32 + 2^32 fits 34 bits.
    reg signed [33:0] mid3_q;
    reg        [31:0] hh3_q;
    reg        [31:0] ll3_q;

    wire signed [34:0] ll = a_lo_q * b_lo_q;

    always @(posedge clk) if (enable) begin
        a_hi_q <= a_high;
        a_lo_q <= $signed({1'b0, a_low});
        b_hi_q <= b[31:16];
        b_lo_q <= $signed({1'b0, b[15:0]});

        hh_q   <= a_hi_q * b_hi_q;
        hl_q   <= a_hi_q * b_lo_q;
        lh_q   <= a_lo_q * b_hi_q;
        ll_q   <= ll[31:0];

        mid3_q <= hl_q + lh_q;
        hh3_q  <= hh_q[31:0];
        ll3_q  <= ll_q;

        p      <= {{hh3_q, ll3_q[31:16]} + {{14{mid3_q[33]}}, mid3_q}, ll3_q[15:0]};
    end

    wire unused = &{1'b0, ll[34:32], hh_q[32]};

endmodule

`default_nettype wire
