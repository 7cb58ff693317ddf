// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Joins the activation stream with the buffered weights, slice by slice, and marks where tiles
//   end.
//
//   A slice is issued when both operands are valid, and
//
//   - at the start of a tile: the result FIFO has space for all its rows (one credit each, returned
//     as rows leave), so nothing downstream ever has to stop;
//   - at the end of a tile: the result chain will be free when the results arrive. Successive last
//     slices are at least ROWS * (cycles per row) apart: 1 for raw rows, GROUPS for requantised
//     ones. A shorter tile waits before its last slice; that is all the padding there is. A raw
//     tile behind a requantised one waits POST_LATENCY more, because raw rows bypass the
//     requantiser and must not overtake.
//
//   An activation panel with `keep` does not end its tile: the accumulators stay open for the next
//   panel's K.
//
//   bfloat16 panels (BF16 = 1; see pe_bf16): four sums are interleaved in every cell, so a slice is
//   four beats, of rows 0, 4, .., then 1, 5, .., and its weights are read four times. Beat i may
//   only be issued when the array reaches sum i: every fourth cycle, counted from the tile's first
//   beat. A stream without pauses is never delayed by it. A tile has 4 ROWS rows, GROUPS cycles
//   each. An int8 tile behind a bfloat16 one starts 4 cycles after its last beat, when the sums
//   have left the adders.
//
//   Errors (strobes; the slice is not issued, the core halts): the activation panel ends where the
//   weight panel does not, or the reverse, or within a slice (error_k); the activation panel has
//   more than SLICES_MAX slices (error_long); a weight panel of the other format while a tile is
//   open (error_format).
//
// Latency
//   1 cycle from issuing a beat at the head of the input to op_valid. One beat per cycle. `issue`
//   decides the next state of both streams, so all its inputs are registers: the counters are
//   compared a cycle ahead, for both values of this cycle's `issue`, which then only selects.
//   Operand registers load without it.
//
// Numbers
//   None: operands pass unchanged. Of issue, stall_a, stall_w, stall_out and pad at most one is
//   high in a cycle.
//
// Example
//   ROWS 4, raw tiles of 2 slices, everything valid from cycle 0 on: issue in cycles 0, 1, 2, 5, 6,
//   9, ..: the last slices, in 1, 5 and 9, are 4 cycles apart, and pad is high in 3, 4, 7 and 8.
`default_nettype none

module tile_sequencer #(
    parameter integer ROWS         = 8,     // 1..32
    parameter integer DEPTH        = 1,     // bytes of a lane, 1..8
    parameter integer SLICES_MAX   = 1024,  // slices of the longest panel
    parameter integer GROUPS       = 4,     // cycles a requantised row takes, 1..32
    parameter integer POST_LATENCY = 12,    // cycles a requantised row needs more than a raw one
    parameter integer CREDITS      = 64,    // rows the result FIFO holds
    parameter integer BF16         = 0      // 1: panels may be bfloat16
) (
    input  wire                    clk,
    input  wire                    rst,
    input  wire                    halt,
    // activations
    input  wire [8*DEPTH*ROWS-1:0] a_data,
    // on the last beat: [0] release the weights, [1] keep the tile open
    input  wire [1:0]              a_user,
    input  wire                    a_last,
    input  wire                    a_valid,
    output wire                    a_ready,
    // weights
    input  wire                    slice_ready,
    input  wire                    slice_last,
    input  wire [1:0]              slice_slot,
    input  wire [3:0]              slice_mode,
    // the slice at hand, which comes as w_data, is done with
    output wire                    take,
    output wire                    drop,
    // to the array, aligned with the buffer's w_data
    output wire                    op_valid,
    output wire                    op_last,
    output wire [1:0]              op_slot,
    output wire [3:0]              op_mode,
    output wire [8*DEPTH*ROWS-1:0] op_a,
    // credits
    input  wire                    row_left,  // a row left the result FIFO
    output wire                    idle,      // no tile is open and every row has left
    // errors
    output wire                    error_k,
    output wire                    error_long,
    output wire                    error_format,
    // events
    output wire                    issue,
    output wire                    stall_a,
    output wire                    stall_w,
    output wire                    stall_out,
    output wire                    pad
);

    localparam integer CREDIT_W = $clog2(CREDITS + 1);
    localparam integer TALL     = (BF16 != 0) ? 4 * ROWS : ROWS;  // rows of the tallest tile
    localparam integer GAP_W    = $clog2(TALL * GROUPS + POST_LATENCY + 4);
    localparam integer INDEX_W  = (SLICES_MAX == 1) ? 1 : $clog2(SLICES_MAX);

    localparam [31:0] INDEX_END     = SLICES_MAX - 1;
    localparam [31:0] CREDITS_ALL   = CREDITS;
    localparam [31:0] CREDITS_TILE  = ROWS;
    localparam [31:0] GAP_RAW       = ROWS - 1;
    localparam [31:0] GAP_REQUANT   = ROWS * GROUPS - 1;
    localparam [31:0] GAP_OVERTAKE  = ROWS * GROUPS + POST_LATENCY - 1;
    // A bfloat16 tile's sums reach the result registers one after the other: the first 4 cycles
    // after the last beat's products, where an int8 tile's come, the last 7. Its first sum must not
    // push a row of the tile before off the chain's end while the output still waits for it, unless
    // rows leave in every cycle, when pushing is what the chain does anyway.
    localparam integer PUSH_EARLY   = (GROUPS == 1 || GROUPS > 3) ? 0 : 4 - GROUPS;
    localparam [31:0] CREDITS_TALL  = TALL;
    // bfloat16 behind bfloat16
    localparam [31:0] GAP_TALL      = TALL * GROUPS + PUSH_EARLY - 1;
    // requantised behind bfloat16
    localparam [31:0] GAP_TALL_INT8 = TALL * GROUPS + 3 - 1;
    localparam [31:0] GAP_TALL_RAW  = TALL * GROUPS + 3 + POST_LATENCY - 1;   // raw behind bfloat16

    reg                open_q;     // a tile has begun
    reg [INDEX_W-1:0]  index_q;    // slice within the activation panel
    reg                index_end_q;  // ... is the last that a panel may have
    reg [CREDIT_W-1:0] credit_q;   // rows the FIFO has room for
    reg                room_q;     // ... are enough for an int8 tile
    reg                room_tall_q;  // ... for a bfloat16 one
    reg [GAP_W-1:0]    gap_q;      // cycles until the chain can take another tile
    reg [GAP_W-1:0]    gap_raw_q;  // ... and until it can be a raw one
    reg [GAP_W-1:0]    gap_tall_q; // ... or a bfloat16 one
    reg                over_q, over_raw_q, over_tall_q;  // of each, whether it is zero
    reg [1:0]          beat_q;     // beat of the bfloat16 slice that comes next
    // sum that the array comes to, counted from the tile's first beat
    reg [1:0]          turn_q;
    reg [1:0]          leave_q;    // cycles until bfloat16 sums have left the adders
    reg                tall_q;     // the open tile is bfloat16
    reg                op_valid_q, op_last_q;
    reg [1:0]          op_slot_q;
    reg [3:0]          op_mode_q;
    reg [8*DEPTH*ROWS-1:0] op_a_q;

    wire bf16      = (BF16 != 0) && slice_mode[2];
    wire whole     = !bf16 || (beat_q == 2'd3);  // this beat completes its slice
    wire both      = a_valid && slice_ready && !halt;
    wire foreign   = (BF16 != 0) && open_q && (bf16 != tall_q);
    wire overlong  = whole && !a_last && index_end_q;
    wire mismatch  = (a_last != (slice_last && whole));
    wire agreed    = both && !foreign && !overlong && !mismatch;
    wire [CREDIT_W-1:0] credits = bf16 ? CREDITS_TALL[CREDIT_W-1:0] : CREDITS_TILE[CREDIT_W-1:0];
    wire room      = open_q || (bf16 ? room_tall_q : room_q);
    wire tile_end  = a_last && !a_user[1];
    wire raw       = !bf16 && (slice_mode[1:0] == 2'd0);
    wire chain     = !tile_end || (bf16 ? over_tall_q : raw ? over_raw_q : over_q);
    wire turn      = bf16 ? (!open_q || (beat_q == turn_q)) : (leave_q == 2'd0);
    wire start     = issue && !open_q;

    assign issue        = agreed && room && chain && turn;
    assign take         = issue && whole;
    assign drop         = a_last && a_user[0];
    assign a_ready      = issue || halt;
    assign error_format = both && foreign;
    assign error_long   = both && !foreign && overlong;
    assign error_k      = both && !foreign && !overlong && mismatch;

    assign stall_a    = !a_valid && slice_ready && !halt;
    assign stall_w    = a_valid && !slice_ready && !halt;
    assign stall_out  = agreed && !room;
    assign pad        = agreed && room && !(chain && turn);
    assign idle       = !open_q && (credit_q == CREDITS_ALL[CREDIT_W-1:0]);

    // Will the credits be enough behind this cycle? That is credit_q + row_left (less `credits`
    // behind a start) >= a tile's, with the sum's terms brought to the other side: four comparisons
    // with constants, and a choice, `issue` the last to come.
    wire [CREDIT_W:0] credit_now = {1'b0, credit_q};
    wire [CREDIT_W:0] credit_due = {1'b0, credits};

    function room_for;
        input [CREDIT_W:0] tile;    // credits it needs
        input [CREDIT_W:0] now;
        input [CREDIT_W:0] due;     // of the tile that may start in this cycle
        input              starts;
        input              left;
        begin
            if (starts) room_for = left ? (now >= tile + due - 1'b1) : (now >= tile + due);
            else room_for = left ? (now >= tile - 1'b1) : (now >= tile);
        end
    endfunction

    // Distances that a tile which ends in this cycle demands of the next.
    wire [GAP_W-1:0] gap_next      = bf16 ? GAP_TALL_INT8[GAP_W-1:0] :
                                     raw ? GAP_RAW[GAP_W-1:0] : GAP_REQUANT[GAP_W-1:0];
    wire [GAP_W-1:0] gap_raw_next  = bf16 ? GAP_TALL_RAW[GAP_W-1:0] :
                                     raw ? GAP_RAW[GAP_W-1:0] : GAP_OVERTAKE[GAP_W-1:0];
    wire [GAP_W-1:0] gap_tall_next = bf16 ? GAP_TALL[GAP_W-1:0] :
                                     raw ? GAP_RAW[GAP_W-1:0] : GAP_REQUANT[GAP_W-1:0];

    always @(posedge clk) begin
        if (rst) begin
            open_q     <= 1'b0;
            index_q    <= {INDEX_W{1'b0}};
            index_end_q <= (SLICES_MAX == 1);
            credit_q   <= CREDITS_ALL[CREDIT_W-1:0];
            room_q     <= 1'b1;
            room_tall_q <= 1'b1;
            gap_q      <= {GAP_W{1'b0}};
            gap_raw_q  <= {GAP_W{1'b0}};
            gap_tall_q <= {GAP_W{1'b0}};
            over_q     <= 1'b1;
            over_raw_q <= 1'b1;
            over_tall_q <= 1'b1;
            beat_q     <= 2'd0;
            leave_q    <= 2'd0;
            op_valid_q <= 1'b0;
            op_last_q  <= 1'b0;
        end else begin
            op_valid_q <= issue;
            op_last_q  <= issue && tile_end;
            if (issue) open_q <= !tile_end;
            if (take) begin
                index_q     <= a_last ? {INDEX_W{1'b0}} : index_q + 1'b1;
                index_end_q <= a_last ? (SLICES_MAX == 1) :
                               (index_q + 1'b1 == INDEX_END[INDEX_W-1:0]);
            end
            case ({start, row_left})
                2'b10:   credit_q <= credit_q - credits;
                2'b11:   credit_q <= credit_q - credits + 1'b1;
                2'b01:   credit_q <= credit_q + 1'b1;
                default: credit_q <= credit_q;
            endcase
            room_q <= issue ? room_for({1'b0, CREDITS_TILE[CREDIT_W-1:0]}, credit_now, credit_due,
                                       !open_q, row_left)
                            : room_for({1'b0, CREDITS_TILE[CREDIT_W-1:0]}, credit_now, credit_due,
                                       1'b0, row_left);
            if (issue && tile_end) begin
                gap_q      <= gap_next;
                gap_raw_q  <= gap_raw_next;
                over_q     <= (gap_next == {GAP_W{1'b0}});
                over_raw_q <= (gap_raw_next == {GAP_W{1'b0}});
            end else begin
                if (!over_q) gap_q <= gap_q - 1'b1;
                if (!over_raw_q) gap_raw_q <= gap_raw_q - 1'b1;
                over_q     <= (gap_q[GAP_W-1:1] == {(GAP_W-1){1'b0}});
                over_raw_q <= (gap_raw_q[GAP_W-1:1] == {(GAP_W-1){1'b0}});
            end
            if (BF16 != 0) begin
                room_tall_q <= issue ? room_for({1'b0, CREDITS_TALL[CREDIT_W-1:0]}, credit_now,
                                                credit_due, !open_q, row_left)
                                     : room_for({1'b0, CREDITS_TALL[CREDIT_W-1:0]}, credit_now,
                                                credit_due, 1'b0, row_left);
                if (issue && tile_end) begin
                    gap_tall_q  <= gap_tall_next;
                    over_tall_q <= (gap_tall_next == {GAP_W{1'b0}});
                end else begin
                    if (!over_tall_q) gap_tall_q <= gap_tall_q - 1'b1;
                    over_tall_q <= (gap_tall_q[GAP_W-1:1] == {(GAP_W-1){1'b0}});
                end
                if (issue && bf16) beat_q <= beat_q + 2'd1;
                if (issue && bf16) leave_q <= 2'd3;
                else if (leave_q != 2'd0) leave_q <= leave_q - 2'd1;
            end
        end
        // whatever is at hand: without op_valid it means nothing, and `issue` has enough to reach
        op_a_q    <= a_data;
        op_slot_q <= slice_slot;
        op_mode_q <= slice_mode;
        turn_q <= start ? 2'd1 : turn_q + 2'd1;
        if (start) tall_q <= bf16;
    end

    assign op_valid = op_valid_q;
    assign op_last  = op_last_q;
    assign op_slot  = op_slot_q;
    assign op_mode  = op_mode_q;
    assign op_a     = op_a_q;

endmodule

`default_nettype wire
