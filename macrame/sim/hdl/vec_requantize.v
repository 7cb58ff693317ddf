// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// vec_requantize: plays vectors through requantize (see vector_player.v).
// Word, most significant byte first: mode (1 byte), x (4), multiplier (4), shift, zero_point, clamp_low, clamp_high.
`default_nettype none
`timescale 1ns / 1ps

module vec_requantize;

    wire         clk;
    wire [103:0] word;
    wire [7:0] result;

    vector_player #(.IN_W(104), .OUT_W(8), .LATENCY(11)) u_player (.clk(clk), .word(word), .result(result));

    requantize u_dut (
        .clk(clk), .rst(1'b0), .enable(1'b1), .mode(word[97:96]), .x(word[95:64]), .multiplier(word[63:32]), .shift(word[31:24]),
        .zero_point(word[23:16]), .clamp_low(word[15:8]), .clamp_high(word[7:0]), .q(result)
    );

endmodule

`default_nettype wire
