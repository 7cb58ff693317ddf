// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// mac_array: ROWS x COLS cells, output stationary: cell (r, c) accumulates A[r, k] * W[k, c] over k.
//
//            w lane 0   w lane 1  ...            Activations are broadcast along rows and weights along columns, each
//   a lane 0 ─ cell ───── cell ──                through one register a row or column, so there is no skew to undo.
//                ▲          ▲                    The result registers of a column form a chain that moves towards
//   a lane 1 ─ cell ───── cell ──                row 0, where row_out reads it.
//
// Latency: a slice given with in_valid at cycle t is accumulated at the end of cycle t + 1 + SUM_LATENCY, where
//          SUM_LATENCY = 2 + max(1, ceil(log2 DEPTH)). A slice with in_last raises `load` (with its tag) in that cycle,
//          and row 0 of the tile stands on row_out in the next one. One slice a cycle; an idle cycle changes nothing,
//          whatever its operands (X included).
// shift:   high at cycle u moves the chain at the end of cycle u + 1.
// Numbers: see pe_int8. Reset clears the accumulators (an aborted tile leaves nothing behind) and empties the control
//          pipeline; operand and result registers have none.
// Lanes:   a[8*DEPTH*r +: 8*DEPTH] is row r, w[8*DEPTH*c +: 8*DEPTH] column c, row_out[32*c +: 32] column c.
`default_nettype none

module mac_array #(
    parameter integer ROWS  = 8,  // 1..32
    parameter integer COLS  = 8,  // 1..32
    parameter integer DEPTH = 1,  // int8 pairs a cell a cycle, 1..8
    parameter integer TAG_W = 1   // bits that travel with a tile
) (
    input  wire                    clk,
    input  wire                    rst,
    // one slice
    input  wire                    in_valid,
    input  wire                    in_last,   // the tile ends here: with in_valid only
    input  wire [TAG_W-1:0]        in_tag,    // taken with in_last
    input  wire [8*DEPTH*ROWS-1:0] a,
    input  wire [8*DEPTH*COLS-1:0] w,
    // the finished tile
    output wire                    load,
    output wire [TAG_W-1:0]        load_tag,
    input  wire                    shift,
    output wire [32*COLS-1:0]      row_out
);

    localparam integer SUM_LATENCY = 2 + ((DEPTH == 1) ? 1 : $clog2(DEPTH));

    // valid_q[0] stands beside the operand registers; the rows' own copies are one cycle behind the last of these
    reg [SUM_LATENCY-1:0]       valid_q;
    reg [SUM_LATENCY-1:0]       last_q;
    reg [TAG_W*SUM_LATENCY-1:0] tag_q;
    reg                         load_q;
    reg [TAG_W-1:0]             load_tag_q;

    wire valid_end = valid_q[SUM_LATENCY-1];
    wire last_end  = last_q[SUM_LATENCY-1];

    // What the cells do next, of which each row registers a copy.
    wire       valid_d   = valid_end & ~rst;
    wire       last_d    = last_end & ~rst;
    wire       clear_d   = last_end | rst;
    wire [3:0] control_d = {valid_d, last_d, clear_d, shift};

    always @(posedge clk) begin
        if (rst) begin
            valid_q <= {SUM_LATENCY{1'b0}};
            last_q  <= {SUM_LATENCY{1'b0}};
            load_q  <= 1'b0;
        end else begin
            valid_q <= {valid_q[SUM_LATENCY-2:0], in_valid};
            last_q  <= {last_q[SUM_LATENCY-2:0], in_valid & in_last};
            load_q  <= last_end;
        end
        tag_q      <= {tag_q[TAG_W*(SUM_LATENCY-1)-1:0], in_tag};
        load_tag_q <= tag_q[TAG_W*(SUM_LATENCY-1) +: TAG_W];
    end

    reg [8*DEPTH*ROWS-1:0] a_q;
    reg [8*DEPTH*COLS-1:0] w_q;

    always @(posedge clk) begin
        a_q <= a;
        w_q <= w;
    end

    assign load     = load_q;
    assign load_tag = load_tag_q;

    genvar r, c;
    generate
        if (ROWS < 1 || ROWS > 32) begin : g_illegal_rows
            ERROR_mac_array_ROWS_must_be_1_to_32 u_error ();
        end
        if (COLS < 1 || COLS > 32) begin : g_illegal_cols
            ERROR_mac_array_COLS_must_be_1_to_32 u_error ();
        end
        for (c = 0; c < COLS; c = c + 1) begin : g_lane
            wire [8*DEPTH-1:0] w_col = w_q[8*DEPTH*c +: 8*DEPTH];
        end
        for (r = 0; r < ROWS; r = r + 1) begin : g_row
            wire [8*DEPTH-1:0] a_row = a_q[8*DEPTH*r +: 8*DEPTH];
            reg  [3:0]         control_q;
            always @(posedge clk) control_q <= control_d;
            wire      valid_row, last_row, clear_row, shift_row;
            assign {valid_row, last_row, clear_row, shift_row} = control_q;
            for (c = 0; c < COLS; c = c + 1) begin : g_col
                wire [31:0] above;
                wire [31:0] result;
                pe_int8 #(
                    .DEPTH(DEPTH)
                ) u_pe (
                    .clk      (clk),
                    .valid    (valid_row),
                    .last     (last_row),
                    .clear    (clear_row),
                    .shift    (shift_row),
                    .a        (a_row),
                    .w        (g_lane[c].w_col),
                    .chain_in (above),
                    .chain_out(result)
                );
            end
        end
        for (c = 0; c < COLS; c = c + 1) begin : g_chain
            for (r = 0; r < ROWS; r = r + 1) begin : g_link
                if (r == 0) begin : g_foot
                    assign row_out[32*c +: 32] = g_row[0].g_col[c].result;
                end
                if (r == ROWS-1) begin : g_top
                    assign g_row[r].g_col[c].above = 32'd0;
                end else begin : g_inner
                    assign g_row[r].g_col[c].above = g_row[r+1].g_col[c].result;
                end
            end
        end
    endgenerate

endmodule

`default_nettype wire
