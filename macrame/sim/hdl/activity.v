// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Switching activity of the int8 array: how many bits of its registers toggle, by kind of
//   register. core_player.v instantiates it if ACTIVITY is 1; it reads the array by hierarchical
//   reference and drives nothing.
//
//     a_toggles, w_toggles   mac_array: operand registers a_q and w_q
//     product_toggles        mul8x8: product_q and p_q of every multiplier
//     sum_toggles            pe_int8: the adder tree's registers, accumulator's tree_q the last of
//                            them (with DEPTH 1 the only one)
//     acc_toggles            accumulator: acc_q
//     result_toggles         accumulator: result_q
//
//   The array's registers are gathered into one vector per kind, each by a process that wakes when
//   it changes, because a register that holds its value then costs the simulator nothing, and bits
//   are counted once per clock, all cells together. A position of a vector without a register stays
//   X, and $countones ignores X. Vectors have whole words of 32 bits: in Icarus 11 $countones also
//   counts the unused part of the last word.
//
// Latency
//   Registers change at the rising edge and are compared at the falling one; totals are read at a
//   rising edge.
//
// Numbers
//   A toggle is a bit that was 0 and is 1 one clock later, or was 1 and is 0; one that was or is
//   unknown does not count. A two-state simulator such as Verilator has no unknown bits: a
//   register's first value is compared with a random one. Totals only grow; for an interval,
//   subtract.
//
// Example
//   An accumulator that changes from 2 to 8 toggles two bits, and one more where the tile's end
//   clears it.
`timescale 1ns / 1ps
`default_nettype none
`define PE dut.u_mac_array.g_row[r].g_col[c].u_pe.g_int8.u_pe
module activity #(
    parameter ROWS  = 8,
    parameter COLS  = 8,
    parameter DEPTH = 1
) (
    input wire clk
);
    localparam CELLS  = ROWS * COLS;
    localparam LEVELS = (DEPTH == 1) ? 1 : $clog2(DEPTH);
    localparam SUM_W  = 16 + LEVELS;                  // of tree_q, the widest sum
    // places of a cell: DEPTH for each level of sums but the last
    localparam SUMS   = (LEVELS - 1) * DEPTH + 1;
    localparam A_BITS   = 32 * ((8*DEPTH*ROWS + 31) / 32);
    localparam W_BITS   = 32 * ((8*DEPTH*COLS + 31) / 32);
    localparam SUM_BITS = 32 * ((SUM_W*SUMS*CELLS + 31) / 32);

    // read by Python
    reg [63:0] cycles = 0;
    reg [63:0] a_toggles = 0, w_toggles = 0, product_toggles = 0, sum_toggles = 0, acc_toggles = 0,
               result_toggles = 0;

    reg [A_BITS-1:0]         a, a_before;
    reg [W_BITS-1:0]         w, w_before;
    reg [32*DEPTH*CELLS-1:0] product, product_before;
    reg [SUM_BITS-1:0]       sum, sum_before;
    reg [32*CELLS-1:0]       acc, acc_before;
    reg [32*CELLS-1:0]       result, result_before;

    always @(dut.u_mac_array.a_q)
        a[8*DEPTH*ROWS-1:0] = dut.u_mac_array.a_q;
    always @(dut.u_mac_array.w_q)
        w[8*DEPTH*COLS-1:0] = dut.u_mac_array.w_q;

    genvar r, c, l, n;
    generate
        for (r = 0; r < ROWS; r = r + 1) begin : g_row
            for (c = 0; c < COLS; c = c + 1) begin : g_col
                localparam CELL = r * COLS + c;
                // in pairs; the last one of an odd number is alone
                for (n = 0; n < DEPTH; n = n + 1) begin : g_product
                    localparam AT = 32 * (CELL * DEPTH + n);
                    if (n % 2 != 0) begin : g_second
                        always @(`PE.g_pair[n/2].u_mul.u_mul_1.product_q)
                            product[AT +: 16] =
                                `PE.g_pair[n/2].u_mul.u_mul_1.product_q;
                        always @(`PE.g_pair[n/2].u_mul.u_mul_1.p_q)
                            product[AT + 16 +: 16] =
                                `PE.g_pair[n/2].u_mul.u_mul_1.p_q;
                    end else if (n != DEPTH - 1) begin : g_first
                        always @(`PE.g_pair[n/2].u_mul.u_mul_0.product_q)
                            product[AT +: 16] =
                                `PE.g_pair[n/2].u_mul.u_mul_0.product_q;
                        always @(`PE.g_pair[n/2].u_mul.u_mul_0.p_q)
                            product[AT + 16 +: 16] =
                                `PE.g_pair[n/2].u_mul.u_mul_0.p_q;
                    end else begin : g_odd
                        always @(`PE.g_level[0].g_node[n].g_product.g_mul.u_mul.product_q)
                            product[AT +: 16] =
                                `PE.g_level[0].g_node[n].g_product.g_mul.u_mul.product_q;
                        always @(`PE.g_level[0].g_node[n].g_product.g_mul.u_mul.p_q)
                            product[AT + 16 +: 16] =
                                `PE.g_level[0].g_node[n].g_product.g_mul.u_mul.p_q;
                    end
                end
                for (l = 1; l < LEVELS; l = l + 1) begin : g_level
                    for (n = 0; n < (DEPTH + (1 << l) - 1) >> l; n = n + 1) begin : g_sum
                        localparam AT = SUM_W * (CELL * SUMS + (l - 1) * DEPTH + n);
                        always @(`PE.g_level[l].g_node[n].g_add.sum_q)
                            sum[AT +: 16 + l] =
                                `PE.g_level[l].g_node[n].g_add.sum_q;
                    end
                end
                always @(`PE.u_acc.tree_q)
                    sum[SUM_W * (CELL * SUMS + SUMS - 1) +: SUM_W] =
                        `PE.u_acc.tree_q;
                always @(`PE.u_acc.acc_q)
                    acc[32 * CELL +: 32] = `PE.u_acc.acc_q;
                always @(`PE.u_acc.result_q)
                    result[32 * CELL +: 32] = `PE.u_acc.result_q;
            end
        end
    endgenerate

    always @(negedge clk) begin
        cycles = cycles + 1;
        if (a !== a_before) begin
            a_toggles = a_toggles + $countones(a ^ a_before);
            a_before  = a;
        end
        if (w !== w_before) begin
            w_toggles = w_toggles + $countones(w ^ w_before);
            w_before  = w;
        end
        if (product !== product_before) begin
            product_toggles = product_toggles + $countones(product ^ product_before);
            product_before  = product;
        end
        if (sum !== sum_before) begin
            sum_toggles = sum_toggles + $countones(sum ^ sum_before);
            sum_before  = sum;
        end
        if (acc !== acc_before) begin
            acc_toggles = acc_toggles + $countones(acc ^ acc_before);
            acc_before  = acc;
        end
        if (result !== result_before) begin
            result_toggles = result_toggles + $countones(result ^ result_before);
            result_before  = result;
        end
    end
endmodule
`undef PE
`default_nettype wire
