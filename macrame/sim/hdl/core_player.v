// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The core with its streams in files and its registers controlled by Python: see player.v.
`timescale 1ns / 1ps
`default_nettype none
module core_player #(
    parameter ROWS         = 8,
    parameter COLS         = 8,
    parameter DEPTH        = 1,
    parameter K_MAX        = 1024,
    parameter POST_LANES   = 2,
    parameter FORMATS      = "INT8",
    parameter POST_CYCLES  = 1,
    // 1: count the array's toggles, see activity.v; FORMATS "INT8" only
    parameter ACTIVITY     = 0,
    // 1: record what the core does, see trace.v
    parameter TRACE        = 0,
    // 1: waves of some cycles only, see crop.v
    parameter CROP         = 0,
    // as the core's own default
    parameter FIFO_DEPTH   = 1 << $clog2(3*ROWS*((FORMATS == "INT8") ? 1 : 4) + 32),
    parameter PACK_RESULTS = 0
) ();
    localparam LANE_W = (FORMATS == "INT8") ? 8 * DEPTH : 16;
    localparam W_W = COLS * LANE_W;
    localparam A_W = ROWS * LANE_W;
    localparam M_W = COLS * 32;

    wire clk, rst;
    wire [W_W-1:0] s_axis_w_tdata;
    wire [A_W-1:0] s_axis_a_tdata;
    wire [M_W-1:0] m_axis_tdata;
    wire [7:0] s_axis_w_tuser, s_axis_a_tuser;
    wire [COLS*4-1:0] m_axis_tkeep;
    wire s_axis_w_tvalid, s_axis_w_tready, s_axis_w_tlast;
    wire s_axis_a_tvalid, s_axis_a_tready, s_axis_a_tlast;
    wire m_axis_tvalid, m_axis_tready, m_axis_tlast;
    wire irq;
    wire [7:0] reg_addr;
    wire [31:0] reg_wdata, rdata;
    wire awvalid, awready, wvalid, wready, bvalid, bready, arvalid, arready, rvalid, rready;
    wire [1:0] bresp, rresp;

    player #(
        .W_W(W_W),
        .A_W(A_W),
        .M_W(M_W)
    ) u_player (
        .clk      (clk),
        .rst      (rst),
        .w_tdata  (s_axis_w_tdata),
        .w_tuser  (s_axis_w_tuser),
        .w_tlast  (s_axis_w_tlast),
        .w_tvalid (s_axis_w_tvalid),
        .w_tready (s_axis_w_tready),
        .a_tdata  (s_axis_a_tdata),
        .a_tuser  (s_axis_a_tuser),
        .a_tlast  (s_axis_a_tlast),
        .a_tvalid (s_axis_a_tvalid),
        .a_tready (s_axis_a_tready),
        .m_tdata  (m_axis_tdata),
        .m_tkeep  (m_axis_tkeep),
        .m_tlast  (m_axis_tlast),
        .m_tvalid (m_axis_tvalid),
        .m_tready (m_axis_tready),
        .reg_addr (reg_addr),
        .reg_wdata(reg_wdata),
        .awvalid  (awvalid),
        .awready  (awready),
        .wvalid   (wvalid),
        .wready   (wready),
        .bresp    (bresp),
        .bvalid   (bvalid),
        .bready   (bready),
        .arvalid  (arvalid),
        .arready  (arready),
        .rdata    (rdata),
        .rresp    (rresp),
        .rvalid   (rvalid),
        .rready   (rready),
        .irq      (irq)
    );

    macrame #(
        .ROWS        (ROWS),
        .COLS        (COLS),
        .DEPTH       (DEPTH),
        .K_MAX       (K_MAX),
        .POST_LANES  (POST_LANES),
        .FORMATS     (FORMATS),
        .FIFO_DEPTH  (FIFO_DEPTH),
        .POST_CYCLES (POST_CYCLES),
        .PACK_RESULTS(PACK_RESULTS)
    ) dut (
        .clk            (clk),
        .rst            (rst),
        .s_axis_w_tdata (s_axis_w_tdata),
        .s_axis_w_tuser (s_axis_w_tuser),
        .s_axis_w_tvalid(s_axis_w_tvalid),
        .s_axis_w_tready(s_axis_w_tready),
        .s_axis_w_tlast (s_axis_w_tlast),
        .s_axis_a_tdata (s_axis_a_tdata),
        .s_axis_a_tuser (s_axis_a_tuser[1:0]),
        .s_axis_a_tvalid(s_axis_a_tvalid),
        .s_axis_a_tready(s_axis_a_tready),
        .s_axis_a_tlast (s_axis_a_tlast),
        .m_axis_tdata   (m_axis_tdata),
        .m_axis_tkeep   (m_axis_tkeep),
        .m_axis_tvalid  (m_axis_tvalid),
        .m_axis_tready  (m_axis_tready),
        .m_axis_tlast   (m_axis_tlast),
        .s_axil_awaddr  (reg_addr),
        .s_axil_awprot  (3'd0),
        .s_axil_awvalid (awvalid),
        .s_axil_awready (awready),
        .s_axil_wdata   (reg_wdata),
        .s_axil_wstrb   (4'hF),
        .s_axil_wvalid  (wvalid),
        .s_axil_wready  (wready),
        .s_axil_bresp   (bresp),
        .s_axil_bvalid  (bvalid),
        .s_axil_bready  (bready),
        .s_axil_araddr  (reg_addr),
        .s_axil_arprot  (3'd0),
        .s_axil_arvalid (arvalid),
        .s_axil_arready (arready),
        .s_axil_rdata   (rdata),
        .s_axil_rresp   (rresp),
        .s_axil_rvalid  (rvalid),
        .s_axil_rready  (rready),
        .irq            (irq)
    );

    generate
        if (ACTIVITY != 0) begin : g_activity
            activity #(
                .ROWS (ROWS),
                .COLS (COLS),
                .DEPTH(DEPTH)
            ) u_activity (
                .clk(clk)
            );
        end
        if (CROP != 0) begin : g_crop
            crop u_crop ();
        end
        if (TRACE != 0) begin : g_trace
            trace #(
                .ROWS       (ROWS),
                .COLS       (COLS),
                .DEPTH      (DEPTH),
                .POST_LANES (POST_LANES),
                .FORMATS    (FORMATS),
                .POST_CYCLES(POST_CYCLES)
            ) u_trace (
                .clk(clk),
                .rst(rst)
            );
        end
    endgenerate
endmodule
`default_nettype wire
