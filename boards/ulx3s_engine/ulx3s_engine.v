// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The network engine on a ULX3S (ECP5-85F), connected to its USB serial port. Program and
//   activations are in block RAM.
//
//     Clock  25 MHz from the board's oscillator
//     Reset  after configuration, and by the button fire 2
//     LEDs   0 out of reset, 1 and 2 traffic from and to the host, 6 the engine has stopped and
//            raised its interrupt, 7 the bridge has failed
//
//   wifi_gpio0 is held high: a low one when the ESP32 starts would enter its boot loader.
`default_nettype none

module ulx3s_engine #(
    parameter integer CLOCKS     = 25,    // cycles of 25 MHz per bit: 1,000,000 baud
    parameter integer BEATS      = 5120,
    parameter integer DEPTH      = 8,
    parameter integer WORDS      = 7168,
    parameter integer K_MAX      = 1024,
    parameter integer POST_LANES = 2,
    parameter integer LANES      = 2,
    parameter integer RESET      = 4096   // cycles
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

    engine_uart #(
        .CLOCKS     (CLOCKS),
        .CREDIT_LOG2(10),
        .BEATS      (BEATS),
        .DEPTH      (DEPTH),
        .WORDS      (WORDS),
        .K_MAX      (K_MAX),
        .POST_LANES (POST_LANES),
        .LANES      (LANES)
    ) u_engine (
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
