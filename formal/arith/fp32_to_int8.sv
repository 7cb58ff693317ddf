// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   fp32_to_int8 around its multiplier: which significands it multiplies, and what it makes of the
//   product, against two roundings of the exact product of the values: to float32 by IEEE 754, and
//   to an integer. Two subnormal factors are not both normalised; their product rounds to 0
//   whatever the multiplier says.
`default_nettype none

module fp32_to_int8_properties (
    input wire        clk,
    input wire [31:0] x,
    input wire [31:0] inv_scale,
    input wire [7:0]  zero_point
);

    wire [7:0] q;

    fp32_to_int8 u_dut (.*);

    // of the module under proof
    wire [63:0] product;
    wire [16:0] mul_a_high, mul_a_low;
    wire [31:0] mul_b;

    reg        [3:0]  cycle_q = 4'd0;
    reg        [31:0] a_q, b_q;
    reg signed [7:0]  zero_q;
    reg        [63:0] product_q;
    always @(posedge clk) begin
        cycle_q <= cycle_q + 4'd1;
        if (cycle_q == 4'd0) begin
            a_q    <= x;
            b_q    <= inv_scale;
            zero_q <= zero_point;
        end
        if (cycle_q == 4'd7) product_q <= product;
    end

    wire [23:0] a_norm, b_norm;
    wire        sign, zero, inf, nan, tiny;
    wire [30:0] rounded;

    float_product u_expected (
        .a        (a_q),
        .b        (b_q),
        .magnitude(product_q[55:8]),
        .a_normal (a_norm),
        .b_normal (b_norm),
        .sign     (sign),
        .zero     (zero),
        .inf      (inf),
        .nan      (nan),
        .tiny     (tiny),
        .rounded  (rounded)
    );

    // fp32 is rule 3 of scale_to_int8: the first operand is moved left by 8
    wire [33:0] operand  = {mul_a_high[16], mul_a_high, 16'd0} + {17'd0, mul_a_low};
    wire        in_order = operand == {2'd0, a_norm, 8'd0} && mul_b == {8'd0, b_norm};
    wire        swapped  = operand == {2'd0, b_norm, 8'd0} && mul_b == {8'd0, a_norm};

    // the product of two normalised significands, or with 0
    always @* if (cycle_q == 4'd7)
        assume (product[7:0] == 8'd0 && (zero ? product == 64'd0 : product[63:54] == 10'd1 ||
                                                                   product[63:55] == 9'd1));

    wire signed [9:0] size;  // of the integer, at most 511
    round_to_int u_integer (
        .x(rounded),
        .y(size)
    );
    wire signed [10:0] v   = (nan || tiny) ? 11'sd0 : inf ? 11'sd511 : $signed({1'b0, size});
    wire signed [11:0] sum = (sign ? -v : v) + zero_q;

    always @* begin
        operands: assert (cycle_q != 4'd3 || nan || inf || tiny || zero || in_order || swapped);
        nearest:  assert (cycle_q != 4'd11 || nan || inf || q == ((sum > 12'sd127) ? 8'h7F :
                          (sum < -12'sd128) ? 8'h80 : sum[7:0]));
        special:  assert (cycle_q != 4'd11 || !(nan || inf) ||
                          q == (nan ? zero_q : sign ? 8'h80 : 8'h7F));
    end

endmodule

`default_nettype wire
