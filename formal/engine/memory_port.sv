// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   memory_port, with the result writer and the second reader in front of it: who reaches port B of
//   the memory, and where. Jobs, results and the host are free inputs.
`default_nettype none

module memory_port_properties #(
    parameter integer WORDS  = 5,
    parameter integer WORD_W = 4
) (
    input wire                       clk,
    input wire                       reset,
    input wire                       halted,
    input wire                       running,
    input wire                       writer_job_valid,
    input wire                       second_job_valid,
    input wire [15:0]                panels,
    input wire [15:0]                rows,
    input wire [15:0]                columns,
    input wire [$clog2(WORDS)+1:0]   target,
    input wire [3*$clog2(WORDS)+5:0] target_step,
    input wire [$clog2(WORDS)+1:0]   target_split,
    input wire                       split,
    input wire                       turn_column,
    input wire                       turn_panel,
    input wire                       first_half,
    input wire [$clog2(WORDS)+1:0]   second,
    input wire [3*$clog2(WORDS)+5:0] second_step,
    input wire                       takes_second,
    input wire                       word_taken,
    input wire [WORD_W-1:0]          in_data,
    input wire                       in_valid,
    input wire [WORD_W-1:0]          read_data,
    input wire                       out_ready,
    input wire [1:0]                 host_write,
    input wire [$clog2(WORDS)-1:0]   host_address,
    input wire [WORD_W-1:0]          host_data_in
);

    localparam integer ADDRESS_W = $clog2(WORDS);
    localparam [31:0]  WORDS_32  = WORDS;

    reg started_q = 1'b0;
    always @(posedge clk) started_q <= 1'b1;
    wire rst = reset || !started_q;

    wire                 writer_job_ready, in_ready, results_written, target_range;
    wire                 writer_busy;
    wire [1:0]           writer_write, port_b_write;
    wire [ADDRESS_W-1:0] writer_address, second_address, port_b_address;
    wire [WORD_W-1:0]    writer_data, port_b_data_in, out_data;
    wire                 port_b_free, second_read, second_job_ready, out_valid, second_range;
    wire                 words_remaining;

    result_writer #(
        .WORDS (WORDS),
        .WORD_W(WORD_W)
    ) u_writer (
        .clk(clk), .rst(rst), .halted(halted),
        .job_valid(writer_job_valid), .job_ready(writer_job_ready),
        .panels(panels), .rows(rows), .columns(columns),
        .target(target), .target_step(target_step), .target_split(target_split), .split(split),
        .turn_column(turn_column), .turn_panel(turn_panel), .first_half(first_half),
        .in_data(in_data), .in_valid(in_valid), .in_ready(in_ready),
        .port_b_busy(writer_busy), .port_b_write(writer_write), .port_b_address(writer_address),
        .port_b_data_in(writer_data),
        .results_written(results_written), .error_range(target_range)
    );

    second_reader #(
        .WORDS (WORDS),
        .WORD_W(WORD_W)
    ) u_second (
        .clk(clk), .rst(rst), .halted(halted),
        .job_valid(second_job_valid), .job_ready(second_job_ready),
        .panels(panels), .rows(rows), .columns(columns), .second(second), .second_step(second_step),
        .takes_second(takes_second), .word_taken(word_taken), .words_remaining(words_remaining),
        .port_b_free(port_b_free), .port_b_read(second_read), .port_b_address(second_address), .port_b_data(read_data),
        .out_data(out_data), .out_valid(out_valid), .out_ready(out_ready),
        .error_range(second_range)
    );

    memory_port #(
        .ADDRESS_W(ADDRESS_W),
        .WORD_W   (WORD_W)
    ) u_dut (.*);

    // words of the second operand that are read and have not left: four on their way to the register
    reg [2:0] held_q;
    always @(posedge clk)
        if (rst) held_q <= 3'd0;
        else held_q <= held_q + {2'd0, second_read} - {2'd0, out_valid && out_ready};

    // as in the engine: while no program runs, there are no jobs in either
    always @* if (started_q) assume (running || (results_written && second_job_ready));

    wire writing = (writer_write != 2'b00);

    always @* if (started_q) begin
        write:  assert (!writing || (port_b_write == writer_write && port_b_address == writer_address &&
                                     port_b_data_in == writer_data));
        read:   assert (!second_read || (port_b_write == 2'b00 && port_b_address == second_address));
        host:   assert (!running || writing || port_b_write == 2'b00);
        bounds: assert (!(writing || second_read) || {{(32-ADDRESS_W){1'b0}}, port_b_address} < WORDS_32);
        halt:   assert (!halted || !(writing || second_read));
        space:  assert (held_q <= 3'd5);
    end

endmodule

`default_nettype wire
