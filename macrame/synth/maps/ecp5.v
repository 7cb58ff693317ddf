// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   A map for Yosys' techmap, after synth_ecp5: carry cells without inputs at 0.
//
//   An adder's cells have an input at 0, and nextpnr routes that 0 to each of them from one LUT; an
//   input at 1 it leaves unconnected, which reads as 1. So the input becomes 1, and the LUT's
//   entries for 1 become those for 0. A CCU2C's LUT4 reads all of INIT, its LUT2 the entries of C =
//   D = 0: those depend on A and B only, not on C and D.
(* techmap_celltype = "CCU2C" *)
module macrame_carry (
    input  CIN, A0, B0, C0, D0, A1, B1, C1, D1,
    output S0, S1, COUT
);

    parameter [15:0] INIT0 = 16'h0000;
    parameter [15:0] INIT1 = 16'h0000;
    parameter INJECT1_0 = "YES";
    parameter INJECT1_1 = "YES";

    parameter _TECHMAP_CONSTMSK_A0_ = 0;
    parameter _TECHMAP_CONSTVAL_A0_ = 0;
    parameter _TECHMAP_CONSTMSK_B0_ = 0;
    parameter _TECHMAP_CONSTVAL_B0_ = 0;
    parameter _TECHMAP_CONSTMSK_C0_ = 0;
    parameter _TECHMAP_CONSTVAL_C0_ = 0;
    parameter _TECHMAP_CONSTMSK_D0_ = 0;
    parameter _TECHMAP_CONSTVAL_D0_ = 0;
    parameter _TECHMAP_CONSTMSK_A1_ = 0;
    parameter _TECHMAP_CONSTVAL_A1_ = 0;
    parameter _TECHMAP_CONSTMSK_B1_ = 0;
    parameter _TECHMAP_CONSTVAL_B1_ = 0;
    parameter _TECHMAP_CONSTMSK_C1_ = 0;
    parameter _TECHMAP_CONSTVAL_C1_ = 0;
    parameter _TECHMAP_CONSTMSK_D1_ = 0;
    parameter _TECHMAP_CONSTVAL_D1_ = 0;

    // which of D, C, B, A are 0
    localparam [3:0] ZERO0 = {
        _TECHMAP_CONSTMSK_D0_[0] && !_TECHMAP_CONSTVAL_D0_[0],
        _TECHMAP_CONSTMSK_C0_[0] && !_TECHMAP_CONSTVAL_C0_[0],
        _TECHMAP_CONSTMSK_B0_[0] && !_TECHMAP_CONSTVAL_B0_[0],
        _TECHMAP_CONSTMSK_A0_[0] && !_TECHMAP_CONSTVAL_A0_[0]};
    localparam [3:0] ZERO1 = {
        _TECHMAP_CONSTMSK_D1_[0] && !_TECHMAP_CONSTVAL_D1_[0],
        _TECHMAP_CONSTMSK_C1_[0] && !_TECHMAP_CONSTVAL_C1_[0],
        _TECHMAP_CONSTMSK_B1_[0] && !_TECHMAP_CONSTVAL_B1_[0],
        _TECHMAP_CONSTMSK_A1_[0] && !_TECHMAP_CONSTVAL_A1_[0]};
    wire _TECHMAP_FAIL_ = (ZERO0 == 4'd0) && (ZERO1 == 4'd0);

    function [15:0] without;
        input [15:0] init;
        input [3:0]  zero;
        integer      entry;
        for (entry = 0; entry < 16; entry = entry + 1) without[entry] = init[entry & ~zero];
    endfunction

    CCU2C #(
        .INIT0    (without(INIT0, ZERO0)),
        .INIT1    (without(INIT1, ZERO1)),
        .INJECT1_0(INJECT1_0),
        .INJECT1_1(INJECT1_1)
    ) _TECHMAP_REPLACE_ (
        .CIN (CIN),
        .S0  (S0),
        .S1  (S1),
        .COUT(COUT),
        .A0  (ZERO0[0] ? 1'b1 : A0),
        .B0  (ZERO0[1] ? 1'b1 : B0),
        .C0  (ZERO0[2] ? 1'b1 : C0),
        .D0  (ZERO0[3] ? 1'b1 : D0),
        .A1  (ZERO1[0] ? 1'b1 : A1),
        .B1  (ZERO1[1] ? 1'b1 : B1),
        .C1  (ZERO1[2] ? 1'b1 : C1),
        .D1  (ZERO1[3] ? 1'b1 : D1)
    );

endmodule
