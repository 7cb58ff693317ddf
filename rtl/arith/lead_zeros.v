// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// lead_zeros: counts the zeros above the highest one of a 32-bit word.
//
// Purpose    How far a word must be shifted left to bring its highest one to bit 31.
// Latency    combinational.
// Contract   count = number of leading zeros, 0..31. The word 0 counts 31, as the word 1 does.
// Method     Four bits at a time: is the nibble empty, and how many zeros lead in it? Then pairs are merged, three
//            times: is the upper part empty? Then the lower one's answer counts. What is known of all nibbles at once
//            is a word of eight, one bit a nibble.
// Example    x = 0000_0000_0001_xxxx_...: the upper 8 bits are zero, then 3 more: count = 11 = 5'b01011.
`default_nettype none

module lead_zeros (
    input  wire [31:0] x,
    output wire [4:0]  count
);

    // bits 3, 2 and 1 of each nibble; bit 0 is implied where the others are zero
    wire [7:0] bit3 = {x[31], x[27], x[23], x[19], x[15], x[11], x[7], x[3]};
    wire [7:0] bit2 = {x[30], x[26], x[22], x[18], x[14], x[10], x[6], x[2]};
    wire [7:0] bit1 = {x[29], x[25], x[21], x[17], x[13], x[9],  x[5], x[1]};
    wire [7:0] bit0 = {x[28], x[24], x[20], x[16], x[12], x[8],  x[4], 1'b1};
    wire [7:0] none = ~(bit3 | bit2 | bit1 | bit0);
    wire [7:0] two  = ~(bit3 | bit2);            // two zeros or three lead
    wire [7:0] odd  = ~bit3 & (bit2 | ~bit1);    // one or three

    // of the upper and the lower 16 bits: the count's bits below the first
    wire       high8 = none[7] & none[6];
    wire       low8  = none[3] & none[2];
    wire       high4 = high8 ? none[5] : none[7];
    wire       low4  = low8  ? none[1] : none[3];
    wire       high2 = high8 ? (none[5] ? two[4] : two[5]) : (none[7] ? two[6] : two[7]);
    wire       low2  = low8  ? (none[1] ? two[0] : two[1]) : (none[3] ? two[2] : two[3]);
    wire       high1 = high8 ? (none[5] ? odd[4] : odd[5]) : (none[7] ? odd[6] : odd[7]);
    wire       low1  = low8  ? (none[1] ? odd[0] : odd[1]) : (none[3] ? odd[2] : odd[3]);
    wire       zero16 = high8 & none[5] & none[4];

    wire unused = &{1'b0, x[0], none[0]};  // 0 counts as 1 does

    assign count = {zero16, zero16 ? {low8, low4, low2, low1} : {high8, high4, high2, high1}};

endmodule

`default_nettype wire
