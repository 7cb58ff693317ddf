// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Reads the windows of a job from the memory, word by word, as activation panels of the core or
//   as an operand of the elementwise unit.
//
//     for each panel, row, column                               a tile: `chunks` packets
//       for each kernel row, kernel column, kernel word         a slice
//
//   When a loop advances and those within it start again, its step is added to the address, and to
//   the slice's row y and column x in the image. The panel's step, however, is added to the address
//   at which the panel started. y starts again at `top` with each panel, x at `left` with each row.
//
//   A slice outside the image, by its unsigned y and x, consists of `fill`. With edge_left, so does
//   the lower half of a word in the image's first column (x = 0); with edge_right, the upper half
//   of a word in its last column (x = width - 1).
//
//   A job is accepted while the reader is idle. Errors are one-cycle strobes: `error_range`, a
//   slice within the image whose address is not in the memory, 1 cycle after its address;
//   `error_length`, a window has more or fewer slices than its chunks together. `halted` must be
//   high from the next cycle on; while it is, no job is accepted, and what is read is not offered.
//   What was read before still is, the slice at fault included.
//
// Latency
//   3 cycles from a job accepted to its first word offered; one word per cycle. The next job can be
//   accepted one cycle before the last word is offered: one idle cycle separates the jobs.
//
// Numbers
//   Addresses are modulo 4 * 2^ceil(log2(WORDS)), y and x modulo 2^16. Counts are 1 or more.
//
// Example
//   kernel_columns 2, last_slices 2, all other counts 1, source 5, step of the kernel column 3;
//   height and width 1, top and left 0, step of x 1: word 5 of the memory, then a word of `fill`
//   with out_last.
`default_nettype none

module window_reader #(
    parameter integer WORDS   = 4096,  // words of the memory, 2 or more
    parameter integer WORD_W  = 64,    // bits of a word, a multiple of 16
    parameter integer SLICE_W = 16     // bits of the number of slices of a chunk, 2..16
) (
    input  wire                         clk,
    input  wire                         rst,
    input  wire                         halted,
    // job
    input  wire                         job_valid,
    output wire                         job_ready,
    input  wire [15:0]                  panels,
    input  wire [15:0]                  rows,
    input  wire [15:0]                  columns,
    input  wire [15:0]                  kernel_rows,
    input  wire [15:0]                  kernel_columns,
    input  wire [15:0]                  kernel_words,
    input  wire [15:0]                  chunks,
    input  wire [SLICE_W-1:0]           chunk_slices,
    input  wire [SLICE_W-1:0]           last_slices,
    input  wire [15:0]                  height,
    input  wire [15:0]                  width,
    input  wire [15:0]                  top,
    input  wire [15:0]                  left,
    input  wire [47:0]                  y_step,       // kernel row, column, row
    input  wire [47:0]                  x_step,       // kernel column, kernel row, column
    input  wire [$clog2(WORDS)+1:0]     source,
    // word, kernel column, kernel row, column, row, panel, the first lowest
    input  wire [6*$clog2(WORDS)+11:0]  source_step,
    input  wire [7:0]                   fill,
    input  wire                         edge_left,
    input  wire                         edge_right,
    input  wire                         for_unit,     // the job's words go to the elementwise unit
    // port A of the memory
    output wire                         port_a_enable,
    output wire [$clog2(WORDS)+1:0]     port_a_address,  // with two bits above the memory's
    input  wire [WORD_W-1:0]            port_a_data,
    // slices
    output wire [WORD_W-1:0]            out_data,
    output wire [1:0]                   out_user,     // as tuser of s_axis_a, on out_last
    output wire                         out_last,     // the last of a packet: of a chunk
    output wire                         out_job_last, // ... of the job
    output wire                         out_for_unit,
    output wire                         out_valid,
    input  wire                         out_ready,
    // errors
    output wire                         error_range,
    output wire                         error_length
);

    localparam integer ADDRESS_W = $clog2(WORDS) + 2;
    localparam integer HALF_W    = WORD_W / 2;
    localparam [31:0]  WORDS_32  = WORDS;
    localparam [31:0]  ONE       = 1;
    localparam [31:0]  TWO       = 2;

    // the job
    reg [15:0]            chunks_q;
    reg [SLICE_W-1:0]     chunk_slices_q, last_slices_q;
    reg [15:0]            height_q, width_q, top_q, left_q;
    reg [47:0]            y_step_q, x_step_q;
    reg [6*ADDRESS_W-1:0] source_step_q;
    reg [7:0]             fill_q;
    reg                   edge_left_q, edge_right_q;
    reg                   reading_q, for_unit_q;
    reg                   valid1_q;

    wire advance    = !out_valid || out_ready;
    wire job_taken  = job_valid && job_ready;
    wire slice_read = reading_q && advance;  // also while halted, when it is not offered

    // a slice in the first of the memory's two cycles still needs the fields of its job
    assign job_ready = !reading_q && !halted && (!valid1_q || advance);

    // --- loops: word, kernel column, kernel row, column, row, panel

    wire [95:0] counts = {panels, rows, columns, kernel_rows, kernel_columns, kernel_words};
    wire [5:0]  wrap;           // this loop and those within it are in their last iteration
    reg         window_last_q;  // wrap[2], a register since the enables of many others depend on it
    wire [2:0]  last_next;      // last_q of the inner loops after a slice
    wire        tile_last;      // the last row and column

    genvar n;
    generate
        if (WORD_W < 16 || WORD_W % 16 != 0) begin : g_illegal_word
            ERROR_window_reader_WORD_W_must_be_a_multiple_of_16 u_error ();
        end
        if (SLICE_W < 2 || SLICE_W > 16) begin : g_illegal_slice
            ERROR_window_reader_SLICE_W_must_be_2_to_16 u_error ();
        end
        for (n = 0; n < 6; n = n + 1) begin : g_loop
            // the next iteration's number, from 2 on; equals count_q in the last but one
            reg [15:0] iteration_q;
            reg [15:0] count_q;
            reg        one_iteration_q, last_q;

            wire advances = slice_read && ((n == 0) || wrap[(n == 0) ? 0 : n - 1]);

            if (n == 0) begin : g_inner
                assign wrap[n] = last_q;
            end else if (n == 2) begin : g_window
                assign wrap[n] = window_last_q;
            end else begin : g_outer
                assign wrap[n] = last_q && wrap[n-1];
            end

            wire last_again = last_q ? one_iteration_q : (iteration_q == count_q);
            if (n == 0) begin : g_each_slice
                assign last_next[n] = last_again;
            end else if (n < 3) begin : g_after
                assign last_next[n] = wrap[n-1] ? last_again : last_q;
            end

            always @(posedge clk) begin
                if (job_taken) begin
                    count_q         <= counts[16*n +: 16];
                    one_iteration_q <= (counts[16*n +: 16] == 16'd1);
                    last_q          <= (counts[16*n +: 16] == 16'd1);
                end else if (advances) begin
                    last_q <= last_again;
                end
                if (job_taken || (advances && last_q)) iteration_q <= 16'd2;
                else if (advances) iteration_q <= iteration_q + 16'd1;
            end
        end
    endgenerate

    always @(posedge clk)
        if (job_taken) window_last_q <= (counts[47:0] == {3{16'd1}});
        else if (slice_read) window_last_q <= (last_next == 3'b111);

    assign tile_last = g_loop[3].last_q && g_loop[4].last_q;

    // --- chunks of a window

    // from 2 on, like iteration_q
    reg [15:0]        chunk_q;
    reg [SLICE_W-1:0] slice_q;
    // the window has one chunk; every chunk but the last has one slice; the last has one
    reg        one_chunk_q, chunk_one_slice_q, last_one_slice_q;
    reg        chunk_last_q, slice_last_q;

    wire job_one_chunk       = (chunks == 16'd1);
    wire job_chunk_one_slice = (chunk_slices == ONE[SLICE_W-1:0]);
    wire job_last_one_slice  = (last_slices == ONE[SLICE_W-1:0]);
    wire next_chunk_last     = chunk_last_q ? one_chunk_q : (chunk_q == chunks_q);
    wire slices_end          = (slice_q == (chunk_last_q ? last_slices_q : chunk_slices_q));
    wire chunk_read          = slice_read && slice_last_q;

    always @(posedge clk) begin
        if (job_taken) begin
            one_chunk_q       <= job_one_chunk;
            chunk_one_slice_q <= job_chunk_one_slice;
            last_one_slice_q  <= job_last_one_slice;
            chunk_last_q      <= job_one_chunk;
            slice_last_q      <= job_one_chunk ? job_last_one_slice : job_chunk_one_slice;
        end else if (chunk_read) begin
            chunk_last_q <= next_chunk_last;
            slice_last_q <= next_chunk_last ? last_one_slice_q : chunk_one_slice_q;
        end else if (slice_read) begin
            slice_last_q <= slices_end;
        end
        if (job_taken || (chunk_read && chunk_last_q)) chunk_q <= 16'd2;
        else if (chunk_read) chunk_q <= chunk_q + 16'd1;
        if (job_taken || chunk_read) slice_q <= TWO[SLICE_W-1:0];
        else if (slice_read) slice_q <= slice_q + 1'b1;
    end

    assign error_length = reading_q && !halted && (wrap[2] != (slice_last_q && chunk_last_q));

    // --- address, and place in the image

    reg [ADDRESS_W-1:0] address_q, panel_address_q;
    reg [15:0]          y_q, x_q;
    reg [ADDRESS_W-1:0] address_step;

    always @* begin
        if (!wrap[0]) address_step = source_step_q[0*ADDRESS_W +: ADDRESS_W];
        else if (!wrap[1]) address_step = source_step_q[1*ADDRESS_W +: ADDRESS_W];
        else if (!wrap[2]) address_step = source_step_q[2*ADDRESS_W +: ADDRESS_W];
        else if (!wrap[3]) address_step = source_step_q[3*ADDRESS_W +: ADDRESS_W];
        else if (!wrap[4]) address_step = source_step_q[4*ADDRESS_W +: ADDRESS_W];
        else address_step = source_step_q[5*ADDRESS_W +: ADDRESS_W];
    end

    wire [ADDRESS_W-1:0] address_d = (wrap[4] ? panel_address_q : address_q) + address_step;
    wire [15:0] y_add = !wrap[2] ? y_step_q[15:0] : !wrap[3] ? y_step_q[31:16] : y_step_q[47:32];
    wire [15:0] x_add = !wrap[1] ? x_step_q[15:0] : !wrap[2] ? x_step_q[31:16] : x_step_q[47:32];

    always @(posedge clk) begin
        if (job_taken) begin
            chunks_q        <= chunks;
            chunk_slices_q  <= chunk_slices;
            last_slices_q   <= last_slices;
            height_q        <= height;
            width_q         <= width;
            top_q           <= top;
            left_q          <= left;
            y_step_q        <= y_step;
            x_step_q        <= x_step;
            source_step_q   <= source_step;
            fill_q          <= fill;
            edge_left_q     <= edge_left;
            edge_right_q    <= edge_right;
            for_unit_q      <= for_unit;
            address_q       <= source;
            panel_address_q <= source;
            y_q             <= top;
            x_q             <= left;
        end else if (slice_read) begin
            address_q <= address_d;
            if (wrap[4]) panel_address_q <= address_d;
            if (wrap[1]) y_q <= wrap[4] ? top_q : y_q + y_add;
            if (wrap[0]) x_q <= wrap[3] ? left_q : x_q + x_add;
        end
        if (rst) reading_q <= 1'b0;
        else if (job_taken) reading_q <= 1'b1;
        else if (slice_read && wrap[5]) reading_q <= 1'b0;
    end

    // --- the memory's two cycles

    reg [15:0] y1_q, x1_q;
    reg        beyond1_q;       // the address is not in the memory
    reg        last1_q, job_last1_q, for_unit1_q, for_unit2_q;
    reg [1:0]  user1_q;
    reg        valid2_q, last2_q, job_last2_q;
    reg [1:0]  user2_q;
    reg [1:0]  fill_halves2_q;  // the halves of the word that are fill
    reg [7:0]  fill_byte2_q;

    // Bit 16 is low if x lies outside the image; the others are all ones in the last column.
    wire [16:0] x_minus_width = {1'b0, x1_q} - {1'b0, width_q};
    wire        outside1      = (y1_q >= height_q) || !x_minus_width[16];
    wire        last_column1  = (x_minus_width[15:0] == 16'hFFFF);

    assign port_a_enable  = advance;
    assign port_a_address = address_q;
    assign error_range    = valid1_q && beyond1_q && !outside1 && !halted;

    always @(posedge clk) begin
        if (advance) begin
            y1_q           <= y_q;
            x1_q           <= x_q;
            beyond1_q      <= (address_q >= WORDS_32[ADDRESS_W-1:0]);
            last1_q        <= slice_last_q;
            job_last1_q    <= wrap[5];
            for_unit1_q    <= for_unit_q;
            for_unit2_q    <= for_unit1_q;
            user1_q        <= {!chunk_last_q, tile_last};
            last2_q        <= last1_q;
            job_last2_q    <= job_last1_q;
            user2_q        <= user1_q;
            fill_halves2_q <= {outside1 || (edge_right_q && last_column1),
                               outside1 || (edge_left_q && (x1_q == 16'd0))};
            fill_byte2_q   <= fill_q;
        end
        if (rst) begin
            valid1_q <= 1'b0;
            valid2_q <= 1'b0;
        end else if (advance) begin
            valid1_q <= reading_q && !halted;
            valid2_q <= valid1_q;
        end
    end

    assign out_data[HALF_W-1:0] = fill_halves2_q[0] ? {(HALF_W/8){fill_byte2_q}} :
                                                      port_a_data[HALF_W-1:0];
    assign out_data[WORD_W-1:HALF_W] = fill_halves2_q[1] ? {(HALF_W/8){fill_byte2_q}} :
                                                           port_a_data[WORD_W-1:HALF_W];
    assign out_user     = user2_q;
    assign out_last     = last2_q;
    assign out_job_last = job_last2_q;
    assign out_for_unit = for_unit2_q;
    assign out_valid    = valid2_q;

endmodule

`default_nettype wire
