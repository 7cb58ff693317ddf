// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   mul34x32 is a * b, in two parts. Its four products, by induction over the bits of the halves of
//   b: a product with 0 is 0, and bit n of b_lo or b_hi adds the half of a, times 2^n, to the
//   product with the bits below it; bit 15 of b_hi, the sign, subtracts it. One instance multiplies
//   with bit n, the other without. Their sum: p is hh * 2^32 + (hl + lh) * 2^16 + ll, where the
//   products are any words in the range of their factors.
`default_nettype none

module mul34x32_properties #(
    parameter integer CASE = -1  // n; 16: the products with 0; -1: any of these
) (
    input wire        clk,
    input wire [16:0] a_high,
    input wire [16:0] a_low,
    input wire [15:0] word
);

    (* anyconst *) wire [4:0] any;
    wire [4:0]  n     = (CASE < 0) ? any : CASE;
    wire [15:0] below = word & ~(16'hFFFF << n) & {16{n != 5'd16}};
    wire [15:0] half  = below | (16'd1 << n);  // with bit n, if there is one

    wire [63:0] p, p_without;

    mul34x32 u_with (
        .enable(1'b1),
        .b     ({half, half}),
        .*
    );
    mul34x32 u_without (
        .enable(1'b1),
        .b     ({below, below}),
        .p     (p_without),
        .*
    );

    // of the modules under proof
    wire signed [32:0] hh, hh_without;
    wire signed [33:0] hl, hl_without, lh, lh_without;
    wire        [31:0] ll, ll_without;

    reg [2:0]  cycle_q = 3'd0;
    reg [16:0] a_high_q, a_low_q;
    reg [63:0] sum_q;

    wire signed [33:0] high_term = $signed(a_high_q) <<< n;
    wire signed [33:0] low_term  = $signed({1'b0, a_low_q}) <<< n;

    always @(posedge clk) begin
        cycle_q <= cycle_q + 3'd1;
        if (cycle_q == 3'd0) begin
            a_high_q <= a_high;
            a_low_q  <= a_low;
            sum_q    <= {hh[31:0], 32'd0} + {{14{hl[33]}}, hl, 16'd0} +
                        {{14{lh[33]}}, lh, 16'd0} + {32'd0, ll};
        end
    end

    always @* assume (a_low <= 17'h1_0000 && n <= 5'd16);
    // what the registers hold at first is any word; in cycle 2, the products of the operands
    always @* if (cycle_q == 3'd0) begin
        assume (hl >= -34'sh1_0000_0000 && hl <= 34'sh1_0000_0000);
        assume (lh >= -34'sh0_8000_0000 && lh <= 34'sh0_8000_0000);
    end

    always @* begin
        zero:    assert (cycle_q != 3'd2 || n != 5'd16 ||
                         (hh == 33'd0 && hl == 34'd0 && lh == 34'd0 && ll == 32'd0));
        low:     assert (cycle_q != 3'd2 || n == 5'd16 ||
                         (hl == hl_without + high_term && ll == ll_without + low_term[31:0]));
        high:    assert (cycle_q != 3'd2 || n == 5'd16 ||
                         (hh == hh_without + ((n == 5'd15) ? -high_term[32:0] : high_term[32:0]) &&
                          lh == lh_without + ((n == 5'd15) ? -low_term : low_term)));
        columns: assert (cycle_q != 3'd2 || p == sum_q);
    end

endmodule

`default_nettype wire
