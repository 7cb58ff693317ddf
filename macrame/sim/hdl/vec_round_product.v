// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// vec_round_product: plays vectors through round_product (see vector_player.v).
// Word, most significant byte first: fp (1 byte), p (8); result: {y, up}, sign-extended.
`default_nettype none
`timescale 1ns / 1ps

module vec_round_product;

    wire         clk;
    wire [71:0] word;
    wire [63:0] result;

    vector_player #(.IN_W(72), .OUT_W(64), .LATENCY(0)) u_player (.clk(clk), .word(word), .result(result));

    round_product u_dut (.fp(word[64]), .p(word[63:0]), .y(result[33:1]), .up(result[0]));

    assign result[63:34] = {30{result[33]}};

endmodule

`default_nettype wire
