// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Synchronous first-word-fall-through FIFO whose storage may be block RAM. The memory is read
//   into an output register ahead of need, as block RAM requires, so the FIFO holds DEPTH entries
//   in memory and one more in that register.
//
//   The writer must not write when DEPTH + 1 entries are held, even if one leaves in that cycle.
//   There is no `full`: every writer counts entries, as the core does before it starts a tile, so
//   the flag would never rise, and a flag that never rises cannot be tested.
//
// Latency
//   A beat written into an empty FIFO is on out_data 2 cycles later. One beat in and one out per
//   cycle.
//
// Numbers
//   None: bits pass unchanged. Reset empties it; memory and data register keep their bits.
//
// Example
//   Beats 5, 6 and 7 written in cycles 0 to 2 with out_ready high: out_valid is high in cycles 2 to
//   4 with 5, 6 and 7.
`default_nettype none

module fifo #(
    parameter integer WIDTH = 8,   // bits of an entry, 1 or more
    parameter integer DEPTH = 64,  // entries in memory, a power of two, 2 or more
    // for synthesis: "auto", or "block" for block RAM
    parameter         RAM   = "auto"
) (
    input  wire             clk,
    input  wire             rst,
    input  wire [WIDTH-1:0] in_data,
    input  wire             in_valid,
    output wire [WIDTH-1:0] out_data,
    output wire             out_valid,
    input  wire             out_ready
);

    localparam integer ADDR_W = $clog2(DEPTH);

    generate
        if (WIDTH < 1) begin : g_illegal_width
            ERROR_fifo_WIDTH_must_be_1_or_more u_error ();
        end
        if (DEPTH < 2 || (DEPTH & (DEPTH - 1)) != 0) begin : g_illegal
            ERROR_fifo_DEPTH_must_be_a_power_of_two_from_2 u_error ();
        end
    endgenerate

    // An entry is never read while it is written: `fetch` requires one written before, and a full
    // memory accepts no beat.
    (* no_rw_check, ram_style = RAM *)
    reg [WIDTH-1:0]  mem[0:DEPTH-1];
    reg [ADDR_W:0]   write_q, read_q;  // one bit more than the address: equal means empty, not full
    reg [WIDTH-1:0]  out_q;
    reg              out_valid_q;

    wire fetch = (write_q != read_q) && (!out_valid_q || out_ready);

    always @(posedge clk) begin
        if (in_valid) mem[write_q[ADDR_W-1:0]] <= in_data;
        if (fetch) out_q <= mem[read_q[ADDR_W-1:0]];
        if (rst) begin
            write_q     <= {(ADDR_W + 1){1'b0}};
            read_q      <= {(ADDR_W + 1){1'b0}};
            out_valid_q <= 1'b0;
        end else begin
            if (in_valid) write_q <= write_q + 1'b1;
            if (fetch) read_q <= read_q + 1'b1;
            if (fetch) out_valid_q <= 1'b1;
            else if (out_ready) out_valid_q <= 1'b0;
        end
    end

    assign out_data  = out_q;
    assign out_valid = out_valid_q;

endmodule

`default_nettype wire
