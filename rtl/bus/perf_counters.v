// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Counts where the cycles went, without a waveform.
//
//     0 cycles     from the first input beat (counted) to the latest output beat accepted (counted)
//     1 busy       slices issued
//     2 tiles      tiles whose results were formed
//     3 stall_a    a weight slice was ready, no activations were
//     4 stall_w    activations waited for weights
//     5 stall_out  a tile waited for space in the result FIFO
//     6 pad        a tile's last slice waited for the result chain (short tiles)
//
//   Counters 1 to 6 share a memory and one adder. Each counts up to 15 events in four flip-flops;
//   `turn_q` passes over the counters, one per cycle, and adds to the memory what one of them has
//   counted, if that is 8 or more or if the counter is being read:
//
//     event ─► pending[turn] ─► addend ─► + ──► sum ─► mem[turn]
//                                         ▲      └───► read_value
//                          mem[turn] ─► word
//
//   A turn takes 8 cycles, so that 7 pending events become at most 15.
//
// Latency
//   `read` and `read_index` stay until `read_done`, 2 to 9 cycles after their first cycle, or up to
//   17 where a `clear` has come meanwhile or shortly before: the memory is zeroed first. The value
//   counts all events up to 4 cycles before the cycle of read_done, hence all up to 2 cycles before
//   the read began. An event in the cycle of `clear` does not count.
//
// Numbers
//   WIDTH-bit counters. When the cycle timer reaches its largest value all of them freeze and
//   `full` rises: ratios stay true, nothing wraps. `clear` zeroes them; counting starts with the
//   next input beat.
//
// Example
//   beat_in in cycles 0 and 1, issue in cycle 3, beat_out in cycle 9: reads that begin in cycle 11
//   or later return 10 as cycles and 1 as busy.
`default_nettype none

module perf_counters #(
    parameter integer WIDTH = 32,     // 4 or more
    // for synthesis: "auto", or "block" for block RAM
    parameter         RAM   = "auto"
) (
    input  wire             clk,
    input  wire             clear,
    // events
    input  wire             beat_in,
    input  wire             beat_out,
    input  wire             issue,
    input  wire             tile,
    input  wire             stall_a,
    input  wire             stall_w,
    input  wire             stall_out,
    input  wire             pad,
    // a read
    input  wire             read,
    input  wire [2:0]       read_index,  // 0..6
    output wire             read_done,
    output wire [WIDTH-1:0] read_value,
    output wire             full
);

    // Registers, so that no counter's enable loads the logic of an event.
    reg       beat_in_q, beat_out_q;
    reg [6:1] event_q;

    reg             running_q;
    reg [WIDTH-1:0] timer_q, cycles_q;

    reg [3:0]       pending_q[0:7];   // 0 and 7 stay zero
    reg [3:0]       sweep_q;          // counters still to be zeroed behind `clear`
    reg [2:0]       turn_q;
    // one cycle later, and two
    reg             visit_1q, visit_2q, zero_1q, done_1q, done_2q;
    reg [2:0]       turn_1q, turn_2q;
    reg [WIDTH-1:0] word_q, addend_q, sum_q;

    // A word is written two cycles after it was read, and read again six cycles later.
    (* no_rw_check, ram_style = RAM *)
    reg [WIDTH-1:0] mem[0:7];

    assign full = &timer_q;

    wire             counting = (running_q || beat_in_q) && !full;
    wire [WIDTH-1:0] timer    = timer_q + 1'b1;
    wire             sweeping = (sweep_q != 4'd0);
    wire             reading  = read && (read_index == turn_q) && !sweeping;
    wire [3:0]       pending  = pending_q[turn_q];
    wire             visit    = reading || (pending[3] && !sweeping);

    wire [WIDTH+3:0] pending_word = {{WIDTH{1'b0}}, pending};

    integer i;
    always @(posedge clk) begin
        // without an input beat behind it, nothing of the cycle of `clear` counts
        beat_in_q  <= beat_in && !clear;
        beat_out_q <= beat_out;
        event_q    <= {pad, stall_out, stall_w, stall_a, tile, issue};
        if (clear) begin
            running_q <= 1'b0;
            timer_q   <= {WIDTH{1'b0}};
            cycles_q  <= {WIDTH{1'b0}};
        end else if (counting) begin
            running_q <= 1'b1;
            timer_q   <= timer;
            if (beat_out_q) cycles_q <= timer;
        end
        pending_q[0] <= 4'd0;
        pending_q[7] <= 4'd0;
        for (i = 1; i < 7; i = i + 1)
            if (clear) pending_q[i] <= 4'd0;
            else if (visit && turn_q == i[2:0]) pending_q[i] <= {3'd0, counting && event_q[i]};
            else if (counting && event_q[i]) pending_q[i] <= pending_q[i] + 4'd1;
    end

    always @(posedge clk) begin
        sweep_q <= clear ? 4'd8 : sweeping ? sweep_q - 4'd1 : 4'd0;
        turn_q  <= clear ? 3'd0 : turn_q + 3'd1;

        visit_1q <= sweeping || visit;
        zero_1q  <= sweeping;
        done_1q  <= reading;
        turn_1q  <= turn_q;
        if (sweeping || visit) begin
            word_q   <= mem[turn_q];
            addend_q <= (turn_q == 3'd0) ? cycles_q : pending_word[WIDTH-1:0];
        end

        // mem[0] stays zero: `cycles` is counted by the timer
        visit_2q <= visit_1q && (zero_1q || turn_1q != 3'd0);
        done_2q  <= done_1q;
        turn_2q  <= turn_1q;
        if (visit_1q) sum_q <= zero_1q ? {WIDTH{1'b0}} : word_q + addend_q;

        if (visit_2q) mem[turn_2q] <= sum_q;
    end

    assign read_done  = done_2q;
    assign read_value = sum_q;

endmodule

`default_nettype wire
