// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Parses packets, pairs their beats, and issues a pair when there is space for its result; counts
//   the entries of a table being loaded.
//
//   An x packet is a record of RECORD_BEATS beats and then data. The first byte is the command,
//   which applies to the packet. A y packet is data only. A pair of beats is accepted when both are
//   valid, or x alone if the operation has no y, and a credit is available. There are CREDITS of
//   them; an issue consumes one, which is returned when a result leaves the FIFO, so the FIFO
//   cannot overflow and the lanes never have to stall. Beats of a table are not issued, and consume
//   no credit, although they, too, wait until one is available.
//
//     command   2:0 op, 7 illegal            3 short entries: a beat is one      7:4 must be 0
//
//     op   0 add   1 mul   2 maximum   3 minimum   4 table   5 load A and B   6 load A
//
//   Errors are one-cycle strobes; `halted` must be high from the next cycle on. The beats with the
//   error have no effect, nor have any after them. While halted, both inputs are drained.
//
//     error_command  an illegal command, when its record is complete
//     error_record   tlast on a beat of the record: it is truncated, or no data follows
//     error_length   tlast on one beat of a pair only
//     error_table    an x packet that loads a table does not end with entry 255
//
// Latency
//   0 cycles from beats to `issue` and `load`: combinational. A record uses RECORD_BEATS cycles of
//   x.
//
// Numbers
//   None: operands do not pass through this module.
//
// Example
//   RECORD_BEATS 5, op 0, 3 beats of x and y all valid from cycle 0 on: the record in cycles 0 to
//   4, issue in cycles 5, 6 and 7, issue_last in cycle 7.
`default_nettype none

module elementwise_control #(
    parameter integer CREDITS      = 32,  // results the FIFO holds, 1 or more
    parameter integer RECORD_BEATS = 5,   // beats of a record, 1..9
    parameter integer ENTRY_BEATS  = 2    // beats of an entry: 1, 2 or 4
) (
    input  wire       clk,
    input  wire       rst,
    input  wire       halted,
    // x and y, without their data
    input  wire [7:0] x_command,  // lane 0 of a record's first beat
    input  wire       x_last,
    input  wire       x_valid,
    output wire       x_ready,
    input  wire       y_last,
    input  wire       y_valid,
    output wire       y_ready,
    // to the lanes
    output wire       record,
    output wire       load,
    output wire       load_b,
    output wire       load_entry,
    output wire [7:0] load_index,
    output wire       short_entry,
    output wire       issue,
    output wire       issue_last,
    output wire [1:0] pick,
    output wire       use_table_b,
    output wire       product,
    input  wire       result_sent,  // a result left the FIFO
    // status
    output wire       idle,
    output wire       waiting_for_y,  // x waits for y
    output wire       error_command,
    output wire       error_record,
    output wire       error_length,
    output wire       error_table,
    // events
    output wire       data_accepted,  // a beat of data, or a pair, to issue or to load
    output wire       packet,
    output wire       stall_x,
    output wire       stall_y,
    output wire       stall_out,
    output wire       starved  // within a packet, no x, and no y that waits for it
);

    localparam integer CREDIT_W      = $clog2(CREDITS) + 1;
    localparam [31:0]  CREDITS_START = CREDITS - 1;
    localparam integer ENTRY_BEAT_W  = $clog2(ENTRY_BEATS);  // 0, 1 or 2

    localparam [2:0]   MUL           = 3'd1;
    localparam [2:0]   ILLEGAL       = 3'd7;

    generate
        if (CREDITS < 1) begin : g_illegal_credits
            ERROR_elementwise_control_CREDITS_must_be_1_or_more u_error ();
        end
        if (RECORD_BEATS < 1 || RECORD_BEATS > 9) begin : g_illegal_record
            ERROR_elementwise_control_RECORD_BEATS_must_be_1_to_9 u_error ();
        end
        if (ENTRY_BEATS != 1 && ENTRY_BEATS != 2 && ENTRY_BEATS != 4) begin : g_illegal_entry
            ERROR_elementwise_control_ENTRY_BEATS_must_be_1_2_or_4 u_error ();
        end
    endgenerate

    reg                in_data_q;          // the record was accepted, data follows
    reg [8:0]          record_beat_hot_q;  // bit n: a record's beat n is next
    reg [3:0]          command_q;
    reg                illegal_q;
    reg [CREDIT_W-1:0] credits_q;          // less 1: its sign tells whether one is available
    reg [7:0]          index_q;            // of the entry being loaded

    wire [2:0] op = command_q[2:0];

    // never while halted: every error leaves in_data_q set
    assign record            = x_valid && !in_data_q;
    wire record_end          = record_beat_hot_q[RECORD_BEATS-1];
    wire is_load             = op[2] && (op[1:0] != 2'd0);
    wire needs_y             = !op[2] || op[0];
    wire operands_valid      = x_valid && (y_valid || !needs_y);
    wire in_packet           = in_data_q && !halted;
    wire pair_valid          = operands_valid && in_packet && !illegal_q;
    wire last_mismatch       = needs_y && (x_last != y_last);
    wire credits_available   = !credits_q[CREDIT_W-1];
    wire table_end           = load_entry && (index_q == 8'hFF);
    wire table_mismatch      = is_load && (x_last != table_end);

    assign data_accepted = pair_valid && credits_available && !last_mismatch && !table_mismatch;
    assign issue         = data_accepted && !is_load;
    assign issue_last    = x_last;
    assign pick          = {op[1] && !op[2], op[0]};
    assign use_table_b   = (op[2:1] == 2'd0);  // add and mul
    assign product       = (op == MUL);
    assign load          = data_accepted && is_load;
    assign load_b        = op[0];
    assign load_index    = index_q;
    assign short_entry   = command_q[3];

    assign x_ready = halted || !in_data_q || (credits_available && (y_valid || !needs_y));
    assign y_ready = halted || (in_data_q && credits_available && x_valid && needs_y);

    assign error_command = in_packet && illegal_q;
    assign error_record  = record && x_last;
    assign error_length  = pair_valid && last_mismatch;
    assign error_table   = pair_valid && table_mismatch;

    assign idle          = !in_data_q && record_beat_hot_q[0] &&
                           (credits_q == CREDITS_START[CREDIT_W-1:0]);
    assign waiting_for_y = in_packet && x_valid && needs_y && !y_valid;
    assign packet        = record && record_end && !x_last;
    assign stall_x       = in_packet && !x_valid && needs_y && y_valid;
    assign stall_y       = waiting_for_y;
    assign stall_out     = pair_valid && !credits_available;
    assign starved       = in_packet && !x_valid && !(needs_y && y_valid);

    generate
        if (ENTRY_BEAT_W == 0) begin : g_whole_entry
            assign load_entry = 1'b1;
        end else begin : g_part_entry
            reg [ENTRY_BEAT_W-1:0] entry_beat_q;  // the next beat's position in its entry
            assign load_entry = short_entry || (entry_beat_q == {ENTRY_BEAT_W{1'b1}});
            always @(posedge clk)
                if (record) entry_beat_q <= {ENTRY_BEAT_W{1'b0}};
                else if (load) entry_beat_q <= entry_beat_q + 1'b1;
        end
    endgenerate

    always @(posedge clk) begin
        if (record && record_beat_hot_q[0]) begin
            command_q <= x_command[3:0];
            illegal_q <= (x_command[7:4] != 4'd0) || (x_command[2:0] == ILLEGAL);
        end
        if (record) index_q <= 8'd0;
        else if (load && load_entry) index_q <= index_q + 8'd1;
        if (rst) begin
            in_data_q         <= 1'b0;
            record_beat_hot_q <= 9'd1;
            credits_q         <= CREDITS_START[CREDIT_W-1:0];
        end else begin
            if (record) in_data_q <= record_end || x_last;
            else if (data_accepted && x_last) in_data_q <= 1'b0;
            if (record) record_beat_hot_q <= record_end ? 9'd1 : {record_beat_hot_q[7:0], 1'b0};
            if (issue && !result_sent) credits_q <= credits_q - 1'b1;
            else if (result_sent && !issue) credits_q <= credits_q + 1'b1;
        end
    end

endmodule

`default_nettype wire
