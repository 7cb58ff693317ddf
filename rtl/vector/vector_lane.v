// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   One number per cycle through a multiplier, an adder and a rounding step: six operations in one
//   pipeline.
//
//     op, x, y, s ──► operands ──► fp32_mul ──► fp32_add ──► fp32_to_bf16 ──► result
//                         └───────── delay ─────────┘
//
// Latency
//   LATENCY = 16 cycles, operands to result: 1 + 10 + 4 + 1. `narrow`, `rounding` and `random` are
//   due with the sum, 15 cycles after the operands. While `enable` is low, nothing moves.
//
// Numbers
//   result = a + m * n, product and sum rounded to nearest even, every NaN 32'h7FC00000:
//
//     op                    a               m     n      why this is exact
//     0  x + y              x               1     y      1 * y = y
//     1  x - y              x              -1     y
//     2  x * y             -0               x     y      -0 + p = p for every p, also for -0
//     3  x + s * y          x               s     y
//     4  ReLU               x > 0 ? x : 0  -0     1      a + (-0) = a
//     5  its gradient       y > 0 ? x : 0  -0     1
//
//   ReLU keeps a NaN; a y that is a NaN is not > 0. `narrow`: the result is rounded to bfloat16 as
//   fp32_to_bf16's `rounding` selects, and occupies the lower half; the upper half is 0.
//
// Example
//   op 3, x = 1.0 (3F800000), s = 0.5 (3F000000), y = -3.0 (C0400000): BF000000 (-0.5).
`default_nettype none

module vector_lane (
    input  wire        clk,
    input  wire        enable,
    input  wire [2:0]  op,  // 0..5
    input  wire [31:0] x,
    input  wire [31:0] y,
    input  wire [31:0] s,
    // 15 cycles later, with the sum
    input  wire        narrow,
    input  wire [1:0]  rounding,
    input  wire [15:0] random,
    output reg [31:0]  result
);

    localparam [2:0] SUB           = 3'd1;
    localparam [2:0] MUL           = 3'd2;
    localparam [2:0] AXPY          = 3'd3;
    localparam [2:0] RELU          = 3'd4;
    localparam [2:0] RELU_GRADIENT = 3'd5;

    localparam [31:0] ZERO       = 32'h0000_0000;
    localparam [31:0] MINUS_ZERO = 32'h8000_0000;  // -0: the additive identity
    localparam [31:0] ONE        = 32'h3F80_0000;
    localparam [31:0] INFINITY   = 32'h7F80_0000;

    localparam integer DELAY = 10;  // the multiplier's latency

    wire x_dropped  = x[31] & (x[30:0] <= INFINITY[30:0]);  // negative or -0, and not a NaN
    wire y_positive = ~y[31] & (y[30:0] != 31'd0) & (y[30:0] <= INFINITY[30:0]);

    reg  [31:0]         a_q, m_q, n_q;
    reg  [32*DELAY-1:0] a_delay_q;
    wire [31:0]         product, sum;
    wire [15:0]         rounded;

    always @(posedge clk) if (enable) begin
        case (op)
            MUL:           a_q <= MINUS_ZERO;
            RELU:          a_q <= x_dropped ? ZERO : x;
            RELU_GRADIENT: a_q <= y_positive ? x : ZERO;
            default:       a_q <= x;
        endcase
        case (op)
            SUB:                 m_q <= ONE | MINUS_ZERO;
            MUL:                 m_q <= x;
            AXPY:                m_q <= s;
            RELU, RELU_GRADIENT: m_q <= MINUS_ZERO;
            default:             m_q <= ONE;
        endcase
        n_q       <= op[2] ? ONE : y;
        a_delay_q <= {a_delay_q[32*(DELAY-1)-1:0], a_q};
        result    <= narrow ? {16'd0, rounded} : sum;
    end

    fp32_mul u_mul (
        .clk   (clk),
        .enable(enable),
        .a     (m_q),
        .b     (n_q),
        .p     (product)
    );
    fp32_add u_add (
        .clk   (clk),
        .enable(enable),
        .a     (a_delay_q[32*(DELAY-1) +: 32]),
        .b     (product),
        .s     (sum)
    );
    fp32_to_bf16 u_round (
        .x       (sum),
        .rounding(rounding),
        .random  (random),
        .y       (rounded)
    );

endmodule

`default_nettype wire
