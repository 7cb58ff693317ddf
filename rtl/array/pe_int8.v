// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   One cell of the array: DEPTH int8 products per cycle, summed, accumulated in int32.
//
//     a, w ──► DEPTH products ──► adder tree ──► + ──► acc     (valid: keep the sum, clear: zero)
//                                                └───► result ──► chain_out   (last: load)
//
//   The products come in pairs (mul8x8_pair), an odd one alone (mul8x8), as some DSP blocks compute
//   two at once. With LUT = 1 each is made of adders (mul8x8_lut), with the same latency. The last
//   level of the tree, the accumulator and the result register are one module, accumulator; it
//   requires `last` to come with `valid` and with `clear`.
//
// Latency
//   2 + max(1, ceil(log2 DEPTH)) cycles from the operands to the tree output; `valid`, `last` and
//   `clear` belong to the tree output, so the array delays them by as much. One update per cycle.
//   Reset: one cycle with `clear`.
//
// Numbers
//   Products and tree are exact (16 + ceil(log2 DEPTH) bits). The accumulator wraps modulo 2^32, as
//   NumPy's int32 does; K <= 131071 cannot overflow it, because 131071 * 2^14 < 2^31.
//
// Example
//   DEPTH 1: a = 3, w = -5 in cycle 0, a = 2, w = 7 in cycle 1; valid in cycle 3; valid, last and
//   clear in cycle 4: in cycle 5 chain_out is -15 + 14 = -1, and the accumulator is 0 for the next
//   tile.
`default_nettype none

module pe_int8 #(
    parameter integer DEPTH = 1,  // products per cycle, 1..8
    parameter integer LUT   = 0   // 1: no DSP block
) (
    input  wire               clk,
    // control, aligned with the adder tree's output
    input  wire               valid,        // accumulate
    input  wire               last,         // load the result register
    input  wire               clear,        // zero the accumulator
    input  wire               chain_shift,  // move the chain; a load wins over it
    // operands: DEPTH int8 each, depth 0 in the low byte
    input  wire [8*DEPTH-1:0] a,
    input  wire [8*DEPTH-1:0] w,
    // result chain
    input  wire [31:0]        chain_in,
    output wire [31:0]        chain_out
);

    // DEPTH 0 is rejected below, with a message that names the rule; the tree must not be empty.
    localparam integer TERMS  = (DEPTH < 1) ? 1 : DEPTH;
    // A single product passes through one level too: the register at the adder's input shortens the
    // critical path, which is worth a cycle of latency.
    localparam integer LEVELS = (TERMS == 1) ? 1 : $clog2(TERMS);

    genvar l, n;
    generate
        if (DEPTH < 1 || DEPTH > 8) begin : g_illegal
            ERROR_pe_int8_DEPTH_must_be_1_to_8 u_error ();
        end
        for (n = 0; n < ((LUT != 0) ? 0 : TERMS/2); n = n + 1) begin : g_pair
            wire [15:0] first, second;
            mul8x8_pair u_mul (
                .clk(clk),
                .a0 (a[16*n +: 8]),
                .b0 (w[16*n +: 8]),
                .a1 (a[16*n+8 +: 8]),
                .b1 (w[16*n+8 +: 8]),
                .p0 (first),
                .p1 (second)
            );
        end
        // Level 0 is the products, level l ceil(DEPTH / 2^l) sums of 16 + l bits; an odd one out is
        // passed on. The last level is the accumulator's.
        for (l = 0; l < LEVELS; l = l + 1) begin : g_level
            for (n = 0; n < (TERMS + (1 << l) - 1) >> l; n = n + 1) begin : g_node
                wire signed [15+l:0] sum;
                if (l == 0) begin : g_product
                    if (LUT != 0) begin : g_lut
                        mul8x8_lut u_mul (
                            .clk(clk),
                            .a  (a[8*n +: 8]),
                            .b  (w[8*n +: 8]),
                            .p  (sum)
                        );
                    end else if (n == TERMS-1 && n % 2 == 0) begin : g_mul
                        mul8x8 u_mul (
                            .clk(clk),
                            .a  (a[8*n +: 8]),
                            .b  (w[8*n +: 8]),
                            .p  (sum)
                        );
                    end else if (n % 2 == 0) begin : g_first
                        assign sum = g_pair[n/2].first;
                    end else begin : g_second
                        assign sum = g_pair[n/2].second;
                    end
                end else begin : g_add
                    reg signed [15+l:0] sum_q;
                    assign sum = sum_q;
                    if (2*n + 1 < (TERMS + (1 << (l-1)) - 1) >> (l-1)) begin : g_two
                        always @(posedge clk)
                            sum_q <= g_level[l-1].g_node[2*n].sum + g_level[l-1].g_node[2*n+1].sum;
                    end else begin : g_one
                        always @(posedge clk) sum_q <= $signed(g_level[l-1].g_node[2*n].sum);
                    end
                end
            end
        end
    endgenerate

    wire signed [14+LEVELS:0] addend_0 = g_level[LEVELS-1].g_node[0].sum;
    wire signed [14+LEVELS:0] addend_1;
    generate
        if (TERMS == 1) begin : g_one_addend
            assign addend_1 = {(15+LEVELS){1'b0}};
        end else begin : g_two_addends
            assign addend_1 = g_level[LEVELS-1].g_node[1].sum;
        end
    endgenerate

    accumulator #(
        .W    (15+LEVELS),
        .TERMS((TERMS == 1) ? 1 : 2)
    ) u_acc (
        .clk        (clk),
        .valid      (valid),
        .last       (last),
        .clear      (clear),
        .chain_shift(chain_shift),
        .addend_0   (addend_0),
        .addend_1   (addend_1),
        .chain_in   (chain_in),
        .chain_out  (chain_out)
    );

endmodule

`default_nettype wire
