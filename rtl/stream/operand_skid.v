// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   A two-entry register slice whose second entry is the operand register that follows it. As in
//   skid, no combinational path passes through; but the data needs no multiplexer between two
//   entries, since it only moves from one register to the next.
//
//     in_data ─► first ─► second ─► op_data
//                  └─────────┴────► out_side, out_valid        the side bits of the oldest beat
//
//   A beat moves from `first` to `second` in the cycle in which it is accepted (out_valid and
//   out_ready), and op_data holds it in the next one. A beat that is not accepted moves too, and
//   waits in `second` until it is; so `first` is free for the next beat.
//
// Latency
//   1 cycle from in_data to out_side; op_data is the beat that was accepted in the cycle before.
//   Throughput one beat per cycle. out_valid and out_side stay until out_ready.
//
// Numbers
//   None: bits pass unchanged. Reset empties it; data registers have none. op_data is undefined
//   where no beat was accepted in the cycle before.
//
// Example
//   Beats 1, 2 and 3 offered from cycle 0 on, out_ready high from cycle 3 on: 1 and 2 are accepted
//   in cycles 0 and 1, in_ready is low in cycles 2 and 3, and 3 is accepted in cycle 4. op_data is
//   1, 2 and 3 in cycles 4 to 6.
`default_nettype none

module operand_skid #(
    parameter integer DATA_W = 64,  // bits of a beat that only pass through
    parameter integer SIDE_W = 3    // bits of a beat that decide whether it is accepted
) (
    input  wire              clk,
    input  wire              rst,
    input  wire [DATA_W-1:0] in_data,
    input  wire [SIDE_W-1:0] in_side,
    input  wire              in_valid,
    output wire              in_ready,
    output wire [SIDE_W-1:0] out_side,
    output wire              out_valid,
    input  wire              out_ready,
    output wire [DATA_W-1:0] op_data
);

    reg [DATA_W-1:0] first_q, second_q;
    reg [SIDE_W-1:0] first_side_q;       // of the beat in first_q
    reg [SIDE_W-1:0] side_q;             // of the oldest beat
    reg              out_valid_q;        // a beat is held
    reg              waiting_q;          // the oldest is in second_q
    reg              full_q;             // ... and another one in first_q

    always @(posedge clk) begin
        if (rst) begin
            out_valid_q <= 1'b0;
            waiting_q   <= 1'b0;
            full_q      <= 1'b0;
        end else begin
            out_valid_q <= in_valid || full_q || (out_valid_q && !out_ready);
            waiting_q   <= out_valid_q && !out_ready;
            full_q      <= out_valid_q && !out_ready && (in_valid || full_q);
        end
        // with or without a beat: out_ready reaches the flip-flops above, and no data
        if (!full_q) first_q <= in_data;
        if (!full_q) first_side_q <= in_side;
        if (!waiting_q) second_q <= first_q;
        if (out_ready || !out_valid_q) side_q <= full_q ? first_side_q : in_side;
    end

    assign in_ready  = !full_q;
    assign out_valid = out_valid_q;
    assign out_side  = side_q;
    assign op_data   = second_q;

endmodule

`default_nettype wire
