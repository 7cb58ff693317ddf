// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Drops the low half of a product and rounds it, as fixed point or as float32: the second step of
//   scale_to_int8. The result is y + up; the parent adds them, or avoids the addition.
//
// Latency
//   Combinational.
//
// Numbers
//   fp = 0, fixed point: p < 2^63 - 2^30, signed (a product of two int32 is at most 2^62). y + up =
//   (p + 2^30) >> 31 = round(p / 2^31), ties up, 33 bits signed: the rounding of SRDHM. SRDHM would
//   saturate 2^31 (of -2^31 * -2^31) to 2^31 - 1; here it stays 2^31, see scale_to_int8.
//
//   fp = 1, float: p is 0 or 2^54 <= p < 2^56, bits 7:0 are zero. y + up is p / 2^31 rounded to 24
//   significant bits, ties to even; it is even where p >= 2^55.
//
//   The leading one of a product of two normal significands is in one of two positions, and the
//   last of the 24 bits moves with it. Instead of shifting the product, the rounding increment is
//   added at the right position: it reaches bit 32 by carry, by adding `up` to a bit 31 equal to
//   `up`.
//
//     bit   55 54 ....... 33 32 31 30 29 ....... 8 | 7..0
//     hi    1  s  ....... s  L  G  t  t  ....... t | 0    y = {p[63:32], up}: bit 0 of y + up is 0
//     lo    0  1  ....... s  s  L  G  t  ....... t | 0    y = {p[63:32], p[31]}
//
// Example
//   fp: p = 2^55 + 2^32 + 2^31 is a tie with lsb 1: up = 1, y = 2^24 + 2 + 1, y + up = 2^24 + 4.
`default_nettype none

module round_product (
    input  wire        fp,
    input  wire [63:0] p,
    output wire [32:0] y,
    output wire        up
);

    localparam [1:0] UP   = 2'd2;
    localparam [1:0] EVEN = 2'd3;

    wire hi     = fp & p[55];
    wire lsb    = hi ? p[32] : p[31];
    wire guard  = hi ? p[31] : p[30];
    wire sticky = (|p[29:8]) | (hi & p[30]);

    rounding u_rounding (
        .rule    (fp ? EVEN : UP),
        .negative(1'b0),
        .lsb     (lsb),
        .guard   (guard),
        .sticky  (sticky),
        .up      (up)
    );

    assign y = {p[63:32], hi ? up : p[31]};

    wire unused = &{1'b0, p[7:0]};  // fp: zero. Fixed point: below the guard bit, and ties go up.

endmodule

`default_nettype wire
