// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
// The one list of the core's sources, paths relative to this file: verilator -F, macrame/paths.py and macrame/dev/lint.py
// read it so from anywhere, iverilog -c from inside rtl/ only. docs/architecture.md has the commands for a project
// of your own. Leaves first; every .v file under rtl/ is here, or the suite fails.
arith/bf16_mul.v
arith/bf16_product.v
arith/bf16_to_fp32.v
arith/float_post.v
arith/fp32_add.v
arith/fp32_mul.v
arith/fp32_to_bf16.v
arith/fp32_to_int8.v
arith/int32_to_fp32.v
arith/lead_zeros.v
arith/lfsr32.v
arith/mul34x32.v
arith/mul34x32_serial.v
arith/mul9x9.v
arith/requantize.v
arith/round_product.v
arith/rounding.v
arith/scale_to_int8.v
arith/shift_right_narrow.v
arith/shift_right_sticky.v
array/accumulator.v
array/mac_array.v
array/mul8x8.v
array/mul8x8_pair.v
array/mul8x8_lut.v
array/pe_bf16.v
array/pe_dual.v
array/pe_int8.v
array/result_chain.v
stream/fifo.v
stream/packet_closer.v
stream/packet_gate.v
stream/panel_buffer.v
stream/panel_record.v
stream/skid.v
stream/tile_sequencer.v
bus/axil_regs.v
bus/perf_counters.v
stream/output_stage.v
stream/release_watchdog.v
macrame.v
vector/vector_lane.v
vector/vector_lanes.v
vector/vector_control.v
vector/vector_unit.v
uart/crc16.v
uart/uart_rx.v
uart/uart_tx.v
uart/frame_rx.v
uart/frame_tx.v
uart/uart_bridge.v
uart/macrame_uart.v
