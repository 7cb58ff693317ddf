// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The network engine: a core of one row, a memory, and the modules that run a program of jobs on
//   them. This file is wiring, and routes words to the core or to the elementwise unit.
//
//     s_axis_program ─► program_decoder ─► weights ─► ┌─────────┐
//                            │ jobs, tables           │ macrame │ ─┬────────────► result_writer
//     memory ─► window_reader ───┬── activations ───► └─────────┘  │                  ▲   │
//                                └─────────────────────────────────┴► elementwise_path┘   ▼
//     memory ─► second_reader ───────────────────────────────────────────────┘         memory
//
//   A program is a packet; docs/engine.md has the format. While none runs, the host port reads and
//   writes the memory. An error halts the engine and sets its bit in STATUS; a soft reset through
//   CONTROL clears the bit, and the next packet is a new program.
//
// Latency
//   2 cycles from host_address to host_data. A job starts as soon as its descriptor has been
//   checked and the window reader is idle; with WAIT, not before all earlier results are in the
//   memory.
//
// Numbers
//   Those of macrame and elementwise_lane. Words of memory have DEPTH bytes, the low one first.
//
// Example
//   docs/engine.md has a program byte by byte.
`default_nettype none

module macrame_engine #(
    parameter integer DEPTH      = 8,     // DEPTH and COLS of the core: 2, 4 or 8
    parameter integer WORDS      = 4096,  // words of the memory, 2 or more
    parameter integer K_MAX      = 1024,  // of the core: a multiple of DEPTH
    parameter integer POST_LANES = 2,     // of the core: 1..DEPTH
    parameter integer LANES      = 2,     // of the elementwise unit: 1, 2 or 4, at most DEPTH
    // memory of the core's records and of the counters: "auto" or "block"
    parameter         RECORD_RAM = "auto",
    parameter integer BEATS      = 0      // beats of the longest program stored; 0: no store
) (
    input  wire                     clk,
    input  wire                     rst,
    // program
    input  wire [8*DEPTH*DEPTH-1:0] s_axis_program_tdata,
    input  wire                     s_axis_program_tvalid,
    output wire                     s_axis_program_tready,
    input  wire                     s_axis_program_tlast,
    // host: the memory, while no program runs
    input  wire [1:0]               host_write,    // halves of the word, the lower first
    input  wire [$clog2(WORDS)-1:0] host_address,
    input  wire [8*DEPTH-1:0]       host_data_in,
    output wire [8*DEPTH-1:0]       host_data,
    output wire                     running,
    output wire                     soft_reset,    // also resets the logic around the engine
    output wire                     halted,
    input  wire [5:0]               host_error,    // strobes: the host's errors, as in STATUS
    // registers
    input  wire [7:0]               s_axil_awaddr,
    input  wire [2:0]               s_axil_awprot,
    input  wire                     s_axil_awvalid,
    output wire                     s_axil_awready,
    input  wire [31:0]              s_axil_wdata,
    input  wire [3:0]               s_axil_wstrb,
    input  wire                     s_axil_wvalid,
    output wire                     s_axil_wready,
    output wire [1:0]               s_axil_bresp,
    output wire                     s_axil_bvalid,
    input  wire                     s_axil_bready,
    input  wire [7:0]               s_axil_araddr,
    input  wire [2:0]               s_axil_arprot,
    input  wire                     s_axil_arvalid,
    output wire                     s_axil_arready,
    output wire [31:0]              s_axil_rdata,
    output wire [1:0]               s_axil_rresp,
    output wire                     s_axil_rvalid,
    input  wire                     s_axil_rready,
    output wire                     irq
);

    localparam integer WORD_W        = 8 * DEPTH;
    localparam integer BEAT_W        = 8 * DEPTH * DEPTH;
    localparam integer ADDRESS_W     = $clog2(WORDS) + 2;
    localparam integer SLICES        = K_MAX / DEPTH;
    localparam integer SLICE_W       = $clog2(SLICES + 2);  // bits of a panel's number of slices
    localparam [31:0]  ONE           = 1;
    localparam [31:0]  DEPTH_32      = DEPTH;
    localparam [31:0]  POST_32       = POST_LANES;
    localparam [31:0]  WORDS_32      = WORDS;
    localparam [31:0]  SLICES_32     = SLICES;
    localparam [31:0]  LANES_32      = LANES;
    localparam [31:0]  BEATS_32      = BEATS;

    wire core_rst = rst || soft_reset;

    // --- the program

    wire              gate_valid, gate_ready, program_accepted;
    wire [BEAT_W-1:0] weights_data;
    wire [7:0]        weights_user;
    wire              weights_last, weights_valid, weights_ready;
    wire [16*DEPTH-1:0] table_data;
    wire              table_valid, table_last, table_ready;
    wire [1023:0]     descriptor;
    wire              product, elementwise;
    wire              reader_job_valid, reader_job_ready, writer_job_valid, writer_job_ready;
    wire              unit_job_valid, unit_job_ready;
    wire              results_written, finished;
    wire              error_illegal, error_short, error_corrupt, error_stall, starved;

    packet_gate u_gate (
        .clk       (clk),
        .rst       (rst),
        .soft_reset(soft_reset),
        .in_valid  (s_axis_program_tvalid),
        .in_last   (s_axis_program_tlast),
        .in_ready  (s_axis_program_tready),
        .out_valid (gate_valid),
        .out_ready (gate_ready),
        .accepted  (program_accepted)
    );

    program_decoder #(
        .DEPTH     (DEPTH),
        .WORDS     (WORDS),
        .SLICES_MAX(SLICES)
    ) u_program_decoder (
        .clk             (clk),
        .rst             (core_rst),
        .halted          (halted),
        .in_data         (s_axis_program_tdata),
        .in_last         (s_axis_program_tlast),
        .in_valid        (gate_valid),
        .in_ready        (gate_ready),
        .weights_data    (weights_data),
        .weights_user    (weights_user),
        .weights_last    (weights_last),
        .weights_valid   (weights_valid),
        .weights_ready   (weights_ready),
        .table_data      (table_data),
        .table_valid     (table_valid),
        .table_last      (table_last),
        .table_ready     (table_ready),
        .descriptor      (descriptor),
        .product         (product),
        .elementwise     (elementwise),
        .reader_job_valid(reader_job_valid),
        .reader_job_ready(reader_job_ready),
        .writer_job_valid(writer_job_valid),
        .writer_job_ready(writer_job_ready),
        .unit_job_valid  (unit_job_valid),
        .unit_job_ready  (unit_job_ready),
        .results_written (results_written),
        .finished        (finished),
        .error_illegal   (error_illegal),
        .error_short     (error_short),
        .error_corrupt   (error_corrupt),
        .starved         (starved)
    );

    // fields, by their byte in the descriptor
    wire [6:1]             flags        = descriptor[8*1 + 1 +: 6];
    wire [15:0]            panels       = descriptor[8*4 +: 16];
    wire [15:0]            rows         = descriptor[8*6 +: 16];
    wire [15:0]            columns      = descriptor[8*8 +: 16];
    wire [ADDRESS_W-1:0]   source       = descriptor[8*44 +: ADDRESS_W];
    wire [ADDRESS_W-1:0]   target       = descriptor[8*72 +: ADDRESS_W];
    wire [ADDRESS_W-1:0]   target_split = descriptor[8*88 +: ADDRESS_W];
    wire [ADDRESS_W-1:0]   second       = descriptor[8*92 +: ADDRESS_W];
    wire [71:0]            record       = descriptor[8*108 +: 72];
    wire [6*ADDRESS_W-1:0] source_step;
    wire [3*ADDRESS_W-1:0] target_step, second_step;

    genvar n;
    generate
        if (K_MAX % DEPTH != 0) begin : g_illegal
            ERROR_macrame_engine_K_MAX_must_be_a_multiple_of_DEPTH u_error ();
        end
        for (n = 0; n < 6; n = n + 1) begin : g_source_step
            assign source_step[n*ADDRESS_W +: ADDRESS_W] = descriptor[8*(48 + 4*n) +: ADDRESS_W];
        end
        for (n = 0; n < 3; n = n + 1) begin : g_step
            assign target_step[n*ADDRESS_W +: ADDRESS_W] = descriptor[8*(76 + 4*n) +: ADDRESS_W];
            assign second_step[n*ADDRESS_W +: ADDRESS_W] = descriptor[8*(96 + 4*n) +: ADDRESS_W];
        end
    endgenerate

    // --- the memory

    wire                     port_a_enable;
    wire [ADDRESS_W-1:0]     port_a_address;
    wire [WORD_W-1:0]        port_a_data, port_b_data;
    wire                     writer_busy;
    wire [1:0]               writer_write;
    wire [$clog2(WORDS)-1:0] writer_address, second_address;
    wire [WORD_W-1:0]        writer_data;
    wire                     unused_second_read, port_b_free;
    wire [1:0]               port_b_write;
    wire [$clog2(WORDS)-1:0] port_b_address;
    wire [WORD_W-1:0]        port_b_data_in;
    wire                     writing = !port_b_free;

    memory_port #(
        .ADDRESS_W($clog2(WORDS)),
        .WORD_W   (WORD_W)
    ) u_memory_port (
        .running       (running),
        .halted        (halted),
        .writer_busy   (writer_busy),
        .writer_write  (writer_write),
        .writer_address(writer_address),
        .writer_data   (writer_data),
        .port_b_free   (port_b_free),
        .second_address(second_address),
        .host_write    (host_write),
        .host_address  (host_address),
        .host_data_in  (host_data_in),
        .port_b_write  (port_b_write),
        .port_b_address(port_b_address),
        .port_b_data_in(port_b_data_in)
    );

    engine_memory #(
        .WORDS (WORDS),
        .WORD_W(WORD_W)
    ) u_engine_memory (
        .clk           (clk),
        .port_a_enable (port_a_enable),
        .port_a_address(port_a_address[ADDRESS_W-3:0]),
        .port_a_data   (port_a_data),
        .port_b_write  (port_b_write),
        .port_b_address(port_b_address),
        .port_b_data_in(port_b_data_in),
        .port_b_data   (port_b_data)
    );

    assign host_data = port_b_data;

    // --- slices

    wire [WORD_W-1:0] slice_data;
    wire [1:0]        slice_user;
    wire              slice_last, slice_for_unit, slice_valid, slice_ready;
    wire              unused_job_last;
    wire              error_source_range, error_second_range, error_target_range, error_length;

    window_reader #(
        .WORDS  (WORDS),
        .WORD_W (WORD_W),
        .SLICE_W(SLICE_W)
    ) u_window_reader (
        .clk           (clk),
        .rst           (core_rst),
        .halted        (halted),
        .job_valid     (reader_job_valid),
        .job_ready     (reader_job_ready),
        .panels        (panels),
        .rows          (rows),
        .columns       (columns),
        .kernel_rows   (descriptor[8*10 +: 16]),
        .kernel_columns(descriptor[8*12 +: 16]),
        .kernel_words  (descriptor[8*14 +: 16]),
        // a word of an elementwise job is a window of one slice
        .chunks        (product ? descriptor[8*16 +: 16] : 16'd1),
        .chunk_slices  (descriptor[8*18 +: SLICE_W]),
        .last_slices   (product ? descriptor[8*20 +: SLICE_W] : ONE[SLICE_W-1:0]),
        .height        (descriptor[8*22 +: 16]),
        .width         (descriptor[8*24 +: 16]),
        .top           (descriptor[8*26 +: 16]),
        .left          (descriptor[8*28 +: 16]),
        .y_step        (descriptor[8*30 +: 48]),
        .x_step        (descriptor[8*36 +: 48]),
        .source        (source),
        .source_step   (source_step),
        .fill          (descriptor[8*3 +: 8]),
        .edge_left     (flags[5]),
        .edge_right    (flags[6]),
        .for_unit      (!product),
        .port_a_enable (port_a_enable),
        .port_a_address(port_a_address),
        .port_a_data   (port_a_data),
        .out_data      (slice_data),
        .out_user      (slice_user),
        .out_last      (slice_last),
        .out_job_last  (unused_job_last),
        .out_for_unit  (slice_for_unit),
        .out_valid     (slice_valid),
        .out_ready     (slice_ready),
        .error_range   (error_source_range),
        .error_length  (error_length)
    );

    // --- where words go

    // The writer's job: a product, an elementwise job, or both, a product whose results go through
    // the elementwise unit.
    reg  writer_elementwise_q, slices_to_unit_q, results_to_unit_q;
    wire writer_in_ready;  // the writer accepts a result
    wire activation_ready, result_valid, result_ready;
    wire [32*DEPTH-1:0] result_data;
    wire [WORD_W-1:0]   unit_out_data;
    wire                unit_out_valid;
    wire                x_valid, x_ready;

    assign x_valid = (results_to_unit_q && result_valid) ||
                     (slices_to_unit_q && slice_valid && slice_for_unit);
    assign slice_ready  = slice_for_unit ? (slices_to_unit_q && x_ready) : activation_ready;
    assign result_ready = writer_elementwise_q ? (results_to_unit_q && x_ready) : writer_in_ready;

    always @(posedge clk) begin
        if (core_rst) begin
            writer_elementwise_q <= 1'b0;
            slices_to_unit_q     <= 1'b0;
            results_to_unit_q    <= 1'b0;
        end else if (writer_job_valid && writer_job_ready) begin
            writer_elementwise_q <= elementwise;
            slices_to_unit_q     <= elementwise && !product;
            results_to_unit_q    <= elementwise && product;
        end
    end

    // --- the core

    wire unused_tlast, unused_core_irq;
    wire [4*DEPTH-1:0] unused_tkeep;
    wire unused_awready, unused_wready, unused_bvalid, unused_arready, unused_rvalid;
    wire [1:0]  unused_bresp, unused_rresp;
    wire [31:0] unused_rdata;

    macrame #(
        .ROWS      (1),
        .COLS      (DEPTH),
        .DEPTH     (DEPTH),
        .K_MAX     (K_MAX),
        .POST_LANES(POST_LANES),
        .RECORD_RAM(RECORD_RAM),
        // weights may wait for as long as an elementwise job takes
        .WATCHDOG  (32'd0)
    ) u_macrame (
        .clk            (clk),
        .rst            (core_rst),
        .s_axis_w_tdata (weights_data),
        .s_axis_w_tuser (weights_user),
        .s_axis_w_tvalid(weights_valid),
        .s_axis_w_tready(weights_ready),
        .s_axis_w_tlast (weights_last),
        .s_axis_a_tdata (slice_data),
        .s_axis_a_tuser (slice_user),
        .s_axis_a_tvalid(slice_valid && !slice_for_unit),
        .s_axis_a_tready(activation_ready),
        .s_axis_a_tlast (slice_last),
        .m_axis_tdata   (result_data),
        .m_axis_tkeep   (unused_tkeep),
        .m_axis_tvalid  (result_valid),
        .m_axis_tready  (result_ready),
        .m_axis_tlast   (unused_tlast),
        // The decoder and the window reader check everything that makes a core halt, so nothing
        // reads its STATUS.
        .s_axil_awaddr  (8'd0),
        .s_axil_awprot  (3'd0),
        .s_axil_awvalid (1'b0),
        .s_axil_awready (unused_awready),
        .s_axil_wdata   (32'd0),
        .s_axil_wstrb   (4'h0),
        .s_axil_wvalid  (1'b0),
        .s_axil_wready  (unused_wready),
        .s_axil_bresp   (unused_bresp),
        .s_axil_bvalid  (unused_bvalid),
        .s_axil_bready  (1'b1),
        .s_axil_araddr  (8'd0),
        .s_axil_arprot  (3'd0),
        .s_axil_arvalid (1'b0),
        .s_axil_arready (unused_arready),
        .s_axil_rdata   (unused_rdata),
        .s_axil_rresp   (unused_rresp),
        .s_axil_rvalid  (unused_rvalid),
        .s_axil_rready  (1'b1),
        .irq            (unused_core_irq)
    );

    // --- the elementwise unit

    wire              takes_second = !record[2];  // command 4 takes x alone
    wire              path_job_ready, second_job_ready;
    wire [WORD_W-1:0] y_data;
    wire              y_valid, y_ready, words_remaining;

    assign unit_job_ready = path_job_ready && second_job_ready;

    second_reader #(
        .WORDS (WORDS),
        .WORD_W(WORD_W)
    ) u_second_reader (
        .clk            (clk),
        .rst            (core_rst),
        .halted         (halted),
        .job_valid      (unit_job_valid && path_job_ready),
        .job_ready      (second_job_ready),
        .panels         (panels),
        .rows           (rows),
        .columns        (columns),
        .second         (second),
        .second_step    (second_step),
        .takes_second   (takes_second),
        .word_taken     (x_valid && x_ready),
        .words_remaining(words_remaining),
        .port_b_free    (port_b_free),
        .port_b_read    (unused_second_read),
        .port_b_address (second_address),
        .port_b_data    (port_b_data),
        .out_data       (y_data),
        .out_valid      (y_valid),
        .out_ready      (y_ready),
        .error_range    (error_second_range)
    );

    elementwise_path #(
        .DEPTH(DEPTH),
        .LANES(LANES)
    ) u_elementwise_path (
        .clk            (clk),
        .rst            (core_rst),
        .job_valid      (unit_job_valid && second_job_ready),
        .job_ready      (path_job_ready),
        .record         (record),
        .in_use         (!results_written && writer_elementwise_q),
        .table_data     (table_data),
        .table_valid    (table_valid),
        .table_last     (table_last),
        .table_ready    (table_ready),
        .x_is_result    (results_to_unit_q),
        .result_data    (result_data[WORD_W-1:0]),
        .slice_data     (slice_data),
        .x_valid        (x_valid),
        .x_ready        (x_ready),
        .y_data         (y_data),
        .y_valid        (y_valid),
        .y_ready        (y_ready),
        .words_remaining(words_remaining),
        .out_data       (unit_out_data),
        .out_valid      (unit_out_valid),
        .out_ready      (writer_elementwise_q && writer_in_ready)
    );

    // --- results

    result_writer #(
        .WORDS (WORDS),
        .WORD_W(WORD_W)
    ) u_result_writer (
        .clk            (clk),
        .rst            (core_rst),
        .halted         (halted),
        .job_valid      (writer_job_valid),
        .job_ready      (writer_job_ready),
        .panels         (panels),
        .rows           (rows),
        .columns        (columns),
        .target         (target),
        .target_step    (target_step),
        .target_split   (target_split),
        .split          (flags[1]),
        .turn_column    (flags[2]),
        .turn_panel     (flags[3]),
        .first_half     (flags[4]),
        .in_data        (writer_elementwise_q ? unit_out_data : result_data[WORD_W-1:0]),
        .in_valid       (writer_elementwise_q ? unit_out_valid : result_valid),
        .in_ready       (writer_in_ready),
        .port_b_busy    (writer_busy),
        .port_b_write   (writer_write),
        .port_b_address (writer_address),
        .port_b_data_in (writer_data),
        .results_written(results_written),
        .error_range    (error_target_range)
    );

    // --- registers

    reg running_q;
    assign running = running_q;

    always @(posedge clk)
        if (core_rst) running_q <= 1'b0;
        else if (finished) running_q <= 1'b0;
        else if (program_accepted && gate_valid) running_q <= 1'b1;

    wire        clear_counters, counters_full, counter_read, counter_done;
    wire [2:0]  counter_index;
    wire [31:0] watchdog, counter_value, unused_seed;
    wire        unused_seed_load;

    release_watchdog u_watchdog (
        .clk    (clk),
        .rst    (core_rst),
        .limit  (watchdog),
        .blocked(running_q && starved),
        .offered(1'b0),
        .stuck  (error_stall)
    );

    // The core's counters, for other events: `issue` is a word that leaves the window reader,
    // `tile` a job, stall_a a cycle without a job to read, stall_w one in which a slice waits, for
    // whatever reason, while the core could accept weights but none are offered, stall_out one in
    // which a slice waits during a job of the elementwise unit, `pad` one that waits for the
    // program.
    perf_counters #(
        .WIDTH(32),
        .RAM  (RECORD_RAM)
    ) u_perf_counters (
        .clk       (clk),
        .clear     (core_rst || clear_counters),
        .beat_in   (program_accepted),
        .beat_out  (writing),
        .issue     (slice_valid && slice_ready),
        .tile      (writer_job_valid && writer_job_ready),
        .stall_a   (reader_job_ready && running_q),
        .stall_w   (weights_ready && !weights_valid && slice_valid && !slice_ready),
        .stall_out (writer_elementwise_q && slice_valid && !slice_ready),
        .pad       (running_q && starved),
        .read      (counter_read),
        .read_index(counter_index),
        .read_done (counter_done),
        .read_value(counter_value),
        .full      (counters_full)
    );

    axil_regs #(
        .ID      (32'h454E_4749),  // "ENGI"
        .VERSION (32'h0001_0000),
        .SHAPE   ({POST_32[7:0], DEPTH_32[7:0], DEPTH_32[7:0], 8'd1}),
        .K_MAX   (WORDS_32),
        .FORMAT  ({SLICES_32[15:0], LANES_32[7:0], 8'd1}),
        .WATCHDOG(32'd0),
        .WORD_3C (BEATS_32)
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
        .seed          (unused_seed),
        .seed_load     (unused_seed_load),
        .halted        (halted),
        .irq           (irq),
        .error         ({error_source_range || error_second_range || error_target_range,
                         error_length, error_corrupt, error_stall, error_short, error_illegal} |
                        host_error),
        .busy          (running_q),
        .counters_full (counters_full),
        .counter_read  (counter_read),
        .counter_index (counter_index),
        .counter_done  (counter_done),
        .counter_value (counter_value)
    );

    wire unused = &{1'b0, unused_job_last, unused_tlast, unused_core_irq, unused_tkeep,
                    unused_awready, unused_wready, unused_bvalid, unused_arready, unused_rvalid,
                    unused_bresp, unused_rresp, unused_rdata, unused_seed, unused_seed_load,
                    result_data, descriptor, port_a_address, unused_second_read};

endmodule

`default_nettype wire
