# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Inside the simulator: the commands of ``player.v`` as coroutines."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from cocotb.triggers import FallingEdge, First, RisingEdge, Timer

COMMANDS = {"transfer": 1, "read": 2, "write": 3, "reset": 4}
PERIOD_NS = 10
ACTIVITY = {
    "cycles": "cycles",
    "a": "a_toggles",
    "w": "w_toggles",
    "products": "product_toggles",
    "sums": "sum_toggles",
    "accumulators": "acc_toggles",
    "results": "result_toggles",
}
PROGRESS_S = 0.25  # wall-clock seconds between two progress messages


class Player:
    """One harness.

    Parameters
    ----------
    top : cocotb handle of ``core_player`` or ``vector_unit_player``

    Attributes
    ----------
    dut : cocotb handle of ``player``
        Settings and counts.
    """

    def __init__(self, top: Any) -> None:
        self.top, self.dut = top, top.u_player
        self.cycles = 256  # between two reads of the wall clock

    async def ready(self) -> None:
        """Wait until the unit is out of reset."""
        await Timer(1, "step")  # under Verilator, signals have no initial values before
        if self.dut.rst.value != 0:
            await FallingEdge(self.dut.rst)
        await FallingEdge(self.dut.clk)

    async def command(self, name: str, progress: Callable[[int], object] | None = None) -> None:
        """Run one command of the harness, and wait for its end."""
        dut = self.dut
        dut.command.value = COMMANDS[name]
        dut.go.value = 1 - int(dut.go.value)
        finished = RisingEdge(dut.finished)
        if dut.finished.value == 1:  # left high by the previous command; it falls at the next clock edge
            await FallingEdge(dut.finished)
        while progress:
            begun = time.monotonic()
            if await First(finished, Timer(self.cycles * PERIOD_NS, "ns")) is finished:
                break
            took = max(time.monotonic() - begun, 1e-3)
            self.cycles = max(16, min(1 << 20, int(self.cycles * min(4, PROGRESS_S / took))))
            progress(int(dut.out_count.value))
        else:
            await finished
        await FallingEdge(dut.clk)  # all signals set by the last rising edge are stable

    async def transfer(
        self,
        weights: int,
        activations: int,
        results: int,
        progress: Callable[[int], object] | None = None,
    ) -> dict[str, int | bool]:
        """Play the beats in the files.

        Parameters
        ----------
        weights, activations, results : int
            Beats since the start of the simulation: those in the files, and those to wait for.
        progress : callable, optional
            Called a few times a second with the result beats so far.

        Returns
        -------
        dict
            Counts and flags of the harness.
        """
        dut = self.dut
        dut.w_available.value = weights
        dut.a_available.value = activations
        dut.out_target.value = results
        await self.command("transfer", progress)
        count = int(dut.out_count.value)
        return {
            "results": count,
            "missing": results - count,
            "weights_left": weights - int(dut.u_w.sent.value),
            "activations_left": activations - int(dut.u_a.sent.value),
            "rule_broken": bool(dut.rule_broken.value),
            "unknown": bool(dut.unknown.value),
            "clock": int(dut.cycle.value),
            "cycles": (int(dut.last_cycle.value) - int(dut.first_cycle.value) + 1) % 2**32,
            "since_reset": (int(dut.first_cycle.value) - int(dut.reset_cycle.value) - 1) % 2**32,
        }

    async def read(self, address: int) -> tuple[int, int]:
        """Read a register: (value, bus response); TimeoutError if the bus does not answer."""
        self.dut.reg_addr.value = address
        await self.command("read")
        self._check_answered()
        return int(self.dut.reg_rdata.value), int(self.dut.reg_resp.value)

    async def write(self, address: int, value: int) -> int:
        """Write a register: the bus response; TimeoutError if the bus does not answer."""
        self.dut.reg_addr.value = address
        self.dut.reg_wdata.value = value
        await self.command("write")
        self._check_answered()
        return int(self.dut.reg_resp.value)

    def _check_answered(self) -> None:
        if self.dut.stuck.value:
            raise TimeoutError("the register bus did not answer")

    async def set(self, values: Mapping[str, int]) -> None:
        """Change settings of the harness: a dict of signal names and integers."""
        for name, value in values.items():
            getattr(self.dut, name).value = value
        await FallingEdge(self.dut.clk)

    async def activity(self) -> dict[str, int]:
        """The totals of ``activity.v``: cycles and toggles since the start of the simulation."""
        await RisingEdge(self.dut.clk)  # it counts at falling edges
        counters = self.top.g_activity.u_activity
        totals = {name: int(getattr(counters, counter).value) for name, counter in ACTIVITY.items()}
        await FallingEdge(self.dut.clk)
        return totals

    async def trace(self) -> None:
        """Complete the files of ``trace.v``."""
        flush = self.top.g_trace.u_trace.flush
        flush.value = 1 - int(flush.value)
        for _ in range(2):
            await FallingEdge(self.dut.clk)

    async def reset(self) -> dict[str, int]:
        """Hold rst for a few cycles; beats not yet taken are skipped.

        Returns
        -------
        dict
            Beats since the start of the simulation: "w" and "a" sent or skipped, "results" received.
        """
        await self.command("reset")
        return {
            "w": int(self.dut.w_available.value),
            "a": int(self.dut.a_available.value),
            "results": int(self.dut.out_count.value),
        }
