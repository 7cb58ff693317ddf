// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Counts the rows of free space in the result FIFO, and tells whether a tile may start: one
//   credit per row, consumed by the tile's first slice and returned as rows leave the FIFO. So
//   nothing after the sequencer ever has to stall.
//
// Latency
//   1 cycle from `issue` and `row_sent` to the outputs. `issue` is the last signal of a cycle to
//   settle, so the next state is computed for both of its values, and it only selects.
//
// Numbers
//   0..CREDITS credits. An int8 tile needs ROWS of them, a bfloat16 tile 4 ROWS. An open tile has
//   its credits: credits_available is high while one is open.
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
    // outputs
    output wire credits_available,  // enough for the tile that `bf16` selects, or a tile is open
    output wire credits_returned    // every row has left
);

    localparam integer CREDIT_W   = $clog2(CREDITS + 1) + 1;  // signed
    localparam integer BF16_ROWS  = (BF16 != 0) ? 4 * ROWS : ROWS;
    localparam [31:0]  SPARE_ALL  = CREDITS - ROWS;
    localparam [31:0]  MINUS_INT8 = -ROWS;
    localparam [31:0]  MINUS_BF16 = -BF16_ROWS;
    localparam [31:0]  INT8_BF16  = ROWS - BF16_ROWS;

    // Rows of free space less those of an int8 tile: its sign says whether there is space for one.
    reg [CREDIT_W-1:0] spare_q;

    // `issue` arrives last, so both sums are computed before it: with and without a tile starting.
    // The lowest bit of each addition makes row_sent its carry.
    wire [CREDIT_W-1:0] minus_tile    = bf16 ? MINUS_BF16[CREDIT_W-1:0] :
                                        MINUS_INT8[CREDIT_W-1:0];
    wire [CREDIT_W:0]   sum_started   = {spare_q, 1'b1} + {minus_tile, row_sent};
    wire [CREDIT_W:0]   sum_held      = {spare_q, 1'b1} + {{CREDIT_W{1'b0}}, row_sent};
    wire [CREDIT_W-1:0] spare_started = sum_started[CREDIT_W:1];
    wire [CREDIT_W-1:0] spare_held    = sum_held[CREDIT_W:1];
    wire                unused        = &{1'b0, sum_started[0], sum_held[0]};

    wire int8_available = !spare_q[CREDIT_W-1];
    wire bf16_available;

    always @(posedge clk) begin
        if (rst) spare_q <= SPARE_ALL[CREDIT_W-1:0];
        else spare_q <= (issue && !tile_open) ? spare_started : spare_held;
    end

    generate
        if (CREDITS < BF16_ROWS) begin : g_illegal
            ERROR_tile_credits_CREDITS_must_be_at_least_the_rows_of_a_tile u_error ();
        end
        if (BF16 != 0) begin : g_bf16
            // the same for a bfloat16 tile, a cycle ahead
            wire [CREDIT_W-1:0] bf16_started = spare_started + INT8_BF16[CREDIT_W-1:0];
            wire [CREDIT_W-1:0] bf16_held    = spare_held + INT8_BF16[CREDIT_W-1:0];
            reg                 available_q;
            always @(posedge clk)
                available_q <= rst || !((issue && !tile_open) ? bf16_started[CREDIT_W-1] :
                                        bf16_held[CREDIT_W-1]);
            assign bf16_available = available_q;
            wire unused_low = &{1'b0, bf16_started[CREDIT_W-2:0], bf16_held[CREDIT_W-2:0]};
        end else begin : g_int8
            assign bf16_available = 1'b0;
            wire unused_bf16 = &{1'b0, INT8_BF16};
        end
    endgenerate

    assign credits_available = tile_open || ((BF16 != 0 && bf16) ? bf16_available : int8_available);
    assign credits_returned  = (spare_q == SPARE_ALL[CREDIT_W-1:0]);

endmodule

`default_nettype wire
