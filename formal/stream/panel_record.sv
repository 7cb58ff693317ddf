// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   panel_record: one bit of one beat of one slot is followed, chosen at the start; what holds for
//   it holds for every bit. `load` follows `read` by LEAD cycles, as in the core; with LEAD 0, where
//   `read` is not used, by 3.
`default_nettype none

module panel_record_properties #(
    parameter integer LANE_BYTES = 8,
    parameter integer READS      = 1,
    parameter integer LEAD       = 3,
    parameter integer CASE       = -1  // the bit of the record that is followed; -1: any
) (
    input wire                    clk,
    input wire                    reset,
    input wire                    record_write,
    input wire [1:0]              record_slot,
    input wire [3:0]              record_beat,
    input wire [8*LANE_BYTES-1:0] record_data,
    input wire                    read,
    input wire [1:0]              read_slot,
    input wire [1:0]              any_slot,
    input wire [3:0]              any_beat,
    input wire [5:0]              any_bit
);

    localparam [31:0] RECORD_BEATS = (12 + LANE_BYTES - 1) / LANE_BYTES;
    localparam [31:0] LANE_W       = 8 * LANE_BYTES;
    localparam [31:0] SPACING      = READS;
    localparam integer DISTANCE    = (LEAD == 0) ? 3 : LEAD;

    reg started_q = 1'b0;
    always @(posedge clk) started_q <= 1'b1;
    wire rst = reset || !started_q;

    reg  [DISTANCE:1]   read_q;
    reg  [2*DISTANCE+1:2] slot_q;
    wire            load      = read_q[DISTANCE];
    wire [1:0]      load_slot = slot_q[2*DISTANCE +: 2];
    wire [31:0]     bias, multiplier;
    wire [7:0]      shift, zero_point, clamp_low, clamp_high;

    panel_record #(
        .COLS      (1),
        .LANE_BYTES(LANE_BYTES),
        .READS     (READS),
        .LEAD      (LEAD)
    ) u_dut (.*);

    // the bit that is followed
    reg  [1:0] slot;
    reg  [3:0] chosen_beat_q;
    reg  [5:0] chosen_bit_q;
    always @(posedge clk) if (!started_q) begin
        slot          <= any_slot;
        chosen_beat_q <= any_beat;
        chosen_bit_q  <= any_bit;
    end
    wire [3:0] beat     = (CASE < 0) ? chosen_beat_q : CASE / LANE_W;
    wire [5:0] lane_bit = (CASE < 0) ? chosen_bit_q : CASE % LANE_W;
    wire [6:0] place    = beat * LANE_W[6:0] + {1'b0, lane_bit};
    wire [95:0] record = {clamp_high, clamp_low, zero_point, shift, multiplier, bias};
    always @* if (started_q) begin
        assume (beat < RECORD_BEATS[3:0] && {1'b0, lane_bit} < LANE_W[6:0]);
        assume (beat * LANE_W + {26'd0, lane_bit} < 32'd96);
    end

    reg       written_q, value_q;   // its latest value
    reg       recent_q;             // written in the previous cycle
    reg       loaded_q, expected_q; // the outputs are its record
    reg [3:0] since_read_q;         // cycles
    wire      write = record_write && record_slot == slot && record_beat == beat;
    integer   i;
    reg       reading;              // its record is between `read` and `load`
    always @* begin
        reading = read && read_slot == slot;
        for (i = 1; i <= DISTANCE; i = i + 1)
            if (read_q[i] && slot_q[2*i +: 2] == slot) reading = 1'b1;
    end

    always @(posedge clk) begin
        read_q <= rst ? {DISTANCE{1'b0}} : {read_q, read};
        slot_q <= {slot_q, read_slot};
        if (write) value_q <= record_data[lane_bit];
        written_q <= !rst && (written_q || write);
        recent_q  <= write;
        if (load) expected_q <= value_q;
        loaded_q <= !rst && (load ? load_slot == slot && written_q : loaded_q);
        if (rst || read) since_read_q <= 4'd1;
        else if (since_read_q != 4'hF) since_read_q <= since_read_q + 4'd1;
    end

    always @* if (started_q) begin
        // what panel_buffer and tile_spacing guarantee
        if (reading) assume (!(record_write && record_slot == slot));
        if (read && read_slot == slot) assume (!recent_q);
        if (read) assume (since_read_q >= SPACING[3:0]);
        assume (record_beat < RECORD_BEATS[3:0]);
    end

    always @* if (started_q && !rst) begin
        record_read: assert (!loaded_q || record[place] == expected_q);
    end

endmodule

`default_nettype wire
