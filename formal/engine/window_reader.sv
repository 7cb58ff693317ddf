// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   window_reader: whatever the fields of a job are, no word from outside of the memory leaves
//   without an error. Fields are free inputs, and counts may be wrong in any way.
`default_nettype none

module window_reader_properties #(
    parameter integer WORDS  = 5,
    parameter integer WORD_W = 16
) (
    input wire                        clk,
    input wire                        reset,
    input wire                        job_valid,
    input wire [15:0]                 panels,
    input wire [15:0]                 rows,
    input wire [15:0]                 columns,
    input wire [15:0]                 kernel_rows,
    input wire [15:0]                 kernel_columns,
    input wire [15:0]                 kernel_words,
    input wire [15:0]                 chunks,
    input wire [15:0]                 chunk_slices,
    input wire [15:0]                 last_slices,
    input wire [15:0]                 height,
    input wire [15:0]                 width,
    input wire [15:0]                 top,
    input wire [15:0]                 left,
    input wire [47:0]                 y_step,
    input wire [47:0]                 x_step,
    input wire [$clog2(WORDS)+1:0]    source,
    input wire [6*$clog2(WORDS)+11:0] source_step,
    input wire [7:0]                  fill,
    input wire                        edge_left,
    input wire                        edge_right,
    input wire                        for_unit,
    input wire [WORD_W-1:0]           port_a_data,
    input wire                        out_ready
);

    localparam integer ADDRESS_W = $clog2(WORDS) + 2;
    localparam [31:0]  WORDS_32  = WORDS;

    reg started_q = 1'b0;
    always @(posedge clk) started_q <= 1'b1;
    wire rst = reset || !started_q;

    wire                     job_ready, port_a_enable, out_last, out_job_last, out_for_unit, out_valid;
    wire [ADDRESS_W-1:0]     port_a_address;
    wire [WORD_W-1:0]        out_data;
    wire [1:0]               out_user;
    wire                     error_range, error_length;
    reg                      halted;

    window_reader #(
        .WORDS (WORDS),
        .WORD_W(WORD_W)
    ) u_dut (.*);

    // as the register block: from the cycle after an error on
    always @(posedge clk)
        if (rst) halted <= 1'b0;
        else if (error_range || error_length) halted <= 1'b1;

    // whether the slices in the memory's first and second cycle were read from outside of it
    reg beyond1_q, beyond2_q;

    always @(posedge clk)
        if (port_a_enable) begin
            beyond1_q <= (port_a_address >= WORDS_32[ADDRESS_W-1:0]);
            beyond2_q <= beyond1_q;
        end

    // every job has the same fill, whatever it is
    reg [7:0] fill_q;
    always @(posedge clk) fill_q <= fill;
    always @* if (started_q) assume (fill == fill_q);

    reg before_q, waiting_q;
    always @(posedge clk) begin
        before_q  <= out_last;
        waiting_q <= !rst && out_valid && !out_ready;
    end

    always @* if (started_q) begin
        bounds: assert (!(out_valid && beyond2_q) || halted ||
                        (out_data == {(WORD_W/8){fill}}));
        stable: assert (!waiting_q || (out_valid && out_last == before_q));
        stop:   assert (!halted || !job_ready);
    end

endmodule

`default_nettype wire
