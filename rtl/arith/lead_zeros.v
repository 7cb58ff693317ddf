// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// lead_zeros: counts the zeros above the highest one of a 32-bit word.
//
// Purpose    How far a word must be shifted left to bring its highest one to bit 31.
// Latency    combinational.
// Contract   count = number of leading zeros, 0..31. The word 0 counts 31, as the word 1 does.
// Method     Halving: is the upper half empty? Then look at the lower one. Five questions, five bits.
// Example    x = 0000_0000_0001_xxxx_...: the upper 8 bits are zero, then 3 more: count = 11 = 5'b01011.
`default_nettype none

module lead_zeros (
    input  wire [31:0] x,
    output wire [4:0]  count
);

    wire        zero16 = (x[31:16] == 16'd0);
    wire [15:0] half16 = zero16 ? x[15:0] : x[31:16];
    wire        zero8  = (half16[15:8] == 8'd0);
    wire [7:0]  half8  = zero8 ? half16[7:0] : half16[15:8];
    wire        zero4  = (half8[7:4] == 4'd0);
    wire [2:0]  half4  = zero4 ? half8[3:1] : half8[7:5];
    wire        zero2  = (half4[2:1] == 2'd0);
    wire        zero1  = zero2 ? ~half4[0] : ~half4[2];

    wire unused = &{1'b0, half8[0]};  // x[0] alone would decide between 31 and 32

    assign count = {zero16, zero8, zero4, zero2, zero1};

endmodule

`default_nettype wire
