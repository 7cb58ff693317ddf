// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The elementwise unit with its streams in files and its registers controlled by Python: see
//   player.v. Its w is the unit's x, its a the unit's y. A beat's tuser says how many of its bytes
//   have tkeep, 0 for all of them. Results are padded to whole words of 32 bits.
`timescale 1ns / 1ps
`default_nettype none
module elementwise_unit_player #(
    parameter LANES      = 2,
    parameter FIFO_DEPTH = 32   // as the unit's own default
) ();
    localparam W = LANES * 8;
    localparam M_W = (LANES + 3) / 4 * 32;

    wire clk, rst;
    wire [W-1:0] s_axis_x_tdata, s_axis_y_tdata, m_axis_tdata;
    wire [7:0] kept;
    wire [LANES-1:0] s_axis_x_tkeep, m_axis_tkeep;
    wire [M_W-1:0] m_tdata;
    wire [M_W/8-1:0] m_tkeep;
    wire s_axis_x_tvalid, s_axis_x_tready, s_axis_x_tlast;
    wire s_axis_y_tvalid, s_axis_y_tready, s_axis_y_tlast;
    wire m_axis_tvalid, m_axis_tready, m_axis_tlast;
    wire irq;
    wire [7:0] reg_addr;
    wire [31:0] reg_wdata, rdata;
    wire awvalid, awready, wvalid, wready, bvalid, bready, arvalid, arready, rvalid, rready;
    wire [1:0] bresp, rresp;

    assign s_axis_x_tkeep = (kept == 0) ? {LANES{1'b1}} : ~({LANES{1'b1}} << kept);
    generate
        if (LANES % 4 == 0) begin : g_words
            assign m_tdata = m_axis_tdata;
            assign m_tkeep = m_axis_tkeep;
        end else begin : g_padded
            assign m_tdata = {{(M_W - W){1'b0}}, m_axis_tdata};
            assign m_tkeep = {{(M_W / 8 - LANES){1'b0}}, m_axis_tkeep};
        end
    endgenerate

    player #(
        .W_W(W),
        .A_W(W),
        .M_W(M_W)
    ) u_player (
        .clk      (clk),
        .rst      (rst),
        .w_tdata  (s_axis_x_tdata),
        .w_tuser  (kept),
        .w_tlast  (s_axis_x_tlast),
        .w_tvalid (s_axis_x_tvalid),
        .w_tready (s_axis_x_tready),
        .a_tdata  (s_axis_y_tdata),
        .a_tuser  (),
        .a_tlast  (s_axis_y_tlast),
        .a_tvalid (s_axis_y_tvalid),
        .a_tready (s_axis_y_tready),
        .m_tdata  (m_tdata),
        .m_tkeep  (m_tkeep),
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

    elementwise_unit #(
        .LANES     (LANES),
        .FIFO_DEPTH(FIFO_DEPTH)
    ) dut (
        .clk            (clk),
        .rst            (rst),
        .s_axis_x_tdata (s_axis_x_tdata),
        .s_axis_x_tkeep (s_axis_x_tkeep),
        .s_axis_x_tvalid(s_axis_x_tvalid),
        .s_axis_x_tready(s_axis_x_tready),
        .s_axis_x_tlast (s_axis_x_tlast),
        .s_axis_y_tdata (s_axis_y_tdata),
        .s_axis_y_tvalid(s_axis_y_tvalid),
        .s_axis_y_tready(s_axis_y_tready),
        .s_axis_y_tlast (s_axis_y_tlast),
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
