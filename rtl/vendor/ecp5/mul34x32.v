// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// mul34x32: rtl/arith/mul34x32.v in four DSP blocks of Lattice ECP5; same ports, latency and numbers.
//
// Latency    4 cycles, one product a cycle. The data registers have no reset.
// enable     low: nothing moves, p stays. Cycles count only while it is high.
// Contract   p = the low 64 bits of a * b.
// Method     as there; stages 1 and 2 are the blocks' own registers, so the halves' four products cost no fabric.
// Example    a = -2^31, b = -2^31: p = 2^30 * 2^32 = 2^62.
`default_nettype none

module mul34x32 (
    input  wire               clk,
    input  wire               enable,
    input  wire signed [33:0] a,
    input  wire signed [31:0] b,
    output reg         [63:0] p
);

    // 1, 2: halves, the high ones signed, the low ones unsigned.
    wire [17:0] a_hi = a[33:16];
    wire [17:0] a_lo = {2'b00, a[15:0]};
    wire [17:0] b_hi = {{2{b[31]}}, b[31:16]};
    wire [17:0] b_lo = {2'b00, b[15:0]};
    wire [35:0] hh, hl, lh, ll;

    mul18x18 u_hh (.clk(clk), .enable(enable), .a(a_hi), .b(b_hi), .p(hh));
    mul18x18 u_hl (.clk(clk), .enable(enable), .a(a_hi), .b(b_lo), .p(hl));
    mul18x18 u_lh (.clk(clk), .enable(enable), .a(a_lo), .b(b_hi), .p(lh));
    mul18x18 u_ll (.clk(clk), .enable(enable), .a(a_lo), .b(b_lo), .p(ll));

    // 3: the middle column: |hl + lh| < 2^33 + 2^32 fits 35 bits.
    reg [34:0] mid3_q;
    reg [31:0] hh3_q;
    reg [31:0] ll3_q;

    always @(posedge clk) if (enable) begin
        mid3_q <= hl[34:0] + lh[34:0];
        hh3_q  <= hh[31:0];
        ll3_q  <= ll[31:0];

        p      <= {{hh3_q, ll3_q[31:16]} + {{13{mid3_q[34]}}, mid3_q}, ll3_q[15:0]};
    end

    wire unused = &{1'b0, hh[35:32], hl[35], lh[35], ll[35:32]};  // copies of the sign; hh beyond bit 63

endmodule

`default_nettype wire
