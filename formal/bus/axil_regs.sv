// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   axil_regs against the rules of AXI4-Lite and its register map. A write takes effect with its
//   response, which names the address and data accepted last.
`default_nettype none

module axil_regs_properties #(
    parameter [31:0] FORMAT = 32'd3
) (
    input wire         clk,
    input wire         reset,
    input wire  [7:0]  s_axil_awaddr,
    input wire  [2:0]  s_axil_awprot,
    input wire         s_axil_awvalid,
    input wire  [31:0] s_axil_wdata,
    input wire  [3:0]  s_axil_wstrb,
    input wire         s_axil_wvalid,
    input wire         s_axil_bready,
    input wire  [7:0]  s_axil_araddr,
    input wire  [2:0]  s_axil_arprot,
    input wire         s_axil_arvalid,
    input wire         s_axil_rready,
    input wire  [5:0]  error,
    input wire         busy,
    input wire         counters_full,
    input wire         counter_done,
    input wire  [31:0] counter_value
);

    localparam [31:0] ID       = 32'h4D41_4352;
    localparam [31:0] VERSION  = 32'h0001_0002;
    localparam [31:0] SHAPE    = 32'h0201_0808;
    localparam [31:0] K_MAX    = 32'd1024;
    localparam [31:0] WATCHDOG = 32'h0010_0000;

    reg started_q = 1'b0;
    always @(posedge clk) started_q <= 1'b1;
    wire rst = reset || !started_q;

    wire        s_axil_awready, s_axil_wready, s_axil_bvalid, s_axil_arready, s_axil_rvalid;
    wire [1:0]  s_axil_bresp, s_axil_rresp;
    wire [31:0] s_axil_rdata, watchdog, seed;
    wire        soft_reset, clear_counters, seed_load, halted, irq, counter_read;
    wire [2:0]  counter_index;

    axil_regs #(
        .FORMAT(FORMAT)
    ) u_dut (.*);

    // of the module under proof
    wire        aw_held_q, w_held_q, irq_enable_q, halted_q, irq_q;
    wire [5:0]  aw_q, error_q;
    wire [31:0] w_q;
    wire [3:0]  strobe_q;

    // --- transactions ---------------------------------------------------------------------------

    wire aw_taken = s_axil_awvalid && s_axil_awready;
    wire w_taken  = s_axil_wvalid && s_axil_wready;
    wire b_taken  = s_axil_bvalid && s_axil_bready;
    wire ar_taken = s_axil_arvalid && s_axil_arready;
    wire r_taken  = s_axil_rvalid && s_axil_rready;

    // accepted and not answered
    reg [1:0] addresses_q, data_q, reads_q;
    always @(posedge clk) begin
        addresses_q <= rst ? 2'd0 : addresses_q + {1'b0, aw_taken} - {1'b0, b_taken};
        data_q      <= rst ? 2'd0 : data_q + {1'b0, w_taken} - {1'b0, b_taken};
        reads_q     <= rst ? 2'd0 : reads_q + {1'b0, ar_taken} - {1'b0, r_taken};
    end

    reg        b_waiting_q, r_waiting_q, b_before_q;
    reg [1:0]  b_resp_q, r_resp_q;
    reg [31:0] r_data_q;
    always @(posedge clk) begin
        b_waiting_q <= !rst && s_axil_bvalid && !s_axil_bready;
        r_waiting_q <= !rst && s_axil_rvalid && !s_axil_rready;
        b_before_q  <= !rst && s_axil_bvalid;
        b_resp_q    <= s_axil_bresp;
        r_resp_q    <= s_axil_rresp;
        r_data_q    <= s_axil_rdata;
    end

    // --- writes ---------------------------------------------------------------------------------

    reg [5:0]  address_q;
    reg [31:0] word_q;
    reg [3:0]  bytes_q;
    always @(posedge clk) begin
        if (aw_taken) address_q <= s_axil_awaddr[7:2];
        if (w_taken) {word_q, bytes_q} <= {s_axil_wdata, s_axil_wstrb};
    end
    wire       written  = s_axil_bvalid && !b_before_q;  // the registers changed with this edge
    wire       seeded   = FORMAT[1];
    wire       writable = address_q == 6'h05 || address_q == 6'h07 ||
                          (seeded && address_q == 6'h0F);
    wire       control  = written && address_q == 6'h05 && bytes_q[0];
    reg [31:0] mask;
    integer i;
    always @* for (i = 0; i < 4; i = i + 1) mask[8*i +: 8] = {8{bytes_q[i]}};

    reg        rst_before_q, enable_before_q;
    reg [31:0] watchdog_before_q, seed_before_q;
    always @(posedge clk) begin
        rst_before_q      <= rst;
        watchdog_before_q <= watchdog;
        seed_before_q     <= seed;
        enable_before_q   <= irq_enable_q;
    end
    wire [31:0] watchdog_next = rst_before_q ? WATCHDOG :
                                (written && address_q == 6'h07) ?
                                (watchdog_before_q & ~mask) | (word_q & mask) : watchdog_before_q;
    wire [31:0] seed_next = rst_before_q ? {31'd0, seeded} :
                            (written && seeded && address_q == 6'h0F) ?
                            (seed_before_q & ~mask) | (word_q & mask) : seed_before_q;

    // --- errors ---------------------------------------------------------------------------------

    reg [5:0] errors_q;
    always @(posedge clk) errors_q <= (rst || soft_reset) ? 6'd0 : errors_q | error;
    reg interrupt_q;
    always @(posedge clk) interrupt_q <= !rst && irq_enable_q && errors_q != 6'd0 && !soft_reset;

    // --- reads ----------------------------------------------------------------------------------

    reg         read_q, counter_q;
    reg  [31:0] expected_q;
    reg  [1:0]  response_q;
    wire [5:0]  at      = s_axil_araddr[7:2];
    wire        counter = at >= 6'h08 && at <= 6'h0E;
    always @(posedge clk) begin
        read_q <= !rst && ((ar_taken && !counter) || (counter_q && counter_done));
        counter_q <= !rst && ((ar_taken && counter) || (counter_q && !counter_done));
        if (ar_taken) response_q <= (at < 6'h0F || (seeded && at == 6'h0F)) ? 2'b00 : 2'b10;
        if (counter_q) expected_q <= counter_value;
        else case (at)
            6'h00:   expected_q <= ID;
            6'h01:   expected_q <= VERSION;
            6'h02:   expected_q <= SHAPE;
            6'h03:   expected_q <= K_MAX;
            6'h04:   expected_q <= FORMAT;
            6'h05:   expected_q <= {30'd0, irq_enable_q, 1'b0};
            6'h06:   expected_q <= {21'd0, counters_full, busy, errors_q != 6'd0, 2'd0, errors_q};
            6'h07:   expected_q <= watchdog;
            6'h0F:   expected_q <= seeded ? seed : 32'd0;
            default: expected_q <= 32'd0;
        endcase
    end

    always @* if (started_q) begin
        b_stable:   assert (!b_waiting_q || (s_axil_bvalid && s_axil_bresp == b_resp_q));
        r_stable:   assert (!r_waiting_q || (s_axil_rvalid && s_axil_rresp == r_resp_q &&
                                             s_axil_rdata == r_data_q));
        b_once:     assert (!s_axil_bvalid || rst || (addresses_q != 2'd0 && data_q != 2'd0));
        r_once:     assert (rst || (reads_q <= 2'd1 && s_axil_arready == (reads_q == 2'd0) &&
                                    (!s_axil_rvalid || reads_q == 2'd1)));
        b_response: assert (!written || s_axil_bresp == (writable ? 2'b00 : 2'b10));
        registers:  assert (watchdog == watchdog_next && seed == seed_next);
        strobes:    assert (rst_before_q || (soft_reset == (control && word_q[0]) &&
                                             clear_counters == (control && word_q[2]) &&
                                             irq_enable_q == (control ? word_q[1] :
                                                              enable_before_q)));
        errors:     assert (halted == (errors_q != 6'd0));
        interrupt:  assert (irq == interrupt_q);
        read_data:  assert (!read_q || (s_axil_rvalid && s_axil_rdata == expected_q &&
                                        s_axil_rresp == response_q));
        counters:   assert (rst || counter_read == counter_q);
    end

    // helpers
    always @* if (started_q) begin
        held:    assert ((!aw_held_q || aw_q == address_q) &&
                         (!w_held_q || (w_q == word_q && strobe_q == bytes_q)));
        counted: assert (addresses_q == {1'b0, aw_held_q} + {1'b0, s_axil_bvalid} &&
                         data_q == {1'b0, w_held_q} + {1'b0, s_axil_bvalid} &&
                         reads_q == {1'b0, s_axil_rvalid} + {1'b0, counter_read} &&
                         counter_read == counter_q &&
                         (!counter_q || s_axil_rresp == response_q));
        sticky:  assert (error_q == errors_q && halted_q == (error_q != 6'd0) &&
                         (seeded || seed == 32'd0));
    end

endmodule

`default_nettype wire
