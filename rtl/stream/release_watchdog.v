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
//          the limit is lowered to less than has been waited. Limit 0 switches the watchdog off.
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

    reg [31:0] count_q;

    wire waiting = blocked && !offered && (limit != 32'd0);

    assign stuck = waiting && (count_q >= limit - 32'd1);

    always @(posedge clk) begin
        if (rst || !waiting || stuck) count_q <= 32'd0;
        else count_q <= count_q + 32'd1;
    end

endmodule

`default_nettype wire
