// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// vec_fp32_to_int8: plays vectors through fp32_to_int8 (see vector_player.v).
// Word, most significant byte first: x (4 bytes), inv_scale (4), zero_point.
`default_nettype none
`timescale 1ns / 1ps

module vec_fp32_to_int8;

    wire         clk;
    wire [71:0] word;
    wire [7:0] result;

    vector_player #(.IN_W(72), .OUT_W(8), .LATENCY(11)) u_player (.clk(clk), .word(word), .result(result));

    fp32_to_int8 u_dut (
        .clk(clk), .x(word[71:40]), .inv_scale(word[39:8]), .zero_point(word[7:0]), .q(result)
    );

endmodule

`default_nettype wire
