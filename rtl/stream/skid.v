// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   A two-entry register slice for one valid/ready stream. No combinational path passes through:
//   in_ready is a register, so the upstream's path ends here, and the entries load independently of
//   the downstream, so that out_ready reaches four flip-flops and no data.
//
//                    ┌► even ─┐
//            in ─────┤        ├──► out        filled and emptied alternately
//                    └► odd ──┘
//
//   The selection between the entries has a fan-out of one per bit. The HEAD low bits avoid it:
//   they have a register of their own, for logic that decides on them.
//
// Latency
//   1 cycle; throughput one beat per cycle. A beat offered stays offered, unchanged, until
//   accepted.
//
// Numbers
//   None: bits pass unchanged. Reset empties it; data registers have none.
//
// Example
//   Beats 1, 2 and 3 offered from cycle 0 on, out_ready high from cycle 3 on: 1 and 2 are accepted
//   in cycles 0 and 1, in_ready is low in cycles 2 and 3, and 3 is accepted in cycle 4.
`default_nettype none

module skid #(
    parameter integer WIDTH = 8,  // bits of a beat, sidebands included
    parameter integer HEAD  = 0   // low bits of out_data that are a register, 0..WIDTH
) (
    input  wire             clk,
    input  wire             rst,
    input  wire [WIDTH-1:0] in_data,
    input  wire             in_valid,
    output wire             in_ready,
    output wire [WIDTH-1:0] out_data,
    output wire             out_valid,
    input  wire             out_ready
);

    reg [WIDTH-1:0] even_q, odd_q;
    reg             write_q, read_q;      // next entry: 0 even, 1 odd
    reg             out_valid_q, full_q;  // an entry is occupied; both are

    always @(posedge clk) begin
        if (rst) begin
            write_q     <= 1'b0;
            read_q      <= 1'b0;
            out_valid_q <= 1'b0;
            full_q      <= 1'b0;
        end else begin
            if (in_valid && !full_q) write_q <= !write_q;
            if (out_valid_q && out_ready) read_q <= !read_q;
            out_valid_q <= in_valid || full_q || (out_valid_q && !out_ready);
            full_q      <= out_valid_q && !out_ready && (in_valid || full_q);
        end
        // a free entry loads in every cycle, with or without a beat
        if (!full_q && !write_q) even_q <= in_data;
        if (!full_q && write_q) odd_q <= in_data;
    end

    assign in_ready  = !full_q;
    assign out_valid = out_valid_q;
    generate
        if (HEAD < WIDTH) begin : g_chosen
            assign out_data[WIDTH-1:HEAD] = read_q ? odd_q[WIDTH-1:HEAD] : even_q[WIDTH-1:HEAD];
        end
        if (HEAD > 0) begin : g_head
            reg [HEAD-1:0] head_q;
            always @(posedge clk)
                if (out_ready || !out_valid_q)
                    head_q <= !full_q ? in_data[HEAD-1:0] :
                              read_q ? even_q[HEAD-1:0] : odd_q[HEAD-1:0];
            assign out_data[HEAD-1:0] = head_q;
        end
    endgenerate

endmodule

`default_nettype wire
