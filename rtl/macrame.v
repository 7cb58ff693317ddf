// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// macrame: an int8 matrix core. AXI4-Stream in and out, AXI4-Lite beside; this file is wiring only.
//
//  s_axis_w ─► packet_gate ─► panel_buffer ─────────┐ w, by slices, replayed
//                               └► panel_record ┐   ▼
//  s_axis_a ─► packet_gate ─► skid ─► tile_sequencer ─► mac_array ─► result_chain ─► output_stage ─► fifo ─► packet_closer ─► m_axis
//                                           ▲   └───────────────────────────────────────┘ record       │
//                                           └── credits ────────────────────────────────────────────────┘
//  s_axil   ─► axil_regs, perf_counters, release_watchdog ─► irq
//
// Numbers: tile by tile C[ROWS, COLS] = A[ROWS, K] x W[K, COLS], int8 x int8 -> int32, then x = C + bias, wrapping; out
//          goes x as it is, or int8 by one of three runtimes' rounding, chosen by weight panel. docs/streams.md has the
//          packets, docs/numerics.md the arithmetic, docs/registers.md the registers.
//
// Throughput: a tile of K takes ceil(K / DEPTH) cycles, and the next one follows without an idle cycle whenever that is
//          at least ROWS (raw) or ROWS * ceil(COLS / POST_LANES) (requantised).
// Latency, last activation beat accepted to first result beat offered: raw 10 + max(1, ceil(log2 DEPTH)) cycles;
//          requantised 10 + ceil(COLS / POST_LANES) more. golden/cycles.py predicts every counter to the cycle.
// Reset:   synchronous, active high, control only. Errors stop the core with a sticky named status; a soft reset through
//          CONTROL brings it back on packet boundaries.
`default_nettype none

module macrame #(
    parameter integer ROWS       = 8,     // rows of the array, 1..32
    parameter integer COLS       = 8,     // columns of the array, 1..32
    parameter integer DEPTH      = 1,     // int8 pairs a cell multiplies a cycle, 1..8
    parameter integer K_MAX      = 1024,  // longest panel, in values of K, DEPTH..65536
    parameter integer POST_LANES = 2,     // requantisers, 1..COLS
    // Rows the result FIFO holds, a power of two, 2 or more and ROWS or more. A tile holds its credits from its first
    // slice until its rows have left: two tiles' time and the pipeline's. The default covers that, so that tiles never
    // wait for a result stream that is always taken; a smaller one saves memory and costs cycles.
    parameter integer FIFO_DEPTH = 1 << $clog2(3*ROWS + 32)
) (
    input  wire                    clk,
    input  wire                    rst,
    // weight panels
    input  wire [8*DEPTH*COLS-1:0] s_axis_w_tdata,
    input  wire [7:0]              s_axis_w_tuser,
    input  wire                    s_axis_w_tvalid,
    output wire                    s_axis_w_tready,
    input  wire                    s_axis_w_tlast,
    // activation panels
    input  wire [8*DEPTH*ROWS-1:0] s_axis_a_tdata,
    input  wire [1:0]              s_axis_a_tuser,
    input  wire                    s_axis_a_tvalid,
    output wire                    s_axis_a_tready,
    input  wire                    s_axis_a_tlast,
    // result tiles
    output wire [32*COLS-1:0]      m_axis_tdata,
    output wire [4*COLS-1:0]       m_axis_tkeep,
    output wire                    m_axis_tvalid,
    input  wire                    m_axis_tready,
    output wire                    m_axis_tlast,
    // registers
    input  wire [7:0]              s_axil_awaddr,
    input  wire [2:0]              s_axil_awprot,
    input  wire                    s_axil_awvalid,
    output wire                    s_axil_awready,
    input  wire [31:0]             s_axil_wdata,
    input  wire [3:0]              s_axil_wstrb,
    input  wire                    s_axil_wvalid,
    output wire                    s_axil_wready,
    output wire [1:0]              s_axil_bresp,
    output wire                    s_axil_bvalid,
    input  wire                    s_axil_bready,
    input  wire [7:0]              s_axil_araddr,
    input  wire [2:0]              s_axil_arprot,
    input  wire                    s_axil_arvalid,
    output wire                    s_axil_arready,
    output wire [31:0]             s_axil_rdata,
    output wire [1:0]              s_axil_rresp,
    output wire                    s_axil_rvalid,
    input  wire                    s_axil_rready,
    output wire                    irq
);

    // A zero is refused by the module whose rule it breaks; until then it must not be divided by.
    localparam integer SLICES_MAX  = (DEPTH < 1) ? 1 : (K_MAX + DEPTH - 1) / DEPTH;
    localparam integer GROUPS      = (POST_LANES < 1) ? 1 : (COLS + POST_LANES - 1) / POST_LANES;
    localparam integer SUM_LATENCY = 2 + ((DEPTH == 1) ? 1 : $clog2(DEPTH));
    // A requantised row leaves the output stage GROUPS + 11 cycles after it came, a raw one 1 cycle after. The last
    // requantised row comes GROUPS cycles before the chain is free, so 11 more let no raw row overtake.
    localparam integer OVERTAKE    = 11;

    generate
        if (K_MAX < DEPTH || K_MAX > 65536) begin : g_illegal
            ERROR_macrame_K_MAX_must_be_DEPTH_to_65536 u_error ();
        end
        if (FIFO_DEPTH < ROWS) begin : g_illegal_fifo
            ERROR_macrame_FIFO_DEPTH_must_be_at_least_ROWS u_error ();
        end
    endgenerate

    localparam [31:0] ROWS_WORD  = ROWS;
    localparam [31:0] COLS_WORD  = COLS;
    localparam [31:0] DEPTH_WORD = DEPTH;
    localparam [31:0] LANES_WORD = POST_LANES;
    localparam [31:0] SHAPE      = {LANES_WORD[7:0], DEPTH_WORD[7:0], COLS_WORD[7:0], ROWS_WORD[7:0]};
    localparam [31:0] K_MAX_WORD = K_MAX;

    wire restart, halted, core_rst;
    assign core_rst = rst || restart;

    // weights
    wire w_valid, w_ready, w_accepted, w_blocked;
    wire record_write;
    wire [1:0] record_slot;
    wire [3:0] record_beat;
    wire slice_ready, slice_last, take, drop;
    wire [1:0] slice_slot, slice_mode;
    wire [8*DEPTH*COLS-1:0] op_w;
    wire error_mode, error_record, error_w_long;

    packet_gate u_gate_w (
        .clk      (clk),
        .rst      (rst),
        .restart  (restart),
        .in_valid (s_axis_w_tvalid),
        .in_last  (s_axis_w_tlast),
        .in_ready (s_axis_w_tready),
        .out_valid(w_valid),
        .out_ready(w_ready),
        .accepted (w_accepted)
    );

    panel_buffer #(
        .COLS      (COLS),
        .DEPTH     (DEPTH),
        .SLICES_MAX(SLICES_MAX),
        .SETTLE    (SUM_LATENCY + 3)
    ) u_panel_buffer (
        .clk         (clk),
        .rst         (core_rst),
        .halt        (halted),
        .in_data     (s_axis_w_tdata),
        .in_user     (s_axis_w_tuser),
        .in_last     (s_axis_w_tlast),
        .in_valid    (w_valid),
        .in_ready    (w_ready),
        .in_blocked  (w_blocked),
        .record_write(record_write),
        .record_slot (record_slot),
        .record_beat (record_beat),
        .slice_ready (slice_ready),
        .slice_last  (slice_last),
        .slice_slot  (slice_slot),
        .slice_mode  (slice_mode),
        .take        (take),
        .drop        (drop),
        .w_data      (op_w),
        .error_mode  (error_mode),
        .error_record(error_record),
        .error_long  (error_w_long)
    );

    // activations
    wire a_in_valid, a_in_ready, a_accepted;
    wire a_valid, a_ready, a_last;
    wire [1:0] a_user;
    wire [8*DEPTH*ROWS-1:0] a_data;

    packet_gate u_gate_a (
        .clk      (clk),
        .rst      (rst),
        .restart  (restart),
        .in_valid (s_axis_a_tvalid),
        .in_last  (s_axis_a_tlast),
        .in_ready (s_axis_a_tready),
        .out_valid(a_in_valid),
        .out_ready(a_in_ready),
        .accepted (a_accepted)
    );

    skid #(
        .WIDTH(8*DEPTH*ROWS + 3)
    ) u_skid_a (
        .clk      (clk),
        .rst      (core_rst),
        .in_data  ({s_axis_a_tlast, s_axis_a_tuser, s_axis_a_tdata}),
        .in_valid (a_in_valid),
        .in_ready (a_in_ready),
        .out_data ({a_last, a_user, a_data}),
        .out_valid(a_valid),
        .out_ready(a_ready)
    );

    // slices
    wire op_valid, op_last, row_left, idle;
    wire [1:0] op_slot, op_mode;
    wire [8*DEPTH*ROWS-1:0] op_a;
    wire error_k, error_a_long;
    wire issue, stall_a, stall_w, stall_out, pad;

    tile_sequencer #(
        .ROWS        (ROWS),
        .DEPTH       (DEPTH),
        .SLICES_MAX  (SLICES_MAX),
        .GROUPS      (GROUPS),
        .POST_LATENCY(OVERTAKE),
        .CREDITS     (FIFO_DEPTH)
    ) u_tile_sequencer (
        .clk        (clk),
        .rst        (core_rst),
        .halt       (halted),
        .a_data     (a_data),
        .a_user     (a_user),
        .a_last     (a_last),
        .a_valid    (a_valid),
        .a_ready    (a_ready),
        .slice_ready(slice_ready),
        .slice_last (slice_last),
        .slice_slot (slice_slot),
        .slice_mode (slice_mode),
        .take       (take),
        .drop       (drop),
        .op_valid   (op_valid),
        .op_last    (op_last),
        .op_slot    (op_slot),
        .op_mode    (op_mode),
        .op_a       (op_a),
        .row_left   (row_left),
        .idle       (idle),
        .error_k    (error_k),
        .error_long (error_a_long),
        .issue      (issue),
        .stall_a    (stall_a),
        .stall_w    (stall_w),
        .stall_out  (stall_out),
        .pad        (pad)
    );

    // the array and the way out of it
    wire load, chain_shift, row_valid, row_last;
    wire [1:0] load_slot, load_mode, row_mode;
    wire [32*COLS-1:0] row;
    wire [32*COLS-1:0] bias, multiplier;
    wire [8*COLS-1:0]  shift, zero_point, clamp_low, clamp_high;

    mac_array #(
        .ROWS (ROWS),
        .COLS (COLS),
        .DEPTH(DEPTH),
        .TAG_W(4)
    ) u_mac_array (
        .clk     (clk),
        .rst     (core_rst),
        .in_valid(op_valid),
        .in_last (op_last),
        .in_tag  ({op_slot, op_mode}),
        .a       (op_a),
        .w       (op_w),
        .load    (load),
        .load_tag({load_slot, load_mode}),
        .shift   (chain_shift),
        .row_out (row)
    );

    localparam integer PACE_W = (GROUPS == 1) ? 1 : $clog2(GROUPS);
    localparam [31:0] PACE_REQUANT = GROUPS - 1;

    result_chain #(
        .ROWS  (ROWS),
        .PACE_W(PACE_W),
        .TAG_W (2)
    ) u_result_chain (
        .clk      (clk),
        .rst      (core_rst),
        .load     (load),
        .load_tag (load_mode),
        .load_pace((load_mode == 2'd0) ? {PACE_W{1'b0}} : PACE_REQUANT[PACE_W-1:0]),
        .shift    (chain_shift),
        .row_valid(row_valid),
        .row_last (row_last),
        .row_tag  (row_mode)
    );

    panel_record #(
        .COLS (COLS),
        .DEPTH(DEPTH)
    ) u_panel_record (
        .clk       (clk),
        .write     (record_write),
        .write_slot(record_slot),
        .write_beat(record_beat),
        .write_data(s_axis_w_tdata),
        .read      (load),
        .read_slot (load_slot),
        .bias      (bias),
        .multiplier(multiplier),
        .shift     (shift),
        .zero_point(zero_point),
        .clamp_low (clamp_low),
        .clamp_high(clamp_high)
    );

    wire post_valid, post_last, post_raw;
    wire [32*COLS-1:0] post_data;

    output_stage #(
        .COLS      (COLS),
        .POST_LANES(POST_LANES)
    ) u_output_stage (
        .clk       (clk),
        .rst       (core_rst),
        .row_valid (row_valid),
        .row_last  (row_last),
        .row_mode  (row_mode),
        .row       (row),
        .bias      (bias),
        .multiplier(multiplier),
        .shift     (shift),
        .zero_point(zero_point),
        .clamp_low (clamp_low),
        .clamp_high(clamp_high),
        .out_valid (post_valid),
        .out_last  (post_last),
        .out_raw   (post_raw),
        .out_data  (post_data)
    );

    wire fifo_valid, fifo_ready, fifo_last, fifo_raw;
    wire [32*COLS-1:0] fifo_data;

    fifo #(
        .WIDTH(32*COLS + 2),
        .DEPTH(FIFO_DEPTH)
    ) u_fifo (
        .clk      (clk),
        .rst      (core_rst),
        .in_data  ({post_raw, post_last, post_data}),
        .in_valid (post_valid),
        .out_data ({fifo_raw, fifo_last, fifo_data}),
        .out_valid(fifo_valid),
        .out_ready(fifo_ready)
    );

    assign row_left = fifo_valid && fifo_ready;

    packet_closer #(
        .DATA_W(32*COLS),
        .KEEP_W(4*COLS)
    ) u_packet_closer (
        .clk      (clk),
        .rst      (rst),
        .restart  (restart),
        .in_data  (fifo_data),
        .in_keep  ({{(3*COLS){fifo_raw}}, {COLS{1'b1}}}),
        .in_last  (fifo_last),
        .in_valid (fifo_valid),
        .in_ready (fifo_ready),
        .out_data (m_axis_tdata),
        .out_keep (m_axis_tkeep),
        .out_last (m_axis_tlast),
        .out_valid(m_axis_tvalid),
        .out_ready(m_axis_tready)
    );

    // registers
    wire clear_counters, counters_full, stuck;
    wire [31:0] watchdog;
    wire [31:0] cycles, busy_cycles, tiles, stall_a_cycles, stall_w_cycles, stall_out_cycles, pad_cycles;

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
        .clk       (clk),
        .clear     (core_rst || clear_counters),
        .beat_in   (w_accepted || a_accepted),
        .beat_out  (m_axis_tvalid && m_axis_tready),
        .issue     (issue),
        .tile      (load),
        .wait_a    (stall_a),
        .wait_w    (stall_w),
        .wait_out  (stall_out),
        .wait_chain(pad),
        .cycles    (cycles),
        .busy      (busy_cycles),
        .tiles     (tiles),
        .stall_a   (stall_a_cycles),
        .stall_w   (stall_w_cycles),
        .stall_out (stall_out_cycles),
        .pad       (pad_cycles),
        .full      (counters_full)
    );

    axil_regs #(
        .SHAPE(SHAPE),
        .K_MAX(K_MAX_WORD)
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
        .soft_reset    (restart),
        .clear_counters(clear_counters),
        .watchdog      (watchdog),
        .halted        (halted),
        .irq           (irq),
        .error         ({stuck, error_mode, error_record, error_a_long, error_w_long, error_k}),
        .busy          (!idle || m_axis_tvalid),
        .counters_full (counters_full),
        .counters      ({pad_cycles, stall_out_cycles, stall_w_cycles, stall_a_cycles, tiles, busy_cycles, cycles})
    );

endmodule

`default_nettype wire
