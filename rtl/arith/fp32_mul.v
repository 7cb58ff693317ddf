// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   float32 x float32 -> float32: the multiplier of the vector unit.
//
// Latency
//   LATENCY = 10 cycles, one product per cycle. No reset: data only. Cycles count only while
//   `enable` is high; while it is low, nothing moves and p holds.
//
// Numbers
//   IEEE 754 binary32, rounded to nearest even. Subnormals are kept at both ends; zeros and
//   infinities have the product's sign; overflow gives infinity. Every NaN is 32'h7FC00000;
//   infinity * 0 is NaN. By stage:
//
//     1..3   a factor that may be zero or subnormal becomes a, is shifted left to 24 bits, and its
//            exponent is decremented to match. One shifter is enough: the product of two subnormals
//            is below 2^-252, which rounds to 0 whatever the bits
//     4..7   multiply
//     8      the leading one is in bit 47 or 46: keep 26 bits from it on, the last two for
//            rounding, and a sticky bit
//     9      shift right by 1 - E where the exponent E is below 1: a subnormal result
//     10     round and pack. The leading one adds 1 to the exponent field, or sets it to 1; a carry
//            from rounding adds 1 more
//
// Example
//   (1 + 2^-23) * (1 + 2^-23) = 1 + 2^-22 + 2^-46: 3F800001 * 3F800001 = 3F800002.
`default_nettype none

module fp32_mul (
    input  wire        clk,
    input  wire        enable,
    input  wire [31:0] a,
    input  wire [31:0] b,
    output reg  [31:0] p
);

    localparam [1:0] EVEN = 2'd3;

    // 1
    wire        swap0 = (a[30:23] != 8'd0);
    reg         negative1_q;
    reg  [30:0] a1_q, b1_q;
    reg  [8:0]  exp1_q;  // Ea + Eb, 0 standing for a subnormal's 1

    // 2
    wire [4:0]  lead1;
    wire        a_inf1 = (a1_q[30:23] == 8'hFF);
    wire        b_inf1 = (b1_q[30:23] == 8'hFF);
    wire        zero1  = (a1_q == 31'd0);
    wire        nan1   = (a_inf1 & (a1_q[22:0] != 23'd0)) |
                         (b_inf1 & ((b1_q[22:0] != 23'd0) | zero1));

    lead_zeros u_lead_zeros (
        .x    ({a1_q[22:0], 9'd0}),
        .count(lead1)
    );

    reg  [3:0]  kind2_q;  // negative, NaN, infinity, zero
    reg         sub2_q;
    reg  [4:0]  lead2_q;
    reg  [22:0] a2_q, b2_q;
    reg  [8:0]  exp2_q;

    // 3: a subnormal shifts left by lead + 1, and its exponent 1 becomes -lead.
    wire [4:0]  left2 = lead2_q & {5{sub2_q}};
    reg  [23:0] a3_q, b3_q;

    // 4..7: meanwhile E, for a product whose leading one is in bit 47; signed.
    wire [63:0] product7;
    reg  [3:0]  kind3_q, kind4_q, kind5_q, kind6_q, kind7_q;
    reg  [9:0]  exp3_q, exp4_q, exp5_q, exp6_q, exp7_q;

    mul34x32 u_mul (
        .clk   (clk),
        .enable(enable),
        .a_high($signed({9'd0, a3_q[23:16]})),
        .a_low ({1'b0, a3_q[15:0]}),
        .b     ($signed({8'd0, b3_q})),
        .p     (product7)
    );

    // 8
    wire        high7 = product7[47];
    wire [9:0]  exp7  = exp7_q - {9'd0, ~high7};
    reg         sticky8_q;
    reg  [3:0]  kind8_q;
    reg  [9:0]  exp8_q;  // signed
    reg  [25:0] product8_q;

    // 9
    wire        small8        = exp8_q[9] | (exp8_q == 10'd0);
    wire [9:0]  right_places8 = 10'd1 - exp8_q;
    wire [4:0]  right8        = small8 ? right_places8[4:0] | {5{|right_places8[9:5]}} : 5'd0;
    wire [25:0] product8;
    wire        lost8;

    shift_right_sticky #(
        .WIDTH(26)
    ) u_shift_right (
        .x     (product8_q),
        .right (right8),
        .y     (product8),
        .sticky(lost8)
    );

    reg         sticky9_q, large9_q;
    reg  [3:0]  kind9_q;
    reg  [7:0]  field9_q;
    reg  [25:0] product9_q;

    // 10
    wire        up9;

    rounding u_rounding (
        .rule    (EVEN),
        .negative(1'b0),
        .lsb     (product9_q[2]),
        .guard   (product9_q[1]),
        .sticky  (product9_q[0] | sticky9_q),
        .up      (up9)
    );

    always @(posedge clk) if (enable) begin
        negative1_q <= a[31] ^ b[31];
        a1_q        <= swap0 ? b[30:0] : a[30:0];
        b1_q        <= swap0 ? a[30:0] : b[30:0];
        exp1_q      <= {1'b0, a[30:23]} + {1'b0, b[30:23]};

        kind2_q     <= {negative1_q & ~nan1, nan1, a_inf1 | b_inf1, zero1};
        sub2_q      <= (a1_q[30:23] == 8'd0);
        lead2_q     <= lead1;
        a2_q        <= a1_q[22:0];
        b2_q        <= b1_q[22:0];
        exp2_q      <= exp1_q;

        kind3_q     <= kind2_q;
        a3_q        <= (sub2_q ? {a2_q, 1'b0} : {1'b1, a2_q}) << left2;
        b3_q        <= {1'b1, b2_q};
        exp3_q      <= {1'b0, exp2_q} - 10'd126 - {5'd0, left2};

        {kind7_q, kind6_q, kind5_q, kind4_q} <= {kind6_q, kind5_q, kind4_q, kind3_q};
        {exp7_q, exp6_q, exp5_q, exp4_q}     <= {exp6_q, exp5_q, exp4_q, exp3_q};

        kind8_q     <= kind7_q;
        exp8_q      <= exp7;
        product8_q  <= high7 ? product7[47:22] : product7[46:21];
        sticky8_q   <= (|product7[20:0]) | (high7 & product7[21]);

        kind9_q     <= kind8_q;
        large9_q    <= ~exp8_q[9] & (exp8_q >= 10'd255);
        field9_q    <= small8 ? 8'd0 : exp8_q[7:0] - 8'd1;
        product9_q  <= product8;
        sticky9_q   <= lost8 | sticky8_q;

        p[31]       <= kind9_q[3];
        if (kind9_q[2])
            p[30:0] <= 31'h7FC0_0000;
        else if (kind9_q[1] | (large9_q & ~kind9_q[0]))
            p[30:0] <= 31'h7F80_0000;
        else if (kind9_q[0])
            p[30:0] <= 31'd0;
        else
            p[30:0] <= {field9_q, 23'd0} + {7'd0, product9_q[25:2]} + {30'd0, up9};
    end

    wire unused = &{1'b0, product7[63:48]};  // zero: 24 x 24 bits

endmodule

`default_nettype wire
