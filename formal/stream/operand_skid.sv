// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   operand_skid against a queue of two beats, whose data follow one cycle after their side bits.
`default_nettype none

module operand_skid_properties #(
    parameter integer DATA_W = 2,
    parameter integer SIDE_W = 2
) (
    input wire              clk,
    input wire              reset,
    input wire [DATA_W-1:0] in_data,
    input wire [SIDE_W-1:0] in_side,
    input wire              in_valid,
    input wire              out_ready
);

    reg started_q = 1'b0;
    always @(posedge clk) started_q <= 1'b1;
    wire rst = reset || !started_q;

    wire              in_ready, out_valid;
    wire [SIDE_W-1:0] out_side;
    wire [DATA_W-1:0] op_data;

    operand_skid #(
        .DATA_W(DATA_W),
        .SIDE_W(SIDE_W)
    ) u_dut (.*);

    reg [DATA_W+SIDE_W-1:0] oldest_q, second_q;
    reg [1:0]               held_q;
    wire                    pushed = in_valid && in_ready;
    wire                    popped = out_valid && out_ready;

    always @(posedge clk) begin
        if (popped) oldest_q <= second_q;
        if (pushed && held_q == {1'b0, popped}) oldest_q <= {in_data, in_side};
        if (pushed && held_q == 2'd1 + {1'b0, popped}) second_q <= {in_data, in_side};
        held_q <= rst ? 2'd0 : held_q + {1'b0, pushed} - {1'b0, popped};
    end

    reg [SIDE_W-1:0] side_before_q;
    reg [DATA_W-1:0] data_taken_q;
    reg              waiting_q, taken_q;
    always @(posedge clk) begin
        side_before_q <= out_side;
        data_taken_q  <= oldest_q[SIDE_W +: DATA_W];
        waiting_q     <= !rst && out_valid && !out_ready;
        taken_q       <= !rst && popped;
    end

    always @* if (started_q) begin
        stable:   assert (!waiting_q || (out_valid && out_side == side_before_q));
        order:    assert (!out_valid || (held_q != 2'd0 && out_side == oldest_q[SIDE_W-1:0]));
        operand:  assert (!taken_q || op_data == data_taken_q);
        no_loss:  assert (out_valid == (held_q != 2'd0));
        capacity: assert (in_ready == (held_q != 2'd2) && held_q != 2'd3);
    end

endmodule

`default_nettype wire
