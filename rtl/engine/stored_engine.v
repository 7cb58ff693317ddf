// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The engine with a program in block RAM, and the streams of a core: a host loads a program once,
//   then sends inputs and reads outputs. Wiring only.
//
//     s_axis_w ─► program_store ─► macrame_engine
//     s_axis_a ─► host_port ◄────► memory of the engine
//                     └──────────► packet_closer ─► m_axis
//
//   s_axis_w takes programs, s_axis_a the commands of host_port; tuser is ignored. A soft reset
//   keeps a complete program, and the memory.
//
// Latency
//   Those of its parts. A word read is offered on m_axis 1 cycle after host_port offers it, 3
//   cycles after its address.
//
// Numbers
//   Those of macrame_engine. A word is DEPTH bytes, the low bytes of a beat of m_axis.
//
// Example
//   docs/engine.md has the packets of an inference.
`default_nettype none

module stored_engine #(
    parameter integer BEATS      = 4096,  // beats of the longest program, 2 or more
    parameter integer DEPTH      = 8,     // as in macrame_engine, like all below
    parameter integer WORDS      = 4096,
    parameter integer K_MAX      = 1024,
    parameter integer POST_LANES = 2,
    parameter integer LANES      = 2,
    parameter         RECORD_RAM = "auto"
) (
    input  wire                     clk,
    input  wire                     rst,
    // programs
    input  wire [8*DEPTH*DEPTH-1:0] s_axis_w_tdata,
    input  wire [7:0]               s_axis_w_tuser,
    input  wire                     s_axis_w_tvalid,
    output wire                     s_axis_w_tready,
    input  wire                     s_axis_w_tlast,
    // commands
    input  wire [8*DEPTH-1:0]       s_axis_a_tdata,
    input  wire [1:0]               s_axis_a_tuser,
    input  wire                     s_axis_a_tvalid,
    output wire                     s_axis_a_tready,
    input  wire                     s_axis_a_tlast,
    // words read
    output wire [((DEPTH < 4) ? 32 : 8*DEPTH)-1:0] m_axis_tdata,
    output wire [((DEPTH < 4) ? 4 : DEPTH)-1:0]    m_axis_tkeep,
    output wire                     m_axis_tvalid,
    input  wire                     m_axis_tready,
    output wire                     m_axis_tlast,
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

    localparam integer WORD_W = 8 * DEPTH;
    localparam integer BEAT_W = 8 * DEPTH * DEPTH;
    localparam integer KEEP_W = (DEPTH < 4) ? 4 : DEPTH;
    localparam [7:0]   KEEP   = (1 << DEPTH) - 1;

    wire soft_reset, halted, running;
    wire core_rst = rst || soft_reset;

    // --- the program

    wire              load_valid, load_ready, unused_load_accepted;
    wire              stored, play, playing, store_ready;
    wire [BEAT_W-1:0] program_data;
    wire              program_last, program_valid, program_ready;

    assign load_ready = store_ready || halted;

    packet_gate u_gate_load (
        .clk       (clk),
        .rst       (rst),
        .soft_reset(soft_reset),
        .in_valid  (s_axis_w_tvalid),
        .in_last   (s_axis_w_tlast),
        .in_ready  (s_axis_w_tready),
        .out_valid (load_valid),
        .out_ready (load_ready),
        .accepted  (unused_load_accepted)
    );

    program_store #(
        .BEATS (BEATS),
        .BEAT_W(BEAT_W)
    ) u_program_store (
        .clk      (clk),
        .rst      (rst),
        .core_rst (core_rst),
        .in_data  (s_axis_w_tdata),
        .in_last  (s_axis_w_tlast),
        .in_valid (load_valid && !halted),
        .in_ready (store_ready),
        .stored   (stored),
        .play     (play),
        .playing  (playing),
        .out_data (program_data),
        .out_last (program_last),
        .out_valid(program_valid),
        .out_ready(program_ready)
    );

    // --- commands

    wire                     command_valid, command_ready, unused_command_accepted;
    wire                     host_write;
    wire [$clog2(WORDS)-1:0] host_address;
    wire [WORD_W-1:0]        host_data_in, host_data;
    wire [WORD_W-1:0]        word_data;
    wire                     word_last, word_valid, word_ready;
    wire                     error_illegal, error_length, error_range;

    packet_gate u_gate_command (
        .clk       (clk),
        .rst       (rst),
        .soft_reset(soft_reset),
        .in_valid  (s_axis_a_tvalid),
        .in_last   (s_axis_a_tlast),
        .in_ready  (s_axis_a_tready),
        .out_valid (command_valid),
        .out_ready (command_ready),
        .accepted  (unused_command_accepted)
    );

    host_port #(
        .WORDS (WORDS),
        .WORD_W(WORD_W)
    ) u_host_port (
        .clk          (clk),
        .rst          (core_rst),
        .halted       (halted),
        .in_data      (s_axis_a_tdata),
        .in_last      (s_axis_a_tlast),
        .in_valid     (command_valid),
        .in_ready     (command_ready),
        .host_write   (host_write),
        .host_address (host_address),
        .host_data_in (host_data_in),
        .host_data    (host_data),
        .out_data     (word_data),
        .out_last     (word_last),
        .out_valid    (word_valid),
        .out_ready    (word_ready),
        .stored       (stored),
        .play         (play),
        .playing      (playing),
        .running      (running),
        .error_illegal(error_illegal),
        .error_length (error_length),
        .error_range  (error_range)
    );

    wire [8*KEEP_W-1:0] padded_data;

    generate
        if (KEEP_W == DEPTH) begin : g_unpadded
            assign padded_data = word_data;
        end else begin : g_padded
            assign padded_data = {{(8*(KEEP_W - DEPTH)){1'b0}}, word_data};
        end
    endgenerate

    packet_closer #(
        .DATA_W(8*KEEP_W),
        .KEEP_W(KEEP_W)
    ) u_packet_closer (
        .clk       (clk),
        .rst       (rst),
        .soft_reset(soft_reset),
        .in_data   (padded_data),
        .in_enable (1'b1),
        .in_partial(1'b0),
        .in_keep   (KEEP[KEEP_W-1:0]),
        .in_last   (word_last),
        .in_valid  (word_valid),
        .in_ready  (word_ready),
        .out_data  (m_axis_tdata),
        .out_keep  (m_axis_tkeep),
        .out_last  (m_axis_tlast),
        .out_valid (m_axis_tvalid),
        .out_ready (m_axis_tready)
    );

    // --- the engine

    macrame_engine #(
        .DEPTH     (DEPTH),
        .WORDS     (WORDS),
        .K_MAX     (K_MAX),
        .POST_LANES(POST_LANES),
        .LANES     (LANES),
        .RECORD_RAM(RECORD_RAM),
        .BEATS     (BEATS)
    ) u_macrame_engine (
        .clk                  (clk),
        .rst                  (rst),
        .s_axis_program_tdata (program_data),
        .s_axis_program_tvalid(program_valid),
        .s_axis_program_tready(program_ready),
        .s_axis_program_tlast (program_last),
        .host_write           ({2{host_write}}),
        .host_address         (host_address),
        .host_data_in         (host_data_in),
        .host_data            (host_data),
        .running              (running),
        .soft_reset           (soft_reset),
        .halted               (halted),
        .host_error           ({error_range, error_length, 3'b000, error_illegal}),
        .s_axil_awaddr        (s_axil_awaddr),
        .s_axil_awprot        (s_axil_awprot),
        .s_axil_awvalid       (s_axil_awvalid),
        .s_axil_awready       (s_axil_awready),
        .s_axil_wdata         (s_axil_wdata),
        .s_axil_wstrb         (s_axil_wstrb),
        .s_axil_wvalid        (s_axil_wvalid),
        .s_axil_wready        (s_axil_wready),
        .s_axil_bresp         (s_axil_bresp),
        .s_axil_bvalid        (s_axil_bvalid),
        .s_axil_bready        (s_axil_bready),
        .s_axil_araddr        (s_axil_araddr),
        .s_axil_arprot        (s_axil_arprot),
        .s_axil_arvalid       (s_axil_arvalid),
        .s_axil_arready       (s_axil_arready),
        .s_axil_rdata         (s_axil_rdata),
        .s_axil_rresp         (s_axil_rresp),
        .s_axil_rvalid        (s_axil_rvalid),
        .s_axil_rready        (s_axil_rready),
        .irq                  (irq)
    );

    wire unused = &{1'b0, s_axis_w_tuser, s_axis_a_tuser, unused_load_accepted,
                    unused_command_accepted};

endmodule

`default_nettype wire
