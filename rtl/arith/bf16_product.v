// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Completes a bfloat16 product from the product of the two significands: all of bf16_mul except
//   the multiplier, so that a cell can share its one multiplier with int8.
//
// Latency
//   LATENCY = 4 cycles from a and b to p, one product per cycle. `product` belongs to the a and b
//   of 2 cycles before, so mul9x9 takes their significands in the same cycle as this module takes a
//   and b. No reset: data only. Cycles count only while `enable` is high; while it is low, p holds.
//
// Numbers
//   p = a * b as float32, IEEE 754. Subnormals are kept at both ends; zeros and infinities have the
//   product's sign. 8 x 8 bits fit a float32's 24, so only subnormal results are rounded, to
//   nearest even, and only below 2^-134. Overflow gives infinity. Every NaN is 32'h7FC00000;
//   infinity * 0 is NaN. A significand is {exponent != 0, fraction}, 8 bits.
//
//   Let e = ea + eb, with a subnormal's exponent counted as 1; the value is product * 2^(e-268).
//   The unit of a subnormal float32 is 2^-149, so its bits are product * 2^(e-119): shifted left by
//   e-119, or right. By stage:
//
//     1, 2   e, and what follows from it, while the multiplier works
//     3      shift right if e < 119; count the leading zeros of the product. The left shift is the
//            number of zeros above 24 bits, but at most e-119: a `stop` bit is set at that position
//     4      shift left; the exponent field is e-118 minus the shift if the leading bit is one;
//            round
//
// Example
//   1.5 * 1.5: 3FC0 * 3FC0, product 0xC0 * 0xC0 = 0x9000, e = 254: shifted left by 8, exponent
//   field 128, p = 40100000 = 2.25.
`default_nettype none

module bf16_product (
    input  wire        clk,
    input  wire        enable,
    input  wire [15:0] a,
    input  wire [15:0] b,
    input  wire [15:0] product,
    output reg  [31:0] p
);

    localparam [1:0] EVEN = 2'd3;

    // 1
    wire        a_lead = (a[14:7] != 8'd0);
    wire        b_lead = (b[14:7] != 8'd0);
    wire        a_inf0 = (a[14:7] == 8'hFF);
    wire        b_inf0 = (b[14:7] == 8'hFF);
    wire        nan0   = (a_inf0 & (a[6:0] != 7'd0)) | (b_inf0 & (b[6:0] != 7'd0)) |
                         (a_inf0 & (b[14:0] == 15'd0)) | (b_inf0 & (a[14:0] == 15'd0));

    reg         negative1_q, nan1_q, inf1_q;
    reg  [8:0]  exp1_q;  // 2..510

    // 2: a shift right by 17 places leaves 0. From 24 places left on the `stop` bit is not needed.
    wire [8:0]  right1 = 9'd119 - exp1_q;  // one of the two is negative, or both are 0
    wire [8:0]  left1  = exp1_q - 9'd119;

    reg         negative2_q, nan2_q, inf2_q, edge2_q;
    reg  [8:0]  exp2_q;
    reg  [4:0]  right2_q;
    reg  [23:0] stop2_q;

    // 3: 2^128 or more is infinity: products >= 2^15 at e = 381, and all of them at e > 381, where
    // both factors are normal and so the product is >= 2^14.
    wire [4:0]  zeros3;
    wire [15:0] shifted3;
    wire        guard3, sticky3;
    wire        force3 = inf2_q | nan2_q | (edge2_q & product[15]);

    lead_zeros u_lead_zeros (
        .x    ({{8'd0, product} | stop2_q, 8'd0}),
        .count(zeros3)
    );
    shift_right_sticky #(
        .WIDTH(17)
    ) u_shift_right (
        .x     ({product, 1'b0}),
        .right (right2_q),
        .y     ({shifted3, guard3}),
        .sticky(sticky3)
    );

    reg         negative3_q, shifted_right3_q, guard3_q, sticky3_q;
    reg  [7:0]  exp3_q;
    reg  [4:0]  zeros3_q;
    reg  [15:0] product3_q;

    // 4
    wire [23:0] shifted4 = {8'd0, product3_q} << zeros3_q;
    wire [7:0]  exp4     = exp3_q - {3'd0, zeros3_q};
    wire        up4;

    rounding u_rounding (
        .rule    (EVEN),
        .negative(1'b0),
        .lsb     (product3_q[0]),
        .guard   (guard3_q),
        .sticky  (sticky3_q),
        .up      (up4)
    );

    always @(posedge clk) if (enable) begin
        negative1_q <= (a[15] ^ b[15]) & ~nan0;
        nan1_q      <= nan0;
        inf1_q      <= a_inf0 | b_inf0;
        exp1_q      <= {1'b0, a[14:8], a[7] | ~a_lead} + {1'b0, b[14:8], b[7] | ~b_lead};

        negative2_q <= negative1_q;
        nan2_q      <= nan1_q;
        inf2_q      <= inf1_q | (exp1_q > 9'd381);
        edge2_q     <= (exp1_q == 9'd381);
        exp2_q      <= exp1_q - 9'd118;
        right2_q    <= (exp1_q > 9'd119) ? 5'd0 : right1[4:0] | {5{|right1[6:5]}};
        stop2_q     <= (exp1_q < 9'd119) ? 24'h80_0000 :
                       (left1[8:5] == 4'd0) ? 24'h80_0000 >> left1[4:0] : 24'd0;

        negative3_q <= negative2_q;
        if (force3) begin  // infinity or NaN, encoded as a number
            exp3_q           <= 8'd7;  // 255 + 8
            zeros3_q         <= 5'd8;
            product3_q       <= {1'b1, nan2_q, 14'd0};
            shifted_right3_q <= 1'b0;
        end else begin
            exp3_q           <= exp2_q[7:0];
            zeros3_q         <= zeros3;
            product3_q       <= shifted3;
            shifted_right3_q <= (right2_q != 5'd0);
        end
        guard3_q    <= guard3;
        sticky3_q   <= sticky3;

        p           <= {negative3_q, {8{shifted4[23]}} & exp4, shifted4[22:16],
                        shifted_right3_q ? product3_q + {15'd0, up4} : shifted4[15:0]};
    end

    wire unused = &{1'b0, exp2_q[8], right1[8:7]};  // right1 is at most 117

endmodule

`default_nettype wire
