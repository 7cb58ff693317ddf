// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// vec_vector_lane: plays vectors through vector_lane (see vector_player.v).
// Word, most significant byte first: enable, op, x (4 bytes), y (4), s (4), narrow, rounding, random (2). The last three are
// due beside the sum, 15 cycles later, and wait here. An unknown enable counts as high, so that the last results come
// out after the file's end.
`default_nettype none
`timescale 1ns / 1ps

module vec_vector_lane;

    wire         clk;
    wire [143:0] word;
    wire [31:0]  result;
    wire         idle;

    vector_player #(.IN_W(144), .OUT_W(32), .LATENCY(16)) u_player (.clk(clk), .word(word), .idle(idle), .result(result));

    wire        enable = word[136] || idle;
    reg  [31:0] beside [1:15];

    integer i;
    always @(posedge clk) if (enable) begin
        beside[1] <= word[31:0];
        for (i = 2; i < 16; i = i + 1) beside[i] <= beside[i-1];
    end

    vector_lane u_dut (
        .clk(clk), .enable(enable), .op(word[130:128]), .x(word[127:96]), .y(word[95:64]), .s(word[63:32]),
        .narrow(beside[15][24]), .rounding(beside[15][17:16]), .random(beside[15][15:0]), .result(result)
    );

endmodule

`default_nettype wire
