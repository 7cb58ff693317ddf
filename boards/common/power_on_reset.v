// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   A synchronous reset for a board that has none. The counter is 0 after configuration, as every
//   register with an initial value is, and rst stays high until it has counted CYCLES. While `hold`
//   is high (a button, a PLL without lock; asynchronous, two registers synchronise it) the count
//   restarts, which also suppresses a button's bouncing.
//
// Latency
//   rst falls CYCLES + 3 cycles after hold falls, and rises 3 cycles after hold rises.
`default_nettype none

module power_on_reset #(
    parameter integer CYCLES = 256  // a power of two
) (
    input  wire clk,
    input  wire hold,
    output wire rst
);

    localparam integer COUNT_W = $clog2(CYCLES);

    reg [COUNT_W:0] count_q = {(COUNT_W + 1){1'b0}};
    reg [1:0]       hold_q  = 2'b00;

    assign rst = !count_q[COUNT_W];

    always @(posedge clk) begin
        hold_q <= {hold_q[0], hold};
        if (hold_q[1]) count_q <= {(COUNT_W + 1){1'b0}};
        else if (rst) count_q <= count_q + 1'b1;
    end

endmodule

`default_nettype wire
