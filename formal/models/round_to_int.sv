// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The integer nearest to the magnitude of a finite float32 or infinity, ties to even, and at most
//   511: what lies above saturates an int8 whatever its zero point.
`default_nettype none

module round_to_int (
    input  wire [30:0] x,
    output wire [9:0]  y
);

    // significand * 2^(exponent - 150)
    wire [23:0] significand = {x[30:23] != 8'd0, x[22:0]};
    wire        large       = x[30:23] >= 8'd136;  // 2^9 or more
    wire        small       = x[30:23] <= 8'd125;  // below 1/2
    wire [4:0]  below       = 8'd150 - x[30:23];   // bits below 1, in between

    wire [23:0] kept = significand >> below;
    wire [23:0] rest = significand - (kept << below);
    wire [23:0] half = 24'd1 << (below - 5'd1);
    wire [9:0]  near = kept[9:0] + {9'd0, rest > half || (rest == half && kept[0])};

    assign y = large ? 10'd511 : small ? 10'd0 : (near > 10'd511) ? 10'd511 : near;

endmodule

`default_nettype wire
