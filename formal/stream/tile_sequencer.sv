// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   tile_sequencer followed by the result FIFO. Between them lies anything that turns each tile
//   into its rows, however late: at most the rows of the tiles that have ended arrive.
`default_nettype none

module tile_sequencer_properties #(
    parameter integer ROWS    = 2,
    parameter integer CREDITS = 4,
    parameter integer BF16    = 0
) (
    input wire       clk,
    input wire       reset,
    input wire [1:0] a_user,
    input wire       a_last,
    input wire       a_valid,
    input wire       slice_ready,
    input wire       slice_last,
    input wire [1:0] slice_slot,
    input wire [3:0] slice_mode,
    input wire       halted,
    input wire       row_arrives,
    input wire       beat_ready
);

    localparam [31:0] CAPACITY  = CREDITS + 1;  // one in the output register
    localparam [31:0] ALL       = CREDITS;
    localparam [31:0] INT8_ROWS = ROWS;
    localparam [31:0] BF16_ROWS = 4*ROWS;

    reg started_q = 1'b0;
    always @(posedge clk) started_q <= 1'b1;
    wire rst = reset || !started_q;

    wire       a_ready, slice_advance, panel_release, op_valid, op_last, idle;
    wire [1:0] op_slot;
    wire [3:0] op_mode;
    wire       error_k, error_a_long, error_format, issue, stall_a, stall_w, stall_out, pad;
    reg        row_sent;

    tile_sequencer #(
        .ROWS      (ROWS),
        .SLICES_MAX(4),
        .CREDITS   (CREDITS),
        .BF16      (BF16)
    ) u_dut (.*);

    // rows of ended tiles that have not reached the FIFO
    reg [31:0] due_q;
    wire       tile_ended = op_valid && op_last;
    wire       in_valid   = row_arrives && due_q != 32'd0;
    wire       fifo_valid;
    wire       fifo_data;

    fifo #(
        .WIDTH(1),
        .DEPTH(CREDITS)
    ) u_fifo (
        .clk      (clk),
        .rst      (rst),
        .in_data  (1'b0),
        .in_valid (in_valid),
        .out_data (fifo_data),
        .out_valid(fifo_valid),
        .out_ready(beat_ready)
    );

    reg  [31:0] held_q;  // rows in the FIFO
    wire [31:0] tile_rows = (BF16 != 0 && op_mode[2]) ? BF16_ROWS : INT8_ROWS;
    wire        sent      = fifo_valid && beat_ready;
    always @(posedge clk) begin
        row_sent <= sent && !rst;
        due_q    <= rst ? 32'd0 : due_q + (tile_ended ? tile_rows : 32'd0) - {31'd0, in_valid};
        held_q   <= rst ? 32'd0 : held_q + {31'd0, in_valid} - {31'd0, sent};
    end

    // a tile issued in part
    reg open_q;
    always @(posedge clk)
        if (rst) open_q <= 1'b0;
        else if (issue) open_q <= !(a_last && !a_user[1]);

    wire error = error_k || error_a_long || error_format;

    always @* if (started_q && !rst) begin
        no_overflow: assert (!in_valid || held_q < CAPACITY);
        credits:     assert (held_q <= ALL && due_q <= ALL && held_q + due_q <= ALL);
        idle_empty:  assert (!idle || (held_q == 32'd0 && due_q == 32'd0 && !open_q));
        consumed:    assert ((a_valid && a_ready) == (issue || (a_valid && halted)));
        one_reason:  assert (stall_a + stall_w + stall_out + pad + issue <= 3'd1);
        stops:       assert (!error || (!issue && !halted));
    end

endmodule

`default_nettype wire
