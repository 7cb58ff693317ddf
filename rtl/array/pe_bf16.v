// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   One cell of the bfloat16 array: one product per cycle, four interleaved float32 sums.
//
//     factors ─► mul9x9 ─┐
//     a, w ──────────────┴─► bf16_product ─► + ─── 3 stages ───┬─► sum_q (the fourth) ──┐
//                                            ▲                 └─► results (last: push) │
//                                            └──────────────────────────────────────────┘
//
//   Every sum is rounded to float32 after every product, in the order of k, as
//   `acc = float32(acc + float32(a * w))` does, so a sum cannot accept its next product before its
//   previous addition has finished. The adder has four stages: they hold four sums, and each
//   reaches the adder's input every fourth cycle. So a cell computes four rows, and no cycle is
//   lost.
//
//   A push shifts the sum into the far end of four registers, as a chain shift does with chain_in;
//   after four pushes sum 0 is on chain_out.
//
// Latency
//   4 cycles from the operands to the adder, 4 more through the adder. `valid` belongs to the
//   product at the adder; `last` and `clear` belong to the sum about to enter sum_q, 3 cycles
//   later. Reset: hold `clear` for 4 cycles, after which every sum has been cleared.
//
// Numbers
//   bf16_mul and fp32_add: nearest even, subnormals kept, NaN 7FC00000. A sum starts at +0, so that
//   a sum of negative zeros alone is +0, as in NumPy. A cycle without `valid` adds -0, which
//   changes nothing, not even -0.
//
// Example
//   The products 2.0 and, four cycles later, 1.0 reach the adder with `valid`; `last` 3 cycles
//   after the second pushes 40400000 (3.0).
`default_nettype none

module pe_bf16 (
    input  wire        clk,
    // control
    input  wire        valid,        // add the product
    input  wire        last,         // push the sum
    input  wire        clear,        // the next sum in this place starts at +0
    input  wire        chain_shift,  // move the chain
    // operands: bfloat16, and their significands as the multiplier takes them
    input  wire [15:0] a,
    input  wire [15:0] w,
    input  wire [8:0]  a_factor,
    input  wire [8:0]  w_factor,
    // result chain
    input  wire [31:0] chain_in,
    output wire [31:0] chain_out
);

    wire [17:0]  mul_product;
    wire [31:0]  product, sum;
    reg  [31:0]  sum_q;
    reg  [127:0] results_q;

    mul9x9 u_mul (
        .clk   (clk),
        .enable(1'b1),
        .a     (a_factor),
        .b     (w_factor),
        .p     (mul_product)
    );

    bf16_product u_product (
        .clk    (clk),
        .enable (1'b1),
        .a      (a),
        .b      (w),
        .product(mul_product[15:0]),
        .p      (product)
    );

    fp32_add #(
        .OUTPUT_REGISTER(0)
    ) u_add (
        .clk   (clk),
        .enable(1'b1),
        .a     (sum_q),
        .b     (valid ? product : 32'h8000_0000),
        .s     (sum)
    );

    wire result_load = last || chain_shift;

    wire unused = &{1'b0, mul_product[17:16]};  // zero: 255 * 255 fits 16 bits

    always @(posedge clk) begin
        if (clear) sum_q <= 32'd0;
        else sum_q <= sum;
        if (result_load) begin
            if (last) results_q <= {sum, results_q[127:32]};
            else results_q <= {chain_in, results_q[127:32]};
        end
    end

    assign chain_out = results_q[31:0];

endmodule

`default_nettype wire
