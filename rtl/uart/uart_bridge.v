// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Frames in, frames out, and between them the core's registers, its two input streams and its
//   results.
//
//   A frame (frame_rx) is a type byte, a body, and the checksum. The host sends commands; each is
//   answered by one frame with the same first byte, in order. Results are sent unsolicited, when
//   neither a note nor an answer is due.
//
//     command         body                   answer
//     01 hello                               status  4D 55  version (1)  log2 of the host's credit
//     02 reset                               status
//     03 read         address                status  AXI response  data x 4
//     04 write        address  data x 4      status  AXI response
//     1x weights      tuser  beats  data     status      beats 1..255, 0 stands for 256; x = 1:
//     2x activations  tuser  beats  data     status      the last has tlast; tuser applies to all
//     8x result       (from the bridge) n, data x n      one beat: the n bytes that tkeep marks;
//                                                        x: tlast
//     00 note         (from the bridge) status           the first error, unsolicited
//
//   A command takes effect only if its checksum is correct, and so does the last beat of a stream
//   frame: a damaged frame completes no panel. An answer means that the whole frame was processed:
//   its bytes no longer count against the credit, the number of bytes that the host may have
//   outstanding.
//
//   Status: [0] framing, [1] overrun, [2] checksum, [3] cut_short, [4] unknown_command, [5]
//   stray_byte, [7] the core's irq. Bits 0 to 5 are sticky. While one of them is set, only hello
//   and reset have any effect; other commands are answered with the status alone, and stream data
//   and results are discarded, as damaged input has no valid result. A reset resets the core as
//   well, so that both sides start with no panel open.
//
//   Resynchronisation: the host restarts with 7E 02 sum, at any time: 7E aborts the frame it
//   interrupts. If no answer comes, the bridge waits for the core to accept a beat; the host then
//   sends as many 7E as the credit has bytes, and the overrun ends the wait.
//
// Latency
//   A command's effect begins 2 cycles after its last byte at the earliest. The next command is
//   accepted once the answer has been sent, whether or not the host has read it.
//
// Numbers
//   All numbers are little-endian, data of a stream lane 0 first.
//
// Example
//   7E 03 00 D0 DA reads register 0, ID; the answer 7E 03 00 00 52 43 41 4D CC 18 is 32'h4D414352.
`default_nettype none

module uart_bridge #(
    parameter integer W_W         = 64,  // bits of weights' tdata, 8..2048, whole bytes
    parameter integer A_W         = 64,  // bits of activations' tdata, 8..2048, whole bytes
    parameter integer COLS        = 8,   // lanes of 32 bits in a result, 1..32
    // log2 of the bytes that the host may have outstanding, for hello: 4..10
    parameter integer CREDIT_LOG2 = 9
) (
    input  wire               clk,
    input  wire               rst,
    // bytes from the host
    input  wire [7:0]         in_data,
    input  wire               in_valid,
    output wire               in_ready,
    input  wire               framing,  // strobes: what the receiver saw
    input  wire               overrun,
    // bytes to the host
    output wire [7:0]         out_data,
    output wire               out_valid,
    input  wire               out_ready,
    // the core
    output wire               core_rst,
    input  wire               irq,
    output wire               failed,  // a status bit is set
    // weight and activation panels: the data is one register, the valid says whose
    output wire [W_W-1:0]     w_tdata,
    output wire [7:0]         w_tuser,
    output wire               w_tvalid,
    input  wire               w_tready,
    output wire               w_tlast,
    output wire [A_W-1:0]     a_tdata,
    output wire [1:0]         a_tuser,
    output wire               a_tvalid,
    input  wire               a_tready,
    output wire               a_tlast,
    // results
    input  wire [32*COLS-1:0] m_tdata,
    input  wire [4*COLS-1:0]  m_tkeep,
    input  wire               m_tvalid,
    output wire               m_tready,
    input  wire               m_tlast,
    // registers, one access at a time
    output wire [7:0]         axil_addr,
    output wire [31:0]        axil_wdata,
    output wire               axil_awvalid,
    input  wire               axil_awready,
    output wire               axil_wvalid,
    input  wire               axil_wready,
    input  wire [1:0]         axil_bresp,
    input  wire               axil_bvalid,
    output wire               axil_bready,
    output wire               axil_arvalid,
    input  wire               axil_arready,
    input  wire [31:0]        axil_rdata,
    input  wire [1:0]         axil_rresp,
    input  wire               axil_rvalid,
    output wire               axil_rready
);

    localparam integer WIDER            = (W_W > A_W) ? W_W : A_W;
    // at least the address and data of a write
    localparam integer BUF_W            = (WIDER > 40) ? WIDER : 40;
    localparam integer REMAINING_W      = $clog2(BUF_W/8 + 1);
    localparam [31:0]  W_SIZE           = W_W / 8;
    localparam [31:0]  A_SIZE           = A_W / 8;
    localparam [31:0]  M_SIZE           = 4 * COLS;
    localparam [31:0]  CREDIT_LOG2_WORD = CREDIT_LOG2;
    localparam [7:0]   VERSION          = 8'd1;

    // types of frames; the lowest bit of the last three is tlast
    localparam [7:0] NOTE        = 8'h00;
    localparam [7:0] HELLO       = 8'h01;
    localparam [7:0] RESET       = 8'h02;
    localparam [7:0] READ        = 8'h03;
    localparam [7:0] WRITE       = 8'h04;
    localparam [6:0] WEIGHTS     = 7'h08;
    localparam [6:0] ACTIVATIONS = 7'h10;
    localparam [6:0] RESULTS     = 7'h40;

    // index of a body's last byte
    localparam [31:0] READ_END  = 32'd0;
    localparam [31:0] WRITE_END = 32'd4;

    // position in a frame
    localparam [3:0] HUNT    = 4'd0;  // outside
    localparam [3:0] COMMAND = 4'd1;
    localparam [3:0] USER    = 4'd2;
    localparam [3:0] BEATS   = 4'd3;
    localparam [3:0] DATA    = 4'd4;
    localparam [3:0] OFFER   = 4'd5;  // a beat that is not the frame's last
    localparam [3:0] SUM     = 4'd6;
    localparam [3:0] CHECK   = 4'd7;
    localparam [3:0] EXECUTE = 4'd8;  // the command's effect; the frame's last beat
    localparam [3:0] ANSWER  = 4'd9;

    generate
        if (W_W < 8 || W_W > 2048 || W_W % 8 != 0) begin : g_illegal_weights
            ERROR_uart_bridge_W_W_must_be_8_to_2048_and_a_multiple_of_8 u_error ();
        end
        if (A_W < 8 || A_W > 2048 || A_W % 8 != 0) begin : g_illegal_activations
            ERROR_uart_bridge_A_W_must_be_8_to_2048_and_a_multiple_of_8 u_error ();
        end
        if (COLS < 1 || COLS > 32) begin : g_illegal_cols
            ERROR_uart_bridge_COLS_must_be_1_to_32 u_error ();
        end
        if (CREDIT_LOG2 < 4 || CREDIT_LOG2 > 10) begin : g_illegal_credit
            ERROR_uart_bridge_CREDIT_LOG2_must_be_4_to_10 u_error ();
        end
    endgenerate

    // --- commands --------------------------------------------------------------------------------

    wire       token_valid, token_start, checksum_ok, token_ready;
    wire [7:0] byte_in;

    frame_rx u_frame_rx (
        .clk        (clk),
        .rst        (rst),
        .in_data    (in_data),
        .in_valid   (in_valid),
        .in_ready   (in_ready),
        .out_start  (token_start),
        .out_data   (byte_in),
        .out_valid  (token_valid),
        .out_ready  (token_ready),
        .checksum_ok(checksum_ok)
    );

    reg [3:0]             state_q, state_d;
    reg [7:0]             command_q;
    reg [7:0]             user_q;
    reg [7:0]             beats_q;            // after the one being received
    reg [REMAINING_W-1:0] bytes_remaining_q;  // bytes of the beat, or of the body, after this one
    reg                   checksum_high_q;    // the checksum's high byte is next
    reg [BUF_W-1:0]       buffer_q;           // bytes enter at the top
    reg                   access_issued_q;    // the access's address and data were accepted
    reg                   core_rst_q;
    reg [5:0]             status_q;
    reg                   note_q;             // a note is due

    wire [5:0] error;
    wire       answer_sent, note_sent;
    reg        answer_sent_q, result_sent_q;

    wire is_stream     = (command_q[7:1] == WEIGHTS) || (command_q[7:1] == ACTIVATIONS);
    wire is_weights    = command_q[4];
    wire byte_accepted = token_valid && !token_start && token_ready;
    wire in_frame      = (state_q != HUNT) && (state_q != COMMAND);

    assign failed      = (status_q != 6'd0);
    assign token_ready = (state_q != OFFER) && (state_q != CHECK) && (state_q != EXECUTE) &&
                         (state_q != ANSWER);

    // the command byte being offered
    wire       command_stream = (byte_in[7:1] == WEIGHTS) || (byte_in[7:1] == ACTIVATIONS);
    wire       command_known  = (byte_in >= HELLO && byte_in <= WRITE) || command_stream;

    // A failed bridge waits neither for a beat to be accepted nor for an access to be answered.
    wire beat_done       = failed || (is_weights ? w_tready : a_tready);
    wire access_accepted = (command_q == READ) ? axil_arready : axil_awready && axil_wready;
    wire access_done     = (command_q == READ) ? axil_rvalid :
                           (command_q == WRITE) ? axil_bvalid : 1'b1;

    always @* begin
        state_d = state_q;
        case (state_q)
            COMMAND: if (byte_accepted)
                         state_d = !command_known ? HUNT : command_stream ? USER :
                                   (byte_in == WRITE || byte_in == READ) ? DATA : SUM;
            USER:    if (byte_accepted) state_d = BEATS;
            BEATS:   if (byte_accepted) state_d = DATA;
            DATA:    if (byte_accepted && bytes_remaining_q == {REMAINING_W{1'b0}})
                         state_d = (is_stream && beats_q != 8'd0) ? OFFER : SUM;
            OFFER:   if (beat_done) state_d = DATA;
            SUM:     if (byte_accepted && checksum_high_q) state_d = CHECK;
            CHECK:   state_d = checksum_ok ? EXECUTE : HUNT;
            EXECUTE: if (failed || (is_stream ? beat_done : access_done)) state_d = ANSWER;
            ANSWER:  if (answer_sent) state_d = HUNT;
            default: state_d = HUNT;
        endcase
        if (token_valid && token_start && token_ready) state_d = COMMAND;
    end

    assign error = {byte_accepted && (state_q == HUNT) && !failed,
                    byte_accepted && (state_q == COMMAND) && !command_known,
                    token_valid && token_start && token_ready && in_frame,
                    (state_q == CHECK) && !checksum_ok,
                    overrun,
                    framing};

    wire reset_command = (state_q == EXECUTE) && (command_q == RESET);

    always @(posedge clk) begin
        if (rst) begin
            state_q         <= HUNT;
            status_q        <= 6'd0;
            note_q          <= 1'b0;
            access_issued_q <= 1'b0;
            core_rst_q      <= 1'b1;
        end else begin
            state_q         <= state_d;
            status_q        <= reset_command ? 6'd0 : status_q | error;
            note_q          <= !reset_command &&
                               ((note_q && !note_sent) || (!failed && error != 6'd0));
            access_issued_q <= (state_q == EXECUTE) && (access_issued_q || access_accepted);
            core_rst_q      <= reset_command;
        end

        if (byte_accepted && state_q == COMMAND) command_q <= byte_in;
        if (byte_accepted && state_q == USER) user_q <= byte_in;

        if (byte_accepted && state_q == BEATS) beats_q <= byte_in - 8'd1;
        else if (state_q == OFFER && beat_done) beats_q <= beats_q - 8'd1;

        if (state_q == DATA) begin
            if (byte_accepted) bytes_remaining_q <= bytes_remaining_q - 1'b1;
        end else if (is_stream && state_q != COMMAND) begin
            bytes_remaining_q <= is_weights ? W_SIZE[REMAINING_W-1:0] - 1'b1 :
                                 A_SIZE[REMAINING_W-1:0] - 1'b1;
        end else begin
            bytes_remaining_q <= (byte_in == WRITE) ? WRITE_END[REMAINING_W-1:0] :
                                                      READ_END[REMAINING_W-1:0];
        end

        if (state_q != SUM) checksum_high_q <= 1'b0;
        else if (byte_accepted) checksum_high_q <= 1'b1;

        if (byte_accepted && state_q == DATA) buffer_q <= {byte_in, buffer_q[BUF_W-1:8]};
    end

    // --- the core --------------------------------------------------------------------------------

    wire beat_offered = ((state_q == OFFER) || (state_q == EXECUTE && is_stream)) && !failed;
    wire beat_last    = (state_q == EXECUTE) && command_q[0];

    assign core_rst = core_rst_q;
    assign w_tdata  = buffer_q[BUF_W-1 -: W_W];
    assign w_tuser  = user_q;
    assign w_tvalid = beat_offered && is_weights;
    assign w_tlast  = beat_last;
    assign a_tdata  = buffer_q[BUF_W-1 -: A_W];
    assign a_tuser  = user_q[1:0];
    assign a_tvalid = beat_offered && !is_weights;
    assign a_tlast  = beat_last;

    // axil_regs is idle when an access starts, because the previous one has been answered. Both
    // readies of a write are then high, and address and data are accepted in the same cycle. A
    // valid may depend on a ready here only because axil_regs' readies do not wait for a valid.
    wire access_start = (state_q == EXECUTE) && !failed && !access_issued_q;
    assign axil_addr    = (command_q == READ) ? buffer_q[BUF_W-1 -: 8] : buffer_q[BUF_W-40 +: 8];
    assign axil_wdata   = buffer_q[BUF_W-1 -: 32];
    assign axil_arvalid = access_start && (command_q == READ);
    assign axil_awvalid = access_start && (command_q == WRITE) && axil_wready;
    assign axil_wvalid  = access_start && (command_q == WRITE) && axil_awready;
    // the response holds until the answer to the host has been sent
    assign axil_rready  = answer_sent_q;
    assign axil_bready  = answer_sent_q;

    // --- messages to the host --------------------------------------------------------------------

    localparam [1:0] IDLE      = 2'd0;
    localparam [1:0] NOTING    = 2'd1;
    localparam [1:0] ANSWERING = 2'd2;
    localparam [1:0] RESULT    = 2'd3;

    reg  [1:0] message_q;
    reg  [7:0] byte_index_q;
    // The index of the last byte and the second byte are fixed when the message starts. An error or
    // a reset during the message changes neither, so that the length always agrees with the status
    // of an answer and with n of a result.
    reg  [7:0] last_index_q;
    reg  [7:0] second_byte_q;
    wire       message_ready;

    wire [7:0]  status   = {irq, 1'b0, status_q};
    wire [1:0]  resp     = (command_q == READ) ? axil_rresp : axil_bresp;
    wire [39:0] body     = (command_q == HELLO) ? {8'd0, CREDIT_LOG2_WORD[7:0], VERSION, "U", "M"} :
                           {axil_rdata, 6'd0, resp};
    wire [7:0]  body_end = (command_q == HELLO) ? 8'd5 : failed ? 8'd1 :
                           (command_q == READ) ? 8'd6 : (command_q == WRITE) ? 8'd2 : 8'd1;

    // tkeep marks the lower quarters: all, three, two, one or none
    wire [7:0]  result_bytes = m_tkeep[4*COLS-1] ? M_SIZE[7:0] :
                               m_tkeep[3*COLS-1] ? M_SIZE[8:1] + M_SIZE[9:2] :
                               m_tkeep[2*COLS-1] ? M_SIZE[8:1] :
                               m_tkeep[COLS-1] ? M_SIZE[9:2] : 8'd0;

    wire [6:0]  data_index   = byte_index_q[6:0] - 7'd2;
    wire [7:0]  frame_type   = (message_q == NOTING) ? NOTE :
                               (message_q == ANSWERING) ? command_q : {RESULTS, m_tlast};
    wire [7:0]  header_byte  = (byte_index_q == 8'd0) ? frame_type : second_byte_q;
    wire [7:0]  data_byte    = (message_q == RESULT) ? m_tdata[8*data_index +: 8] :
                               body[8*data_index[2:0] +: 8];
    wire [1:0]  next_message = note_q ? NOTING : (state_q == ANSWER) ? ANSWERING :
                               (m_tvalid && !failed && !result_sent_q) ? RESULT : IDLE;
    wire        message_last = (byte_index_q == last_index_q);
    wire        message_end  = (message_q != IDLE) && message_ready && message_last;

    assign note_sent   = message_end && (message_q == NOTING);
    assign answer_sent = message_end && (message_q == ANSWERING);
    // A failed bridge discards results, except one whose frame is being sent. The end of a message
    // is registered before it becomes a ready, because the path from the line's ready is long.
    assign m_tready    = result_sent_q || (failed && message_q != RESULT);

    always @(posedge clk) begin
        result_sent_q <= message_end && (message_q == RESULT);
        answer_sent_q <= answer_sent;
        if (rst) message_q <= IDLE;
        else if (message_q == IDLE) message_q <= next_message;
        else if (message_end) message_q <= IDLE;

        if (message_q == IDLE) begin
            byte_index_q  <= 8'd0;
            last_index_q  <= (next_message == NOTING) ? 8'd1 :
                             (next_message == ANSWERING) ? body_end : result_bytes + 8'd1;
            second_byte_q <= (next_message == RESULT) ? result_bytes : status;
        end else if (message_ready) begin
            byte_index_q <= byte_index_q + 8'd1;
        end
    end

    frame_tx u_frame_tx (
        .clk      (clk),
        .rst      (rst),
        .in_data  ((byte_index_q[7:1] == 7'd0) ? header_byte : data_byte),
        .in_last  (message_last),
        .in_valid (message_q != IDLE),
        .in_ready (message_ready),
        .out_data (out_data),
        .out_valid(out_valid),
        .out_ready(out_ready)
    );

endmodule

`default_nettype wire
