// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   macrame: an int8 and bfloat16 matrix core. AXI4-Stream in and out, AXI4-Lite for control; this
//   file is wiring only.
//
//     s_axis_w ─► packet_gate ─► panel_buffer ───── slices, replayed ─────┐
//                                  └► panel_record ── by column ───────┐  │
//                                                                      │  │
//     s_axis_a ─► packet_gate ─► skid ─► tile_sequencer ─► mac_array ◄─┼──┘
//                                              ▲               ▼       ▼
//                                              │         result_chain ─► output_stage ─► fifo
//                                              └──────────────── credits ─────────────────┤
//                                                                                         ▼
//     s_axil ─► axil_regs, perf_counters, release_watchdog ─► irq     m_axis ◄─ packet_closer
//
//   Reset is synchronous, active high, control only. Errors stop the core with a sticky named
//   status; a soft reset through CONTROL restarts it on packet boundaries.
//
// Latency
//   From the last activation beat accepted to the first result beat offered: raw
//   10 + max(1, ceil(log2 DEPTH)) cycles; requantised 10 + ceil(COLS / POST_LANES) more. bfloat16
//   25 + ceil(COLS / POST_LANES), GROUPS below; int8 in a core with bfloat16 1 cycle more than
//   without. golden/cycles.py predicts every counter to the cycle.
//
//   Throughput: a tile of K takes ceil(K / DEPTH) cycles, and the next one follows without an idle
//   cycle whenever that is at least ROWS (raw) or ROWS * ceil(COLS / POST_LANES) (requantised). A
//   bfloat16 tile takes 4 K cycles, and the next one follows at once if
//   K >= ROWS * ceil(COLS / POST_LANES), or one more: docs/architecture.md.
//
// Numbers
//   Tile by tile C[ROWS, COLS] = A[ROWS, K] x W[K, COLS], int8 x int8 -> int32, then x = C + bias,
//   wrapping; the output is x, or int8 by one of three runtimes' rounding, selected by weight
//   panel. Or C[4 ROWS, COLS] of bfloat16, summed in float32 in the order of k; then a bias, ReLU,
//   float32 or bfloat16 out. docs/streams.md has the packets, docs/numerics.md the arithmetic,
//   docs/registers.md the registers.
//
// Example
//   2x2x1, raw, bias 0: A = [[1, 2], [3, 4]] and W = [[5, 6], [7, 8]] give the rows 19, 22 and 43,
//   50. examples/first_product.v is a complete test bench.
`default_nettype none

module macrame #(
    parameter integer ROWS        = 8,  // rows of the array, 1..32
    parameter integer COLS        = 8,  // columns of the array, 1..32
    // int8 pairs per cell per cycle; 1 with bfloat16, else 1..8
    parameter integer DEPTH       = 1,
    parameter integer K_MAX       = 1024,  // longest panel, in values of K, DEPTH..65536
    parameter integer POST_LANES  = 2,     // requantisers, float units or both, 1..COLS
    // number formats of the cells: "INT8", "BF16" or "DUAL"
    parameter         FORMATS     = "INT8",
    // last rows, which multiply in LUTs: 0..ROWS; 0 with bfloat16
    parameter integer LUT_ROWS    = 0,
    parameter         RECORD_RAM  = "auto",  // memory of the panels' records: "auto" or "block"
    // Cycles a requantiser has for a result. 33 to 64, without bfloat16: it multiplies a bit a
    // cycle, in a twentieth of the LUTs and without DSP blocks, where a slow link feeds the core or
    // the array has taken the DSPs. Then a row takes POST_CYCLES times as long as below.
    parameter integer POST_CYCLES = 1,
    // Rows the result FIFO holds, a power of two, 2 or more and ROWS or more (4 ROWS with
    // bfloat16). A tile holds its credits from its first slice until its rows have left: two tiles'
    // time and the pipeline's. The default covers that, so that tiles never wait for a result
    // stream that is always taken; a smaller one saves memory and costs cycles.
    parameter integer FIFO_DEPTH  = 1 << $clog2(3*ROWS*((FORMATS == "INT8") ? 1 : 4) + 32)
) (
    input  wire               clk,
    input  wire               rst,
    // weight panels
    input  wire [((FORMATS == "INT8") ? 8*DEPTH : 16)*COLS-1:0] s_axis_w_tdata,
    input  wire [7:0]         s_axis_w_tuser,
    input  wire               s_axis_w_tvalid,
    output wire               s_axis_w_tready,
    input  wire               s_axis_w_tlast,
    // activation panels
    input  wire [((FORMATS == "INT8") ? 8*DEPTH : 16)*ROWS-1:0] s_axis_a_tdata,
    input  wire [1:0]         s_axis_a_tuser,
    input  wire               s_axis_a_tvalid,
    output wire               s_axis_a_tready,
    input  wire               s_axis_a_tlast,
    // result tiles
    output wire [32*COLS-1:0] m_axis_tdata,
    output wire [4*COLS-1:0]  m_axis_tkeep,
    output wire               m_axis_tvalid,
    input  wire               m_axis_tready,
    output wire               m_axis_tlast,
    // registers
    input  wire [7:0]         s_axil_awaddr,
    input  wire [2:0]         s_axil_awprot,
    input  wire               s_axil_awvalid,
    output wire               s_axil_awready,
    input  wire [31:0]        s_axil_wdata,
    input  wire [3:0]         s_axil_wstrb,
    input  wire               s_axil_wvalid,
    output wire               s_axil_wready,
    output wire [1:0]         s_axil_bresp,
    output wire               s_axil_bvalid,
    input  wire               s_axil_bready,
    input  wire [7:0]         s_axil_araddr,
    input  wire [2:0]         s_axil_arprot,
    input  wire               s_axil_arvalid,
    output wire               s_axil_arready,
    output wire [31:0]        s_axil_rdata,
    output wire [1:0]         s_axil_rresp,
    output wire               s_axil_rvalid,
    input  wire               s_axil_rready,
    output wire               irq
);

    localparam integer INT8          = (FORMATS != "BF16") ? 1 : 0;
    localparam integer BF16          = (FORMATS != "INT8") ? 1 : 0;
    localparam integer LANE_W        = (BF16 != 0) ? 16 : 8*DEPTH;  // bits of an operand lane
    // rows of the tallest tile
    localparam integer TILE_ROWS_MAX = (BF16 != 0) ? 4*ROWS : ROWS;
    // A zero is refused by the module whose rule it breaks; until then it must not be divided by.
    localparam integer SLICES_MAX    = (DEPTH < 1) ? 1 : (K_MAX + DEPTH - 1) / DEPTH;
    localparam integer GROUPS        = (POST_LANES < 1) ? 1 : (COLS + POST_LANES - 1) / POST_LANES;
    // from a cell's operands to the last of a tile's results
    localparam integer SUM_LATENCY   = (BF16 != 0) ? 7 : 2 + ((DEPTH == 1) ? 1 : $clog2(DEPTH));
    // A requantised or float row leaves the output stage GROUPS + 11 cycles after it came, a raw
    // one 1 cycle after. The last requantised row comes GROUPS cycles before the chain is free, so
    // 11 more let no raw row overtake.
    // output_stage: 8, and a tick
    localparam integer POST_LATENCY  = (POST_CYCLES == 1) ? 11 : 9 * POST_CYCLES;
    localparam integer ROW_CYCLES    = GROUPS * POST_CYCLES;  // that a requantised row takes

    generate
        if (K_MAX < DEPTH || K_MAX > 65536) begin : g_illegal
            ERROR_macrame_K_MAX_must_be_DEPTH_to_65536 u_error ();
        end
        if (FIFO_DEPTH < TILE_ROWS_MAX) begin : g_illegal_fifo
            ERROR_macrame_FIFO_DEPTH_must_be_at_least_ROWS_or_4_ROWS_with_BF16 u_error ();
        end
        if (FORMATS != "INT8" && FORMATS != "BF16" && FORMATS != "DUAL") begin : g_illegal_formats
            ERROR_macrame_FORMATS_must_be_INT8_BF16_or_DUAL u_error ();
        end
        if (BF16 != 0 && DEPTH != 1) begin : g_illegal_depth
            ERROR_macrame_DEPTH_must_be_1_with_BF16 u_error ();
        end
    endgenerate

    localparam [31:0] ROWS_WORD  = ROWS;
    localparam [31:0] COLS_WORD  = COLS;
    localparam [31:0] DEPTH_WORD = DEPTH;
    localparam [31:0] LANES_WORD = POST_LANES;
    localparam [31:0] SHAPE      = {LANES_WORD[7:0], DEPTH_WORD[7:0], COLS_WORD[7:0],
                                    ROWS_WORD[7:0]};
    localparam [31:0] K_MAX_WORD = K_MAX;
    localparam [31:0] FORMAT_WORD = 2*BF16 + INT8;

    wire soft_reset, halted, core_rst;
    assign core_rst = rst || soft_reset;

    // weights
    wire w_valid, w_ready, w_accepted, w_blocked;
    wire record_write;
    wire [1:0] record_slot;
    wire [3:0] record_beat;
    wire slice_ready, slice_last, slice_advance, panel_release;
    wire [1:0] slice_slot;
    wire [3:0] slice_mode;
    wire [LANE_W*COLS-1:0] op_w;
    wire error_mode, error_record, error_w_long;

    packet_gate u_gate_w (
        .clk       (clk),
        .rst       (rst),
        .soft_reset(soft_reset),
        .in_valid  (s_axis_w_tvalid),
        .in_last   (s_axis_w_tlast),
        .in_ready  (s_axis_w_tready),
        .out_valid (w_valid),
        .out_ready (w_ready),
        .accepted  (w_accepted)
    );

    panel_buffer #(
        .COLS      (COLS),
        .LANE_BYTES(LANE_W/8),
        .SLICES_MAX(SLICES_MAX),
        .SETTLE    (SUM_LATENCY + 3),
        .INT8      (INT8),
        .BF16      (BF16)
    ) u_panel_buffer (
        .clk          (clk),
        .rst          (core_rst),
        .halted       (halted),
        .in_data      (s_axis_w_tdata),
        .in_user      (s_axis_w_tuser),
        .in_last      (s_axis_w_tlast),
        .in_valid     (w_valid),
        .in_ready     (w_ready),
        .in_blocked   (w_blocked),
        .record_write (record_write),
        .record_slot  (record_slot),
        .record_beat  (record_beat),
        .slice_ready  (slice_ready),
        .slice_last   (slice_last),
        .slice_slot   (slice_slot),
        .slice_mode   (slice_mode),
        .slice_advance(slice_advance),
        .panel_release(panel_release),
        .op_w         (op_w),
        .error_mode   (error_mode),
        .error_record (error_record),
        .error_w_long (error_w_long)
    );

    // activations
    wire a_in_valid, a_in_ready, a_accepted;
    wire a_valid, a_ready, a_last;
    wire [1:0] a_user;
    wire [LANE_W*ROWS-1:0] a_data;

    packet_gate u_gate_a (
        .clk       (clk),
        .rst       (rst),
        .soft_reset(soft_reset),
        .in_valid  (s_axis_a_tvalid),
        .in_last   (s_axis_a_tlast),
        .in_ready  (s_axis_a_tready),
        .out_valid (a_in_valid),
        .out_ready (a_in_ready),
        .accepted  (a_accepted)
    );

    skid #(
        .WIDTH(LANE_W*ROWS + 3),
        .HEAD (3)
    ) u_skid_a (
        .clk      (clk),
        .rst      (core_rst),
        .in_data  ({s_axis_a_tdata, s_axis_a_tlast, s_axis_a_tuser}),
        .in_valid (a_in_valid),
        .in_ready (a_in_ready),
        .out_data ({a_data, a_last, a_user}),
        .out_valid(a_valid),
        .out_ready(a_ready)
    );

    // slices
    wire                   op_valid, op_last, idle;
    reg                    row_sent_q;  // a row left the result FIFO in the cycle before
    wire [1:0]             op_slot;
    wire [3:0]             op_mode;
    wire [LANE_W*ROWS-1:0] op_a;
    wire                   error_k, error_a_long, error_format;
    wire                   issue, stall_a, stall_w, stall_out, pad;

    tile_sequencer #(
        .ROWS        (ROWS),
        .LANE_BYTES  (LANE_W/8),
        .SLICES_MAX  (SLICES_MAX),
        .ROW_CYCLES  (ROW_CYCLES),
        .POST_LATENCY(POST_LATENCY),
        .CREDITS     (FIFO_DEPTH),
        .BF16        (BF16)
    ) u_tile_sequencer (
        .clk          (clk),
        .rst          (core_rst),
        .halted       (halted),
        .a_data       (a_data),
        .a_user       (a_user),
        .a_last       (a_last),
        .a_valid      (a_valid),
        .a_ready      (a_ready),
        .slice_ready  (slice_ready),
        .slice_last   (slice_last),
        .slice_slot   (slice_slot),
        .slice_mode   (slice_mode),
        .slice_advance(slice_advance),
        .panel_release(panel_release),
        .op_valid     (op_valid),
        .op_last      (op_last),
        .op_slot      (op_slot),
        .op_mode      (op_mode),
        .op_a         (op_a),
        .row_sent     (row_sent_q),
        .idle         (idle),
        .error_k      (error_k),
        .error_a_long (error_a_long),
        .error_format (error_format),
        .issue        (issue),
        .stall_a      (stall_a),
        .stall_w      (stall_w),
        .stall_out    (stall_out),
        .pad          (pad)
    );

    // the array and the way out of it
    wire               load, chain_shift, row_valid, row_last;
    wire [1:0]         load_slot;
    wire [3:0]         load_mode, row_mode;
    wire [32*COLS-1:0] row;
    wire [32*COLS-1:0] bias, multiplier;
    wire [8*COLS-1:0]  shift, zero_point, clamp_low, clamp_high;

    mac_array #(
        .ROWS    (ROWS),
        .COLS    (COLS),
        .DEPTH   (DEPTH),
        .INT8    (INT8),
        .BF16    (BF16),
        .LUT_ROWS(LUT_ROWS),
        .LANE_W  (LANE_W),
        .TAG_W   (6)
    ) u_mac_array (
        .clk        (clk),
        .rst        (core_rst),
        .op_valid   (op_valid),
        .op_last    (op_last),
        .op_bf16    (op_mode[2]),
        .op_tag     ({op_slot, op_mode}),
        .op_a       (op_a),
        .op_w       (op_w),
        .load       (load),
        .load_tag   ({load_slot, load_mode}),
        .chain_shift(chain_shift),
        .row        (row)
    );

    localparam integer PACE_W = (ROW_CYCLES == 1) ? 1 : $clog2(ROW_CYCLES);
    localparam [31:0] PACE_REQUANT = ROW_CYCLES - 1;
    localparam integer TILE_ROWS_W = (TILE_ROWS_MAX == 1) ? 1 : $clog2(TILE_ROWS_MAX);
    localparam [31:0] INT8_ROWS_END = ROWS - 1;
    localparam [31:0] BF16_ROWS_END = 4*ROWS - 1;

    result_chain #(
        .ROWS  (TILE_ROWS_MAX),
        .PACE_W(PACE_W),
        .TAG_W (4)
    ) u_result_chain (
        .clk        (clk),
        .rst        (core_rst),
        .load       (load),
        .load_tag   (load_mode),
        .load_pace  ((load_mode == 4'd0) ? {PACE_W{1'b0}} : PACE_REQUANT[PACE_W-1:0]),
        .load_rows  ((BF16 != 0 && load_mode[2]) ? BF16_ROWS_END[TILE_ROWS_W-1:0] :
                     INT8_ROWS_END[TILE_ROWS_W-1:0]),
        .chain_shift(chain_shift),
        .row_valid  (row_valid),
        .row_last   (row_last),
        .row_tag    (row_mode)
    );

    panel_record #(
        .COLS      (COLS),
        .LANE_BYTES(LANE_W/8),
        .RAM       (RECORD_RAM)
    ) u_panel_record (
        .clk         (clk),
        .record_write(record_write),
        .record_slot (record_slot),
        .record_beat (record_beat),
        .record_data (s_axis_w_tdata),
        .read        (load),
        .read_slot   (load_slot),
        .bias        (bias),
        .multiplier  (multiplier),
        .shift       (shift),
        .zero_point  (zero_point),
        .clamp_low   (clamp_low),
        .clamp_high  (clamp_high)
    );

    wire [31:0] seed;
    wire seed_load;
    wire post_valid, post_last, random_step;
    wire [1:0] post_size;
    wire [16*POST_LANES-1:0] random;
    wire [32*COLS-1:0] post_data;

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
        .POST_CYCLES(POST_CYCLES)
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

    wire fifo_valid, fifo_ready, fifo_last;
    // bytes beyond the first COLS are kept, and those beyond 2 COLS: told here, not behind slow RAM
    wire [1:0] fifo_wide;
    wire [32*COLS-1:0] fifo_data;

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

    // registered, since m_axis_tready is in it and what it gives back decides on the next tile
    always @(posedge clk) row_sent_q <= fifo_valid && fifo_ready && !core_rst;

    packet_closer #(
        .DATA_W(32*COLS),
        .KEEP_W(4*COLS)
    ) u_packet_closer (
        .clk       (clk),
        .rst       (rst),
        .soft_reset(soft_reset),
        .in_data   (fifo_data),
        .in_keep   ({{(2*COLS){fifo_wide[1]}}, {COLS{fifo_wide[0]}}, {COLS{1'b1}}}),
        .in_last   (fifo_last),
        .in_valid  (fifo_valid),
        .in_ready  (fifo_ready),
        .out_data  (m_axis_tdata),
        .out_keep  (m_axis_tkeep),
        .out_last  (m_axis_tlast),
        .out_valid (m_axis_tvalid),
        .out_ready (m_axis_tready)
    );

    // registers
    wire clear_counters, counters_full, stuck;
    wire [31:0] watchdog;
    wire [31:0] cycles, busy_cycles, tiles, stall_a_cycles, stall_w_cycles, stall_out_cycles,
                pad_cycles;

    release_watchdog u_release_watchdog (
        .clk    (clk),
        .rst    (core_rst),
        .limit  (watchdog),
        .blocked(w_blocked && !halted),
        .offered(a_valid),
        .stuck  (stuck)
    );

    perf_counters #(
        .WIDTH(32)
    ) u_perf_counters (
        .clk             (clk),
        .clear           (core_rst || clear_counters),
        .beat_in         (w_accepted || a_accepted),
        .beat_out        (m_axis_tvalid && m_axis_tready),
        .issue           (issue),
        .tile            (load),
        .stall_a         (stall_a),
        .stall_w         (stall_w),
        .stall_out       (stall_out),
        .pad             (pad),
        .cycles          (cycles),
        .busy_cycles     (busy_cycles),
        .tiles           (tiles),
        .stall_a_cycles  (stall_a_cycles),
        .stall_w_cycles  (stall_w_cycles),
        .stall_out_cycles(stall_out_cycles),
        .pad_cycles      (pad_cycles),
        .full            (counters_full)
    );

    axil_regs #(
        .SHAPE (SHAPE),
        .K_MAX (K_MAX_WORD),
        .FORMAT(FORMAT_WORD)
    ) u_axil_regs (
        .clk           (clk),
        .rst           (rst),
        .s_axil_awaddr (s_axil_awaddr),
        .s_axil_awprot (s_axil_awprot),
        .s_axil_awvalid(s_axil_awvalid),
        .s_axil_awready(s_axil_awready),
        .s_axil_wdata  (s_axil_wdata),
        .s_axil_wstrb  (s_axil_wstrb),
        .s_axil_wvalid (s_axil_wvalid),
        .s_axil_wready (s_axil_wready),
        .s_axil_bresp  (s_axil_bresp),
        .s_axil_bvalid (s_axil_bvalid),
        .s_axil_bready (s_axil_bready),
        .s_axil_araddr (s_axil_araddr),
        .s_axil_arprot (s_axil_arprot),
        .s_axil_arvalid(s_axil_arvalid),
        .s_axil_arready(s_axil_arready),
        .s_axil_rdata  (s_axil_rdata),
        .s_axil_rresp  (s_axil_rresp),
        .s_axil_rvalid (s_axil_rvalid),
        .s_axil_rready (s_axil_rready),
        .soft_reset    (soft_reset),
        .clear_counters(clear_counters),
        .watchdog      (watchdog),
        .seed          (seed),
        .seed_load     (seed_load),
        .halted        (halted),
        .irq           (irq),
        .error         ({stuck, error_mode || error_format, error_record, error_a_long,
                         error_w_long, error_k}),
        .busy          (!idle || m_axis_tvalid),
        .counters_full (counters_full),
        .counters      ({pad_cycles, stall_out_cycles, stall_w_cycles, stall_a_cycles, tiles,
                         busy_cycles, cycles})
    );

endmodule

`default_nettype wire
