// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// skid: a two-entry register slice for one valid/ready stream.
//
// `ready` is a register: it never depends on this cycle's inputs, so the upstream's path ends here. The price is a
// second entry, which catches the beat that was already under way when the downstream stopped.
//
//   in ──► skid entry (used only after a stop) ──► main entry ──► out
//
// Latency: 1 cycle; throughput one beat a cycle. A beat offered stays offered, unchanged, until it is taken.
// Numbers: none. Reset empties it; data registers have none.
`default_nettype none

module skid #(
    parameter integer WIDTH = 8  // bits of a beat, sidebands included
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

    reg [WIDTH-1:0] main_q, skid_q;
    reg             main_valid_q, skid_valid_q;

    always @(posedge clk) begin
        if (rst) begin
            main_valid_q <= 1'b0;
            skid_valid_q <= 1'b0;
        end else if (out_ready || !main_valid_q) begin
            main_valid_q <= skid_valid_q || in_valid;
            skid_valid_q <= 1'b0;
        end else if (in_valid) begin
            skid_valid_q <= 1'b1;
        end
        if (out_ready || !main_valid_q) main_q <= skid_valid_q ? skid_q : in_data;
        if (!skid_valid_q) skid_q <= in_data;
    end

    assign in_ready  = !skid_valid_q;
    assign out_data  = main_q;
    assign out_valid = main_valid_q;

endmodule

`default_nettype wire
