// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   int32_to_fp32 against IEEE 754's rounding of the integer.
`default_nettype none

module int32_to_fp32_properties (
    input wire        clk,
    input wire [31:0] x
);

    wire [31:0] y;

    int32_to_fp32 u_dut (
        .enable(1'b1),
        .*
    );

    reg [2:0]  cycle_q = 3'd0;
    reg [31:0] x_q;
    always @(posedge clk) begin
        cycle_q <= cycle_q + 3'd1;
        if (cycle_q == 3'd0) x_q <= x;
    end

    wire [30:0] expected;
    round_to_fp32 #(
        .W(32)
    ) u_expected (
        .magnitude(x_q[31] ? -x_q : x_q),
        .exponent (13'sd0),
        .bits     (expected)
    );

    always @* if (cycle_q == 3'd4) begin
        nearest: assert (y == {x_q[31], expected});
    end

endmodule

`default_nettype wire
