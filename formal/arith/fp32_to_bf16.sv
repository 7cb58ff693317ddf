// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   fp32_to_bf16 against IEEE 754's roundings of the value, in units of the bfloat16 below it.
`default_nettype none

module fp32_to_bf16_properties (
    input wire        clk,
    input wire [31:0] x,
    input wire [1:0]  rounding,
    input wire [15:0] random
);

    wire [15:0] y;

    fp32_to_bf16 u_dut (.*);

    wire nan = x[30:23] == 8'hFF && x[22:0] != 23'd0;
    // bfloat16 numbers of one sign are as far apart as the integers that encode them, within a
    // binade; a step to the next one is 2^16 steps of x
    wire [31:0] below     = {x[31:16], 16'd0};
    wire [31:0] above     = below + 32'h1_0000;
    wire [31:0] to_below  = x - below;
    wire [31:0] to_above  = above - x;
    wire        choose    = to_below > to_above || (to_below == to_above && x[16]);
    wire        random_up = {16'd0, random} < to_below;

    reg started_q = 1'b0;
    always @(posedge clk) started_q <= 1'b1;

    always @* if (started_q) begin
        quiet_nan:   assert (!nan || y == {x[31], 15'h7FC0});
        even:        assert (nan || (rounding != 2'd0 && rounding != 2'd3) ||
                             y == (choose ? above[31:16] : below[31:16]));
        toward_zero: assert (nan || rounding != 2'd1 || y == below[31:16]);
        stochastic:  assert (nan || rounding != 2'd2 ||
                             y == (random_up ? above[31:16] : below[31:16]));
    end

endmodule

`default_nettype wire
