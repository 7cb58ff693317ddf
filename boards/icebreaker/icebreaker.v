// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The core on an iCEBreaker (iCE40 UP5K, SG48), connected to its USB serial port.
//
//     Clock  12 MHz from the board's oscillator, doubled by the PLL: 12 * (63 + 1) / (0 + 1) =
//            768 MHz, / 2^5 = 24 MHz
//     Reset  after configuration, while the PLL has no lock, and by the user button
//     LEDs   green while out of reset, dark for every bit of traffic that is 0; red when the bridge
//            has failed or the core has stopped and raised its interrupt
`default_nettype none

module icebreaker #(
    parameter integer CLOCKS     = 24,   // cycles of 24 MHz per bit: 1,000,000 baud
    parameter integer ROWS       = 2,
    parameter integer COLS       = 2,
    parameter integer DEPTH      = 4,
    parameter integer K_MAX      = 512,
    parameter integer POST_CYCLES = 33,
    parameter integer POST_LANES = 1,
    parameter integer FIFO_DEPTH = 16,
    parameter integer RESET      = 4096  // cycles
) (
    input  wire clk_12mhz,
    input  wire button_n,
    input  wire rx,
    output wire tx,
    output wire led_red_n,
    output wire led_green_n
);

    wire clk, locked, rst, failed, irq, line;

    SB_PLL40_PAD #(
        .FEEDBACK_PATH("SIMPLE"),
        .DIVR         (4'd0),
        .DIVF         (7'd63),
        .DIVQ         (3'd5),
        .FILTER_RANGE (3'd1)
    ) u_pll (
        .PACKAGEPIN  (clk_12mhz),
        .PLLOUTGLOBAL(clk),
        .LOCK        (locked),
        .BYPASS      (1'b0),
        .RESETB      (1'b1)
    );

    power_on_reset #(
        .CYCLES(RESET)
    ) u_reset (
        .clk (clk),
        .hold(!locked || !button_n),
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
        // as registers the records of four panels would be a fifth of the device
        .RECORD_RAM ("block"),
        .FIFO_DEPTH (FIFO_DEPTH)
    ) u_core (
        .clk   (clk),
        .rst   (rst),
        .rx    (rx),
        .tx    (line),
        .failed(failed),
        .irq   (irq)
    );

    assign tx          = line;
    assign led_red_n   = !(failed || irq);
    assign led_green_n = rst || !line || !rx;

endmodule

`default_nettype wire
