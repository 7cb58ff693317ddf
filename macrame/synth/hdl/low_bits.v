// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   A rule for Yosys' techmap, used in proofs. The low n bits of a product depend only on the
//   operands' low n bits, signed or not: modulo 2^n, x - 2^n is x. So an unsigned multiplier that
//   keeps no more bits than its operands have can be treated as a signed one, whose repeated sign
//   bits are then removed.
`default_nettype none

(* techmap_celltype = "$mul" *)
module low_bits (A, B, Y);

    parameter A_SIGNED = 0;
    parameter B_SIGNED = 0;
    parameter A_WIDTH = 1;
    parameter B_WIDTH = 1;
    parameter Y_WIDTH = 1;

    input  wire [A_WIDTH-1:0] A;
    input  wire [B_WIDTH-1:0] B;
    output wire [Y_WIDTH-1:0] Y;

    generate
        if (A_SIGNED == 0 && B_SIGNED == 0 && Y_WIDTH <= A_WIDTH && Y_WIDTH <= B_WIDTH
           ) begin : g_signed
            wire signed [A_WIDTH-1:0] a = A;
            wire signed [B_WIDTH-1:0] b = B;
            assign Y = a * b;
        end else begin : g_other
            wire _TECHMAP_FAIL_ = 1'b1;
        end
    endgenerate

endmodule

`default_nettype wire
