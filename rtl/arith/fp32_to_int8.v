// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The quantiser: float32 to int8, q = saturate(rint(x * inv_scale) + zero_point).
//
// Latency
//   LATENCY = 11 cycles, one result per cycle; the parameters are pipelined with x. No reset: data
//   only.
//
// Numbers
//   The product is rounded to float32 first (ties to even), then to an integer (ties to even), as
//   NumPy's np.rint(x * inv_scale) on float32 does. Every bit pattern of x and inv_scale is
//   accepted: subnormals are kept, infinity saturates, and a NaN, infinity * 0 included, gives
//   zero_point.
//
//   With values A * 2^(Ea-150) and B * 2^(Eb-150), A and B of 24 bits, the product to be rounded to
//   an integer is (A*B / 2^23) / 2^(277-Ea-Eb), which scale_to_int8 computes. It needs A and B
//   normal, so a subnormal factor is shifted left and its exponent decremented to match. One
//   shifter is enough: the product of two subnormals is below 2^-252, and any right shift of more
//   than 31 leaves 0. If one factor is zero and the other normal, infinite or NaN, the zero is a,
//   hence A = 0: infinity * 0 is 0 without a special case.
//
// Example
//   x = 2.5 (40200000), inv_scale = 1.0 (3F800000): A*B / 2^23 = 5 * 2^21, 277-128-127 = 22: 2.5 ->
//   2.
`default_nettype none

module fp32_to_int8 (
    input  wire        clk,
    input  wire [31:0] x,
    input  wire [31:0] inv_scale,
    input  wire [7:0]  zero_point,
    output wire [7:0]  q
);

    localparam [1:0] FP32 = 2'd3;

    // 1: the factor that may be zero or subnormal is called a.
    wire        swap0 = (x[30:23] != 8'd0);
    reg         negate1_q;
    reg  [30:0] a1_q, b1_q;
    reg  [8:0]  exponents1_q;  // Ea + Eb, 0 standing for a subnormal's 1
    reg  [7:0]  zero1_q;

    // 2: the left shift of a; NaN and infinity.
    wire [4:0] lead1;
    wire       a_inf1 = (a1_q[30:23] == 8'hFF);
    wire       b_inf1 = (b1_q[30:23] == 8'hFF);
    wire       nan1   = (a_inf1 & (a1_q[22:0] != 23'd0)) | (b_inf1 & (b1_q[22:0] != 23'd0));

    lead_zeros u_lead_zeros (
        .x    ({a1_q[22:0], 9'd0}),
        .count(lead1)
    );

    reg        sub2_q, negate2_q, nan2_q, inf2_q;
    reg [4:0]  lead2_q;
    reg [22:0] a2_q, b2_q;
    reg [9:0]  base2_q;  // signed: the right shift, without a's leading zeros
    reg [7:0]  zero2_q;

    // 3: a normalised. A subnormal is shifted left by lead + 1, and its exponent 1 becomes -lead.
    wire [4:0] left2     = lead2_q & {5{sub2_q}};
    wire [9:0] places2   = base2_q + {5'd0, left2};  // signed
    wire       over_31_2 = nan2_q | (~inf2_q & ~places2[9] & (places2[8:5] != 4'd0));

    reg        negate3_q;
    reg [23:0] a3_q, b3_q;
    reg [4:0]  right3_q;
    reg [7:0]  zero3_q;

    always @(posedge clk) begin
        negate1_q    <= x[31] ^ inv_scale[31];
        a1_q         <= swap0 ? inv_scale[30:0] : x[30:0];
        b1_q         <= swap0 ? x[30:0] : inv_scale[30:0];
        exponents1_q <= {1'b0, x[30:23]} + {1'b0, inv_scale[30:23]};
        zero1_q      <= zero_point;

        sub2_q    <= (a1_q[30:23] == 8'd0);
        negate2_q <= negate1_q;
        nan2_q    <= nan1;
        inf2_q    <= a_inf1 | b_inf1;
        lead2_q   <= lead1;
        a2_q      <= a1_q[22:0];
        b2_q      <= b1_q[22:0];
        base2_q   <= 10'd277 - {1'b0, exponents1_q};
        zero2_q   <= zero1_q;

        negate3_q <= negate2_q;
        a3_q      <= (sub2_q ? {a2_q, 1'b0} : {1'b1, a2_q}) << left2;
        b3_q      <= {1'b1, b2_q};
        right3_q  <= over_31_2 ? 5'd31 : (inf2_q | places2[9]) ? 5'd0 : places2[4:0];
        zero3_q   <= zero2_q;
    end

    // 4..11: below the range or NaN, the shift by 31 leaves 0; infinity, unshifted, saturates.
    scale_to_int8 u_scale (
        .clk       (clk),
        .rst       (1'b0),
        .enable    (1'b1),
        .rule      (FP32),
        .a_high    ($signed({1'b0, a3_q[23:8]})),
        .a_low     ({1'b0, a3_q[7:0], 8'd0}),
        .b         ($signed({8'd0, b3_q})),
        .negate    (negate3_q),
        .right     (right3_q),
        .zero_point(zero3_q),
        .clamp_low (8'h80),
        .clamp_high(8'h7F),
        .q         (q)
    );

endmodule

`default_nettype wire
