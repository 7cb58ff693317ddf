# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The commands of the simulators, taken from cocotb-test's drivers, and the driver of Icarus Verilog.

cocotb-test knows each simulator's command line and the environment cocotb wants inside it; a driver here
takes both from it. The caller's shell has no accidental effect: a simulator starts without the variables
that change it, and compilers get names relative to their folder, so the project may have any path.
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
    """cocotb-test's simulator, used only to get its commands; the caller runs them.

    Compilers run in the build folder, and all their file names are relative to it: iverilog, make and the
    shells that make starts do not accept every path with blanks, quotes or dollar signs.
    """

    env: dict[str, str]
    links: dict[str, Path]
    sim_dir: str
    toplevel_module: str
    verilog_sources_flat: list[str]
    standalone = False  # a program in Verilog only, without Python

    def program(self) -> Path:
        """The compiled file that a run needs."""
        raise NotImplementedError

    def set_env(self) -> None:
        """The environment without variables of the caller's shell that cocotb-test would keep."""
        super().set_env()
        names = ("LIBPYTHON_LOC", "PYGPI_PYTHON_BIN", "PYTHONPATH", "PYTHONHOME")
        ours = {name: self.env[name] for name in names}
        ours["GPI_USERS"] = f"{ours['LIBPYTHON_LOC']};{cocotb_config.pygpi_entry_point()}"
        # Python in the simulator reads and writes UTF-8 in any locale
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
        """Names of the links in a build folder while compilers run; no module can have such a name."""
        return {"link-build": environment.build_dir(), "link-project": paths.ROOT}

    def relative(self, path: str | Path) -> str:
        """The name of a path in the build folder, through a link."""
        whole = Path(path)
        name, folder = next((n, f) for n, f in self.links.items() if whole.is_relative_to(f))
        return str(Path(name) / whole.relative_to(folder))

    @contextlib.contextmanager
    def linked(self) -> Iterator[None]:
        """Create the links for the duration of a block."""
        made = [Path(self.sim_dir) / name for name in self.links]
        for path, folder in zip(made, self.links.values()):
            path.symlink_to(folder)
        try:
            yield
        finally:
            for path in made:
                path.unlink()

    def original(self, text: str) -> str:
        """A compiler's command or message, with the original paths."""
        for name, folder in self.links.items():
            text = text.replace(f"{name}/", f"{folder}/")
        return text


def said(*command: str) -> str:
    """The output of a command."""
    done = subprocess.run(
        command, capture_output=True, text=True, stdin=subprocess.DEVNULL, env=environment.cleaned(os.environ)
    )
    return done.stdout


class Icarus(Driver, cocotb_test.Icarus):  # type: ignore[misc]  # likewise
    """Icarus Verilog: ``iverilog`` compiles, ``vvp`` runs."""

    def program(self) -> Path:
        """The compiled file that a run needs."""
        return Path(self.sim_dir) / f"{self.toplevel_module}.vvp"

    def build_command(self) -> list[list[str]]:
        """The command that compiles, and the one that runs."""
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
    """Its version as a line of text; SetupError if it cannot be used."""
    printed = said("iverilog", "-V")
    found = re.search(r"version (\d+)\.(\d+)", printed)
    if not found:
        raise SetupError("iverilog -V: no version printed, expected 11.0 or newer")
    if tuple(map(int, found.groups())) < (11, 0):
        raise SetupError(f"iverilog {found[1]}.{found[2]} is too old, expected 11.0 or newer")
    return printed.splitlines()[0]
