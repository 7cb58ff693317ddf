// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The lanes of the elementwise unit within the engine: words in, parts of LANES bytes through the
//   lanes, words out.
//
//     x, y ─► parts ─► elementwise_lanes ─► fifo ─► words ─► out
//     record, tables ────┘
//
//   A job brings its record. It takes a word of x with each word of y, or, if its command has no
//   second operand, while `words_remaining` is high; a later word of x belongs to the next job. A
//   job must not come before the results of the previous one have left.
//
//   Tables wait while `in_use` is high; the parent holds it high from a job until its results have
//   left. While tables are loaded, no word of x may be offered: with several parts per word, it
//   could be taken and lost.
//
// Latency
//   15 + DEPTH / LANES cycles from a word of x to its result: DEPTH / LANES - 1 until its last
//   part, lanes 14, fifo 2. A word per DEPTH / LANES cycles, if FIFO_DEPTH is 32 or more: a credit
//   returns after 17 cycles. A record takes ceil(9 / LANES) cycles, tables 1024 / LANES.
//
// Numbers
//   elementwise_lane's. A part is LANES bytes of a word, the low ones first.
//
// Example
//   DEPTH 2, LANES 1: the word 16'h0201 is the parts 8'h01 and 8'h02, and its result one word.
`default_nettype none

module elementwise_path #(
    parameter integer DEPTH      = 8,  // bytes of a word: 2, 4 or 8
    parameter integer LANES      = 2,  // 1, 2 or 4, at most DEPTH
    parameter integer FIFO_DEPTH = 32  // parts in the lanes and the FIFO, a power of two, 2 or more
) (
    input  wire                clk,
    input  wire                rst,
    // job
    input  wire                job_valid,
    output wire                job_ready,
    input  wire [71:0]         record,
    // tables: a word of A, and above it one of B
    input  wire                in_use,
    input  wire [16*DEPTH-1:0] table_data,
    input  wire                table_valid,
    input  wire                table_last,
    output wire                table_ready,
    // operands
    input  wire                x_is_result,  // x is result_data, or else slice_data
    input  wire [8*DEPTH-1:0]  result_data,
    input  wire [8*DEPTH-1:0]  slice_data,
    input  wire                x_valid,
    output wire                x_ready,
    input  wire [8*DEPTH-1:0]  y_data,
    input  wire                y_valid,
    output wire                y_ready,
    input  wire                words_remaining,  // of x, if the command does not use y
    // results
    output wire [8*DEPTH-1:0]  out_data,
    output wire                out_valid,
    input  wire                out_ready
);

    localparam integer PART_W       = 8 * LANES;
    localparam integer PARTS        = DEPTH / LANES;
    localparam integer PARTS_W      = (PARTS < 2) ? 1 : $clog2(PARTS);
    localparam integer RECORD_BEATS = (9 + LANES - 1) / LANES;
    localparam integer RECORD_W     = PART_W * RECORD_BEATS;
    localparam integer ENTRY_BEATS  = 4 / LANES;
    localparam integer ENTRY_W      = (ENTRY_BEATS < 2) ? 1 : $clog2(ENTRY_BEATS);
    localparam integer CREDIT_W     = $clog2(FIFO_DEPTH) + 1;
    localparam [31:0]  PARTS_END    = PARTS - 1;
    localparam [31:0]  NEXT_END     = (PARTS < 2) ? 0 : PARTS - 2;  // the next part is the last
    localparam [31:0]  RECORD_END   = RECORD_BEATS - 1;
    localparam [31:0]  ENTRY_END    = ENTRY_BEATS - 1;
    localparam [31:0]  CREDITS      = FIFO_DEPTH;
    localparam [2:0]   MUL          = 3'd1;  // the command for a product

    generate
        if (DEPTH != 2 && DEPTH != 4 && DEPTH != 8) begin : g_illegal_depth
            ERROR_elementwise_path_DEPTH_must_be_2_4_or_8 u_error ();
        end
        if ((LANES != 1 && LANES != 2 && LANES != 4) || LANES > DEPTH) begin : g_illegal
            ERROR_elementwise_path_LANES_must_be_1_2_or_4_and_at_most_DEPTH u_error ();
        end
    endgenerate

    reg                sending_record_q;  // its parts are on their way to the lanes
    reg [3:0]          record_beat_q;
    reg [RECORD_W-1:0] record_parts_q;
    reg                record_sent_q;     // words may follow
    reg                issue_allowed_q;   // and there is a credit
    reg                word_end_q;        // ... and the next part is a word's last
    reg [2:0]          command_q;
    reg [PARTS_W-1:0]  part_q;            // of the word being issued
    reg [ENTRY_W-1:0]  entry_beat_q;
    reg [7:0]          index_q;           // of the entry
    reg [CREDIT_W-1:0] credits_q;
    reg [PART_W-1:0]   x_q, y_q;

    wire result_part_taken;

    wire needs_y     = !command_q[2];
    wire x_allowed   = needs_y ? y_valid : words_remaining;  // a word of x may be taken
    wire part_end    = (part_q == PARTS_END[PARTS_W-1:0]);
    wire load        = table_valid && !in_use && !sending_record_q;
    wire load_entry  = (entry_beat_q == ENTRY_END[ENTRY_W-1:0]);
    wire issue       = issue_allowed_q && x_valid && x_allowed;
    wire job_taken   = job_valid && job_ready;
    wire record_ends = sending_record_q && (record_beat_q == RECORD_END[3:0]);
    wire [RECORD_W+71:0] record_padded = {{RECORD_W{1'b0}}, record};

    assign job_ready   = !sending_record_q;
    assign table_ready = load && part_end;
    // With several parts, `x_allowed` was high for the word's first one and stays high until the
    // word is taken. Tables move part_q too, so no word of x may be offered while they are loaded.
    assign x_ready     = word_end_q && ((PARTS > 1) || x_allowed);
    assign y_ready     = word_end_q && x_valid && needs_y;

    // Next values: x_ready must come early, since the window reader's loops wait for it.
    wire [PARTS_W-1:0] part_d =
        !(issue || load) ? part_q : part_end ? {PARTS_W{1'b0}} : part_q + 1'b1;
    wire [CREDIT_W-1:0] credits_d = (issue && !result_part_taken) ? credits_q - 1'b1 :
                                    (result_part_taken && !issue) ? credits_q + 1'b1 : credits_q;
    wire record_sent_d   = !job_taken && (record_ends || record_sent_q);
    // a credit is left; without one nothing is issued
    wire credit_left_d   = result_part_taken || (credits_q[CREDIT_W-1:1] != {(CREDIT_W-1){1'b0}}) ||
                           (credits_q[0] && !issue);
    wire issue_allowed_d = record_sent_d && credit_left_d;
    wire part_end_d      = (issue || load) ? (part_q == NEXT_END[PARTS_W-1:0]) : part_end;

    always @(posedge clk) begin
        if (job_taken) record_parts_q <= record_padded[RECORD_W-1:0];
        else if (sending_record_q) record_parts_q <= record_parts_q >> PART_W;
        if (job_taken) command_q <= record[2:0];
        x_q <= sending_record_q ? record_parts_q[PART_W-1:0] :
               load ? table_data[PART_W*part_q +: PART_W] :
               x_is_result ? result_data[PART_W*part_q +: PART_W] :
                             slice_data[PART_W*part_q +: PART_W];
        y_q <= load ? table_data[8*DEPTH + PART_W*part_q +: PART_W] :
                      y_data[PART_W*part_q +: PART_W];
        if (rst) begin
            sending_record_q <= 1'b0;
            record_beat_q    <= 4'd0;
            record_sent_q    <= 1'b0;
            issue_allowed_q  <= 1'b0;
            word_end_q       <= 1'b0;
            part_q           <= {PARTS_W{1'b0}};
            entry_beat_q     <= {ENTRY_W{1'b0}};
            index_q          <= 8'd0;
            credits_q        <= CREDITS[CREDIT_W-1:0];
        end else begin
            if (job_taken) sending_record_q <= 1'b1;
            else if (record_ends) sending_record_q <= 1'b0;
            if (sending_record_q) record_beat_q <= record_ends ? 4'd0 : record_beat_q + 4'd1;
            record_sent_q   <= record_sent_d;
            issue_allowed_q <= issue_allowed_d;
            word_end_q      <= issue_allowed_d && part_end_d;
            part_q          <= part_d;
            credits_q       <= credits_d;
            if (load) begin
                entry_beat_q <= load_entry ? {ENTRY_W{1'b0}} : entry_beat_q + 1'b1;
                if (load_entry) index_q <= index_q + 8'd1;
            end
        end
    end

    wire              lanes_valid, unused_last;
    wire [LANES-1:0]  unused_keep;
    wire [PART_W-1:0] lanes_data;

    elementwise_lanes #(
        .LANES(LANES)
    ) u_lanes (
        .clk        (clk),
        .rst        (rst),
        .record     (sending_record_q),
        .load       (load),
        .load_b     (1'b1),
        .load_entry (load_entry),
        .load_index (index_q),
        .short_entry(1'b0),
        .issue      (issue),
        .issue_last (1'b0),
        .issue_keep ({LANES{1'b1}}),
        .pick       ({command_q[1] && !command_q[2], command_q[0]}),  // as in elementwise_control
        .use_table_b(command_q[2:1] == 2'd0),
        .product    (command_q == MUL),
        .x          (x_q),
        .y          (y_q),
        .out_valid  (lanes_valid),
        .out_last   (unused_last),
        .out_keep   (unused_keep),
        .out_data   (lanes_data)
    );

    wire              fifo_valid, fifo_ready;
    wire [PART_W-1:0] fifo_data;

    fifo #(
        .WIDTH(PART_W),
        .DEPTH(FIFO_DEPTH),
        .RAM  ("block")
    ) u_fifo (
        .clk      (clk),
        .rst      (rst),
        .in_data  (lanes_data),
        .in_valid (lanes_valid),
        .out_data (fifo_data),
        .out_valid(fifo_valid),
        .out_ready(fifo_ready)
    );

    assign result_part_taken = fifo_valid && fifo_ready;

    // --- words of results: the last part is the FIFO's

    generate
        if (PARTS == 1) begin : g_one_part
            assign out_data   = fifo_data;
            assign out_valid  = fifo_valid;
            assign fifo_ready = out_ready;
        end else begin : g_parts
            reg [8*DEPTH-PART_W-1:0] word_q;
            reg [PARTS_W-1:0]        out_part_q;

            wire out_end = (out_part_q == PARTS_END[PARTS_W-1:0]);
            wire [8*DEPTH-1:0] word = {fifo_data, word_q};

            assign out_data   = word;
            assign out_valid  = fifo_valid && out_end;
            assign fifo_ready = !out_end || out_ready;

            always @(posedge clk) begin
                if (result_part_taken) word_q <= word[8*DEPTH-1:PART_W];
                if (rst) out_part_q <= {PARTS_W{1'b0}};
                else if (result_part_taken)
                    out_part_q <= out_end ? {PARTS_W{1'b0}} : out_part_q + 1'b1;
            end
        end
    endgenerate

    // the end of a table is known by counting, and record_padded is longer than the record's parts
    wire unused = &{1'b0, table_last, unused_last, unused_keep, record_padded};

endmodule

`default_nettype wire
