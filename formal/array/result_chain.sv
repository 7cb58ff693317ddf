// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   tile_spacing and result_chain with the result registers between them: tiles end as early as
//   tile_spacing allows or later, in any order of raw and requantised ones. One tile is marked,
//   and its rows are followed; what holds for it holds for every tile.
`default_nettype none

module result_chain_properties #(
    parameter integer ROWS         = 3,
    parameter integer ROW_CYCLES   = 2,
    parameter integer POST_LATENCY = 5,
    parameter integer PACE_W       = 1
) (
    input wire clk,
    input wire reset,
    input wire wanted,
    input wire raw,
    input wire mark
);

    localparam integer ROWS_W = (ROWS == 1) ? 1 : $clog2(ROWS);
    localparam [31:0]  PACE   = ROW_CYCLES - 1;
    localparam [31:0]  END    = ROWS - 1;

    reg started_q = 1'b0;
    always @(posedge clk) started_q <= 1'b1;
    wire rst = reset || !started_q;

    // a tile's last slice is issued; its results arrive two cycles later
    wire chain_available, chain_shift, row_valid, row_last;
    wire issue = wanted && chain_available;

    tile_spacing #(
        .ROWS        (ROWS),
        .ROW_CYCLES  (ROW_CYCLES),
        .POST_LATENCY(POST_LATENCY),
        .BF16        (0)
    ) u_tile_spacing (
        .clk            (clk),
        .rst            (rst),
        .issue          (issue),
        .tile_end       (1'b1),
        .bf16           (1'b0),
        .raw            (raw),
        .chain_available(chain_available)
    );

    reg  issued_q, raw_issued_q, mark_issued_q, load, raw_load_q, mark_load_q;
    wire row_tag;  // raw

    result_chain #(
        .ROWS  (ROWS),
        .PACE_W(PACE_W),
        .TAG_W (1)
    ) u_dut (
        .clk        (clk),
        .rst        (rst),
        .load       (load),
        .load_tag   (raw_load_q),
        .load_pace  (raw_load_q ? {PACE_W{1'b0}} : PACE[PACE_W-1:0]),
        .load_rows  (END[ROWS_W-1:0]),
        .chain_shift(chain_shift),
        .row_valid  (row_valid),
        .row_last   (row_last),
        .row_tag    (row_tag)
    );

    // the result registers of a column: each holds a row's number, and whether its tile is marked
    reg             shift_q;
    reg [ROWS-1:0]  marked_q;
    reg [8*ROWS-1:0] number_q;
    integer r;
    always @(posedge clk) begin
        issued_q      <= issue && !rst;
        raw_issued_q  <= raw;
        mark_issued_q <= mark;
        load          <= issued_q && !rst;
        raw_load_q    <= raw_issued_q;
        mark_load_q   <= mark_issued_q;
        shift_q       <= chain_shift && !rst;
        for (r = 0; r < ROWS; r = r + 1)
            if (load) begin
                marked_q[r]        <= mark_load_q;
                number_q[8*r +: 8] <= r[7:0];
            end else if (shift_q) begin
                marked_q[r]        <= (r + 1 < ROWS) ? marked_q[(r + 1) % ROWS] : 1'b0;
                number_q[8*r +: 8] <= (r + 1 < ROWS) ? number_q[8*((r + 1) % ROWS) +: 8] : 8'hFF;
            end
    end

    // the row that must come next, of the tile loaded last
    reg       rows_due_q;
    reg [7:0] next_q;
    reg       raw_q, mark_q;
    always @(posedge clk) begin
        if (rst) rows_due_q <= 1'b0;
        else if (load) rows_due_q <= 1'b1;
        else if (row_valid && next_q == END[7:0]) rows_due_q <= 1'b0;
        if (load) next_q <= 8'd0;
        else if (row_valid) next_q <= next_q + 8'd1;
        if (load) raw_q <= raw_load_q;
        if (load) mark_q <= mark_load_q;
    end

    always @* if (started_q && !rst) begin
        order:    assert (!row_valid || (rows_due_q && number_q[7:0] == next_q &&
                                         marked_q[0] == mark_q));
        last:     assert (!row_valid || row_last == (next_q == END[7:0]));
        tag:      assert (!row_valid || row_tag == raw_q);
        no_loss:  assert (!load || !rows_due_q || (row_valid && next_q == END[7:0]));
    end

endmodule

`default_nettype wire
