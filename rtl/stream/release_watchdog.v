// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// release_watchdog: notices a weight panel that nobody releases.
//
// A host that forgets the release flag leaves both halves of the panel buffer full and its next weights standing at
// the door for ever. No single beat is wrong, so only time can tell: when a weight slice has waited `limit` cycles in a
// row without one activation beat being offered, the panel counts as stuck.
//
// Latency: `stuck` is a one-cycle strobe in the limit-th cycle of the wait, and after as many more again; at once when
//          the limit is lowered to less than has been waited. Limit 0 switches the watchdog off. A new limit counts
//          from the next cycle on.
// Numbers: 32-bit count. Back-pressure at the output never trips it, because then activations are being offered.
`default_nettype none

module release_watchdog (
    input  wire        clk,
    input  wire        rst,
    input  wire [31:0] limit,    // cycles
    input  wire        blocked,  // a weight slice waits for a release
    input  wire        offered,  // an activation beat is there
    output wire        stuck
);

    reg [31:0] ahead_q;  // cycles waited, and 2
    reg        due_q;    // this one would be the limit-th
    reg        on_q;

    wire waiting = blocked && !offered && on_q;

    assign stuck = waiting && due_q;

    // The comparison is made a cycle ahead: two carry chains on the way to the core's error flags would set its clock.
    always @(posedge clk) begin
        on_q <= (limit != 32'd0);
        if (rst || !waiting || stuck) begin
            ahead_q <= 32'd2;
            due_q   <= (limit[31:1] == 31'd0);
        end else begin
            ahead_q <= ahead_q + 32'd1;
            due_q   <= (ahead_q >= limit);
        end
    end

endmodule

`default_nettype wire
