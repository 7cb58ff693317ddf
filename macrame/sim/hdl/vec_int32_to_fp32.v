// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// vec_int32_to_fp32: plays vectors through int32_to_fp32 (see vector_player.v).
// Word, most significant byte first: enable, x (4 bytes). An unknown enable counts as high, so that the last results
// come out after the file's end.
`default_nettype none
`timescale 1ns / 1ps

module vec_int32_to_fp32;

    wire         clk;
    wire [39:0] word;
    wire [31:0] result;
    wire         idle;

    vector_player #(.IN_W(40), .OUT_W(32), .LATENCY(4)) u_player (.clk(clk), .word(word), .idle(idle), .result(result));

    int32_to_fp32 u_dut (.clk(clk), .enable(word[32] || idle), .x(word[31:0]), .y(result));

endmodule

`default_nettype wire
