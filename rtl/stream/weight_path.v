// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The input path of the weights: packet_gate, then panel_buffer, which replays a panel's slices
//   for every activation panel. Records go on to panel_record in result_path. Wiring only.
//
// Latency
//   2 cycles from a slice accepted on s_axis_w to the first cycle in which op_w may hold it.
//
// Numbers
//   None: bits pass unchanged.
//
// Example
//   One lane of 4 bytes, a record in cycles 0 to 2 and a slice in cycle 3: slice_ready is high from
//   cycle 4 on, and op_w holds the slice in cycle 5.
`default_nettype none

module weight_path #(
    parameter integer COLS       = 8,     // 1..32
    parameter integer LANE_W     = 8,     // bits of a lane: 8..64
    parameter integer SLICES_MAX = 1024,  // slices of the longest panel
    // cycles from issuing a tile's last slice to reading its record
    parameter integer SETTLE     = 8,
    parameter integer INT8       = 1,     // 1: int8 panels
    parameter integer BF16       = 0      // 1: bfloat16 panels
) (
    input  wire                   clk,
    input  wire                   rst,
    input  wire                   core_rst,    // rst or soft_reset
    input  wire                   soft_reset,
    input  wire                   halted,
    // weight panels
    input  wire [LANE_W*COLS-1:0] s_axis_w_tdata,
    input  wire [7:0]             s_axis_w_tuser,
    input  wire                   s_axis_w_tvalid,
    output wire                   s_axis_w_tready,
    input  wire                   s_axis_w_tlast,
    output wire                   w_accepted,  // a beat was accepted
    output wire                   w_blocked,   // a slice waits for a release
    // records; their data is s_axis_w_tdata
    output wire                   record_write,
    output wire [1:0]             record_slot,
    output wire [3:0]             record_beat,
    // slices
    output wire                   slice_ready,
    output wire                   slice_last,
    output wire [1:0]             slice_slot,
    output wire [3:0]             slice_mode,
    input  wire                   slice_advance,
    input  wire                   panel_release,
    output wire [LANE_W*COLS-1:0] op_w,
    // errors
    output wire                   error_mode,
    output wire                   error_record,
    output wire                   error_w_long
);

    wire w_in_valid, w_in_ready;

    packet_gate u_gate_w (
        .clk       (clk),
        .rst       (rst),
        .soft_reset(soft_reset),
        .in_valid  (s_axis_w_tvalid),
        .in_last   (s_axis_w_tlast),
        .in_ready  (s_axis_w_tready),
        .out_valid (w_in_valid),
        .out_ready (w_in_ready),
        .accepted  (w_accepted)
    );

    panel_buffer #(
        .COLS      (COLS),
        .LANE_BYTES(LANE_W/8),
        .SLICES_MAX(SLICES_MAX),
        .SETTLE    (SETTLE),
        .INT8      (INT8),
        .BF16      (BF16)
    ) u_panel_buffer (
        .clk          (clk),
        .rst          (core_rst),
        .halted       (halted),
        .in_data      (s_axis_w_tdata),
        .in_user      (s_axis_w_tuser),
        .in_last      (s_axis_w_tlast),
        .in_valid     (w_in_valid),
        .in_ready     (w_in_ready),
        .in_blocked   (w_blocked),
        .record_write (record_write),
        .record_slot  (record_slot),
        .record_beat  (record_beat),
        .slice_ready  (slice_ready),
        .slice_last   (slice_last),
        .slice_slot   (slice_slot),
        .slice_mode   (slice_mode),
        .slice_advance(slice_advance),
        .panel_release(panel_release),
        .op_w         (op_w),
        .error_mode   (error_mode),
        .error_record (error_record),
        .error_w_long (error_w_long)
    );

endmodule

`default_nettype wire
