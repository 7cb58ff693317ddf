// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The product of two float32, rounded by IEEE 754. The product of the normalised significands is
//   an input, because the solver cannot handle a multiplier of that size.
`default_nettype none

module float_product (
    input  wire [31:0] a,
    input  wire [31:0] b,
    input  wire [47:0] magnitude,  // a_normal * b_normal
    output wire [23:0] a_normal,   // significands without leading zeros
    output wire [23:0] b_normal,
    output wire        sign,
    output wire        zero,
    output wire        inf,
    output wire        nan,
    output wire        tiny,       // both are subnormal or zero: the product rounds to zero
    output wire [30:0] rounded     // without the sign, if none of the above
);

    wire [23:0] a_sig, b_sig;
    wire [7:0]  a_exp, b_exp;
    wire [4:0]  a_zeros, b_zeros;
    wire        a_zero, a_inf, a_nan, b_zero, b_inf, b_nan;

    float_parts u_a (
        .x          (a),
        .significand(a_sig),
        .exponent   (a_exp),
        .zeros      (a_zeros),
        .normal     (a_normal),
        .zero       (a_zero),
        .inf        (a_inf),
        .nan        (a_nan)
    );

    float_parts u_b (
        .x          (b),
        .significand(b_sig),
        .exponent   (b_exp),
        .zeros      (b_zeros),
        .normal     (b_normal),
        .zero       (b_zero),
        .inf        (b_inf),
        .nan        (b_nan)
    );

    assign sign = a[31] ^ b[31];
    assign zero = a_zero || b_zero;
    assign nan  = a_nan || b_nan || ((a_inf || b_inf) && zero);
    assign inf  = !nan && (a_inf || b_inf);
    assign tiny = !a_sig[23] && !b_sig[23];

    round_to_fp32 #(
        .W(48)
    ) u_rounded (
        .magnitude(magnitude),
        .exponent ($signed({5'd0, a_exp}) + $signed({5'd0, b_exp}) - 13'sd300 -
                   $signed({8'd0, a_zeros}) - $signed({8'd0, b_zeros})),
        .bits     (rounded)
    );

endmodule

`default_nettype wire
