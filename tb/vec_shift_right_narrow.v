// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// vec_shift_right_narrow: plays vectors through shift_right_narrow (see vector_player.v).
// Word, most significant byte first: y (8 bytes, the upper 31 bits unused), right (1); result: {v, guard, sticky}.
`default_nettype none
`timescale 1ns / 1ps

module vec_shift_right_narrow;

    wire         clk;
    wire [71:0] word;
    wire [15:0] result;

    vector_player #(.IN_W(72), .OUT_W(16), .LATENCY(0)) u_player (.clk(clk), .word(word), .result(result));

    shift_right_narrow u_dut (
        .y(word[40:8]), .right(word[4:0]), .v(result[10:2]), .guard(result[1]), .sticky(result[0])
    );

    assign result[15:11] = 5'd0;

endmodule

`default_nettype wire
