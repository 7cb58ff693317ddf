// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   mul34x32 at one bit of b per cycle, with one adder instead of four multipliers: for a
//   requantiser that has many cycles per result and no DSP block left. It takes less than a
//   twentieth of the LUTs of a mul34x32 without DSP blocks.
//
// Latency
//   33 cycles. Operands are loaded in a cycle with `enable` high; p is valid from 33 cycles later
//   until the next such cycle, which must not come sooner. Data registers have no reset; after a
//   reset the first `enable` starts a new product.
//
// Numbers
//   p = the low 64 bits of a * b, so exact whenever the product fits a signed 64-bit word. b shifts
//   out at the low end of the register into which the product shifts at the high end:
//
//     high (34)          low (32)
//     sum of a, halved   bits of the product | bits of b still to come
//
//   Bit 31 of b has weight -2^31, so its step subtracts. |high| <= |a| after each step, by
//   induction: it is half the sum of two such values, and each step's sum fits 35 bits.
//
// Example
//   a = -3, b = 2: step 2 adds -3, the other 31 add 0, and each halves the sum: p = -6.
`default_nettype none

module mul34x32_serial (
    input  wire               clk,
    input  wire               rst,
    input  wire               enable,
    input  wire signed [33:0] a,
    input  wire signed [31:0] b,
    output wire        [63:0] p
);

    reg signed [33:0] a_q;
    reg signed [33:0] high_q;
    reg [31:0]        low_q;
    reg [5:0]         steps_remaining_q;

    // The last step subtracts: it adds the complement, and 1.
    wire               last_step = (steps_remaining_q == 6'd1);
    wire signed [33:0] addend    = (low_q[0] ? a_q : 34'sd0) ^ $signed({34{last_step}});
    wire signed [34:0] sum       = $signed({high_q[33], high_q}) + $signed({addend[33], addend}) +
                                   $signed({34'd0, last_step});

    always @(posedge clk) begin
        if (rst) steps_remaining_q <= 6'd0;
        else if (enable) steps_remaining_q <= 6'd32;
        else if (steps_remaining_q != 6'd0) steps_remaining_q <= steps_remaining_q - 6'd1;

        if (enable) begin
            a_q    <= a;
            high_q <= 34'sd0;
            low_q  <= b;
        end else if (steps_remaining_q != 6'd0) begin
            high_q <= sum[34:1];
            low_q  <= {sum[0], low_q[31:1]};
        end
    end

    assign p = {high_q[31:0], low_q};

    wire unused = &{1'b0, high_q[33:32]};

endmodule

`default_nettype wire
