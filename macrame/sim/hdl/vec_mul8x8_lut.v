// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// vec_mul8x8_lut: plays vectors through mul8x8_lut (see vector_player.v).
// Word, most significant byte first: a, b.
`default_nettype none
`timescale 1ns / 1ps

module vec_mul8x8_lut;

    wire         clk;
    wire [15:0] word;
    wire [15:0] result;

    vector_player #(.IN_W(16), .OUT_W(16), .LATENCY(2)) u_player (.clk(clk), .word(word), .result(result));

    mul8x8_lut u_dut (.clk(clk), .a(word[15:8]), .b(word[7:0]), .p(result));

endmodule

`default_nettype wire
