// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Generates the addresses of a job's results, or of its second operand, in three loops: panel,
//   row, column.
//
//   When a loop advances and those within it start again, its step is added to the address; the
//   panel's step is added to the address at which the panel started. With turn_column, the half of
//   a word alternates from column to column and starts anew in each row; with turn_panel, it
//   alternates from panel to panel. The step of that loop is added only when the half changes from
//   upper to lower. With neither, the half does not change. At most one of them may be set.
//
// Latency
//   1 cycle from job_taken to the first address, and from `advance` to the next. `active` is low
//   from the cycle after the last `advance` on.
//
// Numbers
//   Addresses are modulo 4 * 2^ceil(log2(WORDS)). Counts are 1 or more.
//
// Example
//   columns 3, all other counts 1, target 7, step of the column 2, turn_column, first_half 1: the
//   address 7 with the upper half, then 9 with the lower, then 9 with the upper.
`default_nettype none

module result_addresses #(
    parameter integer WORDS = 4096  // words of the memory, 2 or more
) (
    input  wire                        clk,
    input  wire                        rst,
    // job
    input  wire                        job_taken,
    input  wire [15:0]                 panels,
    input  wire [15:0]                 rows,
    input  wire [15:0]                 columns,
    input  wire [$clog2(WORDS)+1:0]    target,
    input  wire [3*$clog2(WORDS)+5:0]  target_step,  // column, row, panel, the first lowest
    input  wire                        turn_column,
    input  wire                        turn_panel,
    input  wire                        first_half,
    // addresses
    output wire                        active,
    output wire [$clog2(WORDS)+1:0]    address,
    output wire                        half,     // 1: upper
    input  wire                        advance   // only while active
);

    localparam integer ADDRESS_W = $clog2(WORDS) + 2;

    reg [3*ADDRESS_W-1:0] target_step_q;
    reg                   turn_column_q, turn_panel_q, first_half_q;
    reg [ADDRESS_W-1:0]   address_q, panel_address_q;
    reg                   half_q, active_q;

    wire [47:0] counts = {panels, rows, columns};
    wire [2:0]  wrap;  // this loop and those within it are in their last iteration

    genvar n;
    generate
        for (n = 0; n < 3; n = n + 1) begin : g_loop
            // the next iteration's number, from 2 on; equals count_q in the last but one
            reg [15:0] iteration_q;
            reg [15:0] count_q;
            reg        one_iteration_q, last_q;

            wire advances = advance && ((n == 0) || wrap[(n == 0) ? 0 : n - 1]);

            if (n == 0) begin : g_inner
                assign wrap[n] = last_q;
            end else begin : g_outer
                assign wrap[n] = last_q && wrap[n-1];
            end

            always @(posedge clk) begin
                if (job_taken) begin
                    count_q         <= counts[16*n +: 16];
                    one_iteration_q <= (counts[16*n +: 16] == 16'd1);
                    last_q          <= (counts[16*n +: 16] == 16'd1);
                end else if (advances) begin
                    last_q <= last_q ? one_iteration_q : (iteration_q == count_q);
                end
                if (job_taken || (advances && last_q)) iteration_q <= 16'd2;
                else if (advances) iteration_q <= iteration_q + 16'd1;
            end
        end
    endgenerate

    // the half changes from lower to upper, in the same word
    wire stay = (!wrap[0] && turn_column_q && !half_q) || (wrap[1] && turn_panel_q && !half_q);

    wire [ADDRESS_W-1:0] step = !wrap[0] ? target_step_q[0 +: ADDRESS_W] :
                                !wrap[1] ? target_step_q[ADDRESS_W +: ADDRESS_W] :
                                target_step_q[2*ADDRESS_W +: ADDRESS_W];
    wire [ADDRESS_W-1:0] address_d = (wrap[1] ? panel_address_q : address_q) +
                                     (stay ? {ADDRESS_W{1'b0}} : step);

    always @(posedge clk) begin
        if (job_taken) begin
            target_step_q   <= target_step;
            turn_column_q   <= turn_column;
            turn_panel_q    <= turn_panel;
            first_half_q    <= first_half;
            address_q       <= target;
            panel_address_q <= target;
            half_q          <= first_half;
        end else if (advance) begin
            address_q <= address_d;
            if (wrap[1]) panel_address_q <= address_d;
            if (turn_column_q) half_q <= wrap[0] ? first_half_q : !half_q;
            else if (turn_panel_q && wrap[1]) half_q <= !half_q;
        end
        if (rst) active_q <= 1'b0;
        else if (job_taken) active_q <= 1'b1;
        else if (advance && wrap[2]) active_q <= 1'b0;
    end

    assign active  = active_q;
    assign address = address_q;
    assign half    = half_q;

endmodule

`default_nettype wire
