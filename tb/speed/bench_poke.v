// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The core with a variable for each int8 of its operands and each int32 of its results, for a
//   bench that sets and reads them from Python one by one (tb_bench_poke.py). Clock and reset come
//   from there too.
`timescale 1ns / 1ps
`default_nettype none
module bench_poke #(
    parameter ROWS       = 8,
    parameter COLS       = 8,
    parameter DEPTH      = 1,
    parameter K_MAX      = 1024,
    parameter POST_LANES = 2
) ();
    reg clk = 1'b0;
    reg rst = 1'b1;
    reg [7:0] w_user = 8'd0;
    reg [1:0] a_user = 2'd0;
    reg w_valid = 1'b0, w_last = 1'b0, a_valid = 1'b0, a_last = 1'b0, m_ready = 1'b1;
    wire w_ready, a_ready, m_valid, m_last;
    wire [8*DEPTH*COLS-1:0] w_data;
    wire [8*DEPTH*ROWS-1:0] a_data;
    wire [32*COLS-1:0] m_data;

    genvar i;
    generate
        // value d of lane j is number j * DEPTH + d
        for (i = 0; i < DEPTH*COLS; i = i + 1) begin : g_w
            reg [7:0] lane = 8'd0;
            assign w_data[8*i +: 8] = lane;
        end
        for (i = 0; i < DEPTH*ROWS; i = i + 1) begin : g_a
            reg [7:0] lane = 8'd0;
            assign a_data[8*i +: 8] = lane;
        end
        for (i = 0; i < COLS; i = i + 1) begin : g_m
            wire [31:0] lane = m_data[32*i +: 32];
        end
    endgenerate

    macrame #(
        .ROWS      (ROWS),
        .COLS      (COLS),
        .DEPTH     (DEPTH),
        .K_MAX     (K_MAX),
        .POST_LANES(POST_LANES)
    ) dut (
        .clk            (clk),
        .rst            (rst),
        .s_axis_w_tdata (w_data),
        .s_axis_w_tuser (w_user),
        .s_axis_w_tvalid(w_valid),
        .s_axis_w_tready(w_ready),
        .s_axis_w_tlast (w_last),
        .s_axis_a_tdata (a_data),
        .s_axis_a_tuser (a_user),
        .s_axis_a_tvalid(a_valid),
        .s_axis_a_tready(a_ready),
        .s_axis_a_tlast (a_last),
        .m_axis_tdata   (m_data),
        .m_axis_tkeep   (),
        .m_axis_tvalid  (m_valid),
        .m_axis_tready  (m_ready),
        .m_axis_tlast   (m_last),
        .s_axil_awaddr  (8'd0),
        .s_axil_awprot  (3'd0),
        .s_axil_awvalid (1'b0),
        .s_axil_awready (),
        .s_axil_wdata   (32'd0),
        .s_axil_wstrb   (4'd0),
        .s_axil_wvalid  (1'b0),
        .s_axil_wready  (),
        .s_axil_bresp   (),
        .s_axil_bvalid  (),
        .s_axil_bready  (1'b1),
        .s_axil_araddr  (8'd0),
        .s_axil_arprot  (3'd0),
        .s_axil_arvalid (1'b0),
        .s_axil_arready (),
        .s_axil_rdata   (),
        .s_axil_rresp   (),
        .s_axil_rvalid  (),
        .s_axil_rready  (1'b1),
        .irq            ()
    );
endmodule
`default_nettype wire
