// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The memory of the engine: words of two halves, and two ports, as block RAM has. Port A reads
//   for the window reader. Port B writes halves of words, and reads.
//
//     a_address ─► ┌──────────┐ ─► register ─► a_data
//     b_address ─► │ memory   │ ─► register ─► b_data
//     b_data_in ─► └──────────┘
//
// Latency
//   2 cycles from an address to its data, one word per cycle: block RAM and an output register.
//   Port A advances, in both steps, only while a_enable is high, port B in every cycle. A word can
//   be read, by either port, in the cycle after it was written.
//
// Numbers
//   None: bits pass unchanged. No reset: words are undefined until they are written. A port that
//   reads a word in the cycle in which it is written gets undefined bits.
//
// Example
//   WORD_W 16: b_write 2'b10 with b_data_in 16'h1234 writes 8'h12 to the upper half of a word, and
//   leaves the lower one.
`default_nettype none

module engine_memory #(
    parameter integer WORDS  = 4096,  // 2 or more
    parameter integer WORD_W = 64     // bits of a word, an even number
) (
    input  wire                     clk,
    // port A
    input  wire                     a_enable,
    input  wire [$clog2(WORDS)-1:0] a_address,
    output wire [WORD_W-1:0]        a_data,
    // port B
    input  wire [1:0]               b_write,  // halves to write, the lower first
    input  wire [$clog2(WORDS)-1:0] b_address,
    input  wire [WORD_W-1:0]        b_data_in,
    output wire [WORD_W-1:0]        b_data
);

    localparam integer HALF_W = WORD_W / 2;

    genvar h;
    generate
        if (WORDS < 2) begin : g_illegal
            ERROR_engine_memory_WORDS_must_be_2_or_more u_error ();
        end
        for (h = 0; h < 2; h = h + 1) begin : g_half
            (* no_rw_check, ram_style = "block" *)
            reg [HALF_W-1:0] mem[0:WORDS-1];
            reg [HALF_W-1:0] a_read_q, a_data_q, b_read_q, b_data_q;

            always @(posedge clk) begin
                if (a_enable) begin
                    a_read_q <= mem[a_address];
                    a_data_q <= a_read_q;
                end
                if (b_write[h]) mem[b_address] <= b_data_in[h*HALF_W +: HALF_W];
                else b_read_q <= mem[b_address];
                b_data_q <= b_read_q;
            end

            assign a_data[h*HALF_W +: HALF_W] = a_data_q;
            assign b_data[h*HALF_W +: HALF_W] = b_data_q;
        end
    endgenerate

endmodule

`default_nettype wire
