// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   requantize around its multiplier: which numbers it multiplies, and what it makes of the
//   product, against the definition of each mode: SRDHM and a division in exact integers; or x and
//   the product rounded to float32 by IEEE 754, and the product to an integer. The product is any
//   that operands of the mode can have.
`default_nettype none

module requantize_properties (
    input wire        clk,
    input wire [1:0]  mode,
    input wire [31:0] x,
    input wire [31:0] multiplier,
    input wire [7:0]  shift,
    input wire [7:0]  zero_point,
    input wire [7:0]  clamp_low,
    input wire [7:0]  clamp_high
);

    wire [7:0] q;

    requantize u_dut (
        .rst   (1'b0),
        .enable(1'b1),
        .*
    );

    // of the module under proof
    wire [63:0] product;
    wire [16:0] mul_a_high, mul_a_low;
    wire [31:0] mul_b;

    reg        [3:0]  cycle_q = 4'd0;
    reg        [1:0]  mode_q;
    reg        [31:0] x_q, m_q;
    reg signed [7:0]  shift_q, zero_q, low_q, high_q;
    reg signed [63:0] product_q;
    always @(posedge clk) begin
        cycle_q <= cycle_q + 4'd1;
        if (cycle_q == 4'd0) begin
            mode_q  <= mode;
            x_q     <= x;
            m_q     <= multiplier;
            shift_q <= shift;
            zero_q  <= zero_point;
            low_q   <= clamp_low;
            high_q  <= clamp_high;
        end
        if (cycle_q == 4'd7) product_q <= product;
    end

    wire        float   = mode_q == 2'd3;
    wire [33:0] operand = {mul_a_high[16], mul_a_high, 16'd0} + {17'd0, mul_a_low};

    // gemmlowp, ruy: SRDHM of x << max(s, 0) and the multiplier, divided by 2^max(-s, 0)
    wire signed [7:0]  s      = (shift_q > 8'sd31) ? 8'sd31 : (shift_q < -8'sd31) ? -8'sd31 :
                                                                                   shift_q;
    wire        [4:0]  left   = (s > 8'sd0) ? s[4:0] : 5'd0;
    wire        [4:0]  right  = (s < 8'sd0) ? -s : 5'd0;
    wire        [31:0] moved  = x_q << left;
    wire signed [34:0] integer_y;

    srdhm u_srdhm (
        .product(product_q),
        .right  (right),
        .away   (mode_q == 2'd1),
        .y      (integer_y)
    );

    // fp32: x rounded to 24 significant bits, A * 2^(8 - places), by the scale, B * 2^(E - 150). A
    // negative power of two, whose complement is a digit shorter, is moved a place further, to
    // A = 2^24, unless it is -1: there are only 31 places.
    wire        [31:0] size   = x_q[31] ? -x_q : x_q;
    reg         [4:0]  zeros;
    integer i;
    always @* begin
        zeros = 5'd31;
        for (i = 0; i < 32; i = i + 1) if (size[i]) zeros = 31 - i;
    end
    wire        [4:0]  places = zeros + {4'd0, x_q[31] && size == 32'h8000_0000 >> zeros &&
                                               size != 32'd1};
    wire        [32:0] normal = {1'b0, size} << places;
    wire        [24:0] digits = normal[32:8] +
                                {24'd0, normal[7:0] > 8'h80 || (normal[7:0] == 8'h80 && normal[8])};
    wire        [7:0]  e      = m_q[30:23];
    wire               nan    = m_q[30:0] > 31'h7F80_0000 ||
                                (m_q[30:0] == 31'h7F80_0000 && x_q == 32'd0);
    wire               inf    = m_q[30:0] == 31'h7F80_0000 && x_q != 32'd0;
    wire               tiny   = e == 8'd0;  // zero or subnormal: |x * scale| < 2^-95

    wire [30:0] rounded;
    round_to_fp32 #(
        .W(48)
    ) u_rounded (
        .magnitude(product_q[55:8]),
        .exponent ($signed({5'd0, e}) - 13'sd142 - $signed({8'd0, places})),
        .bits     (rounded)
    );
    wire [9:0] integral;  // at most 511
    round_to_int u_integer (
        .x(rounded),
        .y(integral)
    );
    wire signed [10:0] fp = (nan || tiny) ? 11'sd0 : inf ? 11'sd511 : $signed({1'b0, integral});

    wire signed [34:0] y     = !float ? integer_y :
                               (x_q[31] ^ m_q[31]) ? -fp : fp;
    wire signed [35:0] sum   = y + zero_q;
    wire signed [35:0] least = (sum > low_q) ? sum : low_q;

    wire [7:0] expected = (least < high_q) ? least[7:0] : high_q;

    // 2^62, the product of -2^31 and -2^31; fp32: A * B * 2^8, where A = 0 or 2^23..2^24
    always @* if (cycle_q == 4'd7)
        assume (!float ? $signed(product) >= -64'sh4000_0000_0000_0000 &&
                         $signed(product) <=  64'sh4000_0000_0000_0000 :
                product[7:0] == 8'd0 && (x_q == 32'd0 ? product == 64'd0 :
                                         product[63:54] == 10'd1 || product[63:55] == 9'd1));

    always @* begin
        integers: assert (cycle_q != 4'd3 || float || mode_q == 2'd0 ||
                          (operand == {{2{moved[31]}}, moved} && mul_b == m_q));
        floats:   assert (cycle_q != 4'd3 || !float || tiny || nan || inf ||
                          (operand == {1'b0, digits, 8'd0} && mul_b == {9'd1, m_q[22:0]}));
        gemmlowp: assert (cycle_q != 4'd11 || mode_q != 2'd1 || q == expected);
        ruy:      assert (cycle_q != 4'd11 || mode_q != 2'd2 || q == expected);
        fp32:     assert (cycle_q != 4'd11 || mode_q != 2'd3 || q == expected);
    end

endmodule

`default_nettype wire
