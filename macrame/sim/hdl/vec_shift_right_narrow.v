// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// vec_shift_right_narrow: plays vectors through shift_right_narrow (see vector_player.v).
// Word, most significant byte first: y (8 bytes, the upper 31 bits unused), up (1), right (1); result:
// {v, guard, extra, sticky}.
`default_nettype none
`timescale 1ns / 1ps

module vec_shift_right_narrow;

    wire         clk;
    wire [79:0] word;
    wire [15:0] result;

    vector_player #(.IN_W(80), .OUT_W(16), .LATENCY(1)) u_player (.clk(clk), .word(word), .result(result));

    shift_right_narrow u_dut (
        .clk(clk), .enable(1'b1), .y(word[48:16]), .up(word[8]), .right(word[4:0]), .v(result[12:3]), .guard(result[2]),
        .extra(result[1]), .sticky(result[0])
    );

    assign result[15:13] = 3'd0;

endmodule

`default_nettype wire
