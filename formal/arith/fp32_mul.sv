// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   fp32_mul around its multiplier: which significands it multiplies, and what it makes of the
//   product, against the exact product of the values, rounded by IEEE 754. Two subnormal factors
//   are not both normalised; their product is 0 whatever the multiplier says.
`default_nettype none

module fp32_mul_properties (
    input wire        clk,
    input wire [31:0] a,
    input wire [31:0] b
);

    wire [31:0] p;

    fp32_mul u_dut (
        .enable(1'b1),
        .*
    );

    // of the module under proof
    wire [63:0] product;
    wire [16:0] mul_a_high, mul_a_low;
    wire [31:0] mul_b;

    reg [3:0]  cycle_q = 4'd0;
    reg [31:0] a_q, b_q;
    reg [63:0] product_q;
    always @(posedge clk) begin
        cycle_q <= cycle_q + 4'd1;
        if (cycle_q == 4'd0) a_q <= a;
        if (cycle_q == 4'd0) b_q <= b;
        if (cycle_q == 4'd7) product_q <= product;
    end

    // value: significand * 2^(exponent - 150); normal: shifted left by zeros
    wire [23:0] a_sig = {a_q[30:23] != 8'd0, a_q[22:0]};
    wire [23:0] b_sig = {b_q[30:23] != 8'd0, b_q[22:0]};
    wire [7:0]  a_exp = (a_q[30:23] == 8'd0) ? 8'd1 : a_q[30:23];
    wire [7:0]  b_exp = (b_q[30:23] == 8'd0) ? 8'd1 : b_q[30:23];
    reg  [4:0]  a_zeros, b_zeros;
    integer i;
    always @* begin
        a_zeros = 5'd24;
        b_zeros = 5'd24;
        for (i = 0; i < 24; i = i + 1) begin
            if (a_sig[i]) a_zeros = 23 - i;
            if (b_sig[i]) b_zeros = 23 - i;
        end
    end
    wire [23:0] a_norm = a_sig << a_zeros;
    wire [23:0] b_norm = b_sig << b_zeros;

    wire a_inf  = a_q[30:0] == 31'h7F80_0000;
    wire b_inf  = b_q[30:0] == 31'h7F80_0000;
    wire a_nan  = a_q[30:0] > 31'h7F80_0000;
    wire b_nan  = b_q[30:0] > 31'h7F80_0000;
    wire zero   = a_q[30:0] == 31'd0 || b_q[30:0] == 31'd0;
    wire nan    = a_nan || b_nan || ((a_inf || b_inf) && zero);
    wire finite = !a_nan && !b_nan && !a_inf && !b_inf;
    wire tiny   = !a_sig[23] && !b_sig[23];
    wire sign   = a_q[31] ^ b_q[31];

    wire [33:0] operand  = {{1{mul_a_high[16]}}, mul_a_high, 16'd0} + {17'd0, mul_a_low};
    wire        in_order = operand == {10'd0, a_norm} && mul_b == {8'd0, b_norm};
    wire        swapped  = operand == {10'd0, b_norm} && mul_b == {8'd0, a_norm};

    // the product of two normalised significands
    always @* if (cycle_q == 4'd7)
        assume (product >= 64'h4000_0000_0000 && product < 64'h1_0000_0000_0000);

    wire [30:0] rounded;
    round_to_fp32 #(
        .W(48)
    ) u_expected (
        .magnitude(product_q[47:0]),
        .exponent ($signed({5'd0, a_exp}) + $signed({5'd0, b_exp}) - 13'sd300 -
                   $signed({8'd0, a_zeros}) - $signed({8'd0, b_zeros})),
        .bits     (rounded)
    );

    always @* begin
        operands: assert (cycle_q != 4'd3 || !finite || tiny || zero || in_order || swapped);
        nearest:  assert (cycle_q != 4'd10 || !finite ||
                          p == {sign, (zero || tiny) ? 31'd0 : rounded});
        special:  assert (cycle_q != 4'd10 || finite ||
                          p == (nan ? 32'h7FC0_0000 : {sign, 31'h7F80_0000}));
    end

endmodule

`default_nettype wire
