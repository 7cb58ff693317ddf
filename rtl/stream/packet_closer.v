// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The output register of the core, which never leaves a packet without its tlast.
//
//   A soft reset discards the FIFO's content, which may include part of a tile. A beat already
//   offered must stay (AXI4-Stream), and a packet already started must end, or the downstream would
//   append the next tile to the truncated one. So when the core restarts with a packet open, one
//   closing beat follows: tlast with tkeep all zero.
//
//   A beat may arrive in parts: in_enable selects the parts of the register to load; in_partial
//   marks a beat that is not complete yet, which is not offered. A soft reset discards such a beat,
//   and it opens no packet.
//
// Latency
//   1 cycle from the beat's last part; throughput one beat or part per cycle. Outputs are
//   registers.
//
// Numbers
//   None: bits pass unchanged. `rst` is the system's reset and discards everything; `soft_reset`
//   only closes the packet.
//
// Example
//   Two beats without tlast are accepted downstream, then `soft_reset` is high for a cycle: a third
//   beat follows with tlast 1 and tkeep 0.
`default_nettype none

module packet_closer #(
    parameter integer DATA_W = 256,  // bits of tdata
    parameter integer KEEP_W = 32,   // bits of tkeep
    parameter integer PARTS  = 1     // of a beat; divides DATA_W
) (
    input  wire              clk,
    input  wire              rst,
    input  wire              soft_reset,
    // upstream
    input  wire [DATA_W-1:0] in_data,
    input  wire [PARTS-1:0]  in_enable,   // parts to load
    input  wire              in_partial,  // the beat is not complete
    input  wire [KEEP_W-1:0] in_keep,     // in_keep and in_last: valid with the last part
    input  wire              in_last,
    input  wire              in_valid,
    output wire              in_ready,
    // m_axis
    output wire [DATA_W-1:0] out_data,
    output wire [KEEP_W-1:0] out_keep,
    output wire              out_last,
    output wire              out_valid,
    input  wire              out_ready
);

    localparam integer PART_W = DATA_W / PARTS;

    generate
        if (PART_W * PARTS != DATA_W) begin : g_illegal
            ERROR_packet_closer_PARTS_must_be_a_divisor_of_DATA_W u_error ();
        end
    endgenerate

    reg [DATA_W-1:0] data_q;
    reg [KEEP_W-1:0] keep_q;
    reg              last_q, valid_q;
    // the latest complete beat was a packet's last, or there was none
    reg              packet_ended_q;
    reg              closing_q;  // a closing beat is pending

    wire out_free = !valid_q || out_ready;

    assign in_ready = out_free && !closing_q && !soft_reset;

    integer p;
    always @(posedge clk) begin
        for (p = 0; p < PARTS; p = p + 1)
            if (in_valid && in_ready && in_enable[p])
                data_q[p*PART_W +: PART_W] <= in_data[p*PART_W +: PART_W];
        if (out_free) keep_q <= closing_q ? {KEEP_W{1'b0}} : in_keep;
        // a set and a plain load, not an OR: in_last arrives late, from the FIFO's memory
        if (out_free && closing_q) last_q <= 1'b1;
        else if (out_free) last_q <= in_last;
        if (rst) begin
            valid_q        <= 1'b0;
            packet_ended_q <= 1'b1;
            closing_q      <= 1'b0;
        end else begin
            if (out_free) valid_q <= closing_q || (in_valid && !in_partial && !soft_reset);
            if (soft_reset && !closing_q) closing_q <= !packet_ended_q;
            else if (out_free) closing_q <= 1'b0;
            if (out_free && closing_q) packet_ended_q <= 1'b1;
            else if (in_valid && in_ready && !in_partial) packet_ended_q <= in_last;
        end
    end

    assign out_data  = data_q;
    assign out_keep  = keep_q;
    assign out_last  = last_q;
    assign out_valid = valid_q;

endmodule

`default_nettype wire
