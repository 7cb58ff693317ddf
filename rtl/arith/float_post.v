// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Post-processing of a bfloat16 tile's sum: bias, ReLU, and an optional rounding to bfloat16.
//
//     x + bias (fp32_add) ─► ReLU ─► fp32_to_bf16 ─► delay ─► y
//
// Latency
//   LATENCY = 11 cycles, one number per cycle: 4 + 1 + 1, then a delay that matches requantize.
//   While `enable` is low, everything holds.
//
// Numbers
//   sum = x + bias, rounded to nearest even. ReLU keeps sums above 0 and NaN, and replaces all
//   others with +0. `kind` 0 leaves float32, 1 rounds to bfloat16 to nearest even, 2 toward zero, 3
//   stochastically: away from zero iff random < sum[15:0]. A bfloat16 occupies the lower half of y;
//   the upper half is 0.
//
// Example
//   x = 3F800000, bias = BFC00000 (1 - 1.5 = -0.5), relu: 00000000; without relu, kind 1: 0000BF00.
`default_nettype none

module float_post #(
    parameter integer LATENCY = 11  // cycles, 7 or more: as the requantisers'
) (
    input  wire        clk,
    input  wire        enable,
    // sampled together
    input  wire [1:0]  kind,
    input  wire        relu,
    input  wire [31:0] x,
    input  wire [31:0] bias,
    input  wire [15:0] random,
    output wire [31:0] y
);

    localparam integer ADDER = 4;                          // latency of fp32_add
    localparam integer DELAY = LATENCY - (ADDER + 1 + 1);  // after adder, ReLU and rounding

    generate
        if (LATENCY < 7) begin : g_illegal
            ERROR_float_post_LATENCY_must_be_7_or_more u_error ();
        end
    endgenerate

    wire [31:0]             sum;
    wire [15:0]             bf16_sum;
    reg  [3*ADDER-1:0]      mode_q;  // {relu, kind}, aligned with the adder's stages
    reg  [16*(ADDER+1)-1:0] random_q;
    reg  [1:0]              kind_q;
    reg  [31:0]             relu_q;
    reg  [32*(DELAY+1)-1:0] y_q;

    fp32_add u_add (
        .clk   (clk),
        .enable(enable),
        .a     (x),
        .b     (bias),
        .s     (sum)
    );

    wire relu_zero = mode_q[3*ADDER-1] && sum[31];  // a NaN is never negative here

    fp32_to_bf16 u_narrow (
        .x       (relu_q),
        .rounding(kind_q - 2'd1),  // kinds 1, 2 and 3 are its roundings 0, 1 and 2
        .random  (random_q[16*ADDER +: 16]),
        .y       (bf16_sum)
    );

    always @(posedge clk)
        if (enable) begin
            mode_q   <= {mode_q[3*(ADDER-1)-1:0], relu, kind};
            random_q <= {random_q[16*ADDER-1:0], random};
            kind_q   <= mode_q[3*(ADDER-1) +: 2];
            relu_q   <= relu_zero ? 32'd0 : sum;
            y_q      <= {y_q[32*DELAY-1:0], (kind_q == 2'd0) ? relu_q : {16'd0, bf16_sum}};
        end

    assign y = y_q[32*DELAY +: 32];

endmodule

`default_nettype wire
