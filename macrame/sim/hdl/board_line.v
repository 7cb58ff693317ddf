// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   A board's top, or macrame_uart alone, its clock, and at the other end of its serial line a UART
//   that Python controls.
//   It measures its bits in time, not in the board's clock, so that the speeds may differ.
//
//     Python sets send_byte and toggles send_go; send_done follows it after the stop bit
//     after each byte from the board got_byte holds it and got_go toggles; got_bad counts low stop
//     bits
`timescale 1ns / 1ps
`default_nettype none
module board_line #(
    parameter BOARD      = "icebreaker",
    parameter CLOCKS     = 4,
    parameter ROWS       = 2,
    parameter COLS       = 2,
    parameter DEPTH      = 4,
    parameter K_MAX      = 64,
    parameter POST_LANES = 1,
    parameter POST_CYCLES = 33,
    parameter FIFO_DEPTH = 16,
    parameter FORMATS    = "INT8",   // of macrame_uart alone, like the next
    parameter PACK_RESULTS = 0,
    parameter WORDS      = 64,   // of a board with the network engine, like the two below
    parameter BEATS      = 64,
    parameter LANES      = 1
) ();
    localparam PERIOD = 10;   // ns per cycle

    reg clk = 1'b0;
    reg button = 1'b0;   // pressed
    always #(PERIOD / 2) clk = !clk;

    reg  to_board = 1'b1;
    wire from_board, failed, irq;

    generate
        if (BOARD == "icebreaker") begin : g_icebreaker
            wire red_n;
            icebreaker #(
                .CLOCKS     (CLOCKS),
                .ROWS       (ROWS),
                .COLS       (COLS),
                .DEPTH      (DEPTH),
                .K_MAX      (K_MAX),
                .POST_LANES (POST_LANES),
                .POST_CYCLES(POST_CYCLES),
                .FIFO_DEPTH (FIFO_DEPTH),
                .RESET      (16)
            ) u_board (
                .clk_12mhz  (clk),
                .button_n   (!button),
                .rx         (to_board),
                .tx         (from_board),
                .led_red_n  (red_n),
                .led_green_n()
            );
            assign {failed, irq} = {2{!red_n}};
        end else if (BOARD == "ulx3s-engine") begin : g_ulx3s_engine
            wire [7:0] led;
            ulx3s_engine #(
                .CLOCKS    (CLOCKS),
                .BEATS     (BEATS),
                .DEPTH     (DEPTH),
                .WORDS     (WORDS),
                .K_MAX     (K_MAX),
                .POST_LANES(POST_LANES),
                .LANES     (LANES),
                .RESET     (16)
            ) u_board (
                .clk_25mhz (clk),
                .button    (button),
                .ftdi_txd  (to_board),
                .ftdi_rxd  (from_board),
                .wifi_gpio0(),
                .led       (led)
            );
            assign {failed, irq} = led[7:6];
        end else if (BOARD == "macrame_uart") begin : g_macrame_uart
            wire rst;
            power_on_reset #(
                .CYCLES(16)
            ) u_reset (
                .clk (clk),
                .hold(button),
                .rst (rst)
            );
            macrame_uart #(
                .CLOCKS      (CLOCKS),
                .ROWS        (ROWS),
                .COLS        (COLS),
                .DEPTH       (DEPTH),
                .K_MAX       (K_MAX),
                .POST_LANES  (POST_LANES),
                .FORMATS     (FORMATS),
                .POST_CYCLES (POST_CYCLES),
                .PACK_RESULTS(PACK_RESULTS)
            ) u_core (
                .clk   (clk),
                .rst   (rst),
                .rx    (to_board),
                .tx    (from_board),
                .failed(failed),
                .irq   (irq)
            );
        end else begin : g_ulx3s
            wire [7:0] led;
            ulx3s #(
                .CLOCKS     (CLOCKS),
                .ROWS       (ROWS),
                .COLS       (COLS),
                .DEPTH      (DEPTH),
                .K_MAX      (K_MAX),
                .POST_LANES (POST_LANES),
                .POST_CYCLES(POST_CYCLES),
                .FIFO_DEPTH (FIFO_DEPTH),
                .RESET      (16)
            ) u_board (
                .clk_25mhz (clk),
                .button    (button),
                .ftdi_txd  (to_board),
                .ftdi_rxd  (from_board),
                .wifi_gpio0(),
                .led       (led)
            );
            assign {failed, irq} = led[7:6];
        end
    endgenerate

    reg [7:0] send_byte = 8'd0;
    reg       send_go = 1'b0, send_done = 1'b0;
    real      bit_time = CLOCKS * PERIOD;
    reg       stop_bit = 1'b1;   // 0: the next byte is without one
    integer   i, j;

    always @(send_go) begin
        to_board = 1'b0;
        for (i = 0; i < 8; i = i + 1)
            #(bit_time) to_board = send_byte[i];
        #(bit_time) to_board = stop_bit;
        #(bit_time) to_board = 1'b1;
        send_done = send_go;
    end

    reg [7:0] got_byte = 8'd0;
    reg       got_go = 1'b0;
    integer   got_bad = 0;
    reg [7:0] bits;

    always @(negedge from_board) begin
        #(bit_time / 2);
        for (j = 0; j < 8; j = j + 1)
            #(bit_time) bits[j] = from_board;
        #(bit_time);
        if (from_board !== 1'b1)
            got_bad = got_bad + 1;
        else begin
            got_byte = bits;
            got_go = !got_go;
        end
    end
endmodule
`default_nettype wire
