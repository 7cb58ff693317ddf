// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   IEEE 754 binary32, roundTiesToEven: the number nearest to magnitude * 2^exponent, without its
//   sign. 5.3 and 4.3 of the standard: the result is as if the exact value was rounded to 24 bits,
//   or to a multiple of 2^-149 where that is coarser, and 2^128 or more becomes infinity.
`default_nettype none

module round_to_fp32 #(
    parameter integer W = 48
) (
    input  wire        [W-1:0] magnitude,
    input  wire signed [12:0]  exponent,
    output wire        [30:0]  bits
);

    // the highest one
    reg signed [12:0] top;
    integer i;
    always @* begin
        top = 13'sd0;
        for (i = 0; i < W; i = i + 1) if (magnitude[i]) top = i;
    end

    // the exponent of the result's last bit, and how many bits of the magnitude lie below it
    wire signed [12:0] lead  = exponent + top;
    wire signed [12:0] unit  = (lead < -13'sd126) ? -13'sd149 : lead - 13'sd23;
    wire signed [12:0] below = unit - exponent + 13'sd24;  // of the magnitude followed by 24 zeros
    wire [12:0]        drop  = (below > W + 25) ? W + 25 : below;

    wire [W+25:0] wide = {2'd0, magnitude, 24'd0};
    wire [W+25:0] kept = wide >> drop;
    wire [W+25:0] rest = wide & ~({(W+26){1'b1}} << drop);
    wire [W+25:0] half = {{(W+25){1'b0}}, 1'b1} << (drop - 13'd1);

    wire [24:0] rounded = kept[24:0] + {24'd0, rest > half || (rest == half && kept[0])};
    wire        carry   = rounded[24];
    wire [23:0] digits  = carry ? 24'h80_0000 : rounded[23:0];
    wire signed [12:0] field = unit + 13'sd150 + (carry ? 13'sd1 : 13'sd0);

    assign bits = (magnitude == {W{1'b0}}) ? 31'd0 :
                  (field > 13'sd254)       ? 31'h7F80_0000 :
                  !digits[23]              ? {8'd0, digits[22:0]} : {field[7:0], digits[22:0]};

endmodule

`default_nettype wire
