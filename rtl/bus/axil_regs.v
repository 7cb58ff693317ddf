// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   The AXI4-Lite register block of the core. macrame.rdl describes the same map for documents and
//   software. The vector unit, the elementwise unit and the network engine use this block too, with
//   other constants; their .rdl files have their names for the words.
//
//     0x00 ID        0x04 VERSION   0x08 SHAPE     0x0C K_MAX    0x10 FORMAT    read only, constant
//     0x14 CONTROL   [0] soft reset (write 1), [1] interrupt enable, [2] clear counters (write 1)
//     0x18 STATUS    [5:0] errors, sticky until a soft reset; [8] halted, [9] busy, [10] counters
//                    full
//     0x1C WATCHDOG  cycles a weight slice may wait for a release without activations; 0: off
//     0x20 CYCLES .. 0x38 PAD   the counters of perf_counters, read only
//     0x3C SEED      of the random bits for stochastic rounding; their sequence restarts on any
//                    write, even with all strobes low, and on resets. Without bfloat16: the
//                    constant WORD_3C, read only, or unmapped if that is 0
//
// Latency
//   A read is answered 1 cycle after its address; a read of a counter after 4 to 11 cycles, or up
//   to 25 if it is cleared once meanwhile. A write takes effect, and is answered, 2 cycles
//   after both address and data: both accepted in cycle 0, the register changes and soft_reset
//   rises in cycle 2. One read at a time. A second write may be accepted while the response to the
//   first waits; it takes effect 2 cycles after that response is accepted.
//
// Numbers
//   Registers are 32 bits. Byte strobes are honoured. An unmapped address, or a write to a
//   read-only register, gets SLVERR and changes nothing. soft_reset, clear_counters and
//   seed_load are high for one cycle per write, seed_load also during `rst` and one cycle longer.
//   Errors are sticky, and `halted` is high while any is set.
//
// Example
//   Write 1 to 0x14, address and data accepted in cycle 0: soft_reset is high in cycle 2, and
//   the error bits of STATUS read 0 from cycle 3 on.
`default_nettype none

module axil_regs #(
    parameter [31:0] ID       = 32'h4D41_4352,  // "MACR"
    parameter [31:0] VERSION  = 32'h0001_0002,
    parameter [31:0] SHAPE    = 32'h0201_0808,  // {POST_LANES, DEPTH, COLS, ROWS}, one byte each
    parameter [31:0] K_MAX    = 32'd1024,
    parameter [31:0] FORMAT   = 32'd1,          // [0] int8, [1] bfloat16, [8] packed results
    parameter [31:0] WATCHDOG = 32'h0010_0000,  // its value after reset
    parameter [31:0] WORD_3C  = 32'd0           // at 0x3C, without bfloat16
) (
    input  wire         clk,
    input  wire         rst,
    // AXI4-Lite
    input  wire [7:0]   s_axil_awaddr,
    input  wire [2:0]   s_axil_awprot,
    input  wire         s_axil_awvalid,
    output wire         s_axil_awready,
    input  wire [31:0]  s_axil_wdata,
    input  wire [3:0]   s_axil_wstrb,
    input  wire         s_axil_wvalid,
    output wire         s_axil_wready,
    output wire [1:0]   s_axil_bresp,
    output wire         s_axil_bvalid,
    input  wire         s_axil_bready,
    input  wire [7:0]   s_axil_araddr,
    input  wire [2:0]   s_axil_arprot,
    input  wire         s_axil_arvalid,
    output wire         s_axil_arready,
    output wire [31:0]  s_axil_rdata,
    output wire [1:0]   s_axil_rresp,
    output wire         s_axil_rvalid,
    input  wire         s_axil_rready,
    // core
    output wire         soft_reset,
    output wire         clear_counters,
    output wire [31:0]  watchdog,
    output wire [31:0]  seed,
    output wire         seed_load,
    output wire         halted,
    output wire         irq,
    input  wire [5:0]   error,    // strobes, as in STATUS
    input  wire         busy,
    input  wire         counters_full,
    // read of a counter: counter_read stays high until counter_done, which comes with the value
    output wire         counter_read,
    output wire [2:0]   counter_index,  // 0 CYCLES .. 6 PAD
    input  wire         counter_done,
    input  wire [31:0]  counter_value
);

    localparam [1:0]  OKAY       = 2'b00;
    localparam [1:0]  SLVERR     = 2'b10;
    // word addresses
    localparam [5:0]  A_CONTROL  = 6'h05;
    localparam [5:0]  A_STATUS   = 6'h06;
    localparam [5:0]  A_WATCHDOG = 6'h07;
    localparam [5:0]  A_COUNTERS = 6'h08;  // the first of them
    localparam [5:0]  A_SEED     = 6'h0F;
    localparam [0:0]  SEEDED     = FORMAT[1];
    // the first unmapped word
    localparam [5:0]  A_END      = (SEEDED || WORD_3C != 32'd0) ? 6'h10 : A_SEED;

    // Protection bits are ignored, and the strobes select the byte within the word.
    wire unused = &{1'b0, s_axil_awprot, s_axil_arprot, s_axil_awaddr[1:0], s_axil_araddr[1:0]};

    reg        aw_held_q, w_held_q, b_valid_q, r_valid_q;
    reg [5:0]  aw_q;
    reg [31:0] w_q;
    reg [3:0]  strobe_q;
    reg [1:0]  b_resp_q, r_resp_q;
    reg [31:0] r_data_q;
    reg        counter_read_q;
    reg [2:0]  counter_index_q;

    reg        soft_reset_q, clear_counters_q, irq_enable_q, irq_q;
    reg        seed_load_q;
    reg [31:0] watchdog_q, seed_q;
    reg [5:0]  error_q;
    reg        halted_q;  // any of them

    assign s_axil_awready = !aw_held_q;
    assign s_axil_wready  = !w_held_q;
    assign s_axil_bresp   = b_resp_q;
    assign s_axil_bvalid  = b_valid_q;
    assign s_axil_arready = !r_valid_q && !counter_read_q;
    assign s_axil_rdata   = r_data_q;
    assign s_axil_rresp   = r_resp_q;
    assign s_axil_rvalid  = r_valid_q;

    assign soft_reset     = soft_reset_q;
    assign clear_counters = clear_counters_q;
    assign watchdog       = watchdog_q;
    assign seed           = seed_q;
    assign seed_load      = seed_load_q;
    assign halted         = halted_q;
    assign irq            = irq_q;
    assign counter_read   = counter_read_q;
    assign counter_index  = counter_index_q;

    wire write_now     = aw_held_q && w_held_q && !b_valid_q;
    wire writable      = (aw_q == A_CONTROL) || (aw_q == A_WATCHDOG) || (SEEDED && aw_q == A_SEED);
    wire control_write = write_now && (aw_q == A_CONTROL) && strobe_q[0];

    wire [5:0]  read_word  = s_axil_araddr[7:2];
    wire        is_counter = (read_word >= A_COUNTERS) && (read_word < A_SEED);
    wire        read_now   = s_axil_arvalid && s_axil_arready;
    reg  [31:0] read_d;

    always @* begin
        read_d = 32'd0;
        case (read_word)
            6'h00:      read_d = ID;
            6'h01:      read_d = VERSION;
            6'h02:      read_d = SHAPE;
            6'h03:      read_d = K_MAX;
            6'h04:      read_d = FORMAT;
            A_CONTROL:  read_d = {30'd0, irq_enable_q, 1'b0};
            A_STATUS:   read_d = {21'd0, counters_full, busy, halted, 2'd0, error_q};
            A_WATCHDOG: read_d = watchdog_q;
            A_SEED:     read_d = SEEDED ? seed_q : WORD_3C;
            default:    read_d = 32'd0;
        endcase
    end

    integer i;
    always @(posedge clk) begin
        if (rst) begin
            aw_held_q        <= 1'b0;
            w_held_q         <= 1'b0;
            b_valid_q        <= 1'b0;
            r_valid_q        <= 1'b0;
            counter_read_q   <= 1'b0;
            soft_reset_q     <= 1'b0;
            clear_counters_q <= 1'b0;
            irq_enable_q     <= 1'b0;
            irq_q            <= 1'b0;
            watchdog_q       <= WATCHDOG;
            seed_q           <= {31'd0, SEEDED};
            seed_load_q      <= 1'b1;  // of the seed's reset value
            error_q          <= 6'd0;
            halted_q         <= 1'b0;
        end else begin
            if (s_axil_awvalid && s_axil_awready) aw_held_q <= 1'b1;
            if (s_axil_wvalid && s_axil_wready) w_held_q <= 1'b1;
            if (write_now) begin
                aw_held_q <= 1'b0;
                w_held_q  <= 1'b0;
                b_valid_q <= 1'b1;
            end else if (s_axil_bready) begin
                b_valid_q <= 1'b0;
            end
            if ((read_now && !is_counter) || (counter_read_q && counter_done)) r_valid_q <= 1'b1;
            else if (s_axil_rready) r_valid_q <= 1'b0;
            if (read_now) counter_read_q <= is_counter;
            else if (counter_done) counter_read_q <= 1'b0;

            soft_reset_q     <= control_write && w_q[0];
            clear_counters_q <= control_write && w_q[2];
            if (control_write) irq_enable_q <= w_q[1];
            if (write_now && aw_q == A_WATCHDOG)
                for (i = 0; i < 4; i = i + 1)
                    if (strobe_q[i]) watchdog_q[8*i +: 8] <= w_q[8*i +: 8];
            if (write_now && SEEDED && aw_q == A_SEED)
                for (i = 0; i < 4; i = i + 1) if (strobe_q[i]) seed_q[8*i +: 8] <= w_q[8*i +: 8];
            seed_load_q <= (write_now && SEEDED && aw_q == A_SEED) || (control_write && w_q[0]);

            error_q  <= soft_reset_q ? 6'd0 : (error_q | error);
            halted_q <= !soft_reset_q && (halted_q || (error != 6'd0));
            irq_q    <= irq_enable_q && halted_q && !soft_reset_q;
        end
        if (s_axil_awvalid && s_axil_awready) aw_q <= s_axil_awaddr[7:2];
        if (s_axil_wvalid && s_axil_wready) begin
            w_q      <= s_axil_wdata;
            strobe_q <= s_axil_wstrb;
        end
        if (write_now) b_resp_q <= writable ? OKAY : SLVERR;
        if (read_now) begin
            counter_index_q <= read_word[2:0];
            r_resp_q        <= (read_word < A_END) ? OKAY : SLVERR;
        end
        if (counter_read_q ? counter_done : read_now)
            r_data_q <= counter_read_q ? counter_value : read_d;
    end

endmodule

`default_nettype wire
