// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Holds two weight panels; one is replayed for every activation panel while the other loads.
//
//                  ┌ record ─► panel_record      half 0 ┌──────────┐   reader: slices 0, 1, ..,
//     s_axis_w ────┤                                    ├──────────┤   last, again from 0, until an
//                  └ slices ─► write_half ─────► half 1 └──────────┘   activation panel releases it
//
//   Filling: the record's beats, then slices up to tlast. The record of the next panel is accepted
//   even while both halves are full; its slices wait until one is released. Reading: a slice can be
//   read in the cycle after it was written, so the first tile starts while its panel is arriving.
//
//   Panel n keeps its record in slot n mod 4. The array's pipeline still needs the record of a
//   released panel until its last tile is loaded into the result registers, so the first beat of a
//   record waits until SETTLE cycles after the latest release. By then no tile of a released panel
//   is in the pipeline, and at most three other panels are in use.
//
//   Errors (one-cycle strobes): an unsupported mode, a tlast inside the record (or no slice after
//   it), a panel of more than SLICES_MAX slices. The core halts on them; `halted` drains the input.
//
// Latency
//   1 cycle: op_w is the slice that was current in the cycle before, issued or not, and is
//   undefined if there was none. One beat in and one slice out per cycle. Only `slice_advance`
//   advances to the next slice.
//
//   slice_ready, slice_last and slice_mode are registers, since the sequencer's decision depends on
//   them, and `slice_advance` on that decision: their next values are computed for both outcomes,
//   and `slice_advance` only selects. in_ready is a register too, except for `halted`.
//
// Numbers
//   None: bits pass unchanged. Lanes as on s_axis_w.
//
// Example
//   LANE_BYTES 4, a record of 3 beats in cycles 0 to 2, slices in cycles 3 and 4, the second with
//   tlast: slice_ready from cycle 4 on. With `slice_advance` in cycles 4 and 5 op_w is slice 0 in
//   cycle 5 and slice 1 in cycle 6, and slice_last is high in cycle 5.
`default_nettype none

module panel_buffer #(
    parameter integer COLS       = 8,     // 1..32
    parameter integer LANE_BYTES = 1,     // bytes of a lane, 1..8
    parameter integer SLICES_MAX = 1024,  // slices of the longest panel, 1..65536
    // cycles from issuing a tile's last slice to reading its record
    parameter integer SETTLE     = 8,
    parameter integer INT8       = 1,  // 1: modes 0 to 3, int8
    parameter integer BF16       = 0   // 1: modes 4 to 7 and 12 to 15, bfloat16
) (
    input  wire                         clk,
    input  wire                         rst,
    input  wire                         halted,
    // s_axis_w, after its packet gate
    input  wire [8*LANE_BYTES*COLS-1:0] in_data,
    input  wire [7:0]                   in_user,     // mode, on the first beat
    input  wire                         in_last,
    input  wire                         in_valid,
    output wire                         in_ready,
    output wire                         in_blocked,  // a slice waits for a release
    // to panel_record
    output wire                         record_write,
    output wire [1:0]                   record_slot,
    output wire [3:0]                   record_beat,
    // to the sequencer: the current slice
    output wire                         slice_ready,
    output wire                         slice_last,
    output wire [1:0]                   slice_slot,
    output wire [3:0]                   slice_mode,
    input  wire                         slice_advance,
    // with slice_advance on a last slice: release the panel
    input  wire                         panel_release,
    output wire [8*LANE_BYTES*COLS-1:0] op_w,  // the current slice of the previous cycle
    // errors
    output wire                         error_mode,
    output wire                         error_record,
    output wire                         error_w_long
);

    localparam integer RECORD_BEATS = (12 + LANE_BYTES - 1) / LANE_BYTES;
    localparam integer MODE_W       = (BF16 != 0) ? 4 : 2;
    // bits of a mode
    localparam integer MODE_BF16    = 2;
    localparam integer MODE_RELU    = 3;
    localparam integer INDEX_W      = (SLICES_MAX == 1) ? 1 : $clog2(SLICES_MAX);
    localparam integer SETTLE_W     = $clog2(SETTLE + 1);
    localparam [31:0]  INDEX_END    = SLICES_MAX - 1;
    localparam [31:0]  INDEX_ONE    = 1;
    localparam [31:0]  BEAT_END     = RECORD_BEATS - 1;
    localparam [31:0]  SETTLE_START = SETTLE;

    // A slice read while it is written is not ready yet and is read again, so the value of the
    // first read does not matter.
    (* no_rw_check *)
    reg [8*LANE_BYTES*COLS-1:0] mem[0:2*(1<<INDEX_W)-1];
    reg [8*LANE_BYTES*COLS-1:0] op_w_q;

    // writer
    reg                in_record_q;
    reg [3:0]          beat_q;
    reg                first_beat_q;  // beat_q is 0
    reg                write_half_q;
    reg [INDEX_W-1:0]  write_index_q;
    reg [1:0]          write_slot_q;
    // panels
    reg [1:0]          full_q;            // this half holds a complete panel
    reg [INDEX_W-1:0]  end_index_q[0:1];  // index of its last slice
    reg [4*MODE_W-1:0] modes_q;           // by slot
    reg [SETTLE_W-1:0] settle_q;
    reg                settled_q;         // it is zero
    reg                in_ready_q;
    // reader
    reg                read_half_q;
    reg [INDEX_W-1:0]  read_index_q;
    reg [INDEX_W-1:0]  next_index_q;  // read_index_q + 1: no adder before the comparisons
    reg [1:0]          read_slot_q;
    reg [MODE_W-1:0]   read_mode_q;  // of the panel in read_slot_q
    // the slice at read_index_q has been written; it is its panel's last
    reg                slice_ready_q, slice_last_q;

    wire record_start  = in_record_q && first_beat_q;
    wire beat_accepted = in_valid && in_ready_q && !halted;

    assign in_ready   = in_ready_q || halted;
    assign in_blocked = in_valid && !in_record_q && !in_ready_q;

    wire slice_write = beat_accepted && !in_record_q;
    wire panel_end   = slice_write && in_last;

    // A record's first beat waits until SETTLE cycles after a release, a slice until its half is
    // free. The release is the last signal to arrive, so in_ready is computed for both cases.
    wire record_end   = (beat_q == BEAT_END[3:0]);
    wire release_now  = slice_advance && panel_release;
    // without a release
    wire settled_next = settled_q || (settle_q == {{(SETTLE_W-1){1'b0}}, 1'b1});
    wire half_free    = !full_q[write_half_q];
    reg  hold_in_ready, release_in_ready;

    always @* begin
        if (beat_accepted) begin
            hold_in_ready    = in_record_q ? !record_end || half_free :
                               in_last ? settled_next : half_free;
            release_in_ready = in_record_q || !in_last;
        end else begin
            hold_in_ready    = in_record_q ? !first_beat_q || settled_next : half_free;
            release_in_ready = !in_record_q || !first_beat_q;
        end
    end

    assign record_write = beat_accepted && in_record_q;
    assign record_slot  = write_slot_q;
    assign record_beat  = beat_q;

    wire mode_legal = (in_user[7:4] == 4'd0) &&
                      (in_user[MODE_BF16] ? (BF16 != 0) : (INT8 != 0) && !in_user[MODE_RELU]);
    assign error_mode   = beat_accepted && record_start && !mode_legal;
    assign error_record = beat_accepted && in_record_q && in_last;
    assign error_w_long = slice_write && !in_last && (write_index_q == INDEX_END[INDEX_W-1:0]);

    // The next slice. A panel that is read while it is incomplete is also the one being written,
    // and then read_index_q <= write_index_q: a slice that is missing is the next to be written.
    wire               other_half     = !read_half_q;
    wire               panel_complete = full_q[read_half_q];
    // no slice has been written after the current one
    wire               next_unwritten = !panel_complete && (next_index_q == write_index_q);

    wire [INDEX_W-1:0] read_end_index  = end_index_q[read_half_q];
    wire [INDEX_W-1:0] other_end_index = end_index_q[other_half];

    reg stay_ready, stay_last;        // without slice_advance
    reg advance_ready, advance_last;  // with slice_advance

    always @* begin
        stay_ready = slice_ready_q || (slice_write && !panel_complete);
        stay_last  = slice_last_q || (panel_end && !panel_complete && !slice_ready_q);
        if (!slice_last_q) begin
            advance_ready = !next_unwritten || slice_write;
            advance_last  = panel_complete ? (next_index_q == read_end_index) :
                            next_unwritten && panel_end;
        end else if (!panel_release) begin  // the same panel again
            advance_ready = 1'b1;
            advance_last  = (read_index_q == {INDEX_W{1'b0}});
        end else begin  // the other half
            advance_ready = full_q[other_half] || (write_index_q != {INDEX_W{1'b0}}) || slice_write;
            advance_last  = full_q[other_half] ? (other_end_index == {INDEX_W{1'b0}}) :
                            panel_end && (write_index_q == {INDEX_W{1'b0}});
        end
    end

    assign slice_ready = slice_ready_q;
    assign slice_last  = slice_last_q;
    assign slice_slot  = read_slot_q;
    generate
        if (LANE_BYTES < 1 || LANE_BYTES > 8) begin : g_illegal_lane
            ERROR_panel_buffer_LANE_BYTES_must_be_1_to_8 u_error ();
        end
        if (SLICES_MAX < 1 || SLICES_MAX > 65536) begin : g_illegal_slices
            ERROR_panel_buffer_SLICES_MAX_must_be_1_to_65536 u_error ();
        end
        if (MODE_W == 4) begin : g_modes
            assign slice_mode = read_mode_q;
        end else begin : g_int8_modes
            assign slice_mode = {2'd0, read_mode_q};
        end
    endgenerate

    // A slice is ready no sooner than two cycles after its record's first beat, so its mode is
    // valid by then.
    wire [1:0] next_slot = read_slot_q + 2'd1;

    always @(posedge clk) begin
        if (slice_write) mem[{write_half_q, write_index_q}] <= in_data;
        op_w_q <= mem[{read_half_q, read_index_q}];
        if (panel_end) end_index_q[write_half_q] <= write_index_q;
        if (record_write && record_start)
            modes_q[MODE_W*write_slot_q +: MODE_W] <= in_user[MODE_W-1:0];
        read_mode_q <= release_now ? modes_q[MODE_W*next_slot +: MODE_W] :
                       modes_q[MODE_W*read_slot_q +: MODE_W];
    end

    assign op_w = op_w_q;

    always @(posedge clk) begin
        if (rst) begin
            in_record_q   <= 1'b1;
            beat_q        <= 4'd0;
            first_beat_q  <= 1'b1;
            write_half_q  <= 1'b0;
            write_index_q <= {INDEX_W{1'b0}};
            write_slot_q  <= 2'd0;
        end else begin
            if (record_write) begin
                beat_q       <= record_end ? 4'd0 : beat_q + 4'd1;
                first_beat_q <= record_end;
                in_record_q  <= !record_end;
            end
            if (slice_write) write_index_q <= in_last ? {INDEX_W{1'b0}} : write_index_q + 1'b1;
            if (panel_end) begin
                in_record_q  <= 1'b1;
                write_half_q <= !write_half_q;
                write_slot_q <= write_slot_q + 2'd1;
            end
        end
    end

    always @(posedge clk) begin
        if (rst) begin
            full_q        <= 2'b00;
            settle_q      <= {SETTLE_W{1'b0}};
            settled_q     <= 1'b1;
            in_ready_q    <= 1'b1;
            read_half_q   <= 1'b0;
            read_index_q  <= {INDEX_W{1'b0}};
            next_index_q  <= INDEX_ONE[INDEX_W-1:0];
            read_slot_q   <= 2'd0;
            slice_ready_q <= 1'b0;
            slice_last_q  <= 1'b0;
        end else begin
            slice_ready_q <= slice_advance ? advance_ready : stay_ready;
            slice_last_q  <= slice_advance ? advance_last : stay_last;
            if (!settled_q) settle_q <= settle_q - 1'b1;
            settled_q  <= !release_now && settled_next;
            in_ready_q <= release_now ? release_in_ready : hold_in_ready;
            if (panel_end) full_q[write_half_q] <= 1'b1;
            if (slice_advance) read_index_q <= slice_last_q ? {INDEX_W{1'b0}} : next_index_q;
            if (slice_advance) next_index_q <= slice_last_q ? INDEX_ONE[INDEX_W-1:0] :
                                               next_index_q + 1'b1;
            if (release_now) begin
                full_q[read_half_q] <= 1'b0;
                read_half_q         <= !read_half_q;
                read_slot_q         <= next_slot;
                settle_q            <= SETTLE_START[SETTLE_W-1:0];
            end
        end
    end

endmodule

`default_nettype wire
