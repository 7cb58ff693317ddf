// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The systolic array of the textbooks, output stationary, to compare mac_array with. Not part of
//   the core.
//
//              w lane 0   w lane 1  ...
//     a lane 0 ─ cell ───── cell ──
//                  │          │
//     a lane 1 ─ cell ───── cell ──
//
//   Operands advance by one cell per cycle: activations to the right, weights down. The parent
//   skews them: row r and column c come r and c cycles late, and so does `first`, which moves with
//   the activations. Each cell: acc <= (first ? 0 : acc) + a * w, the multiplier inferred.
//
// Latency
//   Operands in a cell's registers to its sum 1 cycle. While `shift` is high a column's sums move
//   towards row 0, and no products are added: the array cannot compute and be read at the same
//   time.
//
// Numbers
//   int8 x int8, accumulated in int32, which wraps. No reset: `first` starts a sum.
//
// Example
//   1x1: a = 3, w = -5 with first, then a = 2, w = 7 without: sums reads -15, then -1.
`default_nettype none

module textbook_array #(
    parameter integer ROWS = 8,  // 1..32
    parameter integer COLS = 8   // 1..32
) (
    input  wire               clk,
    input  wire               shift,
    input  wire [ROWS-1:0]    first,
    input  wire [8*ROWS-1:0]  a,
    input  wire [8*COLS-1:0]  w,
    output wire [32*COLS-1:0] sums   // column c of row 0 is sums[32*c +: 32]
);

    genvar r, c;
    generate
        for (r = 0; r < ROWS; r = r + 1) begin : g_row
            for (c = 0; c < COLS; c = c + 1) begin : g_col
                reg signed [7:0]  a_q, w_q;
                reg               first_q;
                reg signed [31:0] acc_q;
                wire signed [7:0]  a_in, w_in;
                wire signed [31:0] below;
                wire               first_in;
                wire signed [15:0] product = a_q * w_q;
                if (c == 0) begin : g_left
                    assign a_in     = a[8*r +: 8];
                    assign first_in = first[r];
                end else begin : g_inner
                    assign a_in     = g_row[r].g_col[c-1].a_q;
                    assign first_in = g_row[r].g_col[c-1].first_q;
                end
                if (r == 0) begin : g_top
                    assign w_in = w[8*c +: 8];
                end else begin : g_under
                    assign w_in = g_row[r-1].g_col[c].w_q;
                end
                if (r == ROWS-1) begin : g_bottom
                    assign below = 32'sd0;
                end else begin : g_over
                    assign below = g_row[r+1].g_col[c].acc_q;
                end
                always @(posedge clk) begin
                    a_q     <= a_in;
                    w_q     <= w_in;
                    first_q <= first_in;
                    if (shift) acc_q <= below;
                    else acc_q <= (first_q ? 32'sd0 : acc_q) + product;
                end
            end
        end
        for (c = 0; c < COLS; c = c + 1) begin : g_foot
            assign sums[32*c +: 32] = g_row[0].g_col[c].acc_q;
        end
    endgenerate

endmodule

`default_nettype wire
