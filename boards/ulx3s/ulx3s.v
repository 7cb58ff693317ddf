// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The core on a ULX3S (ECP5), connected to its USB serial port.
//
//     Clock  25 MHz from the board's oscillator. A byte takes 10 cycles per bit and more: the core
//            waits for the line at any clock
//     Reset  after configuration, and by the button fire 2
//     LEDs   0 out of reset, 1 and 2 traffic from and to the host, 6 the core has stopped and
//            raised its interrupt, 7 the bridge has failed
//
//   wifi_gpio0 is held high: a low one when the ESP32 starts would enter its boot loader.
`default_nettype none

module ulx3s #(
    parameter integer CLOCKS     = 25,   // cycles of 25 MHz per bit: 1,000,000 baud
    parameter integer ROWS       = 8,
    parameter integer COLS       = 8,
    parameter integer DEPTH      = 1,
    parameter integer K_MAX      = 1024,
    parameter integer POST_CYCLES = 1,
    parameter integer POST_LANES = 2,
    parameter integer FIFO_DEPTH = 64,
    parameter integer RESET      = 4096  // cycles
) (
    input  wire       clk_25mhz,
    input  wire       button,
    input  wire       ftdi_txd,
    output wire       ftdi_rxd,
    output wire       wifi_gpio0,
    output wire [7:0] led
);

    wire rst, failed, irq, line;

    power_on_reset #(
        .CYCLES(RESET)
    ) u_reset (
        .clk (clk_25mhz),
        .hold(button),
        .rst (rst)
    );

    macrame_uart #(
        .CLOCKS     (CLOCKS),
        .CREDIT_LOG2(9),
        .ROWS       (ROWS),
        .COLS       (COLS),
        .DEPTH      (DEPTH),
        .K_MAX      (K_MAX),
        .POST_LANES (POST_LANES),
        .POST_CYCLES(POST_CYCLES),
        .FIFO_DEPTH (FIFO_DEPTH)
    ) u_core (
        .clk   (clk_25mhz),
        .rst   (rst),
        .rx    (ftdi_txd),
        .tx    (line),
        .failed(failed),
        .irq   (irq)
    );

    assign ftdi_rxd   = line;
    assign wifi_gpio0 = 1'b1;
    assign led        = {failed, irq, 3'b000, !line, !ftdi_txd, !rst};

endmodule

`default_nettype wire
