// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Counts where the cycles went, without a waveform.
//
//     cycles     from the first input beat (counted) to the latest output beat accepted (counted)
//     busy       slices issued; tiles: tiles whose results were formed
//     stall_a_cycles    a weight slice was ready, no activations were
//     stall_w_cycles    activations waited for weights
//     stall_out_cycles  a tile waited for space in the result FIFO
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
    input  wire            clk,
    input  wire            clear,
    // events
    input  wire            beat_in,
    input  wire            beat_out,
    input  wire            issue,
    input  wire            tile,
    input  wire            stall_a,
    input  wire            stall_w,
    input  wire            stall_out,
    input  wire            pad,
    // counts
    output reg [WIDTH-1:0] cycles,
    output reg [WIDTH-1:0] busy_cycles,
    output reg [WIDTH-1:0] tiles,
    output reg [WIDTH-1:0] stall_a_cycles,
    output reg [WIDTH-1:0] stall_w_cycles,
    output reg [WIDTH-1:0] stall_out_cycles,
    output reg [WIDTH-1:0] pad_cycles,
    output wire            full
);

    reg             running_q;
    reg [WIDTH-1:0] timer_q;
    reg             beat_in_q, beat_out_q, issue_q, tile_q, stall_a_q, stall_w_q, stall_out_q,
                    pad_q;

    assign full = &timer_q;

    wire             counting = (running_q || beat_in_q) && !full;
    wire [WIDTH-1:0] timer = timer_q + 1'b1;

    always @(posedge clk) begin
        {beat_in_q, beat_out_q, issue_q, tile_q, stall_a_q, stall_w_q, stall_out_q, pad_q}
            <= clear ? 8'd0 :
               {beat_in, beat_out, issue, tile, stall_a, stall_w, stall_out, pad};
        if (clear) begin
            running_q        <= 1'b0;
            timer_q          <= {WIDTH{1'b0}};
            cycles           <= {WIDTH{1'b0}};
            busy_cycles      <= {WIDTH{1'b0}};
            tiles            <= {WIDTH{1'b0}};
            stall_a_cycles   <= {WIDTH{1'b0}};
            stall_w_cycles   <= {WIDTH{1'b0}};
            stall_out_cycles <= {WIDTH{1'b0}};
            pad_cycles       <= {WIDTH{1'b0}};
        end else if (counting) begin
            running_q <= 1'b1;
            timer_q   <= timer;
            if (beat_out_q) cycles <= timer;
            if (issue_q) busy_cycles <= busy_cycles + 1'b1;
            if (tile_q) tiles <= tiles + 1'b1;
            if (stall_a_q) stall_a_cycles <= stall_a_cycles + 1'b1;
            if (stall_w_q) stall_w_cycles <= stall_w_cycles + 1'b1;
            if (stall_out_q) stall_out_cycles <= stall_out_cycles + 1'b1;
            if (pad_q) pad_cycles <= pad_cycles + 1'b1;
        end
    end

endmodule

`default_nettype wire
