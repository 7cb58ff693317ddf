// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Reads the second operand of a job from port B of the memory, a word for each result, whenever
//   the port is free, ahead of the results by up to five words. For a job without a second operand
//   it counts the words of the first instead, one in each cycle with `word_taken`;
//   `words_remaining` is low from the cycle after the last one on.
//
//   A job is accepted once all words of the previous one have been read or counted. `error_range`:
//   an address is not in the memory, and is not read; `halted` must be high from the next cycle on.
//   While it is, nothing is read.
//
// Latency
//   6 cycles from a job accepted to its first word, if the port is free; four words in 5 cycles.
//   port_b_data is due 2 cycles after port_b_read, as engine_memory delivers it.
//
// Numbers
//   None: bits pass unchanged. Addresses are those of result_addresses.
//
// Example
//   columns 2, all other counts 1, second 5, step of the column 3: the words 5 and 8.
`default_nettype none

module second_reader #(
    parameter integer WORDS  = 4096,  // words of the memory, 2 or more
    parameter integer WORD_W = 64     // bits of a word
) (
    input  wire                        clk,
    input  wire                        rst,
    input  wire                        halted,
    // job
    input  wire                        job_valid,
    output wire                        job_ready,
    input  wire [15:0]                 panels,
    input  wire [15:0]                 rows,
    input  wire [15:0]                 columns,
    input  wire [$clog2(WORDS)+1:0]    second,
    input  wire [3*$clog2(WORDS)+5:0]  second_step,
    input  wire                        takes_second,     // the job has a second operand
    // words of a job without a second operand
    input  wire                        word_taken,       // only while words_remaining
    output wire                        words_remaining,
    // port B of the memory
    input  wire                        port_b_free,
    output wire                        port_b_read,  // the address is used in this cycle
    output wire [$clog2(WORDS)-1:0]    port_b_address,
    input  wire [WORD_W-1:0]           port_b_data,
    // words
    output wire [WORD_W-1:0]           out_data,
    output wire                        out_valid,
    input  wire                        out_ready,
    // errors
    output wire                        error_range
);

    localparam integer ADDRESS_W      = $clog2(WORDS) + 2;
    localparam [31:0]  WORDS_32       = WORDS;
    localparam [2:0]   WORDS_HELD_MAX = 3'd4;  // words read that are not in out_q yet

    wire                 active;
    wire [ADDRESS_W-1:0] address;
    reg [2:0]            words_held_q;
    reg                  read1_q, read2_q;
    reg                  takes_second_q;

    // the buffer is block RAM, whose output comes late: a register follows
    wire [WORD_W-1:0] fifo_data;
    wire              fifo_valid;
    reg  [WORD_W-1:0] out_q;
    reg               out_valid_q;
    wire              fifo_ready   = !out_valid_q || out_ready;
    wire              word_fetched = fifo_valid && fifo_ready;
    wire in_range      = (address < WORDS_32[ADDRESS_W-1:0]);
    wire unused_half;
    wire unused   = &{1'b0, unused_half};

    assign job_ready      = !active && !halted;
    // The addresses advance without in_range, which comes late, and while halted. That does no
    // harm: an address that is not in the memory is not read and halts the engine, and after that
    // nothing is read.
    wire due = active && takes_second_q && port_b_free && (words_held_q != WORDS_HELD_MAX);

    assign port_b_read    = due && in_range && !halted;
    assign port_b_address = address[ADDRESS_W-3:0];
    assign error_range    = active && takes_second_q && !in_range && !halted;

    assign words_remaining = active;

    result_addresses #(
        .WORDS(WORDS)
    ) u_result_addresses (
        .clk        (clk),
        .rst        (rst),
        .job_taken  (job_valid && job_ready),
        .panels     (panels),
        .rows       (rows),
        .columns    (columns),
        .target     (second),
        .target_step(second_step),
        .turn_column(1'b0),
        .turn_panel (1'b0),
        .first_half (1'b0),
        .active     (active),
        .address    (address),
        .half       (unused_half),
        .advance    (takes_second_q ? due : word_taken)
    );

    fifo #(
        .WIDTH(WORD_W),
        .DEPTH(4),
        .RAM  ("block")  // otherwise it would take a LUT RAM for every four bits
    ) u_fifo (
        .clk      (clk),
        .rst      (rst),
        .in_data  (port_b_data),
        .in_valid (read2_q),
        .out_data (fifo_data),
        .out_valid(fifo_valid),
        .out_ready(fifo_ready)
    );

    assign out_data  = out_q;
    assign out_valid = out_valid_q;

    always @(posedge clk) begin
        if (job_valid && job_ready) takes_second_q <= takes_second;
        if (fifo_ready) out_q <= fifo_data;
        if (rst) begin
            words_held_q <= 3'd0;
            read1_q      <= 1'b0;
            read2_q      <= 1'b0;
            out_valid_q  <= 1'b0;
        end else begin
            read1_q <= port_b_read;
            read2_q <= read1_q;
            if (fifo_ready) out_valid_q <= fifo_valid;
            if (port_b_read && !word_fetched) words_held_q <= words_held_q + 3'd1;
            else if (word_fetched && !port_b_read) words_held_q <= words_held_q - 3'd1;
        end
    end

endmodule

`default_nettype wire
