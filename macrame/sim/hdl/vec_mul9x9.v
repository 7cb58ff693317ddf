// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// vec_mul9x9: plays vectors through mul9x9 (see vector_player.v).
// Word, most significant byte first: enable, a (2 bytes), b (2). Result: the product, its sign extended. An unknown
// enable counts as high, so that the last results come out after the file's end.
`default_nettype none
`timescale 1ns / 1ps

module vec_mul9x9;

    wire         clk;
    wire [39:0] word;
    wire [31:0] result;
    wire idle;

    vector_player #(.IN_W(40), .OUT_W(32), .LATENCY(2)) u_player (.clk(clk), .word(word), .idle(idle), .result(result));

    mul9x9 u_dut (.clk(clk), .enable(word[32] || idle), .a(word[24:16]), .b(word[8:0]), .p(result[17:0]));

    assign result[31:18] = {14{result[17]}};

endmodule

`default_nettype wire
