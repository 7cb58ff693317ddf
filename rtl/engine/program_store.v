// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Keeps a program in memory, and plays it at every `play`.
//
//     in ─► memory ─► register ─► register ─► out
//
//   A packet on `in` replaces the program; no beat of it is accepted while `playing` or `play` is
//   high. Of a packet longer than BEATS the first BEATS are kept, so that the engine finds the
//   program cut off. `play`, a strobe that comes while `playing` is low, starts the program, if
//   there is one. `core_rst` discards a packet that is still arriving, and stops a program of which
//   no beat was accepted; `out_ready` is low in its cycles. A packet that has begun on `out` ends
//   with tlast, and a complete program stays.
//
// Latency
//   3 cycles from `play` to the first beat offered; one beat per cycle. `stored` is high from the
//   cycle after the packet's last beat on, and low from the cycle after its first.
//
// Numbers
//   None: bits pass unchanged. No reset of the memory.
//
// Example
//   A packet of the beats 5 and 6; `play` in cycle 10: out_valid is high in cycles 13 and 14 with 5
//   and 6, out_last in cycle 14.
`default_nettype none

module program_store #(
    parameter integer BEATS  = 4096,  // beats of the longest program, 2 or more
    parameter integer BEAT_W = 512    // bits of a beat
) (
    input  wire              clk,
    input  wire              rst,
    input  wire              core_rst,  // rst or soft_reset
    // a program
    input  wire [BEAT_W-1:0] in_data,
    input  wire              in_last,
    input  wire              in_valid,
    output wire              in_ready,
    output wire              stored,   // a complete program is here
    // playing it
    input  wire              play,
    output wire              playing,  // some of its beats have not been accepted yet
    output wire [BEAT_W-1:0] out_data,
    output wire              out_last,
    output wire              out_valid,
    input  wire              out_ready
);

    localparam integer ADDRESS_W = $clog2(BEATS);
    localparam [31:0]  ONE       = 1;
    localparam [31:0]  END       = BEATS - 1;

    generate
        if (BEATS < 2) begin : g_illegal
            ERROR_program_store_BEATS_must_be_2_or_more u_error ();
        end
    endgenerate

    (* no_rw_check, ram_style = "block" *)
    reg [BEAT_W-1:0]    mem[0:BEATS-1];
    reg [BEAT_W-1:0]    read_q, data_q;
    reg [ADDRESS_W-1:0] write_address_q, end_address_q, read_address_q;
    reg                 memory_full_q;  // the packet has filled the memory
    reg                 stored_q;
    reg                 packet_open_q;  // a beat of the packet on `out` was accepted
    reg                 active_q;       // the beat at read_address_q has not been read yet
    reg                 valid1_q, valid2_q, last1_q, last2_q;

    wire advance     = !valid2_q || out_ready;
    wire accepted    = in_valid && in_ready;
    wire read_at_end = (read_address_q == end_address_q);

    assign in_ready  = !playing && !play;
    assign stored    = stored_q;
    assign playing   = active_q || valid1_q || valid2_q;
    assign out_data  = data_q;
    assign out_last  = last2_q;
    assign out_valid = valid2_q;

    always @(posedge clk) begin
        if (accepted && !memory_full_q) begin
            mem[write_address_q] <= in_data;
            end_address_q        <= write_address_q;
        end
        if (advance) begin
            read_q  <= mem[read_address_q];
            data_q  <= read_q;
            last1_q <= read_at_end;
            last2_q <= last1_q;
        end
        if (core_rst) begin
            write_address_q <= {ADDRESS_W{1'b0}};
            memory_full_q   <= 1'b0;
        end else if (accepted) begin
            write_address_q <= in_last ? {ADDRESS_W{1'b0}} : write_address_q + ONE[ADDRESS_W-1:0];
            memory_full_q   <= !in_last &&
                               (memory_full_q || (write_address_q == END[ADDRESS_W-1:0]));
        end
        if (rst) stored_q <= 1'b0;
        else if (accepted) stored_q <= in_last;
        if (rst) packet_open_q <= 1'b0;
        else if (valid2_q && out_ready) packet_open_q <= !last2_q;
        if (rst || (core_rst && !packet_open_q)) begin
            active_q <= 1'b0;
            valid1_q <= 1'b0;
            valid2_q <= 1'b0;
        end else begin
            if (play && stored_q && !playing) begin
                active_q       <= 1'b1;
                read_address_q <= {ADDRESS_W{1'b0}};
            end else if (active_q && advance) begin
                active_q       <= !read_at_end;
                read_address_q <= read_address_q + ONE[ADDRESS_W-1:0];
            end
            if (advance) begin
                valid1_q <= active_q;
                valid2_q <= valid1_q;
            end
        end
    end

endmodule

`default_nettype wire
