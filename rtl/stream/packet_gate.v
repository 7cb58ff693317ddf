// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Lets an input stream into the core on packet boundaries only.
//
//   A soft reset may fall within a packet. The upstream is unaware of it and continues; the rest of
//   that packet would look like the start of a new one. The gate records whether a packet is open,
//   and after a soft reset discards beats up to and including that packet's tlast. The next packet
//   passes unchanged.
//
// Latency
//   0 cycles (combinational); throughput one beat per cycle.
//
// Numbers
//   None. `rst` is the reset of the whole system, upstream included: no packet is open after it.
//   `soft_reset` is the core's own reset: while it is high nothing is accepted.
//
// Example
//   A packet of 5 beats, `soft_reset` after the second: beats 3 to 5 are accepted and discarded,
//   and the next packet's first beat is the first that the core sees.
`default_nettype none

module packet_gate (
    input  wire clk,
    input  wire rst,
    input  wire soft_reset,  // the core restarts
    // upstream
    input  wire in_valid,
    input  wire in_last,
    output wire in_ready,
    // core
    output wire out_valid,
    input  wire out_ready,
    output wire accepted  // a beat was accepted from the upstream, or discarded
);

    reg in_packet_q;  // the latest beat accepted was not a packet's last
    reg discard_q;    // discard up to tlast

    assign in_ready  = !soft_reset && (discard_q || out_ready);
    assign out_valid = !soft_reset && !discard_q && in_valid;
    assign accepted  = in_valid && in_ready;

    always @(posedge clk) begin
        if (rst) begin
            in_packet_q <= 1'b0;
            discard_q   <= 1'b0;
        end else begin
            if (accepted) in_packet_q <= !in_last;
            if (soft_reset) discard_q <= in_packet_q;
            else if (accepted && in_last) discard_q <= 1'b0;
        end
    end

endmodule

`default_nettype wire
