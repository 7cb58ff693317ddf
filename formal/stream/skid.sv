// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   skid against a queue of two beats.
`default_nettype none

module skid_properties #(
    parameter integer WIDTH = 3,
    parameter integer HEAD  = 0
) (
    input wire             clk,
    input wire             reset,
    input wire [WIDTH-1:0] in_data,
    input wire             in_valid,
    input wire             out_ready
);

    reg started_q = 1'b0;
    always @(posedge clk) started_q <= 1'b1;
    wire rst = reset || !started_q;

    wire             in_ready, out_valid;
    wire [WIDTH-1:0] out_data;

    skid #(
        .WIDTH(WIDTH),
        .HEAD (HEAD)
    ) u_dut (.*);

    // what a stream without loss, duplication or reordering holds
    reg [WIDTH-1:0] oldest_q, second_q;
    reg [1:0]       held_q;
    wire            pushed = in_valid && in_ready;
    wire            popped = out_valid && out_ready;

    always @(posedge clk) begin
        if (popped) oldest_q <= second_q;
        if (pushed && held_q == {1'b0, popped}) oldest_q <= in_data;
        if (pushed && held_q == 2'd1 + {1'b0, popped}) second_q <= in_data;
        held_q <= rst ? 2'd0 : held_q + {1'b0, pushed} - {1'b0, popped};
    end

    reg [WIDTH-1:0] before_q;
    reg             waiting_q;
    always @(posedge clk) begin
        before_q  <= out_data;
        waiting_q <= !rst && out_valid && !out_ready;
    end

    always @* if (started_q) begin
        stable:   assert (!waiting_q || (out_valid && out_data == before_q));
        order:    assert (!out_valid || (held_q != 2'd0 && out_data == oldest_q));
        no_loss:  assert (out_valid == (held_q != 2'd0));
        capacity: assert (in_ready == (held_q != 2'd2) && held_q != 2'd3);
    end

endmodule

`default_nettype wire
