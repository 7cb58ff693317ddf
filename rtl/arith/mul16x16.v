// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   16 x 16 bit signed multiplier, for the entries of two tables (elementwise_lane). A vendor's
//   multiplier primitive may replace this module: same ports, same latency.
//
// Latency
//   2 cycles, one product per cycle, no handshake. No reset: data only. Cycles count only while
//   `enable` is high; while it is low, nothing moves and p holds.
//
// Numbers
//   Exact, 32 bits signed: -2^15 * -2^15 = 2^30 is the largest.
//
// Example
//   a = 16'hFF01 (-255), b = 16'h00FF (255): p = -65025.
`default_nettype none

module mul16x16 (
    input  wire        clk,
    input  wire        enable,
    input  wire [15:0] a,  // signed
    input  wire [15:0] b,  // signed
    output wire [31:0] p   // signed
);

    reg signed [31:0] product_q;
    reg signed [31:0] p_q;

    always @(posedge clk) if (enable) begin
        product_q <= $signed(a) * $signed(b);
        p_q       <= product_q;
    end

    assign p = p_q;

endmodule

`default_nettype wire
