// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   rtl/arith/mul34x32.v in four DSP blocks of Lattice ECP5; same ports, latency and numbers.
//   Stages 1 and 2 are the blocks' own registers, so the four partial products use no fabric.
//
// Latency
//   4 cycles, one product per cycle. No reset: data only. Cycles count only while `enable` is high;
//   while it is low, nothing moves and p holds.
//
// Numbers
//   p = the low 64 bits of (a_high * 2^16 + a_low) * b; a_low is 0..2^16.
//
// Example
//   a = -2^31, b = -2^31: p = 2^30 * 2^32 = 2^62.
`default_nettype none

module mul34x32 (
    input  wire               clk,
    input  wire               enable,
    input  wire signed [16:0] a_high,
    input  wire        [16:0] a_low,
    input  wire signed [31:0] b,
    output reg         [63:0] p
);

    // 1, 2: halves, the high ones signed, the low ones unsigned.
    wire [17:0] a_hi = {a_high[16], a_high};
    wire [17:0] a_lo = {1'b0, a_low};
    wire [17:0] b_hi = {{2{b[31]}}, b[31:16]};
    wire [17:0] b_lo = {2'b00, b[15:0]};
    wire [35:0] hh, hl, lh, ll;

    mul18x18 u_hh (
        .clk   (clk),
        .enable(enable),
        .a     (a_hi),
        .b     (b_hi),
        .p     (hh)
    );
    mul18x18 u_hl (
        .clk   (clk),
        .enable(enable),
        .a     (a_hi),
        .b     (b_lo),
        .p     (hl)
    );
    mul18x18 u_lh (
        .clk   (clk),
        .enable(enable),
        .a     (a_lo),
        .b     (b_hi),
        .p     (lh)
    );
    mul18x18 u_ll (
        .clk   (clk),
        .enable(enable),
        .a     (a_lo),
        .b     (b_lo),
        .p     (ll)
    );

    // 3: the middle column: |hl + lh| < 2^32 + 2^32 fits 34 bits.
    reg [33:0] mid3_q;
    reg [31:0] hh3_q;
    reg [31:0] ll3_q;

    always @(posedge clk) if (enable) begin
        mid3_q <= hl[33:0] + lh[33:0];
        hh3_q  <= hh[31:0];
        ll3_q  <= ll[31:0];

        p      <= {{hh3_q, ll3_q[31:16]} + {{14{mid3_q[33]}}, mid3_q}, ll3_q[15:0]};
    end

    // copies of the sign; hh beyond bit 63
    wire unused = &{1'b0, hh[35:32], hl[35:34], lh[35:34], ll[35:32]};

endmodule

`default_nettype wire
