// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   macrame: an int8 and bfloat16 matrix core. AXI4-Stream in and out, AXI4-Lite for control; this
//   file is wiring only.
//
//     s_axis_w ─► weight_path ──────── slices ────────┐
//                   └─ records ───────────────────────┼────────────┐
//                                                     ▼            ▼
//     s_axis_a ─► activation_path ─► tile_sequencer ─► mac_array ─► result_path ─► m_axis
//                                          ▲                            │
//                                          └────────── credits ─────────┘
//     s_axil ─► core_control ─► irq
//
//   Reset is synchronous and active high; it clears control registers and accumulators, not operand
//   or result registers. An error halts the core and sets its bit in STATUS; a soft reset through
//   CONTROL clears the bit and restarts the core on packet boundaries.
//
// Latency
//   From the last activation beat accepted to the first result beat offered, if nothing waits, with
//   GROUPS = ceil(COLS / POST_LANES): raw 10 + max(1, ceil(log2 DEPTH)) cycles; requantised
//   10 + GROUPS more, or with POST_CYCLES above 1 (GROUPS + 7) * POST_CYCLES to
//   (GROUPS + 8) * POST_CYCLES - 1 more; bfloat16 25 + GROUPS. An int8 tile takes 1 cycle more in a
//   core with bfloat16. With PACK_RESULTS a beat leaves with the last of its rows. golden/cycles.py
//   predicts every counter exactly, if senders and receiver never stall.
//
//   Throughput: a tile of K takes ceil(K / DEPTH) cycles, and the next one of the same kind follows
//   without an idle cycle whenever that is at least ROWS (raw) or ROWS * GROUPS * POST_CYCLES
//   (requantised). A bfloat16 tile takes 4 K cycles, and the next one follows at once if K is at
//   least ROWS * GROUPS, or ROWS * GROUPS + 1 if GROUPS is 2 or 3: docs/architecture.md.
//
// Numbers
//   Tile by tile C[ROWS, COLS] = A[ROWS, K] x W[K, COLS], int8 x int8 -> int32, then x = C + bias,
//   wrapping; the output is x, or int8 by one of three runtimes' rounding, selected per weight
//   panel. Or, with A and W in bfloat16, C[4 ROWS, COLS] summed in float32 in the order of k; then
//   a bias, ReLU, float32 or bfloat16 out. docs/streams.md has the packets, docs/numerics.md the
//   arithmetic, docs/registers.md the registers.
//
// Example
//   2x2x1, raw, bias 0: A = [[1, 2], [3, 4]] and W = [[5, 6], [7, 8]] give the rows 19, 22 and 43,
//   50. examples/first_product.v is a complete test bench.
`default_nettype none

module macrame #(
    parameter integer ROWS         = 8,       // rows of the array, 1..32
    parameter integer COLS         = 8,       // columns of the array, 1..32
    // int8 pairs per cell per cycle; 1 with bfloat16, else 1..8
    parameter integer DEPTH        = 1,
    parameter integer K_MAX        = 1024,    // longest panel, in values of K, DEPTH..65536
    parameter integer POST_LANES   = 2,       // requantisers, float units or both, 1..COLS
    parameter         FORMATS      = "INT8",  // formats of the cells: "INT8", "BF16" or "DUAL"
    // last rows of the array that multiply in LUTs, 0..ROWS; 0 with bfloat16
    parameter integer LUT_ROWS     = 0,
    // memory of the panels' records and of the counters: "auto" or "block"
    parameter         RECORD_RAM   = "auto",
    // Cycles per result of a requantiser: 1, or 33 to 64 without bfloat16. From 33 on its
    // multiplier handles one bit per cycle: no DSP block, and less than a twentieth of the LUTs of
    // a parallel one without DSP blocks. For a core that a slow link feeds, or whose array uses all
    // DSP blocks. A requantised row then takes POST_CYCLES times as long.
    parameter integer POST_CYCLES  = 1,
    // Rows the result FIFO holds, a power of two, 2 or more and ROWS or more (4 ROWS with
    // bfloat16). A tile holds its credits from its first slice until its rows have left: the time
    // of two tiles plus the latency of the pipeline. The default covers that, so that tiles never
    // wait for a result stream without back-pressure; a smaller one saves memory and costs cycles.
    parameter integer FIFO_DEPTH   = 1 << $clog2(3*ROWS*((FORMATS == "INT8") ? 1 : 4) + 32),
    // 1: int8 and bfloat16 rows of a tile follow each other on m_axis without gaps, and only the
    // last beat of a tile may have bits of tkeep low, as many DMA engines require. 0: one row per
    // beat.
    parameter integer PACK_RESULTS = 0,
    // the register WATCHDOG after a reset: cycles, or 0 for off
    parameter [31:0]  WATCHDOG     = 32'h0010_0000
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
    localparam integer TILE_ROWS_MAX = (BF16 != 0) ? 4*ROWS : ROWS;
    // A zero is rejected by the module whose rule it breaks; here it is only kept out of divisors
    // and widths.
    localparam integer COLS_1        = (COLS < 1) ? 1 : COLS;
    localparam integer SLICES_MAX    = (DEPTH < 1) ? 1 : (K_MAX + DEPTH - 1) / DEPTH;
    localparam integer GROUPS        = (POST_LANES < 1) ? 1 :
                                       (COLS_1 + POST_LANES - 1) / POST_LANES;
    localparam integer ROW_CYCLES    = GROUPS * POST_CYCLES;  // cycles per requantised row
    localparam integer MODE_BF16     = 2;  // bit of a mode: the panel is bfloat16
    // From a tile's last operands in the array's registers to its `load`, in the slower format:
    // mac_array's SUM_LATENCY, and with bfloat16 3 cycles more, in which the other sums follow.
    localparam integer TILE_LATENCY  = (BF16 != 0) ? 7 : 2 + ((DEPTH <= 1) ? 1 : $clog2(DEPTH));
    // Pipeline of a requantiser and of a float unit, in steps of POST_CYCLES cycles.
    localparam integer POST_STAGES   = (POST_CYCLES == 1) ? 11 : 8;
    // A requantised row leaves the output stage at most this many cycles after the chain is free
    // for the next tile: a raw tile that comes this much later cannot overtake it. With serial
    // requantisers the row leaves after POST_STAGES steps at the latest: one step is spare.
    localparam integer POST_LATENCY  = (POST_CYCLES == 1) ? POST_STAGES :
                                       (POST_STAGES + 1) * POST_CYCLES;

    // Zeros before it: a comparison of strings of different lengths gives a warning.
    localparam         RAM_PADDED    = {64'd0, RECORD_RAM};

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
        if (DEPTH < 1 || DEPTH > 8 || (BF16 != 0 && DEPTH != 1)) begin : g_illegal_depth
            ERROR_macrame_DEPTH_must_be_1_to_8_and_1_with_BF16 u_error ();
        end
        if (PACK_RESULTS != 0 && PACK_RESULTS != 1) begin : g_illegal_packing
            ERROR_macrame_PACK_RESULTS_must_be_0_or_1 u_error ();
        end
        if (RAM_PADDED[63:0] != {32'd0, "auto"} &&
            RAM_PADDED[63:0] != {24'd0, "block"}) begin : g_illegal_ram
            ERROR_macrame_RECORD_RAM_must_be_auto_or_block u_error ();
        end
    endgenerate

    wire                   soft_reset, halted;
    wire                   w_accepted, w_blocked, a_accepted;
    wire                   record_write;
    wire [1:0]             record_slot;
    wire [3:0]             record_beat;
    wire                   slice_ready, slice_last, slice_advance, panel_release;
    wire [1:0]             slice_slot;
    wire [3:0]             slice_mode;
    wire                   a_valid, a_ready, a_last;
    wire [1:0]             a_user;
    wire                   op_valid, op_last;
    wire [1:0]             op_slot;
    wire [3:0]             op_mode;
    wire [LANE_W*ROWS-1:0] op_a;
    wire [LANE_W*COLS-1:0] op_w;
    wire                   load, chain_shift, row_sent, idle;
    wire [1:0]             load_slot;
    wire [3:0]             load_mode;
    wire [32*COLS-1:0]     row;
    wire [31:0]            seed;
    wire                   seed_load;
    wire                   issue, stall_a, stall_w, stall_out, pad;
    wire                   error_k, error_w_long, error_a_long;
    wire                   error_record, error_mode, error_format;

    wire core_rst;
    assign core_rst = rst || soft_reset;

    weight_path #(
        .COLS      (COLS),
        .LANE_W    (LANE_W),
        .SLICES_MAX(SLICES_MAX),
        .SETTLE    (TILE_LATENCY + 3),
        .INT8      (INT8),
        .BF16      (BF16)
    ) u_weight_path (
        .clk            (clk),
        .rst            (rst),
        .core_rst       (core_rst),
        .soft_reset     (soft_reset),
        .halted         (halted),
        .s_axis_w_tdata (s_axis_w_tdata),
        .s_axis_w_tuser (s_axis_w_tuser),
        .s_axis_w_tvalid(s_axis_w_tvalid),
        .s_axis_w_tready(s_axis_w_tready),
        .s_axis_w_tlast (s_axis_w_tlast),
        .w_accepted     (w_accepted),
        .w_blocked      (w_blocked),
        .record_write   (record_write),
        .record_slot    (record_slot),
        .record_beat    (record_beat),
        .slice_ready    (slice_ready),
        .slice_last     (slice_last),
        .slice_slot     (slice_slot),
        .slice_mode     (slice_mode),
        .slice_advance  (slice_advance),
        .panel_release  (panel_release),
        .op_w           (op_w),
        .error_mode     (error_mode),
        .error_record   (error_record),
        .error_w_long   (error_w_long)
    );

    activation_path #(
        .ROWS  (ROWS),
        .LANE_W(LANE_W)
    ) u_activation_path (
        .clk            (clk),
        .rst            (rst),
        .core_rst       (core_rst),
        .soft_reset     (soft_reset),
        .s_axis_a_tdata (s_axis_a_tdata),
        .s_axis_a_tuser (s_axis_a_tuser),
        .s_axis_a_tvalid(s_axis_a_tvalid),
        .s_axis_a_tready(s_axis_a_tready),
        .s_axis_a_tlast (s_axis_a_tlast),
        .a_accepted     (a_accepted),
        .a_user         (a_user),
        .a_last         (a_last),
        .a_valid        (a_valid),
        .a_ready        (a_ready),
        .op_a           (op_a)
    );

    tile_sequencer #(
        .ROWS        (ROWS),
        .SLICES_MAX  (SLICES_MAX),
        .ROW_CYCLES  (ROW_CYCLES),
        .POST_LATENCY(POST_LATENCY),
        .CREDITS     (FIFO_DEPTH),
        .BF16        (BF16)
    ) u_tile_sequencer (
        .clk          (clk),
        .rst          (core_rst),
        .halted       (halted),
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
        .row_sent     (row_sent),
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
        .op_bf16    (op_mode[MODE_BF16]),
        .op_tag     ({op_slot, op_mode}),
        .op_a       (op_a),
        .op_w       (op_w),
        .load       (load),
        .load_tag   ({load_slot, load_mode}),
        .chain_shift(chain_shift),
        .row        (row)
    );

    result_path #(
        .ROWS        (ROWS),
        .COLS        (COLS_1),
        .LANE_W      (LANE_W),
        .POST_LANES  (POST_LANES),
        .INT8        (INT8),
        .BF16        (BF16),
        .POST_CYCLES (POST_CYCLES),
        .POST_STAGES (POST_STAGES),
        .ROW_CYCLES  (ROW_CYCLES),
        .LEAD        (TILE_LATENCY + 1),
        .RECORD_RAM  (RECORD_RAM),
        .FIFO_DEPTH  (FIFO_DEPTH),
        .PACK_RESULTS(PACK_RESULTS)
    ) u_result_path (
        .clk          (clk),
        .rst          (rst),
        .core_rst     (core_rst),
        .soft_reset   (soft_reset),
        .record_write (record_write),
        .record_slot  (record_slot),
        .record_beat  (record_beat),
        .record_data  (s_axis_w_tdata),
        .op_last      (op_last),
        .op_slot      (op_slot),
        .load         (load),
        .load_slot    (load_slot),
        .load_mode    (load_mode),
        .chain_shift  (chain_shift),
        .row          (row),
        .seed         (seed),
        .seed_load    (seed_load),
        .row_sent     (row_sent),
        .m_axis_tdata (m_axis_tdata),
        .m_axis_tkeep (m_axis_tkeep),
        .m_axis_tvalid(m_axis_tvalid),
        .m_axis_tready(m_axis_tready),
        .m_axis_tlast (m_axis_tlast)
    );

    core_control #(
        .ROWS        (ROWS),
        .COLS        (COLS),
        .DEPTH       (DEPTH),
        .K_MAX       (K_MAX),
        .POST_LANES  (POST_LANES),
        .INT8        (INT8),
        .BF16        (BF16),
        .RAM         (RECORD_RAM),
        .PACK_RESULTS(PACK_RESULTS),
        .WATCHDOG    (WATCHDOG)
    ) u_core_control (
        .clk           (clk),
        .rst           (rst),
        .core_rst      (core_rst),
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
        .irq           (irq),
        .soft_reset    (soft_reset),
        .halted        (halted),
        .seed          (seed),
        .seed_load     (seed_load),
        .error_k       (error_k),
        .error_w_long  (error_w_long),
        .error_a_long  (error_a_long),
        .error_record  (error_record),
        .error_mode    (error_mode),
        .error_format  (error_format),
        .idle          (idle),
        .w_blocked     (w_blocked),
        .a_valid       (a_valid),
        .m_axis_tvalid (m_axis_tvalid),
        .m_axis_tready (m_axis_tready),
        .w_accepted    (w_accepted),
        .a_accepted    (a_accepted),
        .issue         (issue),
        .load          (load),
        .stall_a       (stall_a),
        .stall_w       (stall_w),
        .stall_out     (stall_out),
        .pad           (pad)
    );

endmodule

`default_nettype wire
