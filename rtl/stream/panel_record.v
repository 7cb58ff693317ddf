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
//   Each beat is stored at its own position in a slot's word, unchanged; one read returns all
//   beats, hence all columns, at once. There are four slots because four panels can be in use: one
//   whose last tile is still in the array's pipeline, one being read, one loaded, and one whose
//   record has come but whose slices must wait.
//
// Latency
//   Read 1 cycle; the outputs hold until the next read. A beat can be read 2 cycles after it was
//   given: a register delays it, since the memory is wide and the acceptance of a beat is known
//   late. Reading what is being written is undefined; panel_buffer prevents it.
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
    // for synthesis: "auto", or "block" for block RAM
    parameter         RAM        = "auto"
) (
    input  wire                         clk,
    // write, one beat per cycle
    input  wire                         record_write,
    input  wire [1:0]                   record_slot,
    input  wire [3:0]                   record_beat,  // 0 .. RECORD_BEATS - 1
    input  wire [8*LANE_BYTES*COLS-1:0] record_data,
    // read
    input  wire                         read,
    input  wire [1:0]                   read_slot,
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

    (* ram_style = RAM *)
    reg [BEAT_W*RECORD_BEATS-1:0] mem[0:3];
    reg [BEAT_W*RECORD_BEATS-1:0] data_q;

    reg [RECORD_BEATS-1:0] write_q;  // one bit per beat
    reg [1:0]              slot_q;
    reg [BEAT_W-1:0]       beat_q;

    integer i;
    always @(posedge clk) begin
        for (i = 0; i < RECORD_BEATS; i = i + 1) begin
            write_q[i] <= record_write && (record_beat == i[3:0]);
            if (write_q[i]) mem[slot_q][BEAT_W*i +: BEAT_W] <= beat_q;
        end
        slot_q <= record_slot;
        beat_q <= record_data;
        if (read) data_q <= mem[read_slot];
    end

    genvar b, c;
    generate
        for (c = 0; c < COLS; c = c + 1) begin : g_col
            // the column's bytes in order; the last beat's padding, if any, lies above byte 11 and
            // is not used
            wire [8*12-1:0] bytes;
            for (b = 0; b < 12; b = b + 1) begin : g_byte
                assign bytes[8*b +: 8] = data_q[BEAT_W*(b/LANE_BYTES) + LANE_W*c +
                                                8*(b % LANE_BYTES) +: 8];
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
