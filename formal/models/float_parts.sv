// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The parts of a float32. Its value is significand * 2^(exponent - 150), without the sign; normal
//   is the significand shifted left by its leading zeros.
`default_nettype none

module float_parts (
    input  wire [31:0] x,
    output wire [23:0] significand,
    output wire [7:0]  exponent,
    output reg  [4:0]  zeros,
    output wire [23:0] normal,
    output wire        zero,
    output wire        inf,
    output wire        nan
);

    assign significand = {x[30:23] != 8'd0, x[22:0]};
    assign exponent    = (x[30:23] == 8'd0) ? 8'd1 : x[30:23];
    assign normal      = significand << zeros;
    assign zero        = x[30:0] == 31'd0;
    assign inf         = x[30:0] == 31'h7F80_0000;
    assign nan         = x[30:0] > 31'h7F80_0000;

    integer i;
    always @* begin
        zeros = 5'd24;
        for (i = 0; i < 24; i = i + 1) if (significand[i]) zeros = 23 - i;
    end

endmodule

`default_nettype wire
