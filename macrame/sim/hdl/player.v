// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   A unit between files, so that long workloads need no Python per beat. The unit has two operand
//   streams, called w and a here after the core's, a result stream m, an AXI4-Lite register block
//   and an interrupt; core_player.v, vector_unit_player.v and elementwise_unit_player.v connect
//   one. Operand beats are read from the binary files w.bin and a.bin (stream_source.v), result
//   beats are written to m.txt as text, one per line:
//
//     tdata in hex   tkeep in hex   tlast         an unknown bit shows as x
//
//   Python writes a command and toggles `go`; the answer is that `finished` rises:
//
//     1 transfer   play both files up to w_available and a_available, and accept results up to
//                  out_target
//     2 read       reg_addr -> reg_rdata, reg_resp
//     3 write      reg_addr <- reg_wdata -> reg_resp
//     4 reset      hold rst for 4 cycles; beats not yet accepted are skipped
//
//   A transfer also ends when the unit raises its interrupt and everything has been quiet for QUIET
//   cycles, or when nothing moved for idle_limit cycles (`stuck`): it cannot hang. The result
//   stream is checked for AXI violations, a beat that changes or disappears before it was accepted
//   (`rule_broken`), and all handshakes for unknown levels (`unknown`).
`timescale 1ns / 1ps
`default_nettype none
module player #(
    parameter W_W = 64,    // bits of tdata, whole bytes
    parameter A_W = 64,
    parameter M_W = 256
) (
    output reg              clk,
    output reg              rst,
    // operands
    output wire [W_W-1:0]   w_tdata,
    output wire [7:0]       w_tuser,
    output wire             w_tlast,
    output wire             w_tvalid,
    input  wire             w_tready,
    output wire [A_W-1:0]   a_tdata,
    output wire [7:0]       a_tuser,
    output wire             a_tlast,
    output wire             a_tvalid,
    input  wire             a_tready,
    // results
    input  wire [M_W-1:0]   m_tdata,
    input  wire [M_W/8-1:0] m_tkeep,
    input  wire             m_tlast,
    input  wire             m_tvalid,
    output wire             m_tready,
    // registers: one address for both directions
    output reg  [7:0]       reg_addr,
    output reg  [31:0]      reg_wdata,
    output reg              awvalid,
    input  wire             awready,
    output reg              wvalid,
    input  wire             wready,
    input  wire [1:0]       bresp,
    input  wire             bvalid,
    output reg              bready,
    output reg              arvalid,
    input  wire             arready,
    input  wire [31:0]      rdata,
    input  wire [1:0]       rresp,
    input  wire             rvalid,
    output reg              rready,
    input  wire             irq
);
    localparam PERIOD = 10;   // ns per cycle
    // more than the slowest requantiser takes for a row, 32 columns of 34 cycles
    localparam QUIET  = 2048;

    localparam NONE     = 3'd0;
    localparam TRANSFER = 3'd1;
    localparam READ     = 3'd2;
    localparam WRITE    = 3'd3;
    localparam RESET    = 3'd4;

    // written by Python, as are reg_addr and reg_wdata
    reg        go = 1'b0;
    reg [2:0]  command = NONE;
    reg [31:0] w_available = 0, a_available = 0, out_target = 0, idle_limit = 20000;
    reg [1:0]  w_stall = 0, a_stall = 0, m_stall = 0;
    reg [15:0] w_chance = 0, a_chance = 0, m_chance = 0;
    reg [15:0] w_length = 1, a_length = 1, m_length = 1;
    reg [31:0] stall_seed = 1;
    // closing beats of soft resets, tkeep all zero, are neither written nor counted
    reg        drop_closing = 1'b0;

    // read by Python
    reg        finished = 1'b0, stuck = 1'b0, rule_broken = 1'b0, unknown = 1'b0;
    reg [31:0] out_count = 0;
    reg [31:0] reg_rdata = 0;
    reg [1:0]  reg_resp = 0;
    reg [31:0] cycle = 0;                            // when the latest command was finished
    // of a transfer: first input beat, last result beat
    reg [31:0] first_cycle = 0, last_cycle = 0;
    reg [31:0] reset_cycle = 0;                      // the last one with rst high

    initial begin
        clk       = 1'b0;
        rst       = 1'b1;
        reg_addr  = 0;
        reg_wdata = 0;
        awvalid   = 1'b0;
        wvalid    = 1'b0;
        bready    = 1'b0;
        arvalid   = 1'b0;
        rready    = 1'b0;
    end
    always #(PERIOD / 2) clk = !clk;
    always @(negedge rst) reset_cycle = $time / PERIOD;

    // The files are opened at the first command, when Python has surely made them.
    reg [1023:0] dir;
    reg [1151:0] path;
    reg [31:0] w_file = 0, a_file = 0, m_file = 0;
    always @(go)
        if (m_file == 0) begin
            if (!$value$plusargs("dir=%s", dir))
                dir = ".";
            $sformat(path, "%0s/w.bin", dir);
            w_file = $fopen(path, "rb");
            $sformat(path, "%0s/a.bin", dir);
            a_file = $fopen(path, "rb");
            $sformat(path, "%0s/m.txt", dir);
            m_file = $fopen(path, "w");
            if (w_file == 0 || a_file == 0 || m_file == 0) begin
                $display("player: cannot open w.bin, a.bin or m.txt in %0s", dir);
                $finish;
            end
        end

    wire w_stop, a_stop, m_stop;
    wire w_empty, a_empty;
    reg go_q = 1'b0;
    wire start = go != go_q;

    stall u_w_stall (
        .clk   (clk),
        .start (start),
        .mode  (w_stall),
        .chance(w_chance),
        .length(w_length),
        .seed  (stall_seed),
        .stop  (w_stop)
    );
    stall u_a_stall (
        .clk   (clk),
        .start (start),
        .mode  (a_stall),
        .chance(a_chance),
        .length(a_length),
        .seed  (stall_seed ^ 32'hA5A5A5A5),
        .stop  (a_stop)
    );
    stall u_m_stall (
        .clk   (clk),
        .start (start),
        .mode  (m_stall),
        .chance(m_chance),
        .length(m_length),
        .seed  (stall_seed ^ 32'h3C3C3C3C),
        .stop  (m_stop)
    );

    stream_source #(
        .DATA_W(W_W)
    ) u_w (
        .clk      (clk),
        .rst      (rst),
        .file     (w_file),
        .available(w_available),
        .stop     (w_stop),
        .sent     (),
        .empty    (w_empty),
        .tdata    (w_tdata),
        .tuser    (w_tuser),
        .tlast    (w_tlast),
        .tvalid   (w_tvalid),
        .tready   (w_tready)
    );
    stream_source #(
        .DATA_W(A_W)
    ) u_a (
        .clk      (clk),
        .rst      (rst),
        .file     (a_file),
        .available(a_available),
        .stop     (a_stop),
        .sent     (),
        .empty    (a_empty),
        .tdata    (a_tdata),
        .tuser    (a_tuser),
        .tlast    (a_tlast),
        .tvalid   (a_tvalid),
        .tready   (a_tready)
    );
    assign m_tready = !m_stop;

    wire taken = m_tvalid && m_tready;
    wire moved = taken || (w_tvalid && w_tready) || (a_tvalid && a_tready);
    wire sent_all = w_empty && a_empty;

    // Results, and the rules of the stream they come on.
    reg held_q = 1'b0;   // a beat was offered and not accepted: it must stay, unchanged
    reg [M_W-1:0] held_data;
    reg [M_W/8-1:0] held_keep;
    reg held_last;
    always @(posedge clk) if (m_tvalid || held_q) begin
        held_q <= m_tvalid && !m_tready && !rst;
        if (m_tvalid && !m_tready) begin
            held_data <= m_tdata;
            held_keep <= m_tkeep;
            held_last <= m_tlast;
        end
        if (held_q && !rst && (m_tvalid !== 1'b1 || m_tdata !== held_data || m_tkeep !== held_keep
                               || m_tlast !== held_last))
            rule_broken <= 1'b1;
        if (taken && !rst && !(drop_closing && m_tkeep === {M_W/8{1'b0}})) begin
            $fwrite(m_file, "%h %h %b\n", m_tdata, m_tkeep, m_tlast);
            out_count <= out_count + 1;
        end
    end

    wire levels = m_tvalid ^ w_tready ^ a_tready ^ irq;
    always @(levels or rst)
        if (!rst && levels === 1'bx)
            unknown = 1'b1;

    // Commands.
    always @(posedge finished)
        cycle = $time / PERIOD;

    reg [2:0] running = NONE;
    reg ended;
    reg started = 1'b0;      // an input beat of this transfer has been accepted
    reg [31:0] idle = 0;
    reg [2:0] reset_left = 3'd4;
    always @(posedge clk) begin
        go_q  <= go;
        if (!moved && !start)
            idle <= idle + 1;
        else if (idle != 0)
            idle <= 0;
        if (!started && moved) begin
            first_cycle <= $time / PERIOD;
            started     <= 1'b1;
        end
        if (taken)
            last_cycle <= $time / PERIOD;

        if (reset_left != 0) begin
            reset_left <= reset_left - 3'd1;
            rst        <= reset_left != 3'd1;
        end

        case (running)
            TRANSFER: begin
                ended = idle >= idle_limit;
                if (sent_all)
                    ended = ended || out_count == out_target || (irq && idle >= QUIET);
                if (ended) begin
                    $fflush(m_file);
                    stuck    <= idle >= idle_limit;
                    finished <= 1'b1;
                    running  <= NONE;
                end
            end
            READ: begin
                if (arvalid && arready)
                    arvalid <= 1'b0;
                if ((rvalid && rready) || idle >= idle_limit) begin
                    rready    <= 1'b0;
                    arvalid   <= 1'b0;
                    reg_rdata <= rdata;
                    reg_resp  <= rresp;
                    stuck     <= !rvalid;
                    finished  <= 1'b1;
                    running   <= NONE;
                end
            end
            WRITE: begin
                if (awvalid && awready)
                    awvalid <= 1'b0;
                if (wvalid && wready)
                    wvalid <= 1'b0;
                if ((bvalid && bready) || idle >= idle_limit) begin
                    bready   <= 1'b0;
                    awvalid  <= 1'b0;
                    wvalid   <= 1'b0;
                    reg_resp <= bresp;
                    stuck    <= !bvalid;
                    finished <= 1'b1;
                    running  <= NONE;
                end
            end
            RESET:
                if (reset_left == 0 && !rst) begin
                    finished <= 1'b1;
                    running  <= NONE;
                end
            default: ;
        endcase

        if (start) begin
            running  <= command;
            finished <= 1'b0;
            stuck    <= 1'b0;
            case (command)
                TRANSFER: started <= 1'b0;
                READ: begin
                    arvalid <= 1'b1;
                    rready  <= 1'b1;
                end
                WRITE: begin
                    awvalid <= 1'b1;
                    wvalid  <= 1'b1;
                    bready  <= 1'b1;
                end
                RESET: begin
                    rst        <= 1'b1;
                    reset_left <= 3'd4;
                end
                default: ;
            endcase
        end
    end
endmodule
`default_nettype wire
