# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Links to a core, another unit or a network engine in a simulator, which runs in a separate process.

    SimLink ── socket: requests, answers ──► inside/link.py in the simulator ──► player.v in core_player.v
       └───── w.bin, a.bin: beats to play, m.txt: beats received ──────────┘

Simulated time stops between two calls, so to the unit the host answers immediately.
"""

import contextlib
import json
import shutil
import socket
import subprocess
import time
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypedDict, Unpack

import numpy as np

from macrame import environment
from macrame.contract import CoreConfig
from macrame.errors import InputError, LinkError
from macrame.files import atomic
from macrame.files.trace_file import Span
from macrame.host import arguments
from macrame.host.link import Beats, LinkBase, Results, Told
from macrame.sim import recording, simulate
from macrame.sim.beats import BeatFiles, Stalls, stall_values
from macrame.sim.processes import uninterrupted
from macrame.sim.recording import Recording
from macrame.sim.simulators import using

MONITOR = "macrame/sim/hdl/activity.v"
CROP = "macrame/sim/hdl/crop.v"
PLAYER = (
    "macrame/sim/hdl/player.v",
    "macrame/sim/hdl/stream_source.v",
    "macrame/sim/hdl/stall.v",
    "macrame/sim/hdl/player.vlt",
)
HARNESS = ("macrame/sim/hdl/core_player.v", *PLAYER)

# Seconds of the wall clock, scaled by TIME_FACTOR.
START_LIMIT = 60  # until the simulator must have connected
SILENCE_LIMIT = 120  # without a message during a request
END_LIMIT = 10  # until the simulator must have ended, with complete files
MESSAGE_BYTES = 1 << 16  # longer than any message
LEAST_IDLE = 2049  # cycles: a transfer may pause for that long without a fault


class Options(TypedDict, total=False):
    """Keywords of every link into a simulation.

    Attributes
    ----------
    stalls : None, str, Stall or dict of them by stream ("w", "a", "m")
        Stalls of the streams; none by default.
    seed : int
        Of the stall patterns, 1 by default.
    waves : bool
        Write waves, see :attr:`HarnessLink.waves`.
    sim : str
        "icarus" or "verilator"; by default the environment's SIM, or else icarus.
    rtl_root : path
        Another copy of rtl/.
    idle_limit : int
        Cycles without a beat after which a transfer is aborted, 20,000 by default; at least 2049, and more
        than a block lasts.
    compiling : callable
        Called before the harness is compiled, unless the program exists already.
    """

    stalls: Stalls
    seed: int
    waves: bool
    sim: str | None
    rtl_root: str | Path | None
    idle_limit: int
    compiling: Callable[[], None] | None


class HarnessLink(LinkBase):
    """Simulate a harness around ``player.v`` and hold the other end of the link to it.

    Parameters
    ----------
    harness : str
        Toplevel, in a file of macrame/sim/hdl/ of the same name.
    parameters : dict
        Of the toplevel.
    lanes : int
        Words of 32 bits in a result beat.
    widths : (int, int)
        Bytes per beat of the two operand streams.
    operands : tuple of str
        Names of the beats of the two operand streams, for messages.
    more : sequence of str
        Further Verilog files.
    plusargs : sequence of str
        Further plusargs, ``name=value``.
    name : str
        Of the folder under build/runs/ for log and waves.
    stalls, seed, waves, sim, rtl_root, idle_limit, compiling
        See :class:`Options`.

    Attributes
    ----------
    clock : int
        Simulated cycles so far.
    cycles : int
        Of the latest transfer, from its first input beat to its last result beat, as the harness counts.
    since_reset : int
        Cycles between the latest reset by the unit's reset line and the latest transfer's first input beat.
    seconds : float
        Wall-clock time spent in transfers.
    spans : list of macrame.files.trace_file.Span
        Names that :meth:`span` and :meth:`mark` gave to parts of the run.
    folder : pathlib.Path
        Folder of the files that both sides read and write; removed by :meth:`close`.
    waves : pathlib.Path or None
        FST, or VCD with Verilator; complete after :meth:`close`.
    log : pathlib.Path
        Output of the simulator.

    Raises
    ------
    macrame.errors.LinkError
        The simulator does not start.
    macrame.errors.InputError
        An argument is not as described.
    macrame.errors.SetupError, macrame.sim.failed.Failed
        A tool is missing, or the sources do not compile.
    """

    waves: Path | None

    def __init__(
        self,
        harness: str,
        parameters: Mapping[str, object],
        lanes: int,
        widths: tuple[int, int],
        operands: tuple[str, str],
        *,
        name: str,
        more: Sequence[str] = (),
        plusargs: Sequence[str] = (),
        stalls: Stalls = None,
        seed: int = 1,
        waves: bool = False,
        sim: str | None = None,
        rtl_root: str | Path | None = None,
        idle_limit: int = 20000,
        compiling: Callable[[], None] | None = None,
    ) -> None:
        super().__init__()
        arguments.integers("seed", seed, np.iinfo(np.uint32))
        arguments.flag("waves", waves)
        if arguments.count("idle_limit", idle_limit) < LEAST_IDLE:
            raise InputError(f"idle_limit is {idle_limit}, expected {LEAST_IDLE} or more")
        self.clock = self.cycles = self.since_reset = 0
        self.seconds = 0.0
        self.spans: list[Span] = []
        self._requests = 0
        stall_values(stalls, seed)  # an error in them is detected before anything is started
        self.folder = folder = environment.scratch_dir()
        parts: dict[str, Any] = {"folder": folder}
        self._finalizer = weakref.finalize(self, _abandon, parts)
        parts["files"] = self._files = BeatFiles(folder, widths, lanes, operands)
        listener = parts["listener"] = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(str(folder / "socket"))
        listener.listen(1)
        listener.settimeout(0.1)
        with using(sim):
            parts["launch"] = launch = simulate.prepare(
                name,
                toplevel=harness,
                module="macrame.sim.inside.link",
                sources=[*simulate.core_sources(rtl_root), f"macrame/sim/hdl/{harness}.v", *PLAYER, *more],
                rtl_root=rtl_root,
                seed=seed,
                waves=waves,
                parameters=parameters,
                plusargs=[f"dir={folder}", *plusargs],
                compiling=compiling,
            )
        self.waves, self.log = launch.waves, launch.cwd / "sim.log"
        with uninterrupted():
            self._process = parts["process"] = launch.start()
        self._connection = parts["connection"] = self._accept(listener)
        self._answer("ready")
        self._do(
            "setting of the harness",
            self._ask,
            "set",
            {"idle_limit": idle_limit, "drop_closing": 1},
        )
        self.set_stalls(stalls, seed)

    def _accept(self, listener: socket.socket) -> socket.socket:
        seconds = environment.limit(START_LIMIT)
        limit = time.monotonic() + seconds
        while time.monotonic() < limit:
            try:
                accepted = listener.accept()[0]
            except OSError:  # its time-out, whose class differs between Python versions
                if self._process.poll() is not None:
                    break
                continue
            accepted.settimeout(0.5)
            return accepted
        raise self._dead(f"has not connected within {seconds:g} s", "did not start")

    def _dead(self, slow: str, ended: str = "ended unexpectedly") -> LinkError:
        """The error for a simulator that is too slow or has ended; the link is closed."""
        status = self._process.poll()
        what = f"{slow}; {environment.doubled()}" if status is None else f"{ended} (exit status {status})"
        lines = self.log.read_text(errors="replace").splitlines()[-15:] if self.log.exists() else []
        self._finalizer()
        return LinkError(
            "\n  | ".join(
                [
                    f"the simulator {what}; its log is {self.log}",
                    *lines,
                ]
            )
        )

    def _answer(self, expected: str, progress: Told | None = None) -> Any:
        silence = environment.limit(SILENCE_LIMIT)
        limit = time.monotonic() + silence
        while time.monotonic() < limit:
            try:
                message = self._connection.recv(MESSAGE_BYTES)
            except TimeoutError:
                continue
            except OSError:
                self._refuse_if_closed()  # by a progress callback
                message = b""
            if not message:
                try:
                    self._process.wait(environment.limit(END_LIMIT))  # its log is complete then
                except subprocess.TimeoutExpired:
                    pass
                raise self._dead("has closed its connection")
            limit = time.monotonic() + silence
            kind, number, *rest = json.loads(message)
            if number != self._requests:
                continue  # of a request that was abandoned
            if kind == "progress":
                if progress is not None:
                    progress(rest[0])
                continue
            if kind == "stuck":
                raise LinkError("the register bus did not answer")
            if kind != expected:
                raise LinkError(f"the simulator answered {kind!r}, expected {expected!r}")
            return rest[0] if rest else None
        raise self._dead(f"has not answered for {silence:g} s")

    def _ask(self, name: str, *arguments: object, progress: Told | None = None) -> Any:
        self._requests += 1
        try:
            self._connection.send(json.dumps((self._requests, name, arguments), default=int).encode())
        except ConnectionError:
            pass  # _answer finds out why
        return self._answer("done", progress)

    def _read(self, address: int) -> tuple[int, int]:
        return self._ask("read", address)

    def _write(self, address: int, value: int) -> int:
        return self._ask("write", address, value)

    def set_stalls(self, stalls: Stalls, seed: int = 1) -> None:
        """Change the stalls of the streams from the next transfer on; parameters as for the class."""
        self._do("setting of stalls", self._ask, "set", stall_values(stalls, seed))

    def _reset(self) -> None:
        # The answer to this request comes after all others, and a transfer that still runs ends with it.
        self._files.restart(self._ask("reset"))

    def _transfer(self, weights: Beats, activations: Beats, results: int, progress: Told | None) -> Results:
        begun = time.monotonic()
        files = self._files
        files.append(weights, activations)
        before = files.received

        def tell(count: int) -> None:
            if progress is not None:
                progress(count - before)

        state = self._ask(
            "transfer",
            files.sent["w"],
            files.sent["a"],
            before + results,
            progress=None if progress is None else tell,
        )
        self.clock, self.cycles, self.since_reset = state["clock"], state["cycles"], state["since_reset"]
        self.seconds += time.monotonic() - begun
        return files.results(state)

    @contextlib.contextmanager
    def span(self, name: str, **details: Any) -> Iterator[None]:
        """Name what the link does in a block; a trace has these names.

        Parameters
        ----------
        name : str
        **details
            Simple values, see `macrame.files.trace_file.Span`.
        """
        first = self.clock
        try:
            yield
        finally:
            self._name(name, first, details)

    def mark(self, name: str, **details: Any) -> None:
        """Name what the link did since the latest span or mark; parameters as for :meth:`span`."""
        self._name(name, self.spans[-1].last if self.spans else 0, details)

    def _name(self, name: str, first: int, details: dict[str, Any]) -> None:
        if self.clock > first:
            self.spans.append(Span(name, first, self.clock, details))

    @property
    def closed(self) -> bool:
        return not self._finalizer.alive

    def close(self) -> None:
        """End the simulation; waves and log are then complete, unless a call was abandoned."""
        if self.closed:
            return
        try:
            if not self._exchange.name:  # otherwise the simulator may run for a long time before it listens
                self._ask("close")
                self._process.wait(environment.limit(END_LIMIT))
        except (LinkError, subprocess.TimeoutExpired):
            pass
        finally:
            self._finalizer()


_DEFAULT = CoreConfig()


class SimLink(HarnessLink):
    """Simulate a core and hold the other end of the link to it.

    Parameters
    ----------
    config : macrame.contract.CoreConfig
        The core to simulate; 8x8x1 by default.
    activity : bool
        Count the toggles of the array's registers, see :meth:`activity`; int8 only.
    trace : macrame.sim.recording.Recording, optional
        Record a trace, see docs/trace.md. :meth:`close` writes its file, unless a call was abandoned.
    crop : range, optional
        Cycles, counted as in a trace, to which the waves are limited; Icarus only.
    name : str, optional
        By default after the shape.
    **options
        See :class:`Options`; :class:`HarnessLink` says what is raised.
    """

    def __init__(
        self,
        config: CoreConfig = _DEFAULT,
        *,
        activity: bool = False,
        trace: Recording | None = None,
        crop: range | None = None,
        name: str | None = None,
        **options: Unpack[Options],
    ) -> None:
        arguments.instance("config", config, CoreConfig)
        if activity and config.bf16:
            raise ValueError(
                f"activity is True, expected False with formats {config.formats!r}: only int8 is counted"
            )
        self.config = config
        self._trace = trace
        length = trace.length(config) if trace else 0
        super().__init__(
            "core_player",
            config.parameters()
            | ({"ACTIVITY": 1} if activity else {})
            | ({"TRACE": 1} if trace else {})
            | ({"CROP": 1} if crop else {}),
            config.cols,
            (config.cols * config.lane_bytes, config.rows * config.lane_bytes),
            ("weight", "activation"),
            more=([MONITOR] if activity else [])
            + ([recording.MONITOR] if trace else [])
            + ([CROP] if crop else []),
            plusargs=[
                *([f"window_first={trace.first}", f"window_cycles={length}"] if trace else []),
                *([f"dump_first={crop.start}", f"dump_stop={crop.stop}"] if crop else []),
            ],
            name=name or f"link-{config}",
            **options,
        )
        self._activity = dict.fromkeys(self._count_activity(), 0) if activity else None

    def _save_trace(self, trace: Recording) -> None:
        try:
            self._do("completion of the trace", self._ask, "trace")
        except LinkError:
            return  # the simulator has ended, and an earlier call raised the error that says why
        window = trace.first, trace.first + trace.length(self.config)
        found = recording.collect(self.folder, self.config, window, self.spans)
        atomic.write(trace.path, found.encode())

    def close(self) -> None:
        """As for every link, and write the trace.

        Raises
        ------
        OSError
            The trace cannot be written; the simulation has ended.
        """
        try:
            if self._trace is not None and not self.closed and not self._exchange.name:
                trace, self._trace = self._trace, None
                self._save_trace(trace)
        finally:
            super().close()

    def activity(self) -> dict[str, int]:
        """Toggles of the array's registers since the simulation started, or since :meth:`clear_activity`.

        Exact: every bit of every register is compared with its previous value in every clock cycle. Bits that
        were unknown before, as all are at power-up, do not count.

        Returns
        -------
        dict of str to int
            "cycles" counted, and toggles of "a" and "w" (operand registers), "products" (two registers after
            each multiplier), "sums" (the adder tree's), "accumulators" and "results", of all cells together.

        Raises
        ------
        macrame.errors.LinkError
            The link was made without activity=True.
        """
        if self._activity is None:
            raise LinkError("the array's activity is not counted: create the link with activity=True")
        totals = self._count_activity()
        return {name: totals[name] - before for name, before in self._activity.items()}

    def _count_activity(self) -> dict[str, int]:
        return self._do("count of the activity", self._ask, "activity")

    def clear_activity(self) -> None:
        """Restart the counts of :meth:`activity`; errors as there."""
        counted = self.activity()
        assert self._activity is not None
        for name, count in counted.items():
            self._activity[name] += count


class VectorSimLink(HarnessLink):
    """Simulate a vector unit and hold the other end of the link to it.

    The streams x and y are the first and the second operand stream, "w" and "a" where stalls are given.

    Parameters
    ----------
    lanes : int
        LANES of the unit.
    fifo_depth : int, optional
        Beats of the result FIFO; the unit's own default leaves no bubbles.
    name : str, optional
        By default after the lanes.
    **options
        See :class:`Options`; :class:`HarnessLink` says what is raised.
    """

    def __init__(
        self,
        lanes: int = 8,
        *,
        fifo_depth: int | None = None,
        name: str | None = None,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(
            "vector_unit_player",
            {"LANES": lanes, **({"FIFO_DEPTH": fifo_depth} if fifo_depth else {})},
            lanes,
            (4 * lanes, 4 * lanes),
            ("x", "y"),
            name=name or f"vector-link-{lanes}",
            **options,
        )


class ElementwiseSimLink(HarnessLink):
    """Simulate an elementwise unit and hold the other end of the link to it.

    The streams x and y are the first and the second operand stream, "w" and "a" where stalls are given. The
    `user` of a beat of x is the number of bytes with tkeep, 0 for all of them; a result beat is as wide as
    whole words of 32 bits.

    Parameters
    ----------
    lanes : int
        LANES of the unit.
    fifo_depth : int, optional
        Beats of the result FIFO; the unit's own default leaves no bubbles.
    name : str, optional
        By default after the lanes.
    **options
        See :class:`Options`; :class:`HarnessLink` says what is raised.
    """

    def __init__(
        self,
        lanes: int = 2,
        *,
        fifo_depth: int | None = None,
        name: str | None = None,
        **options: Unpack[Options],
    ) -> None:
        super().__init__(
            "elementwise_unit_player",
            {"LANES": lanes, **({"FIFO_DEPTH": fifo_depth} if fifo_depth else {})},
            -(-lanes // 4),
            (lanes, lanes),
            ("x", "y"),
            name=name or f"elementwise-link-{lanes}",
            **options,
        )


class EngineSimLink(HarnessLink):
    """Simulate a network engine with its program store and hold the other end of the link to it.

    Programs are the first operand stream and commands the second, "w" and "a" where stalls are given.

    Parameters
    ----------
    config : macrame.contract.CoreConfig
        The engine's core: 1 row, and as many columns as DEPTH.
    words : int
        Words of the memory.
    beats : int
        Beats of the longest program.
    lanes : int
        LANES of the elementwise unit.
    name : str, optional
        By default after the core.
    **options
        See :class:`Options`; :class:`HarnessLink` says what is raised. `idle_limit` is 2^24 by default: a
        program runs without a beat on the streams.
    """

    def __init__(
        self,
        config: CoreConfig,
        *,
        words: int,
        beats: int,
        lanes: int = 2,
        name: str | None = None,
        **options: Unpack[Options],
    ) -> None:
        arguments.instance("config", config, CoreConfig)
        if (config.rows, config.cols) != (1, config.depth) or config.depth not in (2, 4, 8):
            raise InputError(f"config is {config}, expected 1 row and 2, 4 or 8 columns, as many as depth")
        parameters = {"BEATS": beats, "DEPTH": config.depth, "WORDS": words, "K_MAX": config.k_max}
        parameters |= {"POST_LANES": config.post_lanes, "LANES": lanes}
        options.setdefault("idle_limit", 1 << 24)
        super().__init__(
            "stored_engine_player",
            parameters,
            max(1, config.depth // 4),
            (config.depth**2, config.depth),
            ("program", "command"),
            name=name or f"engine-link-{config}",
            **options,
        )


def _abandon(parts: dict[str, Any]) -> None:
    """Release everything, even of a partly created link."""
    if "process" in parts:
        simulate.stop(parts["process"])
    if "launch" in parts:
        parts["launch"].release()
    for name in ("connection", "listener", "files"):
        if name in parts:
            parts[name].close()
    shutil.rmtree(parts["folder"], ignore_errors=True)
