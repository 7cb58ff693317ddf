// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Pauses of a stream. `stop` is high in the cycles in which the stream's source offers no new
//   beat, or its sink accepts none. Patterns:
//
//     mode      stop
//     0 none    never
//     1 random  each cycle with probability chance / 65536
//     2 bursts  alternately low and high for 1..length cycles each, lengths uniform
//     3 block   for `length` cycles after `start`, then never
//
//   Random bits come from a xorshift32 generator, seeded at `start`: the same seed gives the same
//   pauses.
`timescale 1ns / 1ps
`default_nettype none
module stall (
    input  wire        clk,
    input  wire        start,
    input  wire [1:0]  mode,
    input  wire [15:0] chance,
    input  wire [15:0] length,
    input  wire [31:0] seed,
    output reg         stop
);
    reg [31:0] bits;
    reg [15:0] left;

    function [31:0] xorshift(input [31:0] x);
        begin
            xorshift = x ^ (x << 13);
            xorshift = xorshift ^ (xorshift >> 17);
            xorshift = xorshift ^ (xorshift << 5);
        end
    endfunction

    initial begin
        stop = 1'b0;
        bits = 32'd1;
        left = 16'd0;
    end

    // A stream that never pauses costs the simulator nothing per cycle.
    wire tick = clk && (start || mode != 2'd0);
    always @(posedge tick)
        if (start) begin
            bits <= seed == 0 ? 32'h9E3779B9 : seed;
            left <= mode == 2'd3 ? length : 16'd0;
            stop <= mode == 2'd3 && length != 0;
        end else begin
            case (mode)
                2'd1: begin
                    bits <= xorshift(bits);
                    stop <= bits[23:8] < chance;
                end
                2'd2:
                    if (left == 0) begin
                        bits <= xorshift(bits);
                        left <= bits[23:8] % length;
                        stop <= !stop;
                    end else
                        left <= left - 16'd1;
                default:
                    if (left == 0)
                        stop <= 1'b0;
                    else
                        left <= left - 16'd1;
            endcase
        end
endmodule
`default_nettype wire
