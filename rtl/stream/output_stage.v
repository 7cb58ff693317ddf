// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Adds the bias, then passes the int32 row unchanged, or through POST_LANES requantisers or float
//   units that the columns share.
//
//                          ┌──────────────────────────────► raw row, int32 x COLS
//     row ─► + bias ─► x ──┤
//                          └─ groups of POST_LANES columns ─► requantize x POST_LANES ─► int8 row
//                                          (bfloat16 tiles)   float_post                 float row
//
//   A bfloat16 tile's x is the row; float_post adds its bias. Stochastic rounding uses 16 bits of
//   `random` per lane for each group of columns, the lowest group first. random_step is high in the
//   cycle that uses them; new ones are due in the next. The last group uses the bits of all lanes,
//   even those without a column.
//
// Latency
//   From row_valid (the row is on `row` in that cycle) to out_valid: raw 1 cycle; all others GROUPS
//   + 11, where GROUPS = ceil(COLS / POST_LANES). One raw row per cycle; any other every GROUPS
//   cycles. Nothing here can stall. A raw row must come at least GROUPS + 11 cycles after a row of
//   another kind, or it would collide with that row at the output or overtake it; the sequencer
//   keeps that distance.
//
//   An int8 tile's `bias` is read with `row`, in the cycle of row_valid, and so are the first
//   group's other fields (for a bfloat16 tile, its bias). All fields must hold until the row's last
//   group, GROUPS - 1 cycles later.
//
//   POST_CYCLES above 1 gives each requantiser that many cycles per result; its multiplier then
//   needs no DSP block. It advances once every POST_CYCLES cycles, on a free-running tick that is
//   not synchronised to the rows. A row may come GROUPS * POST_CYCLES cycles after another, and
//   leaves (GROUPS + 8) * POST_CYCLES cycles after it came, or up to POST_CYCLES - 1 sooner. A raw
//   row must come at least (GROUPS + 8) * POST_CYCLES cycles after it. The record must hold for
//   GROUPS * POST_CYCLES cycles.
//
// Numbers
//   int8 tiles: x = row + bias wraps modulo 2^32, as NumPy's int32 does; then see requantize. A raw
//   row carries x. bfloat16 tiles (row_mode[2]): row is float32; row_mode[1:0] and [3] are kind and
//   relu of float_post. Column c is row[32*c +: 32]. out_size 0: int8 lanes packed in the low COLS
//   bytes of out_data, 1: bfloat16 lanes in the low 2*COLS bytes, 2: int32 or float32 lanes. The
//   bytes above are undefined.
//
// Example
//   COLS 2, POST_LANES 1, mode 2 (ruy), bias 0, multiplier 2^30, shift 0, zero point 0, no clamp:
//   the row 7, -7 gives the bytes 4, -3, 13 cycles later.
`default_nettype none

module output_stage #(
    parameter integer COLS        = 8,  // 1..32
    parameter integer POST_LANES  = 2,  // requantisers, float units or both, 1..COLS
    parameter integer INT8        = 1,  // 1: int8 tiles
    parameter integer BF16        = 0,  // 1: bfloat16 tiles
    // cycles per result of a requantiser: 1, or 33..64 without bfloat16
    parameter integer POST_CYCLES = 1,
    // pipeline of a requantiser or float unit, in steps of POST_CYCLES cycles: 11, or 8 if serial
    parameter integer POST_STAGES = 11
) (
    input  wire                     clk,
    input  wire                     rst,
    // a row of the tile
    input  wire                     row_valid,
    input  wire                     row_last,
    input  wire [3:0]               row_mode,
    input  wire [32*COLS-1:0]       row,
    // its columns' record
    input  wire [32*COLS-1:0]       bias,
    input  wire [32*COLS-1:0]       multiplier,
    input  wire [8*COLS-1:0]        shift,
    input  wire [8*COLS-1:0]        zero_point,
    input  wire [8*COLS-1:0]        clamp_low,
    input  wire [8*COLS-1:0]        clamp_high,
    // for stochastic rounding
    input  wire [16*POST_LANES-1:0] random,
    output wire                     random_step,
    // a finished row
    output wire                     out_valid,
    output wire                     out_last,
    output wire [1:0]               out_size,
    output wire [32*COLS-1:0]       out_data
);

    // 0 is rejected below
    localparam integer GROUPS    = (POST_LANES < 1) ? 1 : (COLS + POST_LANES - 1) / POST_LANES;
    localparam integer GROUP_W   = (GROUPS == 1) ? 1 : $clog2(GROUPS);
    localparam integer SERIAL    = (POST_CYCLES != 1) ? 1 : 0;
    localparam integer RESULT_W  = (BF16 != 0) ? 32 : 8;  // a lane's result
    localparam [31:0]  GROUP_END = GROUPS - 1;

    // modes, and their bits
    localparam [2:0]   RAW        = 3'd0;
    localparam [2:0]   STOCHASTIC = 3'd7;
    localparam integer MODE_BF16  = 2;
    localparam integer MODE_RELU  = 3;

    // x: the row, with its bias if it is of an int8 tile
    reg               x_valid_q, x_last_q;
    reg [3:0]         x_mode_q;
    reg [32*COLS-1:0] x_q;

    // Groups: group_start and group_index announce one, the first in the cycle of row_valid; its x,
    // number and record are in registers one cycle later. x_q shifts down group by group, so that a
    // lane's column is always at the same position: a multiplexer here would precede the
    // requantiser's longest stage.
    reg               groups_pending_q;  // groups of this row remain
    reg [GROUP_W-1:0] next_group_q;      // the next of them
    reg               group_valid_q;     // a group enters the lanes, at the tick
    reg [GROUP_W-1:0] group_q;           // its number
    reg               group_row_last_q;  // it belongs to the tile's last row

    wire               raw  = (INT8 != 0) && (row_mode[2:0] == RAW);
    wire               bf16 = (BF16 != 0) && row_mode[MODE_BF16];
    wire               tick;
    wire               group_start    = row_valid ? !raw : groups_pending_q && tick;
    wire [GROUP_W-1:0] group_index    = row_valid ? {GROUP_W{1'b0}} : next_group_q;
    wire               start_ends_row = (group_index == GROUP_END[GROUP_W-1:0]);

    // One bit per step of the requantisers' pipeline: the last group of a row, and the tile's last
    // row.
    reg  [POST_STAGES-1:0] row_end_pipe_q, row_last_pipe_q;
    wire                   row_done = row_end_pipe_q[POST_STAGES-1] && tick;

    // The pipeline is gated while it is empty. row_end_pipe_q marks only the last group of a row,
    // but until that one enters, group_valid_q is set, as a row's groups follow without a gap.
    reg  active_q;
    wire pipe_enable = active_q && tick;

    always @(posedge clk) begin
        if (rst) begin
            x_valid_q        <= 1'b0;
            groups_pending_q <= 1'b0;
            group_valid_q    <= 1'b0;
            row_end_pipe_q   <= {POST_STAGES{1'b0}};
            active_q         <= 1'b0;
        end else begin
            x_valid_q        <= row_valid && raw;
            groups_pending_q <= group_start ? !start_ends_row : groups_pending_q && !tick;
            group_valid_q    <= group_start || (group_valid_q && !tick);
            if (tick)
                row_end_pipe_q <= {row_end_pipe_q[POST_STAGES-2:0],
                                   group_valid_q && (group_q == GROUP_END[GROUP_W-1:0])};
            active_q <= group_start || group_valid_q || (row_end_pipe_q != {POST_STAGES{1'b0}});
        end
        if (row_valid) begin
            x_last_q <= row_last;
            x_mode_q <= row_mode;
        end
        if (group_start) begin
            next_group_q     <= group_index + 1'b1;
            group_q          <= group_index;
            group_row_last_q <= row_valid ? row_last : group_row_last_q;
        end
        if (pipe_enable) row_last_pipe_q <= {row_last_pipe_q[POST_STAGES-2:0], group_row_last_q};
    end

    wire [1:0] pipe_size;  // out_size of the row that leaves with row_done
    assign random_step = (BF16 != 0) && group_valid_q && (x_mode_q[2:0] == STOCHASTIC);

    genvar l, g;
    generate
        if (BF16 != 0) begin : g_sizes
            reg [2*POST_STAGES-1:0] size_pipe_q;
            always @(posedge clk)
                if (pipe_enable)
                    size_pipe_q <= {size_pipe_q[2*POST_STAGES-3:0],
                                    !x_mode_q[MODE_BF16] ? 2'd0 :
                                    (x_mode_q[1:0] == 2'd0) ? 2'd2 : 2'd1};
            assign pipe_size = size_pipe_q[2*POST_STAGES-1 -: 2];
        end else begin : g_int8_only
            assign pipe_size = 2'd0;
        end
        if (SERIAL != 0) begin : g_serial_tick
            reg [5:0] tick_count_q;
            localparam [31:0] TICK_END = POST_CYCLES - 1;
            assign tick = (tick_count_q == 6'd0);
            always @(posedge clk) begin
                if (rst || tick) tick_count_q <= TICK_END[5:0];
                else tick_count_q <= tick_count_q - 6'd1;
            end
        end else begin : g_every_cycle
            assign tick = 1'b1;
        end
        if (POST_CYCLES != 1 && (POST_CYCLES < 33 || POST_CYCLES > 64 || BF16 != 0)
           ) begin : g_illegal_pace
            ERROR_output_stage_POST_CYCLES_must_be_1_or_33_to_64_without_BF16 u_error ();
        end
        if (POST_STAGES != ((SERIAL != 0) ? 8 : 11)) begin : g_illegal_stages
            ERROR_output_stage_POST_STAGES_must_be_11_or_8_with_POST_CYCLES_above_1 u_error ();
        end
        if (POST_LANES < 1 || POST_LANES > COLS) begin : g_illegal
            ERROR_output_stage_POST_LANES_must_be_1_to_COLS u_error ();
        end
    endgenerate

    integer c;
    always @(posedge clk)
        if (group_start || row_valid)
            for (c = 0; c < COLS; c = c + 1)
                if (row_valid)
                    x_q[32*c +: 32] <= row[32*c +: 32] + (bf16 ? 32'd0 : bias[32*c +: 32]);
                else if (c + POST_LANES < COLS) x_q[32*c +: 32] <= x_q[32*(c + POST_LANES) +: 32];

    wire [RESULT_W*POST_LANES-1:0] lane_result;

    generate
        for (l = 0; l < POST_LANES; l = l + 1) begin : g_lane
            // this lane's column; one beyond the last is arbitrary, and is discarded
            wire [31:0] x = x_q[32*l +: 32];
            if (INT8 != 0) begin : g_int8
                wire [7:0] int8_q;
                wire [64*GROUPS-1:0] params;
                for (g = 0; g < GROUPS; g = g + 1) begin : g_group
                    localparam integer COL = (g*POST_LANES + l < COLS) ?
                                             g*POST_LANES + l : COLS - 1;
                    assign params[64*g +: 64] = {multiplier[32*COL +: 32], shift[8*COL +: 8],
                                                 zero_point[8*COL +: 8],
                                                 clamp_low[8*COL +: 8], clamp_high[8*COL +: 8]};
                end
                reg [63:0] param_q;
                always @(posedge clk) if (group_start) param_q <= params[64*group_index +: 64];
                requantize #(
                    .SERIAL(SERIAL)
                ) u_requantize (
                    .clk       (clk),
                    .rst       (rst),
                    .enable    (pipe_enable),
                    .mode      (x_mode_q[1:0]),
                    .x         (x),
                    .multiplier(param_q[63:32]),
                    .shift     (param_q[31:24]),
                    .zero_point(param_q[23:16]),
                    .clamp_low (param_q[15:8]),
                    .clamp_high(param_q[7:0]),
                    .q         (int8_q)
                );
            end else begin : g_no_int8
                wire unused = &{1'b0, multiplier, shift, zero_point, clamp_low, clamp_high};
            end
            if (BF16 != 0) begin : g_float
                wire [32*GROUPS-1:0] biases;
                for (g = 0; g < GROUPS; g = g + 1) begin : g_group
                    localparam integer COL = (g*POST_LANES + l < COLS) ?
                                             g*POST_LANES + l : COLS - 1;
                    assign biases[32*g +: 32] = bias[32*COL +: 32];
                end
                reg  [31:0] bias_q;
                wire [31:0] float_q;
                always @(posedge clk) if (group_start) bias_q <= biases[32*group_index +: 32];
                float_post #(
                    .LATENCY(POST_STAGES)
                ) u_float_post (
                    .clk   (clk),
                    .enable(pipe_enable),
                    .kind  (x_mode_q[1:0]),
                    .relu  (x_mode_q[MODE_RELU]),
                    .x     (x),
                    .bias  (bias_q),
                    .random(random[16*l +: 16]),
                    .y     (float_q)
                );
                if (INT8 != 0) begin : g_either
                    assign lane_result[RESULT_W*l +: RESULT_W] =
                        (pipe_size == 2'd0) ? {24'd0, g_int8.int8_q} : float_q;
                end else begin : g_only
                    assign lane_result[RESULT_W*l +: RESULT_W] = float_q;
                end
            end else begin : g_no_float
                wire unused = &{1'b0, random[16*l +: 16], x_mode_q[MODE_RELU]};
                assign lane_result[RESULT_W*l +: RESULT_W] = g_int8.int8_q;
            end
        end
    endgenerate

    // The groups of a row arrive one after the other, the lowest columns first: each shifts down as
    // the next arrives.
    wire [RESULT_W*POST_LANES*GROUPS-1:0] lanes;
    generate
        if (GROUPS == 1) begin : g_at_once
            assign lanes = lane_result;
        end else begin : g_collect
            reg [RESULT_W*POST_LANES*(GROUPS-1)-1:0] collect_q;
            assign lanes = {lane_result, collect_q};
            always @(posedge clk) if (pipe_enable)
                collect_q <= lanes[RESULT_W*POST_LANES*GROUPS-1:RESULT_W*POST_LANES];
        end
    endgenerate

    // Bytes above a row's own may have any value, so the upper bytes need no multiplexer.
    wire [8*COLS-1:0]  int8_data;
    wire [32*COLS-1:0] shared_data;
    generate
        for (l = 0; l < COLS; l = l + 1) begin : g_pack
            assign int8_data[8*l +: 8] = lanes[RESULT_W*l +: 8];
        end
        if (BF16 != 0) begin : g_wide
            wire [16*COLS-1:0] bf16_data, low_data;
            for (l = 0; l < COLS; l = l + 1) begin : g_pack_bf16
                assign bf16_data[16*l +: 16] = lanes[RESULT_W*l +: 16];
            end
            assign low_data    = (pipe_size == 2'd2) ? lanes[16*COLS-1:0] : bf16_data;
            assign shared_data = {lanes[32*COLS-1:16*COLS], low_data[16*COLS-1:8*COLS],
                                  (pipe_size == 2'd0) ? int8_data : low_data[8*COLS-1:0]};
        end else begin : g_narrow
            assign shared_data = {x_q[32*COLS-1:8*COLS], int8_data};
        end
    endgenerate

    assign out_valid = x_valid_q || row_done;
    assign out_size  = x_valid_q ? 2'd2 : pipe_size;
    assign out_last  = x_valid_q ? x_last_q : row_last_pipe_q[POST_STAGES-1];
    assign out_data  = x_valid_q ? x_q : shared_data;

endmodule

`default_nettype wire
