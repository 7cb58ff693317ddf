// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   mul8x8 made of adders alone, for cells for which the device has no DSP block left. It has no
//   `*`, so that no synthesis tool infers a DSP block. One of the two registers sits between the
//   adders, so that the longest path has two adders rather than three.
//
//     b:   7   6 | 5   4 | 3   2 | 1   0
//          └ t3 ─┘ └ t2 ─┘ └ t1 ─┘ └ t0 ┘        t = a times two bits of b
//              └─── u1 ──┘     └─── u0 ──┘       registered: a times each half of b
//                      └─── p ─────┘             registered: u0 + 16 u1
//
// Latency
//   2 cycles, one product per cycle, no handshake.
//
// Numbers
//   Exact, as mul8x8. Bit 7 of b has weight -128, so t3 subtracts it. u0 = a * 0..15 and
//   u1 = a * -8..7 fit 12 bits signed.
//
// Example
//   a = -128, b = 127: t0 = t1 = t2 = -384, t3 = -128; u0 = -1920, u1 = -896;
//   p = -1920 - 14336 = -16256.
`default_nettype none

module mul8x8_lut (
    input  wire        clk,
    input  wire [7:0]  a,  // int8
    input  wire [7:0]  b,  // int8
    output wire [15:0] p   // int16
);

    wire signed [9:0] x = {{2{a[7]}}, a};
    wire signed [9:0] t0 = (b[0] ? x : 10'sd0) + ((b[1] ? x : 10'sd0) <<< 1);
    wire signed [9:0] t1 = (b[2] ? x : 10'sd0) + ((b[3] ? x : 10'sd0) <<< 1);
    wire signed [9:0] t2 = (b[4] ? x : 10'sd0) + ((b[5] ? x : 10'sd0) <<< 1);
    wire signed [9:0] t3 = (b[6] ? x : 10'sd0) - ((b[7] ? x : 10'sd0) <<< 1);

    reg signed [11:0] u0_q, u1_q;
    reg signed [15:0] p_q;

    always @(posedge clk) begin
        u0_q <= $signed({{2{t0[9]}}, t0}) + $signed({t1, 2'b00});
        u1_q <= $signed({{2{t2[9]}}, t2}) + $signed({t3, 2'b00});
        p_q  <= $signed({{4{u0_q[11]}}, u0_q}) + $signed({u1_q, 4'b0000});
    end

    assign p = p_q;

endmodule

`default_nettype wire
