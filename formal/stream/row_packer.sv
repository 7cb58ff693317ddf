// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   row_packer followed by the register of packet_closer: the bytes that tkeep marks are the
//   rows of the tile, one after the other.
`default_nettype none

module row_packer_properties #(
    parameter integer COLS = 1,
    parameter integer PACK = 1
) (
    input wire               clk,
    input wire               reset,
    input wire [32*COLS-1:0] in_data,
    input wire [1:0]         in_wide,
    input wire               in_last,
    input wire               in_valid,
    input wire               out_ready
);

    localparam integer QUARTER = 8*COLS;

    reg started_q = 1'b0;
    always @(posedge clk) started_q <= 1'b1;
    wire rst = reset || !started_q;

    wire [32*COLS-1:0] out_data;
    wire [3:0]         out_enable;
    wire               out_partial;
    wire [4*COLS-1:0]  out_keep;

    row_packer #(
        .COLS(COLS),
        .PACK(PACK)
    ) u_dut (.*);

    wire taken = in_valid && out_ready;

    // the register of packet_closer, and what it holds with this row
    reg [32*COLS-1:0] register_q, register_d;
    integer q;
    always @* begin
        register_d = register_q;
        for (q = 0; q < 4; q = q + 1)
            if (out_enable[q]) register_d[q*QUARTER +: QUARTER] = out_data[q*QUARTER +: QUARTER];
    end

    // the rows of this beat: quarters filled, and their bytes
    wire [2:0]         size = in_wide[1] ? 3'd4 : in_wide[0] ? 3'd2 : 3'd1;
    reg  [2:0]         filled_q;
    wire [2:0]         filled_d = filled_q + size;
    reg  [32*COLS-1:0] rows_q, rows_d;
    integer r;
    always @* begin
        rows_d = rows_q;
        for (r = 0; r < 4; r = r + 1)
            if (r >= filled_q && r < filled_d)
                rows_d[r*QUARTER +: QUARTER] = in_data[(r - filled_q)*QUARTER +: QUARTER];
    end
    wire beat_ends = (PACK == 0) || in_last || filled_d == 3'd4;

    reg       within_tile_q;
    reg [1:0] wide_q;
    always @(posedge clk) begin
        if (taken) register_q <= register_d;
        if (taken) rows_q <= rows_d;
        if (rst) filled_q <= 3'd0;
        else if (taken) filled_q <= beat_ends ? 3'd0 : filled_d;
        if (rst) within_tile_q <= 1'b0;
        else if (taken) within_tile_q <= !in_last;
        if (taken) wide_q <= in_wide;
    end

    // all rows of a tile have the same size
    always @* begin
        assume (in_wide != 2'b10);
        if (within_tile_q) assume (in_wide == wide_q);
    end

    reg same_bytes, right_keep;
    integer b;
    always @* begin
        same_bytes = 1'b1;
        right_keep = 1'b1;
        for (b = 0; b < 4; b = b + 1) begin
            if (b < filled_d && register_d[b*QUARTER +: QUARTER] != rows_d[b*QUARTER +: QUARTER])
                same_bytes = 1'b0;
            if (out_keep[b*COLS +: COLS] != {COLS{b < filled_d}}) right_keep = 1'b0;
        end
    end

    always @* if (started_q && taken && !rst) begin
        complete: assert (out_partial == !beat_ends);
        rows:     assert (same_bytes);
        keep:     assert (!beat_ends || right_keep);
    end

endmodule

`default_nettype wire
