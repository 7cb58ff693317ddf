// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The core fed from memories and nothing else: no file is touched and no VPI called while the
//   clock runs. `make bench` compares the stream player with it: how fast can Icarus be with this
//   core at all? Files in the folder named by the plusarg `dir`:
//
//     w.hex, a.hex   a beat per line: {tuser, tlast, tdata}, tuser and tlast in two digits each
//     m.hex          written at the end: {tlast, tkeep, tdata}; an unknown bit shows as x
//
//   Plusargs w, a and m give the number of beats. The run ends with the last result, or after
//   `limit` cycles with no result: then lines are missing from m.hex.
`timescale 1ns / 1ps
`default_nettype none
module bench_pure #(
    parameter ROWS       = 8,
    parameter COLS       = 8,
    parameter DEPTH      = 1,
    parameter K_MAX      = 1024,
    parameter POST_LANES = 2,
    parameter BEATS      = 1 << 16   // space for the beats of any stream
) ();
    localparam W_W = COLS * 8 * DEPTH;
    localparam A_W = ROWS * 8 * DEPTH;
    localparam M_W = COLS * 32;
    localparam K_W = COLS * 4;

    reg [W_W+15:0]    w_mem[0:BEATS-1];
    reg [A_W+15:0]    a_mem[0:BEATS-1];
    reg [K_W+M_W:0]   m_mem[0:BEATS-1];
    reg [1023:0]      dir;
    reg [1151:0]      path;
    integer           w_beats, a_beats, m_beats, limit;

    reg clk = 1'b0;
    reg rst = 1'b1;

    integer w_next = 0, a_next = 0, m_next = 0, cycle = 0, quiet = 0;
    reg [W_W+15:0] w_q = 0;
    reg [A_W+15:0] a_q = 0;
    reg w_valid = 1'b0, a_valid = 1'b0;
    wire w_ready, a_ready, m_valid, m_last;
    wire [M_W-1:0] m_data;
    wire [K_W-1:0] m_keep;

    macrame #(
        .ROWS      (ROWS),
        .COLS      (COLS),
        .DEPTH     (DEPTH),
        .K_MAX     (K_MAX),
        .POST_LANES(POST_LANES)
    ) dut (
        .clk            (clk),
        .rst            (rst),
        .s_axis_w_tdata (w_q[W_W-1:0]),
        .s_axis_w_tuser (w_q[W_W+15:W_W+8]),
        .s_axis_w_tvalid(w_valid),
        .s_axis_w_tready(w_ready),
        .s_axis_w_tlast (w_q[W_W]),
        .s_axis_a_tdata (a_q[A_W-1:0]),
        .s_axis_a_tuser (a_q[A_W+9:A_W+8]),
        .s_axis_a_tvalid(a_valid),
        .s_axis_a_tready(a_ready),
        .s_axis_a_tlast (a_q[A_W]),
        .m_axis_tdata   (m_data),
        .m_axis_tkeep   (m_keep),
        .m_axis_tvalid  (m_valid),
        .m_axis_tready  (1'b1),
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

    initial begin
        if (!$value$plusargs("dir=%s", dir)) dir = ".";
        if (!$value$plusargs("w=%d", w_beats)) w_beats = 0;
        if (!$value$plusargs("a=%d", a_beats)) a_beats = 0;
        if (!$value$plusargs("m=%d", m_beats)) m_beats = 0;
        if (!$value$plusargs("limit=%d", limit)) limit = 10000;
        $sformat(path, "%0s/w.hex", dir);
        $readmemh(path, w_mem, 0, w_beats - 1);
        $sformat(path, "%0s/a.hex", dir);
        $readmemh(path, a_mem, 0, a_beats - 1);
        $sformat(path, "%0s/m.hex", dir);
        repeat (4) begin
            #5 clk = 1'b1;
            #5 clk = 1'b0;
        end
        rst = 1'b0;
        while (m_next < m_beats && quiet < limit) begin
            #5 clk = 1'b1;
            #5 clk = 1'b0;
        end
        if (m_next > 0) $writememh(path, m_mem, 0, m_next - 1);
        $display("%0d cycles", cycle);
        $finish(0);
    end

    always @(posedge clk)
        if (!rst) begin
            if (!w_valid || w_ready) begin
                w_valid <= w_next < w_beats;
                w_q     <= w_mem[w_next];
                w_next  <= w_next + 1;
            end
            if (!a_valid || a_ready) begin
                a_valid <= a_next < a_beats;
                a_q     <= a_mem[a_next];
                a_next  <= a_next + 1;
            end
            if (m_valid) begin
                m_mem[m_next] <= {m_last, m_keep, m_data};
                m_next        <= m_next + 1;
            end
            quiet <= m_valid ? 0 : quiet + 1;
            cycle <= cycle + 1;
        end
endmodule
`default_nettype wire
