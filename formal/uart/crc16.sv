// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   crc16 against the division of polynomials: the sum is the remainder, with bit 0 the highest
//   power.
`default_nettype none

module crc16_properties (
    input wire        clk,
    input wire [15:0] sum,
    input wire [7:0]  data
);

    wire [15:0] next;

    crc16 u_dut (.*);

    // (sum + data) * x^8 modulo x^16 + x^12 + x^5 + 1, from the highest power down
    reg  [23:0] dividend;  // bit i is the coefficient of x^i
    reg  [15:0] remainder;
    integer i;
    always @* begin
        for (i = 0; i < 16; i = i + 1) dividend[8 + i] = sum[15 - i];
        for (i = 0; i < 8; i = i + 1) dividend[23 - i] = dividend[23 - i] ^ data[i];
        dividend[7:0] = 8'd0;
        for (i = 23; i >= 16; i = i - 1)
            if (dividend[i]) dividend = dividend ^ (24'h1_1021 << (i - 16));
        for (i = 0; i < 16; i = i + 1) remainder[i] = dividend[15 - i];
    end

    reg started_q = 1'b0;
    always @(posedge clk) started_q <= 1'b1;

    always @* if (started_q) begin
        division: assert (next == remainder);
        zero:     assert (data != sum[7:0] || next == {8'd0, sum[15:8]});
    end

endmodule

`default_nettype wire
