# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Common parts of the module benches: a clock, the coroutine that drives it, reads that reject X.

One cycle is one `Bench.step`: inputs change just after the rising edge; outputs are read at the falling edge,
when combinational logic is stable, with the values that the next rising edge samples. Drivers and monitors
are objects with `drive` and `sample`, called by `step`. There is no second coroutine, so nothing depends on
the simulator's scheduling order, and a cycle wakes Python only twice, regardless of the number of ports.
"""

import functools
import os
import random

import cocotb
import numpy as np
from cocotb.clock import Clock
from cocotb.triggers import FallingEdge, RisingEdge
from cocotb.types import Logic, LogicArray

PERIOD_NS = 10

#: Verilator has no X: it would read it as 0, the value that hides most errors.
TWO_STATES = cocotb.SIM_NAME.lower().startswith("verilator")


def text(handle):
    """A string parameter: bytes in Icarus, a vector of eight bits per letter in Verilator."""
    value = handle.value
    return (value if isinstance(value, bytes) else value.to_bytes(byteorder="big")).lstrip(b"\0").decode()


class Bench:
    """A device under test with its clock and its random numbers.

    Parameters
    ----------
    dut : cocotb handle
    reset : str or None
        Name of the synchronous reset; None for a module without.
    **idle : int or None
        Inputs and their initial values; None is X.

    Attributes
    ----------
    cycle : int
        Rising edges since the start: the number of the cycle in progress.
    parts : list
        Drivers and monitors: objects with ``drive()`` and ``sample()``.
    """

    def __init__(self, dut, reset="rst", **idle):
        self.dut, self.reset_name, self.cycle, self.parts = dut, reset, 0, []
        self.rng = np.random.default_rng(random.getrandbits(64))  # cocotb seeds `random` for each test
        self._noise = random.Random(cocotb.RANDOM_SEED)
        self._handles, self._driven = {}, {}
        self.drive(**idle)

    def parameter(self, name):
        """Value of a parameter of the toplevel."""
        return int(getattr(self.dut, name).value)

    def handle(self, name):
        """The port or net of that name; one inside an instance as ``u_instance.name``."""
        found = self._handles.get(name)
        if found is None:
            found = self._handles[name] = functools.reduce(getattr, name.split("."), self.dut)
        return found

    def drive(self, **values):
        """Set inputs; None is X, and X is random bits in a simulator of two states.

        A value that is already set is not written again, to save time.
        """
        for name, value in values.items():
            if name in self._driven and self._driven[name] == value:
                continue
            self._driven[name] = value
            handle = self.handle(name)
            if value is None:
                value = Logic("X") if not hasattr(handle, "__len__") else LogicArray("X" * len(handle))
            if TWO_STATES and isinstance(value, (Logic, LogicArray)):
                bits = (self._noise.choice("01") if bit == "X" else bit for bit in str(value))
                value = type(value)("".join(bits))
            handle.value = value

    def read(self, name, bits=None):
        """An output, or its low `bits`, as an unsigned integer. X or Z in it fails the test."""
        value = self.handle(name).value
        if bits is not None and not isinstance(value, Logic):
            value = value[bits - 1 : 0]
        try:
            return int(value) if isinstance(value, Logic) else value.to_unsigned()
        except ValueError:
            self.fail(f"{name} is {value}: unknown bits")

    async def start(self, cycles=2):
        """Hold the reset over the first edges; returns with it released, just after a rising edge."""
        if self.reset_name:
            self.drive(**{self.reset_name: 1})  # before the clock moves
        Clock(self.dut.clk, PERIOD_NS, "ns").start(start_high=False)
        await RisingEdge(self.dut.clk)
        if self.reset_name:
            for _ in range(cycles):
                await RisingEdge(self.dut.clk)
            self.drive(**{self.reset_name: 0})

    async def step(self, cycles=1):
        """Finish the current cycle; `cycles` times."""
        for _ in range(cycles):
            for part in self.parts:
                part.drive()
            await FallingEdge(self.dut.clk)
            for part in self.parts:
                part.sample()
            await RisingEdge(self.dut.clk)
            self.cycle += 1

    async def until(self, done, cycles=8_000, what="the end"):
        """Step until ``done()``; fail after a number of cycles."""
        for _ in range(cycles):
            if done():
                return
            await self.step()
        self.fail(f"{what} did not come within {cycles} cycles")

    def fail(self, text):
        """End the test: the text, the cycle and the seed."""
        raise AssertionError(f"{text}\ncycle {self.cycle}, seed {os.environ.get('COCOTB_RANDOM_SEED', '?')}")

    def equal(self, got, expected, what):
        """Fail unless both have the same bits."""
        if got != expected:
            self.fail(f"{what}: expected {_shown(expected)}, got {_shown(got)}")


def _shown(value):
    return hex(value) if isinstance(value, int) else repr(value)


class Part:
    """A driver or monitor built from functions: `drive` after a rising edge, `sample` at the falling one."""

    def __init__(self, drive=None, sample=None):
        self.drive = drive or self._nothing
        self.sample = sample or self._nothing

    @staticmethod
    def _nothing():
        pass


class Watch(Part):
    """A monitor of outputs with a value in every cycle: the one given to `expect`, else the idle value.

    Parameters
    ----------
    bench : Bench
    **idle : int
        Outputs, and their values in cycles without an expectation.
    """

    def __init__(self, bench, **idle):
        self.drive = self._nothing
        self.bench, self.idle, self.due = bench, idle, {}
        bench.parts.append(self)

    def expect(self, cycle, **values):
        """Expect these values of outputs in a cycle (absolute)."""
        if cycle < self.bench.cycle:
            raise ValueError(f"cycle {cycle} has passed")
        for name in values:
            if name not in self.idle:
                raise ValueError(f"{name} is not watched")
        self.due.setdefault(cycle, {}).update(values)

    def forget(self):
        """Drop all expectations (a reset)."""
        self.due.clear()

    def sample(self):
        due = self.due.pop(self.bench.cycle, {})
        for name, idle in self.idle.items():
            got, expected = self.bench.read(name), due.get(name, idle)
            if got != expected:
                self.bench.fail(f"{name}: expected {expected:#x}, got {got:#x}")

    def finish(self):
        """Check that no expectation is left."""
        if self.due:
            self.bench.fail(f"the test ended before the expected {self.due}")


def word(lanes):
    """An array as the flat vector of its bytes, lane 0 and the low byte lowest, to drive a port."""
    return int.from_bytes(np.ascontiguousarray(lanes).tobytes(), "little")


def lanes(value, dtype, count):
    """The flat vector of a port as an array: the reverse of `word`."""
    dtype = np.dtype(dtype)
    return np.frombuffer(value.to_bytes(dtype.itemsize * count, "little"), dtype)


def full_int8(rng, shape):
    """int8 over the full range, a quarter of it corner cases: -128, -127, -1, 0, 1, 127."""
    values = rng.integers(-128, 128, shape)
    corner = rng.choice(np.array([-128, -127, -1, 0, 1, 127]), shape)
    return np.where(rng.random(shape) < 0.25, corner, values).astype(np.int8)
