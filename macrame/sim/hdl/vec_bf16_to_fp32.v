// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// vec_bf16_to_fp32: plays vectors through bf16_to_fp32 (see vector_player.v).
// Word, most significant byte first: x (2 bytes).
`default_nettype none
`timescale 1ns / 1ps

module vec_bf16_to_fp32;

    wire         clk;
    wire [15:0] word;
    wire [31:0] result;

    vector_player #(.IN_W(16), .OUT_W(32), .LATENCY(0)) u_player (.clk(clk), .word(word), .result(result));

    bf16_to_fp32 u_dut (.x(word), .y(result));

endmodule

`default_nettype wire
