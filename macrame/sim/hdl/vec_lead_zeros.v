// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// vec_lead_zeros: plays vectors through lead_zeros (see vector_player.v).
// Word, most significant byte first: x (4 bytes).
`default_nettype none
`timescale 1ns / 1ps

module vec_lead_zeros;

    wire         clk;
    wire [31:0] word;
    wire [7:0] result;

    vector_player #(.IN_W(32), .OUT_W(8), .LATENCY(0)) u_player (.clk(clk), .word(word), .result(result));

    lead_zeros u_dut (.x(word), .count(result[4:0]));

    assign result[7:5] = 3'd0;

endmodule

`default_nettype wire
