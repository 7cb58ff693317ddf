# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The register maps: read SystemRDL files from rtl/, write documents and C headers.

    .venv/bin/python -m macrame registers          # docs/*registers.md and build/registers/*.h
    .venv/bin/python -m macrame registers --check  # exit with 1 if a document is out of date

rtl/macrame.rdl describes the core, rtl/vector_unit.rdl the vector unit, rtl/elementwise_unit.rdl the
elementwise unit, rtl/macrame_engine.rdl the network engine. The benches also read the maps through `load`, so
the documented registers are the tested ones.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from systemrdl.compiler import RDLCompiler
from systemrdl.node import FieldNode, Node

from macrame import environment, paths
from macrame.errors import InputError
from macrame.files import atomic

ROOT = paths.ROOT
RDL = ROOT / "rtl" / "macrame.rdl"
DOCUMENT = ROOT / "docs" / "registers.md"
HEADER = environment.build_dir() / "registers" / "macrame.h"
VECTOR_RDL = ROOT / "rtl" / "vector_unit.rdl"
VECTOR_DOCUMENT = ROOT / "docs" / "vector_registers.md"
VECTOR_HEADER = environment.build_dir() / "registers" / "vector_unit.h"
ELEMENTWISE_RDL = ROOT / "rtl" / "elementwise_unit.rdl"
ELEMENTWISE_DOCUMENT = ROOT / "docs" / "elementwise_registers.md"
ELEMENTWISE_HEADER = environment.build_dir() / "registers" / "elementwise_unit.h"
ENGINE_RDL = ROOT / "rtl" / "macrame_engine.rdl"
ENGINE_DOCUMENT = ROOT / "docs" / "engine_registers.md"
ENGINE_HEADER = environment.build_dir() / "registers" / "macrame_engine.h"
MODULE = ROOT / "macrame" / "registers.py"

COMMAND = ".venv/bin/python -m macrame registers"


@dataclass(frozen=True)
class Field:
    """Some bits of a register.

    Attributes
    ----------
    name : str
    low, high : int
        Bit numbers.
    access : str
        "RO"; "RW"; or "W1": a command, given by writing 1, that reads 0.
    reset : int
        What it reads after `rst`.
    description : str
    """

    name: str
    low: int
    high: int
    access: str
    reset: int
    description: str

    @property
    def mask(self) -> int:
        """Its bits within the register."""
        return (1 << self.high + 1) - (1 << self.low)

    @property
    def bits(self) -> str:
        """Its bit numbers as text."""
        return str(self.low) if self.low == self.high else f"{self.high}:{self.low}"


@dataclass(frozen=True)
class Register:
    """A 32-bit register.

    Attributes
    ----------
    name, title : str
    address : int
        In bytes.
    fields : tuple of Field
        From bit 0 up.
    description : str
    """

    name: str
    title: str
    address: int
    fields: tuple[Field, ...]
    description: str

    @property
    def reset(self) -> int:
        """What it reads after `rst`."""
        return sum(field.reset << field.low for field in self.fields)

    def mask(self, *access: str) -> int:
        """The bits with one of these kinds of access."""
        return sum(field.mask for field in self.fields if field.access in access)

    @property
    def writable(self) -> bool:
        """Whether a write is accepted."""
        return bool(self.mask("RW", "W1"))


@dataclass(frozen=True)
class Map:
    """All registers by address, and the description of the map."""

    registers: tuple[Register, ...]
    description: str

    def __iter__(self) -> Iterator[Register]:
        return iter(self.registers)

    def __getitem__(self, name: str) -> Register:
        return next(register for register in self.registers if register.name == name)


def load(rdl: Path = RDL, **parameters: int) -> Map:
    """Read the map.

    Parameters
    ----------
    rdl : path
    **parameters : int
        Of the map: ROWS, COLS, DEPTH, LONGEST, POST_LANES, INT8 and BF16 of the core, WIDTH and HELD of the
        other units; those of a default one if left out.

    Returns
    -------
    Map

    Raises
    ------
    macrame.errors.InputError
        A field's access is none of RO, RW and W1, or it has no reset value.
    systemrdl.RDLCompileError
        The file is not SystemRDL.
    """
    compiler = RDLCompiler()
    compiler.compile_file(str(rdl))
    top = compiler.elaborate(parameters={**parameters}).top
    registers = [
        Register(
            node.inst_name,
            node.get_property("name"),
            node.absolute_address,
            tuple(_field(field) for field in node.fields()),
            _text(node),
        )
        for node in top.registers()
    ]
    return Map(tuple(sorted(registers, key=lambda register: register.address)), _text(top))


def _field(node: FieldNode) -> Field:
    access = {"r": "RO", "rw": "RW"}.get(node.get_property("sw").name)
    if node.get_property("sw").name == "w" and node.get_property("singlepulse"):
        access = "W1"
    if access is None:
        raise InputError(f"{node.get_path()}: expected sw = r, sw = rw, or sw = w with singlepulse")
    reset = node.get_property("reset")
    if not isinstance(reset, int):
        raise InputError(f"{node.get_path()}: reset is {reset}, expected a number")
    return Field(node.inst_name, node.low, node.high, access, reset, _text(node))


def _text(node: Node) -> str:
    """A description without the file's indentation."""
    lines = [line.strip() for line in (node.get_property("desc") or "").splitlines()]
    return "\n".join(lines)


# --- generated files --------------------------------------------------------------------------------------


def markdown(
    registers: Map,
    title: str = "Registers",
    rdl: str = "macrame.rdl",
    note: str = "SHAPE and K_MAX are those of a core with default parameters, FORMAT and SEED those of one "
    'with FORMATS "DUAL".',
) -> str:
    """The map as a document."""
    out = [
        f"# {title}",
        "",
        f"<!-- Written by `{COMMAND}` from rtl/{rdl}: edit that file. -->",
        "",
        registers.description,
        "",
        "| address | register | access | after reset | |",
        "|---|---|---|---|---|",
    ]
    for register in registers:
        access = ", ".join(dict.fromkeys(field.access for field in register.fields))
        out.append(
            f"| 0x{register.address:02X} | [{register.name}](#{_anchor(register)}) | {access} | "
            f"0x{register.reset:08X} | {register.title} |"
        )
    out += [
        "",
        "RO: read only. RW: reads what was written. W1: a command, given by writing 1; reads 0.",
        note,
    ]
    for register in registers:
        out += [
            "",
            f"## 0x{register.address:02X} {register.name}",
            "",
            register.description,
            "",
            "| bits | field | access | after reset | |",
            "|---|---|---|---|---|",
        ]
        out += [
            f"| {field.bits} | `{field.name}` | {field.access} | {_value(field)} | {_line(field)} |"
            for field in register.fields
        ]
    return "\n".join(out) + "\n"


def _anchor(register: Register) -> str:
    return f"0x{register.address:02x}-{register.name.lower()}"


def _value(field: Field) -> str:
    return f"0x{field.reset:X}" if field.reset > 9 else str(field.reset)


def _line(thing: Field) -> str:
    return thing.description.replace("\n", " ")


def c_header(registers: Map, prefix: str = "MACRAME", rdl: str = "macrame.rdl") -> str:
    """The map as a C header: the address of each register; mask and shift of each field."""
    out = [
        "/* SPDX-FileCopyrightText: 2026 macrame contributors",
        " * SPDX-License-Identifier: Apache-2.0",
        f" * Written by `{COMMAND}` from rtl/{rdl}: edit that file. */",
        f"#ifndef {prefix}_H",
        f"#define {prefix}_H",
    ]
    for register in registers:
        name = f"{prefix}_{register.name}"
        out += ["", f"/* {register.title} */", f"#define {name} 0x{register.address:02X}u"]
        if register.mask("RW"):
            out += [f"#define {name}_RESET 0x{register.reset:08X}u"]
        for field in register.fields:
            part = f"{name}_{field.name.upper()}"
            out += [f"#define {part}_MASK 0x{field.mask:08X}u", f"#define {part}_SHIFT {field.low}"]
    return "\n".join([*out, "", "#endif"]) + "\n"


def python_module(core: Map, vector: Map, elementwise: Map, engine: Map) -> str:
    """All maps as a Python module: addresses, field masks, reset values, error bits and counters.

    Parameters
    ----------
    core, vector, elementwise, engine : Map

    Returns
    -------
    str
        Its text, as `ruff format` leaves it.
    """
    out = [
        "# SPDX-FileCopyrightText: 2026 macrame contributors",
        "# SPDX-License-Identifier: Apache-2.0",
        '"""Registers of the core and, with a prefix, of the other units: 32 bits, byte addresses.',
        "",
        f"Generated from rtl/{RDL.name}, rtl/{VECTOR_RDL.name}, rtl/{ELEMENTWISE_RDL.name}",
        f"and rtl/{ENGINE_RDL.name} by `macrame registers`: edit those files.",
        '"""',
    ]
    maps = (("", core), ("VECTOR_", vector), ("ELEMENTWISE_", elementwise), ("ENGINE_", engine))
    for prefix, registers in maps:
        out += ["", *(f"{prefix}{register.name} = 0x{register.address:02X}" for register in registers)]
        out += ["", "#: Every register by its name.", f"{prefix}ADDRESSES = {{"]
        out += [f'    "{register.name}": {prefix}{register.name},' for register in registers]
        out += ["}", ""]
        for register in registers:
            if register.name in ("ID", "VERSION") or (register.mask("RW") and register.name != "CONTROL"):
                out.append(f"{prefix}{register.name}_RESET = 0x{register.reset:08X}")
        for name in ("FORMAT", "CONTROL", "STATUS"):
            fields = registers[name].fields
            sticky = [field for field in fields if field.high < 8] if name == "STATUS" else []
            if sticky:
                names = "".join(f'    "{field.name}",\n' for field in sticky)
                out += ["", "#: Sticky error bits of STATUS, from bit 0 up; any of them halts the unit."]
                out += [f"{prefix}STATUS_ERRORS = (\n{names})"]
            out += [
                f"{prefix}{name}_{field.name.upper()} = 0x{field.mask:X}"
                for field in fields
                if field not in sticky
            ]
        counters = [r.name for r in registers if core["CYCLES"].address <= r.address < core["SEED"].address]
        out += ["", "#: The event counters, in the order of their addresses."]
        out += [f"{prefix}COUNTERS = (", *(f'    "{name}",' for name in counters), ")"]
    return "\n".join(out) + "\n"


def main(check: bool = False) -> int:
    """Write the generated files, or compare them; returns 1 if one is stale, else 0.

    Parameters
    ----------
    check : bool
        Compare, write nothing.
    """
    core = load(BF16=1)  # of a core that has every register
    vector, elementwise, engine = load(VECTOR_RDL), load(ELEMENTWISE_RDL), load(ENGINE_RDL)
    note = "LANES and FIFO_DEPTH are those of a unit with default parameters."
    vector_document = markdown(vector, "Registers of the vector unit", VECTOR_RDL.name, note)
    elementwise_document = markdown(
        elementwise, "Registers of the elementwise unit", ELEMENTWISE_RDL.name, note
    )
    engine_note = "SHAPE, WORDS, FORMAT and BEATS are those of an engine with default parameters."
    engine_document = markdown(engine, "Registers of the network engine", ENGINE_RDL.name, engine_note)
    documents = (
        (DOCUMENT, "docs/registers.md", RDL, markdown(core)),
        (VECTOR_DOCUMENT, "docs/vector_registers.md", VECTOR_RDL, vector_document),
        (ELEMENTWISE_DOCUMENT, "docs/elementwise_registers.md", ELEMENTWISE_RDL, elementwise_document),
        (ENGINE_DOCUMENT, "docs/engine_registers.md", ENGINE_RDL, engine_document),
        (MODULE, "macrame/registers.py", RDL, python_module(core, vector, elementwise, engine)),
    )
    if check:
        stale = [
            (name, rdl)
            for path, name, rdl, text in documents
            if not path.exists() or path.read_text() != text
        ]
        for name, rdl in stale:
            print(f"{name} does not match rtl/{rdl.name}: run {COMMAND}", file=sys.stderr)
        return 1 if stale else 0
    headers = (
        (HEADER, c_header(core)),
        (VECTOR_HEADER, c_header(vector, "VECTOR", VECTOR_RDL.name)),
        (ELEMENTWISE_HEADER, c_header(elementwise, "ELEMENTWISE", ELEMENTWISE_RDL.name)),
        (ENGINE_HEADER, c_header(engine, "ENGINE", ENGINE_RDL.name)),
    )
    for path, text in (*((path, text) for path, _, _, text in documents), *headers):
        atomic.write(path, text)
        print(environment.shown(path))
    return 0
