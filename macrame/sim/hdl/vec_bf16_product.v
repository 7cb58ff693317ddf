// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// vec_bf16_product: plays vectors through bf16_product (see vector_player.v).
// Word, most significant byte first: enable, a (2 bytes), b (2), product (2) of two cycles before, as given. An unknown
// enable counts as high, so that the last results come out after the file's end.
`default_nettype none
`timescale 1ns / 1ps

module vec_bf16_product;

    wire         clk;
    wire [55:0] word;
    wire [31:0] result;
    wire idle;

    vector_player #(.IN_W(56), .OUT_W(32), .LATENCY(4)) u_player (.clk(clk), .word(word), .idle(idle), .result(result));

    // `product` is not the current word's but that of two words before, whatever the multiplier in front may be
    reg [15:0] product1_q, product2_q;
    wire       enable = (word[48] || idle);

    always @(posedge clk) if (enable) begin
        product1_q <= word[15:0];
        product2_q <= product1_q;
    end

    bf16_product u_dut (
        .clk(clk), .enable(enable), .a(word[47:32]), .b(word[31:16]), .product(product2_q), .p(result)
    );

endmodule

`default_nettype wire
