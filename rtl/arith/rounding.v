// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Decides whether a truncated number is incremented by one unit in its last place. Every rounding
//   to nearest of this project uses it; stochastic rounding is in fp32_to_bf16. The caller passes
//   the last kept bit (lsb), the first dropped one (guard) and the OR of all dropped ones below it
//   (sticky), truncates (two's complement: toward minus infinity), and adds `up`.
//
// Latency
//   Combinational.
//
// Numbers
//   guard sticky | dropped part | FLOOR  AWAY        UP   EVEN
//     0     0    | none         |   0     0           0    0
//     0     1    | below half   |   0     0           0    0
//     1     0    | exactly half |   0     !negative   1    lsb
//     1     1    | above half   |   0     1           1    1
//
//   AWAY  nearest, ties away from zero, for two's complement numbers (`negative` is their sign:
//         truncation already moved a negative tie away from zero)
//   UP    nearest, ties toward plus infinity
//   EVEN  nearest, ties to even; for magnitudes as for two's complement
//
//   The codes of `rule` are those of the panel's mode: raw 0, gemmlowp 1, ruy 2, fp32 3.
//
// Example
//   -2.5 = 101.1 in two's complement with one bit dropped: truncated to -3 (101), lsb 1, guard 1,
//   sticky 0: AWAY leaves -3, UP gives -2, EVEN gives -2.
`default_nettype none

module rounding (
    input  wire [1:0] rule,
    input  wire       negative,
    input  wire       lsb,
    input  wire       guard,
    input  wire       sticky,
    output wire       up
);

    localparam [1:0] AWAY = 2'd1;
    localparam [1:0] UP   = 2'd2;
    localparam [1:0] EVEN = 2'd3;

    assign up = guard & ((rule == UP) |
                         ((rule == AWAY) & (sticky | ~negative)) |
                         ((rule == EVEN) & (sticky | lsb)));

endmodule

`default_nettype wire
