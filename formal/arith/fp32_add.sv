// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   fp32_add against the exact sum, rounded by IEEE 754. Up to an exponent difference of 25, the
//   exact sum fits 50 bits. From 26 on, the smaller operand is below a quarter of a unit in the
//   last place of the larger, so the larger is the float32 nearest to the sum, even where it is a
//   power of two and the numbers below it are twice as dense.
`default_nettype none

module fp32_add_properties #(
    parameter integer CASE = -1  // the difference of the exponents, 26 for more; -1: any of these
) (
    input wire        clk,
    input wire [31:0] a,
    input wire [31:0] b
);

    wire [31:0] s, s_early;

    fp32_add u_dut (
        .enable(1'b1),
        .*
    );
    fp32_add #(
        .OUTPUT_REGISTER(0)
    ) u_early (
        .enable(1'b1),
        .s     (s_early),
        .*
    );

    reg [2:0]  cycle_q = 3'd0;
    reg [31:0] a_q, b_q, early_q;
    always @(posedge clk) begin
        cycle_q <= cycle_q + 3'd1;
        early_q <= s_early;
        if (cycle_q == 3'd0) a_q <= a;
        if (cycle_q == 3'd0) b_q <= b;
    end

    wire [23:0] a_sig;
    wire [7:0]  a_exp;
    wire        a_inf, a_nan;

    float_parts u_a (
        .x          (a_q),
        .significand(a_sig),
        .exponent   (a_exp),
        .zeros      (),
        .normal     (),
        .zero       (),
        .inf        (a_inf),
        .nan        (a_nan)
    );

    wire [23:0] b_sig;
    wire [7:0]  b_exp;
    wire        b_inf, b_nan;

    float_parts u_b (
        .x          (b_q),
        .significand(b_sig),
        .exponent   (b_exp),
        .zeros      (),
        .normal     (),
        .zero       (),
        .inf        (b_inf),
        .nan        (b_nan)
    );

    wire        above  = a_exp >= b_exp;  // a has the higher exponent
    wire [7:0]  apart  = above ? a_exp - b_exp : b_exp - a_exp;
    wire        near   = apart < 8'd26;

    wire        finite = !a_nan && !b_nan && !a_inf && !b_inf;
    wire        nan    = a_nan || b_nan || (a_inf && b_inf && a_q[31] != b_q[31]);

    generate
        if (CASE >= 0) begin : g_case
            always @* assume (near ? apart == CASE : CASE == 26);
        end
    endgenerate

    // the exact sum, in units of the lower exponent
    wire [48:0] a_wide = {25'd0, a_sig} << (above ? apart[4:0] : 5'd0);
    wire [48:0] b_wide = {25'd0, b_sig} << (above ? 5'd0 : apart[4:0]);
    wire signed [50:0] exact = (a_q[31] ? -$signed({2'b0, a_wide}) : $signed({2'b0, a_wide})) +
                               (b_q[31] ? -$signed({2'b0, b_wide}) : $signed({2'b0, b_wide}));
    wire        zero   = exact == 51'sd0;
    wire [50:0] size   = exact[50] ? -exact : exact;
    wire        sign   = zero ? a_q[31] & b_q[31] : exact[50];

    wire [30:0] rounded;
    round_to_fp32 #(
        .W(50)
    ) u_expected (
        .magnitude(size[49:0]),
        .exponent ($signed({5'd0, above ? b_exp : a_exp}) - 13'sd150),
        .bits     (rounded)
    );

    always @* if (cycle_q == 3'd4) begin
        nearest: assert (!finite || !near || s == {sign, rounded});
        far:     assert (!finite || near || s == (above ? a_q : b_q));
        special: assert (finite ||
                         s == (nan ? 32'h7FC0_0000 : {a_inf ? a_q[31] : b_q[31], 31'h7F80_0000}));
        early:   assert (early_q == s);
    end

endmodule

`default_nettype wire
