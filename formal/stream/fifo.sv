// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   fifo: one beat, marked at any time, is followed on its way. What holds for it holds for every
//   beat.
`default_nettype none

module fifo_properties #(
    parameter integer WIDTH = 2,
    parameter integer DEPTH = 4
) (
    input wire             clk,
    input wire             reset,
    input wire [WIDTH-1:0] in_data,
    input wire             in_valid,
    input wire             out_ready,
    input wire             mark
);

    localparam integer COUNT_W = $clog2(DEPTH + 2);
    localparam [31:0]  CAPACITY = DEPTH + 1;

    reg started_q = 1'b0;
    always @(posedge clk) started_q <= 1'b1;
    wire rst = reset || !started_q;

    wire             out_valid;
    wire [WIDTH-1:0] out_data;

    fifo #(
        .WIDTH(WIDTH),
        .DEPTH(DEPTH)
    ) u_dut (.*);

    reg [COUNT_W-1:0] held_q;   // beats written and not yet read
    reg               marked_q; // one of them is the marked one
    reg [COUNT_W-1:0] ahead_q;  // beats in front of it
    reg [WIDTH-1:0]   data_q;   // its data
    wire              popped = out_valid && out_ready;

    always @(posedge clk) begin
        held_q <= rst ? {COUNT_W{1'b0}} : held_q + {{(COUNT_W-1){1'b0}}, in_valid} -
                  {{(COUNT_W-1){1'b0}}, popped};
        if (rst) marked_q <= 1'b0;
        else if (marked_q) begin
            if (popped) begin
                marked_q <= (ahead_q != {COUNT_W{1'b0}});
                ahead_q  <= ahead_q - 1'b1;
            end
        end else if (mark && in_valid) begin
            marked_q <= 1'b1;
            data_q   <= in_data;
            ahead_q  <= held_q - {{(COUNT_W-1){1'b0}}, popped};
        end
    end

    reg [WIDTH-1:0] before_q;
    reg             waiting_q, late_q;
    always @(posedge clk) begin
        before_q  <= out_data;
        waiting_q <= !rst && out_valid && !out_ready;
        late_q    <= !rst && !out_valid && held_q != {COUNT_W{1'b0}};
    end

    // the writer's duty
    always @* if (started_q) assume (!in_valid || held_q != CAPACITY[COUNT_W-1:0]);

    always @* if (started_q) begin
        stable:  assert (!waiting_q || (out_valid && out_data == before_q));
        order:   assert (!(out_valid && marked_q && ahead_q == {COUNT_W{1'b0}}) ||
                         out_data == data_q);
        no_loss: assert (!out_valid || held_q != {COUNT_W{1'b0}});
        prompt:  assert (!late_q || out_valid);
    end

endmodule

`default_nettype wire
