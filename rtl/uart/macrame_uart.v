// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The core with a serial link: the module that a board's top level instantiates.
//
//     rx, tx ◄─► uart_line ◄─► uart_bridge ◄─► macrame
//
//   rx is asynchronous. rst is synchronous and resets the core as well.
//
// Latency
//   That of the line: a byte received takes 10 * CLOCKS cycles, a byte sent 1 more. uart_bridge has
//   the protocol.
//
// Numbers
//   As in uart_line.
//
// Example
//   A clock of 24 MHz and CLOCKS 24 make 1,000,000 baud.
`default_nettype none

module macrame_uart #(
    parameter integer CLOCKS       = 24,    // cycles of clk per bit of the line, 4..65535
    parameter integer CREDIT_LOG2  = 9,     // log2 of the bytes that its FIFO holds, 4..10
    parameter integer ROWS         = 8,     // as in macrame, like all below
    parameter integer COLS         = 8,
    parameter integer DEPTH        = 1,
    parameter integer K_MAX        = 1024,
    parameter integer POST_LANES   = 2,
    parameter         FORMATS      = "INT8",
    parameter integer POST_CYCLES  = 1,
    parameter         RECORD_RAM   = "auto",
    parameter integer FIFO_DEPTH   = 1 << $clog2(3*ROWS*((FORMATS == "INT8") ? 1 : 4) + 32),
    parameter integer PACK_RESULTS = 0
) (
    input  wire clk,
    input  wire rst,
    // the line
    input  wire rx,
    output wire tx,
    // for LEDs
    output wire failed,  // the bridge has a status bit set
    output wire irq      // the core's interrupt
);

    localparam integer LANE_W = (FORMATS == "INT8") ? 8*DEPTH : 16;
    localparam integer W_W    = LANE_W * COLS;
    localparam integer A_W    = LANE_W * ROWS;

    // --- bytes -----------------------------------------------------------------------------------

    wire [7:0] in_data, out_data;
    wire framing, overrun, in_valid, in_ready, out_valid, out_ready;

    uart_line #(
        .CLOCKS     (CLOCKS),
        .CREDIT_LOG2(CREDIT_LOG2)
    ) u_uart_line (
        .clk      (clk),
        .rst      (rst),
        .rx       (rx),
        .tx       (tx),
        .in_data  (in_data),
        .in_valid (in_valid),
        .in_ready (in_ready),
        .framing  (framing),
        .overrun  (overrun),
        .out_data (out_data),
        .out_valid(out_valid),
        .out_ready(out_ready)
    );

    // --- the bridge and the core -----------------------------------------------------------------

    wire core_rst;
    wire [W_W-1:0] w_tdata;
    wire [A_W-1:0] a_tdata;
    wire [7:0] w_tuser;
    wire [1:0] a_tuser;
    wire w_tvalid, w_tready, w_tlast, a_tvalid, a_tready, a_tlast;
    wire [32*COLS-1:0] m_tdata;
    wire [4*COLS-1:0] m_tkeep;
    wire m_tvalid, m_tready, m_tlast;
    wire [7:0] axil_addr;
    wire [31:0] axil_wdata, axil_rdata;
    wire [1:0] axil_bresp, axil_rresp;
    wire axil_awvalid, axil_awready, axil_wvalid, axil_wready, axil_bvalid, axil_bready;
    wire axil_arvalid, axil_arready, axil_rvalid, axil_rready;

    uart_bridge #(
        .W_W        (W_W),
        .A_W        (A_W),
        .COLS       (COLS),
        .CREDIT_LOG2(CREDIT_LOG2)
    ) u_uart_bridge (
        .clk         (clk),
        .rst         (rst),
        .in_data     (in_data),
        .in_valid    (in_valid),
        .in_ready    (in_ready),
        .framing     (framing),
        .overrun     (overrun),
        .out_data    (out_data),
        .out_valid   (out_valid),
        .out_ready   (out_ready),
        .core_rst    (core_rst),
        .irq         (irq),
        .failed      (failed),
        .w_tdata     (w_tdata),
        .w_tuser     (w_tuser),
        .w_tvalid    (w_tvalid),
        .w_tready    (w_tready),
        .w_tlast     (w_tlast),
        .a_tdata     (a_tdata),
        .a_tuser     (a_tuser),
        .a_tvalid    (a_tvalid),
        .a_tready    (a_tready),
        .a_tlast     (a_tlast),
        .m_tdata     (m_tdata),
        .m_tkeep     (m_tkeep),
        .m_tvalid    (m_tvalid),
        .m_tready    (m_tready),
        .m_tlast     (m_tlast),
        .axil_addr   (axil_addr),
        .axil_wdata  (axil_wdata),
        .axil_awvalid(axil_awvalid),
        .axil_awready(axil_awready),
        .axil_wvalid (axil_wvalid),
        .axil_wready (axil_wready),
        .axil_bresp  (axil_bresp),
        .axil_bvalid (axil_bvalid),
        .axil_bready (axil_bready),
        .axil_arvalid(axil_arvalid),
        .axil_arready(axil_arready),
        .axil_rdata  (axil_rdata),
        .axil_rresp  (axil_rresp),
        .axil_rvalid (axil_rvalid),
        .axil_rready (axil_rready)
    );

    macrame #(
        .ROWS        (ROWS),
        .COLS        (COLS),
        .DEPTH       (DEPTH),
        .K_MAX       (K_MAX),
        .POST_LANES  (POST_LANES),
        .FORMATS     (FORMATS),
        .POST_CYCLES (POST_CYCLES),
        .RECORD_RAM  (RECORD_RAM),
        .FIFO_DEPTH  (FIFO_DEPTH),
        .PACK_RESULTS(PACK_RESULTS)
    ) u_macrame (
        .clk            (clk),
        .rst            (rst || core_rst),
        .s_axis_w_tdata (w_tdata),
        .s_axis_w_tuser (w_tuser),
        .s_axis_w_tvalid(w_tvalid),
        .s_axis_w_tready(w_tready),
        .s_axis_w_tlast (w_tlast),
        .s_axis_a_tdata (a_tdata),
        .s_axis_a_tuser (a_tuser),
        .s_axis_a_tvalid(a_tvalid),
        .s_axis_a_tready(a_tready),
        .s_axis_a_tlast (a_tlast),
        .m_axis_tdata   (m_tdata),
        .m_axis_tkeep   (m_tkeep),
        .m_axis_tvalid  (m_tvalid),
        .m_axis_tready  (m_tready),
        .m_axis_tlast   (m_tlast),
        .s_axil_awaddr  (axil_addr),
        .s_axil_awprot  (3'd0),
        .s_axil_awvalid (axil_awvalid),
        .s_axil_awready (axil_awready),
        .s_axil_wdata   (axil_wdata),
        .s_axil_wstrb   (4'hF),
        .s_axil_wvalid  (axil_wvalid),
        .s_axil_wready  (axil_wready),
        .s_axil_bresp   (axil_bresp),
        .s_axil_bvalid  (axil_bvalid),
        .s_axil_bready  (axil_bready),
        .s_axil_araddr  (axil_addr),
        .s_axil_arprot  (3'd0),
        .s_axil_arvalid (axil_arvalid),
        .s_axil_arready (axil_arready),
        .s_axil_rdata   (axil_rdata),
        .s_axil_rresp   (axil_rresp),
        .s_axil_rvalid  (axil_rvalid),
        .s_axil_rready  (axil_rready),
        .irq            (irq)
    );

endmodule

`default_nettype wire
