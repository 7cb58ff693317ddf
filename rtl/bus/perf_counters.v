// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The performance counters: they show where the cycles went, without a waveform.
//
//     0 cycles     from the first input beat to the latest output beat accepted, both included
//     1 busy       slices issued
//     2 tiles      tiles whose results are complete
//     3 stall_a    a weight slice was ready, no activations were
//     4 stall_w    activations waited for weights
//     5 stall_out  a tile waited for space in the result FIFO
//     6 pad        a slice waited for the result chain, or for its slot in bfloat16
//
//   Counters 1 to 6 share a memory and an adder. The low three bits of each are flip-flops, and
//   `carry` is set when they overflow. `scan_q` passes over the counters, one per cycle, and adds
//   the carry to the memory's word, the upper bits. A scan takes 8 cycles, so a carry is added
//   before the next one comes:
//
//     event ─► low[scan] ──────────────────────────────┬─► read_value, low bits
//     carry[scan] ─► addend ─► + ─► sum ─► mem[scan]   │
//                              ▲     └─────────────────┴─► read_value, upper bits
//                  mem[scan] ─► word
//
// Latency
//   Hold `read` and `read_index` until `read_done`, which comes after 2 to 9 cycles; a `clear`,
//   which zeroes the memory first, can delay it to 17 cycles after that clear. The value includes
//   all events up to 5 cycles before read_done, and so all up to 3 cycles before the read began. An
//   event in the cycle of `clear` does not count.
//
// Numbers
//   WIDTH-bit counters. When the cycle timer reaches its largest value all of them freeze and
//   `full` rises: ratios stay valid, nothing wraps. `clear` zeroes them; counting starts with the
//   next input beat.
//
// Example
//   beat_in in cycles 0 and 1, issue in cycle 3, beat_out in cycle 9: reads that begin in cycle 12
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

    generate
        if (WIDTH < 4) begin : g_illegal
            ERROR_perf_counters_WIDTH_must_be_4_or_more u_error ();
        end
    endgenerate

    // Registers, so that no counter's enable loads the logic of an event.
    reg       beat_in_q, beat_out_q;
    reg [6:1] event_q;

    reg             running_q;
    reg [WIDTH-1:0] timer_q, cycles_q;
    reg             last_beat_q;  // timer_q is the time of the latest output beat
    reg [6:1]       count_q;      // counters with an event to count

    reg [17:0]      low_q;       // three bits of counter i: low_q[3*i-3 +: 3]
    reg [6:1]       carry_q;
    reg             clearing_q;  // after `clear`, for one scan: words are zeroed
    reg [2:0]       scan_q;
    reg [7:0]       scan_hot_q;  // scan_q, one bit per counter
    // one cycle later, and two
    reg             visit_1q, visit_2q, zero_1q, done_1q, done_2q;
    reg [2:0]       scan_1q, scan_2q, low_1q, low_2q;
    reg [WIDTH-4:0] word_q, addend_q, sum_q;

    // A word is written two cycles after it was read, and read again six cycles later.
    (* no_rw_check, ram_style = RAM *)
    reg [WIDTH-4:0] mem[0:7];

    wire [WIDTH:0]  timer    = {1'b0, timer_q} + 1'b1;
    wire            counting = (running_q || beat_in_q) && !full;
    wire            carry    = (carry_q & scan_hot_q[6:1]) != 6'd0;
    wire            reading  = read && (read_index == scan_q) && !clearing_q;
    wire            visit    = reading || carry || clearing_q;
    wire [23:0]     lows     = {3'd0, low_q, cycles_q[2:0]};

    integer i;
    always @(posedge clk) begin
        // clearing beat_in_q is enough: counting starts only with it
        beat_in_q  <= beat_in && !clear;
        beat_out_q <= beat_out;
        event_q    <= {pad, stall_out, stall_w, stall_a, tile, issue};
        if (clear) begin
            running_q   <= 1'b0;
            timer_q     <= {WIDTH{1'b0}};
            last_beat_q <= 1'b0;
            cycles_q    <= {WIDTH{1'b0}};
            count_q     <= 6'd0;
            low_q       <= 18'd0;
            carry_q     <= 6'd0;
        end else begin
            if (counting) running_q <= 1'b1;
            if (counting) timer_q <= timer[WIDTH-1:0];
            last_beat_q <= counting && beat_out_q;
            if (last_beat_q) cycles_q <= timer_q;
            count_q <= event_q & {6{counting}};
            for (i = 1; i < 7; i = i + 1) begin
                if (count_q[i]) low_q[3*i-3 +: 3] <= low_q[3*i-3 +: 3] + 3'd1;
                // Clearing ends before eight events: no carry waits in its scan.
                carry_q[i] <= (carry_q[i] && !scan_hot_q[i]) ||
                              (count_q[i] && low_q[3*i-3 +: 3] == 3'd7);
            end
        end
    end

    always @(posedge clk) begin
        clearing_q <= clear || (clearing_q && !scan_hot_q[7]);
        scan_q     <= clear ? 3'd0 : scan_q + 3'd1;
        scan_hot_q <= clear ? 8'd1 : {scan_hot_q[6:0], scan_hot_q[7]};

        visit_1q <= visit;
        zero_1q  <= clearing_q;
        done_1q  <= reading;
        scan_1q  <= scan_q;
        if (visit) begin
            word_q      <= mem[scan_q];
            addend_q    <= scan_hot_q[0] ? cycles_q[WIDTH-1:3] : {(WIDTH-3){1'b0}};
            addend_q[0] <= scan_hot_q[0] ? cycles_q[3] : carry;
            low_1q      <= lows[3*scan_q +: 3];
        end

        // mem[0] stays zero: `cycles` comes from the timer
        visit_2q <= visit_1q && (zero_1q || scan_1q != 3'd0);
        done_2q  <= done_1q;
        scan_2q  <= scan_1q;
        if (visit_1q) begin
            sum_q  <= zero_1q ? {(WIDTH-3){1'b0}} : word_q + addend_q;
            low_2q <= low_1q;
        end

        if (visit_2q) mem[scan_2q] <= sum_q;
    end

    assign full       = timer[WIDTH];  // the carry of the increment, cheaper than a comparison
    assign read_done  = done_2q;
    assign read_value = {sum_q, low_2q};

endmodule

`default_nettype wire
