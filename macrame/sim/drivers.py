# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""How to call a simulator: cocotb-test's drivers, asked for their commands, and Icarus Verilog's.

cocotb-test knows each simulator's command line and the environment cocotb wants inside it; a driver here
takes both from it. The caller's shell decides nothing by accident: a simulator starts without the variables
that change it, and compilers see names relative to their own folder, so the project may lie at any path.
"""

import contextlib
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

from cocotb_test import simulator as cocotb_test
from cocotb_tools import config as cocotb_config

from macrame import environment, paths
from macrame.errors import SetupError


class Driver(cocotb_test.Simulator):  # type: ignore[misc]  # cocotb-test has no types
    """cocotb-test's simulator, asked for its commands one by one; running them is left to the caller.

    Compilers run in the build folder, and all names they are given are relative to it: iverilog, make and
    the shells that make starts do not take any path with blanks, quotes or dollar signs.
    """

    env: dict[str, str]
    links: dict[str, Path]
    sim_dir: str
    toplevel_module: str
    verilog_sources_flat: list[str]
    standalone = False  # a program that is Verilog from end to end, with no Python in it

    def program(self) -> Path:
        """The file that a run needs of what was compiled."""
        raise NotImplementedError

    def set_env(self) -> None:
        """Without what the caller's shell has and cocotb-test would keep."""
        super().set_env()
        names = ("LIBPYTHON_LOC", "PYGPI_PYTHON_BIN", "PYTHONPATH", "PYTHONHOME")
        ours = {name: self.env[name] for name in names}
        ours["GPI_USERS"] = f"{ours['LIBPYTHON_LOC']};{cocotb_config.pygpi_entry_point()}"
        # the Python in the simulator reads and writes UTF-8 in any locale
        self.env = {**environment.cleaned(self.env), **ours, "PYTHONUTF8": "1"}

    def commands(self) -> tuple[list[list[str]], list[str]]:
        """(compile commands, run command)."""
        self.set_env()
        self.links = self.folders()
        for path in map(Path, self.verilog_sources_flat):
            if not any(path.is_relative_to(folder) for folder in self.links.values()):
                self.links[f"link-{len(self.links)}"] = path.parent
        *compile_, run_ = self.build_command()
        return compile_, run_

    def folders(self) -> dict[str, Path]:
        """Links that a build folder has while compilers run, by name: no module can be called that."""
        return {"link-build": environment.build_dir(), "link-project": paths.ROOT}

    def relative(self, path: str | Path) -> str:
        """A path's name in the build folder, by way of a link."""
        whole = Path(path)
        name, folder = next((n, f) for n, f in self.links.items() if whole.is_relative_to(f))
        return str(Path(name) / whole.relative_to(folder))

    @contextlib.contextmanager
    def linked(self) -> Iterator[None]:
        """The links, for as long as the block lasts."""
        made = [Path(self.sim_dir) / name for name in self.links]
        for path, folder in zip(made, self.links.values()):
            path.symlink_to(folder)
        try:
            yield
        finally:
            for path in made:
                path.unlink()

    def original(self, text: str) -> str:
        """A compiler's command or message, with the paths that its user knows."""
        for name, folder in self.links.items():
            text = text.replace(f"{name}/", f"{folder}/")
        return text


def said(*command: str) -> str:
    """What a command prints."""
    done = subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment.cleaned(os.environ)
    )
    return done.stdout


class Icarus(Driver, cocotb_test.Icarus):  # type: ignore[misc]  # likewise
    """Icarus Verilog: ``iverilog`` compiles, ``vvp`` runs."""

    def program(self) -> Path:
        """The file that a run needs of what was compiled."""
        return Path(self.sim_dir) / f"{self.toplevel_module}.vvp"

    def build_command(self) -> list[list[str]]:
        """One command that compiles, and the one that runs."""
        compile_, run_ = super().build_command()
        folder = f"{self.sim_dir}{os.sep}"
        sources = set(self.verilog_sources_flat)
        return [
            [
                word.removeprefix(folder)
                if word.startswith(folder)
                else self.relative(word)
                if word in sources
                else word
                for word in compile_
            ],
            run_,
        ]


def icarus_version() -> str:
    """Its version as a line of text; SetupError if it is of no use."""
    printed = said("iverilog", "-V")
    found = re.search(r"version (\d+)\.(\d+)", printed)
    if not found:
        raise SetupError("iverilog -V: no version printed, 11.0 or newer is needed")
    if tuple(map(int, found.groups())) < (11, 0):
        raise SetupError(f"iverilog {found[1]}.{found[2]} is too old, 11.0 or newer is needed")
    return printed.splitlines()[0]
