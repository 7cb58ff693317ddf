// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Reads a program item by item: checks descriptors, offers jobs to the other modules, and
//   forwards weight panels and tables. docs/engine.md has the format.
//
//     collect ─► check ─┬─ begin ────────────────────────────────────► collect
//        ▲              ├─ product ───► weights ─► all have the job ─► collect
//        │              ├─ elementwise ──────────► all have the job ─► collect
//        │              ├─ tables ────► tables ──────────────────────► collect
//        │              └─ end ───────► wait for the results ────────► finished
//        └── in_data, shifted into the descriptor
//
//   A job is offered to the reader first, at once or, with WAIT, when results_written is high. The
//   writer takes it next, as soon as it has written the results of the job before, and the
//   elementwise unit after the writer, so that it gets no results of an earlier job. The descriptor
//   stays until then; meanwhile the panels of weights go to the core.
//
//   Errors are strobes of one cycle; `halted` must be high from the next cycle on. They come one
//   cycle after their cause; in that cycle no job is offered, and what is accepted is ignored.
//   While halted the program is drained. The next program starts after `rst`, or after `finished`.
//   An end without tlast is illegal: what follows it would be taken for the next program.
//
// Latency
//   A descriptor takes 128 / DEPTH^2 beats, and 1 cycle to be checked; its job is offered in the
//   next one. Weights pass a register, which takes their first beat while the descriptor is
//   checked; tables pass combinationally.
//
// Numbers
//   None: weights pass unchanged, except for sparse slices. Slice s of a beat has two bytes of
//   column j, at depth (j + s) modulo DEPTH / 2 and DEPTH / 2 above it; they go to depth j modulo
//   DEPTH / 2 and DEPTH / 2 above it, all others are zero. Pairs of words of tables lie in a beat
//   like sparse slices: of A the lower bytes, of B the upper ones.
//
// Example
//   DEPTH 8: begin, 2 beats, and an end, 2 beats, with the checksum of begin, and tlast: `finished`
//   is high 2 cycles after the last beat.
`default_nettype none

module program_decoder #(
    parameter integer DEPTH      = 8,    // DEPTH and COLS of the core: 2, 4 or 8
    parameter integer WORDS      = 4096, // words of the memory
    parameter integer SLICES_MAX = 128   // slices of the core's longest panel, 1..65534
) (
    input  wire                     clk,
    input  wire                     rst,
    input  wire                     halted,
    // program
    input  wire [8*DEPTH*DEPTH-1:0] in_data,
    input  wire                     in_last,
    input  wire                     in_valid,
    output wire                     in_ready,
    // weight panels
    output wire [8*DEPTH*DEPTH-1:0] weights_data,
    output wire [7:0]               weights_user,
    output wire                     weights_last,
    output wire                     weights_valid,
    input  wire                     weights_ready,
    // tables: a word of A, and above it one of B
    output wire [16*DEPTH-1:0]      table_data,
    output wire                     table_valid,
    output wire                     table_last,
    input  wire                     table_ready,
    // jobs
    output wire [1023:0]            descriptor,
    output wire                     product,      // kinds 2 and 4
    output wire                     elementwise,  // kinds 3 and 4
    output wire                     reader_job_valid,
    input  wire                     reader_job_ready,
    output wire                     writer_job_valid,
    input  wire                     writer_job_ready,
    output wire                     unit_job_valid,
    input  wire                     unit_job_ready,
    // status
    input  wire                     results_written,  // of all jobs taken, to the memory
    output wire                     finished,         // one cycle
    output wire                     error_illegal,
    output wire                     error_short,
    output wire                     error_corrupt,
    output wire                     starved           // it waits for a beat of the program
);

    localparam integer BEAT_W           = 8 * DEPTH * DEPTH;
    localparam integer HALF             = DEPTH / 2;
    localparam integer DESCRIPTOR_BEATS = 1024 / BEAT_W;
    localparam integer TABLE_BEATS      = 16384 / BEAT_W;
    localparam integer RECORD_BEATS     = (12 + DEPTH - 1) / DEPTH;
    localparam integer CHECKSUM_WORDS   = BEAT_W / 32;
    localparam integer PORTION_W        = (HALF < 2) ? 1 : $clog2(HALF);
    localparam [31:0]  DESCRIPTOR_END   = DESCRIPTOR_BEATS - 1;
    localparam [31:0]  TABLE_END        = TABLE_BEATS - 1;
    localparam [31:0]  RECORD_END       = RECORD_BEATS - 1;
    localparam [31:0]  PORTION_END      = HALF - 1;
    localparam integer BEAT_COUNT_W     = $clog2(TABLE_BEATS);  // tables have the most
    localparam integer SLICE_W          = $clog2(SLICES_MAX + 2);
    localparam [31:0]  ONE              = 1;
    localparam [31:0]  TWO              = 2;
    localparam [31:0]  WORDS_32         = WORDS;
    localparam [31:0]  SLICES_32        = SLICES_MAX;
    localparam [31:0]  DEPTH_32         = DEPTH;

    localparam [7:0] VERSION     = 8'd1;  // of the program's format
    localparam [7:0] COMMAND_END = 8'd4;  // the elementwise unit's last operation

    // kinds
    localparam [7:0] END         = 8'd0;
    localparam [7:0] BEGIN       = 8'd1;
    localparam [7:0] PRODUCT     = 8'd2;
    localparam [7:0] ELEMENTWISE = 8'd3;
    localparam [7:0] FUSED       = 8'd4;
    localparam [7:0] TABLES      = 8'd5;

    localparam [2:0] COLLECT = 3'd0;
    localparam [2:0] CHECK   = 3'd1;
    localparam [2:0] WEIGHTS = 3'd2;
    localparam [2:0] OFFER   = 3'd3;
    localparam [2:0] TABLE   = 3'd4;
    localparam [2:0] FINISH  = 3'd5;

    generate
        if (DEPTH != 2 && DEPTH != 4 && DEPTH != 8) begin : g_illegal
            ERROR_program_decoder_DEPTH_must_be_2_4_or_8 u_error ();
        end
        if (SLICES_MAX < 1 || SLICES_MAX > 65534) begin : g_illegal_slices
            ERROR_program_decoder_SLICES_MAX_must_be_1_to_65534 u_error ();
        end
    endgenerate

    reg [2:0]    state_q;
    reg [1023:0] descriptor_q;
    reg          begun_q;        // the begin item was accepted
    reg          tlast_q;        // tlast on the last beat of a descriptor
    reg [BEAT_COUNT_W-1:0] beat_q;  // of a descriptor, a record or tables
    reg          writer_pending_q, reader_pending_q, unit_pending_q;

    // an error in the cycle before
    reg  illegal_q, short_q, corrupt_q;
    wire stopped        = halted || illegal_q || short_q || corrupt_q;

    wire collecting     = (state_q == COLLECT);
    wire accepted       = in_valid && in_ready && !stopped;
    wire descriptor_end = (beat_q == DESCRIPTOR_END[BEAT_COUNT_W-1:0]);

    // --- the descriptor

    // fields, by their byte in the descriptor
    wire        wait_flag    = descriptor_q[8*1];
    wire        sparse       = descriptor_q[8*1 + 7];
    wire [1:0]  mode         = descriptor_q[8*2 +: 2];
    wire [15:0] panels       = descriptor_q[8*4 +: 16];
    wire [15:0] chunks       = descriptor_q[8*16 +: 16];
    // a legal panel has no more slices than fit in slice_q
    wire [SLICE_W-1:0] chunk_slices = descriptor_q[8*18 +: SLICE_W];
    wire [SLICE_W-1:0] last_slices  = descriptor_q[8*20 +: SLICE_W];
    wire [7:0]  command      = descriptor_q[8*108 +: 8];
    wire [31:0] end_checksum = descriptor_q[8*4 +: 32];  // of an end

    // Most fields are checked as the last beat arrives: descriptor_q then holds the beats before
    // it, one beat too high.
    wire [8*22-1:0] arrived = descriptor_q[BEAT_W +: 8*22];

    wire [7:0]  kind_d           = arrived[8*0 +: 8];
    wire        split_d          = arrived[8*1 + 1];
    wire        turn_column_d    = arrived[8*1 + 2];
    wire        turn_panel_d     = arrived[8*1 + 3];
    wire [7:0]  mode_d           = arrived[8*2 +: 8];
    wire [15:0] panels_d         = arrived[8*4 +: 16];
    wire [15:0] rows_d           = arrived[8*6 +: 16];
    wire [15:0] columns_d        = arrived[8*8 +: 16];
    wire [15:0] kernel_rows_d    = arrived[8*10 +: 16];
    wire [15:0] kernel_columns_d = arrived[8*12 +: 16];
    wire [15:0] kernel_words_d   = arrived[8*14 +: 16];
    wire [15:0] chunks_d         = arrived[8*16 +: 16];
    wire [15:0] chunk_slices_d   = arrived[8*18 +: 16];
    wire [15:0] last_slices_d    = arrived[8*20 +: 16];
    // of a begin
    wire [7:0]  version_d        = arrived[8*1 +: 8];
    wire [7:0]  core_depth_d     = arrived[8*2 +: 8];
    wire [7:0]  core_cols_d      = arrived[8*3 +: 8];
    wire [31:0] words_needed_d   = arrived[8*4 +: 32];
    wire [15:0] slices_needed_d  = arrived[8*8 +: 16];

    wire product_d        = (kind_d == PRODUCT) || (kind_d == FUSED);
    wire elementwise_d    = (kind_d == ELEMENTWISE) || (kind_d == FUSED);
    wire begin_legal      = (version_d == VERSION) && (core_depth_d == DEPTH_32[7:0]) &&
                            (core_cols_d == DEPTH_32[7:0]) && (words_needed_d <= WORDS_32) &&
                            (slices_needed_d <= SLICES_32[15:0]);
    wire counts_legal     = (panels_d != 16'd0) && (rows_d != 16'd0) && (columns_d != 16'd0) &&
                            (kernel_rows_d != 16'd0) && (kernel_columns_d != 16'd0) &&
                            (kernel_words_d != 16'd0);
    wire turn_flags_legal = !(turn_column_d && turn_panel_d) &&
                            (split_d || !(turn_column_d || turn_panel_d));
    wire single_tile      = (rows_d == 16'd1) && (columns_d == 16'd1);
    wire panels_legal     = (chunks_d != 16'd0) && (chunk_slices_d != 16'd0) &&
                            (last_slices_d != 16'd0) &&
                            (chunk_slices_d <= SLICES_32[15:0]) &&
                            (last_slices_d <= SLICES_32[15:0]) &&
                            ((chunks_d == 16'd1) || single_tile) &&
                            (mode_d[7:2] == 6'd0) && (mode_d[1:0] != 2'd0);
    wire job_legal        = counts_legal && turn_flags_legal && (panels_legal || !product_d);

    // of the descriptor, from the cycle after its last beat on
    reg  product_q, elementwise_q, begin_q, end_q;
    reg  fields_legal_q;
    reg  one_panel_q, one_chunk_q, chunk_one_slice_q, last_one_slice_q;

    wire is_begin = begin_q;
    wire is_end   = end_q;
    wire is_job   = product_q || elementwise_q;
    wire legal    = fields_legal_q && (is_begin != begun_q) &&
                    ((command <= COMMAND_END) || !elementwise_q) && (tlast_q || !is_end);

    assign product     = product_q;
    assign elementwise = elementwise_q;

    always @(posedge clk)
        if (collecting) begin
            product_q         <= product_d;
            elementwise_q     <= elementwise_d;
            begin_q           <= (kind_d == BEGIN);
            end_q             <= (kind_d == END);
            one_panel_q       <= (panels_d == 16'd1);
            one_chunk_q       <= (chunks_d == 16'd1);
            chunk_one_slice_q <= (chunk_slices_d == 16'd1);
            last_one_slice_q  <= (last_slices_d == 16'd1);
            fields_legal_q    <= (kind_d <= TABLES) &&
                                 (begin_legal || (kind_d != BEGIN)) &&
                                 (job_legal || !(product_d || elementwise_d));
        end

    // --- the checksum, compared with the end's field `check`: each word rotates what came before

    reg [31:0] checksum_q, beat_fold;
    reg        end_item_q;  // the item being read is the end
    wire       first_beat = (beat_q == {BEAT_COUNT_W{1'b0}});
    wire       end_item   = (collecting && first_beat) ? (in_data[7:0] == END) : end_item_q;

    integer w;
    always @* begin
        beat_fold = 32'd0;
        for (w = 0; w < CHECKSUM_WORDS; w = w + 1)
            beat_fold = {beat_fold[30:0], beat_fold[31]} ^ in_data[32*w +: 32];
    end

    wire [63:0] checksum_twice  = {checksum_q, checksum_q} << (CHECKSUM_WORDS % 32);
    wire        checksum_equal  = (checksum_q == end_checksum);
    wire        unused_checksum = &{1'b0, checksum_twice[31:0]};

    // --- weights

    reg                 in_record_q;
    // each counts from 2, and equals its limit in the last iteration but one
    reg [SLICE_W-1:0]   slice_q;
    reg [15:0]          chunk_q, panel_q;
    reg                 slice_last_q, chunk_last_q, panel_last_q;
    reg [PORTION_W-1:0] portion_q;  // sparse slice, or pair of words of the tables, within a beat

    // what is offered to the core
    reg [BEAT_W-1:0]    weights_q;
    reg [1:0]           weights_mode_q;
    reg                 weights_valid_q, weights_last_q;

    // The first beat of weights is read while the descriptor is checked.
    wire checking      = (state_q == CHECK);
    wire fetching      = (state_q == WEIGHTS) || (checking && product);
    wire register_free = !weights_valid_q || weights_ready;
    wire fetched       = fetching && register_free && in_valid && !stopped;
    wire unpacking     = sparse && !in_record_q;
    wire portion_end   = (portion_q == PORTION_END[PORTION_W-1:0]);
    wire portion_last  = !unpacking || slice_last_q || portion_end;
    wire record_end    = in_record_q && (beat_q == RECORD_END[BEAT_COUNT_W-1:0]);
    wire panel_end     = fetched && !in_record_q && slice_last_q;
    wire weights_end   = panel_end && chunk_last_q && panel_last_q;

    // the last chunk of the next panel, or the next of this one
    wire next_chunk_last = chunk_last_q ? one_chunk_q : (chunk_q == chunks);
    wire slices_end      = (slice_q == (chunk_last_q ? last_slices : chunk_slices));

    // portion s of a beat: of each column's halves, the byte at depth (column + s) modulo HALF. In
    // the first one, and in a beat that is not unpacked, these bytes are where the core needs them.
    wire [16*DEPTH-1:0] portion;

    assign weights_data  = weights_q;
    assign weights_user  = {6'd0, weights_mode_q};
    assign weights_last  = weights_last_q;
    assign weights_valid = weights_valid_q;

    genvar j, d;
    generate
        for (j = 0; j < DEPTH; j = j + 1) begin : g_column
            localparam [31:0] COLUMN = j;
            if (HALF > 1) begin : g_portions
                wire [PORTION_W-1:0] depth = portion_q + COLUMN[PORTION_W-1:0];
                assign portion[16*j +: 8]     = in_data[8*DEPTH*j + 8*depth +: 8];
                assign portion[16*j + 8 +: 8] = in_data[8*DEPTH*j + 8*HALF + 8*depth +: 8];
            end else begin : g_one_portion
                assign portion[16*j +: 16] = in_data[16*j +: 16];
            end
            for (d = 0; d < DEPTH; d = d + 1) begin : g_depth
                // a sparse slice has no others: a reset of the register costs no logic
                if (d % HALF == j % HALF) begin : g_kept
                    always @(posedge clk)
                        if (register_free)  // `fetched` comes late
                            weights_q[8*(DEPTH*j + d) +: 8] <= portion[8*(2*j + d/HALF) +: 8];
                end else begin : g_zero
                    always @(posedge clk)
                        if (register_free)
                            weights_q[8*(DEPTH*j + d) +: 8] <= unpacking ? 8'd0 :
                                                               in_data[8*(DEPTH*j + d) +: 8];
                end
            end
            // tables: byte j of a word of A, and of one of B
            assign table_data[8*j +: 8]           = portion[16*j +: 8];
            assign table_data[8*(DEPTH + j) +: 8] = portion[16*j + 8 +: 8];
        end
    endgenerate

    always @(posedge clk) begin
        if (fetched) begin
            weights_mode_q <= mode;
            weights_last_q <= !in_record_q && slice_last_q;
        end
        if (rst) weights_valid_q <= 1'b0;
        else if (register_free) weights_valid_q <= fetched && (legal || !checking);
    end

    always @(posedge clk) begin
        if (checking) begin
            slice_last_q <= one_chunk_q ? last_one_slice_q : chunk_one_slice_q;
            chunk_last_q <= one_chunk_q;
            panel_last_q <= one_panel_q;
        end else if (fetched && !in_record_q) begin
            if (slice_last_q) begin
                slice_last_q <= next_chunk_last ? last_one_slice_q : chunk_one_slice_q;
                chunk_last_q <= next_chunk_last;
                if (chunk_last_q) panel_last_q <= (panel_q == panels);
            end else begin
                slice_last_q <= slices_end;
            end
        end
        if (checking || panel_end) slice_q <= TWO[SLICE_W-1:0];
        else if (fetched && !in_record_q) slice_q <= slice_q + 1'b1;
        if (checking || (panel_end && chunk_last_q)) chunk_q <= 16'd2;
        else if (panel_end) chunk_q <= chunk_q + 16'd1;
        if (checking) panel_q <= 16'd2;
        else if (panel_end && chunk_last_q) panel_q <= panel_q + 16'd1;
        if (rst) begin
            in_record_q <= 1'b1;
            portion_q   <= {PORTION_W{1'b0}};
        end else begin
            if (fetched) in_record_q <= in_record_q ? !record_end : slice_last_q;
            if (fetched && !in_record_q)
                portion_q <= portion_last ? {PORTION_W{1'b0}} : portion_q + 1'b1;
            else if (table_valid && table_ready)
                portion_q <= portion_end ? {PORTION_W{1'b0}} : portion_q + 1'b1;
        end
    end

    // --- tables

    wire table_end     = (beat_q == TABLE_END[BEAT_COUNT_W-1:0]);
    assign table_valid = (state_q == TABLE) && in_valid && !stopped;
    assign table_last  = table_end && portion_end;

    // --- jobs

    wire awaits_results = wait_flag && !results_written;

    assign descriptor       = descriptor_q;
    assign reader_job_valid = reader_pending_q && !awaits_results && !stopped;
    assign writer_job_valid = writer_pending_q && !reader_pending_q && !stopped;
    assign unit_job_valid   = unit_pending_q && !writer_pending_q && !stopped;

    wire job_pending = reader_pending_q || writer_pending_q || unit_pending_q;

    // --- items

    wire verdict        = checking && !halted;
    wire early_tlast    = tlast_q && !is_end;  // a packet ends with this descriptor
    wire wrong_checksum = is_end && !checksum_equal;
    // a packet ends within an item
    wire cut_off        = accepted && in_last && !(collecting && descriptor_end);
    wire part_of_end    = collecting && end_item;

    assign in_ready      = halted || collecting || (fetching && register_free && portion_last) ||
                           ((state_q == TABLE) && table_ready && portion_end);
    // `legal` and `accepted` come late, so the next state does not depend on an error: `stopped` is
    // high in the next cycle instead
    always @(posedge clk)
        if (rst) begin
            illegal_q <= 1'b0;
            short_q   <= 1'b0;
            corrupt_q <= 1'b0;
        end else begin
            illegal_q <= verdict && !legal;
            short_q   <= (verdict && legal && early_tlast) || (cut_off && (legal || !checking));
            corrupt_q <= verdict && legal && wrong_checksum;
        end

    assign error_illegal = illegal_q;
    assign error_short   = short_q;
    assign error_corrupt = corrupt_q;
    assign starved       = !in_valid && !stopped &&
                           (collecting || (state_q == TABLE) ||
                            ((state_q == WEIGHTS) && register_free));
    assign finished      = (state_q == FINISH) && results_written && !stopped;

    always @(posedge clk) begin
        if (in_valid && collecting && !stopped) begin  // accepted, and a descriptor's
            descriptor_q <= {in_data, descriptor_q[1023:BEAT_W]};
            tlast_q      <= in_last;
            end_item_q   <= end_item;
        end
        if (rst) begin
            state_q          <= COLLECT;
            begun_q          <= 1'b0;
            beat_q           <= {BEAT_COUNT_W{1'b0}};
            checksum_q       <= 32'd0;
            reader_pending_q <= 1'b0;
            writer_pending_q <= 1'b0;
            unit_pending_q   <= 1'b0;
        end else begin
            if (accepted && !part_of_end) checksum_q <= checksum_twice[63:32] ^ beat_fold;
            if (reader_job_valid && reader_job_ready) reader_pending_q <= 1'b0;
            if (writer_job_valid && writer_job_ready) writer_pending_q <= 1'b0;
            if (unit_job_valid && unit_job_ready) unit_pending_q <= 1'b0;
            case (state_q)
                COLLECT:
                    if (accepted) begin
                        beat_q <= descriptor_end ? {BEAT_COUNT_W{1'b0}} : beat_q + 1'b1;
                        if (descriptor_end) state_q <= CHECK;
                    end
                CHECK:
                    if (!halted) begin
                        if (fetched) beat_q <= ONE[BEAT_COUNT_W-1:0];
                        begun_q          <= !is_end;
                        reader_pending_q <= is_job;
                        writer_pending_q <= is_job;
                        unit_pending_q   <= elementwise;
                        state_q          <= is_end ? FINISH : is_begin ? COLLECT :
                                            product ? WEIGHTS : elementwise ? OFFER : TABLE;
                    end
                WEIGHTS: begin
                    if (fetched && in_record_q)
                        beat_q <= record_end ? {BEAT_COUNT_W{1'b0}} : beat_q + 1'b1;
                    if (weights_end) state_q <= OFFER;
                end
                OFFER: if (!job_pending) state_q <= COLLECT;
                TABLE:
                    if (accepted) begin
                        beat_q <= table_end ? {BEAT_COUNT_W{1'b0}} : beat_q + 1'b1;
                        if (table_end) state_q <= COLLECT;
                    end
                FINISH:
                    if (finished) begin
                        checksum_q <= 32'd0;
                        state_q <= COLLECT;
                    end
                default: state_q <= COLLECT;
            endcase
        end
    end

endmodule

`default_nettype wire
