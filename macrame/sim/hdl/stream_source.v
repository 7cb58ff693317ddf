// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Plays the beats of a file that grows: Python appends beats, flushes, then raises `available`,
//   so that the file is never read past its end. A beat is stored as
//
//     byte 0  tuser     byte 1  tlast (0 or 1)     then tdata, highest byte first, as for $fread
//
//   Once offered, a beat stays until accepted; `stop` only delays the next one. After `rst`, beats
//   that were available but not yet accepted are skipped.
`timescale 1ns / 1ps
`default_nettype none
module stream_source #(
    parameter DATA_W = 8           // bits of tdata, a multiple of 8
) (
    input  wire              clk,
    input  wire              rst,
    input  wire [31:0]       file,
    input  wire [31:0]       available,   // beats in the file
    input  wire              stop,
    output wire [31:0]       sent,        // beats accepted
    output wire              empty,       // all available beats are accepted
    output wire [DATA_W-1:0] tdata,
    output wire [7:0]        tuser,
    output wire              tlast,
    output reg               tvalid,
    input  wire              tready
);
    localparam BEAT_W = DATA_W + 16;

    reg [BEAT_W-1:0] word;      // filled by $fread
    reg [BEAT_W-1:0] beat_q;
    reg [31:0] fetched;         // beats read; one of them may still be on offer
    integer count;

    assign sent  = fetched - tvalid;
    assign empty = fetched == available && !tvalid;
    assign tuser = beat_q[BEAT_W-1 -: 8];
    assign tlast = beat_q[DATA_W];
    assign tdata = beat_q[DATA_W-1:0];

    initial begin
        tvalid  = 1'b0;
        fetched = 0;
        beat_q  = 0;
    end

    always @(posedge clk)
        if (rst) begin
            tvalid <= 1'b0;
            if (fetched != available) begin
                count   = $fseek(file, (available - fetched) * (BEAT_W / 8), 1);
                fetched <= available;
            end
        end else if (!tvalid || tready) begin
            if (fetched != available && !stop) begin
                count   = $fread(word, file);
                beat_q  <= word;
                tvalid  <= 1'b1;
                fetched <= fetched + 1;
                if (count != BEAT_W / 8)
                    $display("stream_source: %0d bytes read of a beat of %0d", count, BEAT_W / 8);
            end else
                tvalid <= 1'b0;
        end
endmodule
`default_nettype wire
