// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// vec_rounding: plays vectors through rounding (see vector_player.v).
// Word, most significant byte first: {rule (2 bits), negative, lsb, guard, sticky} in the low 6 bits.
`default_nettype none
`timescale 1ns / 1ps

module vec_rounding;

    wire         clk;
    wire [7:0] word;
    wire [7:0] result;

    vector_player #(.IN_W(8), .OUT_W(8), .LATENCY(0)) u_player (.clk(clk), .word(word), .result(result));

    rounding u_dut (
        .rule(word[5:4]), .negative(word[3]), .lsb(word[2]), .guard(word[1]), .sticky(word[0]), .up(result[0])
    );

    assign result[7:1] = 7'd0;

endmodule

`default_nettype wire
