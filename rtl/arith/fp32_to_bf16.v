// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Narrows float32 to bfloat16 for storage, with three roundings. Stochastic rounding preserves
//   small gradients on average.
//
// Latency
//   Combinational.
//
// Numbers
//   bfloat16 is the upper half of a float32, so rounding increments that half by 0 or 1, as an
//   unsigned word: it carries from fraction into exponent, from the largest subnormal into the
//   smallest normal, and from the largest finite number into infinity.
//
//     rounding  0 and 3  nearest, ties to even; overflows to infinity
//               1        toward zero; a finite number stays finite
//               2        stochastic: away from zero iff random < x[15:0], so with probability
//                        x[15:0] / 2^16 for a uniform `random`; exact numbers, infinity included,
//                        never change
//
//   Subnormals are kept. Any NaN becomes the quiet sign | 16'h7FC0, in every rounding, as in
//   ml_dtypes.
//
//     x    s eeeeeeee fffffff | G tttttttttttttttt      16 + 16 bits
//     y    s eeeeeeee fffffff + up
//
// Example
//   x = 32'h3F80_8000 (1 + 2^-8) is halfway between 3F80 and 3F81: nearest even gives 3F80, toward
//   zero 3F80, stochastic 3F81 for random < 16'h8000.
`default_nettype none

module fp32_to_bf16 (
    input  wire [31:0] x,
    input  wire [1:0]  rounding,
    input  wire [15:0] random,
    output wire [15:0] y
);

    localparam [1:0] TOWARD_ZERO = 2'd1;
    localparam [1:0] STOCHASTIC  = 2'd2;
    localparam [1:0] EVEN        = 2'd3;  // rule of the module `rounding`

    wire nan = (x[30:23] == 8'hFF) & (x[22:0] != 23'd0);
    wire up_even;
    wire up = (rounding == STOCHASTIC)  ? (random < x[15:0]) :
              (rounding == TOWARD_ZERO) ? 1'b0 : up_even;

    rounding u_rounding (
        .rule    (EVEN),
        .negative(1'b0),
        .lsb     (x[16]),
        .guard   (x[15]),
        .sticky  (|x[14:0]),
        .up      (up_even)
    );

    assign y = nan ? {x[31], 15'h7FC0} : x[31:16] + {15'd0, up};

endmodule

`default_nettype wire
