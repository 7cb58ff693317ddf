// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The vector operations that training needs besides matrix products: sums, differences, products
//   and ReLU. This file is wiring only.
//
//     s_axis_x ─► packet_gate ─► skid ─┬─► vector_control ─► vector_lanes ─► fifo ─► packet_closer
//     s_axis_y ─► packet_gate ─► skid ─┘         ▲                            │           │
//                                                └───────── credits ──────────┘           ▼
//     s_axil   ─► axil_regs, perf_counters, release_watchdog ─► irq                     m_axis
//
//   Reset is synchronous and active high; it clears control registers only. Errors stop the unit
//   with a sticky named status; a soft reset through CONTROL restarts it on packet boundaries. The
//   random sequence restarts with a reset and with a write of SEED.
//
// Latency
//   20 cycles from a beat of x accepted to its result offered: skid 1, vector_lanes 16, fifo 2,
//   packet_closer 1. One beat of LANES numbers per cycle; a record uses one more cycle per packet.
//
// Numbers
//   x + y, x - y, x * y, x + s * y, ReLU(x), x where y > 0; float32 or bfloat16 in and out, every
//   operation rounded to float32 nearest even. vector_lane has the arithmetic, docs/streams.md the
//   packets, rtl/vector_unit.rdl the registers.
//
// Example
//   LANES 1: the record with tuser 3 (x + s * y) and scalar 0.5, then x = 1.0 with tlast, and
//   y = -3.0 with tlast: one result beat with -0.5 (BF000000) and tlast.
`default_nettype none

module vector_unit #(
    parameter integer LANES      = 8,  // numbers per beat, 1..32
    // Entries of the FIFO, a power of two. A result reserves its entry from issue until it leaves:
    // 32 cover the pipeline, so that a result stream without back-pressure never makes the unit
    // wait.
    parameter integer FIFO_DEPTH = 32
) (
    input  wire                clk,
    input  wire                rst,
    // x: a record, then data
    input  wire [32*LANES-1:0] s_axis_x_tdata,
    input  wire [7:0]          s_axis_x_tuser,
    input  wire                s_axis_x_tvalid,
    output wire                s_axis_x_tready,
    input  wire                s_axis_x_tlast,
    // y: data
    input  wire [32*LANES-1:0] s_axis_y_tdata,
    input  wire                s_axis_y_tvalid,
    output wire                s_axis_y_tready,
    input  wire                s_axis_y_tlast,
    // results
    output wire [32*LANES-1:0] m_axis_tdata,
    output wire [4*LANES-1:0]  m_axis_tkeep,
    output wire                m_axis_tvalid,
    input  wire                m_axis_tready,
    output wire                m_axis_tlast,
    // registers
    input  wire [7:0]          s_axil_awaddr,
    input  wire [2:0]          s_axil_awprot,
    input  wire                s_axil_awvalid,
    output wire                s_axil_awready,
    input  wire [31:0]         s_axil_wdata,
    input  wire [3:0]          s_axil_wstrb,
    input  wire                s_axil_wvalid,
    output wire                s_axil_wready,
    output wire [1:0]          s_axil_bresp,
    output wire                s_axil_bvalid,
    input  wire                s_axil_bready,
    input  wire [7:0]          s_axil_araddr,
    input  wire [2:0]          s_axil_arprot,
    input  wire                s_axil_arvalid,
    output wire                s_axil_arready,
    output wire [31:0]         s_axil_rdata,
    output wire [1:0]          s_axil_rresp,
    output wire                s_axil_rvalid,
    input  wire                s_axil_rready,
    output wire                irq
);

    localparam [31:0] ID         = 32'h5645_4354;  // "VECT"
    localparam [31:0] LANES_WORD = LANES;
    localparam [31:0] DEPTH_WORD = FIFO_DEPTH;
    localparam [31:0] FORMATS    = 32'd3;          // float32, bfloat16

    wire soft_reset, halted, core_rst;
    assign core_rst = rst || soft_reset;

    // inputs
    wire x_in_valid, x_in_ready, x_accepted, x_valid, x_ready, x_last;
    wire y_in_valid, y_in_ready, y_accepted, y_valid, y_ready, y_last;
    wire [7:0] x_user;
    wire [32*LANES-1:0] x_data, y_data;

    packet_gate u_gate_x (
        .clk       (clk),
        .rst       (rst),
        .soft_reset(soft_reset),
        .in_valid  (s_axis_x_tvalid),
        .in_last   (s_axis_x_tlast),
        .in_ready  (s_axis_x_tready),
        .out_valid (x_in_valid),
        .out_ready (x_in_ready),
        .accepted  (x_accepted)
    );

    packet_gate u_gate_y (
        .clk       (clk),
        .rst       (rst),
        .soft_reset(soft_reset),
        .in_valid  (s_axis_y_tvalid),
        .in_last   (s_axis_y_tlast),
        .in_ready  (s_axis_y_tready),
        .out_valid (y_in_valid),
        .out_ready (y_in_ready),
        .accepted  (y_accepted)
    );

    skid #(
        .WIDTH(32*LANES + 9)
    ) u_skid_x (
        .clk      (clk),
        .rst      (core_rst),
        .in_data  ({s_axis_x_tlast, s_axis_x_tuser, s_axis_x_tdata}),
        .in_valid (x_in_valid),
        .in_ready (x_in_ready),
        .out_data ({x_last, x_user, x_data}),
        .out_valid(x_valid),
        .out_ready(x_ready)
    );

    skid #(
        .WIDTH(32*LANES + 1)
    ) u_skid_y (
        .clk      (clk),
        .rst      (core_rst),
        .in_data  ({s_axis_y_tlast, s_axis_y_tdata}),
        .in_valid (y_in_valid),
        .in_ready (y_in_ready),
        .out_data ({y_last, y_data}),
        .out_valid(y_valid),
        .out_ready(y_ready)
    );

    // operations
    wire        issue, issue_last, x_bf16, y_bf16, result_sent, idle, waiting_for_y;
    wire [2:0]  op;
    wire [1:0]  out_format;
    wire [31:0] s;
    wire        error_command, error_empty, error_length, missing_y;
    wire        packet, stall_x, stall_y, stall_out, starved;

    vector_control #(
        .CREDITS(FIFO_DEPTH)
    ) u_vector_control (
        .clk          (clk),
        .rst          (core_rst),
        .halted       (halted),
        .x_scalar     (x_data[31:0]),
        .x_user       (x_user),
        .x_last       (x_last),
        .x_valid      (x_valid),
        .x_ready      (x_ready),
        .y_last       (y_last),
        .y_valid      (y_valid),
        .y_ready      (y_ready),
        .issue        (issue),
        .issue_last   (issue_last),
        .op           (op),
        .x_bf16       (x_bf16),
        .y_bf16       (y_bf16),
        .out_format   (out_format),
        .s            (s),
        .result_sent  (result_sent),
        .idle         (idle),
        .waiting_for_y(waiting_for_y),
        .error_command(error_command),
        .error_empty  (error_empty),
        .error_length (error_length),
        .packet       (packet),
        .stall_x      (stall_x),
        .stall_y      (stall_y),
        .stall_out    (stall_out),
        .starved      (starved)
    );

    wire result_valid, result_last, result_narrow, seed_load;
    wire [31:0] seed;
    wire [32*LANES-1:0] result_data;

    vector_lanes #(
        .LANES(LANES)
    ) u_vector_lanes (
        .clk       (clk),
        .rst       (core_rst),
        .seed_load (seed_load),
        .seed      (seed),
        .issue     (issue),
        .issue_last(issue_last),
        .op        (op),
        .x_bf16    (x_bf16),
        .y_bf16    (y_bf16),
        .out_format(out_format),
        .s         (s),
        .x         (x_data),
        .y         (y_data),
        .out_valid (result_valid),
        .out_last  (result_last),
        .out_narrow(result_narrow),
        .out_data  (result_data)
    );

    wire fifo_valid, fifo_ready, fifo_last, fifo_narrow;
    wire [32*LANES-1:0] fifo_data;

    fifo #(
        .WIDTH(32*LANES + 2),
        .DEPTH(FIFO_DEPTH)
    ) u_fifo (
        .clk      (clk),
        .rst      (core_rst),
        .in_data  ({result_narrow, result_last, result_data}),
        .in_valid (result_valid),
        .out_data ({fifo_narrow, fifo_last, fifo_data}),
        .out_valid(fifo_valid),
        .out_ready(fifo_ready)
    );

    assign result_sent = fifo_valid && fifo_ready;

    packet_closer #(
        .DATA_W(32*LANES),
        .KEEP_W(4*LANES)
    ) u_packet_closer (
        .clk       (clk),
        .rst       (rst),
        .soft_reset(soft_reset),
        .in_data   (fifo_data),
        .in_enable (1'b1),
        .in_partial(1'b0),
        .in_keep   ({{(2*LANES){~fifo_narrow}}, {(2*LANES){1'b1}}}),
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
    wire        clear_counters, counters_full;
    wire        counter_read, counter_done;
    wire [2:0]  counter_index;
    wire [31:0] watchdog, counter_value;

    // The core's watchdog, for another wait: here a beat of x waits for a beat of y.
    release_watchdog u_release_watchdog (
        .clk    (clk),
        .rst    (core_rst),
        .limit  (watchdog),
        .blocked(waiting_for_y),
        .offered(1'b0),
        .stuck  (missing_y)
    );

    // The core's counters, for other events: `tile` is a packet, `pad` a cycle with no operand.
    perf_counters #(
        .WIDTH(32)
    ) u_perf_counters (
        .clk       (clk),
        .clear     (core_rst || clear_counters),
        .beat_in   (x_accepted || y_accepted),
        .beat_out  (m_axis_tvalid && m_axis_tready),
        .issue     (issue),
        .tile      (packet),
        .stall_a   (stall_x),
        .stall_w   (stall_y),
        .stall_out (stall_out),
        .pad       (starved),
        .read      (counter_read),
        .read_index(counter_index),
        .read_done (counter_done),
        .read_value(counter_value),
        .full      (counters_full)
    );

    // The core's register block, with this unit's words: LANES for SHAPE, FIFO_DEPTH for K_MAX.
    axil_regs #(
        .ID      (ID),
        .VERSION (32'h0001_0000),
        .SHAPE   (LANES_WORD),
        .K_MAX   (DEPTH_WORD),
        .FORMAT  (FORMATS),
        .WATCHDOG(32'd0)
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
        .error         ({2'b00, missing_y, error_length, error_empty, error_command}),
        .busy          (!idle || m_axis_tvalid),
        .counters_full (counters_full),
        .counter_read  (counter_read),
        .counter_index (counter_index),
        .counter_done  (counter_done),
        .counter_value (counter_value)
    );

endmodule

`default_nettype wire
