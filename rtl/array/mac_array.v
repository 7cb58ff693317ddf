// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   ROWS x COLS cells, output stationary: cell (r, c) accumulates A[r, k] * W[k, c] over k.
//
//              w lane 0   w lane 1  ...
//     a lane 0 ─ cell ───── cell ──
//                  ▲          ▲
//     a lane 1 ─ cell ───── cell ──
//
//   Activations are broadcast along rows and weights along columns, each through one register per
//   row or column, so there is no skew to remove. The result registers of a column form a chain
//   that shifts towards row 0, where `row` reads it.
//
// Latency
//   A slice given with op_valid at cycle t is accumulated at the end of cycle t + 1 + SUM_LATENCY,
//   where SUM_LATENCY = 2 + max(1, ceil(log2 DEPTH)), or 4 with bfloat16. A slice with op_last
//   raises `load` (with its tag) in that cycle, and row 0 of the tile is on `row` in the next
//   one. One slice per cycle; an idle cycle changes nothing, whatever its operands (X included).
//   `chain_shift` high at cycle u moves the chain at the end of cycle u + 1.
//
//   bfloat16 (pe_bf16): a slice is four beats, and only the last beat of a tile has op_last; beats
//   of sum i are multiples of 4 cycles apart. `load` comes 3 cycles later than an int8 tile's, and
//   the tile has 4 ROWS rows. tile_sequencer keeps tiles of different formats far enough apart.
//
// Numbers
//   See pe_int8 and pe_bf16. Reset clears the accumulators, so that an aborted tile does not affect
//   the next one, and empties the control pipeline; operand and result registers have no reset.
//   op_a[LANE_W*r +: LANE_W] is row r, op_w[LANE_W*c +: LANE_W] column c, row[32*c +: 32] column c.
//
// Example
//   1x1, DEPTH 1: op_a = 3, op_w = -5, then 2 and 7 with op_last in cycle t: `load` is high in
//   cycle t + 4, and `row` is -15 + 14 = -1 in cycle t + 5.
`default_nettype none

module mac_array #(
    parameter integer ROWS     = 8,        // 1..32
    parameter integer COLS     = 8,        // 1..32
    parameter integer DEPTH    = 1,        // int8 pairs per cell per cycle, 1..8; 1 with bfloat16
    parameter integer INT8     = 1,        // 1: cells for int8
    parameter integer BF16     = 0,        // 1: cells for bfloat16
    parameter integer LUT_ROWS = 0,        // last rows that multiply in LUTs, 0..ROWS; 0 with BF16
    parameter integer LANE_W   = 8*DEPTH,  // bits of a lane: 16 with bfloat16, int8 in the low ones
    parameter integer TAG_W    = 1         // bits that accompany a tile
) (
    input  wire                   clk,
    input  wire                   rst,
    // one slice
    input  wire                   op_valid,
    input  wire                   op_last,  // the tile ends here; ignored without op_valid
    input  wire                   op_bf16,  // ignored without op_valid
    input  wire [TAG_W-1:0]       op_tag,   // sampled with op_last
    input  wire [LANE_W*ROWS-1:0] op_a,
    input  wire [LANE_W*COLS-1:0] op_w,
    // the finished tile
    output wire                   load,
    output wire [TAG_W-1:0]       load_tag,
    input  wire                   chain_shift,
    output wire [32*COLS-1:0]     row
);

    localparam integer SUM_LATENCY = (BF16 != 0) ? 4 : 2 + ((DEPTH <= 1) ? 1 : $clog2(DEPTH));
    // valid_q[0] is aligned with the operand registers; control_q, each row's copy, is one cycle
    // later than valid_q[SUM_LATENCY-1].
    reg [SUM_LATENCY-1:0]       valid_q;
    reg [SUM_LATENCY-1:0]       last_q;
    reg [TAG_W*SUM_LATENCY-1:0] tag_q;
    reg                         load_q;
    reg [TAG_W-1:0]             load_tag_q;

    wire valid_end = valid_q[SUM_LATENCY-1];
    wire last_end  = last_q[SUM_LATENCY-1];
    wire load_d;  // the next control_q loads the last of a tile's results

    // The cells' next control word, of which each row registers a copy.
    wire       valid_d = valid_end & ~rst;
    wire       last_d, clear_d, sum_bf16_d, chain_bf16_d;
    wire [5:0] control_d = {valid_d, last_d, clear_d, chain_shift, sum_bf16_d, chain_bf16_d};

    always @(posedge clk) begin
        if (rst) begin
            valid_q <= {SUM_LATENCY{1'b0}};
            last_q  <= {SUM_LATENCY{1'b0}};
            load_q  <= 1'b0;
        end else begin
            valid_q <= {valid_q[SUM_LATENCY-2:0], op_valid};
            last_q  <= {last_q[SUM_LATENCY-2:0], op_valid & op_last};
            load_q  <= load_d;
        end
        tag_q <= {tag_q[TAG_W*(SUM_LATENCY-1)-1:0], op_tag};
        if (last_end) load_tag_q <= tag_q[TAG_W*(SUM_LATENCY-1) +: TAG_W];
    end

    generate
        if (BF16 == 0) begin : g_control
            wire unused = op_bf16;
            assign last_d       = last_end & ~rst;
            assign clear_d      = last_end | rst;
            assign sum_bf16_d   = 1'b0;
            assign chain_bf16_d = 1'b0;
            assign load_d       = last_end;
        end else begin : g_control_bf16
            reg  [SUM_LATENCY-1:0] bf16_pipe_q;
            reg  [2:0]             push_pending_q;   // remaining cycles of a tile's four sums
            reg  [2:0]             clear_pending_q;  // remaining cycles of a reset of four sums
            // the latest sum_bf16_d and chain_bf16_d
            reg                    sum_bf16_q, chain_bf16_q;
            wire                   bf16_end = (INT8 == 0) || bf16_pipe_q[SUM_LATENCY-1];
            assign last_d       = (last_end | push_pending_q[0]) & ~rst;
            assign clear_d      = last_end | push_pending_q[0] | rst | clear_pending_q[0];
            assign sum_bf16_d   = (INT8 == 0) || rst || clear_pending_q[0] ||
                                  (valid_end ? bf16_end : sum_bf16_q);
            assign chain_bf16_d = (INT8 == 0) || (last_d ? sum_bf16_d : chain_bf16_q);
            assign load_d       = (push_pending_q == 3'b001) || (last_end && !bf16_end);
            always @(posedge clk) begin
                bf16_pipe_q     <= {bf16_pipe_q[SUM_LATENCY-2:0], op_bf16};
                sum_bf16_q      <= sum_bf16_d;
                chain_bf16_q    <= chain_bf16_d;
                push_pending_q  <= rst ? 3'b000 : (last_end && bf16_end) ? 3'b111 :
                                   {1'b0, push_pending_q[2:1]};
                clear_pending_q <= rst ? 3'b111 : {1'b0, clear_pending_q[2:1]};
            end
        end
    endgenerate

    reg [LANE_W*ROWS-1:0] a_q;
    reg [LANE_W*COLS-1:0] w_q;

    // Operands of idle cycles stop here, and nothing downstream toggles. In a core with both
    // formats only bfloat16 reads these registers (int8 uses the factors below), so they hold their
    // value during int8 slices.
    always @(posedge clk)
        if (op_valid && (INT8 == 0 || BF16 == 0 || op_bf16)) begin
            a_q <= op_a;
            w_q <= op_w;
        end

    assign load     = load_q;
    assign load_tag = load_tag_q;

    wire [9*ROWS-1:0] a_factor;      // inputs of a bfloat16 cell's multiplier: significand, or int8
    wire [9*COLS-1:0] w_factor;
    wire              operand_bf16;  // format of the latest slice

    genvar r, c;
    generate
        if (ROWS < 1 || ROWS > 32) begin : g_illegal_rows
            ERROR_mac_array_ROWS_must_be_1_to_32 u_error ();
        end
        if (COLS < 1 || COLS > 32) begin : g_illegal_cols
            ERROR_mac_array_COLS_must_be_1_to_32 u_error ();
        end
        if (DEPTH != 1 && BF16 != 0) begin : g_illegal_depth
            ERROR_mac_array_DEPTH_must_be_1_with_BF16 u_error ();
        end
        if (LUT_ROWS < 0 || LUT_ROWS > ROWS || (LUT_ROWS != 0 && BF16 != 0)) begin : g_illegal_lut
            ERROR_mac_array_LUT_ROWS_must_be_0_to_ROWS_and_0_with_BF16 u_error ();
        end
        if (LANE_W != ((BF16 != 0) ? 16 : 8*DEPTH)) begin : g_illegal_lane
            ERROR_mac_array_LANE_W_must_be_16_with_BF16_else_8_DEPTH u_error ();
        end
        if (INT8 == 0 && BF16 == 0) begin : g_illegal_format
            ERROR_mac_array_INT8_or_BF16_must_be_1 u_error ();
        end

        if (BF16 == 0) begin : g_no_factors
            assign a_factor     = {(9*ROWS){1'b0}};
            assign w_factor     = {(9*COLS){1'b0}};
            assign operand_bf16 = 1'b0;
        end else begin : g_factors
            reg [9*ROWS-1:0] a_factor_q;
            reg [9*COLS-1:0] w_factor_q;
            reg              operand_bf16_q;  // format of the slice in the factors
            for (r = 0; r < ROWS; r = r + 1) begin : g_a
                always @(posedge clk) if (op_valid)
                    a_factor_q[9*r +: 9] <= (INT8 == 0 || op_bf16) ?
                                            {1'b0, |op_a[LANE_W*r+7 +: 8], op_a[LANE_W*r +: 7]} :
                                            {op_a[LANE_W*r+7], op_a[LANE_W*r +: 8]};
            end
            for (c = 0; c < COLS; c = c + 1) begin : g_w
                always @(posedge clk) if (op_valid)
                    w_factor_q[9*c +: 9] <= (INT8 == 0 || op_bf16) ?
                                            {1'b0, |op_w[LANE_W*c+7 +: 8], op_w[LANE_W*c +: 7]} :
                                            {op_w[LANE_W*c+7], op_w[LANE_W*c +: 8]};
            end
            always @(posedge clk) if (op_valid) operand_bf16_q <= op_bf16;
            assign a_factor     = a_factor_q;
            assign w_factor     = w_factor_q;
            assign operand_bf16 = operand_bf16_q;
        end

        for (c = 0; c < COLS; c = c + 1) begin : g_lane
            wire [LANE_W-1:0] w_col        = w_q[LANE_W*c +: LANE_W];
            wire [8:0]        w_col_factor = w_factor[9*c +: 9];
        end
        for (r = 0; r < ROWS; r = r + 1) begin : g_row
            wire [LANE_W-1:0] a_row        = a_q[LANE_W*r +: LANE_W];
            wire [8:0]        a_row_factor = a_factor[9*r +: 9];
            // One copy per row; without `keep` synthesis would merge them into one that drives
            // every cell. Yosys expects the attribute on the statement, other tools on the
            // register.
            (* keep *)
            reg  [5:0]        control_q;
            (* keep *)
            always @(posedge clk) control_q <= control_d;
            wire valid, last, clear, chain_shift_row, sum_bf16, chain_bf16;
            assign {valid, last, clear, chain_shift_row, sum_bf16, chain_bf16} = control_q;
            for (c = 0; c < COLS; c = c + 1) begin : g_col
                wire [31:0] chain_in;
                wire [31:0] result;
                pe #(
                    .DEPTH (DEPTH),
                    .INT8  (INT8),
                    .BF16  (BF16),
                    .LUT   ((r >= ROWS - LUT_ROWS) ? 1 : 0),
                    .LANE_W(LANE_W)
                ) u_pe (
                    .clk         (clk),
                    .valid       (valid),
                    .last        (last),
                    .clear       (clear),
                    .chain_shift (chain_shift_row),
                    .sum_bf16    (sum_bf16),
                    .chain_bf16  (chain_bf16),
                    .operand_bf16(operand_bf16),
                    .a           (a_row),
                    .w           (g_lane[c].w_col),
                    .a_factor    (a_row_factor),
                    .w_factor    (g_lane[c].w_col_factor),
                    .chain_in    (chain_in),
                    .chain_out   (result)
                );
            end
        end

        for (c = 0; c < COLS; c = c + 1) begin : g_chain
            for (r = 0; r < ROWS; r = r + 1) begin : g_link
                if (r == 0) begin : g_chain_end
                    assign row[32*c +: 32] = g_row[0].g_col[c].result;
                end
                if (r == ROWS-1) begin : g_chain_start
                    assign g_row[r].g_col[c].chain_in = 32'd0;
                end else begin : g_inner
                    assign g_row[r].g_col[c].chain_in = g_row[r+1].g_col[c].result;
                end
            end
        end
    endgenerate

endmodule

`default_nettype wire
