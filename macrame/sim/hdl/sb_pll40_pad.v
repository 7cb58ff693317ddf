// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   iCE40's PLL, as far as a simulation of the board needs it: the clock passes unchanged, whatever
//   the factors are, and the lock comes after a few cycles.
`timescale 1ns / 1ps
`default_nettype none
module SB_PLL40_PAD #(
    parameter       FEEDBACK_PATH = "SIMPLE",
    parameter [3:0] DIVR          = 4'd0,
    parameter [6:0] DIVF          = 7'd0,
    parameter [2:0] DIVQ          = 3'd0,
    parameter [2:0] FILTER_RANGE  = 3'd0
) (
    input  wire PACKAGEPIN,
    output wire PLLOUTGLOBAL,
    output wire LOCK,
    input  wire BYPASS,
    input  wire RESETB
);
    reg [3:0] count = 4'd0;
    always @(posedge PACKAGEPIN)
        if (!RESETB)
            count <= 4'd0;
        else if (!LOCK)
            count <= count + 4'd1;
    assign LOCK = &count;
    assign PLLOUTGLOBAL = PACKAGEPIN;
    wire unused = &{1'b0, BYPASS};
endmodule
`default_nettype wire
