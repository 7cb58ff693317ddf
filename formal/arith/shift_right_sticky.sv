// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   shift_right_sticky against the shift operator.
`default_nettype none

module shift_right_sticky_properties #(
    parameter integer WIDTH = 26
) (
    input wire             clk,
    input wire [WIDTH-1:0] x,
    input wire [4:0]       right
);

    wire [WIDTH-1:0] y;
    wire             sticky;

    shift_right_sticky #(
        .WIDTH(WIDTH)
    ) u_dut (.*);

    wire [WIDTH+30:0] exact = {x, 31'd0} >> right;  // no bit lost

    reg started_q = 1'b0;
    always @(posedge clk) started_q <= 1'b1;

    always @* if (started_q) begin
        quotient: assert (y == exact[31 +: WIDTH]);
        dropped:  assert (sticky == (exact[30:0] != 31'd0));
    end

endmodule

`default_nettype wire
