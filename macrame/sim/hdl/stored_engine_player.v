// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The engine and its program store with their streams in files and their registers controlled by
//   Python: see player.v.
`timescale 1ns / 1ps
`default_nettype none
module stored_engine_player #(
    parameter BEATS      = 4096,
    parameter DEPTH      = 8,
    parameter WORDS      = 4096,
    parameter K_MAX      = 1024,
    parameter POST_LANES = 2,
    parameter LANES      = 2
) ();
    localparam W_W = 8 * DEPTH * DEPTH;
    localparam A_W = 8 * DEPTH;
    localparam M_W = (DEPTH < 4) ? 32 : 8 * DEPTH;

    wire clk, rst;
    wire [W_W-1:0] s_axis_w_tdata;
    wire [A_W-1:0] s_axis_a_tdata;
    wire [M_W-1:0] m_axis_tdata;
    wire [7:0] s_axis_w_tuser, s_axis_a_tuser;
    wire [M_W/8-1:0] m_axis_tkeep;
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

    stored_engine #(
        .BEATS     (BEATS),
        .DEPTH     (DEPTH),
        .WORDS     (WORDS),
        .K_MAX     (K_MAX),
        .POST_LANES(POST_LANES),
        .LANES     (LANES)
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
endmodule
`default_nettype wire
