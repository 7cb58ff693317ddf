# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The table of simulators, and the selected one.

It is Icarus Verilog, or the one named by the environment's SIM. Verilator first compiles to C++, and then
simulates about a hundred times as fast. It is two-state: a register without an initial value starts with
random bits derived from the run's seed, where Icarus has X.
"""

import contextlib
import functools
import importlib.metadata
import logging
import os
import platform
import shutil
import signal
import sysconfig
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import find_libpython

from macrame import environment, paths
from macrame.errors import SetupError
from macrame.sim.drivers import Driver, Icarus, icarus_version
from macrame.sim.verilator import Verilator, verilator_version


@dataclass(frozen=True)
class Simulator:
    """The properties of a simulator."""

    driver: type[Driver]
    tools: Mapping[str, str]  # programs it needs on PATH, and their Debian packages
    version: Callable[[], str]  # its version as a line of text; SetupError if it cannot be used
    cost: tuple[float, float]  # microseconds per cycle: of any core, and of each MAC its array can do
    flags: tuple[str, ...] = ()  # other inputs of a compiled program
    sim_args: tuple[str, ...] = ()
    waves: str = "fst"  # suffix of its waves
    env: tuple[tuple[str, str], ...] = ()

    def seconds_per_cycle(self, macs: int) -> float:
        """Estimate the time that one cycle of a core takes on one processor.

        Parameters
        ----------
        macs : int
            Multiply-accumulates that the core can do per cycle.

        Returns
        -------
        float
            Seconds. `cost` is fitted to the cycles per second that `macrame gemm` prints for cores from 2x2x1
            to 16x16x1, on a machine with two processors.
        """
        return 1e-6 * (self.cost[0] + self.cost[1] * macs)


SIMULATORS = {
    # -n: a $stop ends the run instead of waiting for a command at a prompt
    "icarus": Simulator(
        Icarus,
        {"iverilog": "iverilog", "vvp": "iverilog"},
        icarus_version,
        cost=(90, 2.2),
        sim_args=("-n",),
    ),
    "verilator": Simulator(
        Verilator,
        {"g++": "g++", "make": "make"},
        verilator_version,
        cost=(1.6, 0.005),
        flags=Verilator.FLAGS + Verilator.PYTHON + Verilator.MAKE,
        waves="vcd",
        # cocotb need not check each of its writes; on Icarus 11 it must
        env=(("COCOTB_TRUST_INERTIAL_WRITES", "1"),),
    ),
}


def simulator() -> str:
    """Name of the selected simulator: the environment's SIM, icarus by default.

    Raises
    ------
    SetupError
        SIM names none of the known simulators.
    """
    name = os.environ.get("SIM", "").strip() or "icarus"
    if name not in SIMULATORS:
        raise SetupError(f"SIM={name}: expected one of {', '.join(SIMULATORS)}")
    return name


@contextlib.contextmanager
def using(name: str | None) -> Iterator[None]:
    """Select a simulator for the duration of a block, through the environment's SIM.

    Parameters
    ----------
    name : str or None
        None keeps the simulator in use.

    Raises
    ------
    SetupError
        There is no such simulator.
    """
    with environment.exported("SIM", name):
        simulator()
        yield


@functools.cache
def check_tools(name: str | None = None) -> str:
    """Check that the simulator and libpython are installed; returns the simulator's version line.

    Raises
    ------
    SetupError
        Something is missing; one line names it and how to install it.
    """
    sim = SIMULATORS[name or simulator()]
    for tool, package in sim.tools.items():
        if shutil.which(tool) is None:
            raise SetupError(f"{tool} is not on PATH: {environment.apt(package)}")
    version = sim.version()
    if _libpython() is None:
        python = sysconfig.get_python_version()
        raise SetupError(
            f"libpython{python} is not installed, and a simulator cannot load Python without it: "
            f"{environment.apt(f'libpython{python}')}"
        )
    return version


def versions(name: str | None = None) -> str:
    """Versions of what a simulated run depends on, in a line of text; without a simulator, of the others.

    Parameters
    ----------
    name : str, optional
        Of the simulator; by default the one in use.

    Returns
    -------
    str
    """
    found = [f"Python {platform.python_version()}", f"NumPy {importlib.metadata.version('numpy')}"]
    with contextlib.suppress(SetupError):
        found.insert(0, check_tools(name).removesuffix(" ()"))
    return ", ".join(found)


# cocotb-test asks for it at each run, at 60 ms a time
_libpython = find_libpython.find_libpython = functools.cache(find_libpython.find_libpython)


def driver_of(
    sim: Simulator,
    *,
    build_dir: Path,
    work_dir: Path,
    toplevel: str,
    module: str,
    sources: Iterable[Path],
    parameters: Mapping[str, object],
    defines: Iterable[str],
    plusargs: Iterable[str],
    waves: bool,
) -> Driver:
    """A cocotb-test simulator object, without the signal handlers and the log level its constructor sets."""
    # its interrupt handlers raise AssertionError; Ctrl-C must remain a KeyboardInterrupt
    before = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}
    level = logging.getLogger("cocotb").level
    with warnings.catch_warnings():
        made = sim.driver(
            toplevel=toplevel,
            module=module,
            verilog_sources=[str(s) for s in sources],
            parameters=dict(parameters),
            defines=list(defines),
            sim_build=str(build_dir),
            work_dir=str(work_dir),
            timescale="1ns/1ps",
            waves=waves,
            force_compile=True,
            python_search=[str(paths.ROOT)],
            sim_args=list(sim.sim_args),
            plus_args=list(plusargs),
        )
    logging.getLogger("cocotb").setLevel(level)
    with contextlib.suppress(ValueError):  # not the main thread: no handler was set
        for number, handler in before.items():
            signal.signal(number, handler)
    return made
