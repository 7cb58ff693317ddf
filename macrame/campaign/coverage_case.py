# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The points of the RTL that one case reaches, counted by Verilator; `coverage` merges those of all cases.

A file of its own, since the verdicts depend on it: a change to the reports does not run a case again.
"""

import base64
import json
import os
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tb.lib import bins, catalogue

FLAGS = ("--coverage-line", "--coverage-toggle", "--coverage-expr")
#: Verilator's names of the kinds.
NAMES = {"v_line": "line", "v_branch": "branch", "v_expr": "expression", "v_toggle": "toggle"}


@dataclass(frozen=True, order=True)
class Point:
    """A point of the RTL: where it is, its kind, and Verilator's text, such as a bit and its direction."""

    file: str
    line: int
    kind: str
    column: int
    text: str

    @property
    def module(self) -> str:
        """The module, which has the file's name."""
        return Path(self.file).stem


def case(arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Run a case under Verilator with coverage: the function of each task.

    Parameters
    ----------
    arguments : mapping
        ``case`` and ``seed``.

    Returns
    -------
    dict
        The verdict ``passed`` or ``failed``; ``points``, see `packed`; ``bins``, those of `tb.lib.bins` that
        were reached.
    """
    from macrame.sim import simulate
    from macrame.sim.verilator import Verilator

    os.environ["SIM"] = "verilator"
    os.environ["BUILD_DIR"] = os.environ["MACRAME_SHARED_BUILD"]  # has Verilator's own library, compiled once
    Verilator.FLAGS = (*Verilator.FLAGS, *FLAGS)
    chosen = catalogue.CASES[arguments["case"]]
    try:
        result = simulate.run(
            f"coverage/{chosen.name}",
            toplevel=chosen.toplevel,
            module=chosen.module,
            sources=chosen.sources(),
            parameters=chosen.parameters,
            seed=arguments["seed"],
            plusargs=(*chosen.plusargs, "+quick"),
            testcase=chosen.testcase,
            defines=(*chosen.defines, "MACRAME_COVERAGE"),  # tells its program from that without coverage
            waves=False,
            timeout=chosen.timeout,
        )
    except simulate.Failed as failed:
        return {"verdict": "failed", "text": str(failed)[:4000]}
    counted = result.work_dir / bins.FILE
    return {
        "verdict": "passed",
        "points": packed(points((result.work_dir / "coverage.dat").read_text())),
        "bins": json.loads(counted.read_text()) if counted.exists() else {},
    }


def points(text: str) -> dict[Point, int]:
    """The points of one of Verilator's coverage files that are in rtl/, and how often each was reached.

    Parameters
    ----------
    text : str

    Returns
    -------
    dict of Point to int
        Instances of a module are added.
    """
    found: dict[Point, int] = {}
    for entry in re.finditer(r"^C '(.*)' (\d+)$", text, re.MULTILINE):
        fields = dict(part.split("\2", 1) for part in entry[1].split("\1") if "\2" in part)
        kind = NAMES.get(fields.get("page", "").partition("/")[0])
        name = _source(fields.get("f", ""))
        if kind and name:
            point = Point(name, int(fields["l"]), kind, int(fields["n"]), fields.get("o", ""))
            found[point] = found.get(point, 0) + int(entry[2])
    return found


def _source(name: str) -> str:
    """A path in Verilator's words as one below rtl/, or nothing; vendors' modules are proven equivalent."""
    found = re.search(r"(?:^|/)(?:rtl|link-rtl)/((?!vendor/).+\.v)$", name)
    return found[1] if found else ""


def packed(found: Mapping[Point, int]) -> str:
    """Points as text for a store: compressed JSON, whether each was reached."""
    listed = [
        [p.file, p.line, p.kind, p.column, p.text, int(count > 0)] for p, count in sorted(found.items())
    ]
    return base64.b85encode(zlib.compress(json.dumps(listed).encode(), 9)).decode()


def unpacked(text: str) -> dict[Point, bool]:
    """The inverse of `packed`."""
    listed = json.loads(zlib.decompress(base64.b85decode(text)))
    return {Point(*fields): bool(reached) for *fields, reached in listed}
