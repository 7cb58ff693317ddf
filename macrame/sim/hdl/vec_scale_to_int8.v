// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// vec_scale_to_int8: plays vectors through scale_to_int8 (see vector_player.v).
// Word, most significant byte first: rule (1 byte), a_high (4, the upper 15 bits unused), a_low (4, the
// same), b (4), negate, right, zero_point, clamp_low, clamp_high.
`default_nettype none
`timescale 1ns / 1ps

module vec_scale_to_int8;

    wire         clk;
    wire [143:0] word;
    wire [7:0] result;

    vector_player #(.IN_W(144), .OUT_W(8), .LATENCY(8)) u_player (.clk(clk), .word(word), .result(result));

    scale_to_int8 u_dut (
        .clk(clk), .rst(1'b0), .enable(1'b1), .rule(word[137:136]), .a_high($signed(word[120:104])),
        .a_low(word[88:72]), .b($signed(word[71:40])), .negate(word[32]),
        .right(word[28:24]), .zero_point(word[23:16]), .clamp_low(word[15:8]), .clamp_high(word[7:0]), .q(result)
    );

endmodule

`default_nettype wire
