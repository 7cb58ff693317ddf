# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A simulated board on a pseudo-terminal, which behaves like the end of a USB cable.

Not a test, though cocotb runs it as one. The name of the terminal goes into the file ``tty`` of the
directory named by the plusarg ``dir``; a file ``stop`` there, or the end of the parent, ends the simulation.
While the line is idle, simulated time advances slowly, to save CPU time.
"""

import os
import select
import tty
from pathlib import Path
from typing import Any

import cocotb
from cocotb.triggers import Edge, Timer

SLICE_NS = 4_000  # of simulated time, while there is nothing to send
PATIENCE = 0.005  # seconds of real time between two of them while the line is idle


@cocotb.test()
async def serve(dut: Any) -> None:
    """Carry bytes between the line and the terminal."""
    folder = Path(str(cocotb.plusargs["dir"]))
    master, slave = os.openpty()
    tty.setraw(slave)
    os.set_blocking(master, False)
    parent, traffic = os.getppid(), [0]

    async def listen() -> None:
        while True:
            await Edge(dut.got_go)
            traffic[0] += 1
            try:
                os.write(master, bytes([int(dut.got_byte.value)]))
            except BlockingIOError:
                pass  # no reader: lost, as on a real line

    cocotb.start_soon(listen())
    await Timer(SLICE_NS, "ns")
    (folder / "tty.new").write_text(os.ttyname(slave))
    (folder / "tty.new").rename(folder / "tty")
    while not (folder / "stop").exists() and os.getppid() == parent:
        seen = traffic[0]
        try:
            data = os.read(master, 4096)
        except BlockingIOError:
            data = b""
        for byte in data:
            dut.send_byte.value = byte
            dut.send_go.value = not int(dut.send_go.value)
            await Edge(dut.send_done)
        if not data:
            await Timer(SLICE_NS, "ns")
            if seen == traffic[0]:
                select.select([master], [], [], PATIENCE)
    bad = int(dut.got_bad.value)
    assert not bad, f"bytes without a stop bit from the board: {bad}"
