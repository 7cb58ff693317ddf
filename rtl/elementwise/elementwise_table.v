// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   A table of 256 int32, one entry for each int8 value of an operand of the elementwise unit. A
//   memory with one write port and one read port, as block RAM has.
//
// Latency
//   1 cycle from `index` to `entry`, one entry per cycle; while `enable` is low, `entry` holds. An
//   entry can be read in the cycle after it was written.
//
// Numbers
//   None: bits pass unchanged. `index` is the int8's bit pattern: entry 8'hFF belongs to -1. No
//   reset: entries are undefined until they are written.
//
// Example
//   `write` with write_index 8'hFF and write_entry 7 in cycle 0, index 8'hFF in cycle 1: entry is 7
//   in cycle 2.
`default_nettype none

module elementwise_table (
    input  wire        clk,
    input  wire        enable,
    input  wire        write,
    input  wire [7:0]  write_index,
    input  wire [31:0] write_entry,
    input  wire [7:0]  index,
    output reg  [31:0] entry
);

    // Packets that write and packets that read do not overlap. While the pipeline drains, an entry
    // may be read in the cycle in which it is written, but no valid beat uses what is read then.
    (* no_rw_check, ram_style = "block" *)
    reg [31:0] mem[0:255];

    always @(posedge clk) begin
        if (write) mem[write_index] <= write_entry;
        if (enable) entry <= mem[index];
    end

endmodule

`default_nettype wire
