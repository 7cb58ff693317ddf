// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   round_product against the definitions of its two roundings.
`default_nettype none

module round_product_properties (
    input wire        clk,
    input wire        fp,
    input wire [63:0] p
);

    wire [32:0] y;
    wire        up;

    round_product u_dut (.*);

    wire [32:0] rounded = y + {32'd0, up};

    // p / 2^31, ties up
    wire signed [64:0] moved = $signed({p[63], p}) + 65'sd1073741824;
    wire               fits  = $signed(p) < 64'sd9223372035781033984;  // 2^63 - 2^30

    // p / 2^unit, ties to even
    wire        above  = p[55];
    wire [5:0]  unit   = above ? 6'd32 : 6'd31;
    wire [63:0] kept   = p >> unit;
    wire [63:0] rest   = p - (kept << unit);
    wire [63:0] half   = 64'd1 << (unit - 6'd1);
    wire [63:0] even   = (kept + {63'd0, rest > half || (rest == half && kept[0])}) <<
                         (above ? 6'd1 : 6'd0);
    wire        normal = p == 64'd0 || (p >= 64'h40_0000_0000_0000 && p < 64'h100_0000_0000_0000);

    reg started_q = 1'b0;
    always @(posedge clk) started_q <= 1'b1;

    always @* if (started_q) begin
        fixed_point: assert (fp || !fits || rounded == moved[63:31]);
        float:       assert (!fp || !normal || p[7:0] != 8'd0 || {31'd0, rounded} == even);
    end

endmodule

`default_nettype wire
