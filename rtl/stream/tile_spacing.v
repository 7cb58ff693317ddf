// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Keeps the last slices of successive tiles far enough apart for the result chain: a tile may end
//   when the chain will be free as its results arrive. The distance depends on the format of both
//   tiles, in cycles between their last slices:
//
//     this tile      next tile: raw                  requantised            bfloat16
//     raw            ROWS                            ROWS                   ROWS
//     requantised    ROWS * ROW_CYCLES + latency     ROWS * ROW_CYCLES      ROWS * ROW_CYCLES
//     bfloat16       4 ROWS * ROW_CYCLES + latency   4 ROWS * ROW_CYCLES    4 ROWS * ROW_CYCLES
//                    + 3                             + 3                    + PUSH_EARLY
//
//   Raw rows bypass the requantisers, so they wait POST_LATENCY more and cannot overtake.
//
// Latency
//   1 cycle from `issue` of a last slice to chain_available for the next one. The counters are
//   compared with zero a cycle ahead.
//
// Numbers
//   The counters hold the distance minus 1 and count down to 0.
//
// Example
//   ROWS 4, raw tiles: the last slice in cycle 1, then chain_available for a last slice is low in
//   cycles 2 to 4 and high from cycle 5 on.
`default_nettype none

module tile_spacing #(
    parameter integer ROWS         = 8,   // rows of an int8 tile, 1..32
    parameter integer ROW_CYCLES   = 4,   // cycles per requantised row, 1..2048
    parameter integer POST_LATENCY = 11,  // extra cycles of a requantised row over a raw one
    parameter integer BF16         = 0    // 1: tiles may be bfloat16
) (
    input  wire clk,
    input  wire rst,
    // the slice at the head of the streams
    input  wire issue,           // it is issued in this cycle
    input  wire tile_end,        // it is the last one of its tile
    input  wire bf16,            // of a bfloat16 tile
    input  wire raw,             // of a raw int8 tile
    // output
    output wire chain_available  // it may be issued, as far as the result chain is concerned
);

    // A bfloat16 tile's sums reach the result registers one after the other: the first 4 cycles
    // after the last beat's products, where an int8 tile's arrive, the last 7. Its first sum must
    // not shift a row of the previous tile off the end of the chain while the output still waits
    // for it, unless rows leave in every cycle, when the chain shifts anyway.
    localparam integer PUSH_EARLY    = (ROW_CYCLES == 1 || ROW_CYCLES > 3) ? 0 : 4 - ROW_CYCLES;
    localparam integer TILE_ROWS_MAX = (BF16 != 0) ? 4 * ROWS : ROWS;
    localparam integer GAP_W         = $clog2(TILE_ROWS_MAX * ROW_CYCLES + POST_LATENCY + 4);

    // this tile, then the next one
    localparam [31:0] RAW_ANY         = ROWS - 1;
    localparam [31:0] REQUANT_REQUANT = ROWS * ROW_CYCLES - 1;
    localparam [31:0] REQUANT_RAW     = ROWS * ROW_CYCLES + POST_LATENCY - 1;
    localparam [31:0] BF16_BF16       = TILE_ROWS_MAX * ROW_CYCLES + PUSH_EARLY - 1;
    localparam [31:0] BF16_REQUANT    = TILE_ROWS_MAX * ROW_CYCLES + 3 - 1;
    localparam [31:0] BF16_RAW        = TILE_ROWS_MAX * ROW_CYCLES + 3 + POST_LATENCY - 1;

    reg [GAP_W-1:0] gap_q;       // cycles until a requantised tile may end
    reg [GAP_W-1:0] gap_raw_q;   // until a raw one may
    reg [GAP_W-1:0] gap_bf16_q;  // until a bfloat16 one may
    reg             gap_done_q, gap_raw_done_q, gap_bf16_done_q;  // each of them is zero

    wire [GAP_W-1:0] gap_next      = bf16 ? BF16_REQUANT[GAP_W-1:0] :
                                     raw ? RAW_ANY[GAP_W-1:0] : REQUANT_REQUANT[GAP_W-1:0];
    wire [GAP_W-1:0] gap_raw_next  = bf16 ? BF16_RAW[GAP_W-1:0] :
                                     raw ? RAW_ANY[GAP_W-1:0] : REQUANT_RAW[GAP_W-1:0];
    wire [GAP_W-1:0] gap_bf16_next = bf16 ? BF16_BF16[GAP_W-1:0] :
                                     raw ? RAW_ANY[GAP_W-1:0] : REQUANT_REQUANT[GAP_W-1:0];

    always @(posedge clk) begin
        if (rst) begin
            gap_q           <= {GAP_W{1'b0}};
            gap_raw_q       <= {GAP_W{1'b0}};
            gap_bf16_q      <= {GAP_W{1'b0}};
            gap_done_q      <= 1'b1;
            gap_raw_done_q  <= 1'b1;
            gap_bf16_done_q <= 1'b1;
        end else begin
            if (issue && tile_end) begin
                gap_q          <= gap_next;
                gap_raw_q      <= gap_raw_next;
                gap_done_q     <= (gap_next == {GAP_W{1'b0}});
                gap_raw_done_q <= (gap_raw_next == {GAP_W{1'b0}});
            end else begin
                if (!gap_done_q) gap_q <= gap_q - 1'b1;
                if (!gap_raw_done_q) gap_raw_q <= gap_raw_q - 1'b1;
                gap_done_q     <= (gap_q[GAP_W-1:1] == {(GAP_W-1){1'b0}});
                gap_raw_done_q <= (gap_raw_q[GAP_W-1:1] == {(GAP_W-1){1'b0}});
            end
            if (BF16 != 0) begin
                if (issue && tile_end) begin
                    gap_bf16_q      <= gap_bf16_next;
                    gap_bf16_done_q <= (gap_bf16_next == {GAP_W{1'b0}});
                end else begin
                    if (!gap_bf16_done_q) gap_bf16_q <= gap_bf16_q - 1'b1;
                    gap_bf16_done_q <= (gap_bf16_q[GAP_W-1:1] == {(GAP_W-1){1'b0}});
                end
            end
        end
    end

    assign chain_available = !tile_end ||
                             (bf16 ? gap_bf16_done_q : raw ? gap_raw_done_q : gap_done_q);

endmodule

`default_nettype wire
