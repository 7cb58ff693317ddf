// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Arbitrates port B of the memory. While a program runs, writing a result takes precedence over
//   reading a second operand; otherwise the port is the host's. After an error the host can read.
//
// Latency
//   0 cycles: combinational.
//
// Numbers
//   None: bits pass unchanged.
//
// Example
//   writer_busy, writer_write 2'b11 and host_write 2'b11 while `running` is high: the writer's word
//   is written, and port_b_free is low.
`default_nettype none

module memory_port #(
    parameter integer ADDRESS_W = 12,  // bits of a word's address, 1 or more
    parameter integer WORD_W    = 64   // bits of a word, an even number
) (
    input  wire                 running,
    input  wire                 halted,
    // results
    input  wire                 writer_busy,
    input  wire [1:0]           writer_write,    // only while writer_busy; 0 while halted
    input  wire [ADDRESS_W-1:0] writer_address,
    input  wire [WORD_W-1:0]    writer_data,
    // second operands
    output wire                 port_b_free,
    input  wire [ADDRESS_W-1:0] second_address,
    // host
    input  wire [1:0]           host_write,
    input  wire [ADDRESS_W-1:0] host_address,
    input  wire [WORD_W-1:0]    host_data_in,
    // port B of the memory
    output wire [1:0]           port_b_write,
    output wire [ADDRESS_W-1:0] port_b_address,
    output wire [WORD_W-1:0]    port_b_data_in
);

    assign port_b_free    = !writer_busy;
    assign port_b_write   = running ? writer_write : host_write;
    assign port_b_address = (!running || halted) ? host_address :
                            writer_busy ? writer_address : second_address;
    assign port_b_data_in = running ? writer_data : host_data_in;

endmodule

`default_nettype wire
