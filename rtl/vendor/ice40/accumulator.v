// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   rtl/array/accumulator.v with a short carry chain, for Lattice iCE40; same ports, latency and
//   numbers.
//
//   One bit of a carry chain takes 0.28 ns in an UltraPlus, so 32 of them take most of a cycle. But
//   tree has only W + 1 bits, and above bit W - 1 it is its sign alone, so the upper part of the
//   sum changes by one or not at all:
//
//     tree   carry out of the low W bits   upper part
//     >= 0   0                             unchanged
//     >= 0   1                             + 1
//     < 0    0                             - 1
//     < 0    1                             unchanged, as -1 + 1 = 0
//
//   So it changes where carry and sign differ, which is bit W of the low sum, in the direction that
//   the sign gives in advance. `step` needs no carry, and is ready as early as the low sum is.
//
// Latency
//   1 cycle from the addends to tree; `valid`, `last` and `clear` belong to the value in tree.
//
// Numbers
//   tree is exact, the sum wraps modulo 2^32.
//
// Example
//   W 16, acc = 0x0001FFFF and tree = 3: the low 16 bits give 0x0002 and a carry, tree is not
//   negative, so the upper half changes from 0x0001 to 0x0002. With tree = -3 the low 16 bits give
//   0xFFFC and a carry: no change.
`default_nettype none

module accumulator #(
    parameter integer W     = 16,  // bits of the addends, 16 to 18
    parameter integer TERMS = 1    // 2, or 1: addend_1 is not read
) (
    input  wire                clk,
    // control, aligned with tree
    input  wire                valid,        // accumulate
    input  wire                last,         // load the result register
    input  wire                clear,        // zero the accumulator
    input  wire                chain_shift,  // move the chain; a load wins over it
    // the tree's last two sums
    input  wire signed [W-1:0] addend_0,
    input  wire signed [W-1:0] addend_1,
    // result chain
    input  wire        [31:0]  chain_in,
    output wire        [31:0]  chain_out
);

    reg [W:0]  tree_q;
    reg [31:0] acc_q;
    reg [31:0] result_q;

    wire [W:0]  low        = {1'b0, acc_q[W-1:0]} + tree_q;
    wire [31:W] step       = acc_q[31:W] + {{31-W{tree_q[W]}}, 1'b1};  // + 1 or - 1
    wire [31:W] carry_step = {32-W{low[W]}};

    // Gates instead of conditions, from which synthesis would make a clock enable for acc and put
    // the result register after acc's multiplexer: one more level of logic from the carry to each.
    always @(posedge clk) begin
        if (TERMS == 1) tree_q <= {addend_0[W-1], addend_0};
        else tree_q <= {addend_0[W-1], addend_0} + {addend_1[W-1], addend_1};
        if (clear) acc_q[W-1:0] <= {W{1'b0}};
        else if (valid) acc_q[W-1:0] <= low[W-1:0];
        if (clear) acc_q[31:W] <= {32-W{1'b0}};
        else acc_q[31:W] <= (step & carry_step & {32-W{valid}}) |
                            (acc_q[31:W] & ~(carry_step & {32-W{valid}}));
        if (last) result_q[W-1:0] <= low[W-1:0];
        else if (chain_shift) result_q[W-1:0] <= chain_in[W-1:0];
        if (last) result_q[31:W] <= (step & carry_step) | (acc_q[31:W] & ~carry_step);
        else if (chain_shift) result_q[31:W] <= chain_in[31:W];
    end

    assign chain_out = result_q;

endmodule

`default_nettype wire
