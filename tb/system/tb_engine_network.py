# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""macrame_engine with the program of a network: the memory after each job against the golden model.

+program=FILE is a NumPy file with `program`, the bytes, and `memory`, the words before it with the network's
input; tests/nets/test_engine.py writes it, and compares the memory at the end with the network's tensors.

What could be wrong here, and which case would show it:
  a write that is lost, doubled or late              the writes of each job make the golden memory after it
  anything that only the size of a network shows     counters and addresses of real layers
  a cycle lost somewhere in a real layer             all counters against the cycle model
"""

import os

import cocotb
import numpy as np

from macrame.golden.engine import Engine
from tb.lib.kit import Part
from tb.unit.engine.tb_macrame_engine import TB


class Shadow(Part):
    """The memory by the writes of the result writer."""

    def __init__(self, bench, memory):
        super().__init__(sample=self.sample_write)
        self.bench, self.memory, self.count = bench, memory.copy(), 0

    def sample_write(self):
        write = self.bench.read("u_result_writer.port_b_write")
        if not write:
            return
        depth = self.bench.depth
        data = self.bench.read("u_result_writer.port_b_data_in").to_bytes(depth, "little")
        word = self.memory[self.bench.read("u_result_writer.port_b_address")]
        for half in (0, 1):
            if write >> half & 1:
                at = slice(half * depth // 2, (half + 1) * depth // 2)
                word[at] = np.frombuffer(data[at], np.int8)
        self.count += 1


@cocotb.test(timeout_time=100, timeout_unit="ms")
async def network(dut):
    """One inference."""
    with np.load(cocotb.plusargs["program"]) as given:
        text, memory = given["program"].tobytes(), given["memory"]
    tb = TB(dut)
    await tb.start()
    await tb.load(memory)
    golden = Engine(tb.words, tb.depth, tb.slices)
    golden.memory[:] = memory
    shadow = Shadow(tb, memory)
    tb.parts.append(shadow)
    tb.send(text)
    for job in golden.run(text):
        count = golden.writes
        await tb.until(lambda count=count: shadow.count >= count, 100_000, f"the results of job {job}")
        if not np.array_equal(shadow.memory, golden.memory):
            word = int(np.flatnonzero((shadow.memory != golden.memory).any(axis=1))[0])
            tb.fail(f"job {job}: word {word} is {shadow.memory[word]}, expected {golden.memory[word]}")
    tb.equal(await tb.done(), 0, "errors")
    tb.equal((await tb.dump()).tobytes(), golden.memory.tobytes(), "memory")
    counters = await tb.counters()
    tb.equal(counters, tb.predicted(text), "counters")
    np.savez(os.environ["ENGINE_RESULT"], memory=await tb.dump(), cycles=counters["cycles"])
