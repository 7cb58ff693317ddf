// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The input path of the activations: packet_gate, then operand_skid. Wiring only.
//
// Latency
//   1 cycle from a beat accepted on s_axis_a to a_valid, 1 cycle from a_ready to its data on op_a.
//
// Numbers
//   None: bits pass unchanged.
//
// Example
//   A beat accepted in cycle 0 is offered by a_valid in cycle 1. With a_ready in cycle 1, its data
//   is on op_a in cycle 2.
`default_nettype none

module activation_path #(
    parameter integer ROWS   = 8,  // 1..32
    parameter integer LANE_W = 8   // bits of a lane: 8..64
) (
    input  wire                   clk,
    input  wire                   rst,
    input  wire                   core_rst,    // rst or soft_reset
    input  wire                   soft_reset,
    // activation panels
    input  wire [LANE_W*ROWS-1:0] s_axis_a_tdata,
    input  wire [1:0]             s_axis_a_tuser,
    input  wire                   s_axis_a_tvalid,
    output wire                   s_axis_a_tready,
    input  wire                   s_axis_a_tlast,
    output wire                   a_accepted,  // a beat was accepted
    // to the sequencer
    output wire [1:0]             a_user,
    output wire                   a_last,
    output wire                   a_valid,
    input  wire                   a_ready,
    // to the array
    output wire [LANE_W*ROWS-1:0] op_a
);

    wire a_in_valid, a_in_ready;

    packet_gate u_gate_a (
        .clk       (clk),
        .rst       (rst),
        .soft_reset(soft_reset),
        .in_valid  (s_axis_a_tvalid),
        .in_last   (s_axis_a_tlast),
        .in_ready  (s_axis_a_tready),
        .out_valid (a_in_valid),
        .out_ready (a_in_ready),
        .accepted  (a_accepted)
    );

    operand_skid #(
        .DATA_W(LANE_W*ROWS),
        .SIDE_W(3)
    ) u_operand_skid (
        .clk      (clk),
        .rst      (core_rst),
        .in_data  (s_axis_a_tdata),
        .in_side  ({s_axis_a_tlast, s_axis_a_tuser}),
        .in_valid (a_in_valid),
        .in_ready (a_in_ready),
        .out_side ({a_last, a_user}),
        .out_valid(a_valid),
        .out_ready(a_ready),
        .op_data  (op_a)
    );

endmodule

`default_nettype wire
