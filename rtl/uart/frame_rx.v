// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Finds frames in a stream of bytes and computes their checksums.
//
//   A frame starts with the byte 7E, and 7E occurs nowhere else: inside a frame 7D 5E stands for 7E
//   and 7D 5D for 7D (a byte after 7D has its bit 5 inverted). So wherever a sender stopped, the
//   next 7E is a start.
//
//     in    7E   03   7D   5E   7E            out    start  03   -    7E   start
//
// Latency
//   Combinational except for one bit of state and the checksum: a token (a start or a byte) is
//   offered in the cycle of its last byte, and that byte is accepted with it. 7D is accepted by
//   itself.
//
// Numbers
//   The checksum is crc16 of the bytes since the latest start, excluding the offered one;
//   `checksum_ok` is high when it is 0, as it is after a frame's own checksum. The byte after 7D is
//   not validated; the checksum covers it.
//
// Example
//   7E 02 and its two checksum bytes: a start, the byte 02 and two more bytes, then `checksum_ok`
//   is high.
`default_nettype none

module frame_rx (
    input  wire       clk,
    input  wire       rst,
    // as received
    input  wire [7:0] in_data,
    input  wire       in_valid,
    output wire       in_ready,
    // a start, or a byte
    output wire       out_start,
    output wire [7:0] out_data,
    output wire       out_valid,
    input  wire       out_ready,
    output wire       checksum_ok
);

    localparam [7:0] FLAG   = 8'h7E;
    localparam [7:0] ESCAPE = 8'h7D;

    reg         escaped_q;
    reg  [15:0] sum_q;
    wire [15:0] sum_d;

    wire escape         = in_valid && (in_data == ESCAPE) && !escaped_q;
    wire token_accepted = out_valid && out_ready;

    assign out_start   = (in_data == FLAG);
    assign out_data    = in_data ^ {2'b00, escaped_q, 5'd0};
    assign out_valid   = in_valid && !escape;
    assign in_ready    = escape || out_ready;
    assign checksum_ok = (sum_q == 16'd0);

    crc16 u_crc16 (
        .sum (sum_q),
        .data(out_data),
        .next(sum_d)
    );

    always @(posedge clk) begin
        if (rst) escaped_q <= 1'b0;
        else if (in_valid && in_ready) escaped_q <= escape;
        if (token_accepted) sum_q <= out_start ? 16'hFFFF : sum_d;
    end

endmodule

`default_nettype wire
