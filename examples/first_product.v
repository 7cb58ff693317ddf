// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   A bench for the core in plain Verilog-2005. It needs Icarus Verilog and nothing else; README.md
//   has the commands.
//
//   A core of 2 x 2 cells, DEPTH 1, gets two weight panels. The first is docs/streams.md's example,
//   "A tile in bytes", in mode gemmlowp, and two activation panels use it. The second is raw. Three
//   tiles come back.
//
//   Each check prints a line that begins with PASS or FAIL. A run without a failure ends with
//   $finish, and vvp's exit status is 0. Any other ends with $fatal, and the status is 1; a run
//   that hangs does so after 20 us. ($fatal is SystemVerilog's; Icarus has it with -g2005 too, and
//   $finish alone would leave the status at 0.)
`timescale 1ns / 1ps
`default_nettype none

module first_product;

    // tuser of a weight panel's first beat
    localparam [7:0] RAW = 8'd0, GEMMLOWP = 8'd1;
    // tuser of an activation panel's last beat
    localparam [1:0] NONE = 2'b00, RELEASE = 2'b01;
    localparam [7:0] ID = 8'h00, STATUS = 8'h18, TILES = 8'h28;    // registers

    // rst is high before the clock's first rising edge
    reg clk = 1'b0;
    reg rst = 1'b1;
    always #5 clk = !clk;

    reg  [15:0] w_data, a_data;
    reg  [7:0]  w_user;
    reg  [1:0]  a_user;
    reg         w_last, a_last;
    reg         w_valid = 1'b0;
    reg         a_valid = 1'b0;
    wire        w_ready, a_ready;
    wire [63:0] m_data;
    wire [7:0]  m_keep;
    wire        m_valid, m_last;
    wire        m_ready = 1'b1;  // results are always accepted
    reg  [7:0]  read_address;
    reg         read_valid = 1'b0;
    wire        read_ready, answer_valid, irq;
    wire [31:0] answer;

    macrame #(
        .ROWS      (2),
        .COLS      (2),
        .DEPTH     (1),
        .K_MAX     (16),
        .POST_LANES(1)
    ) u_macrame (
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
        .m_axis_tkeep   (m_keep),
        .m_axis_tvalid  (m_valid),
        .m_axis_tready  (m_ready),
        .m_axis_tlast   (m_last),
        // registers: nothing is written here
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
        .s_axil_araddr  (read_address),
        .s_axil_arprot  (3'd0),
        .s_axil_arvalid (read_valid),
        .s_axil_arready (read_ready),
        .s_axil_rdata   (answer),
        .s_axil_rresp   (),
        .s_axil_rvalid  (answer_valid),
        .s_axil_rready  (1'b1),
        .irq            (irq)
    );

    // --- sending ---------------------------------------------------------------------------------

    // A beat stays, unchanged, until a rising edge finds tready high. Inputs change by <=, just
    // after the edge, so that the core and this bench see the same values at the edge.
    task send_w(input [15:0] data, input [7:0] user, input last);
        begin
            w_data  <= data;
            w_user  <= user;
            w_last  <= last;
            w_valid <= 1'b1;
            @(posedge clk);
            while (!w_ready) @(posedge clk);
            w_valid <= 1'b0;
        end
    endtask

    task send_a(input [15:0] data, input [1:0] user, input last);
        begin
            a_data  <= data;
            a_user  <= user;
            a_last  <= last;
            a_valid <= 1'b1;
            @(posedge clk);
            while (!a_ready) @(posedge clk);
            a_valid <= 1'b0;
        end
    endtask

    // Column 0 is the low byte, column 1 the high byte. The record's 12 bytes go down each column,
    // then come the slices: a row of W each.
    task send_weights;
        begin
            // W = [5 6; 7 -8], bias 10 and -20, scale 0.25, zero point 3
            send_w(16'hEC0A, GEMMLOWP, 1'b0);  // bias, low byte first
            send_w(16'hFF00, 8'd0, 1'b0);
            send_w(16'hFF00, 8'd0, 1'b0);
            send_w(16'hFF00, 8'd0, 1'b0);
            send_w(16'h0000, 8'd0, 1'b0);      // multiplier 2^30
            send_w(16'h0000, 8'd0, 1'b0);
            send_w(16'h0000, 8'd0, 1'b0);
            send_w(16'h4040, 8'd0, 1'b0);
            send_w(16'hFFFF, 8'd0, 1'b0);      // shift -1
            send_w(16'h0303, 8'd0, 1'b0);      // zero point 3
            send_w(16'h8080, 8'd0, 1'b0);      // clamp low -128
            send_w(16'h7F7F, 8'd0, 1'b0);      // clamp high 127
            send_w(16'h0605, 8'd0, 1'b0);
            send_w(16'hF807, 8'd0, 1'b1);

            // W = [-128 1; 2 -3; 127 64], bias 1000 and -1. Of a raw panel's record only the bias
            // counts.
            send_w(16'hFFE8, RAW, 1'b0);
            send_w(16'hFF03, 8'd0, 1'b0);
            send_w(16'hFF00, 8'd0, 1'b0);
            send_w(16'hFF00, 8'd0, 1'b0);
            repeat (8) send_w(16'h0000, 8'd0, 1'b0);
            send_w(16'h0180, 8'd0, 1'b0);
            send_w(16'hFD02, 8'd0, 1'b0);
            send_w(16'h407F, 8'd0, 1'b1);
        end
    endtask

    // Row 0 is the low byte, row 1 the high byte. A beat is a column of A.
    task send_activations;
        begin
            // A = [1 2; 3 -4]; the weights are used again
            send_a(16'h0301, NONE, 1'b0);
            send_a(16'hFC02, NONE, 1'b1);
            // A = [-128 127; 100 0]; the last to use them
            send_a(16'h6480, NONE, 1'b0);
            send_a(16'h007F, RELEASE, 1'b1);
            // A = [-128 127 -1; 5 6 7]
            send_a(16'h0580, NONE, 1'b0);
            send_a(16'h067F, NONE, 1'b0);
            send_a(16'h07FF, RELEASE, 1'b1);
        end
    endtask

    // --- checking --------------------------------------------------------------------------------

    integer checks = 0, failures = 0, rows = 0;

    task check(input [127:0] what, input integer number, input [63:0] got, input [63:0] expected);
        begin
            checks = checks + 1;
            if (got === expected) begin
                $display("PASS  %0s %0d: %0h", what, number, got);
            end else begin
                failures = failures + 1;
                $display("FAIL  %0s %0d: %0h, expected %0h", what, number, got, expected);
            end
        end
    endtask

    // Rows of results as they come. Bytes that tkeep does not mark may hold anything.
    task take_row(input [63:0] data, input [7:0] keep, input last);
        integer n;
        reg [63:0] kept;
        begin
            @(posedge clk);
            while (!m_valid) @(posedge clk);
            for (n = 0; n < 8; n = n + 1) kept[8*n +: 8] = m_keep[n] ? m_data[8*n +: 8] : 8'd0;
            check("tdata of row", rows, kept, data);
            check("tkeep of row", rows, {56'd0, m_keep}, {56'd0, keep});
            check("tlast of row", rows, {63'd0, m_last}, {63'd0, last});
            rows = rows + 1;
        end
    endtask

    task take_tiles;
        begin
            // int8, column 0 in the low byte: [11 -5; 2 11]
            take_row(64'h0000_0000_0000_FB0B, 8'h03, 1'b0);
            take_row(64'h0000_0000_0000_0B02, 8'h03, 1'b1);
            // [68 -128; 127 127]
            take_row(64'h0000_0000_0000_8044, 8'h03, 1'b0);
            take_row(64'h0000_0000_0000_7F7F, 8'h03, 1'b1);
            // int32, column 0 in the low word: [17511 -574; 1261 434]
            take_row(64'hFFFF_FDC2_0000_4467, 8'hFF, 1'b0);
            take_row(64'h0000_01B2_0000_04ED, 8'hFF, 1'b1);
        end
    endtask

    task check_register(input [127:0] what, input [7:0] address, input [31:0] expected);
        begin
            read_address <= address;
            read_valid   <= 1'b1;
            @(posedge clk);
            while (!read_ready) @(posedge clk);
            read_valid <= 1'b0;
            @(posedge clk);
            while (!answer_valid) @(posedge clk);
            check(what, address, {32'd0, answer}, {32'd0, expected});
        end
    endtask

    // --- the run ---------------------------------------------------------------------------------

    initial begin
        repeat (2) @(posedge clk);
        rst <= 1'b0;
        @(posedge clk);
        check_register("ID at", ID, 32'h4D41_4352);
        fork  // three streams at once, as three units of a design would be
            send_weights;
            send_activations;
            take_tiles;
        join
        check_register("STATUS at", STATUS, 32'd0);  // no error, nothing under way
        check_register("TILES at", TILES, 32'd3);
        if (failures != 0) $fatal(1, "%0d of %0d checks failed", failures, checks);
        $display("PASS  all %0d checks", checks);
        $finish(0);
    end

    // A beat too few, or a flag forgotten, and the core waits indefinitely.
    initial begin
        #20_000;
        $display("FAIL  after %0d rows of 6 nothing more came", rows);
        $fatal(1, "timeout");
    end

    wire unused = &{1'b0, irq};

endmodule

`default_nettype wire
