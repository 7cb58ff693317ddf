// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// mul8x8: int8 x int8 -> int16, the one multiplier of the int8 cell.
//
// Latency: 2 cycles, one product a cycle, no handshake.
// Numbers: exact. The largest magnitude is (-128) * (-128) = 16384 = 0x4000, so 16 signed bits hold every product.
// Example: a = 0x80 (-128), b = 0x7F (127) gives p = 0xC080 (-16256) two cycles later.
//
// A vendor's multiplier primitive may take this module's place: same ports, same latency. The two registers stand
// behind the multiplier here; a DSP block has one in front and one behind, which no one can tell apart from outside.
// Ports are plain vectors because some netlist flows lose the sign of a port.
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
