// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   lead_zeros against its definition: the count is right if and only if the shifted word has its
//   highest bit set, and nothing was lost.
`default_nettype none

module lead_zeros_properties (
    input wire        clk,
    input wire [31:0] x
);

    wire [4:0] count;

    lead_zeros u_dut (.*);

    reg started_q = 1'b0;
    always @(posedge clk) started_q <= 1'b1;

    always @* if (started_q) begin
        highest: assert (x == 32'd0 || ((x << count) >> 31) == 32'd1);
        no_loss: assert (((x << count) >> count) == x);
        zero:    assert (x != 32'd0 || count == 5'd31);
    end

endmodule

`default_nettype wire
