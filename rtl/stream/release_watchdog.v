// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Detects a weight panel that is never released. A host that omits the release flag leaves both
//   halves of the panel buffer full, and its next weights wait indefinitely. No single beat is
//   wrong, so only a timeout can detect this: when a weight slice has waited `limit` cycles in a
//   row without one activation beat being offered, the panel counts as stuck.
//
// Latency
//   `stuck` is a one-cycle strobe in the limit-th cycle of the wait, and again after as many more;
//   at once when the limit is lowered below the cycles already waited. Limit 0 disables the
//   watchdog. A new limit counts from the next cycle on.
//
// Numbers
//   32-bit count. Back-pressure at the output never triggers it, because activations are then being
//   offered.
//
// Example
//   Limit 3, `blocked` high from cycle 10 on and `offered` low: `stuck` is high in cycles 12, 15,
//   ...
`default_nettype none

module release_watchdog (
    input  wire        clk,
    input  wire        rst,
    input  wire [31:0] limit,    // cycles
    input  wire        blocked,  // a weight slice waits for a release
    input  wire        offered,  // an activation beat is offered
    output wire        stuck
);

    reg [31:0] waited_plus_2_q;  // cycles waited, plus 2
    reg        limit_reached_q;  // this cycle would be the limit-th
    reg        enabled_q;

    wire waiting = blocked && !offered && enabled_q;

    assign stuck = waiting && limit_reached_q;

    // The comparison is made a cycle ahead: two carry chains before the core's error flags would
    // limit the clock.
    always @(posedge clk) begin
        enabled_q <= (limit != 32'd0);
        if (rst || !waiting || stuck) begin
            waited_plus_2_q <= 32'd2;
            limit_reached_q <= (limit[31:1] == 31'd0);
        end else begin
            waited_plus_2_q <= waited_plus_2_q + 32'd1;
            limit_reached_q <= (waited_plus_2_q >= limit);
        end
    end

endmodule

`default_nettype wire
