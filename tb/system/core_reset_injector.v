// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   core_player, interrupted by a reset within a transfer: at a cycle chosen by Python, without
//   another access to the register bus, and with a record of each stream's position in that cycle.
//
//     kind 1  soft reset: CONTROL is written, `reset_count` times in a row. A reset's own cycle is
//             the first one of the write's response.
//     kind 2  hard reset: rst for `reset_count` cycles, 1 to 7; the upstream restarts too and
//             discards beats not yet accepted
//
//   `reset_at` counts cycles from the transfer's start. A reset later than the transfer's end
//   does not happen. Everything else is core_player's, reached as u.u_player.<name>.
`timescale 1ns / 1ps
`default_nettype none
module core_reset_injector #(
    parameter ROWS         = 8,
    parameter COLS         = 8,
    parameter DEPTH        = 1,
    parameter K_MAX        = 1024,
    parameter POST_LANES   = 2,
    parameter FORMATS      = "INT8",
    parameter POST_CYCLES  = 1,
    parameter FIFO_DEPTH   = 1 << $clog2(3*ROWS*((FORMATS == "INT8") ? 1 : 4) + 32),
    parameter PACK_RESULTS = 0
) ();
    localparam NONE = 2'd0;
    localparam SOFT = 2'd1;
    localparam HARD = 2'd2;

    core_player #(
        .ROWS        (ROWS),
        .COLS        (COLS),
        .DEPTH       (DEPTH),
        .K_MAX       (K_MAX),
        .POST_LANES  (POST_LANES),
        .FORMATS     (FORMATS),
        .FIFO_DEPTH  (FIFO_DEPTH),
        .POST_CYCLES (POST_CYCLES),
        .PACK_RESULTS(PACK_RESULTS)
    ) u ();

    // written by Python
    reg [1:0]  reset_kind = NONE;
    reg [31:0] reset_at = 0;
    reg [3:0]  reset_count = 4'd1;
    reg [31:0] control = 32'd1;      // what a soft reset writes

    // read by Python
    reg        writing = 1'b0;       // a write is under way
    reg        injected = 1'b0;      // since the transfer's start
    reg [31:0] w_mark = 0, a_mark = 0;   // input beats accepted before the latest reset's cycle
    reg [31:0] m_mark = 0;               // result beats accepted up to the first reset's cycle
    reg        offered_mark = 1'b0;      // one more was offered, but not accepted

    reg [31:0] since = 0;
    reg        waiting = 1'b0;
    reg [3:0]  left = 0;

    always @(posedge u.u_player.clk) begin
        since <= since + 1;
        if (u.u_player.start && u.u_player.command == 3'd1) begin
            since   <= 0;
            injected  <= 1'b0;
            waiting <= reset_kind != NONE;
        end else if (u.u_player.running != 3'd1)
            waiting <= 1'b0;
        else if (waiting && since == reset_at) begin
            waiting <= 1'b0;
            if (reset_kind == SOFT) begin
                u.u_player.reg_addr  <= 8'h14;
                u.u_player.reg_wdata <= control;
                left                 <= reset_count - 4'd1;
                begin_write;
            end else begin
                u.u_player.rst        <= 1'b1;
                u.u_player.reset_left <= reset_count[2:0];
                note;
            end
        end
        if (writing) begin
            if (u.u_player.awvalid && u.u_player.awready)
                u.u_player.awvalid <= 1'b0;
            if (u.u_player.wvalid && u.u_player.wready)
                u.u_player.wvalid <= 1'b0;
            if (u.u_player.bvalid) begin
                u.u_player.bready <= 1'b0;
                writing <= 1'b0;
                if (left != 0) begin
                    left <= left - 4'd1;
                    begin_write;
                end
                note;
            end
        end
    end

    task begin_write;
        begin
            writing           <= 1'b1;
            u.u_player.awvalid <= 1'b1;
            u.u_player.wvalid  <= 1'b1;
            u.u_player.bready  <= 1'b1;
        end
    endtask

    task note;
        begin
            injected <= 1'b1;
            w_mark <= u.u_player.u_w.sent;
            a_mark <= u.u_player.u_a.sent;
            if (!injected) begin
                m_mark       <= u.u_player.out_count + (u.u_player.taken ? 32'd1 : 32'd0);
                offered_mark <= u.u_player.m_tvalid && !u.u_player.m_tready;
            end
        end
    endtask
endmodule
`default_nettype wire
