# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Every register of a map by cocotbext-axi's AXI4-Lite master: address, access, reset, strobes.

The walk is used on the register block alone (tb_axil_regs.py) and on the core (tb_registers.py), where SHAPE
and K_MAX come from the parameters of the core.
"""

import logging

from cocotbext.axi import AxiLiteBus, AxiLiteMaster, AxiResp

from macrame.dev import registers

OKAY, SLVERR = int(AxiResp.OKAY), int(AxiResp.SLVERR)
ADDRESSES = 0x100


class Walk:
    """Compare a register map with an AXI4-Lite port.

    Parameters
    ----------
    bench : kit.Bench
    rdl : path
        Of the map; the core's by default.
    **parameters : int
        For the reset values: see `macrame.dev.registers.load`.
    """

    def __init__(self, bench, rdl=registers.RDL, **parameters):
        logging.getLogger(f"cocotb.{bench.dut._name}.s_axil").setLevel(logging.WARNING)
        self.bench = bench
        self.master = AxiLiteMaster(AxiLiteBus.from_prefix(bench.dut, "s_axil"), bench.dut.clk, bench.dut.rst)
        self.map = registers.load(rdl, **parameters)
        self.value = {register.name: register.reset for register in self.map}

    async def read(self, address):
        """(value, response)."""
        answer = await self.master.read(address, 4)
        return int.from_bytes(answer.data, "little"), int(answer.resp)

    async def write(self, address, data):
        """The response to the bytes `data` at `address`, all within one word."""
        return int((await self.master.write(address, bytes(data))).resp)

    async def expect(self, register):
        """Check that the register reads the model's value."""
        got = await self.read(register.address)
        expected = (self.value[register.name], OKAY)
        self.bench.equal(got, expected, f"{register.name}: value and response")

    async def all_as_expected(self):
        """Check every register."""
        for register in self.map:
            await self.expect(register)

    async def write_register(self, register, offset, data):
        """Write some bytes of a register; update the model; compare the response and the value."""
        resp = await self.write(register.address + offset, data)
        what = f"{register.name}: response to {bytes(data).hex()} at byte {offset}"
        self.bench.equal(resp, OKAY if register.writable else SLVERR, what)
        strobed = ((1 << 8 * len(data)) - 1) << 8 * offset
        mask = register.mask("RW") & strobed
        new = int.from_bytes(bytes(data), "little") << 8 * offset
        self.value[register.name] = self.value[register.name] & ~mask | new & mask
        await self.expect(register)

    async def mapped(self):
        """Reset values; every register written in full words and in each run of bytes."""
        await self.all_as_expected()
        rng = self.bench.rng
        for register in self.map:
            for data in (b"\xff" * 4, bytes(4), b"\xaa" * 4, b"\x55" * 4, rng.bytes(4)):
                await self.write_register(register, 0, data)
            for offset in range(4):
                for size in range(1, 5 - offset):
                    if register.writable or size == 1:
                        await self.write_register(register, offset, rng.bytes(size))
            await self.all_as_expected()
        for register in self.map:  # as found
            if register.mask("RW"):
                await self.write_register(register, 0, register.reset.to_bytes(4, "little"))

    async def unmapped(self):
        """Every other word of the address space: SLVERR, 0 read, nothing written."""
        taken = {register.address for register in self.map}
        for address in range(0, ADDRESSES, 4):
            if address not in taken:
                self.bench.equal(await self.read(address), (0, SLVERR), f"value and response at {address:#x}")
                self.bench.equal(await self.write(address, b"\xff" * 4), SLVERR, f"response at {address:#x}")
        await self.all_as_expected()
