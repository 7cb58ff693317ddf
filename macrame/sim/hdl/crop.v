// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// Purpose
//   Limits waves to some cycles, the plusargs dump_first and dump_stop, the first one after them.
//   core_player.v instantiates it if CROP is 1; cycles count as in trace.v. Icarus only.
`timescale 1ns / 1ps
`default_nettype none
module crop ();
    localparam PERIOD = 10;  // ns per cycle, as in player.v

    integer first, stop;

    initial begin
        if (!$value$plusargs("dump_first=%d", first))
            first = 0;
        if (!$value$plusargs("dump_stop=%d", stop))
            stop = 1 << 30;
        #1 $dumpoff;
        // a cycle ends at a rising edge, the first one at half a period
        if (first > 0)
            #(PERIOD * first - PERIOD / 2 - 1);
        $dumpon;
        #(PERIOD * (stop - first)) $dumpoff;
    end
endmodule
`default_nettype wire
