// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   int8 x int8 -> int16, the multiplier of the int8 cell. A vendor's multiplier primitive may
//   replace this module: same ports, same latency. Both registers follow the multiplier here; a DSP
//   block has one before and one after it, with the same behaviour at the ports. Ports are plain
//   vectors because some netlist flows lose the sign of a port.
//
// Latency
//   2 cycles, one product per cycle, no handshake.
//
// Numbers
//   Exact. The largest magnitude is (-128) * (-128) = 16384 = 0x4000, so 16 signed bits hold every
//   product.
//
// Example
//   a = 0x80 (-128), b = 0x7F (127) gives p = 0xC080 (-16256) two cycles later.
`default_nettype none

module mul8x8 (
    input  wire        clk,
    input  wire [7:0]  a,  // int8
    input  wire [7:0]  b,  // int8
    output wire [15:0] p   // int16
);

    reg signed [15:0] product_q;
    reg signed [15:0] p_q;

    always @(posedge clk) begin
        product_q <= $signed(a) * $signed(b);
        p_q       <= product_q;
    end

    assign p = p_q;

endmodule

`default_nettype wire
