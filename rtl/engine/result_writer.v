// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Writes the results of a job to the memory: a word for each, or with `split` its two halves to
//   two words. The lower half goes to the address of the result, the upper one target_split
//   further, both to the same half of these words, which result_addresses selects.
//
//     in_data ────────────────────┬─► register ─► port B
//     job ─────► result_addresses ┘
//
//   A job is accepted while no other is in progress. `error_range`, a strobe: an address is not in
//   the memory; nothing is written there. While `halted`, nothing is written, and results wait.
//
// Latency
//   1 cycle from a result accepted to its write, one result per cycle. With `split` a result takes
//   2 cycles and is accepted in the second, in which its lower half is written; the upper half
//   follows in the next cycle. A result can be accepted in the cycle after its job.
//
// Numbers
//   None: bits pass unchanged. Addresses are those of result_addresses.
//
// Example
//   WORD_W 16, target 3, split, target_split 4, first_half 1, one result 16'hBBAA: AA is written to
//   the upper half of word 3, BB to the upper half of word 7.
`default_nettype none

module result_writer #(
    parameter integer WORDS  = 4096,  // words of the memory, 2 or more
    parameter integer WORD_W = 64     // bits of a word, an even number
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
    input  wire [$clog2(WORDS)+1:0]    target,
    input  wire [3*$clog2(WORDS)+5:0]  target_step,
    input  wire [$clog2(WORDS)+1:0]    target_split,
    input  wire                        split,
    input  wire                        turn_column,
    input  wire                        turn_panel,
    input  wire                        first_half,
    // results
    input  wire [WORD_W-1:0]           in_data,
    input  wire                        in_valid,
    output wire                        in_ready,
    // port B of the memory
    output wire                        port_b_busy,      // a result, even if it is not written
    output wire [1:0]                  port_b_write,
    output wire [$clog2(WORDS)-1:0]    port_b_address,
    output wire [WORD_W-1:0]           port_b_data_in,
    // status
    output wire                        results_written,  // no job, all results in the memory
    output wire                        error_range
);

    localparam integer ADDRESS_W = $clog2(WORDS) + 2;
    localparam integer HALF_W    = WORD_W / 2;
    localparam [31:0]  WORDS_32  = WORDS;

    wire                 active, half;
    wire [ADDRESS_W-1:0] address;
    reg                  split_q, upper_half_q;  // the upper half is due
    reg [ADDRESS_W-1:0]  target_split_q;
    reg [1:0]            write_q;
    reg                  busy_q;  // either bit of write_q
    reg [ADDRESS_W-1:0]  address_q;
    reg [WORD_W-1:0]     data_q;

    wire job_taken = job_valid && job_ready;
    wire taking    = active && in_valid && !halted;

    assign job_ready = !active && !halted;
    assign in_ready  = active && !halted && (!split_q || upper_half_q);

    result_addresses #(
        .WORDS(WORDS)
    ) u_result_addresses (
        .clk        (clk),
        .rst        (rst),
        .job_taken  (job_taken),
        .panels     (panels),
        .rows       (rows),
        .columns    (columns),
        .target     (target),
        .target_step(target_step),
        .turn_column(turn_column),
        .turn_panel (turn_panel),
        .first_half (first_half),
        .active     (active),
        .address    (address),
        .half       (half),
        .advance    (in_valid && in_ready)
    );

    always @(posedge clk) begin
        if (job_taken) split_q <= split;
        if (job_taken) target_split_q <= target_split;
        address_q <= address + (upper_half_q ? target_split_q : {ADDRESS_W{1'b0}});
        data_q    <= !split_q ? in_data :
                     {2{upper_half_q ? in_data[WORD_W-1:HALF_W] : in_data[HALF_W-1:0]}};
        if (rst) begin
            upper_half_q <= 1'b0;
            write_q      <= 2'b00;
            busy_q       <= 1'b0;
        end else begin
            if (taking) upper_half_q <= split_q && !upper_half_q;
            busy_q  <= taking;
            write_q <= !taking ? 2'b00 : !split_q ? 2'b11 : {half, !half};
        end
    end

    wire in_range = (address_q < WORDS_32[ADDRESS_W-1:0]);

    assign port_b_busy     = busy_q;
    assign port_b_write    = (in_range && !halted) ? write_q : 2'b00;
    assign port_b_address  = address_q[ADDRESS_W-3:0];
    assign port_b_data_in  = data_q;
    assign results_written = !active && !port_b_busy;
    assign error_range     = port_b_busy && !in_range && !halted;

endmodule

`default_nettype wire
