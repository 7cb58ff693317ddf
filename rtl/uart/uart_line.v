// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Both directions of a serial line, as bytes with a handshake.
//
//     rx ─► uart_rx ─► fifo ─► in       the FIFO holds what the host sent ahead, up to its credit
//     tx ◄─ uart_tx ◄───────── out
//
//   rx is asynchronous.
//
// Latency
//   Those of uart_rx, fifo and uart_tx, which sends a byte per 10 * CLOCKS + 1 cycles.
//
// Numbers
//   A byte received while the FIFO is full is lost; `overrun` is high for one cycle.
//
// Example
//   CREDIT_LOG2 4: 16 bytes wait for in_ready, the 17th gives an overrun.
`default_nettype none

module uart_line #(
    parameter integer CLOCKS      = 24,  // cycles of clk per bit of the line, 4..65535
    parameter integer CREDIT_LOG2 = 9    // log2 of the bytes that the FIFO holds, 4..10
) (
    input  wire       clk,
    input  wire       rst,
    // the line
    input  wire       rx,
    output wire       tx,
    // from the host
    output wire [7:0] in_data,
    output wire       in_valid,
    input  wire       in_ready,
    output wire       framing,  // a byte without a stop bit was received
    output wire       overrun,  // a byte was lost
    // to the host
    input  wire [7:0] out_data,
    input  wire       out_valid,
    output wire       out_ready
);

    generate
        if (CREDIT_LOG2 < 4 || CREDIT_LOG2 > 10) begin : g_illegal
            ERROR_uart_line_CREDIT_LOG2_must_be_4_to_10 u_error ();
        end
    endgenerate

    wire [7:0] rx_data;
    wire       rx_valid;

    uart_rx #(
        .CLOCKS(CLOCKS)
    ) u_uart_rx (
        .clk    (clk),
        .rst    (rst),
        .rx     (rx),
        .data   (rx_data),
        .valid  (rx_valid),
        .framing(framing)
    );

    reg [CREDIT_LOG2:0] held_q;  // bytes in the FIFO
    wire full = held_q[CREDIT_LOG2];
    wire push = rx_valid && !full;
    wire pop  = in_valid && in_ready;

    assign overrun = rx_valid && full;

    always @(posedge clk) begin
        if (rst) held_q <= {(CREDIT_LOG2 + 1){1'b0}};
        else if (push != pop) held_q <= pop ? held_q - 1'b1 : held_q + 1'b1;
    end

    fifo #(
        .WIDTH(8),
        .DEPTH(1 << CREDIT_LOG2)
    ) u_fifo (
        .clk      (clk),
        .rst      (rst),
        .in_data  (rx_data),
        .in_valid (push),
        .out_data (in_data),
        .out_valid(in_valid),
        .out_ready(in_ready)
    );

    uart_tx #(
        .CLOCKS(CLOCKS)
    ) u_uart_tx (
        .clk  (clk),
        .rst  (rst),
        .data (out_data),
        .valid(out_valid),
        .ready(out_ready),
        .tx   (tx)
    );

endmodule

`default_nettype wire
