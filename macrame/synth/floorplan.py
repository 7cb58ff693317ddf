# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Place the block RAMs of a wide memory by the bits that they hold.

A memory of 512-bit words takes dozens of block RAMs, of which several hold the same bits of different words.
They share their data inputs, and a multiplexer selects one of their outputs. nextpnr's placers scatter such
block RAMs over the device; if hardly any are left, the router then runs out of wires. Here, block RAMs are
placed in the order of their bits, so that those with the same bits are neighbours; nextpnr places the rest.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from macrame.synth.tools import FlowError

_ROWS = (22, 46, 70, 82)
_GROUPS = (4, 13, 22, 31, 40, 49, 58, 69, 78, 87, 96, 105, 114)


def _along(row: int) -> list[str]:
    """The block RAMs of a row of the LFE5U-85F, from left to right: groups of four, two tiles apart."""
    return [f"X{group + 2 * number}/Y{row}/EBR{number}" for group in _GROUPS for number in range(4)]


#: All block RAMs of the LFE5U-85F by nextpnr's names, in the order of use: runs of 20, each within a row,
#: then the ends of the rows. The ULX3S engine has eight columns, each with about 20 block RAMs.
ECP5_85F = tuple(
    site
    for first, last in ((6, 26), (26, 46), (0, 6), (46, 52))
    for row in _ROWS
    for site in _along(row)[first:last]
)


def _bits(module: Mapping[str, Any], buses: Sequence[str]) -> dict[int, int]:
    """The index of every net of the buses; a bus is found by the end of its hierarchical name."""
    found: dict[int, int] = {}
    for bus in buses:
        names = [name for name in module["netnames"] if f".{name}".endswith(f".{bus}")]
        if len(names) != 1:
            raise FlowError(f"floorplan: {len(names)} nets named {bus}, expected one")
        for index, net in enumerate(module["netnames"][names[0]]["bits"]):
            if isinstance(net, int):  # a constant bit is a string
                found.setdefault(net, index)
    return found


def place(module: Mapping[str, Any], buses: Sequence[str], sites: Sequence[str] = ECP5_85F) -> int:
    """Give each block RAM whose data inputs belong to `buses` a place, in the order of their bits.

    Parameters
    ----------
    module : mapping
        The flat top module in Yosys' JSON; its block RAMs receive nextpnr's attribute BEL.
    buses : sequence of str
        The end of the hierarchical name of each bus.
    sites : sequence of str
        Places, as nextpnr names them, in the order of use.

    Returns
    -------
    int
        Number of block RAMs with a place.

    Raises
    ------
    macrame.synth.tools.FlowError
        A bus is missing or ambiguous, drives no block RAM, or more of them than there are sites.
    """
    bits = _bits(module, buses)
    order = []
    for name, cell in module["cells"].items():
        inputs = [net for port, nets in cell["connections"].items() if port.startswith("DI") for net in nets]
        held = [bits[net] for net in inputs if net in bits]
        if cell["type"] == "DP16KD" and held:
            number = [int(digits) for digits in re.findall(r"\d+", name)]
            order.append((sum(held) / len(held), number, name))
    if not 0 < len(order) <= len(sites):
        raise FlowError(
            f"floorplan: {len(order)} block RAMs on {', '.join(buses)}, expected 1 to {len(sites)}"
        )
    for (_, _, name), site in zip(sorted(order), sites, strict=False):
        module["cells"][name].setdefault("attributes", {})["BEL"] = site
    return len(order)
