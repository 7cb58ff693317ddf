// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// lfsr32: a linear feedback shift register of 32 bits that gives 16 bits a lane and step.
//
// Purpose    Random operands of stochastic rounding, the same in golden and on every machine.
// Latency    0: `bits` belong to the state that a clock edge left, combinational, an XOR of some of its bits each. `load`
//            and `step` count at the next edge; `load` wins. No reset: load a seed.
// Contract   The sequence is that of a Galois register shifting right, x^32 + x^22 + x^2 + x + 1: it gives bit 0 of the
//            state and then becomes (state >> 1) ^ (bit 0 ? 32'h80200003 : 0). Its period is 2^32 - 1.
//              bits[16*l + i]  is the sequence's bit number 16*l + i from the state on; a step goes on by 16*LANES
//            So the sequence, cut into words of 16 bits, goes to the lanes in turn: word n*LANES + l to lane l in step n,
//            whatever LANES is. The seed is the first state; 0, which would stay 0 for ever, counts as 1.
// Method     Each bit to come is linear in the state: which bits of it are XORed is worked out at elaboration. The bit
//            after i steps is row(i) of the state; one step more turns a row r into {r[30:0], ^(r & TAPS)}.
// Example    seed 1: the first bit is 1, the state then 80200003, then C0300002, whose lowest bit is 0: 1, 1, 0, ...
`default_nettype none

module lfsr32 #(
    parameter integer LANES = 1  // 16-bit words a step, 1..32
) (
    input  wire                clk,
    input  wire                load,
    input  wire [31:0]         seed,
    input  wire                step,
    output wire [16*LANES-1:0] bits  // lane 0 lowest
);

    localparam [31:0] TAPS = 32'h8020_0003;

    generate
        if (LANES < 1 || LANES > 32) begin : g_illegal
            ERROR_lfsr32_LANES_must_be_1_to_32 u_error ();
        end
    endgenerate

    // What a bit of the state becomes after `steps` steps: which bits of today's state to XOR.
    function [31:0] row;
        input integer bit_number;
        input integer steps;
        integer i;
        begin
            row = 32'd1 << bit_number;
            for (i = 0; i < steps; i = i + 1) row = {row[30:0], ^(row & TAPS)};
        end
    endfunction

    // The same of bit 0, after 0 to 16*LANES - 1 steps.
    function [512*LANES-1:0] rows;
        input integer unused;
        integer i;
        reg [31:0] r;
        begin
            r = 32'd1;
            for (i = 0; i < 16*LANES; i = i + 1) begin
                rows[32*i +: 32] = r;
                r = {r[30:0], ^(r & TAPS)};
            end
        end
    endfunction

    localparam [512*LANES-1:0] ROWS = rows(0);

    reg  [31:0] state_q;
    wire [31:0] next;

    genvar n;
    generate
        for (n = 0; n < 16*LANES; n = n + 1) begin : g_bit
            assign bits[n] = ^(state_q & ROWS[32*n +: 32]);
        end
        for (n = 0; n < 32; n = n + 1) begin : g_next
            localparam [31:0] ROW = row(n, 16*LANES);
            assign next[n] = ^(state_q & ROW);
        end
    endgenerate

    always @(posedge clk) begin
        if (load) state_q <= (seed == 32'd0) ? 32'd1 : seed;
        else if (step) state_q <= next;
    end

endmodule

`default_nettype wire
