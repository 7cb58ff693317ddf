// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0
//
// fp32_to_bf16 as compiled by Verilator, behind one C function: exhaustive.py calls it through ctypes.
#include <cstdint>

#include "Vfp32_to_bf16.h"
#include "verilated.h"

// y[i] = fp32_to_bf16(first + i) for i < count
extern "C" void convert(uint32_t first, uint64_t count, uint8_t rounding, uint16_t *y) {
    static VerilatedContext context;
    static Vfp32_to_bf16 dut{&context};
    dut.rounding = rounding;
    dut.random = 0;
    for (uint64_t i = 0; i < count; i++) {
        dut.x = first + static_cast<uint32_t>(i);
        dut.eval();
        y[i] = dut.y;
    }
}

double sc_time_stamp() { return 0; }  // older Verilators want it
