// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Keeps the records of the weight panels: a bias, a multiplier, a shift, a zero point and a clamp
//   per column.
//
//   A record comes as RECORD_BEATS = ceil(12 / LANE_BYTES) beats, a column's 12 bytes in its own
//   lane, low byte first:
//
//     byte   0  1  2  3 | 4  5  6  7  | 8     | 9          | 10        | 11
//            bias       | multiplier  | shift | zero point | clamp low | clamp high
//
//   There are four slots because four panels can be in use: one whose last tile is still in the
//   array's pipeline, one being read, one loaded, and one whose record has arrived but whose slices
//   must wait.
//
//   Four slots use only a quarter of a LUT RAM, which is 16 deep. So the memory is READS times as
//   deep, and READS times narrower than a record, and reading a record takes READS cycles, the last
//   of them just before the tile's results arrive. Tiles must be at least READS cycles apart:
//
//     beat = READS * bank + part     bank b: mem[{slot, part}]     read: part 0, 1, .., READS - 1
//
//   With READS 1 and LEAD 0 the memory's output register is the record. With READS 1 and another
//   LEAD it is a register of its own, which the memory's output reaches one cycle earlier: the
//   output of block RAM is slow, and a bias adder follows.
//
// Latency
//   The outputs are a slot's record from 1 cycle after `load` on. With LEAD above 0, `read` and
//   `read_slot` come LEAD cycles before `load` and the same `load_slot`, and READS cycles or more
//   before the next `read`. The memory is read READS cycles before `load` and in the cycles that
//   follow; with LEAD 0, at `load`. A beat can be read 2 cycles after it was given: a register
//   delays it, since the memory is wide and the acceptance of a beat is known late. A beat that is
//   read while it is written is undefined; panel_buffer prevents that.
//
// Numbers
//   None: fields pass unchanged. Column c is bits [W*c +: W] of each output.
//
// Example
//   LANE_BYTES 4, COLS 1, beats 32'h00000005, 32'h40000000 and 32'h7F80FF01 to slot 2, then `read`
//   of slot 2: bias 5, multiplier 2^30, shift 1, zero_point -1, clamp_low -128, clamp_high 127.
`default_nettype none

module panel_record #(
    parameter integer COLS       = 8,  // 1..32
    parameter integer LANE_BYTES = 1,  // bytes of a lane in a beat, 1..8
    // cycles in which a record is read: 1, 2 or 4; 3 if it has 3 beats
    parameter integer READS      = 1,
    // cycles from `read` to `load`: 2 or more, and READS or more; or 0 with READS 1
    parameter integer LEAD       = 0,
    // for synthesis: "auto", or "block" for block RAM
    parameter         RAM        = "auto"
) (
    input  wire                         clk,
    input  wire                         rst,
    // write, one beat per cycle
    input  wire                         record_write,
    input  wire [1:0]                   record_slot,
    input  wire [3:0]                   record_beat,  // 0 .. RECORD_BEATS - 1
    input  wire [8*LANE_BYTES*COLS-1:0] record_data,
    // read
    input  wire                         read,         // the last slice of a tile was issued
    input  wire [1:0]                   read_slot,
    input  wire                         load,         // the tile's results arrive
    input  wire [1:0]                   load_slot,
    output wire [32*COLS-1:0]           bias,
    output wire [32*COLS-1:0]           multiplier,
    output wire [8*COLS-1:0]            shift,
    output wire [8*COLS-1:0]            zero_point,
    output wire [8*COLS-1:0]            clamp_low,
    output wire [8*COLS-1:0]            clamp_high
);

    localparam integer RECORD_BEATS = (12 + LANE_BYTES - 1) / LANE_BYTES;
    localparam integer LANE_W       = 8 * LANE_BYTES;
    localparam integer BEAT_W       = LANE_W * COLS;
    localparam integer BANKS        = (RECORD_BEATS + READS - 1) / READS;
    localparam integer WORD_W       = BEAT_W * BANKS;
    localparam integer PART_W       = (READS <= 2) ? READS - 1 : 2;  // bits of a part's number
    localparam integer ADDR_W       = 2 + PART_W;

    // one word of each bank per address
    (* no_rw_check, ram_style = RAM *)
    reg [WORD_W-1:0] mem[0:(1<<ADDR_W)-1];

    reg [BANKS-1:0]  write_q;  // one bit per bank
    reg [ADDR_W-1:0] write_address_q;
    reg [BEAT_W-1:0] beat_q;

    wire [ADDR_W-1:0] write_address;
    wire [3:0]        write_bank = record_beat >> PART_W;

    integer i;
    always @(posedge clk) begin
        for (i = 0; i < BANKS; i = i + 1) begin
            write_q[i] <= record_write && (write_bank == i[3:0]);
            if (write_q[i]) mem[write_address_q][BEAT_W*i +: BEAT_W] <= beat_q;
        end
        write_address_q <= write_address;
        beat_q          <= record_data;
    end

    wire [WORD_W*READS-1:0] words;  // all words of a record, part by part

    genvar c, d;
    generate
        if (!(READS == 1 || READS == 2 || READS == 4 || (READS == 3 && RECORD_BEATS == 3))
           ) begin : g_illegal_reads
            ERROR_panel_record_READS_must_be_1_2_4_or_3_of_3_beats u_error ();
        end
        if (LANE_BYTES < 1 || LANE_BYTES > 8) begin : g_illegal_lane
            ERROR_panel_record_LANE_BYTES_must_be_1_to_8 u_error ();
        end
        if ((LEAD < READS || LEAD < 2) && (LEAD != 0 || READS != 1)) begin : g_illegal_lead
            ERROR_panel_record_LEAD_must_be_2_and_READS_or_more_or_0_with_READS_1 u_error ();
        end

        if (LEAD == 0) begin : g_at_once
            reg [WORD_W-1:0] word_q;
            wire             unused = &{1'b0, rst, read, read_slot};
            assign write_address = record_slot;
            assign words         = word_q;
            always @(posedge clk) if (load) word_q <= mem[load_slot];
        end else if (READS == 1) begin : g_ahead
            reg [LEAD-2:0]       read_pipe_q;
            reg [2*(LEAD-1)-1:0] slot_pipe_q;
            reg [WORD_W-1:0]     word_q, record_q;
            wire [LEAD-1:0]      read_pipe = {read_pipe_q, read};
            wire [2*LEAD-1:0]    slot_pipe = {slot_pipe_q, read_slot};
            wire                 unused    = &{1'b0, load_slot};
            assign write_address = record_slot;
            assign words         = record_q;
            always @(posedge clk) begin
                read_pipe_q <= rst ? {(LEAD-1){1'b0}} : read_pipe[LEAD-2:0];
                slot_pipe_q <= slot_pipe[2*(LEAD-1)-1:0];
                if (read_pipe[LEAD-1]) word_q <= mem[slot_pipe[2*(LEAD-1) +: 2]];
                if (load) record_q <= word_q;
            end
        end else begin : g_in_parts
            localparam [31:0] PART_END = READS - 1;
            reg [PART_W-1:0]           part_q;   // the part to read, 0 while nothing is being read
            reg [1:0]                  slot_q;   // its record
            reg                        word_read_q;
            reg [WORD_W-1:0]           word_q;
            reg [WORD_W*(READS-1)-1:0] parts_q;  // those read before the one in word_q
            reg [WORD_W*READS-1:0]     record_q;

            // READS cycles before `load`
            wire       start;
            wire [1:0] start_slot;
            if (LEAD == READS) begin : g_now
                assign start      = read;
                assign start_slot = read_slot;
            end else begin : g_later
                reg [LEAD-READS-1:0]     read_pipe_q;
                reg [2*(LEAD-READS)-1:0] slot_pipe_q;
                wire [LEAD-READS:0]      read_pipe = {read_pipe_q, read};
                wire [2*(LEAD-READS)+1:0] slot_pipe = {slot_pipe_q, read_slot};
                always @(posedge clk) begin
                    read_pipe_q <= rst ? {(LEAD-READS){1'b0}} : read_pipe[LEAD-READS-1:0];
                    slot_pipe_q <= slot_pipe[2*(LEAD-READS)-1:0];
                end
                assign start      = read_pipe[LEAD-READS];
                assign start_slot = slot_pipe[2*(LEAD-READS) +: 2];
            end

            wire              reading = start || (part_q != {PART_W{1'b0}});
            wire [ADDR_W-1:0] address = {start ? start_slot : slot_q, part_q};
            wire              unused  = &{1'b0, load_slot};

            assign write_address = {record_slot, record_beat[PART_W-1:0]};
            assign words         = record_q;

            always @(posedge clk) begin
                if (rst) part_q <= {PART_W{1'b0}};
                else if (reading)
                    part_q <= (part_q == PART_END[PART_W-1:0]) ? {PART_W{1'b0}} : part_q + 1'b1;
                word_read_q <= reading;
                if (start) slot_q <= start_slot;
                if (reading) word_q <= mem[address];
                if (load) record_q <= {word_q, parts_q};
            end
            if (READS == 2) begin : g_one_before
                always @(posedge clk) if (word_read_q) parts_q <= word_q;
            end else begin : g_more_before
                always @(posedge clk)
                    if (word_read_q) parts_q <= {word_q, parts_q[WORD_W*(READS-1)-1:WORD_W]};
            end
        end
    endgenerate

    generate
        for (c = 0; c < COLS; c = c + 1) begin : g_col
            // the column's bytes in order; the last beat's padding, if any, lies above byte 11 and
            // is not used
            wire [8*12-1:0] bytes;
            for (d = 0; d < 12; d = d + 1) begin : g_byte
                localparam integer BEAT = d / LANE_BYTES;
                assign bytes[8*d +: 8] = words[WORD_W*(BEAT % READS) + BEAT_W*(BEAT / READS) +
                                               LANE_W*c + 8*(d % LANE_BYTES) +: 8];
            end
            assign bias[32*c +: 32]       = bytes[31:0];
            assign multiplier[32*c +: 32] = bytes[63:32];
            assign shift[8*c +: 8]        = bytes[71:64];
            assign zero_point[8*c +: 8]   = bytes[79:72];
            assign clamp_low[8*c +: 8]    = bytes[87:80];
            assign clamp_high[8*c +: 8]   = bytes[95:88];
        end
    endgenerate

endmodule

`default_nettype wire
