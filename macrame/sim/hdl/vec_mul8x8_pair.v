// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// vec_mul8x8_pair: plays vectors through mul8x8_pair (see vector_player.v).
// Word, most significant byte first: a0, b0, a1, b1. Result: p1 above p0.
`default_nettype none
`timescale 1ns / 1ps

module vec_mul8x8_pair;

    wire        clk;
    wire [31:0] word;
    wire [31:0] result;

    vector_player #(.IN_W(32), .OUT_W(32), .LATENCY(2)) u_player (.clk(clk), .word(word), .result(result));

    mul8x8_pair u_dut (
        .clk(clk),
        .a0 (word[31:24]),
        .b0 (word[23:16]),
        .a1 (word[15:8]),
        .b1 (word[7:0]),
        .p0 (result[15:0]),
        .p1 (result[31:16])
    );

endmodule

`default_nettype wire
