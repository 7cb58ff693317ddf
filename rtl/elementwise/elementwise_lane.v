// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   One int8 per cycle through two tables, an adder or a multiplier, and requantisation.
//
//     a, b ─► pick ─► table A ─┬─► + ──► x ─► scale_to_int8 ─► q
//          └────────► table B ─┴─► * ──┘
//
// Latency
//   LATENCY = 13 cycles, operands to q: pick and table (1), two registers after the slow block RAM
//   (2), sum or product (2), scale_to_int8 (8). Some inputs are due later: `use_table_b` 2 cycles
//   after the operands; `product`, and the ports from `multiplier` to `clamp_high`, 5. While
//   `enable` is low, the pipeline holds, but tables can be written.
//
// Numbers
//   A and B are int32 from the tables, v is int8:
//
//     product 0       x = A[v] + B[b], modulo 2^32
//     product 1       x = A[v][31:16] * B[b][31:16], both signed: exact
//     use_table_b 0   0 replaces B[b]
//     v               a, or the greater (pick 2) or the lesser (pick 3) of a and b
//     q               x requantised with the rule gemmlowp: scale_to_int8
//
// Example
//   A[3] = 1000, B[-1] = -250, multiplier = 2^30, right = 1, zero_point = 0, clamp_high = 127:
//   a = 3 and b = -1 give x = 750, 375 after the multiplication, 187.5 after the shift, 188
//   rounded, and q = 127.
`default_nettype none

module elementwise_lane (
    input  wire        clk,
    input  wire        enable,
    // tables
    input  wire        write_a,
    input  wire        write_b,
    input  wire [7:0]  write_index,
    input  wire [31:0] entry_a,
    input  wire [31:0] entry_b,
    // operands
    input  wire [1:0]  pick,  // 0 or 1: a, 2: the greater, 3: the lesser
    input  wire [7:0]  a,
    input  wire [7:0]  b,
    // two cycles later
    input  wire        use_table_b,
    // five cycles later
    input  wire        product,
    input  wire [31:0] multiplier,
    input  wire [4:0]  right,
    input  wire [7:0]  zero_point,
    input  wire [7:0]  clamp_low,
    input  wire [7:0]  clamp_high,
    output wire [7:0]  q
);

    localparam [1:0] GEMMLOWP = 2'd1;

    wire [8:0]  b_minus_a = {b[7], b} - {a[7], a};
    wire        pick_b    = pick[1] & (b_minus_a[8] == pick[0]);

    wire [31:0] a1, b1;
    reg  [31:0] a2_q, b2_q, a3_q, b3_q, sum4_q, sum5_q;
    wire [31:0] product5;
    wire [31:0] x5 = product ? product5 : sum5_q;

    wire unused = &{1'b0, b_minus_a[7:0]};

    elementwise_table u_table_a (
        .clk        (clk),
        .enable     (enable),
        .write      (write_a),
        .write_index(write_index),
        .write_entry(entry_a),
        .index      (pick_b ? b : a),
        .entry      (a1)
    );

    elementwise_table u_table_b (
        .clk        (clk),
        .enable     (enable),
        .write      (write_b),
        .write_index(write_index),
        .write_entry(entry_b),
        .index      (b),
        .entry      (b1)
    );

    mul16x16 u_mul (
        .clk   (clk),
        .enable(enable),
        .a     (a3_q[31:16]),
        .b     (b3_q[31:16]),
        .p     (product5)
    );

    always @(posedge clk) if (enable) begin
        a2_q   <= a1;
        b2_q   <= b1;
        a3_q   <= a2_q;
        b3_q   <= use_table_b ? b2_q : 32'd0;
        sum4_q <= a3_q + b3_q;
        sum5_q <= sum4_q;
    end

    scale_to_int8 u_scale (
        .clk       (clk),
        .rst       (1'b0),
        .enable    (enable),
        .rule      (GEMMLOWP),
        .a_high    ($signed({x5[31], x5[31:16]})),
        .a_low     ({1'b0, x5[15:0]}),
        .b         (multiplier),
        .negate    (1'b0),
        .right     (right),
        .zero_point(zero_point),
        .clamp_low (clamp_low),
        .clamp_high(clamp_high),
        .q         (q)
    );

endmodule

`default_nettype wire
