// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   rounding: the dropped part in quarters of a unit, 0, 1, 2 (half) or 3, against the definition
//   of each rule.
`default_nettype none

module rounding_properties (
    input wire       clk,
    input wire [1:0] rule,
    input wire       negative,
    input wire       lsb,
    input wire       guard,
    input wire       sticky
);

    wire up;

    rounding u_dut (.*);

    // exact below half: 1 quarter stands for anything between 0 and half, 3 for above
    wire [1:0] quarters = {guard, sticky};

    reg started_q = 1'b0;
    always @(posedge clk) started_q <= 1'b1;

    always @* if (started_q) begin
        floor: assert (rule != 2'd0 || !up);
        away:  assert (rule != 2'd1 || up == (quarters == 2'd3 || (quarters == 2'd2 && !negative)));
        ties_up: assert (rule != 2'd2 || up == (quarters >= 2'd2));
        even:  assert (rule != 2'd3 || up == (quarters == 2'd3 || (quarters == 2'd2 && lsb)));
    end

endmodule

`default_nettype wire
