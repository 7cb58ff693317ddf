// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Executes the host's commands, one at a time. A command is a packet of words:
//
//     byte   0         1 2 3          4 5 6 7
//            command   count          address     then data, of a write only
//
//     command   0 write   the words that follow, to address, address + 1 and so on
//               1 read    count words from address on: a packet on m_axis
//               2 run     play the stored program, and wait until it ends
//
//   Errors are one-cycle strobes, one per bit of STATUS; `halted` must be high from the next cycle
//   on. While halted, packets are drained.
//
//     error_illegal   an unknown command; a run without a program, or whose program is being
//                     replaced before it starts
//     error_length    a packet of the wrong length: a write without data, data after any other
//                     command, a read of 0 words, a packet of less than 8 bytes
//     error_range     an address outside of the memory
//
// Latency
//   0 cycles from a word that is accepted to its write, 2 from an address to its word; a read takes
//   3 cycles per word. `play` comes 2 cycles after the last word of its command, later while
//   `playing` is still high after a reset.
//
// Numbers
//   None: bits pass unchanged.
//
// Example
//   WORD_W 64, the words 64'h0000_0005_0000_0000 and 64'h1234 with tlast: word 5 becomes 64'h1234.
`default_nettype none

module host_port #(
    parameter integer WORDS  = 4096,  // words of the memory
    parameter integer WORD_W = 64     // bits of a word: 16, 32 or 64
) (
    input  wire                     clk,
    input  wire                     rst,
    input  wire                     halted,
    // commands
    input  wire [WORD_W-1:0]        in_data,
    input  wire                     in_last,
    input  wire                     in_valid,
    output wire                     in_ready,
    // the memory; data comes two cycles after its address
    output wire                     host_write,
    output wire [$clog2(WORDS)-1:0] host_address,
    output wire [WORD_W-1:0]        host_data_in,
    input  wire [WORD_W-1:0]        host_data,
    // words read
    output wire [WORD_W-1:0]        out_data,
    output wire                     out_last,
    output wire                     out_valid,
    input  wire                     out_ready,
    // the program
    input  wire                     stored,   // there is a program
    output wire                     play,
    input  wire                     playing,  // beats of the program have not been accepted yet
    input  wire                     running,  // the engine runs it
    // errors
    output wire                     error_illegal,
    output wire                     error_length,
    output wire                     error_range
);

    localparam integer HEADER_BEATS = 64 / WORD_W;
    localparam integer ADDRESS_W    = $clog2(WORDS);
    localparam [31:0]  HEADER_END   = HEADER_BEATS - 1;
    localparam [31:0]  WORDS_32     = WORDS;

    localparam [7:0] WRITE = 8'd0;
    localparam [7:0] READ  = 8'd1;
    localparam [7:0] RUN   = 8'd2;

    localparam [2:0] COLLECT = 3'd0;
    localparam [2:0] CHECK   = 3'd1;
    localparam [2:0] WRITING = 3'd2;
    localparam [2:0] READING = 3'd3;
    localparam [2:0] PLAY    = 3'd4;
    localparam [2:0] PLAYING = 3'd5;

    generate
        if (WORD_W != 16 && WORD_W != 32 && WORD_W != 64) begin : g_illegal
            ERROR_host_port_WORD_W_must_be_16_32_or_64 u_error ();
        end
    endgenerate

    reg [2:0]  state_q;
    reg [1:0]  beat_q;             // word of a command's first 8 bytes
    reg [63:0] header_q;
    reg        packet_ended_q;     // the command's packet has ended
    reg [31:0] address_q;
    reg [23:0] words_remaining_q;  // of a read
    reg [1:0]  data_wait_q;        // cycles until host_data is the word at host_address
    reg        started_q;          // the engine has begun the program

    wire [7:0]  command       = header_q[7:0];
    wire [23:0] count         = header_q[31:8];
    wire        accepted      = in_valid && in_ready && !halted;
    wire        header_end    = (beat_q == HEADER_END[1:0]);
    wire        checking      = (state_q == CHECK) && !halted;
    wire        writing       = (state_q == WRITING) && in_valid && !halted;
    wire        reading       = (state_q == READING) && !halted;
    wire        beyond        = (address_q >= WORDS_32);
    wire        command_known = (command <= RUN);
    wire        legal         = command_known && ((command != RUN) || stored);
    // data follows a write, and nothing else
    wire        length_legal  = (packet_ended_q != (command == WRITE)) &&
                                ((command != READ) || (count != 24'd0));
    wire        word_sent     = out_valid && out_ready;

    assign in_ready      = halted || (state_q == COLLECT) || (state_q == WRITING);
    assign host_write    = writing && !beyond;
    assign host_address  = address_q[ADDRESS_W-1:0];
    assign host_data_in  = in_data;
    assign out_data      = host_data;
    assign out_last      = (words_remaining_q == 24'd1);
    assign out_valid     = reading && (data_wait_q == 2'd0) && !beyond;
    assign play          = (state_q == PLAY) && !playing && stored && !halted;
    assign error_illegal = (checking && !legal) ||
                           ((state_q == PLAY) && !playing && !stored && !halted);
    assign error_length  = (checking && legal && !length_legal) || (accepted && in_last &&
                           (state_q == COLLECT) && !header_end);
    assign error_range   = (writing || reading) && beyond;

    wire [63:0] header_d;

    generate
        if (WORD_W == 64) begin : g_one_word
            assign header_d = in_data;
        end else begin : g_words
            assign header_d = {in_data, header_q[63:WORD_W]};
        end
    endgenerate

    always @(posedge clk) begin
        if (accepted && (state_q == COLLECT)) begin
            header_q       <= header_d;
            packet_ended_q <= in_last;
        end
        if (state_q == CHECK) begin
            address_q         <= header_q[63:32];
            words_remaining_q <= count;
        end else if (writing || word_sent) begin
            address_q         <= address_q + 32'd1;
            words_remaining_q <= words_remaining_q - 24'd1;
        end
        data_wait_q <= (!reading || word_sent) ? 2'd2 :
                       (data_wait_q == 2'd0) ? 2'd0 : data_wait_q - 2'd1;
        if (state_q != PLAYING) started_q <= 1'b0;
        else if (running) started_q <= 1'b1;
        if (rst) begin
            state_q <= COLLECT;
            beat_q  <= 2'd0;
        end else begin
            case (state_q)
                COLLECT:
                    if (accepted) begin
                        beat_q <= header_end ? 2'd0 : beat_q + 2'd1;
                        if (header_end) state_q <= CHECK;
                    end
                CHECK:
                    if (legal && length_legal)
                        state_q <= (command == WRITE) ? WRITING :
                                   (command == READ) ? READING : PLAY;
                WRITING: if (writing && in_last) state_q <= COLLECT;
                READING: if (word_sent && out_last) state_q <= COLLECT;
                // the rest of a program that a reset has cut off is being drained
                PLAY: if (!playing) state_q <= PLAYING;
                PLAYING: if (started_q && !playing && !running) state_q <= COLLECT;
                default: state_q <= COLLECT;
            endcase
        end
    end

endmodule

`default_nettype wire
