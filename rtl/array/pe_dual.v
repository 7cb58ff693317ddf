// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   One cell that acts as pe_int8 (DEPTH 1) or as pe_bf16: one multiplier, one register for the
//   sum.
//
//     factors ──► mul9x9 ─┬─► 2 registers ──► + ──────────────────┐
//                         │        sum_q ─────┤                   ├─► next_sum ─┬─► sum_q
//     a, w ───────────────┴─► bf16_product ─► fp32_add, 3 stages ─┘             └─► results
//
//   With `chain_bf16` there are four result registers, as in pe_bf16; without it only the last one
//   is used, as in pe_int8, and the chain is that much shorter. `chain_bf16` is that of the tile
//   being pushed, and holds while the tile shifts out.
//
//   While `operand_bf16` is low, bf16_product is idle; while `sum_bf16` is low, so is the float
//   adder, with zeros in its stages. That saves power, and most of the simulation time.
//
// Latency
//   4 cycles from the operands to either adder. int8: `valid`, `last` and `clear` belong to the
//   product at the adder, as in pe_int8. bfloat16: as in pe_bf16. `sum_bf16` selects the adder that
//   feeds sum_q; it may change when every sum has been pushed and cleared: in the next cycle from
//   int8 to bfloat16, in the cycle after the fourth push the other way. Reset: hold `sum_bf16` and
//   `clear` for 4 cycles.
//
// Numbers
//   Those of pe_int8 and pe_bf16, bit for bit.
//
// Example
//   int8: a_factor = 3, w_factor = -5 with valid, then 2 and 7 with valid, last and clear: -1 is
//   pushed. bfloat16: as in pe_bf16.
`default_nettype none

module pe_dual (
    input  wire        clk,
    // control
    input  wire        valid,        // add the product
    input  wire        last,         // push the sum
    input  wire        clear,        // the sum starts again from 0
    input  wire        chain_shift,  // move the chain; a push wins over it
    input  wire        sum_bf16,     // sum_q holds float32 sums
    input  wire        chain_bf16,   // the chain holds four rows per cell
    // a and w are bfloat16; high until their last product is at the adder
    input  wire        operand_bf16,
    // operands: bfloat16 (anything in int8), and int8 or significands as the multiplier takes them
    input  wire [15:0] a,
    input  wire [15:0] w,
    input  wire [8:0]  a_factor,
    input  wire [8:0]  w_factor,
    // result chain
    input  wire [31:0] chain_in,
    output wire [31:0] chain_out
);

    wire [17:0] mul_product;
    wire [31:0] product, float_sum;
    reg [15:0] product_1_q, product_2_q;  // int8 product, delayed as in bf16_product
    reg [31:0] sum_q;
    reg [95:0] rows_1_3_q;
    reg [31:0] row_0_q;

    mul9x9 u_mul (
        .clk   (clk),
        .enable(1'b1),
        .a     (a_factor),
        .b     (w_factor),
        .p     (mul_product)
    );

    bf16_product u_product (
        .clk    (clk),
        .enable (operand_bf16),
        .a      (a),
        .b      (w),
        .product(mul_product[15:0]),
        .p      (product)
    );

    fp32_add #(
        .OUTPUT_REGISTER(0)
    ) u_add (
        .clk   (clk),
        .enable(sum_bf16),
        .a     (sum_q),
        .b     (valid ? product : 32'h8000_0000),
        .s     (float_sum)
    );

    wire [31:0] int8_sum = sum_q + {{16{product_2_q[15]}}, product_2_q};
    wire [31:0] next_sum = sum_bf16 ? float_sum : int8_sum;

    always @(posedge clk) begin
        product_1_q <= mul_product[15:0];
        product_2_q <= product_1_q;
        if (clear) sum_q <= 32'd0;
        else if (sum_bf16 || valid) sum_q <= next_sum;
        if (last || chain_shift) begin
            if (chain_bf16) begin
                row_0_q    <= rows_1_3_q[31:0];
                rows_1_3_q <= {last ? next_sum : chain_in, rows_1_3_q[95:32]};
            end else
                row_0_q <= last ? next_sum : chain_in;
        end
    end

    assign chain_out = row_0_q;

    // int8 products fit 16 bits, and significands are not negative
    wire unused = &{1'b0, mul_product[17:16]};

endmodule

`default_nettype wire
