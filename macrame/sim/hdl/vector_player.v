// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Streams a file of input words through a module without handshakes, one word per cycle: hundreds
//   of thousands of vectors per module, at the simulator's own speed. The clock and the files are
//   handled here; Python only sets `start` and waits for `done`. +vectors=<file> and
//   +results=<file> name the files, by default vectors.bin and results.hex in the run's folder.
//
//     word       IN_W bits, a multiple of 8; the file holds IN_W/8 bytes per word, most significant
//                first
//     result     OUT_W bits, in hexadecimal, one line per word; unknown bits show as x or X
//     start      a rising edge (by the bench) opens the files and plays them; done falls
//     done       rises when the result file is closed; `count` is the number of words, `failed`
//                means that a file could not be opened or that the input ended within a word
//     idle       no word is applied: before the first and while the last results leave
//
// Latency
//   A result is sampled LATENCY rising edges after its word was applied (LATENCY = 0:
//   combinational).
//
// Numbers
//   Before, between and after words `word` is X, so a result that depends on an earlier or later
//   word shows as X. (In a two-state simulator it is arbitrary; a module that then needs an enable
//   uses `idle`.)
`default_nettype none
`timescale 1ns / 1ps

module vector_player #(
    parameter integer IN_W    = 8,  // bits of a word, a multiple of 8
    parameter integer OUT_W   = 8,  // bits of a result
    parameter integer LATENCY = 0   // cycles from word to result, 0 if combinational
) (
    output reg              clk,
    output reg  [IN_W-1:0]  word,
    output reg              idle,
    input  wire [OUT_W-1:0] result
);

    localparam integer BYTES = IN_W / 8;
    localparam integer SKIP  = (LATENCY > 0) ? LATENCY - 1 : 0;  // edges before the first result

    generate
        if (IN_W % 8 != 0 || LATENCY < 0) begin : g_illegal
            ERROR_vector_player_in_w_is_a_multiple_of_8_and_latency_not_negative u_error ();
        end
    endgenerate

    reg             start  = 1'b0;
    reg             done   = 1'b0;
    reg             failed = 1'b0;
    reg [IN_W-1:0]  next_word;
    reg [8*256-1:0] vectors, results;  // file names
    integer         count = 0;
    integer         edges, fd_in, fd_out, got;

    task tick;
        begin
            #5 clk = 1'b1;
            #5 clk = 1'b0;
            edges = edges + 1;
            if (edges > SKIP) $fwrite(fd_out, "%h\n", result);
        end
    endtask

    initial begin
        clk  = 1'b0;
        word = {IN_W{1'bx}};
        idle = 1'b1;
        if (!$value$plusargs("vectors=%s", vectors)) vectors = "vectors.bin";
        if (!$value$plusargs("results=%s", results)) results = "results.hex";
    end

    always @(posedge start) begin
        done   = 1'b0;
        failed = 1'b0;
        count  = 0;
        edges  = 0;
        fd_in  = $fopen(vectors, "rb");
        fd_out = $fopen(results, "w");
        if (fd_in == 0 || fd_out == 0) begin
            failed = 1'b1;
        end else begin
            got = $fread(next_word, fd_in);
            while (got == BYTES) begin
                word  = next_word;
                idle  = 1'b0;
                count = count + 1;
                tick;
                got = $fread(next_word, fd_in);
            end
            failed = (got != 0);
            word = {IN_W{1'bx}};
            idle = 1'b1;
            if (count > 0) repeat (SKIP) tick;
            $fclose(fd_in);
            $fclose(fd_out);
        end
        #1 done = 1'b1;
    end

endmodule

`default_nettype wire
