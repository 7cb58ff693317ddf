# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Links to a core or a vector unit in a simulator, which runs as a process of its own beside this one.

    SimLink ── socket: requests, answers ──► inside/link.py in the simulator ──► player.v in core_player.v
       └───── w.bin, a.bin: beats to play, m.txt: beats that came out ──────────┘

Simulated time stands still between two calls, so the unit sees a host that answers at once.
"""

import json
import shutil
import socket
import subprocess
import time
import weakref

from macrame import environment
from macrame.contract import CoreConfig
from macrame.errors import LinkError
from macrame.host.link import Link
from macrame.sim import simulate
from macrame.sim.beats import BeatFiles, stall_values

MONITOR = "macrame/sim/hdl/activity.v"
PLAYER = (
    "macrame/sim/hdl/player.v",
    "macrame/sim/hdl/stream_source.v",
    "macrame/sim/hdl/stall.v",
    "macrame/sim/hdl/player.vlt",
)
HARNESS = ("macrame/sim/hdl/core_player.v", *PLAYER)

# Seconds of the wall clock, scaled by TIME_FACTOR.
START_LIMIT = 60  # until the simulator must have called back
SILENCE_LIMIT = 120  # without a sign of life during a request
END_LIMIT = 10  # until the simulator must have ended, its files whole
MESSAGE_BYTES = 1 << 16  # more than any message has


class HarnessLink(Link):
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
        Bytes in a beat of the two operand streams.
    operands : tuple of str
        What the beats of the two operand streams are, for messages.
    more : sequence of str
        Further Verilog files.
    stalls : None, str, Stall or dict of them by stream ("w", "a", "m"), optional
        How the streams pause.
    seed : int
        Of the stall patterns.
    waves : bool
        Leave waves, see :attr:`waves`.
    name : str
        Of the folder under build/runs/ for log and waves.
    rtl_root : path, optional
        Another copy of rtl/.
    idle_limit : int
        Cycles without a beat after which a transfer is given up; at least 2049, and more than a block
        lasts.

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
    folder : pathlib.Path
        Where the files lie that both sides read and write; gone after :meth:`close`.
    waves : pathlib.Path or None
        FST, or VCD with Verilator; whole after :meth:`close`.
    log : pathlib.Path
        What the simulator printed.

    Raises
    ------
    macrame.errors.LinkError
        The simulator does not start.
    macrame.sim.simulate.SetupError, macrame.sim.simulate.Failed
        A tool is missing, or the sources do not compile.
    """

    def __init__(
        self,
        harness,
        parameters,
        lanes,
        widths,
        operands,
        *,
        more=(),
        stalls=None,
        seed=1,
        waves=False,
        name=None,
        rtl_root=None,
        idle_limit=20000,
    ):
        super().__init__()
        self.clock = self.cycles = self.since_reset = 0
        self.seconds = 0.0
        self._requests = 0
        stall_values(stalls, seed)  # a mistake in them shows before anything is started
        self.folder = folder = environment.scratch_dir()
        self._finalizer = weakref.finalize(self, _abandon, parts := {"folder": folder})
        parts["files"] = self._files = BeatFiles(folder, widths, lanes, operands)
        listener = parts["listener"] = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        listener.bind(str(folder / "socket"))
        listener.listen(1)
        listener.settimeout(0.1)
        parts["launch"] = launch = simulate.prepare(
            name,
            toplevel=harness,
            module="macrame.sim.inside.link",
            sources=[*simulate.core_sources(rtl_root), f"macrame/sim/hdl/{harness}.v", *PLAYER, *more],
            rtl_root=rtl_root,
            seed=seed,
            waves=waves,
            parameters=parameters,
            plusargs=[f"dir={folder}"],
        )
        self.waves, self.log = launch.waves, launch.cwd / "sim.log"
        self._process = parts["process"] = launch.start()
        self._connection = parts["connection"] = self._accept(listener)
        self._answer("ready")
        self._do("setting of the harness", self._ask, "set", {"idle_limit": idle_limit, "drop_closing": 1})
        self.set_stalls(stalls, seed)

    def _accept(self, listener):
        limit = time.monotonic() + environment.limit(START_LIMIT)
        while time.monotonic() < limit:
            try:
                accepted = listener.accept()[0]
            except OSError:  # its time-out, whose class differs between Python versions
                if self._process.poll() is not None:
                    break
                continue
            accepted.settimeout(0.5)
            return accepted
        raise self._dead("did not start")

    def _dead(self, what):
        """The error for a simulator that is of no more use; it is closed."""
        status = self._process.poll()
        lines = self.log.read_text(errors="replace").splitlines()[-15:] if self.log.exists() else []
        self._finalizer()
        return LinkError(
            "\n  | ".join(
                [
                    f"the simulator {what} ("
                    + ("still running" if status is None else f"exit status {status}")
                    + f"), its log is {self.log}",
                    *lines,
                ]
            )
        )

    def _answer(self, expected, progress=None):
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
                    self._process.wait(environment.limit(END_LIMIT))  # its log is whole then
                except subprocess.TimeoutExpired:
                    pass
                raise self._dead("went away")
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
        raise self._dead(f"has been silent for {silence:g} s")

    def _ask(self, name, *arguments, progress=None):
        self._requests += 1
        try:
            self._connection.send(json.dumps((self._requests, name, arguments), default=int).encode())
        except ConnectionError:
            pass  # _answer finds out why
        return self._answer("done", progress)

    def _read(self, address):
        return self._ask("read", address)

    def _write(self, address, value):
        return self._ask("write", address, value)

    def set_stalls(self, stalls, seed=1):
        """Change how the streams pause from the next transfer on; parameters as for the class."""
        self._do("setting of stalls", self._ask, "set", stall_values(stalls, seed))

    def _reset(self):
        # The answer to this request comes after all others, and a transfer that still runs ends with it.
        self._files.restart(self._ask("reset"))

    def _transfer(self, weights, activations, results, progress):
        begun = time.monotonic()
        files = self._files
        files.append(weights, activations)
        before = files.received
        state = self._ask(
            "transfer",
            files.sent["w"],
            files.sent["a"],
            before + results,
            progress=None if progress is None else lambda count: progress(count - before),
        )
        self.clock, self.cycles, self.since_reset = state["clock"], state["cycles"], state["since_reset"]
        self.seconds += time.monotonic() - begun
        return files.results(state)

    @property
    def closed(self):
        return not self._finalizer.alive

    def close(self):
        """End the simulation; waves and log are whole after it, unless a call was abandoned."""
        if self.closed:
            return
        try:
            if not self._exchange.name:  # else the simulator may work on for long before it listens
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
    name : str, optional
        By default after the shape.
    **options
        The other parameters of :class:`HarnessLink`, which also says what is raised.
    """

    def __init__(self, config=_DEFAULT, *, activity=False, name=None, **options):
        if activity and config.bf16:
            raise ValueError(f"activity of a core with formats {config.formats!r}: expected 'INT8'")
        self.config = config
        super().__init__(
            "core_player",
            config.parameters() | ({"ACTIVITY": 1} if activity else {}),
            config.cols,
            (config.cols * config.lane_bytes, config.rows * config.lane_bytes),
            ("weight", "activation"),
            more=[MONITOR] if activity else [],
            name=name or f"link-{config}",
            **options,
        )
        self._activity = dict.fromkeys(self._count_activity(), 0) if activity else None

    def activity(self):
        """Toggles of the array's registers since the simulation began, or since :meth:`clear_activity`.

        Exact: every bit of every register is compared with itself in every clock. Bits that were unknown
        before, as all are at power-up, do not count.

        Returns
        -------
        dict of str to int
            "cycles" counted, and toggles of "a" and "w" (operand registers), "products" (two registers behind
            each multiplier), "sums" (the adder tree's), "accumulators" and "results", of all cells together.

        Raises
        ------
        macrame.errors.LinkError
            The link was made without activity=True.
        """
        if self._activity is None:
            raise LinkError("the array's activity is not counted: make the link with activity=True")
        totals = self._count_activity()
        return {name: totals[name] - before for name, before in self._activity.items()}

    def _count_activity(self):
        return self._do("count of the activity", self._ask, "activity")

    def clear_activity(self):
        """Let :meth:`activity` count from here; errors as there."""
        for name, counted in self.activity().items():
            self._activity[name] += counted


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
        The other parameters of :class:`HarnessLink`, which also says what is raised.
    """

    def __init__(self, lanes=8, *, fifo_depth=None, name=None, **options):
        super().__init__(
            "vector_unit_player",
            {"LANES": lanes, **({"FIFO_DEPTH": fifo_depth} if fifo_depth else {})},
            lanes,
            (4 * lanes, 4 * lanes),
            ("x", "y"),
            name=name or f"vector-link-{lanes}",
            **options,
        )


def _abandon(parts):
    """Leave nothing behind, whatever of a link had come into being."""
    if "process" in parts:
        simulate.stop(parts["process"])
    if "launch" in parts:
        parts["launch"].release()
    for name in ("connection", "listener", "files"):
        if name in parts:
            parts[name].close()
    shutil.rmtree(parts["folder"], ignore_errors=True)
