// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   int32 to float32: converts the int8 core's sums for float32 arithmetic.
//
// Latency
//   LATENCY = 4 cycles, one number per cycle. No reset: data only. Cycles count only while `enable`
//   is high; while it is low, nothing moves and y holds.
//
// Numbers
//   y = x as float32, ties to the even neighbour, as NumPy's astype(float32). Exact for |x| <=
//   2^24; 0 gives +0. The stages: |x|; its leading zeros; shift left by them; keep 24 bits and
//   round by the other 8. The exponent field is formed 1 too small: the leading one, added to its
//   lowest bit, adds the missing 1, and a carry from rounding another.
//
// Example
//   2^24 + 1 -> 2^24 = 4B800000, 2^24 + 3 -> 2^24 + 4 = 4B800002 (ties); -2^31 -> CF000000.
`default_nettype none

module int32_to_fp32 (
    input  wire        clk,
    input  wire        enable,
    input  wire [31:0] x,
    output reg  [31:0] y
);

    localparam [1:0] EVEN = 2'd3;

    reg         negative1_q, negative2_q, negative3_q;
    reg  [31:0] size1_q, size2_q, size3_q;
    reg  [4:0]  lead2_q, lead3_q;
    wire [4:0]  lead1;
    wire        up3;

    lead_zeros u_lead_zeros (
        .x    (size1_q),
        .count(lead1)
    );
    rounding u_rounding (
        .rule    (EVEN),
        .negative(1'b0),
        .lsb     (size3_q[8]),
        .guard   (size3_q[7]),
        .sticky  (|size3_q[6:0]),
        .up      (up3)
    );

    // The field is 158 - lead for a leading one in bit 31, which adds the missing 1. Only 0 has
    // no leading one.
    wire [7:0]  field3 = (8'd157 - {3'd0, lead3_q}) & {8{size3_q[31]}};

    always @(posedge clk) if (enable) begin
        negative1_q <= x[31];
        size1_q     <= x[31] ? 32'd0 - x : x;

        negative2_q <= negative1_q;
        size2_q     <= size1_q;
        lead2_q     <= lead1;

        negative3_q <= negative2_q;
        size3_q     <= size2_q << lead2_q;
        lead3_q     <= lead2_q;

        y           <= {negative3_q, {field3, 23'd0} + {7'd0, size3_q[31:8]} + {30'd0, up3}};
    end

endmodule

`default_nettype wire
