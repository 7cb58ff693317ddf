// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Parses packets, pairs their beats, and issues a pair when there is space for its result.
//
//   An x packet is a record and then data. The record's tuser is the command, its lane 0 the
//   scalar; both apply to the packet. A y packet is data only. A pair of beats is issued when both
//   are valid, or x alone for ReLU, and a credit is available. There are CREDITS of them; an issue
//   consumes one, which is returned when a result leaves the FIFO, so the FIFO cannot overflow and
//   the lanes never have to stall.
//
//     command   2:0 op, 6 and 7 illegal     3 x is bfloat16    4 y is bfloat16    6:5 output format
//               7 must be 0
//
//   Errors are one-cycle strobes; `halted` must be high from the next cycle on. The beats with the
//   error are not issued, nor are any after them. While halted, both inputs are drained.
//
//     error_command  an illegal command, at its record
//     error_empty    a record with tlast: no data follows
//     error_length   tlast on one beat of a pair only
//
// Latency
//   0 cycles from beats to `issue`: combinational. A record uses one cycle of x.
//
// Numbers
//   None: operands do not pass through this module.
//
// Example
//   Op 0 (x + y), 3 beats of x and y all valid from cycle 0 on: the record in cycle 0, issue in
//   cycles 1, 2 and 3, issue_last in cycle 3.
`default_nettype none

module vector_control #(
    parameter integer CREDITS = 32  // results the FIFO holds, 1 or more
) (
    input  wire        clk,
    input  wire        rst,
    input  wire        halted,
    // x and y, without their data
    input  wire [31:0] x_scalar,  // lane 0
    input  wire [7:0]  x_user,
    input  wire        x_last,
    input  wire        x_valid,
    output wire        x_ready,
    input  wire        y_last,
    input  wire        y_valid,
    output wire        y_ready,
    // to the lanes
    output wire        issue,
    output wire        issue_last,
    output wire [2:0]  op,
    output wire        x_bf16,
    output wire        y_bf16,
    output wire [1:0]  out_format,
    output wire [31:0] s,
    input  wire        result_sent,  // a result left the FIFO
    // status
    output wire        idle,
    output wire        waiting_for_y,  // x waits for y
    output wire        error_command,
    output wire        error_empty,
    output wire        error_length,
    // events
    output wire        packet,
    output wire        stall_x,
    output wire        stall_y,
    output wire        stall_out,
    output wire        starved  // no beat that the operation needs, within a packet
);

    localparam [2:0]   RELU        = 3'd4;
    localparam integer CREDIT_W    = $clog2(CREDITS + 1);
    localparam [31:0]  CREDITS_ALL = CREDITS;

    generate
        if (CREDITS < 1) begin : g_illegal
            ERROR_vector_control_CREDITS_must_be_1_or_more u_error ();
        end
    endgenerate

    reg                in_data_q;  // the record was accepted, data follows
    reg [6:0]          command_q;
    reg [31:0]         scalar_q;
    reg [CREDIT_W-1:0] credits_q;

    // never while halted: every error leaves in_data_q set
    wire record            = x_valid && !in_data_q;
    wire needs_y           = (op != RELU);
    wire operands_valid    = x_valid && (y_valid || !needs_y);
    wire pair_valid        = operands_valid && in_data_q && !halted;
    wire last_mismatch     = needs_y && (x_last != y_last);
    wire credits_available = (credits_q != {CREDIT_W{1'b0}});
    wire in_packet         = in_data_q && !halted;

    assign issue      = pair_valid && credits_available && !last_mismatch;
    assign issue_last = x_last;
    assign {out_format, y_bf16, x_bf16, op} = command_q;
    assign s = scalar_q;

    assign x_ready = halted || !in_data_q || (credits_available && (y_valid || !needs_y));
    assign y_ready = halted || (in_data_q && credits_available && x_valid && needs_y);

    assign error_command = record && (x_user[7] || x_user[2:1] == 2'b11);
    assign error_empty   = record && x_last;
    assign error_length  = pair_valid && last_mismatch;

    assign idle          = !in_data_q && (credits_q == CREDITS_ALL[CREDIT_W-1:0]);
    assign waiting_for_y = in_packet && x_valid && needs_y && !y_valid;
    assign packet        = record && !error_command && !error_empty;
    assign stall_x       = in_packet && !x_valid && needs_y && y_valid;
    assign stall_y       = waiting_for_y;
    assign stall_out     = pair_valid && !credits_available;
    assign starved       = in_packet && !x_valid && !(needs_y && y_valid);

    always @(posedge clk) begin
        if (record) begin
            command_q <= x_user[6:0];
            scalar_q  <= x_scalar;
        end
        if (rst) begin
            in_data_q <= 1'b0;
            credits_q <= CREDITS_ALL[CREDIT_W-1:0];
        end else begin
            if (record) in_data_q <= 1'b1;
            else if (issue && x_last) in_data_q <= 1'b0;
            if (issue && !result_sent) credits_q <= credits_q - 1'b1;
            else if (result_sent && !issue) credits_q <= credits_q + 1'b1;
        end
    end

endmodule

`default_nettype wire
