// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The last adder of a cell's tree, the sum over a tile, and the result register after it.
//
//     addends     ──► + ──► tree ──► + ──► acc     (valid: keep the sum, clear: zero)
//                                    └───► result ──► chain_out   (last: load; shift: chain_in)
//
//   acc is cleared by its synchronous reset after the last slice, not by a multiplexer in front of
//   the adder on the first: a reset pin is free, 32 multiplexers are not. `last` therefore comes
//   with `valid` and with `clear`.
//
//   A family with slow carry chains may replace this module with its own: same ports, same latency.
//
// Latency
//   1 cycle from the addends to tree; `valid`, `last` and `clear` belong to the value in tree.
//
// Numbers
//   tree is exact, one bit wider than the addends. The sum wraps modulo 2^32.
//
// Example
//   TERMS 2: addends 3 and -5 in cycle 0, 2 and 7 in cycle 1; valid in cycle 1; valid, last and
//   clear in cycle 2: in cycle 3 chain_out is -2 + 9 = 7, and acc is 0 for the next tile.
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

    reg signed [W:0]  tree_q;
    reg signed [31:0] acc_q;
    reg [31:0]        result_q;

    // Simulation time grows with every operand that a clocked block reads and with every wire that
    // changes. Hence one block, two conditions that rarely change, and a sum written twice
    // (synthesis merges it).
    wire add         = valid && !clear;
    wire result_load = last || chain_shift;

    always @(posedge clk) begin
        if (TERMS == 1) tree_q <= $signed(addend_0);
        else tree_q <= addend_0 + addend_1;
        if (add) acc_q <= acc_q + tree_q;
        else if (clear) acc_q <= 32'sd0;
        if (result_load) begin
            if (last) result_q <= acc_q + tree_q;
            else result_q <= chain_in;
        end
    end

    assign chain_out = result_q;

endmodule

`default_nettype wire
