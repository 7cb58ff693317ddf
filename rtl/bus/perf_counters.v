// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Counts where the cycles went, without a waveform.
//
//     cycles     from the first input beat (counted) to the latest output beat accepted (counted)
//     busy       slices issued; tiles: tiles whose results were formed
//     stall_a    a weight slice was ready, no activations were
//     stall_w    activations waited for weights
//     stall_out  a tile waited for space in the result FIFO
//     pad        a tile's last slice waited for the result chain (short tiles)
//
// Latency
//   An event of cycle t is in the counter's value from cycle t + 2 on: a register delays it by one
//   cycle, so that no counter's enable loads the event's logic. An event in the cycle of `clear`
//   does not count.
//
// Numbers
//   WIDTH-bit counters. When the cycle timer reaches its largest value all of them freeze and
//   `full` rises: ratios stay true, nothing wraps. `clear` zeroes them; counting starts with the
//   next input beat.
//
// Example
//   beat_in in cycles 0 and 1, issue in cycle 3, beat_out in cycle 9: from cycle 11 on cycles reads
//   10 and busy 1.
`default_nettype none

module perf_counters #(
    parameter integer WIDTH = 32
) (
    input  wire             clk,
    input  wire             clear,
    // events
    input  wire             beat_in,
    input  wire             beat_out,
    input  wire             issue,
    input  wire             tile,
    input  wire             wait_a,
    input  wire             wait_w,
    input  wire             wait_out,
    input  wire             wait_chain,
    // counts
    output reg  [WIDTH-1:0] cycles,
    output reg  [WIDTH-1:0] busy,
    output reg  [WIDTH-1:0] tiles,
    output reg  [WIDTH-1:0] stall_a,
    output reg  [WIDTH-1:0] stall_w,
    output reg  [WIDTH-1:0] stall_out,
    output reg  [WIDTH-1:0] pad,
    output wire             full
);

    reg             running_q;
    reg [WIDTH-1:0] timer_q;
    reg             beat_in_q, beat_out_q, issue_q, tile_q, wait_a_q, wait_w_q, wait_out_q,
                    wait_chain_q;

    assign full = &timer_q;

    wire             count = (running_q || beat_in_q) && !full;
    wire [WIDTH-1:0] timer = timer_q + 1'b1;

    always @(posedge clk) begin
        {beat_in_q, beat_out_q, issue_q, tile_q, wait_a_q, wait_w_q, wait_out_q, wait_chain_q}
            <= clear ? 8'd0 :
               {beat_in, beat_out, issue, tile, wait_a, wait_w, wait_out, wait_chain};
        if (clear) begin
            running_q <= 1'b0;
            timer_q   <= {WIDTH{1'b0}};
            cycles    <= {WIDTH{1'b0}};
            busy      <= {WIDTH{1'b0}};
            tiles     <= {WIDTH{1'b0}};
            stall_a   <= {WIDTH{1'b0}};
            stall_w   <= {WIDTH{1'b0}};
            stall_out <= {WIDTH{1'b0}};
            pad       <= {WIDTH{1'b0}};
        end else if (count) begin
            running_q <= 1'b1;
            timer_q   <= timer;
            if (beat_out_q) cycles <= timer;
            if (issue_q) busy <= busy + 1'b1;
            if (tile_q) tiles <= tiles + 1'b1;
            if (wait_a_q) stall_a <= stall_a + 1'b1;
            if (wait_w_q) stall_w <= stall_w + 1'b1;
            if (wait_out_q) stall_out <= stall_out + 1'b1;
            if (wait_chain_q) pad <= pad + 1'b1;
        end
    end

endmodule

`default_nettype wire
