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

    wire [23:0] a_norm, b_norm;
    wire        sign, zero, inf, nan, tiny;
    wire [30:0] rounded;

    float_product u_expected (
        .a        (a_q),
        .b        (b_q),
        .magnitude(product_q[47:0]),
        .a_normal (a_norm),
        .b_normal (b_norm),
        .sign     (sign),
        .zero     (zero),
        .inf      (inf),
        .nan      (nan),
        .tiny     (tiny),
        .rounded  (rounded)
    );

    wire finite = !nan && !inf;

    wire [33:0] operand  = {mul_a_high[16], mul_a_high, 16'd0} + {17'd0, mul_a_low};
    wire        in_order = operand == {10'd0, a_norm} && mul_b == {8'd0, b_norm};
    wire        swapped  = operand == {10'd0, b_norm} && mul_b == {8'd0, a_norm};

    // the product of two normalised significands
    always @* if (cycle_q == 4'd7)
        assume (product >= 64'h4000_0000_0000 && product < 64'h1_0000_0000_0000);

    always @* begin
        operands: assert (cycle_q != 4'd3 || !finite || tiny || zero || in_order || swapped);
        nearest:  assert (cycle_q != 4'd10 || !finite ||
                          p == {sign, (zero || tiny) ? 31'd0 : rounded});
        special:  assert (cycle_q != 4'd10 || finite ||
                          p == (nan ? 32'h7FC0_0000 : {sign, 31'h7F80_0000}));
    end

endmodule

`default_nettype wire
