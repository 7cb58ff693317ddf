// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Records what the core does. core_player.v instantiates it next to the core if TRACE is 1; it
//   reads core and harness by hierarchical reference and drives nothing. docs/trace.md has the
//   trace's file format, which macrame/sim/recording.py makes of the files written here:
//
//     runs.trace                 all cycles: a status word and the number of cycles it lasted
//     w.trace, a.trace, m.trace  beats of the streams
//     operands.trace             operand registers of the array, once per beat of a slice
//     products.trace             products of all cells, of the same beats
//     sums.trace                 sums of all cells after them
//     rows.trace                 rows that left the array, and the bias of their columns
//     int8.trace, float.trace    a group of columns in the output stage, step by step
//
//   All but the first are of a window of cycles, the plusargs window_first and window_cycles: beats
//   of a stream in these cycles, slices whose operands are in the array's registers in one of them,
//   rows that leave the array in one of them. Products, sums and steps of the output stage follow
//   later, and are recorded too.
//
//   Numbers are written in binary as words of 32 bits, the lowest word first, least significant
//   byte first on the usual machines; the fields of a record begin at its lowest bit.
//
// Latency
//   Values are those of the cycle that ends at the rising edge of clk. Files are complete
//   after the second falling edge that follows a change of `flush`.
//
// Numbers
//   Only values that the core uses are recorded: nothing is recorded of a beat without valid, and
//   bytes of a result beat without tkeep are 0. So no unknown bit is recorded, and every simulator
//   writes the same bytes. A status word is
//
//     [1:0] w   [3:2] a   [5:4] m        0 idle, 1 transfer, 2 stalled by its source, 3 by its sink
//     [6] w   [7] a   [8] m               tlast of the transfer
//     [11:9]                              1 slice issued, 2 waiting for weights, 3 for activations,
//                                         4 for space for results, 5 for the result chain,
//                                         6 for the slot of its sum, 7 error, 0 nothing to issue
//     [15:12] mode   [16] slice ends   [17] tile ends   [18] panel is released   [19] panel ends
//                                         of the beat issued
//     [20] operands   [21] products   [22] sums                  registers hold those of a beat
//     [23] results of a tile complete   [24] a row leaves the array
//     [25] a group enters the output stage's pipeline   [26] a group leaves it
//     [27] a tile is open   [28] rows are on their way out   [29] halted   [30] reset
//     [31] a beat of a record was written
//
// Example
//   w and a transfer, and a slice is issued, in each of 5 cycles: 00000205, 5.
`timescale 1ns / 1ps
`default_nettype none
`define ARRAY dut.u_mac_array
`define CELL  dut.u_mac_array.g_row[r].g_col[c].u_pe
`define SEQUENCER dut.u_tile_sequencer
`define RESULTS dut.u_result_path
`define STAGE dut.u_result_path.u_output_stage
`define SCALE `STAGE.g_lane[n].g_int8.u_requantize.u_scale
`define FLOAT `STAGE.g_lane[n].g_float.u_float_post
module trace #(
    parameter ROWS        = 8,
    parameter COLS        = 8,
    parameter DEPTH       = 1,
    parameter POST_LANES  = 2,
    parameter FORMATS     = "INT8",
    parameter POST_CYCLES = 1
) (
    input wire clk,
    input wire rst
);
    localparam INT8 = FORMATS != "BF16";
    localparam BF16 = FORMATS != "INT8";
    localparam PERIOD    = 10;                            // ns per cycle, as in player.v
    localparam LANE_W    = BF16 ? 16 : 8 * DEPTH;
    localparam CELLS     = ROWS * COLS;
    localparam PRODUCT_W = BF16 ? 32 : 16 * DEPTH;        // of a cell
    localparam STAGES    = (POST_CYCLES == 1) ? 11 : 8;   // of the output stage's pipeline
    localparam PRODUCT   = (POST_CYCLES == 1) ? 7 : 4;    // stage whose register is the product
    localparam INT8_W    = 12 * 32;                       // of a lane of the output stage
    localparam FLOAT_W   = 6 * 32;
    // whole words
    localparam W_BITS       = 32 * ((LANE_W*COLS + 8 + 31) / 32);
    localparam A_BITS       = 32 * ((LANE_W*ROWS + 8 + 31) / 32);
    localparam M_BITS       = 32 * ((36*COLS + 31) / 32);
    localparam OPERAND_BITS = 32 * ((LANE_W*(ROWS + COLS) + 31) / 32);
    localparam PRODUCT_BITS = 32 * ((PRODUCT_W*CELLS + 31) / 32);

    localparam [1:0] IDLE = 2'd0;
    localparam [1:0] TRANSFER = 2'd1;
    localparam [1:0] SOURCE = 2'd2;
    localparam [1:0] SINK = 2'd3;

    // written by Python: a change completes the files
    reg flush = 1'b0;
    reg flush_q = 1'b0, flushed_q = 1'b0;

    reg [1023:0] dir;
    reg [1151:0] path;
    reg [31:0] first, cycles;
    reg [31:0] runs_file, w_file, a_file, m_file, operand_file, product_file, sum_file, row_file,
               int8_file, float_file;
    initial begin
        if (!$value$plusargs("dir=%s", dir))
            dir = ".";
        if (!$value$plusargs("window_first=%d", first))
            first = 0;
        if (!$value$plusargs("window_cycles=%d", cycles))
            cycles = 0;
        $sformat(path, "%0s/runs.trace", dir);
        runs_file = $fopen(path, "wb");
        $sformat(path, "%0s/w.trace", dir);
        w_file = $fopen(path, "wb");
        $sformat(path, "%0s/a.trace", dir);
        a_file = $fopen(path, "wb");
        $sformat(path, "%0s/m.trace", dir);
        m_file = $fopen(path, "wb");
        $sformat(path, "%0s/operands.trace", dir);
        operand_file = $fopen(path, "wb");
        $sformat(path, "%0s/products.trace", dir);
        product_file = $fopen(path, "wb");
        $sformat(path, "%0s/sums.trace", dir);
        sum_file = $fopen(path, "wb");
        $sformat(path, "%0s/rows.trace", dir);
        row_file = $fopen(path, "wb");
        $sformat(path, "%0s/int8.trace", dir);
        int8_file = $fopen(path, "wb");
        $sformat(path, "%0s/float.trace", dir);
        float_file = $fopen(path, "wb");
    end

    wire core_rst = dut.core_rst;

    // --- streams --------------------------------------------------------------------------------

    // A source stalls if it has a beat and does not offer it; the core, within a packet of results.
    reg w_withheld = 1'b0, a_withheld = 1'b0, m_in_packet = 1'b0;
    wire w_taken = dut.s_axis_w_tvalid && dut.s_axis_w_tready;
    wire a_taken = dut.s_axis_a_tvalid && dut.s_axis_a_tready;
    wire m_taken = dut.m_axis_tvalid && dut.m_axis_tready;
    always @(posedge clk) begin
        w_withheld <= !rst && u_player.u_w.stop && u_player.u_w.fetched != u_player.u_w.available
                      && (!u_player.u_w.tvalid || u_player.u_w.tready);
        a_withheld <= !rst && u_player.u_a.stop && u_player.u_a.fetched != u_player.u_a.available
                      && (!u_player.u_a.tvalid || u_player.u_a.tready);
        if (rst)
            m_in_packet <= 1'b0;
        else if (m_taken)
            m_in_packet <= !dut.m_axis_tlast;
    end

    function [1:0] stream(input valid, input ready, input withheld);
        stream = valid ? (ready ? TRANSFER : SINK) : withheld ? SOURCE : IDLE;
    endfunction

    // --- array ----------------------------------------------------------------------------------

    // In step with the cells' control registers: valid_1, last_1, bf16_1.
    reg valid_1 = 1'b0, last_1 = 1'b0, bf16_1 = 1'b0;
    reg sum_last = 1'b0;
    reg [3:0] float_valid = 4'd0;  // a float32 sum takes 4 cycles
    reg int8_valid = 1'b0;
    wire product_valid;
    wire operand_valid = `ARRAY.valid_q[0];
    wire sum_valid     = int8_valid || float_valid[3];
    always @(posedge clk) begin
        valid_1     <= `ARRAY.valid_d;
        last_1      <= `ARRAY.last_d;
        bf16_1      <= `ARRAY.sum_bf16_d;
        sum_last    <= last_1;
        int8_valid  <= valid_1 && !bf16_1 && !core_rst;
        float_valid <= core_rst ? 4'd0 : {float_valid[2:0], valid_1 && bf16_1};
    end
    assign product_valid = BF16 ? valid_1 : `ARRAY.valid_q[2];

    // --- the status word ------------------------------------------------------------------------

    wire pipe_enable  = `STAGE.pipe_enable;
    wire group_enters = pipe_enable && `STAGE.group_valid_q;
    reg  [STAGES-1:0] pipe_valid = {STAGES{1'b0}};  // a group is in this stage of the pipeline
    wire group_leaves = pipe_enable && pipe_valid[STAGES-1];

    reg [31:0] word, run = 0, length = 0;
    always @(posedge clk) begin
        word = 32'd0;
        if (!rst) begin
            word[1:0] = stream(dut.s_axis_w_tvalid, dut.s_axis_w_tready, w_withheld);
            word[3:2] = stream(dut.s_axis_a_tvalid, dut.s_axis_a_tready, a_withheld);
            word[5:4] = stream(dut.m_axis_tvalid, dut.m_axis_tready, m_in_packet);
            word[6]   = w_taken && dut.s_axis_w_tlast;
            word[7]   = a_taken && dut.s_axis_a_tlast;
            word[8]   = m_taken && dut.m_axis_tlast;
        end
        if (core_rst)
            word[30] = 1'b1;
        else begin
            word[11:9] = dut.issue ? 3'd1 : dut.stall_w ? 3'd2 : dut.stall_a ? 3'd3 :
                         dut.stall_out ? 3'd4 :
                         dut.pad ? (`SEQUENCER.chain_available ? 3'd6 : 3'd5) :
                         dut.error_k || dut.error_a_long || dut.error_format ? 3'd7 : 3'd0;
            if (dut.issue) begin
                word[15:12] = dut.slice_mode;
                word[16]    = dut.slice_advance;
                word[17]    = `SEQUENCER.tile_end;
                word[18]    = dut.panel_release;
                word[19]    = dut.a_last;
            end
            word[20] = operand_valid;
            word[21] = product_valid;
            word[22] = sum_valid;
            word[23] = dut.load;
            word[24] = `RESULTS.row_valid;
            word[25] = group_enters;
            word[26] = group_leaves;
            word[27] = `SEQUENCER.tile_open_q;
            word[28] = !`SEQUENCER.credits_returned;
            word[29] = dut.halted;
            word[31] = dut.record_write;
        end
        if (word == run)
            length = length + 1;
        else begin
            if (length != 0)
                $fwrite(runs_file, "%u%u", run, length);
            run    = word;
            length = 1;
        end
        if (flush != flush_q) begin
            flush_q = flush;
            $fwrite(runs_file, "%u%u", run, length);
            length = 0;
        end
    end

    // --- the window -----------------------------------------------------------------------------

    // Captured at the rising edge, where many blocks write parts of a record; written at the
    // falling one.
    reg recording = 1'b0;
    reg [63:0] now;
    reg [31:0] cycle;
    always @(negedge clk) begin
        now       = $time / PERIOD;
        cycle     = now[31:0];  // that ends at the next rising edge
        recording <= !rst && cycle >= first && cycle - first < cycles;
    end

    reg w_captured = 1'b0, a_captured = 1'b0, m_captured = 1'b0, operand_captured = 1'b0,
        product_captured = 1'b0, sum_captured = 1'b0, row_captured = 1'b0, int8_captured = 1'b0,
        float_captured = 1'b0;
    reg [W_BITS-1:0] w_record = 0;
    reg [A_BITS-1:0] a_record = 0;
    reg [M_BITS-1:0] m_record = 0;
    reg [OPERAND_BITS-1:0] operand_record = 0;
    reg [PRODUCT_BITS-1:0] product_record = 0;
    reg [32*CELLS-1:0] sum_record = 0;
    reg [64*COLS-1:0] row_record = 0;
    reg [INT8_W*POST_LANES-1:0] int8_record = 0;
    reg [FLOAT_W*POST_LANES-1:0] float_record = 0;

    // of the beats in the array: recorded or not, up to the products and to the sums
    reg [6:0] operand_recorded = 7'd0;
    reg [3:0] product_recorded = 4'd0;
    localparam SUM_LATENCY = BF16 ? 4 : 2 + ((DEPTH <= 1) ? 1 : $clog2(DEPTH));
    wire operand_capture = operand_valid && recording && !core_rst;
    wire product_capture = product_valid && !core_rst &&
                           operand_recorded[BF16 ? SUM_LATENCY - 1 : 1];
    wire sum_capture     = !core_rst && (int8_valid ? product_recorded[0] :
                                         float_valid[3] && product_recorded[3]);
    always @(posedge clk) begin
        operand_recorded <= {operand_recorded[5:0], operand_capture};
        product_recorded <= {product_recorded[2:0], operand_recorded[SUM_LATENCY-1]};
    end

    integer i;
    always @(posedge clk) begin
        w_captured = recording && w_taken;
        if (w_captured)
            w_record = {dut.s_axis_w_tuser, dut.s_axis_w_tdata};
        a_captured = recording && a_taken;
        if (a_captured)
            a_record = {6'd0, dut.s_axis_a_tuser, dut.s_axis_a_tdata};
        m_captured = recording && m_taken;
        if (m_captured) begin
            m_record = {dut.m_axis_tkeep, dut.m_axis_tdata};
            for (i = 0; i < 4*COLS; i = i + 1)
                if (!dut.m_axis_tkeep[i])
                    m_record[8*i +: 8] = 8'd0;
        end
        row_captured = recording && `RESULTS.row_valid && !core_rst;
        if (row_captured)
            row_record = {`RESULTS.bias, dut.row};
        operand_captured = operand_capture;
        product_captured = product_capture;
        sum_captured     = sum_capture;
    end

    genvar r, c, n;
    generate
        if (!BF16 || !INT8) begin : g_operands
            always @(posedge clk)
                if (operand_capture)
                    operand_record = {`ARRAY.w_q, `ARRAY.a_q};
        end else begin : g_operands_dual
            // int8 is only in the factors, 9 bits each
            for (r = 0; r < ROWS; r = r + 1) begin : g_a
                always @(posedge clk)
                    if (operand_capture)
                        operand_record[16*r +: 16] = `ARRAY.operand_bf16 ? `ARRAY.a_q[16*r +: 16] :
                            {{7{`ARRAY.a_factor[9*r + 8]}}, `ARRAY.a_factor[9*r +: 9]};
            end
            for (c = 0; c < COLS; c = c + 1) begin : g_w
                always @(posedge clk)
                    if (operand_capture)
                        operand_record[16*(ROWS + c) +: 16] =
                            `ARRAY.operand_bf16 ? `ARRAY.w_q[16*c +: 16] :
                            {{7{`ARRAY.w_factor[9*c + 8]}}, `ARRAY.w_factor[9*c +: 9]};
            end
        end
        for (r = 0; r < ROWS; r = r + 1) begin : g_row
            for (c = 0; c < COLS; c = c + 1) begin : g_col
                localparam AT = r * COLS + c;
                if (!BF16) begin : g_int8
                    for (n = 0; n < DEPTH; n = n + 1) begin : g_product
                        always @(posedge clk)
                            if (product_capture)
                                product_record[16*(AT*DEPTH + n) +: 16] =
                                    `CELL.g_int8.u_pe.g_level[0].g_node[n].sum;
                    end
                    always @(posedge clk)
                        if (sum_capture)
                            sum_record[32*AT +: 32] = sum_last ? `CELL.g_int8.u_pe.u_acc.result_q :
                                                                 `CELL.g_int8.u_pe.u_acc.acc_q;
                end else if (!INT8) begin : g_bf16
                    always @(posedge clk) begin
                        if (product_capture)
                            product_record[32*AT +: 32] = `CELL.g_bf16.u_pe.product;
                        if (sum_capture)
                            sum_record[32*AT +: 32] =
                                sum_last ? `CELL.g_bf16.u_pe.results_q[127:96] :
                                           `CELL.g_bf16.u_pe.sum_q;
                    end
                end else begin : g_dual
                    always @(posedge clk) begin
                        if (product_capture)
                            product_record[32*AT +: 32] = bf16_1 ? `CELL.g_dual.u_pe.product :
                                {{16{`CELL.g_dual.u_pe.product_2_q[15]}},
                                 `CELL.g_dual.u_pe.product_2_q};
                        if (sum_capture)
                            sum_record[32*AT +: 32] = !sum_last ? `CELL.g_dual.u_pe.sum_q :
                                int8_valid ? `CELL.g_dual.u_pe.row_0_q :
                                             `CELL.g_dual.u_pe.rows_1_3_q[95:64];
                    end
                end
            end
        end
    endgenerate

    // --- the output stage -----------------------------------------------------------------------

    // A group's record moves along with its numbers and is filled in stage by stage: entry s
    // belongs to the registers of stage s.
    reg row_recorded = 1'b0;                       // groups of the latest row are
    reg [STAGES-1:0] pipe_recorded = {STAGES{1'b0}};
    reg [STAGES-1:0] pipe_float = {STAGES{1'b0}};
    wire group_float = BF16 && `STAGE.x_mode_q[2];
    wire group_capture = group_enters && row_recorded && !core_rst;
    wire pipe_capture = pipe_enable && !core_rst && (group_capture || pipe_recorded != 0);
    always @(posedge clk) begin
        if (core_rst) begin
            row_recorded  <= 1'b0;
            pipe_valid    <= {STAGES{1'b0}};
            pipe_recorded <= {STAGES{1'b0}};
        end else begin
            if (`RESULTS.row_valid)
                row_recorded <= recording;
            if (pipe_enable) begin
                pipe_valid    <= {pipe_valid[STAGES-2:0], group_enters};
                pipe_recorded <= {pipe_recorded[STAGES-2:0], group_capture};
                pipe_float    <= {pipe_float[STAGES-2:0], group_float};
            end
        end
        int8_captured  = pipe_capture && pipe_recorded[STAGES-1] && !pipe_float[STAGES-1];
        float_captured = pipe_capture && pipe_recorded[STAGES-1] && pipe_float[STAGES-1];
    end

    generate
        for (n = 0; n < POST_LANES; n = n + 1) begin : g_lane
            if (INT8) begin : g_int8
                reg [INT8_W-1:0] steps[1:STAGES];
                reg [INT8_W-1:0] step;
                integer s;
                always @(posedge clk)
                    if (pipe_capture) begin
                        step = steps[STAGES];
                        step[32*11 + 24 +: 8] = `STAGE.g_lane[n].g_int8.int8_q;
                        int8_record[INT8_W*n +: INT8_W] = step;
                        for (s = STAGES; s > 1; s = s - 1) begin
                            step = steps[s-1];
                            if (s == 4) begin
                                step[32*3 +: 17] = `SCALE.a_low;
                                step[32*4 +: 32] = {{15{`SCALE.a_high[16]}}, `SCALE.a_high};
                                step[32*5 +: 32] = `SCALE.b;
                                step[32*6 +: 24] = {6'd0, `SCALE.rule, 7'd0, `SCALE.negate, 3'd0,
                                                    `SCALE.right};
                            end
                            if (s == PRODUCT + 1) begin
                                step[32*7 +: 64] = `SCALE.p4_q;
                                step[32*9 +: 32] = `SCALE.y4[31:0];
                                step[32*10 + 21 +: 2] = {`SCALE.y4[32], `SCALE.up4};
                            end
                            if (s == PRODUCT + 3) begin
                                step[32*10 +: 21] = {`SCALE.increment6, `SCALE.tie6_q,
                                                     `SCALE.sticky6_q, `SCALE.extra6_q,
                                                     `SCALE.guard6_q, {6{`SCALE.v6_q[9]}},
                                                     `SCALE.v6_q};
                                step[32*11 +: 16] = {{6{`SCALE.sum6[9]}}, `SCALE.sum6};
                            end
                            if (s == STAGES) begin
                                step[32*10 + 23] = `SCALE.over_127_7_q;
                                step[32*11 + 16 +: 8] = `SCALE.at_least_low7_q;
                            end
                            steps[s] = step;
                        end
                        steps[1] = {{(INT8_W-96){1'b0}}, `STAGE.g_lane[n].g_int8.param_q[7:0],
                                    `STAGE.g_lane[n].g_int8.param_q[15:8],
                                    `STAGE.g_lane[n].g_int8.param_q[23:16],
                                    `STAGE.g_lane[n].g_int8.param_q[31:24],
                                    `STAGE.g_lane[n].g_int8.param_q[63:32], `STAGE.g_lane[n].x};
                    end
            end
            if (BF16) begin : g_float
                reg [FLOAT_W-1:0] steps[1:STAGES];
                reg [FLOAT_W-1:0] step;
                integer s;
                always @(posedge clk)
                    if (pipe_capture) begin
                        step = steps[STAGES];
                        step[32*4 +: 32] = `STAGE.g_lane[n].g_float.float_q;
                        float_record[FLOAT_W*n +: FLOAT_W] = step;
                        for (s = STAGES; s > 1; s = s - 1) begin
                            step = steps[s-1];
                            if (s == 5)
                                step[32*2 +: 32] = `FLOAT.sum;
                            if (s == 6)
                                step[32*3 +: 32] = `FLOAT.relu_q;
                            steps[s] = step;
                        end
                        steps[1] = {12'd0, `STAGE.x_mode_q, `STAGE.random[16*n +: 16], 64'd0, 32'd0,
                                    `STAGE.g_lane[n].g_float.bias_q, `STAGE.g_lane[n].x};
                    end
            end
        end
    endgenerate

    // --- the files ------------------------------------------------------------------------------

    always @(negedge clk) begin
        if (w_captured)
            $fwrite(w_file, "%u", w_record);
        if (a_captured)
            $fwrite(a_file, "%u", a_record);
        if (m_captured)
            $fwrite(m_file, "%u", m_record);
        if (operand_captured)
            $fwrite(operand_file, "%u", operand_record);
        if (product_captured)
            $fwrite(product_file, "%u", product_record);
        if (sum_captured)
            $fwrite(sum_file, "%u", sum_record);
        if (row_captured)
            $fwrite(row_file, "%u", row_record);
        if (int8_captured)
            $fwrite(int8_file, "%u", int8_record);
        if (float_captured)
            $fwrite(float_file, "%u", float_record);
        if (flush_q != flushed_q) begin
            flushed_q = flush_q;
            $fflush(runs_file);
            $fflush(w_file);
            $fflush(a_file);
            $fflush(m_file);
            $fflush(operand_file);
            $fflush(product_file);
            $fflush(sum_file);
            $fflush(row_file);
            $fflush(int8_file);
            $fflush(float_file);
        end
    end
endmodule
`undef ARRAY
`undef CELL
`undef SEQUENCER
`undef RESULTS
`undef STAGE
`undef SCALE
`undef FLOAT
`default_nettype wire
