// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Word, most significant byte first: enable (1 byte), kind (1), relu (1), x (4), bias (4), random (2).
`default_nettype none
`timescale 1ns / 1ps

module vec_float_post;

    wire         clk;
    wire [103:0] word;
    wire [31:0] result;
    wire         idle;

    vector_player #(.IN_W(104), .OUT_W(32), .LATENCY(11)) u_player (.clk(clk), .word(word), .idle(idle), .result(result));

    float_post u_dut (
        .clk(clk), .enable(word[96] || idle), .kind(word[89:88]), .relu(word[80]), .x(word[79:48]), .bias(word[47:16]),
        .random(word[15:0]), .y(result)
    );

endmodule

`default_nettype wire
