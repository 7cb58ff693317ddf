// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   All lanes in parallel, and what is pipelined alongside them: validity, output format, random
//   bits.
//
// Latency
//   LATENCY = 16 cycles from `issue` to `out_valid`, one beat per cycle. The pipeline cannot
//   stall: the issuer guarantees space for the result. While the pipeline is empty, it is gated.
//
// Numbers
//   vector_lane's, in every lane. A bfloat16 operand is widened at the input, exactly. Formats:
//
//     float32    lane j is bits [32*j +: 32]
//     bfloat16   lane j is bits [16*j +: 16], for operands as for results; the upper half of the
//                beat is ignored or 0
//
//   out_format: 0 float32, 1 bfloat16 to nearest even, 2 toward zero, 3 stochastic. A beat of
//   format 3 uses the next LANES words of lfsr32, lane 0 the first, and steps it; others do not.
//
// Example
//   LANES 2, op 0, float32: x = 1.0, 2.0 and y = 0.5, -2.0 give 1.5 and +0, 16 cycles later.
`default_nettype none

module vector_lanes #(
    parameter integer LANES = 8  // 1..32
) (
    input  wire                clk,
    input  wire                rst,
    // random bits
    input  wire                seed_load,
    input  wire [31:0]         seed,
    // operands
    input  wire                issue,
    input  wire                issue_last,
    input  wire [2:0]          op,
    input  wire                x_bf16,
    input  wire                y_bf16,
    input  wire [1:0]          out_format,
    input  wire [31:0]         s,
    input  wire [32*LANES-1:0] x,
    input  wire [32*LANES-1:0] y,
    // results
    output wire                out_valid,
    output wire                out_last,
    output wire                out_narrow,  // bfloat16, packed low
    output wire [32*LANES-1:0] out_data
);

    localparam integer LATENCY = 16;
    localparam [1:0]   STOCHASTIC = 2'd3;

    generate
        if (LANES < 1 || LANES > 32) begin : g_illegal
            ERROR_vector_lanes_LANES_must_be_1_to_32 u_error ();
        end
    endgenerate

    // Bit n - 1 is what was issued n cycles ago; of the format, two bits each.
    reg [LATENCY-1:0]   valid_q;
    reg [LATENCY-1:0]   last_q;
    reg [2*LATENCY-1:0] format_q;

    wire       enable      = issue | (|valid_q);
    wire [1:0] next_format = format_q[2*(LATENCY-3) +: 2];  // of the sum in the next cycle
    wire [1:0] format      = format_q[2*(LATENCY-2) +: 2];  // of the sum
    wire       random_step = valid_q[LATENCY-3] & (next_format == STOCHASTIC);

    wire [16*LANES-1:0] random;
    reg  [16*LANES-1:0] random_q;

    lfsr32 #(
        .LANES(LANES)
    ) u_lfsr (
        .clk (clk),
        .load(rst || seed_load),
        .seed(seed),
        .step(random_step),
        .bits(random)
    );

    always @(posedge clk) begin
        if (rst) valid_q <= {LATENCY{1'b0}};
        else valid_q <= {valid_q[LATENCY-2:0], issue};
        if (enable) begin
            last_q   <= {last_q[LATENCY-2:0], issue_last};
            format_q <= {format_q[2*(LATENCY-1)-1:0], out_format};
        end
        if (random_step) random_q <= random;
    end

    wire [32*LANES-1:0] result;
    wire [16*LANES-1:0] low;

    genvar n;
    generate
        for (n = 0; n < LANES; n = n + 1) begin : g_lane
            vector_lane u_lane (
                .clk     (clk),
                .enable  (enable),
                .op      (op),
                .x       (x_bf16 ? {x[16*n +: 16], 16'd0} : x[32*n +: 32]),
                .y       (y_bf16 ? {y[16*n +: 16], 16'd0} : y[32*n +: 32]),
                .s       (s),
                .narrow  (format != 2'd0),
                .rounding(format - 2'd1),
                .random  (random_q[16*n +: 16]),
                .result  (result[32*n +: 32])
            );
            assign low[16*n +: 16] = result[32*n +: 16];
        end
    endgenerate

    assign out_valid  = valid_q[LATENCY-1];
    assign out_last   = last_q[LATENCY-1];
    assign out_narrow = (format_q[2*(LATENCY-1) +: 2] != 2'd0);
    assign out_data   = out_narrow ? {{(16*LANES){1'b0}}, low} : result;

endmodule

`default_nettype wire
