// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The result path: paces the rows out of the array, post-processes them with the record of their
//   panel, buffers them and packs them into beats. Mostly wiring.
//
//     load ─► result_chain ─► output_stage ─► fifo ─► row_packer ─► packet_closer ─► m_axis
//               panel_record ─┘  └─ lfsr32
//
// Latency
//   From `load` to the first result beat offered, when the FIFO is empty: raw 5 cycles, all others
//   10 + ceil(COLS / POST_LANES) more if POST_CYCLES is 1. With PACK_RESULTS a beat leaves with its
//   last row.
//
// Numbers
//   Those of output_stage. m_axis_tkeep marks the bytes that are results. A row has COLS bytes
//   (int8), 2 COLS (bfloat16) or 4 COLS (int32, float32).
//
// Example
//   ROWS 4, raw, load in cycle 0: row_valid in cycles 1 to 4, post_valid in 2 to 5, fifo_valid in 4
//   to 7, m_axis_tvalid in 5 to 8.
`default_nettype none

module result_path #(
    parameter integer ROWS         = 8,       // 1..32
    parameter integer COLS         = 8,       // 1..32
    parameter integer LANE_W       = 8,       // bits of a record's lane: 8..64
    parameter integer POST_LANES   = 2,       // requantisers, float units or both, 1..COLS
    parameter integer INT8         = 1,       // 1: int8 tiles
    parameter integer BF16         = 0,       // 1: bfloat16 tiles
    parameter integer POST_CYCLES  = 1,       // cycles per result of a requantiser: 1, or 33..64
    parameter integer POST_STAGES  = 11,      // steps of a requantiser: 11, or 8 if serial
    parameter integer ROW_CYCLES   = 4,       // cycles per requantised row, 1..2048
    parameter integer LEAD         = 4,       // cycles from a tile's last operands to its results
    parameter         RECORD_RAM   = "auto",  // memory of the panels' records: "auto" or "block"
    parameter integer FIFO_DEPTH   = 64,      // rows the FIFO holds, a power of two
    parameter integer PACK_RESULTS = 0        // 1: int8 and bfloat16 rows share beats
) (
    input  wire                   clk,
    input  wire                   rst,
    input  wire                   core_rst,   // rst or soft_reset
    input  wire                   soft_reset,
    // records
    input  wire                   record_write,
    input  wire [1:0]             record_slot,
    input  wire [3:0]             record_beat,
    input  wire [LANE_W*COLS-1:0] record_data,
    // the last slice of a tile, LEAD cycles before its `load` in a core without bfloat16
    input  wire                   op_last,
    input  wire [1:0]             op_slot,
    // finished tiles
    input  wire                   load,
    input  wire [1:0]             load_slot,
    input  wire [3:0]             load_mode,
    output wire                   chain_shift,
    input  wire [32*COLS-1:0]     row,
    // random bits
    input  wire [31:0]            seed,
    input  wire                   seed_load,
    // results
    output wire                   row_sent,   // a row left the FIFO in the previous cycle
    output wire [32*COLS-1:0]     m_axis_tdata,
    output wire [4*COLS-1:0]      m_axis_tkeep,
    output wire                   m_axis_tvalid,
    input  wire                   m_axis_tready,
    output wire                   m_axis_tlast
);

    // Cycles taken to read a record: at most ROWS, the smallest distance between tiles, and at most
    // 4, which fills a LUT RAM of depth 16. A record in block RAM is read ahead of its tile, except
    // with bfloat16, where LEAD depends on the tile, and with serial requantisers: on a small
    // device the registers cost more than they gain. Only the last letter of "auto" or "block" is
    // compared: comparing strings of different lengths would cause a width warning.
    localparam integer LANE_BYTES    = (LANE_W < 8) ? 1 : LANE_W / 8;
    localparam integer RECORD_BEATS  = (12 + LANE_BYTES - 1) / LANE_BYTES;
    localparam integer BLOCK         = (RECORD_RAM[7:0] == "k") ? 1 : 0;
    localparam integer READS         = (BLOCK != 0 || BF16 != 0) ? 1 :
                                       (RECORD_BEATS <= 4 && RECORD_BEATS <= ROWS) ? RECORD_BEATS :
                                       (ROWS >= 4) ? 4 : (ROWS >= 2) ? 2 : 1;
    localparam integer RECORD_LEAD   = (READS == 1 && (BLOCK == 0 || BF16 != 0 || POST_CYCLES != 1))
                                       ? 0 : LEAD;
    localparam [3:0]   RAW           = 4'd0;  // the mode of a raw int8 panel
    localparam integer MODE_BF16     = 2;     // bit of a mode: the panel is bfloat16
    localparam integer TILE_ROWS_MAX = (BF16 != 0) ? 4*ROWS : ROWS;
    localparam integer TILE_ROWS_W   = (TILE_ROWS_MAX == 1) ? 1 : $clog2(TILE_ROWS_MAX);
    localparam integer PACE_W        = (ROW_CYCLES == 1) ? 1 : $clog2(ROW_CYCLES);
    localparam [31:0]  PACE_REQUANT  = ROW_CYCLES - 1;
    localparam [31:0]  INT8_ROWS_END = ROWS - 1;
    localparam [31:0]  BF16_ROWS_END = 4*ROWS - 1;

    wire                     row_valid, row_last;
    wire [3:0]               row_mode;
    wire [32*COLS-1:0]       bias, multiplier;
    wire [8*COLS-1:0]        shift, zero_point, clamp_low, clamp_high;
    wire [16*POST_LANES-1:0] random;
    wire                     random_step;
    wire                     post_valid, post_last;
    wire [1:0]               post_size;
    wire [32*COLS-1:0]       post_data;
    wire                     fifo_valid, fifo_ready, fifo_last;
    wire [32*COLS-1:0]       fifo_data;
    // [0]: the row has more than COLS bytes, [1]: more than 2 COLS. Decoded before the FIFO, so
    // that no logic follows its slow memory.
    wire [1:0]               fifo_wide;
    reg                      row_sent_q;
    wire [32*COLS-1:0]       beat_data;
    wire [4*COLS-1:0]        beat_keep;
    wire [3:0]               beat_enable;
    wire                     beat_partial;

    result_chain #(
        .ROWS  (TILE_ROWS_MAX),
        .PACE_W(PACE_W),
        .TAG_W (4)
    ) u_result_chain (
        .clk        (clk),
        .rst        (core_rst),
        .load       (load),
        .load_tag   (load_mode),
        .load_pace  ((load_mode == RAW) ? {PACE_W{1'b0}} : PACE_REQUANT[PACE_W-1:0]),
        .load_rows  ((BF16 != 0 && load_mode[MODE_BF16]) ? BF16_ROWS_END[TILE_ROWS_W-1:0] :
                     INT8_ROWS_END[TILE_ROWS_W-1:0]),
        .chain_shift(chain_shift),
        .row_valid  (row_valid),
        .row_last   (row_last),
        .row_tag    (row_mode)
    );

    panel_record #(
        .COLS      (COLS),
        .LANE_BYTES(LANE_BYTES),
        .READS     (READS),
        .LEAD      (RECORD_LEAD),
        .RAM       (RECORD_RAM)
    ) u_panel_record (
        .clk         (clk),
        .rst         (core_rst),
        .record_write(record_write),
        .record_slot (record_slot),
        .record_beat (record_beat),
        .record_data (record_data),
        .read        (op_last),
        .read_slot   (op_slot),
        .load        (load),
        .load_slot   (load_slot),
        .bias        (bias),
        .multiplier  (multiplier),
        .shift       (shift),
        .zero_point  (zero_point),
        .clamp_low   (clamp_low),
        .clamp_high  (clamp_high)
    );

    generate
        if (BF16 != 0) begin : g_random
            lfsr32 #(
                .LANES(POST_LANES)
            ) u_lfsr (
                .clk (clk),
                .load(rst || seed_load),
                .seed(seed),
                .step(random_step),
                .bits(random)
            );
        end else begin : g_no_random
            wire unused = &{1'b0, seed, seed_load, random_step};
            assign random = {(16*POST_LANES){1'b0}};
        end
    endgenerate

    output_stage #(
        .COLS       (COLS),
        .POST_LANES (POST_LANES),
        .INT8       (INT8),
        .BF16       (BF16),
        .POST_CYCLES(POST_CYCLES),
        .POST_STAGES(POST_STAGES)
    ) u_output_stage (
        .clk        (clk),
        .rst        (core_rst),
        .row_valid  (row_valid),
        .row_last   (row_last),
        .row_mode   (row_mode),
        .row        (row),
        .bias       (bias),
        .multiplier (multiplier),
        .shift      (shift),
        .zero_point (zero_point),
        .clamp_low  (clamp_low),
        .clamp_high (clamp_high),
        .random     (random),
        .random_step(random_step),
        .out_valid  (post_valid),
        .out_last   (post_last),
        .out_size   (post_size),
        .out_data   (post_data)
    );

    fifo #(
        .WIDTH(32*COLS + 3),
        .DEPTH(FIFO_DEPTH)
    ) u_fifo (
        .clk      (clk),
        .rst      (core_rst),
        .in_data  ({post_size[1], post_size != 2'd0, post_last, post_data}),
        .in_valid (post_valid),
        .out_data ({fifo_wide, fifo_last, fifo_data}),
        .out_valid(fifo_valid),
        .out_ready(fifo_ready)
    );

    // Registered: it depends on m_axis_tready, and the credit it returns decides whether the next
    // tile may start.
    always @(posedge clk) row_sent_q <= fifo_valid && fifo_ready && !core_rst;
    assign row_sent = row_sent_q;

    row_packer #(
        .COLS(COLS),
        .PACK(PACK_RESULTS)
    ) u_row_packer (
        .clk        (clk),
        .rst        (core_rst),
        .in_data    (fifo_data),
        .in_wide    (fifo_wide),
        .in_last    (fifo_last),
        .in_valid   (fifo_valid),
        .out_data   (beat_data),
        .out_enable (beat_enable),
        .out_partial(beat_partial),
        .out_keep   (beat_keep),
        .out_ready  (fifo_ready)
    );

    packet_closer #(
        .DATA_W(32*COLS),
        .KEEP_W(4*COLS),
        .PARTS (4)
    ) u_packet_closer (
        .clk       (clk),
        .rst       (rst),
        .soft_reset(soft_reset),
        .in_data   (beat_data),
        .in_enable (beat_enable),
        .in_partial(beat_partial),
        .in_keep   (beat_keep),
        .in_last   (fifo_last),
        .in_valid  (fifo_valid),
        .in_ready  (fifo_ready),
        .out_data  (m_axis_tdata),
        .out_keep  (m_axis_tkeep),
        .out_last  (m_axis_tlast),
        .out_valid (m_axis_tvalid),
        .out_ready (m_axis_tready)
    );

endmodule

`default_nettype wire
