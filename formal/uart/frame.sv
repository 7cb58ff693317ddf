// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   frame_tx and frame_rx, connected: what is decoded is what was encoded, for any messages and
//   any pauses on both sides.
`default_nettype none

module frame_properties (
    input wire       clk,
    input wire       reset,
    input wire [7:0] in_data,
    input wire       in_last,
    input wire       in_valid,
    input wire       line_ready,
    input wire       out_ready
);

    reg started_q = 1'b0;
    always @(posedge clk) started_q <= 1'b1;
    wire rst = reset || !started_q;

    wire       in_ready, line_valid, tx_valid, tx_ready, rx_ready;
    wire [7:0] line_data, out_data;
    wire       out_start, out_valid, checksum_ok;

    frame_tx u_dut (
        .clk      (clk),
        .rst      (rst),
        .in_data  (in_data),
        .in_last  (in_last),
        .in_valid (in_valid),
        .in_ready (in_ready),
        .out_data (line_data),
        .out_valid(tx_valid),
        .out_ready(tx_ready)
    );

    // the line pauses at any time
    assign line_valid = tx_valid && line_ready;
    assign tx_ready   = rx_ready && line_ready;

    frame_rx u_frame_rx (
        .clk        (clk),
        .rst        (rst),
        .in_data    (line_data),
        .in_valid   (line_valid),
        .in_ready   (rx_ready),
        .out_start  (out_start),
        .out_data   (out_data),
        .out_valid  (out_valid),
        .out_ready  (out_ready),
        .checksum_ok(checksum_ok)
    );

    wire taken   = out_valid && out_ready;
    wire encoded = in_valid && in_ready;

    // of the modules under proof
    wire [15:0] tx_sum_q, rx_sum_q;
    wire [1:0]  state_q;
    wire        tx_escaped_q, rx_escaped_q;

    reg       within_q;    // a message has started
    reg [1:0] checksum_q;  // bytes of the checksum still to come
    reg       complete_q;  // the frame's last byte came in the previous cycle
    reg       waiting_q;
    reg [7:0] byte_q;
    always @(posedge clk) begin
        if (rst) within_q <= 1'b0;
        else if (encoded && in_last) within_q <= 1'b0;
        else if (taken && out_start) within_q <= 1'b1;
        if (rst) checksum_q <= 2'd0;
        else if (encoded && in_last) checksum_q <= 2'd2;
        else if (taken && checksum_q != 2'd0) checksum_q <= checksum_q - 2'd1;
        complete_q <= !rst && taken && checksum_q == 2'd1;
        waiting_q  <= !rst && in_valid && !in_ready;
        byte_q     <= in_data;
    end
    reg last_q;
    always @(posedge clk) last_q <= in_last;
    // the sender's duty
    always @* if (started_q && waiting_q)
        assume (in_valid && in_data == byte_q && in_last == last_q);

    // the byte that the sender has begun to escape
    wire [7:0] escaping = (state_q == 2'd1) ? byte_q : (state_q == 2'd2) ? tx_sum_q[7:0] :
                          tx_sum_q[15:8];

    always @* if (started_q && !rst) begin
        bytes:   assert (!encoded || (taken && !out_start && out_data == in_data));
        start:   assert (!taken || out_start == (!within_q && checksum_q == 2'd0));
        no_more: assert (!taken || out_start || encoded || checksum_q != 2'd0);
        sum:     assert (!complete_q || checksum_ok);
        framed:  assert (!line_valid || (line_data == 8'h7E) == (!within_q && checksum_q == 2'd0));
    end

    always @* if (started_q) begin
        escapes: assert (tx_escaped_q == rx_escaped_q);
        states:  assert (within_q == (state_q == 2'd1) &&
                         checksum_q == (state_q == 2'd2 ? 2'd2 : state_q == 2'd3 ? 2'd1 : 2'd0) &&
                         (state_q != 2'd0 || !tx_escaped_q));
        sums:    assert (state_q == 2'd0 || (state_q == 2'd3 ? rx_sum_q == {8'd0, tx_sum_q[15:8]} :
                                             rx_sum_q == tx_sum_q));
        special: assert (!tx_escaped_q || ((escaping == 8'h7D || escaping == 8'h7E) &&
                                           (state_q != 2'd1 || waiting_q)));
        done:    assert (!complete_q || (rx_sum_q == 16'd0 && state_q == 2'd0));
    end

endmodule

`default_nettype wire
