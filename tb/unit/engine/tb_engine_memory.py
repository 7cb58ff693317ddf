# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""engine_memory in the simulator: random accesses of both ports against an array.

What could be wrong here, and which case would show it:
  halves that share a write enable                   halves are written alone
  a write that moves port A, or is lost after it     both ports are busy with the same few words
  data of another cycle                              every word read is compared 2 cycles later
  port A moves while port_a_enable is low            port_a_enable is random; the pipeline must wait
"""

import cocotb

from tb.lib.kit import Bench, Part


@cocotb.test(timeout_time=1, timeout_unit="ms")
async def accesses(dut):
    """Words of all addresses, then many accesses of few."""
    tb = Bench(
        dut, reset=None, port_a_enable=0, port_a_address=0, port_b_write=0, port_b_address=0, port_b_data_in=0
    )
    words, half = tb.parameter("WORDS"), tb.parameter("WORD_W") // 2
    low = (1 << half) - 1
    memory = [[None, None] for _ in range(words)]
    a, b = [[None, None]] * 2, [[None, None]] * 2  # what is on its way, the next to come last
    shown = {}
    tb.parts.append(
        Part(sample=lambda: shown.update({n: tb.handle(n).value for n in ("port_a_data", "port_b_data")}))
    )
    await tb.start()
    for cycle in range(2 * words + 1500):
        filling = cycle < words
        enable = int(tb.rng.random() < 0.7)
        a_address, b_address = (int(tb.rng.integers(0, words if cycle % 7 == 0 else 4)) for _ in range(2))
        write = 3 if filling else int(tb.rng.integers(0, 4)) * int(tb.rng.random() < 0.5)
        b_address = cycle if filling else b_address
        data = int(tb.rng.integers(0, 1 << 62)) * 5 & (1 << 2 * half) - 1
        tb.drive(
            port_a_enable=enable,
            port_a_address=a_address,
            port_b_write=write,
            port_b_address=b_address,
            port_b_data_in=data,
        )
        await tb.step()
        for name, expected in (("port_a_data", a[1]), ("port_b_data", b[1])):
            for part, value in enumerate(expected):
                if value is not None:
                    got = shown[name][half * (part + 1) - 1 : half * part]
                    tb.equal(
                        got.to_unsigned() if got.is_resolvable else None, value, f"half {part} of {name}"
                    )
        old = [list(word) for word in memory]
        for part in (0, 1):
            if write >> part & 1:
                memory[b_address][part] = data >> half * part & low
        busy = [a_address == b_address and write >> part & 1 for part in (0, 1)]
        if enable:
            a = [[None if busy[p] else old[a_address][p] for p in (0, 1)], a[0]]
        b = [[None if write >> p & 1 else old[b_address][p] for p in (0, 1)], b[0]]
