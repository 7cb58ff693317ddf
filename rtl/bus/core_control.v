// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The core's registers, performance counters and watchdog. Wiring only.
//
//     s_axil ─► axil_regs ◄─ perf_counters, release_watchdog
//                   └─► soft_reset, halted, irq
//
// Latency
//   That of axil_regs: a read is answered 1 cycle after its address, or 4 to 11 for a counter, more
//   if the counters are being cleared; a write takes effect 2 cycles after address and data. An
//   error raises `halted` in the next cycle.
//
// Numbers
//   The error bits of STATUS, from bit 0: error_k, error_w_long, error_a_long, error_record,
//   error_mode or error_format, stuck.
//
// Example
//   error_k in cycle 0: halted from cycle 1 on, and STATUS reads 32'h101, or 32'h301 while busy.
`default_nettype none

module core_control #(
    // as in macrame, as are those below that have no comment
    parameter integer ROWS         = 8,
    parameter integer COLS         = 8,
    parameter integer DEPTH        = 1,
    parameter integer K_MAX        = 1024,
    parameter integer POST_LANES   = 2,
    parameter integer INT8         = 1,       // 1: the core has int8
    parameter integer BF16         = 0,       // 1: the core has bfloat16
    parameter         RAM          = "auto",  // memory of the counters: "auto" or "block"
    parameter integer PACK_RESULTS = 0,       // 1: results share beats
    parameter [31:0]  WATCHDOG     = 32'h0010_0000
) (
    input  wire        clk,
    input  wire        rst,
    input  wire        core_rst,       // rst or soft_reset
    // registers
    input  wire [7:0]  s_axil_awaddr,
    input  wire [2:0]  s_axil_awprot,
    input  wire        s_axil_awvalid,
    output wire        s_axil_awready,
    input  wire [31:0] s_axil_wdata,
    input  wire [3:0]  s_axil_wstrb,
    input  wire        s_axil_wvalid,
    output wire        s_axil_wready,
    output wire [1:0]  s_axil_bresp,
    output wire        s_axil_bvalid,
    input  wire        s_axil_bready,
    input  wire [7:0]  s_axil_araddr,
    input  wire [2:0]  s_axil_arprot,
    input  wire        s_axil_arvalid,
    output wire        s_axil_arready,
    output wire [31:0] s_axil_rdata,
    output wire [1:0]  s_axil_rresp,
    output wire        s_axil_rvalid,
    input  wire        s_axil_rready,
    output wire        irq,
    // to the core
    output wire        soft_reset,
    output wire        halted,
    output wire [31:0] seed,
    output wire        seed_load,
    // errors, strobes
    input  wire        error_k,
    input  wire        error_w_long,
    input  wire        error_a_long,
    input  wire        error_record,
    input  wire        error_mode,
    input  wire        error_format,
    // state
    input  wire        idle,           // no tile is open and every row has left the FIFO
    input  wire        w_blocked,      // a weight slice waits for a release
    input  wire        a_valid,        // an activation beat is offered
    input  wire        m_axis_tvalid,
    input  wire        m_axis_tready,
    // events
    input  wire        w_accepted,
    input  wire        a_accepted,
    input  wire        issue,
    input  wire        load,
    input  wire        stall_a,
    input  wire        stall_w,
    input  wire        stall_out,
    input  wire        pad
);

    localparam [31:0] ROWS_WORD   = ROWS;
    localparam [31:0] COLS_WORD   = COLS;
    localparam [31:0] DEPTH_WORD  = DEPTH;
    localparam [31:0] LANES_WORD  = POST_LANES;
    localparam [31:0] K_MAX_WORD  = K_MAX;
    localparam [31:0] FORMAT_WORD = 256*PACK_RESULTS + 2*BF16 + INT8;
    localparam [31:0] SHAPE       = {LANES_WORD[7:0], DEPTH_WORD[7:0], COLS_WORD[7:0],
                                     ROWS_WORD[7:0]};

    wire        clear_counters, counters_full, stuck;
    wire        counter_read, counter_done;
    wire [2:0]  counter_index;
    wire [31:0] watchdog, counter_value;

    release_watchdog u_release_watchdog (
        .clk    (clk),
        .rst    (core_rst),
        .limit  (watchdog),
        .blocked(w_blocked && !halted),
        .offered(a_valid),
        .stuck  (stuck)
    );

    perf_counters #(
        .WIDTH(32),
        .RAM  (RAM)
    ) u_perf_counters (
        .clk       (clk),
        .clear     (core_rst || clear_counters),
        .beat_in   (w_accepted || a_accepted),
        .beat_out  (m_axis_tvalid && m_axis_tready),
        .issue     (issue),
        .tile      (load),
        .stall_a   (stall_a),
        .stall_w   (stall_w),
        .stall_out (stall_out),
        .pad       (pad),
        .read      (counter_read),
        .read_index(counter_index),
        .read_done (counter_done),
        .read_value(counter_value),
        .full      (counters_full)
    );

    axil_regs #(
        .SHAPE   (SHAPE),
        .K_MAX   (K_MAX_WORD),
        .FORMAT  (FORMAT_WORD),
        .WATCHDOG(WATCHDOG)
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
        .counter_read  (counter_read),
        .counter_index (counter_index),
        .counter_done  (counter_done),
        .counter_value (counter_value)
    );

endmodule

`default_nettype wire
