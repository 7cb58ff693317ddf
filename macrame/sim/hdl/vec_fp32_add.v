// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// vec_fp32_add: plays vectors through fp32_add (see vector_player.v).
// Word, most significant byte first: enable, a (4 bytes), b (4). An unknown enable counts as high, so that the last
// results come out after the file's end.
`default_nettype none
`timescale 1ns / 1ps

module vec_fp32_add;

    wire         clk;
    wire [71:0] word;
    wire [31:0] result;
    wire idle;

    vector_player #(.IN_W(72), .OUT_W(32), .LATENCY(4)) u_player (.clk(clk), .word(word), .idle(idle), .result(result));

    fp32_add u_dut (.clk(clk), .enable(word[64] || idle), .a(word[63:32]), .b(word[31:0]), .s(result));

endmodule

`default_nettype wire
