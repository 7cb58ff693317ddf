// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Right shift by 0..31 with a sticky bit: aligns the smaller addend of fp32_add, and denormalises
//   the products of bf16_product and fp32_mul.
//
// Latency
//   Combinational.
//
// Numbers
//   y = floor(x / 2^right); sticky = 1 iff a one was shifted out. From WIDTH places on, y is 0 and
//   sticky is x != 0. Shifts by 16, 8, 4, 2 and 1; each step examines only the bits that it shifts
//   out. An `always` block instead of wires, so that a simulator evaluates it once per change.
//
// Example
//   x = ...1011, right = 2: y = ...10, sticky = 1.
`default_nettype none

module shift_right_sticky #(
    parameter integer WIDTH = 26  // bits, 17..64
) (
    input  wire [WIDTH-1:0] x,
    input  wire [4:0]       right,
    output reg  [WIDTH-1:0] y,
    output reg              sticky
);

    generate
        if (WIDTH < 17 || WIDTH > 64) begin : g_illegal
            ERROR_shift_right_sticky_WIDTH_must_be_17_to_64 u_error ();
        end
    endgenerate

    always @* begin
        y      = x;
        sticky = 1'b0;
        if (right[4]) begin
            sticky = |y[15:0];
            y      = y >> 16;
        end
        if (right[3]) begin
            sticky = sticky | (|y[7:0]);
            y      = y >> 8;
        end
        if (right[2]) begin
            sticky = sticky | (|y[3:0]);
            y      = y >> 4;
        end
        if (right[1]) begin
            sticky = sticky | (|y[1:0]);
            y      = y >> 2;
        end
        if (right[0]) begin
            sticky = sticky | y[0];
            y      = y >> 1;
        end
    end

endmodule

`default_nettype wire
