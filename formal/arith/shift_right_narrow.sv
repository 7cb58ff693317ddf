// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   shift_right_narrow: the quotient, and the remainder that its three bits encode, in exact
//   integers.
`default_nettype none

module shift_right_narrow_properties (
    input wire        clk,
    input wire [32:0] y,
    input wire        up,
    input wire [4:0]  right
);

    wire [9:0] v;
    wire       guard, extra, sticky;

    shift_right_narrow u_dut (
        .enable(1'b1),
        .*
    );

    reg [1:0] cycle_q = 2'd0;
    reg [32:0] y_q;
    reg        up_q;
    reg [4:0]  right_q;
    always @(posedge clk) begin
        cycle_q <= cycle_q + 2'd1;
        y_q     <= y;
        up_q    <= up;
        right_q <= right;
    end

    wire signed [32:0] whole    = $signed(y_q) >>> right_q;  // rounded down
    wire               in_range = whole >= -33'sd256 && whole <= 33'sd255;
    // twice what is left of y + up
    wire signed [69:0] left     = $signed({{37{y_q[32]}}, y_q}) + $signed({69'd0, up_q}) -
                                  ($signed({{60{v[9]}}, v}) <<< right_q);
    wire signed [69:0] twice    = left <<< 1;
    wire signed [69:0] unit     = 70'sd1 <<< right_q;
    wire signed [69:0] halves   = $signed({68'd0, guard}) + $signed({68'd0, extra});

    always @* if (cycle_q == 2'd1) begin
        quotient: assert (!in_range || $signed(v) == whole[9:0]);
        above:    assert (whole <= 33'sd255 || ($signed(v) >= 10'sd256 && $signed(v) <= 10'sd383));
        below:    assert (whole >= -33'sd256 ||
                          ($signed(v) >= -10'sd384 && $signed(v) <= -10'sd257));
        exact:    assert (!in_range || sticky || twice == halves <<< right_q);
        between:  assert (!in_range || !sticky || (twice > (guard ? unit : 70'sd0) &&
                                                   twice < (guard ? unit <<< 1 : unit)));
    end

endmodule

`default_nettype wire
