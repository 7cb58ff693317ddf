// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The block RAM of Lattice ECP5, as far as this project's netlists use it: a model for
//   simulation, written from the vendor's description of the block. Yosys has the ports only.
//
//   18,432 bits in 2,048 bytes of 9. Port A writes, port B reads:
//
//     width          36        18        9, 4, 2, 1
//     byte           AD[13:5]  AD[13:4]  AD[13:3]     the first of four, of two, the only one
//     bits           all       all       9: all, the ninth beside AD[2:0] = 0; 4: from AD[2] * 4;
//                                        2: AD[2:1] * 2; 1: AD[2:0]
//     byte enables   ADA[3:0]  ADA[1:0]  none
//     data in        DIB, DIA  DIA       DIA's lowest pins
//     data out       DOB, DOA  DOB       DOB's lowest pins; the others are X
//
//   Not modelled: port A's output (except for DATA_WIDTH 36, where it is half of port B's), writes
//   by port B, output registers, resets, inverted clocks, chip selects other than 000. A parameter
//   that selects one ends elaboration; a pin that does, or a CLKB that is not CLKA, ends the
//   simulation.
//
// Latency
//   A word is read at the rising edge of CLKB with CEB, and is on the output from then until the
//   next one.
//
// Numbers
//   After power-up an address holds INITVAL. Read while it is written, at the same clock edge, a
//   bit is X: the vendor guarantees neither the old nor the new one. A write with an unknown enable
//   or address leaves X in everything it may have written.
//
// Example
//   DATA_WIDTH_A = DATA_WIDTH_B = 36: with ADA = {9'd5, 5'b00011} DIA = 18'h2_A5F0 goes to bytes 20
//   and 21; then ADB = {9'd5, 5'd0} reads them onto DOA, and bytes 22 and 23 unchanged onto DOB.
`default_nettype none

module DP16KD (
    input  wire CLKA, CEA, OCEA, WEA, RSTA, CSA0, CSA1, CSA2,
    input  wire CLKB, CEB, OCEB, WEB, RSTB, CSB0, CSB1, CSB2,
    input  wire ADA0, ADA1, ADA2, ADA3, ADA4, ADA5, ADA6, ADA7, ADA8, ADA9, ADA10, ADA11, ADA12,
                ADA13,
    input  wire ADB0, ADB1, ADB2, ADB3, ADB4, ADB5, ADB6, ADB7, ADB8, ADB9, ADB10, ADB11, ADB12,
                ADB13,
    input  wire DIA0, DIA1, DIA2, DIA3, DIA4, DIA5, DIA6, DIA7, DIA8, DIA9, DIA10, DIA11, DIA12,
                DIA13, DIA14, DIA15, DIA16, DIA17,
    input  wire DIB0, DIB1, DIB2, DIB3, DIB4, DIB5, DIB6, DIB7, DIB8, DIB9, DIB10, DIB11, DIB12,
                DIB13, DIB14, DIB15, DIB16, DIB17,
    output wire DOA0, DOA1, DOA2, DOA3, DOA4, DOA5, DOA6, DOA7, DOA8, DOA9, DOA10, DOA11, DOA12,
                DOA13, DOA14, DOA15, DOA16, DOA17,
    output wire DOB0, DOB1, DOB2, DOB3, DOB4, DOB5, DOB6, DOB7, DOB8, DOB9, DOB10, DOB11, DOB12,
                DOB13, DOB14, DOB15, DOB16, DOB17
);

    parameter DATA_WIDTH_A        = 18;
    parameter DATA_WIDTH_B        = 18;
    parameter REGMODE_A           = "NOREG";
    parameter REGMODE_B           = "NOREG";
    parameter CSDECODE_A          = "0b000";
    parameter CSDECODE_B          = "0b000";
    parameter CLKAMUX             = "CLKA";
    parameter CLKBMUX             = "CLKB";
    // without a reset, a read by port A and a write by port B, these say nothing
    parameter RESETMODE           = "SYNC";
    parameter ASYNC_RESET_RELEASE = "SYNC";
    parameter WRITEMODE_A         = "NORMAL";
    parameter WRITEMODE_B         = "NORMAL";
    parameter GSR                 = "ENABLED";
    // 16 words of 20 bits each, of which 18 are two bytes
    parameter [319:0] INITVAL_00 = 320'd0;
    parameter [319:0] INITVAL_01 = 320'd0;
    parameter [319:0] INITVAL_02 = 320'd0;
    parameter [319:0] INITVAL_03 = 320'd0;
    parameter [319:0] INITVAL_04 = 320'd0;
    parameter [319:0] INITVAL_05 = 320'd0;
    parameter [319:0] INITVAL_06 = 320'd0;
    parameter [319:0] INITVAL_07 = 320'd0;
    parameter [319:0] INITVAL_08 = 320'd0;
    parameter [319:0] INITVAL_09 = 320'd0;
    parameter [319:0] INITVAL_0A = 320'd0;
    parameter [319:0] INITVAL_0B = 320'd0;
    parameter [319:0] INITVAL_0C = 320'd0;
    parameter [319:0] INITVAL_0D = 320'd0;
    parameter [319:0] INITVAL_0E = 320'd0;
    parameter [319:0] INITVAL_0F = 320'd0;
    parameter [319:0] INITVAL_10 = 320'd0;
    parameter [319:0] INITVAL_11 = 320'd0;
    parameter [319:0] INITVAL_12 = 320'd0;
    parameter [319:0] INITVAL_13 = 320'd0;
    parameter [319:0] INITVAL_14 = 320'd0;
    parameter [319:0] INITVAL_15 = 320'd0;
    parameter [319:0] INITVAL_16 = 320'd0;
    parameter [319:0] INITVAL_17 = 320'd0;
    parameter [319:0] INITVAL_18 = 320'd0;
    parameter [319:0] INITVAL_19 = 320'd0;
    parameter [319:0] INITVAL_1A = 320'd0;
    parameter [319:0] INITVAL_1B = 320'd0;
    parameter [319:0] INITVAL_1C = 320'd0;
    parameter [319:0] INITVAL_1D = 320'd0;
    parameter [319:0] INITVAL_1E = 320'd0;
    parameter [319:0] INITVAL_1F = 320'd0;
    parameter [319:0] INITVAL_20 = 320'd0;
    parameter [319:0] INITVAL_21 = 320'd0;
    parameter [319:0] INITVAL_22 = 320'd0;
    parameter [319:0] INITVAL_23 = 320'd0;
    parameter [319:0] INITVAL_24 = 320'd0;
    parameter [319:0] INITVAL_25 = 320'd0;
    parameter [319:0] INITVAL_26 = 320'd0;
    parameter [319:0] INITVAL_27 = 320'd0;
    parameter [319:0] INITVAL_28 = 320'd0;
    parameter [319:0] INITVAL_29 = 320'd0;
    parameter [319:0] INITVAL_2A = 320'd0;
    parameter [319:0] INITVAL_2B = 320'd0;
    parameter [319:0] INITVAL_2C = 320'd0;
    parameter [319:0] INITVAL_2D = 320'd0;
    parameter [319:0] INITVAL_2E = 320'd0;
    parameter [319:0] INITVAL_2F = 320'd0;
    parameter [319:0] INITVAL_30 = 320'd0;
    parameter [319:0] INITVAL_31 = 320'd0;
    parameter [319:0] INITVAL_32 = 320'd0;
    parameter [319:0] INITVAL_33 = 320'd0;
    parameter [319:0] INITVAL_34 = 320'd0;
    parameter [319:0] INITVAL_35 = 320'd0;
    parameter [319:0] INITVAL_36 = 320'd0;
    parameter [319:0] INITVAL_37 = 320'd0;
    parameter [319:0] INITVAL_38 = 320'd0;
    parameter [319:0] INITVAL_39 = 320'd0;
    parameter [319:0] INITVAL_3A = 320'd0;
    parameter [319:0] INITVAL_3B = 320'd0;
    parameter [319:0] INITVAL_3C = 320'd0;
    parameter [319:0] INITVAL_3D = 320'd0;
    parameter [319:0] INITVAL_3E = 320'd0;
    parameter [319:0] INITVAL_3F = 320'd0;

    generate
        if ((DATA_WIDTH_A != 1 && DATA_WIDTH_A != 2 && DATA_WIDTH_A != 4 && DATA_WIDTH_A != 9 &&
             DATA_WIDTH_A != 18 && DATA_WIDTH_A != 36) ||
            (DATA_WIDTH_B != 1 && DATA_WIDTH_B != 2 && DATA_WIDTH_B != 4 && DATA_WIDTH_B != 9 &&
             DATA_WIDTH_B != 18 && DATA_WIDTH_B != 36)) begin : g_widths
            ERROR_DP16KD_widths_are_1_2_4_9_18_or_36 u_error ();
        end
        if (DATA_WIDTH_B == 36 && DATA_WIDTH_A != 36) begin : g_wide
            ERROR_DP16KD_reads_36_bits_only_where_it_writes_36 u_error ();
        end
        if (REGMODE_A != "NOREG" || REGMODE_B != "NOREG" || CSDECODE_A != "0b000" ||
            CSDECODE_B != "0b000" || CLKAMUX != "CLKA" || CLKBMUX != "CLKB") begin : g_others
            ERROR_DP16KD_only_without_output_registers_decoders_and_inverters u_error ();
        end
    endgenerate

    localparam [64*320-1:0] INIT = {
        INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C,
        INITVAL_3B, INITVAL_3A, INITVAL_39, INITVAL_38,
        INITVAL_37, INITVAL_36, INITVAL_35, INITVAL_34,
        INITVAL_33, INITVAL_32, INITVAL_31, INITVAL_30,
        INITVAL_2F, INITVAL_2E, INITVAL_2D, INITVAL_2C,
        INITVAL_2B, INITVAL_2A, INITVAL_29, INITVAL_28,
        INITVAL_27, INITVAL_26, INITVAL_25, INITVAL_24,
        INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20,
        INITVAL_1F, INITVAL_1E, INITVAL_1D, INITVAL_1C,
        INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18,
        INITVAL_17, INITVAL_16, INITVAL_15, INITVAL_14,
        INITVAL_13, INITVAL_12, INITVAL_11, INITVAL_10,
        INITVAL_0F, INITVAL_0E, INITVAL_0D, INITVAL_0C,
        INITVAL_0B, INITVAL_0A, INITVAL_09, INITVAL_08,
        INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04,
        INITVAL_03, INITVAL_02, INITVAL_01, INITVAL_00};
    // of the bytes of a word
    localparam LAST_A = (DATA_WIDTH_A == 36) ? 3 : (DATA_WIDTH_A == 18) ? 1 : 0;
    localparam LAST_B = (DATA_WIDTH_B == 36) ? 3 : (DATA_WIDTH_B == 18) ? 1 : 0;

    wire [13:0] ada = {ADA13, ADA12, ADA11, ADA10, ADA9, ADA8, ADA7, ADA6, ADA5, ADA4, ADA3, ADA2,
                       ADA1, ADA0};
    wire [13:0] adb = {ADB13, ADB12, ADB11, ADB10, ADB9, ADB8, ADB7, ADB6, ADB5, ADB4, ADB3, ADB2,
                       ADB1, ADB0};
    wire [35:0] di  = {DIB17, DIB16, DIB15, DIB14, DIB13, DIB12, DIB11, DIB10, DIB9, DIB8, DIB7,
                       DIB6, DIB5, DIB4, DIB3, DIB2, DIB1, DIB0, DIA17, DIA16, DIA15, DIA14,
                       DIA13, DIA12, DIA11, DIA10, DIA9, DIA8, DIA7, DIA6, DIA5, DIA4, DIA3, DIA2,
                       DIA1, DIA0};

    // the first byte of a word, and where in the byte a narrow one begins
    wire [10:0] byte_a = {ada[13:5], ada[4] & (LAST_A != 3), ada[3] & (LAST_A == 0)};
    wire [10:0] byte_b = {adb[13:5], adb[4] & (LAST_B != 3), adb[3] & (LAST_B == 0)};
    wire [2:0]  from_a = {ada[2] & (DATA_WIDTH_A <= 4), ada[1] & (DATA_WIDTH_A <= 2),
                          ada[0] & (DATA_WIDTH_A == 1)};
    wire [2:0]  from_b = {adb[2] & (DATA_WIDTH_B <= 4), adb[1] & (DATA_WIDTH_B <= 2),
                          adb[0] & (DATA_WIDTH_B == 1)};
    wire [8:0]  ones_a = 9'h1FF >> ((DATA_WIDTH_A >= 9) ? 0 : 9 - DATA_WIDTH_A);
    wire [8:0]  ones_b = 9'h1FF >> ((DATA_WIDTH_B >= 9) ? 0 : 9 - DATA_WIDTH_B);
    wire [8:0]  mask   = ones_a << from_a;
    wire [3:0]  enable = {4{CEA & WEA}} &
                         ((DATA_WIDTH_A == 36) ? ada[3:0] :
                          (DATA_WIDTH_A == 18) ? {2'b00, ada[1:0]} : 4'b0001);

    reg [8:0]  mem [0:2047];
    reg [35:0] out_q;
    reg [2:0]  from_q;
    reg [10:0] at;
    integer    i, k;

    initial for (k = 0; k < 1024; k = k + 1) begin
        mem[2*k]     = INIT[20*k +: 9];
        mem[2*k + 1] = INIT[20*k + 9 +: 9];
    end

    always @(posedge CLKA) begin
        if (CLKB !== 1'b1 || WEB !== 1'b0 || RSTA !== 1'b0 || RSTB !== 1'b0 ||
            {CSA2, CSA1, CSA0, CSB2, CSB1, CSB0} !== 6'd0) begin
            $display("DP16KD: CLKB must be CLKA, and WEB, RSTA, RSTB, CSA, CSB 0: %m");
            $finish;
        end

        if (CEB !== 1'b0) begin
            from_q <= from_b;
            for (i = 0; i <= LAST_B; i = i + 1)
                out_q[9*i +: 9] <= (CEB === 1'b1) ? mem[byte_b | i[10:0]] : 9'bx;
        end

        for (i = 0; i <= LAST_A; i = i + 1) if (enable[i] !== 1'b0) begin
            at = byte_a | i[10:0];
            if ((^{at, mask}) === 1'bx)
                for (k = 0; k < 2048; k = k + 1) mem[k] <= 9'bx;
            else
                mem[at] <= (enable[i] === 1'b1) ?
                           (mem[at] & ~mask) | ((di[9*i +: 9] & ones_a) << from_a) :
                           mem[at] ^ (mask & 9'bx);
            // the same bits, now
            if (CEB !== 1'b0) for (k = 0; k <= LAST_B; k = k + 1)
                if ((at == (byte_b | k[10:0])) !== 1'b0)
                    out_q[9*k +: 9] <= mem[byte_b | k[10:0]] ^ (mask & 9'bx);
        end
    end

    wire [8:0]  narrow = (out_q[8:0] >> from_q) ^ (~ones_b & 9'bx);
    wire [35:0] out    = (DATA_WIDTH_B == 36) ? out_q :
                         (DATA_WIDTH_B == 18) ? {out_q[17:0], 18'bx} : {9'bx, narrow, 18'bx};

    assign {DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8, DOB7, DOB6, DOB5,
            DOB4, DOB3, DOB2, DOB1, DOB0, DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10,
            DOA9, DOA8, DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0}
        = out;

    wire unused = &{1'b0, OCEA, OCEB};  // clock the output registers

endmodule

`default_nettype wire
