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
//     slices are at least ROWS * (cycles per row) apart: 1 for raw rows, ROW_CYCLES for requantised
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
//   beat. A stream without pauses is never delayed by it. A tile has 4 ROWS rows, ROW_CYCLES cycles
//   each. An int8 tile behind a bfloat16 one starts 4 cycles after its last beat, when the sums
//   have left the adders.
//
//   Errors (strobes; the slice is not issued, the core halts): the activation panel ends where the
//   weight panel does not, or the reverse, or within a slice (error_k); the activation panel has
//   more than SLICES_MAX slices (error_a_long); a weight panel of the other format while a tile is
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
    parameter integer LANE_BYTES   = 1,     // bytes of a lane, 1..8
    parameter integer SLICES_MAX   = 1024,  // slices of the longest panel
    parameter integer ROW_CYCLES   = 4,     // cycles per requantised row, 1..2048
    parameter integer POST_LATENCY = 12,    // cycles a requantised row needs more than a raw one
    parameter integer CREDITS      = 64,    // rows the result FIFO holds
    parameter integer BF16         = 0      // 1: panels may be bfloat16
) (
    input  wire                         clk,
    input  wire                         rst,
    input  wire                         halted,
    // activations
    input  wire [8*LANE_BYTES*ROWS-1:0] a_data,
    // on the last beat: [0] release the weights, [1] keep the tile open
    input  wire [1:0]                   a_user,
    input  wire                         a_last,
    input  wire                         a_valid,
    output wire                         a_ready,
    // weights
    input  wire                         slice_ready,
    input  wire                         slice_last,
    input  wire [1:0]                   slice_slot,
    input  wire [3:0]                   slice_mode,
    // the current slice, which comes as op_w, was issued: go to the next
    output wire                         slice_advance,
    output wire                         panel_release,
    // to the array, aligned with the buffer's op_w
    output wire                         op_valid,
    output wire                         op_last,
    output wire [1:0]                   op_slot,
    output wire [3:0]                   op_mode,
    output wire [8*LANE_BYTES*ROWS-1:0] op_a,
    // credits
    input  wire                         row_sent,  // a row left the result FIFO
    output wire                         idle,      // no tile is open and every row has left
    // errors
    output wire                         error_k,
    output wire                         error_a_long,
    output wire                         error_format,
    // events
    output wire                         issue,
    output wire                         stall_a,
    output wire                         stall_w,
    output wire                         stall_out,
    output wire                         pad
);

    localparam integer CREDIT_W      = $clog2(CREDITS + 1);
    // rows of the tallest tile
    localparam integer TILE_ROWS_MAX = (BF16 != 0) ? 4 * ROWS : ROWS;
    localparam integer GAP_W         = $clog2(TILE_ROWS_MAX * ROW_CYCLES + POST_LATENCY + 4);
    localparam integer INDEX_W       = (SLICES_MAX == 1) ? 1 : $clog2(SLICES_MAX);

    localparam [31:0] INDEX_END     = SLICES_MAX - 1;
    localparam [31:0] CREDITS_ALL   = CREDITS;
    localparam [31:0] CREDITS_INT8  = ROWS;
    localparam [31:0] GAP_RAW       = ROWS - 1;
    localparam [31:0] GAP_REQUANT   = ROWS * ROW_CYCLES - 1;
    localparam [31:0] GAP_OVERTAKE  = ROWS * ROW_CYCLES + POST_LATENCY - 1;
    // A bfloat16 tile's sums reach the result registers one after the other: the first 4 cycles
    // after the last beat's products, where an int8 tile's come, the last 7. Its first sum must not
    // push a row of the tile before off the chain's end while the output still waits for it, unless
    // rows leave in every cycle, when pushing is what the chain does anyway.
    localparam integer PUSH_EARLY   = (ROW_CYCLES == 1 || ROW_CYCLES > 3) ? 0 : 4 - ROW_CYCLES;
    localparam [31:0] CREDITS_BF16  = TILE_ROWS_MAX;
    // bfloat16 behind bfloat16
    localparam [31:0] GAP_BF16      = TILE_ROWS_MAX * ROW_CYCLES + PUSH_EARLY - 1;
    // requantised behind bfloat16
    localparam [31:0] GAP_BF16_INT8 = TILE_ROWS_MAX * ROW_CYCLES + 3 - 1;
    // raw behind bfloat16
    localparam [31:0] GAP_BF16_RAW  = TILE_ROWS_MAX * ROW_CYCLES + 3 + POST_LATENCY - 1;

    reg                         tile_open_q;     // a tile has begun
    reg [INDEX_W-1:0]           index_q;         // slice within the activation panel
    reg                         last_index_q;    // ... is the last that a panel may have
    reg [CREDIT_W-1:0]          credits_q;       // rows the FIFO has space for
    reg                         credits_int8_q;  // ... are enough for an int8 tile
    reg                         credits_bf16_q;  // ... for a bfloat16 one
    reg [GAP_W-1:0]             gap_q;           // cycles until the chain can take another tile
    reg [GAP_W-1:0]             gap_raw_q;       // ... and until it can be a raw one
    reg [GAP_W-1:0]             gap_bf16_q;      // ... or a bfloat16 one
    // of each, whether it is zero
    reg                         gap_done_q, gap_raw_done_q, gap_bf16_done_q;
    reg [1:0]                   beat_q;  // beat of the bfloat16 slice that comes next
    // sum that the array comes to, counted from the tile's first beat
    reg [1:0]                   sum_index_q;
    reg [1:0]                   drain_q;      // cycles until bfloat16 sums have left the adders
    reg                         open_bf16_q;  // the open tile is bfloat16
    reg                         op_valid_q, op_last_q;
    reg [1:0]                   op_slot_q;
    reg [3:0]                   op_mode_q;
    reg [8*LANE_BYTES*ROWS-1:0] op_a_q;

    wire bf16                        = (BF16 != 0) && slice_mode[2];
    wire slice_end                   = !bf16 || (beat_q == 2'd3);  // this beat completes its slice
    wire operands_valid              = a_valid && slice_ready && !halted;
    wire format_mismatch             = (BF16 != 0) && tile_open_q && (bf16 != open_bf16_q);
    wire panel_too_long              = slice_end && !a_last && last_index_q;
    wire last_mismatch               = (a_last != (slice_last && slice_end));
    wire slice_legal                 = operands_valid && !format_mismatch && !panel_too_long &&
                                       !last_mismatch;
    wire [CREDIT_W-1:0] tile_credits = bf16 ? CREDITS_BF16[CREDIT_W-1:0] :
                                       CREDITS_INT8[CREDIT_W-1:0];
    wire credits_available           = tile_open_q || (bf16 ? credits_bf16_q : credits_int8_q);
    wire tile_end                    = a_last && !a_user[1];
    wire raw                         = !bf16 && (slice_mode[1:0] == 2'd0);
    wire chain_available             = !tile_end ||
                                       (bf16 ? gap_bf16_done_q : raw ? gap_raw_done_q : gap_done_q);
    wire sum_aligned                 = bf16 ? (!tile_open_q || (beat_q == sum_index_q)) :
                                       (drain_q == 2'd0);
    wire tile_start                  = issue && !tile_open_q;

    assign issue         = slice_legal && credits_available && chain_available && sum_aligned;
    assign slice_advance = issue && slice_end;
    assign panel_release = a_last && a_user[0];
    assign a_ready       = issue || halted;
    assign error_format  = operands_valid && format_mismatch;
    assign error_a_long  = operands_valid && !format_mismatch && panel_too_long;
    assign error_k       = operands_valid && !format_mismatch && !panel_too_long && last_mismatch;

    assign stall_a   = !a_valid && slice_ready && !halted;
    assign stall_w   = a_valid && !slice_ready && !halted;
    assign stall_out = slice_legal && !credits_available;
    assign pad       = slice_legal && credits_available && !(chain_available && sum_aligned);
    assign idle      = !tile_open_q && (credits_q == CREDITS_ALL[CREDIT_W-1:0]);

    // Will the credits be enough behind this cycle? That is credits_q + row_sent (less
    // `tile_credits` behind a start) >= a tile's, with the sum's terms brought to the other side:
    // four comparisons with constants, and a choice, `issue` the last to come.
    wire [CREDIT_W:0] credits_now = {1'b0, credits_q};
    wire [CREDIT_W:0] credits_due = {1'b0, tile_credits};

    function credits_suffice;
        input [CREDIT_W:0] tile;  // credits it needs
        input [CREDIT_W:0] now;
        input [CREDIT_W:0] due;   // of the tile that may start in this cycle
        input              starts;
        input              left;
        begin
            if (starts) credits_suffice = left ? (now >= tile + due - 1'b1) : (now >= tile + due);
            else credits_suffice = left ? (now >= tile - 1'b1) : (now >= tile);
        end
    endfunction

    // Distances that a tile which ends in this cycle demands of the next.
    wire [GAP_W-1:0] gap_next      = bf16 ? GAP_BF16_INT8[GAP_W-1:0] :
                                     raw ? GAP_RAW[GAP_W-1:0] : GAP_REQUANT[GAP_W-1:0];
    wire [GAP_W-1:0] gap_raw_next  = bf16 ? GAP_BF16_RAW[GAP_W-1:0] :
                                     raw ? GAP_RAW[GAP_W-1:0] : GAP_OVERTAKE[GAP_W-1:0];
    wire [GAP_W-1:0] gap_bf16_next = bf16 ? GAP_BF16[GAP_W-1:0] :
                                     raw ? GAP_RAW[GAP_W-1:0] : GAP_REQUANT[GAP_W-1:0];

    always @(posedge clk) begin
        if (rst) begin
            tile_open_q     <= 1'b0;
            index_q         <= {INDEX_W{1'b0}};
            last_index_q    <= (SLICES_MAX == 1);
            credits_q       <= CREDITS_ALL[CREDIT_W-1:0];
            credits_int8_q  <= 1'b1;
            credits_bf16_q  <= 1'b1;
            gap_q           <= {GAP_W{1'b0}};
            gap_raw_q       <= {GAP_W{1'b0}};
            gap_bf16_q      <= {GAP_W{1'b0}};
            gap_done_q      <= 1'b1;
            gap_raw_done_q  <= 1'b1;
            gap_bf16_done_q <= 1'b1;
            beat_q          <= 2'd0;
            drain_q         <= 2'd0;
            op_valid_q      <= 1'b0;
            op_last_q       <= 1'b0;
        end else begin
            op_valid_q <= issue;
            op_last_q  <= issue && tile_end;
            if (issue) tile_open_q <= !tile_end;
            if (slice_advance) begin
                index_q      <= a_last ? {INDEX_W{1'b0}} : index_q + 1'b1;
                last_index_q <= a_last ? (SLICES_MAX == 1) :
                                (index_q + 1'b1 == INDEX_END[INDEX_W-1:0]);
            end
            case ({tile_start, row_sent})
                2'b10:   credits_q <= credits_q - tile_credits;
                2'b11:   credits_q <= credits_q - tile_credits + 1'b1;
                2'b01:   credits_q <= credits_q + 1'b1;
                default: credits_q <= credits_q;
            endcase
            credits_int8_q <= issue ?
                              credits_suffice({1'b0, CREDITS_INT8[CREDIT_W-1:0]}, credits_now,
                                              credits_due,
                                       !tile_open_q, row_sent)
                            : credits_suffice({1'b0, CREDITS_INT8[CREDIT_W-1:0]}, credits_now,
                                              credits_due,
                                       1'b0, row_sent);
            if (issue && tile_end) begin
                gap_q          <= gap_next;
                gap_raw_q      <= gap_raw_next;
                gap_done_q     <= (gap_next == {GAP_W{1'b0}});
                gap_raw_done_q <= (gap_raw_next == {GAP_W{1'b0}});
            end else begin
                if (!gap_done_q) gap_q <= gap_q - 1'b1;
                if (!gap_raw_done_q) gap_raw_q <= gap_raw_q - 1'b1;
                gap_done_q     <= (gap_q[GAP_W-1:1] == {(GAP_W-1){1'b0}});
                gap_raw_done_q <= (gap_raw_q[GAP_W-1:1] == {(GAP_W-1){1'b0}});
            end
            if (BF16 != 0) begin
                credits_bf16_q <= issue ?
                                  credits_suffice({1'b0, CREDITS_BF16[CREDIT_W-1:0]}, credits_now,
                                                credits_due, !tile_open_q, row_sent)
                                     : credits_suffice({1'b0, CREDITS_BF16[CREDIT_W-1:0]},
                                                       credits_now,
                                                credits_due, 1'b0, row_sent);
                if (issue && tile_end) begin
                    gap_bf16_q      <= gap_bf16_next;
                    gap_bf16_done_q <= (gap_bf16_next == {GAP_W{1'b0}});
                end else begin
                    if (!gap_bf16_done_q) gap_bf16_q <= gap_bf16_q - 1'b1;
                    gap_bf16_done_q <= (gap_bf16_q[GAP_W-1:1] == {(GAP_W-1){1'b0}});
                end
                if (issue && bf16) beat_q <= beat_q + 2'd1;
                if (issue && bf16) drain_q <= 2'd3;
                else if (drain_q != 2'd0) drain_q <= drain_q - 2'd1;
            end
        end
        // whatever is at hand: without op_valid it means nothing, and `issue` has enough to reach
        op_a_q      <= a_data;
        op_slot_q   <= slice_slot;
        op_mode_q   <= slice_mode;
        sum_index_q <= tile_start ? 2'd1 : sum_index_q + 2'd1;
        if (tile_start) open_bf16_q <= bf16;
    end

    assign op_valid = op_valid_q;
    assign op_last  = op_last_q;
    assign op_slot  = op_slot_q;
    assign op_mode  = op_mode_q;
    assign op_a     = op_a_q;

endmodule

`default_nettype wire
