// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Widens bfloat16 to float32 for arithmetic.
//
// Latency
//   Combinational: wires only.
//
// Numbers
//   y = x followed by 16 zeros. Every bfloat16 is a float32, so nothing is rounded; signed zeros,
//   subnormals, infinities and the payload of a NaN (quiet or signalling) are kept.
//
// Example
//   16'h4049 (3.140625) -> 32'h40490000.
`default_nettype none

module bf16_to_fp32 (
    input  wire [15:0] x,
    output wire [31:0] y
);

    assign y = {x, 16'h0000};

endmodule

`default_nettype wire
