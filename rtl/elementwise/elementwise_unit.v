// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The operations of int8 networks other than matrix products: sums, products, maxima and minima
//   of two tensors, and any function of one. This file is wiring only.
//
//     s_axis_x ─► packet_gate ─► operand_skid ─┬─► elementwise_control ◄── credits
//     s_axis_y ─► packet_gate ─► operand_skid ─┤           │                  │
//                                              └─► elementwise_lanes ─► fifo ─┴► packet_closer
//                                                                                   │
//     s_axil ─► axil_regs, perf_counters, release_watchdog ─► irq                   ▼ m_axis
//
//   Reset is synchronous and active high; it clears control registers only. An error halts the
//   unit and sets its bit in STATUS; a soft reset through CONTROL clears the bit and restarts the
//   unit on packet boundaries. Resets keep the tables, except that a table being loaded may be left
//   partly overwritten.
//
// Latency
//   18 cycles from a beat of x accepted to its result offered, if nothing waits: operand_skid 1,
//   elementwise_lanes 14, fifo 2, packet_closer 1. One beat of LANES int8 values per cycle; a
//   record uses ceil(9 / LANES) more cycles per packet, and a table 256 * ceil(4 / LANES), or 256
//   with short entries.
//
// Numbers
//   One of these, requantised by the rule gemmlowp, from tables A and B of int32: A[x] + B[y], the
//   product of the upper halves of A[x] and B[y], A[max(x, y)], A[min(x, y)], A[x].
//   elementwise_lane has the arithmetic, docs/streams.md the packets, rtl/elementwise_unit.rdl the
//   registers.
//
// Example
//   LANES 2: a packet with op 6 and the short entries v * 256, for all v from 0 to 255, loads table
//   A with v << 24; then a record with op 2, right 23, zero point 0, clamp -128..127 and multiplier
//   2^30, x = 16'hFD05 (5, -3) with tlast, and y = 16'h0202 with tlast: one result beat, 16'h0205,
//   with tlast.
`default_nettype none

module elementwise_unit #(
    parameter integer LANES      = 2,  // int8 values per beat, 1..32
    // Entries of the FIFO, a power of two, 2 or more. A result reserves its entry from issue until
    // it leaves, 17 cycles if nothing waits: with 32 entries, a result stream without back-pressure
    // never makes the unit wait.
    parameter integer FIFO_DEPTH = 32
) (
    input  wire                    clk,
    input  wire                    rst,
    // x: a record, then data
    input  wire [8*LANES-1:0]      s_axis_x_tdata,
    input  wire [LANES-1:0]        s_axis_x_tkeep,
    input  wire                    s_axis_x_tvalid,
    output wire                    s_axis_x_tready,
    input  wire                    s_axis_x_tlast,
    // y: data
    input  wire [8*LANES-1:0]      s_axis_y_tdata,
    input  wire                    s_axis_y_tvalid,
    output wire                    s_axis_y_tready,
    input  wire                    s_axis_y_tlast,
    // results
    output wire [8*LANES-1:0]      m_axis_tdata,
    output wire [LANES-1:0]        m_axis_tkeep,
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

    localparam [31:0]  ID           = 32'h454C_454D;  // "ELEM"
    localparam [31:0]  LANES_WORD   = LANES;
    localparam [31:0]  DEPTH_WORD   = FIFO_DEPTH;
    localparam [31:0]  FORMATS      = 32'd1;          // int8
    // a record has 9 bytes, an entry of a table 4
    localparam integer RECORD_BEATS = (9 + LANES - 1) / LANES;
    localparam integer ENTRY_BEATS  = (4 + LANES - 1) / LANES;

    wire soft_reset, halted, core_rst;
    assign core_rst = rst || soft_reset;

    // inputs
    wire x_in_valid, x_in_ready, x_accepted, x_valid, x_ready, x_last;
    wire y_in_valid, y_in_ready, y_accepted, y_valid, y_ready, y_last;
    wire [LANES-1:0]   x_keep;
    wire [7:0]         x_command;
    wire [8*LANES-1:0] x_data, y_data;  // of the beats accepted in the cycle before

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

    operand_skid #(
        .DATA_W(8*LANES),
        .SIDE_W(LANES + 9)
    ) u_skid_x (
        .clk      (clk),
        .rst      (core_rst),
        .in_data  (s_axis_x_tdata),
        .in_side  ({s_axis_x_tkeep, s_axis_x_tlast, s_axis_x_tdata[7:0]}),
        .in_valid (x_in_valid),
        .in_ready (x_in_ready),
        .out_side ({x_keep, x_last, x_command}),
        .out_valid(x_valid),
        .out_ready(x_ready),
        .op_data  (x_data)
    );

    operand_skid #(
        .DATA_W(8*LANES),
        .SIDE_W(1)
    ) u_skid_y (
        .clk      (clk),
        .rst      (core_rst),
        .in_data  (s_axis_y_tdata),
        .in_side  (s_axis_y_tlast),
        .in_valid (y_in_valid),
        .in_ready (y_in_ready),
        .out_side (y_last),
        .out_valid(y_valid),
        .out_ready(y_ready),
        .op_data  (y_data)
    );

    // operations
    wire       record, load, load_b, load_entry, short_entry;
    wire [7:0] load_index;
    wire       issue, issue_last, use_table_b, product;
    wire [1:0] pick;
    wire       result_sent, idle, waiting_for_y;
    wire       error_command, error_record, error_length, error_table, missing_y;
    wire       data_accepted, packet, stall_x, stall_y, stall_out, starved;

    elementwise_control #(
        .CREDITS     (FIFO_DEPTH),
        .RECORD_BEATS(RECORD_BEATS),
        .ENTRY_BEATS (ENTRY_BEATS)
    ) u_elementwise_control (
        .clk          (clk),
        .rst          (core_rst),
        .halted       (halted),
        .x_command    (x_command),
        .x_last       (x_last),
        .x_valid      (x_valid),
        .x_ready      (x_ready),
        .y_last       (y_last),
        .y_valid      (y_valid),
        .y_ready      (y_ready),
        .record       (record),
        .load         (load),
        .load_b       (load_b),
        .load_entry   (load_entry),
        .load_index   (load_index),
        .short_entry  (short_entry),
        .issue        (issue),
        .issue_last   (issue_last),
        .pick         (pick),
        .use_table_b  (use_table_b),
        .product      (product),
        .result_sent  (result_sent),
        .idle         (idle),
        .waiting_for_y(waiting_for_y),
        .error_command(error_command),
        .error_record (error_record),
        .error_length (error_length),
        .error_table  (error_table),
        .data_accepted(data_accepted),
        .packet       (packet),
        .stall_x      (stall_x),
        .stall_y      (stall_y),
        .stall_out    (stall_out),
        .starved      (starved)
    );

    wire               result_valid, result_last;
    wire [LANES-1:0]   result_keep;
    wire [8*LANES-1:0] result_data;

    elementwise_lanes #(
        .LANES(LANES)
    ) u_elementwise_lanes (
        .clk        (clk),
        .rst        (core_rst),
        .record     (record),
        .load       (load),
        .load_b     (load_b),
        .load_entry (load_entry),
        .load_index (load_index),
        .short_entry(short_entry),
        .issue      (issue),
        .issue_last (issue_last),
        .issue_keep (x_keep | {LANES{!x_last}}),
        .pick       (pick),
        .use_table_b(use_table_b),
        .product    (product),
        .x          (x_data),
        .y          (y_data),
        .out_valid  (result_valid),
        .out_last   (result_last),
        .out_keep   (result_keep),
        .out_data   (result_data)
    );

    wire               fifo_valid, fifo_ready, fifo_last;
    wire [LANES-1:0]   fifo_keep;
    wire [8*LANES-1:0] fifo_data;

    fifo #(
        .WIDTH(9*LANES + 1),
        .DEPTH(FIFO_DEPTH),
        .RAM  ("block")
    ) u_fifo (
        .clk      (clk),
        .rst      (core_rst),
        .in_data  ({result_keep, result_last, result_data}),
        .in_valid (result_valid),
        .out_data ({fifo_keep, fifo_last, fifo_data}),
        .out_valid(fifo_valid),
        .out_ready(fifo_ready)
    );

    assign result_sent = fifo_valid && fifo_ready;

    packet_closer #(
        .DATA_W(8*LANES),
        .KEEP_W(LANES)
    ) u_packet_closer (
        .clk       (clk),
        .rst       (rst),
        .soft_reset(soft_reset),
        .in_data   (fifo_data),
        .in_enable (1'b1),
        .in_partial(1'b0),
        .in_keep   (fifo_keep),
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
    wire [31:0] watchdog, counter_value, seed;
    wire        seed_load;

    wire unused = &{1'b0, seed, seed_load};  // for stochastic rounding, which int8 does not have

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
        .issue     (data_accepted),
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
        .error         ({1'b0, error_table, missing_y, error_length, error_record, error_command}),
        .busy          (!idle || m_axis_tvalid),
        .counters_full (counters_full),
        .counter_read  (counter_read),
        .counter_index (counter_index),
        .counter_done  (counter_done),
        .counter_value (counter_value)
    );

endmodule

`default_nettype wire
