// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// vec_shift_right_sticky: plays vectors through shift_right_sticky (see vector_player.v).
// Word, most significant byte first: x (4 bytes), right. Result: y, sticky in bit 0.
`default_nettype none
`timescale 1ns / 1ps

module vec_shift_right_sticky;

    wire         clk;
    wire [39:0] word;
    wire [31:0] result;

    vector_player #(.IN_W(40), .OUT_W(32), .LATENCY(0)) u_player (.clk(clk), .word(word), .result(result));

    shift_right_sticky u_dut (.x(word[33:8]), .right(word[4:0]), .y(result[26:1]), .sticky(result[0]));

    assign result[31:27] = 5'd0;

endmodule

`default_nettype wire
