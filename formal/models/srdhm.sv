// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   SRDHM of a product of two int32, divided by 2^right: the integer modes of requantize. Halves go
//   up in the first step, which saturates at 2^31 - 1; in the second, up or away from zero.
`default_nettype none

module srdhm (
    input  wire signed [63:0] product,
    input  wire        [4:0]  right,
    input  wire               away,
    output wire signed [34:0] y
);

    wire signed [63:0] nudged  = product + 64'sh4000_0000;
    wire signed [33:0] rounded = (product == 64'sh4000_0000_0000_0000) ? 34'sh7FFF_FFFF :
                                                                         nudged >>> 31;
    wire signed [33:0] floor   = rounded >>> right;
    wire signed [33:0] rest    = rounded - (floor <<< right);
    wire signed [33:0] whole   = 34'sd1 <<< right;
    wire               up      = (rest <<< 1) > whole ||
                                 ((rest <<< 1) == whole && (!away || !rounded[33]));

    assign y = floor + $signed({33'd0, up});

endmodule

`default_nettype wire
