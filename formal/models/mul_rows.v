// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   How the proofs build `*`: one row per bit of the second operand, added one after the other
//   from the lowest on. Products whose second operands agree in their low bits then share those
//   rows.
`default_nettype none

(* techmap_celltype = "$mul" *)
module mul_rows (A, B, Y);

    parameter A_SIGNED = 0;
    parameter B_SIGNED = 0;
    parameter A_WIDTH  = 1;
    parameter B_WIDTH  = 1;
    parameter Y_WIDTH  = 1;

    input  wire [A_WIDTH-1:0] A;
    input  wire [B_WIDTH-1:0] B;
    output wire [Y_WIDTH-1:0] Y;

    localparam integer W = A_WIDTH + B_WIDTH + Y_WIDTH;

    wire [W-1:0] a = {{(W-A_WIDTH){A_SIGNED ? A[A_WIDTH-1] : 1'b0}}, A};

    genvar i;
    generate
        for (i = 0; i < B_WIDTH; i = i + 1) begin : g_row
            wire [Y_WIDTH-1:0] row = B[i] ? a << i : {Y_WIDTH{1'b0}};
            wire [Y_WIDTH-1:0] sum;
            if (i == 0) begin : g_first
                assign sum = (B_SIGNED && B_WIDTH == 1) ? -row : row;
            end else if (B_SIGNED && i == B_WIDTH - 1) begin : g_sign
                assign sum = g_row[i-1].sum - row;
            end else begin : g_add
                assign sum = g_row[i-1].sum + row;
            end
        end
    endgenerate

    assign Y = g_row[B_WIDTH-1].sum;

endmodule

`default_nettype wire
