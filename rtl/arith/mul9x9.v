// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// mul9x9: 9 x 9 bit signed multiplier, for int8 operands and bfloat16 significands alike.
//
// Latency    2 cycles, one product a cycle, no handshake. No reset: data only.
// enable     low: nothing moves, p stays. Cycles count only while it is high.
// Contract   exact, 18 bits signed. An int8 comes with its sign repeated in bit 8, a significand (8 bits, unsigned) with
//            a zero there.
// Example    a = 9'h180 (-128), b = 9'h07F (127): p = -16256; a = b = 9'h0FF (255): p = 65025.
//
// As with mul8x8, a vendor's multiplier primitive may take this module's place: same ports, same latency.
`default_nettype none

module mul9x9 (
    input  wire        clk,
    input  wire        enable,
    input  wire [8:0]  a,  // signed
    input  wire [8:0]  b,  // signed
    output wire [17:0] p   // signed
);

    reg signed [17:0] product_q;
    reg signed [17:0] p_q;

    always @(posedge clk) if (enable) begin
        product_q <= $signed(a) * $signed(b);
        p_q       <= product_q;
    end

    assign p = p_q;

endmodule

`default_nettype wire
