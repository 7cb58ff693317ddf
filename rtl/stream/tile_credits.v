// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Counts the rows of free space in the result FIFO, and tells whether a tile may start: one
//   credit per row, consumed by the tile's first slice and returned as rows leave the FIFO. Nothing
//   behind the sequencer ever has to stop, therefore.
//
// Latency
//   1 cycle from `issue` and `row_sent` to the next answer. `issue` is the latest signal of its
//   cycle, so both outcomes are compared a cycle ahead, and `issue` only selects.
//
// Numbers
//   0..CREDITS credits. An int8 tile needs ROWS of them, a bfloat16 tile 4 ROWS. An open tile has
//   its credits: within it the answer is yes.
//
// Example
//   ROWS 4, CREDITS 6: a tile that starts in cycle 0 leaves 2 credits, so the next one may not
//   start in cycle 1. With row_sent in cycles 5 and 6 there are 4 in cycle 7, and it may.
`default_nettype none

module tile_credits #(
    parameter integer ROWS    = 8,   // rows of an int8 tile, 1..32
    parameter integer CREDITS = 64,  // rows the result FIFO holds, at least a tile's
    parameter integer BF16    = 0    // 1: tiles may be bfloat16
) (
    input  wire clk,
    input  wire rst,
    // the slice issued in this cycle
    input  wire issue,
    input  wire tile_open,          // it continues a tile
    input  wire bf16,               // of a bfloat16 tile
    // from the result FIFO
    input  wire row_sent,           // a row left it
    // answers
    output wire credits_available,  // enough for the tile that `bf16` selects, or a tile is open
    output wire credits_returned    // every row has left
);

    localparam integer CREDIT_W     = $clog2(CREDITS + 1);
    localparam [31:0]  CREDITS_ALL  = CREDITS;
    localparam [31:0]  CREDITS_INT8 = ROWS;
    localparam [31:0]  CREDITS_BF16 = (BF16 != 0) ? 4 * ROWS : ROWS;

    reg [CREDIT_W-1:0] credits_q;       // rows of free space
    reg                credits_int8_q;  // enough for an int8 tile
    reg                credits_bf16_q;  // enough for a bfloat16 tile

    wire [CREDIT_W-1:0] tile_credits = bf16 ? CREDITS_BF16[CREDIT_W-1:0] :
                                       CREDITS_INT8[CREDIT_W-1:0];
    wire                tile_start   = issue && !tile_open;

    // Will the credits suffice in the next cycle? That is credits_q + row_sent (minus tile_credits
    // behind a start) >= a tile's, with the terms moved to the other side: four comparisons with
    // constants, and a selection by `issue`, the last to arrive.
    wire [CREDIT_W:0] now = {1'b0, credits_q};
    wire [CREDIT_W:0] due = {1'b0, tile_credits};

    function credits_suffice;
        input [CREDIT_W:0] tile;    // credits that the next tile needs
        input [CREDIT_W:0] held;    // credits at present
        input [CREDIT_W:0] used;    // by the tile that may start in this cycle
        input              starts;
        input              returned;
        begin
            if (starts)
                credits_suffice = returned ? (held >= tile + used - 1'b1) : (held >= tile + used);
            else
                credits_suffice = returned ? (held >= tile - 1'b1) : (held >= tile);
        end
    endfunction

    wire [CREDIT_W:0] int8_tile = {1'b0, CREDITS_INT8[CREDIT_W-1:0]};
    wire [CREDIT_W:0] bf16_tile = {1'b0, CREDITS_BF16[CREDIT_W-1:0]};

    always @(posedge clk) begin
        if (rst) begin
            credits_q      <= CREDITS_ALL[CREDIT_W-1:0];
            credits_int8_q <= 1'b1;
            credits_bf16_q <= 1'b1;
        end else begin
            case ({tile_start, row_sent})
                2'b10:   credits_q <= credits_q - tile_credits;
                2'b11:   credits_q <= credits_q - tile_credits + 1'b1;
                2'b01:   credits_q <= credits_q + 1'b1;
                default: credits_q <= credits_q;
            endcase
            credits_int8_q <= issue ? credits_suffice(int8_tile, now, due, !tile_open, row_sent) :
                              credits_suffice(int8_tile, now, due, 1'b0, row_sent);
            if (BF16 != 0)
                credits_bf16_q <= issue ?
                                  credits_suffice(bf16_tile, now, due, !tile_open, row_sent) :
                                  credits_suffice(bf16_tile, now, due, 1'b0, row_sent);
        end
    end

    assign credits_available = tile_open || (bf16 ? credits_bf16_q : credits_int8_q);
    assign credits_returned  = (credits_q == CREDITS_ALL[CREDIT_W-1:0]);

endmodule

`default_nettype wire
