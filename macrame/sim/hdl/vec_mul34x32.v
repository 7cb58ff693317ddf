// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// vec_mul34x32: plays vectors through mul34x32 (see vector_player.v).
// Word, most significant byte first: a_high (4 bytes, the upper 15 bits unused), a_low (4, the same), b (4).
`default_nettype none
`timescale 1ns / 1ps

module vec_mul34x32;

    wire         clk;
    wire [95:0] word;
    wire [63:0] result;

    vector_player #(.IN_W(96), .OUT_W(64), .LATENCY(4)) u_player (.clk(clk), .word(word), .result(result));

    mul34x32 u_dut (
        .clk(clk), .enable(1'b1), .a_high($signed(word[80:64])), .a_low(word[48:32]), .b($signed(word[31:0])),
        .p(result)
    );

endmodule

`default_nettype wire
