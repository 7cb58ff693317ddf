// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// vec_bf16_mul: plays vectors through bf16_mul (see vector_player.v).
// Word, most significant byte first: enable, a (2 bytes), b (2). An unknown enable counts as high, so that the last
// results come out after the file's end.
`default_nettype none
`timescale 1ns / 1ps

module vec_bf16_mul;

    wire         clk;
    wire [39:0] word;
    wire [31:0] result;
    wire idle;

    vector_player #(.IN_W(40), .OUT_W(32), .LATENCY(4)) u_player (.clk(clk), .word(word), .idle(idle), .result(result));

    bf16_mul u_dut (.clk(clk), .enable(word[32] || idle), .a(word[31:16]), .b(word[15:0]), .p(result));

endmodule

`default_nettype wire
