// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The DSP block of Lattice ECP5, as far as this project uses it: a model for simulation and for
//   proofs, written from the vendor's description of the block. Yosys has the ports only. A
//   register's clock is CLK0, its enable CE0 and its reset RST0 (synchronous). Other clocks, shift
//   chains, C and GSR are not modelled; a parameter that selects another clock, enable or reset
//   ends elaboration.
//
// Latency
//   0 to 3 cycles: input, pipeline and output registers, each present if its *_CLK parameter is not
//   "NONE".
//
// Numbers
//   P = A * B; each operand is signed where SIGNEDA or SIGNEDB is high. Exact: 36 bits hold every
//   product.
//
// Example
//   A = 18'h3FFFF, B = 5: P = -5 with SIGNEDA, 1310715 without.
`default_nettype none

module MULT18X18D (
    input  wire CLK0, CE0, RST0, SIGNEDA, SIGNEDB, SOURCEA, SOURCEB,
    input  wire A0, A1, A2, A3, A4, A5, A6, A7, A8, A9, A10, A11, A12, A13, A14, A15, A16, A17,
    input  wire B0, B1, B2, B3, B4, B5, B6, B7, B8, B9, B10, B11, B12, B13, B14, B15, B16, B17,
    output wire P0, P1, P2, P3, P4, P5, P6, P7, P8, P9, P10, P11, P12, P13, P14, P15, P16, P17, P18,
                P19, P20, P21,
    output wire P22, P23, P24, P25, P26, P27, P28, P29, P30, P31, P32, P33, P34, P35
);

    parameter REG_INPUTA_CLK   = "NONE";
    parameter REG_INPUTA_CE    = "CE0";
    parameter REG_INPUTA_RST   = "RST0";
    parameter REG_INPUTB_CLK   = "NONE";
    parameter REG_INPUTB_CE    = "CE0";
    parameter REG_INPUTB_RST   = "RST0";
    parameter REG_PIPELINE_CLK = "NONE";
    parameter REG_PIPELINE_CE  = "CE0";
    parameter REG_PIPELINE_RST = "RST0";
    parameter REG_OUTPUT_CLK   = "NONE";
    parameter REG_OUTPUT_CE    = "CE0";
    parameter REG_OUTPUT_RST   = "RST0";
    parameter GSR              = "ENABLED";
    parameter MULT_BYPASS      = "DISABLED";
    parameter RESETMODE        = "SYNC";

    generate
        if ((REG_INPUTA_CLK != "NONE" && REG_INPUTA_CLK != "CLK0") ||
            (REG_INPUTB_CLK != "NONE" && REG_INPUTB_CLK != "CLK0") ||
            (REG_PIPELINE_CLK != "NONE" && REG_PIPELINE_CLK != "CLK0") ||
            (REG_OUTPUT_CLK != "NONE" && REG_OUTPUT_CLK != "CLK0")) begin : g_clocks
            ERROR_MULT18X18D_clocks_are_NONE_or_CLK0 u_error ();
        end
        if (REG_INPUTA_CE != "CE0" || REG_INPUTB_CE != "CE0" || REG_PIPELINE_CE != "CE0" ||
            REG_OUTPUT_CE != "CE0" ||
            REG_INPUTA_RST != "RST0" || REG_INPUTB_RST != "RST0" || REG_PIPELINE_RST != "RST0" ||
            REG_OUTPUT_RST != "RST0" || MULT_BYPASS != "DISABLED" || RESETMODE != "SYNC"
           ) begin : g_others
            ERROR_MULT18X18D_only_CE0_RST0_SYNC_without_bypass u_error ();
        end
    endgenerate

    wire [17:0] a = {A17, A16, A15, A14, A13, A12, A11, A10, A9,
                     A8, A7, A6, A5, A4, A3, A2, A1, A0};
    wire [17:0] b = {B17, B16, B15, B14, B13, B12, B11, B10, B9,
                     B8, B7, B6, B5, B4, B3, B2, B1, B0};

    reg  [18:0] a_q, b_q;  // {sign, operand}
    reg  [35:0] pipeline_q, output_q;

    wire signed [18:0] left  = (REG_INPUTA_CLK == "NONE") ? {SIGNEDA & a[17], a} : a_q;
    wire signed [18:0] right = (REG_INPUTB_CLK == "NONE") ? {SIGNEDB & b[17], b} : b_q;
    wire signed [37:0] product = left * right;
    wire [35:0] piped = (REG_PIPELINE_CLK == "NONE") ? product[35:0] : pipeline_q;

    always @(posedge CLK0) begin
        if (RST0) begin
            a_q        <= 19'd0;
            b_q        <= 19'd0;
            pipeline_q <= 36'd0;
            output_q   <= 36'd0;
        end else if (CE0) begin
            a_q        <= {SIGNEDA & a[17], a};
            b_q        <= {SIGNEDB & b[17], b};
            pipeline_q <= product[35:0];
            output_q   <= piped;
        end
    end

    assign {P35, P34, P33, P32, P31, P30, P29, P28, P27, P26, P25, P24,
            P23, P22, P21, P20, P19, P18, P17, P16, P15, P14, P13, P12,
            P11, P10, P9, P8, P7, P6, P5, P4, P3, P2, P1, P0}
        = (REG_OUTPUT_CLK == "NONE") ? piped : output_q;

    wire unused = &{1'b0, SOURCEA, SOURCEB, product[37:36]};

endmodule

`default_nettype wire
