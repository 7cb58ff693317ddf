// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   One cell of the array in the formats of the core: pe_int8, pe_bf16, or pe_dual for both. The
//   ports are those of pe_dual; a cell for one format ignores what it does not need.
//
// Latency
//   That of the cell: from the operands to the adder, pe_int8 2 + max(1, ceil(log2 DEPTH)) cycles,
//   pe_bf16 and pe_dual 4.
//
// Numbers
//   Those of the cell.
//
// Example
//   INT8 1, BF16 0, DEPTH 1: a = 3, w = -5 with valid, then a = 2, w = 7 with valid, last and
//   clear: chain_out is -1.
`default_nettype none

module pe #(
    parameter integer DEPTH  = 1,       // int8 products per cycle, 1..8; 1 with bfloat16
    parameter integer INT8   = 1,       // 1: int8
    parameter integer BF16   = 0,       // 1: bfloat16; both: pe_dual
    parameter integer LUT    = 0,       // 1: int8 products without a DSP block
    parameter integer LANE_W = 8*DEPTH  // bits of an operand lane: 16 with bfloat16, else 8*DEPTH
) (
    input  wire              clk,
    // control
    input  wire              valid,
    input  wire              last,
    input  wire              clear,
    input  wire              chain_shift,
    input  wire              sum_bf16,
    input  wire              chain_bf16,
    input  wire              operand_bf16,
    // operands
    input  wire [LANE_W-1:0] a,
    input  wire [LANE_W-1:0] w,
    input  wire [8:0]        a_factor,
    input  wire [8:0]        w_factor,
    // result chain
    input  wire [31:0]       chain_in,
    output wire [31:0]       chain_out
);

    generate
        if (BF16 == 0) begin : g_int8
            pe_int8 #(
                .DEPTH(DEPTH),
                .LUT  (LUT)
            ) u_pe (
                .clk        (clk),
                .valid      (valid),
                .last       (last),
                .clear      (clear),
                .chain_shift(chain_shift),
                .a          (a),
                .w          (w),
                .chain_in   (chain_in),
                .chain_out  (chain_out)
            );
            wire unused = &{1'b0, sum_bf16, chain_bf16, operand_bf16, a_factor, w_factor};
        end else if (INT8 == 0) begin : g_bf16
            pe_bf16 u_pe (
                .clk        (clk),
                .valid      (valid),
                .last       (last),
                .clear      (clear),
                .chain_shift(chain_shift),
                .a          (a),
                .w          (w),
                .a_factor   (a_factor),
                .w_factor   (w_factor),
                .chain_in   (chain_in),
                .chain_out  (chain_out)
            );
            wire unused = &{1'b0, sum_bf16, chain_bf16, operand_bf16};
        end else begin : g_dual
            pe_dual u_pe (
                .clk         (clk),
                .valid       (valid),
                .last        (last),
                .clear       (clear),
                .chain_shift (chain_shift),
                .sum_bf16    (sum_bf16),
                .chain_bf16  (chain_bf16),
                .operand_bf16(operand_bf16),
                .a           (a),
                .w           (w),
                .a_factor    (a_factor),
                .w_factor    (w_factor),
                .chain_in    (chain_in),
                .chain_out   (chain_out)
            );
        end
    endgenerate

endmodule

`default_nettype wire
