// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// tile_sequencer: joins the activation stream with the buffered weights, slice by slice, and says where tiles end.
//
// A slice is issued when both operands are there, and
//   - at the start of a tile: the result FIFO has room for all ROWS rows (a credit each, given back as rows leave), so
//     nothing behind this point ever has to stop;
//   - at the end of a tile: the result chain will be free when the results arrive. Successive last slices lie at least
//     ROWS * (cycles a row) apart: 1 for raw rows, GROUPS for requantised ones. A shorter tile waits before its last
//     slice; that is all the padding there is. A raw tile behind a requantised one waits POST_LATENCY more, because raw
//     rows skip the requantiser and must not overtake.
// An activation panel with `keep` does not end its tile: the accumulators stay open for the next panel's K.
//
// Latency: 1 cycle from a beat at the head of the input to op_valid. One slice a cycle.
// Errors (strobes; the slice is not issued, the core halts): the activation panel ends where the weight panel does not,
//          or the other way round (error_k); the activation panel has more than SLICES_MAX slices (error_long).
// Numbers: none; operands pass unchanged.
// Events for the counters: of issue, stall_a, stall_w, stall_out and pad at most one is high in a cycle.
`default_nettype none

module tile_sequencer #(
    parameter integer ROWS         = 8,     // 1..32
    parameter integer DEPTH        = 1,     // 1..8
    parameter integer SLICES_MAX   = 1024,  // slices of the longest panel
    parameter integer GROUPS       = 4,     // cycles a requantised row takes, 1..32
    parameter integer POST_LATENCY = 12,    // cycles a requantised row needs more than a raw one
    parameter integer CREDITS      = 64     // rows the result FIFO holds
) (
    input  wire                    clk,
    input  wire                    rst,
    input  wire                    halt,
    // activations
    input  wire [8*DEPTH*ROWS-1:0] a_data,
    input  wire [1:0]              a_user,   // on the last beat: [0] release the weights, [1] keep the tile open
    input  wire                    a_last,
    input  wire                    a_valid,
    output wire                    a_ready,
    // weights
    input  wire                    slice_ready,
    input  wire                    slice_last,
    input  wire [1:0]              slice_slot,
    input  wire [1:0]              slice_mode,
    output wire                    take,
    output wire                    drop,
    // to the array, aligned with the buffer's w_data
    output wire                    op_valid,
    output wire                    op_last,
    output wire [1:0]              op_slot,
    output wire [1:0]              op_mode,
    output wire [8*DEPTH*ROWS-1:0] op_a,
    // credits
    input  wire                    row_left,  // a row left the result FIFO
    output wire                    idle,      // no tile is open and every row has left
    // errors
    output wire                    error_k,
    output wire                    error_long,
    // events
    output wire                    issue,
    output wire                    stall_a,
    output wire                    stall_w,
    output wire                    stall_out,
    output wire                    pad
);

    localparam integer CREDIT_W = $clog2(CREDITS + 1);
    localparam integer GAP_W    = $clog2(ROWS * GROUPS + POST_LATENCY + 1);
    localparam integer INDEX_W  = (SLICES_MAX == 1) ? 1 : $clog2(SLICES_MAX);

    localparam [31:0] INDEX_END     = SLICES_MAX - 1;
    localparam [31:0] CREDITS_ALL   = CREDITS;
    localparam [31:0] CREDITS_TILE  = ROWS;
    localparam [31:0] GAP_RAW       = ROWS - 1;
    localparam [31:0] GAP_REQUANT   = ROWS * GROUPS - 1;
    localparam [31:0] GAP_OVERTAKE  = ROWS * GROUPS + POST_LATENCY - 1;

    reg                open_q;     // a tile has begun
    reg [INDEX_W-1:0]  index_q;    // slice within the activation panel
    reg [CREDIT_W-1:0] credit_q;   // rows the FIFO has room for
    reg [GAP_W-1:0]    gap_q;      // cycles until the chain can take another tile
    reg [GAP_W-1:0]    gap_raw_q;  // ... and until it can be a raw one
    reg                op_valid_q, op_last_q;
    reg [1:0]          op_slot_q, op_mode_q;
    reg [8*DEPTH*ROWS-1:0] op_a_q;

    wire both      = a_valid && slice_ready && !halt;
    wire overlong  = !a_last && (index_q == INDEX_END[INDEX_W-1:0]);
    wire mismatch  = (a_last != slice_last);
    wire agreed    = both && !overlong && !mismatch;
    wire room      = open_q || (credit_q >= CREDITS_TILE[CREDIT_W-1:0]);
    wire tile_end  = a_last && !a_user[1];
    wire raw       = (slice_mode == 2'd0);
    wire chain     = !tile_end || ((raw ? gap_raw_q : gap_q) == {GAP_W{1'b0}});
    wire start     = issue && !open_q;

    assign issue      = agreed && room && chain;
    assign take       = issue;
    assign drop       = a_last && a_user[0];
    assign a_ready    = issue || halt;
    assign error_long = both && overlong;
    assign error_k    = both && !overlong && mismatch;

    assign stall_a    = !a_valid && slice_ready && !halt;
    assign stall_w    = a_valid && !slice_ready && !halt;
    assign stall_out  = agreed && !room;
    assign pad        = agreed && room && !chain;
    assign idle       = !open_q && (credit_q == CREDITS_ALL[CREDIT_W-1:0]);

    always @(posedge clk) begin
        if (rst) begin
            open_q     <= 1'b0;
            index_q    <= {INDEX_W{1'b0}};
            credit_q   <= CREDITS_ALL[CREDIT_W-1:0];
            gap_q      <= {GAP_W{1'b0}};
            gap_raw_q  <= {GAP_W{1'b0}};
            op_valid_q <= 1'b0;
            op_last_q  <= 1'b0;
        end else begin
            op_valid_q <= issue;
            op_last_q  <= issue && tile_end;
            if (issue) open_q <= !tile_end;
            if (issue) index_q <= a_last ? {INDEX_W{1'b0}} : index_q + 1'b1;
            case ({start, row_left})
                2'b10:   credit_q <= credit_q - CREDITS_TILE[CREDIT_W-1:0];
                2'b11:   credit_q <= credit_q - CREDITS_TILE[CREDIT_W-1:0] + 1'b1;
                2'b01:   credit_q <= credit_q + 1'b1;
                default: credit_q <= credit_q;
            endcase
            if (issue && tile_end) begin
                gap_q     <= raw ? GAP_RAW[GAP_W-1:0] : GAP_REQUANT[GAP_W-1:0];
                gap_raw_q <= raw ? GAP_RAW[GAP_W-1:0] : GAP_OVERTAKE[GAP_W-1:0];
            end else begin
                if (gap_q != {GAP_W{1'b0}}) gap_q <= gap_q - 1'b1;
                if (gap_raw_q != {GAP_W{1'b0}}) gap_raw_q <= gap_raw_q - 1'b1;
            end
        end
        if (issue) begin
            op_a_q    <= a_data;
            op_slot_q <= slice_slot;
            op_mode_q <= slice_mode;
        end
    end

    assign op_valid = op_valid_q;
    assign op_last  = op_last_q;
    assign op_slot  = op_slot_q;
    assign op_mode  = op_mode_q;
    assign op_a     = op_a_q;

endmodule

`default_nettype wire
