// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// output_stage: bias, then either the int32 row as it is or POST_LANES requantisers that the columns share.
//
//                        ┌──────────────────────────────► raw row, int32 x COLS
//   row ─► + bias ─► x ──┤
//                        └─ columns by groups of POST_LANES ─► requantize x POST_LANES ─► int8 row, collected
//
// Latency, from row_valid (the row stands on `row` in that cycle) to out_valid: raw 1 cycle; requantised
//          GROUPS + 11, where GROUPS = ceil(COLS / POST_LANES).
// Pace:    a raw row a cycle; a requantised row every GROUPS cycles, during which `row` must not change. Nothing here
//          can stall. A raw tile behind a requantised one must come GROUPS + 11 cycles later, or its rows would meet
//          the others at the output: the sequencer keeps that distance.
// Numbers: x = row + bias wraps modulo 2^32, as NumPy's int32 does; then see requantize. A raw row carries x.
// Timing of the record: `bias` belongs to `row`; so do the other fields, of which the first group's are taken in
//          the cycle of row_valid. The record must stay until the row's last group, GROUPS - 1 cycles later.
// Lanes:   column c is row[32*c +: 32]; out_data has int32 lanes, or int8 ones packed in its low COLS bytes.
`default_nettype none

module output_stage #(
    parameter integer COLS       = 8,  // 1..32
    parameter integer POST_LANES = 2   // requantisers, 1..COLS
) (
    input  wire               clk,
    input  wire               rst,
    // a row of the tile
    input  wire               row_valid,
    input  wire               row_last,
    input  wire [1:0]         row_mode,
    input  wire [32*COLS-1:0] row,
    // its columns' record
    input  wire [32*COLS-1:0] bias,
    input  wire [32*COLS-1:0] multiplier,
    input  wire [8*COLS-1:0]  shift,
    input  wire [8*COLS-1:0]  zero_point,
    input  wire [8*COLS-1:0]  clamp_low,
    input  wire [8*COLS-1:0]  clamp_high,
    // a finished row
    output wire               out_valid,
    output wire               out_last,
    output wire               out_raw,
    output wire [32*COLS-1:0] out_data
);

    localparam integer GROUPS  = (POST_LANES < 1) ? 1 : (COLS + POST_LANES - 1) / POST_LANES;  // 0 is refused below
    localparam integer GROUP_W = (GROUPS == 1) ? 1 : $clog2(GROUPS);
    localparam integer LATENCY = 11;  // requantize
    localparam [31:0]  GROUP_END = GROUPS - 1;

    // x: the row with its bias
    reg                x_valid_q, x_last_q;
    reg [1:0]          x_mode_q;
    reg [32*COLS-1:0]  x_q;

    // Groups: param_group in the cycle of row_valid and after; x follows one cycle behind, because x_q is a register.
    reg                run_q;      // groups of this row are left
    reg [GROUP_W-1:0]  next_q;     // the next of them
    reg                fire_q;     // a group enters the requantisers
    reg [GROUP_W-1:0]  group_q;
    reg                fire_last_q;

    wire                requant     = (row_mode != 2'd0);
    wire                param_valid = row_valid ? requant : run_q;
    wire [GROUP_W-1:0]  param_group = row_valid ? {GROUP_W{1'b0}} : next_q;
    wire                param_end   = (param_group == GROUP_END[GROUP_W-1:0]);

    // One bit a cycle of the requantisers' pipeline: does a whole row come out, is it the tile's last?
    reg [LATENCY-1:0]   whole_q, final_q;
    wire                whole = whole_q[LATENCY-1];

    // The pipeline rests while nothing is in it: the groups of a row follow each other, so from the first to the last
    // there is one behind fire_q or a row's end in whole_q.
    reg                 enable_q;

    always @(posedge clk) begin
        if (rst) begin
            x_valid_q <= 1'b0;
            run_q     <= 1'b0;
            fire_q    <= 1'b0;
            whole_q   <= {LATENCY{1'b0}};
            enable_q  <= 1'b0;
        end else begin
            x_valid_q <= row_valid && !requant;
            run_q     <= param_valid && !param_end;
            fire_q    <= param_valid;
            whole_q   <= {whole_q[LATENCY-2:0], fire_q && (group_q == GROUP_END[GROUP_W-1:0])};
            enable_q  <= param_valid || fire_q || (whole_q != {LATENCY{1'b0}});
        end
        if (row_valid) begin
            x_last_q <= row_last;
            x_mode_q <= row_mode;
        end
        if (param_valid) begin
            next_q      <= param_group + 1'b1;
            group_q     <= param_group;
            fire_last_q <= row_valid ? row_last : fire_last_q;
        end
        if (enable_q) final_q <= {final_q[LATENCY-2:0], fire_last_q};
    end

    genvar l, g;
    generate
        if (POST_LANES < 1 || POST_LANES > COLS) begin : g_illegal
            ERROR_output_stage_POST_LANES_must_be_1_to_COLS u_error ();
        end
    endgenerate

    integer c;
    always @(posedge clk)
        if (row_valid)
            for (c = 0; c < COLS; c = c + 1) x_q[32*c +: 32] <= row[32*c +: 32] + bias[32*c +: 32];

    wire [8*POST_LANES-1:0] lane_q;

    generate
        for (l = 0; l < POST_LANES; l = l + 1) begin : g_lane
            // this lane's columns, group by group; a column beyond the last one repeats it and is thrown away
            wire [64*GROUPS-1:0] params;
            wire [32*GROUPS-1:0] xs;
            for (g = 0; g < GROUPS; g = g + 1) begin : g_group
                localparam integer COL = (g*POST_LANES + l < COLS) ? g*POST_LANES + l : COLS - 1;
                assign params[64*g +: 64] = {multiplier[32*COL +: 32], shift[8*COL +: 8], zero_point[8*COL +: 8],
                                             clamp_low[8*COL +: 8], clamp_high[8*COL +: 8]};
                assign xs[32*g +: 32] = x_q[32*COL +: 32];
            end
            reg [63:0] param_q;
            always @(posedge clk) if (param_valid) param_q <= params[64*param_group +: 64];
            requantize u_requantize (
                .clk       (clk),
                .enable    (enable_q),
                .mode      (x_mode_q),
                .x         (xs[32*group_q +: 32]),
                .multiplier(param_q[63:32]),
                .shift     (param_q[31:24]),
                .zero_point(param_q[23:16]),
                .clamp_low (param_q[15:8]),
                .clamp_high(param_q[7:0]),
                .q         (lane_q[8*l +: 8])
            );
        end
    endgenerate

    // The groups of a row come out one after the other, the lowest columns first: they move down as the next arrive.
    wire [8*POST_LANES*GROUPS-1:0] int8_row;
    generate
        if (GROUPS == 1) begin : g_at_once
            assign int8_row = lane_q;
        end else begin : g_collect
            reg [8*POST_LANES*(GROUPS-1)-1:0] collect_q;
            assign int8_row = {lane_q, collect_q};
            always @(posedge clk) if (enable_q) collect_q <= int8_row[8*POST_LANES*GROUPS-1:8*POST_LANES];
        end
    endgenerate

    wire [32*COLS-1:0] int8_data;
    assign int8_data[8*COLS-1:0]       = int8_row[8*COLS-1:0];
    assign int8_data[32*COLS-1:8*COLS] = {(24*COLS){1'b0}};

    assign out_valid = x_valid_q || whole;
    assign out_raw   = x_valid_q;
    assign out_last  = x_valid_q ? x_last_q : final_q[LATENCY-1];
    assign out_data  = x_valid_q ? x_q : int8_data;

endmodule

`default_nettype wire
