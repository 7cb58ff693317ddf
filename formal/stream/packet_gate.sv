// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   packet_gate: what the core sees, for any packets and any soft resets.
`default_nettype none

module packet_gate_properties (
    input wire clk,
    input wire reset,
    input wire soft_reset,
    input wire in_valid,
    input wire in_last,
    input wire out_ready
);

    reg started_q = 1'b0;
    always @(posedge clk) started_q <= 1'b1;
    wire rst = reset || !started_q;

    wire in_ready, out_valid, accepted;

    packet_gate u_dut (.*);

    reg upstream_open_q;  // the upstream has sent a part of a packet
    reg core_open_q;      // the core has, since its restart
    reg interrupted_q;    // the rest of this packet is not for the core
    wire passed = out_valid && out_ready;

    always @(posedge clk) begin
        if (rst) begin
            upstream_open_q <= 1'b0;
            core_open_q     <= 1'b0;
            interrupted_q   <= 1'b0;
        end else begin
            if (in_valid && in_ready) upstream_open_q <= !in_last;
            if (soft_reset) core_open_q <= 1'b0;
            else if (passed) core_open_q <= !in_last;
            if (soft_reset) interrupted_q <= upstream_open_q;
            else if (in_valid && in_ready && in_last) interrupted_q <= 1'b0;
        end
    end

    reg waiting_q;
    always @(posedge clk) waiting_q <= !rst && out_valid && !out_ready;
    reg offering_q;
    always @(posedge clk) offering_q <= in_valid && !in_ready;
    // the upstream's duty
    always @* if (started_q && offering_q) assume (in_valid);

    always @* if (started_q) begin
        stable:   assert (!waiting_q || soft_reset || out_valid);
        boundary: assert (!out_valid || core_open_q || !upstream_open_q);
        no_loss:  assert (!(in_valid && in_ready) || interrupted_q || passed);
        once:     assert (!passed || (in_valid && in_ready));
        restart:  assert (!soft_reset || (!in_ready && !out_valid));
        discard:  assert (!interrupted_q || soft_reset || (in_ready && !out_valid));
        strobe:   assert (accepted == (in_valid && in_ready));
    end

endmodule

`default_nettype wire
