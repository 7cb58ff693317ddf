// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Random 16-bit words for stochastic rounding, LANES of them at a time, from a seed.
//
// Latency
//   1 cycle: `load` and `step` take effect in the next cycle; `load` wins. A bit of `bits`, and of
//   the next state, is the XOR of some bits of the state: 3 levels of LUT4 for any LANES.
//
// Numbers
//   A 32-bit Galois shift register over x^32 + x^22 + x^2 + x + 1, with a period of 2^32 - 1. A
//   word is the lower half of the state; the next word is the state 16 shifts later. The words form
//   one sequence whatever LANES is: lane 0 has the first, lane 1 the second, and after a step lane
//   0 continues where the last lane ended. Seed 0, at which the register would stay, is
//   replaced by FFFFFFFF. golden/arith/lfsr32.py has the sequence. Lane l is bits[16*l +: 16].
//
// Example
//   Seed 1: the words are 0001, B6C3, 3DB5, F3CF, ...
`default_nettype none

module lfsr32 #(
    parameter integer LANES = 1  // words per step, 1..32
) (
    input  wire                clk,
    input  wire                load,
    input  wire [31:0]         seed,
    input  wire                step,
    output wire [16*LANES-1:0] bits
);

    // Each bit of a later state is the XOR of some bits of this one. Row b of this matrix, bits
    // 32*b +: 32, selects those of bit b. A shift moves all rows down by one place, and adds row 0
    // to those of the polynomial.
    function [1023:0] after;
        input integer shifts;
        integer i;
        begin
            after = 1024'd0;
            for (i = 31; i >= 0; i = i - 1)
                after = {after[991:0], 32'd1 << i};
            for (i = 0; i < shifts; i = i + 1)
                after = {32'd0, after[1023:32]} ^
                        {after[31:0], 288'd0, after[31:0], 608'd0, {2{after[31:0]}}};
        end
    endfunction

    localparam [1023:0] NEXT = after(16*LANES);

    reg  [31:0] state_q;
    wire [31:0] state_d;

    genvar b, l;
    generate
        for (b = 0; b < 32; b = b + 1) begin : g_next
            assign state_d[b] = ^(state_q & NEXT[32*b +: 32]);
        end
        for (l = 0; l < LANES; l = l + 1) begin : g_lane
            localparam [1023:0] WORD = after(16*l);
            for (b = 0; b < 16; b = b + 1) begin : g_bit
                assign bits[16*l + b] = ^(state_q & WORD[32*b +: 32]);
            end
        end
    endgenerate

    always @(posedge clk)
        if (load) state_q <= (seed == 32'd0) ? 32'hFFFF_FFFF : seed;
        else if (step) state_q <= state_d;

endmodule

`default_nettype wire
