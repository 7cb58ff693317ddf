// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// vec_fp32_to_bf16: plays vectors through fp32_to_bf16 (see vector_player.v).
// Word, most significant byte first: x (4 bytes), rounding (1), random (2).
`default_nettype none
`timescale 1ns / 1ps

module vec_fp32_to_bf16;

    wire         clk;
    wire [55:0] word;
    wire [15:0] result;

    vector_player #(.IN_W(56), .OUT_W(16), .LATENCY(0)) u_player (.clk(clk), .word(word), .result(result));

    fp32_to_bf16 u_dut (.x(word[55:24]), .rounding(word[17:16]), .random(word[15:0]), .y(result));

endmodule

`default_nettype wire
