// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   bf16_mul against the exact product of the values, rounded by IEEE 754.
`default_nettype none

module bf16_mul_properties (
    input wire        clk,
    input wire [15:0] a,
    input wire [15:0] b
);

    wire [31:0] p;

    bf16_mul u_dut (
        .enable(1'b1),
        .*
    );

    reg [2:0]  cycle_q = 3'd0;
    reg [15:0] a_q, b_q;
    always @(posedge clk) begin
        cycle_q <= cycle_q + 3'd1;
        if (cycle_q == 3'd0) a_q <= a;
        if (cycle_q == 3'd0) b_q <= b;
    end

    // value: significand * 2^(exponent - 134)
    wire        a_normal = a_q[14:7] != 8'd0;
    wire        b_normal = b_q[14:7] != 8'd0;
    wire [8:0]  a_sig    = {1'b0, a_normal, a_q[6:0]};
    wire [8:0]  b_sig    = {1'b0, b_normal, b_q[6:0]};
    wire [7:0]  a_exp    = a_normal ? a_q[14:7] : 8'd1;
    wire [7:0]  b_exp    = b_normal ? b_q[14:7] : 8'd1;
    wire [17:0] exact    = $signed(a_sig) * $signed(b_sig);

    wire a_inf  = a_q[14:0] == 15'h7F80;
    wire b_inf  = b_q[14:0] == 15'h7F80;
    wire a_nan  = a_q[14:0] > 15'h7F80;
    wire b_nan  = b_q[14:0] > 15'h7F80;
    wire a_zero = a_q[14:0] == 15'd0;
    wire b_zero = b_q[14:0] == 15'd0;
    wire nan    = a_nan || b_nan || (a_inf && b_zero) || (b_inf && a_zero);
    wire sign   = a_q[15] ^ b_q[15];

    wire [30:0] finite;
    round_to_fp32 #(
        .W(16)
    ) u_expected (
        .magnitude(exact[15:0]),
        .exponent ($signed({5'd0, a_exp}) + $signed({5'd0, b_exp}) - 13'sd268),
        .bits     (finite)
    );

    always @* if (cycle_q == 3'd4) begin
        product: assert (nan || a_inf || b_inf || p == {sign, finite});
        special: assert (!(nan || a_inf || b_inf) ||
                         p == (nan ? 32'h7FC0_0000 : {sign, 31'h7F80_0000}));
    end

endmodule

`default_nettype wire
