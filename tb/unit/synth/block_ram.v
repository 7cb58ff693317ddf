// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// block_ram: macrame/synth/models/DP16KD.v with its pins in words, for tb_block_ram.py. Words 0 and 1023 of 18 bits begin with
// FIRST and LAST, all others with 0.
`timescale 1ns / 1ps
`default_nettype none
module block_ram #(
    parameter A_W = 36,   // DATA_WIDTH_A
    parameter B_W = 36    // DATA_WIDTH_B
) (
    input  wire        clk,
    input  wire        write,     // WEA, with CEA
    input  wire [13:0] ada,
    input  wire [35:0] data_in,   // {DIB, DIA}
    input  wire        read,      // CEB
    input  wire [13:0] adb,
    output wire [35:0] data_out   // {DOB, DOA}
);
    localparam [17:0] FIRST = 18'h2_5A5A;
    localparam [17:0] LAST  = 18'h1_C3F0;

    DP16KD #(
        .DATA_WIDTH_A(A_W), .DATA_WIDTH_B(B_W), .INITVAL_00({302'd0, FIRST}), .INITVAL_3F({2'd0, LAST, 300'd0})
    ) u_ram (
        .CLKA(clk), .CEA(write), .OCEA(1'b0), .WEA(1'b1), .RSTA(1'b0), .CSA0(1'b0), .CSA1(1'b0), .CSA2(1'b0),
        .CLKB(clk), .CEB(read), .OCEB(1'b1), .WEB(1'b0), .RSTB(1'b0), .CSB0(1'b0), .CSB1(1'b0), .CSB2(1'b0),
        .ADA0(ada[0]), .ADA1(ada[1]), .ADA2(ada[2]), .ADA3(ada[3]), .ADA4(ada[4]), .ADA5(ada[5]), .ADA6(ada[6]),
        .ADA7(ada[7]), .ADA8(ada[8]), .ADA9(ada[9]), .ADA10(ada[10]), .ADA11(ada[11]), .ADA12(ada[12]), .ADA13(ada[13]),
        .ADB0(adb[0]), .ADB1(adb[1]), .ADB2(adb[2]), .ADB3(adb[3]), .ADB4(adb[4]), .ADB5(adb[5]), .ADB6(adb[6]),
        .ADB7(adb[7]), .ADB8(adb[8]), .ADB9(adb[9]), .ADB10(adb[10]), .ADB11(adb[11]), .ADB12(adb[12]), .ADB13(adb[13]),
        .DIA0(data_in[0]), .DIA1(data_in[1]), .DIA2(data_in[2]), .DIA3(data_in[3]), .DIA4(data_in[4]), .DIA5(data_in[5]),
        .DIA6(data_in[6]), .DIA7(data_in[7]), .DIA8(data_in[8]), .DIA9(data_in[9]), .DIA10(data_in[10]), .DIA11(data_in[11]),
        .DIA12(data_in[12]), .DIA13(data_in[13]), .DIA14(data_in[14]), .DIA15(data_in[15]), .DIA16(data_in[16]), .DIA17(data_in[17]),
        .DIB0(data_in[18]), .DIB1(data_in[19]), .DIB2(data_in[20]), .DIB3(data_in[21]), .DIB4(data_in[22]), .DIB5(data_in[23]),
        .DIB6(data_in[24]), .DIB7(data_in[25]), .DIB8(data_in[26]), .DIB9(data_in[27]), .DIB10(data_in[28]), .DIB11(data_in[29]),
        .DIB12(data_in[30]), .DIB13(data_in[31]), .DIB14(data_in[32]), .DIB15(data_in[33]), .DIB16(data_in[34]), .DIB17(data_in[35]),
        .DOA0(data_out[0]), .DOA1(data_out[1]), .DOA2(data_out[2]), .DOA3(data_out[3]), .DOA4(data_out[4]), .DOA5(data_out[5]),
        .DOA6(data_out[6]), .DOA7(data_out[7]), .DOA8(data_out[8]), .DOA9(data_out[9]), .DOA10(data_out[10]), .DOA11(data_out[11]),
        .DOA12(data_out[12]), .DOA13(data_out[13]), .DOA14(data_out[14]), .DOA15(data_out[15]), .DOA16(data_out[16]), .DOA17(data_out[17]),
        .DOB0(data_out[18]), .DOB1(data_out[19]), .DOB2(data_out[20]), .DOB3(data_out[21]), .DOB4(data_out[22]), .DOB5(data_out[23]),
        .DOB6(data_out[24]), .DOB7(data_out[25]), .DOB8(data_out[26]), .DOB9(data_out[27]), .DOB10(data_out[28]), .DOB11(data_out[29]),
        .DOB12(data_out[30]), .DOB13(data_out[31]), .DOB14(data_out[32]), .DOB15(data_out[33]), .DOB16(data_out[34]), .DOB17(data_out[35])
    );
endmodule
`default_nettype wire
