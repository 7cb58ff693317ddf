// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Random 16-bit words for stochastic rounding, LANES of them at a time, from a seed.
//
// Latency
//   1 cycle: `load` and `step` take effect in the next cycle; `load` wins. `bits` is the state and
//   a few levels of XOR.
//
// Numbers
//   A 32-bit Galois shift register over x^32 + x^22 + x^2 + x + 1, with a period of 2^32 - 1. A
//   word is the lower half of the state; the next word is the state 16 shifts later. The words form
//   one sequence whatever LANES is: lane 0 has the first, lane 1 the second, and after a step lane
//   0 continues where the last lane ended. Seed 0, from which the register would never leave 0, is
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
    output reg  [16*LANES-1:0] bits
);

    localparam [31:0] TAPS = 32'h8020_0003;

    reg [31:0] state_q, state_d;

    integer l, i;
    always @* begin
        state_d = state_q;
        bits    = {(16*LANES){1'b0}};
        for (l = 0; l < LANES; l = l + 1) begin
            bits[16*l +: 16] = state_d[15:0];
            for (i = 0; i < 16; i = i + 1)
                state_d = {1'b0, state_d[31:1]} ^ ({32{state_d[0]}} & TAPS);
        end
    end

    always @(posedge clk)
        if (load) state_q <= (seed == 32'd0) ? 32'hFFFF_FFFF : seed;
        else if (step) state_q <= state_d;

endmodule

`default_nettype wire
