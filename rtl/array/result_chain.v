// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Paces the array's result registers: one row after the other.
//
//   A tile's results appear all at once, in the cycle after `load`. The chain then shifts towards
//   row 0 once every pace + 1 cycles: raw rows leave back to back (pace 0), requantised ones wait
//   for the lanes that the columns share.
//
//     cycle      0     1      2      3         pace 0, ROWS 3
//     load     __/‾‾\__________________
//     row_valid_______/‾row 0‾‾row 1‾‾row 2\__     row_last with row 2
//     chain_shift/‾‾‾‾‾‾‾‾‾‾\__________________    one cycle ahead: the array registers it
//
// Latency
//   Row r is marked 1 + r * (pace + 1) cycles after load. The next load may come rows * (pace + 1)
//   cycles after this one, no sooner; the sequencer guarantees it.
//
// Numbers
//   None: only control passes here. The tag is the tile's and holds until the next load.
//
// Example
//   3 rows at pace 1, load in cycle 0: row_valid in cycles 1, 3 and 5, row_last in cycle 5; the
//   next load may come in cycle 6.
`default_nettype none

module result_chain #(
    parameter integer ROWS   = 8,  // rows of the tallest tile, 1..128
    parameter integer PACE_W = 1,  // bits of pace
    parameter integer TAG_W  = 1   // bits that accompany a tile
) (
    input  wire              clk,
    input  wire              rst,
    // from the array
    input  wire              load,
    input  wire [TAG_W-1:0]  load_tag,
    input  wire [PACE_W-1:0] load_pace,                            // cycles per row, less one
    input  wire [((ROWS == 1) ? 1 : $clog2(ROWS))-1:0] load_rows,  // rows of the tile, less one
    output wire              chain_shift,
    // to the output stage
    output wire              row_valid,  // first cycle of a row on `row`
    output wire              row_last,   // ... and it is the tile's last one
    output wire [TAG_W-1:0]  row_tag
);

    localparam integer ROWS_W   = (ROWS == 1) ? 1 : $clog2(ROWS);
    localparam [31:0]  ROWS_ONE = 1;
    localparam [31:0]  PACE_ONE = 1;

    reg [ROWS_W-1:0] rows_remaining_q, rows_remaining_d;  // rows after the one on `row`
    reg [PACE_W-1:0] pace_count_q, pace_count_d;          // cycles until the next one may come
    reg [PACE_W-1:0] pace_q;
    reg [TAG_W-1:0]  tag_q;
    reg              row_valid_q;

    wire chain_advance = (rows_remaining_q != {ROWS_W{1'b0}}) && (pace_count_q == {PACE_W{1'b0}});

    always @* begin
        rows_remaining_d = rows_remaining_q;
        pace_count_d     = pace_count_q;
        if (load) begin
            rows_remaining_d = load_rows;
            pace_count_d     = load_pace;
        end else if (chain_advance) begin
            rows_remaining_d = rows_remaining_q - 1'b1;
            pace_count_d     = pace_q;
        end else if (pace_count_q != {PACE_W{1'b0}}) begin
            pace_count_d = pace_count_q - 1'b1;
        end
    end

    always @(posedge clk) begin
        if (rst) begin
            rows_remaining_q <= {ROWS_W{1'b0}};
            pace_count_q     <= {PACE_W{1'b0}};
            row_valid_q      <= 1'b0;
        end else begin
            rows_remaining_q <= rows_remaining_d;
            pace_count_q     <= pace_count_d;
            row_valid_q      <= load | chain_advance;
        end
        if (load) begin
            pace_q <= load_pace;
            tag_q  <= load_tag;
        end
    end

    // The cycle before chain_advance: rows_remaining_d is not 0 and pace_count_d is. It enables
    // every result register, so it is computed without waiting for those two.
    assign chain_shift =
        load ? (load_rows != {ROWS_W{1'b0}}) && (load_pace == {PACE_W{1'b0}}) :
        chain_advance ? (rows_remaining_q != ROWS_ONE[ROWS_W-1:0]) && (pace_q == {PACE_W{1'b0}}) :
        (rows_remaining_q != {ROWS_W{1'b0}}) && (pace_count_q == PACE_ONE[PACE_W-1:0]);
    assign row_valid   = row_valid_q;
    assign row_last    = row_valid_q && (rows_remaining_q == {ROWS_W{1'b0}});
    assign row_tag     = tag_q;

endmodule

`default_nettype wire
