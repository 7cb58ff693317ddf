// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Joins the activation stream with the buffered weights, slice by slice, and marks where tiles
//   end.
//
//   A slice is issued when both operands are valid, and
//
//   - at the start of a tile: the result FIFO has space for all its rows (tile_credits);
//   - at the end of a tile: the result chain will be free when the results arrive (tile_spacing).
//     A shorter tile waits before its last slice;
//   - in bfloat16: the array is at the beat's sum (bf16_phase). A bfloat16 tile has 4 ROWS rows,
//     and a slice is four beats: beat i has rows i, i + 4, i + 8, .. Its weights are read four
//     times. Within a bfloat16 tile this condition never delays a stream without pauses; an int8
//     slice follows the last bfloat16 beat after 4 cycles.
//
//   An activation panel with `keep` does not end its tile: the accumulators stay open for the next
//   panel's K.
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
//   Operands do not pass through this module: activations go through operand_skid, weights through
//   panel_buffer.
//
// Numbers
//   None. Of issue, stall_a, stall_w, stall_out and pad at most one is high in a cycle.
//
// Example
//   ROWS 4, raw tiles of 2 slices, everything valid from cycle 0 on: issue in cycles 0, 1, 2, 5, 6,
//   9, ..: the last slices, in 1, 5 and 9, are 4 cycles apart, and pad is high in 3, 4, 7 and 8.
`default_nettype none

module tile_sequencer #(
    parameter integer ROWS         = 8,     // 1..32
    parameter integer SLICES_MAX   = 1024,  // slices of the longest panel, 1..65536
    parameter integer ROW_CYCLES   = 4,     // cycles per requantised row, 1..2048
    parameter integer POST_LATENCY = 11,    // extra cycles of a requantised row over a raw one
    parameter integer CREDITS      = 64,    // rows the result FIFO holds, at least a tile's
    parameter integer BF16         = 0      // 1: panels may be bfloat16
) (
    input  wire       clk,
    input  wire       rst,
    input  wire       halted,
    // activations
    // on the last beat: [0] release the weights, [1] keep the tile open
    input  wire [1:0] a_user,
    input  wire       a_last,
    input  wire       a_valid,
    output wire       a_ready,
    // weights
    input  wire       slice_ready,
    input  wire       slice_last,
    input  wire [1:0] slice_slot,
    input  wire [3:0] slice_mode,
    // the last beat of the current slice is issued: move to the next slice
    output wire       slice_advance,
    output wire       panel_release,
    // to the array, aligned with the buffer's op_w
    output wire       op_valid,
    output wire       op_last,
    output wire [1:0] op_slot,
    output wire [3:0] op_mode,
    // credits
    input  wire       row_sent,  // a row left the result FIFO
    output wire       idle,      // no tile is open and every row has left
    // errors
    output wire       error_k,
    output wire       error_a_long,
    output wire       error_format,
    // events
    output wire       issue,
    output wire       stall_a,
    output wire       stall_w,
    output wire       stall_out,
    output wire       pad
);

    localparam integer INDEX_W   = (SLICES_MAX == 1) ? 1 : $clog2(SLICES_MAX);
    localparam [31:0]  INDEX_END = SLICES_MAX - 1;
    localparam integer MODE_BF16 = 2;  // bit of a mode: the panel is bfloat16
    localparam [1:0]   RAW       = 2'd0;

    reg               tile_open_q;   // a tile has started
    reg               open_bf16_q;   // ... and it is bfloat16
    reg [INDEX_W-1:0] index_q;       // slice within the activation panel
    reg               last_index_q;  // ... is the last that a panel may have
    reg               op_valid_q, op_last_q;
    reg [1:0]         op_slot_q;
    reg [3:0]         op_mode_q;

    wire bf16     = (BF16 != 0) && slice_mode[MODE_BF16];
    wire raw      = !bf16 && (slice_mode[1:0] == RAW);
    wire tile_end = a_last && !a_user[1];
    wire slice_end, credits_available, credits_returned, chain_available, sum_aligned;

    wire operands_valid  = a_valid && slice_ready && !halted;
    wire format_mismatch = (BF16 != 0) && tile_open_q && (bf16 != open_bf16_q);
    wire panel_too_long  = slice_end && !a_last && last_index_q;
    wire last_mismatch   = (a_last != (slice_last && slice_end));
    wire slice_legal     = operands_valid && !format_mismatch && !panel_too_long && !last_mismatch;

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
    assign idle      = !tile_open_q && credits_returned;

    tile_credits #(
        .ROWS   (ROWS),
        .CREDITS(CREDITS),
        .BF16   (BF16)
    ) u_tile_credits (
        .clk              (clk),
        .rst              (rst),
        .issue            (issue),
        .tile_open        (tile_open_q),
        .bf16             (bf16),
        .row_sent         (row_sent),
        .credits_available(credits_available),
        .credits_returned (credits_returned)
    );

    tile_spacing #(
        .ROWS        (ROWS),
        .ROW_CYCLES  (ROW_CYCLES),
        .POST_LATENCY(POST_LATENCY),
        .BF16        (BF16)
    ) u_tile_spacing (
        .clk            (clk),
        .rst            (rst),
        .issue          (issue),
        .tile_end       (tile_end),
        .bf16           (bf16),
        .raw            (raw),
        .chain_available(chain_available)
    );

    generate
        if (SLICES_MAX < 1 || SLICES_MAX > 65536) begin : g_illegal
            ERROR_tile_sequencer_SLICES_MAX_must_be_1_to_65536 u_error ();
        end
        if (BF16 != 0) begin : g_bf16
            bf16_phase u_bf16_phase (
                .clk        (clk),
                .rst        (rst),
                .issue      (issue),
                .tile_open  (tile_open_q),
                .bf16       (bf16),
                .slice_end  (slice_end),
                .sum_aligned(sum_aligned)
            );
        end else begin : g_int8
            // every slice is one beat
            assign slice_end   = 1'b1;
            assign sum_aligned = 1'b1;
        end
    endgenerate

    always @(posedge clk) begin
        if (rst) begin
            tile_open_q  <= 1'b0;
            index_q      <= {INDEX_W{1'b0}};
            last_index_q <= (SLICES_MAX == 1);
            op_valid_q   <= 1'b0;
            op_last_q    <= 1'b0;
        end else begin
            op_valid_q <= issue;
            op_last_q  <= issue && tile_end;
            if (issue) tile_open_q <= !tile_end;
            if (slice_advance) begin
                index_q      <= a_last ? {INDEX_W{1'b0}} : index_q + 1'b1;
                last_index_q <= a_last ? (SLICES_MAX == 1) :
                                (index_q + 1'b1 == INDEX_END[INDEX_W-1:0]);
            end
        end
        // Loaded in every cycle: ignored without op_valid, and `issue` has a large fan-out already.
        op_slot_q <= slice_slot;
        op_mode_q <= slice_mode;
        if (issue && !tile_open_q) open_bf16_q <= bf16;
    end

    assign op_valid = op_valid_q;
    assign op_last  = op_last_q;
    assign op_slot  = op_slot_q;
    assign op_mode  = op_mode_q;

endmodule

`default_nettype wire
