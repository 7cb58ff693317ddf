// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   tile_credits against a count of the rows that tiles have reserved and that have not left.
`default_nettype none

module tile_credits_properties #(
    parameter integer ROWS    = 3,
    parameter integer CREDITS = 16,
    parameter integer BF16    = 1
) (
    input wire clk,
    input wire reset,
    input wire issue,
    input wire last,
    input wire new_bf16,
    input wire row_sent
);

    localparam [31:0] ALL       = CREDITS;
    localparam [31:0] INT8_ROWS = ROWS;
    localparam [31:0] BF16_ROWS = 4*ROWS;

    reg started_q = 1'b0;
    always @(posedge clk) started_q <= 1'b1;
    wire rst = reset || !started_q;

    // a tile keeps its format
    reg  tile_open, open_bf16_q;
    wire bf16 = (BF16 != 0) && (tile_open ? open_bf16_q : new_bf16);
    wire credits_available, credits_returned;

    tile_credits #(
        .ROWS   (ROWS),
        .CREDITS(CREDITS),
        .BF16   (BF16)
    ) u_dut (.*);

    reg  [31:0] reserved_q;  // rows
    wire [31:0] tile_rows = bf16 ? BF16_ROWS : INT8_ROWS;

    always @(posedge clk) begin
        tile_open   <= !rst && (issue ? !last : tile_open);
        open_bf16_q <= bf16;
        reserved_q  <= rst ? 32'd0 : reserved_q + ((issue && !tile_open) ? tile_rows : 32'd0) -
                       {31'd0, row_sent};
    end

    // the sequencer issues only if there are credits, and only rows that were reserved leave
    always @* if (started_q) begin
        assume (!issue || credits_available);
        assume (!row_sent || reserved_q != 32'd0);
    end

    always @* if (started_q && !rst) begin
        limit:     assert (reserved_q <= ALL);
        available: assert (credits_available == (tile_open || reserved_q + tile_rows <= ALL));
        returned:  assert (credits_returned == (reserved_q == 32'd0));
    end

endmodule

`default_nettype wire
