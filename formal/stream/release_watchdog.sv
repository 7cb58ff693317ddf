// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   release_watchdog against a count of the cycles waited.
`default_nettype none

module release_watchdog_properties (
    input wire        clk,
    input wire        reset,
    input wire [31:0] any_limit,
    input wire        new_limit,
    input wire        blocked,
    input wire        offered
);

    reg started_q = 1'b0;
    always @(posedge clk) started_q <= 1'b1;
    wire rst = reset || !started_q;

    // the limit changes when software writes it
    reg [31:0] limit;
    always @(posedge clk) if (new_limit) limit <= any_limit;

    wire stuck;
    // of the module under proof
    wire [31:0] waited_plus_2_q;
    wire        limit_reached_q, enabled_q;

    release_watchdog u_dut (.*);

    reg [31:0] waited_q;        // cycles of this wait, before this one
    reg [31:0] limit_before_q;  // a new limit counts from the next cycle on
    wire       waiting = blocked && !offered && limit_before_q != 32'd0;

    always @(posedge clk) begin
        limit_before_q <= limit;
        waited_q       <= (rst || !waiting || stuck) ? 32'd0 : waited_q + 32'd1;
    end

    always @* if (started_q) begin
        disabled: assert (!stuck || limit_before_q != 32'd0);
        idle:     assert (!stuck || (blocked && !offered));
        in_time:  assert (rst || !waiting || stuck == (waited_q + 32'd1 >= limit_before_q));
        counted:  assert (waited_plus_2_q == waited_q + 32'd2);
        enabled:  assert (enabled_q == (limit_before_q != 32'd0));
        reached:  assert (limit_reached_q == (waited_q + 32'd1 >= limit_before_q));
    end

endmodule

`default_nettype wire
