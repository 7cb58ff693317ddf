// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   packet_closer: the stream that leaves it, for any beats, in parts or whole, and any soft
//   resets. A real beat has tkeep other than zero, so a closing beat is recognised.
`default_nettype none

module packet_closer_properties #(
    parameter integer DATA_W = 4,
    parameter integer KEEP_W = 2,
    parameter integer PARTS  = 2
) (
    input wire              clk,
    input wire              reset,
    input wire              soft_reset,
    input wire [DATA_W-1:0] in_data,
    input wire [PARTS-1:0]  in_enable,
    input wire              in_partial,
    input wire [KEEP_W-1:0] in_keep,
    input wire              in_last,
    input wire              in_valid,
    input wire              out_ready
);

    localparam integer PART_W = DATA_W / PARTS;

    reg started_q = 1'b0;
    always @(posedge clk) started_q <= 1'b1;
    wire rst = reset || !started_q;

    wire              in_ready, out_last, out_valid;
    wire [DATA_W-1:0] out_data;
    wire [KEEP_W-1:0] out_keep;

    packet_closer #(
        .DATA_W(DATA_W),
        .KEEP_W(KEEP_W),
        .PARTS (PARTS)
    ) u_dut (.*);

    wire loaded    = in_valid && in_ready;
    wire completed = loaded && !in_partial;
    wire sent      = out_valid && out_ready;
    wire closing   = (out_keep == {KEEP_W{1'b0}});

    // the beat that has been collected, with the parts loaded since the latest complete one
    reg [DATA_W-1:0] collected_q, collected_d;
    reg [PARTS-1:0]  there_q, there_d;
    integer p;
    always @* begin
        collected_d = collected_q;
        there_d     = there_q;
        for (p = 0; p < PARTS; p = p + 1)
            if (loaded && in_enable[p]) begin
                collected_d[p*PART_W +: PART_W] = in_data[p*PART_W +: PART_W];
                there_d[p]                      = 1'b1;
            end
    end

    // the complete beat that has not left
    reg              pending_q;
    reg [DATA_W-1:0] data_q;
    reg [PARTS-1:0]  valid_parts_q;
    reg [KEEP_W-1:0] keep_q;
    reg              last_q, fresh_beat_q;
    reg open_q;           // downstream is within a packet
    reg fresh_q;          // no complete beat was accepted since the latest soft reset
    reg accepted_open_q;  // the beats accepted are within a packet
    reg interrupted_q;    // a packet was interrupted, and its closing beat has not left

    always @(posedge clk) begin
        collected_q <= collected_d;
        there_q     <= (rst || completed || soft_reset) ? {PARTS{1'b0}} : there_d;
        if (completed) begin
            data_q        <= collected_d;
            valid_parts_q <= there_d;
            keep_q        <= in_keep;
            last_q        <= in_last;
            fresh_beat_q  <= fresh_q;
        end
        pending_q <= !rst && (completed || (pending_q && !(sent && !closing)));
        fresh_q   <= rst || soft_reset || (fresh_q && !completed);
        if (rst) open_q <= 1'b0;
        else if (sent) open_q <= !out_last;
        // as the upstream sees it
        if (completed && !rst) accepted_open_q <= !in_last;
        else if (rst || (sent && closing)) accepted_open_q <= 1'b0;
        if (rst || (sent && closing)) interrupted_q <= 1'b0;
        else if (soft_reset && accepted_open_q) interrupted_q <= 1'b1;
    end

    reg [DATA_W-1:0] data_before_q;
    reg [KEEP_W-1:0] keep_before_q;
    reg              last_before_q, waiting_q;
    always @(posedge clk) begin
        data_before_q <= out_data;
        keep_before_q <= out_keep;
        last_before_q <= out_last;
        waiting_q     <= !rst && out_valid && !out_ready;
    end

    reg same_data;
    always @* begin
        same_data = 1'b1;
        for (p = 0; p < PARTS; p = p + 1)
            if (valid_parts_q[p] && data_q[p*PART_W +: PART_W] != out_data[p*PART_W +: PART_W])
                same_data = 1'b0;
    end

    always @* assume (in_keep != {KEEP_W{1'b0}});

    always @* if (started_q) begin
        stable:    assert (!waiting_q || (out_valid && out_data == data_before_q &&
                                          out_keep == keep_before_q && out_last == last_before_q));
        unchanged: assert (!out_valid || closing || (pending_q && same_data && out_keep == keep_q &&
                                                     out_last == last_q));
        no_loss:   assert (!pending_q || (out_valid && !closing));
        boundary:  assert (!(out_valid && !closing && fresh_beat_q) || !open_q);
        closes:    assert (!(out_valid && closing) || (out_last && open_q && interrupted_q));
        first:     assert (!interrupted_q || (sent && closing) || !loaded);
    end

endmodule

`default_nettype wire
