// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// lead_zeros: counts the zeros above the highest one of a 32-bit word.
//
// Purpose    How far a word must be shifted left to bring its highest one to bit 31.
// Latency    combinational.
// Contract   count = number of leading zeros, 0..31. The word 0 counts 31, as the word 1 does.
// Method     Halving: is the upper half empty? Then look at the lower one. Five questions, five bits. The first
//            three are asked of the eight nibbles' emptiness, not of the halves, which would be longer.
// Example    x = 0000_0000_0001_xxxx_...: the upper 8 bits are zero, then 3 more: count = 11 = 5'b01011.
`default_nettype none

module lead_zeros (
    input  wire [31:0] x,
    output wire [4:0]  count
);

    wire [7:0]  empty  = {x[31:28] == 4'd0, x[27:24] == 4'd0, x[23:20] == 4'd0, x[19:16] == 4'd0,
                          x[15:12] == 4'd0, x[11:8] == 4'd0, x[7:4] == 4'd0, x[3:0] == 4'd0};
    wire        zero16 = (&empty[7:4]);
    wire        zero8  = zero16 ? (&empty[3:2]) : (&empty[7:6]);
    wire        zero4  = zero16 ? (zero8 ? empty[1] : empty[3]) : (zero8 ? empty[5] : empty[7]);
    wire [15:0] half16 = zero16 ? x[15:0] : x[31:16];
    wire [7:0]  half8  = zero8 ? half16[7:0] : half16[15:8];
    wire [2:0]  half4  = zero4 ? half8[3:1] : half8[7:5];
    wire        zero2  = (half4[2:1] == 2'd0);
    wire        zero1  = zero2 ? ~half4[0] : ~half4[2];

    wire unused = &{1'b0, half8[4], half8[0], empty[0]};  // a nibble's lowest bit is implied

    assign count = {zero16, zero8, zero4, zero2, zero1};

endmodule

`default_nettype wire
