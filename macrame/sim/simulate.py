# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Run a bench in the simulator: build, start, check; and the names that callers of a simulator need.

Three ways in: `run` builds, runs and raises `Failed` unless tests ran and all passed; `prepare` builds and
returns a `Launch`, a simulation ready to be started as a background process; `build` only compiles.

Failing tests are rerun with waves, so that the waves exist when the failure is analysed.
`macrame.sim.simulators` describes the simulators, `macrame.sim.build` caches compiled programs, and
`macrame.sim.launch` runs them.
"""

import functools
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from macrame import environment
from macrame.errors import SetupError
from macrame.sim.build import build, core_sources, standalone
from macrame.sim.failed import Failed, TestFailure
from macrame.sim.launch import (
    TIMEOUT,
    Launch,
    Result,
    default_seed,
    default_waves,
    prepare,
    replay_command,
)
from macrame.sim.processes import stop
from macrame.sim.simulators import SIMULATORS, check_tools, simulator, versions

__all__ = [
    "SIMULATORS",
    "TIMEOUT",
    "Failed",
    "Launch",
    "Result",
    "SetupError",
    "TestFailure",
    "build",
    "check_environment",
    "check_tools",
    "core_sources",
    "default_seed",
    "default_waves",
    "prepare",
    "replay_command",
    "run",
    "simulator",
    "standalone",
    "stop",
    "versions",
]

#: Limit in seconds of CPU time for the second run of a failing test, with waves.
WAVES_TIMEOUT = 120


def check_environment() -> None:
    """Check what every run takes from the environment, SIM and its tools, and WAVES, before any work.

    Raises
    ------
    SetupError
    """
    check_tools(simulator())
    default_waves()


def run(
    name: str,
    *,
    toplevel: str,
    module: str,
    sources: Iterable[str | Path],
    parameters: Mapping[str, object] | None = None,
    seed: int | None = None,
    plusargs: Iterable[str] = (),
    waves: bool | None = None,
    testcase: str | Sequence[str] | None = None,
    rtl_root: str | Path | None = None,
    defines: Sequence[str] = (),
    env: Mapping[str, object] | None = None,
    timeout: float = TIMEOUT,
    replay: str | None = None,
) -> Result:
    """Build and run one bench.

    Parameters
    ----------
    name : str
        Names the run's folder, ``build/runs/<simulator>/<name>``; may hold slashes.
    toplevel, module : str
        The Verilog module at the top, and the Python module with the cocotb tests.
    sources : sequence of path
        Verilog files, absolute or relative to the project.
    parameters : dict, optional
        Parameters of `toplevel`.
    seed : int, optional
        cocotb's seed; by default the environment's SEED, else 1.
    plusargs : sequence of str, optional
        ``name=value`` or ``+name=value``; ``cocotb.plusargs`` has them.
    waves : bool, optional
        Write waves, an FST or with Verilator a VCD. None follows the environment's WAVES, and runs a failing
        test once more with waves; False never does that.
    testcase : str or sequence of str, optional
        Run only these tests: a name (``corners``, all its parametrisations) or a full one
        (``tb_pe.corners/stall=none``).
    rtl_root : path, optional
        A copy of rtl/ to take every source under rtl/ from.
    defines : sequence of str, optional
        ``NAME`` or ``NAME=value``.
    env : dict, optional
        Further environment of the simulator.
    timeout : float
        Seconds of CPU time before it is killed; see `Launch.run`.
    replay : str, optional
        Command that repeats the run, for the message; by default this process's own, with its seed.

    Returns
    -------
    Result

    Raises
    ------
    Failed
        Unless at least one test ran and all passed.
    SetupError
        A tool or a source is missing, SIM is unknown, or the build folder cannot be written to.
    """
    __tracebackhide__ = True  # pytest would print these lines, including the docstring, before the message
    start = functools.partial(
        prepare,
        toplevel=toplevel,
        module=module,
        sources=list(sources),
        parameters=parameters,
        plusargs=list(plusargs),
        rtl_root=rtl_root,
        defines=defines,
        env=env,
    )
    launch = start(name, seed=seed, waves=waves, testcase=testcase)
    try:
        return launch.run(timeout, replay=replay)
    except Failed as failed:
        if waves is None and failed.kind == "test" and launch.waves is None:
            note, dump = _rerun_with_waves(launch, failed, start)
            text = f"{failed}\n{note}"
            raise Failed(failed.kind, text, failed.work_dir, failed.failures, failed.seed, dump) from None
        if launch.waves is not None and launch.waves.exists():
            failed.waves = launch.waves
        raise
    finally:
        launch.release()


def _rerun_with_waves(
    launch: Launch, failed: Failed, start: Callable[..., Launch]
) -> tuple[str, Path | None]:
    """Run the failing tests alone with waves, in waves/ under the first run's folder; a line about it, and
    their path."""
    try:
        second = start(
            f"{launch.name}/waves", seed=launch.seed, waves=True, testcase=[f.test for f in failed.failures]
        )
    except (Failed, SetupError) as error:
        return f"  waves   none: {str(error).splitlines()[0]}", None
    try:
        second.run(WAVES_TIMEOUT)
        outcome = " (these tests passed when run alone)"
    except Failed as error:
        outcome = "" if error.kind == "test" else f" ({error.kind} in the run with waves)"
    finally:
        second.release()
    if second.waves is None or not second.waves.exists():
        return f"  waves   none{outcome}", None
    return f"  waves   {environment.shown(second.waves)}{outcome}", second.waves
