// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   All lanes in parallel, and what they share: the record, the assembly of table entries, and the
//   pipeline of valid, tlast and tkeep alongside the lanes.
//
//   x and y are the beats that elementwise_control accepted one cycle before, as operand_skid
//   delivers them; the strobes `record`, `load` and `issue` and what belongs to them come in the
//   cycle of the decision. Every lane has its own copy of both tables, as each reads two entries
//   per cycle.
//
// Latency
//   LATENCY = 14 cycles from `issue` to `out_valid`, one beat per cycle: x and y 1, lane 13.
//   The pipeline cannot stall: the issuer guarantees space for the result. While the pipeline is
//   empty, it is gated.
//
// Numbers
//   elementwise_lane's, in every lane; lane j is bits [8*j +: 8].
//
//   A record is 9 bytes, low lane first, in ceil(9 / LANES) beats; the rest is ignored:
//
//     byte   0         1       2            3           4            5 .. 8
//            command   right   zero point   clamp low   clamp high   multiplier
//
//   An entry is four bytes, in ceil(4 / LANES) beats with min(4, LANES) bytes each, low lane first:
//   the last four of these bytes. With short_entry a single beat is an entry: its bytes are the
//   upper ones, and the lower ones are zero.
//
// Example
//   LANES 2: the beats 16'h2211 and 16'h4433 are the entry 32'h4433_2211; as short entries they are
//   32'h2211_0000 and 32'h4433_0000.
`default_nettype none

module elementwise_lanes #(
    parameter integer LANES = 2  // 1..32
) (
    input  wire               clk,
    input  wire               rst,
    // decisions
    input  wire               record,
    input  wire               load,
    input  wire               load_b,      // table B too, from y
    input  wire               load_entry,  // the beat completes an entry
    input  wire [7:0]         load_index,
    input  wire               short_entry,
    input  wire               issue,
    input  wire               issue_last,
    input  wire [LANES-1:0]   issue_keep,
    input  wire [1:0]         pick,
    input  wire               use_table_b,
    input  wire               product,
    // the beats, one cycle later
    input  wire [8*LANES-1:0] x,
    input  wire [8*LANES-1:0] y,
    // results
    output wire               out_valid,
    output wire               out_last,
    output wire [LANES-1:0]   out_keep,
    output wire [8*LANES-1:0] out_data
);

    localparam integer LATENCY      = 14;
    localparam integer RECORD_BEATS = (9 + LANES - 1) / LANES;
    localparam integer RECORD_W     = 8 * LANES * RECORD_BEATS;
    localparam integer SIDE_W       = LANES + 1;

    generate
        if (LANES < 1 || LANES > 32) begin : g_illegal
            ERROR_elementwise_lanes_LANES_must_be_1_to_32 u_error ();
        end
    endgenerate

    // Bit n - 1 is what was issued n cycles ago.
    reg [LATENCY-1:0]        valid_q;
    reg [SIDE_W*LATENCY-1:0] side_q;  // {tkeep, tlast}

    reg                      enable_q;  // a bit of valid_q is set

    // 1: with x and y
    reg        record1_q, load1_q, write_a1_q, write_b1_q;
    reg [7:0]  index1_q;
    reg        short1_q;
    reg [1:0]  pick1_q;
    reg        use_table_b1_q, product1_q;
    // 2..6: what a lane needs later
    reg        use_table_b2_q, use_table_b3_q;
    reg        product2_q, product3_q, product4_q, product5_q, product6_q;
    reg [60:0] params3_q, params4_q, params5_q, params6_q;

    // the record, 1 cycle after its last beat
    wire [RECORD_W-1:0] record_d;
    reg  [RECORD_W-1:0] record_q;

    generate
        if (RECORD_BEATS > 1) begin : g_record_beats
            assign record_d = {x, record_q[RECORD_W-1:8*LANES]};
        end else begin : g_record_beat
            assign record_d = x;
        end
    endgenerate

    wire [31:0] entry_a, entry_b;

    generate
        if (LANES >= 4) begin : g_whole_entry
            assign entry_a = x[31:0];
            assign entry_b = y[31:0];
            wire unused = &{1'b0, load1_q, short1_q};
        end else begin : g_part_entry
            localparam integer HELD_W = 32 - 8 * LANES;
            reg [HELD_W-1:0] held_a_q, held_b_q;
            assign entry_a = {x, held_a_q};
            assign entry_b = {y, held_b_q};
            always @(posedge clk) begin
                if (short1_q) begin
                    held_a_q <= {HELD_W{1'b0}};
                    held_b_q <= {HELD_W{1'b0}};
                end else if (load1_q) begin
                    held_a_q <= entry_a[31 -: HELD_W];
                    held_b_q <= entry_b[31 -: HELD_W];
                end
            end
        end
    endgenerate

    always @(posedge clk) begin
        if (rst) begin
            valid_q    <= {LATENCY{1'b0}};
            enable_q   <= 1'b0;
            record1_q  <= 1'b0;
            load1_q    <= 1'b0;
            write_a1_q <= 1'b0;
            write_b1_q <= 1'b0;
        end else begin
            valid_q    <= {valid_q[LATENCY-2:0], issue};
            enable_q   <= issue || (|valid_q[LATENCY-2:0]);
            record1_q  <= record;
            load1_q    <= load;
            write_a1_q <= load && load_entry;
            write_b1_q <= load && load_entry && load_b;
        end
        index1_q <= load_index;
        short1_q <= short_entry;
        if (record1_q) record_q <= record_d;
        side_q[SIDE_W-1:0] <= {issue_keep, issue_last};
        pick1_q        <= pick;
        use_table_b1_q <= use_table_b;
        product1_q     <= product;
        if (enable_q) begin
            side_q[SIDE_W*LATENCY-1:SIDE_W] <= side_q[SIDE_W*(LATENCY-1)-1:0];
            use_table_b2_q <= use_table_b1_q;
            use_table_b3_q <= use_table_b2_q;
            product2_q     <= product1_q;
            product3_q     <= product2_q;
            product4_q     <= product3_q;
            product5_q     <= product4_q;
            product6_q     <= product5_q;
            // Read in the second cycle of a beat: its record is complete since the first, and no
            // byte of the next one has arrived yet.
            params3_q  <= {record_q[40 +: 32], record_q[8 +: 5], record_q[16 +: 24]};
            params4_q  <= params3_q;
            params5_q  <= params4_q;
            params6_q  <= params5_q;
        end
    end

    genvar n;
    generate
        for (n = 0; n < LANES; n = n + 1) begin : g_lane
            elementwise_lane u_lane (
                .clk        (clk),
                .enable     (enable_q),
                .write_a    (write_a1_q),
                .write_b    (write_b1_q),
                .write_index(index1_q),
                .entry_a    (entry_a),
                .entry_b    (entry_b),
                .pick       (pick1_q),
                .a          (x[8*n +: 8]),
                .b          (y[8*n +: 8]),
                .use_table_b(use_table_b3_q),
                .product    (product6_q),
                .multiplier (params6_q[60:29]),
                .right      (params6_q[28:24]),
                .zero_point (params6_q[7:0]),
                .clamp_low  (params6_q[15:8]),
                .clamp_high (params6_q[23:16]),
                .q          (out_data[8*n +: 8])
            );
        end
    endgenerate

    assign out_valid = valid_q[LATENCY-1];
    assign {out_keep, out_last} = side_q[SIDE_W*(LATENCY-1) +: SIDE_W];

    // the command, the upper bits of the right shift, and what pads the last beat
    wire unused_record = &{1'b0, record_q};

endmodule

`default_nettype wire
