// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Aligns bfloat16 beats with the four sums that every cell interleaves (pe_bf16): a slice is four
//   beats, and beat i may only be issued when the array reaches sum i. An int8 slice is one beat,
//   and waits until the sums of a preceding bfloat16 tile have left the cells' adders.
//
// Latency
//   0 cycles from `bf16` and `tile_open` to the outputs (combinational), 1 cycle from `issue`.
//
// Numbers
//   Sums are counted modulo 4 from the tile's first beat on, in every cycle. An int8 slice may
//   follow 4 cycles after the last bfloat16 beat.
//
// Example
//   A tile's beats 0 and 1 are issued in cycles 0 and 1, then the stream pauses: beat 2 is aligned
//   in cycles 2, 6, 10, ..
`default_nettype none

module bf16_phase (
    input  wire clk,
    input  wire rst,
    // the beat at the head of the streams
    input  wire issue,       // it is issued in this cycle
    input  wire tile_open,   // it continues a tile
    input  wire bf16,        // it is bfloat16
    // outputs
    output wire slice_end,  // it completes its slice
    // the array is at the beat's sum; int8: no bfloat16 sum is left in the adders
    output wire sum_aligned
);

    reg [1:0] beat_q;       // next beat of the slice
    reg [1:0] sum_index_q;  // sum that the array reaches, from the tile's first beat on
    reg [1:0] drain_q;      // cycles until the sums have left the adders

    always @(posedge clk) begin
        if (rst) begin
            beat_q  <= 2'd0;
            drain_q <= 2'd0;
        end else begin
            if (issue && bf16) beat_q <= beat_q + 2'd1;
            if (issue && bf16) drain_q <= 2'd3;
            else if (drain_q != 2'd0) drain_q <= drain_q - 2'd1;
        end
        sum_index_q <= (issue && !tile_open) ? 2'd1 : sum_index_q + 2'd1;
    end

    assign slice_end   = !bf16 || (beat_q == 2'd3);
    assign sum_aligned = bf16 ? (!tile_open || (beat_q == sum_index_q)) :
                         (drain_q == 2'd0);

endmodule

`default_nettype wire
