// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Places the rows of results in the beats of m_axis. A beat has four quarters of COLS bytes: a
//   row of int32 or float32 fills it, a row of bfloat16 half of it, a row of int8 a quarter.
//
//     PACK 0: one row per beat, in its low bytes.
//     PACK 1: the rows of a tile one after the other without gaps. Only a tile's last beat may have
//             tkeep low in its upper quarters.
//
//   The beat is collected in the output register of packet_closer, quarter by quarter, so packing
//   needs no register for data and costs no cycle.
//
// Latency
//   Combinational; only the position of the next row is a register. A beat leaves with its last
//   row.
//
// Numbers
//   None: bits pass unchanged. Quarters that out_keep does not mark may have any value. in_wide[0]:
//   the row has more than COLS bytes; in_wide[1]: more than 2 COLS.
//
// Example
//   COLS 1, PACK 1, the int8 rows 7, 8 and 9, the last of them with in_last: out_enable 4'hF, 4'hE,
//   4'hC; out_partial 1, 1, 0; with the last one out_keep is 4'h7, and the low bytes are 7, 8, 9.
`default_nettype none

module row_packer #(
    parameter integer COLS = 8,  // 1..32
    parameter integer PACK = 0   // 1: rows share beats
) (
    input  wire               clk,
    input  wire               rst,
    // from the FIFO
    input  wire [32*COLS-1:0] in_data,
    input  wire [1:0]         in_wide,
    input  wire               in_last,      // of the tile
    input  wire               in_valid,
    // to packet_closer
    output wire [32*COLS-1:0] out_data,
    output wire [3:0]         out_enable,   // quarters of its register to load
    output wire               out_partial,  // the beat is not complete
    output wire [4*COLS-1:0]  out_keep,
    input  wire               out_ready
);

    localparam integer QUARTER = 8*COLS;

    wire [3:0] keep;  // one bit per quarter
    assign out_keep = {{COLS{keep[3]}}, {COLS{keep[2]}}, {COLS{keep[1]}}, {COLS{keep[0]}}};

    generate
        if (PACK != 0) begin : g_pack
            reg  [1:0] quarter_q;  // where the next row begins
            wire       ends_beat;  // the row ends at the top of the beat

            assign ends_beat   = in_wide[1] || (quarter_q[1] && (quarter_q[0] || in_wide[0]));
            assign out_partial = !ends_beat && !in_last;
            always @(posedge clk) begin
                if (rst) quarter_q <= 2'd0;
                else if (in_valid && out_ready)
                    quarter_q <= !out_partial ? 2'd0 : in_wide[0] ? 2'd2 : quarter_q + 2'd1;
            end

            // Quarters above the row are loaded as well: a later row replaces them.
            assign out_enable = {1'b1, quarter_q != 2'd3, !quarter_q[1], quarter_q == 2'd0};
            assign keep       = {ends_beat, quarter_q[1] || in_wide[1],
                                 quarter_q != 2'd0 || in_wide[0], 1'b1};

            assign out_data[0 +: 2*QUARTER] =
                {in_wide[0] ? in_data[QUARTER +: QUARTER] : in_data[0 +: QUARTER],
                 in_data[0 +: QUARTER]};
            assign out_data[2*QUARTER +: 2*QUARTER] =
                in_wide[1] ? in_data[2*QUARTER +: 2*QUARTER] : out_data[0 +: 2*QUARTER];
        end else begin : g_row_per_beat
            wire unused = &{1'b0, clk, rst, in_last, in_valid, out_ready};
            assign out_data    = in_data;
            assign out_enable  = 4'hF;
            assign out_partial = 1'b0;
            assign keep        = {{2{in_wide[1]}}, in_wide[0], 1'b1};
        end
    endgenerate

endmodule

`default_nettype wire
