// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The memory of the engine: words of two halves, and two ports, as block RAM has. Port A reads
//   for the window reader. Port B writes halves of words, and reads.
//
//     port_a_address ─► ┌──────────┐ ─► register ─► port_a_data
//     port_b_address ─► │ memory   │ ─► register ─► port_b_data
//     port_b_data_in ─► └──────────┘
//
// Latency
//   2 cycles from an address to its data, one word per cycle: block RAM and an output register.
//   Port A advances, in both steps, only while port_a_enable is high, port B in every cycle. A word
//   can be read, by either port, in the cycle after it was written.
//
// Numbers
//   None: bits pass unchanged. No reset: words are undefined until they are written. A port that
//   reads a word in the cycle in which it is written gets undefined bits.
//
// Example
//   WORD_W 16: port_b_write 2'b10 with port_b_data_in 16'h1234 writes 8'h12 to the upper half of a
//   word, and leaves the lower one.
`default_nettype none

module engine_memory #(
    parameter integer WORDS  = 4096,  // 2 or more
    parameter integer WORD_W = 64     // bits of a word, an even number
) (
    input  wire                     clk,
    // port A
    input  wire                     port_a_enable,
    input  wire [$clog2(WORDS)-1:0] port_a_address,
    output wire [WORD_W-1:0]        port_a_data,
    // port B
    input  wire [1:0]               port_b_write,  // halves to write, the lower first
    input  wire [$clog2(WORDS)-1:0] port_b_address,
    input  wire [WORD_W-1:0]        port_b_data_in,
    output wire [WORD_W-1:0]        port_b_data
);

    localparam integer HALF_W = WORD_W / 2;

    genvar h;
    generate
        if (WORDS < 2) begin : g_illegal
            ERROR_engine_memory_WORDS_must_be_2_or_more u_error ();
        end
        if (WORD_W < 2 || WORD_W % 2 != 0) begin : g_illegal_word
            ERROR_engine_memory_WORD_W_must_be_even u_error ();
        end
        for (h = 0; h < 2; h = h + 1) begin : g_half
            (* no_rw_check, ram_style = "block" *)
            reg [HALF_W-1:0] mem[0:WORDS-1];
            reg [HALF_W-1:0] port_a_read_q, port_a_data_q, port_b_read_q, port_b_data_q;

            always @(posedge clk) begin
                if (port_a_enable) begin
                    port_a_read_q <= mem[port_a_address];
                    port_a_data_q <= port_a_read_q;
                end
                if (port_b_write[h]) mem[port_b_address] <= port_b_data_in[h*HALF_W +: HALF_W];
                else port_b_read_q <= mem[port_b_address];
                port_b_data_q <= port_b_read_q;
            end

            assign port_a_data[h*HALF_W +: HALF_W] = port_a_data_q;
            assign port_b_data[h*HALF_W +: HALF_W] = port_b_data_q;
        end
    endgenerate

endmodule

`default_nettype wire
