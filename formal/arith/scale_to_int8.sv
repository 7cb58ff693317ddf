// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   scale_to_int8 after its multiplier: what it makes of a product, against the definition of each
//   rule in exact integers. The product is any that operands of the rule can have.
`default_nettype none

module scale_to_int8_properties (
    input wire        clk,
    input wire [1:0]  rule,
    input wire [16:0] a_high,
    input wire [16:0] a_low,
    input wire [31:0] b,
    input wire        negate,
    input wire [4:0]  right,
    input wire [7:0]  zero_point,
    input wire [7:0]  clamp_low,
    input wire [7:0]  clamp_high
);

    wire [7:0] q;

    scale_to_int8 u_dut (
        .rst   (1'b0),
        .enable(1'b1),
        .*
    );

    wire [63:0] product;  // of the module under proof

    reg [3:0]         cycle_q = 4'd0;
    reg        [1:0]  rule_q;
    reg               negate_q;
    reg        [4:0]  right_q;
    reg signed [7:0]  zero_q, low_q, high_q;
    reg signed [63:0] product_q;
    always @(posedge clk) begin
        cycle_q <= cycle_q + 4'd1;
        if (cycle_q == 4'd0) begin
            rule_q   <= rule;
            negate_q <= negate;
            right_q  <= right;
            zero_q   <= zero_point;
            low_q    <= clamp_low;
            high_q   <= clamp_high;
        end
        if (cycle_q == 4'd4) product_q <= product;
    end

    wire float = rule_q == 2'd3;

    // 2^62, the product of -2^31 and -2^31; fp32: A * B * 2^8, where A = 0 or 2^23..2^24
    wire fits = float ? product[7:0] == 8'd0 && (product == 64'd0 || product[63:54] == 10'd1 ||
                                                 product[63:55] == 9'd1) :
                $signed(product) >= -64'sh4000_0000_0000_0000 &&
                $signed(product) <=  64'sh4000_0000_0000_0000;
    always @* if (cycle_q == 4'd4) assume (fits);
    always @* if (cycle_q == 4'd0) assume (rule == 2'd3 || !negate);

    wire signed [34:0] integer_y;

    srdhm u_srdhm (
        .product(product_q),
        .right  (right_q),
        .away   (rule_q == 2'd1),
        .y      (integer_y)
    );

    // the product to 24 significant bits, ties to even
    wire        [5:0]  unit  = product_q[55] ? 6'd32 : 6'd31;
    wire        [63:0] kept  = product_q >> unit;
    wire        [63:0] rest  = product_q - (kept << unit);
    wire        [63:0] half  = 64'd1 << (unit - 6'd1);
    wire        [63:0] even  = (kept + {63'd0, rest > half || (rest == half && kept[0])}) <<
                               (unit - 6'd31);

    // divided by 2^right, ties to even: the floor, and what is left over in units of 2^right
    wire        [25:0] floor = even[25:0] >> right_q;
    wire        [26:0] over  = even[25:0] - (floor << right_q);
    wire        [32:0] twice = {over, 1'b0};
    wire        [32:0] whole = 33'd1 << right_q;
    wire signed [34:0] fp32_y = floor + (twice > whole || (twice == whole && floor[0]));
    wire signed [34:0] v      = float ? fp32_y : integer_y;
    wire signed [35:0] sum   = (negate_q ? -v : v) + zero_q;
    wire signed [35:0] least = (sum > low_q) ? sum : low_q;

    wire [7:0] expected = (least < high_q) ? least[7:0] : high_q;

    always @* if (cycle_q == 4'd8) begin
        gemmlowp: assert (rule_q != 2'd1 || q == expected);
        ruy:      assert (rule_q != 2'd2 || q == expected);
        fp32:     assert (rule_q != 2'd3 || q == expected);
    end

endmodule

`default_nettype wire
