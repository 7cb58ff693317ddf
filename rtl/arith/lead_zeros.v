// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Counts the leading zeros of a 32-bit word: the left shift that brings its highest one to bit
//   31.
//
// Latency
//   Combinational.
//
// Numbers
//   count = number of leading zeros, 0..31; for x = 0 it is 31, as for x = 1. Both halves are
//   encoded at once, by nibble, and the upper half selects. An `always` block instead of wires, so
//   that a simulator evaluates it once per change.
//
// Example
//   x = 0000_0000_0001_xxxx_...: the upper 8 bits are zero, then 3 more: count = 11 = 5'b01011.
`default_nettype none

module lead_zeros (
    input  wire [31:0] x,
    output reg  [4:0]  count
);

    // For 16 bits, the last of which is ignored: 15 for 0, as for 1.
    function [3:0] half;
        input [15:1] word;
        begin
            if (word[15:12] != 4'd0)
                half = {2'd0, word[15:14] == 2'd0, ~word[15] & (word[14] | ~word[13])};
            else if (word[11:8] != 4'd0)
                half = {2'd1, word[11:10] == 2'd0, ~word[11] & (word[10] | ~word[9])};
            else if (word[7:4] != 4'd0)
                half = {2'd2, word[7:6] == 2'd0, ~word[7] & (word[6] | ~word[5])};
            else
                half = {2'd3, word[3:2] == 2'd0, ~word[3] & (word[2] | ~word[1])};
        end
    endfunction

    always @* begin
        if (x[31:16] == 16'd0) count = {1'b1, half(x[15:1])};
        else count = {1'b0, half(x[31:17])};
    end

    wire unused = &{1'b0, x[0]};

endmodule

`default_nettype wire
