// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Advances a frame's checksum by one byte.
//
// Latency
//   Combinational.
//
// Numbers
//   CRC-16/MCRF4XX: polynomial x^16 + x^12 + x^5 + 1, least significant bit of a byte first,
//   initial value 16'hFFFF, not inverted. Sent low byte first, the two bytes of the checksum bring
//   it to 0, which is what a receiver checks. Every error of one or two bits, of an odd number of
//   bits or of one burst up to 16 bits is detected, in frames up to 4,095 bytes; other errors go
//   undetected with a probability of 1 in 65,536.
//
// Example
//   The nine bytes "123456789" give 16'h6F91.
`default_nettype none

module crc16 (
    input  wire [15:0] sum,
    input  wire [7:0]  data,
    output reg  [15:0] next
);

    localparam [15:0] POLYNOMIAL = 16'h8408;  // without x^16, its lowest power in the highest bit

    integer i;
    always @* begin
        next = sum;
        for (i = 0; i < 8; i = i + 1)
            next = {1'b0, next[15:1]} ^ ((next[0] ^ data[i]) ? POLYNOMIAL : 16'd0);
    end

endmodule

`default_nettype wire
