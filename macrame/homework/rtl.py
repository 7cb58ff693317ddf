# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The simulated hardware as the problems use it: products on the core, numbers through single modules.

Every result comes with golden's, and is compared with it to the bit on the spot; what differs is kept,
printed and makes `make sim` fail.
"""

import contextlib
import itertools
import time
from dataclasses import dataclass, field

import numpy as np

from macrame.contract import CoreConfig
from macrame.golden.nn.bf16 import Golden

MOST_SHOWN = 10
#: What computes in bf16: a core of its own. One small enough for the sheet's matrices simulates many times as
#: fast as an 8x8 one, most of whose cells would rest.
BF16_CORE = {"rows": 1, "cols": 4, "formats": "DUAL", "k_max": 64}
BF16_LANES = 4


@dataclass
class Check:
    """One comparison of RTL with golden.

    Attributes
    ----------
    name : str
        What was computed.
    values : int
        How many numbers were compared.
    seconds : float
        Time the simulation took.
    mismatches : list of dict
        Row, column, expected and got of each number that differs, as integers.
    report : dict or None
        The core's own counters, for a product.
    again : bool
        The numbers come from others that have been compared already, and are not counted a second time.
    """

    name: str
    values: int
    seconds: float
    mismatches: list = field(default_factory=list)
    report: dict = None
    again: bool = False


class Compared:
    """A backend of `macrame.golden.nn.bf16` whose every result is compared with golden's on the spot.

    Golden computes from the operands that the hardware was given, so that what differs is that operation's.

    Parameters
    ----------
    backend : object
        What computes, see `macrame.golden.nn.bf16.Golden`.
    compare : callable
        Called with a description, the result and golden's, as arrays of integers, and the seconds it took.
    """

    def __init__(self, backend, compare):
        self.backend, self.compare, self.golden = backend, compare, Golden()

    def matmul(self, a, w, *arguments, **output):
        """As `macrame.golden.nn.bf16.Golden.matmul`."""
        return self._both("matmul", f"product {_sizes(a, w)}", a, w, *arguments, **output)

    def vector(self, op, x, *arguments, **output):
        """As `macrame.golden.nn.bf16.Golden.vector`."""
        return self._both("vector", f"{op} of {np.size(x):,} numbers", op, x, *arguments, **output)

    def to_bf16(self, x):
        """As `macrame.golden.nn.bf16.Golden.to_bf16`."""
        return self._both("to_bf16", f"{np.size(x):,} numbers to bf16", x)

    def _both(self, method, what, *arguments, **output):
        began = time.monotonic()
        got = getattr(self.backend, method)(*arguments, **output)
        seconds = time.monotonic() - began
        expected = getattr(self.golden, method)(*arguments, **output)
        self.compare(what, bits(got), bits(expected), seconds)
        return got


def bits(values):
    """The bits of bfloat16 or float32 numbers: uint16 or uint32, of the same shape."""
    return np.ascontiguousarray(values).view(f"u{values.dtype.itemsize}")


def hardware(core, lanes, *, seed=1, name, rtl_root=None):
    """Simulate a core and a vector unit for training.

    Parameters
    ----------
    core : dict
        Fields of `macrame.contract.CoreConfig`.
    lanes : int
        Of the vector unit.
    seed : int
        Of the simulators; nothing here draws from it.
    name : str
        Of the folders under build/runs/.
    rtl_root : path, optional
        Another copy of rtl/.

    Returns
    -------
    backend : macrame.host.training.Hardware
    links : list of macrame.sim.link.HarnessLink
        To be closed.
    """
    from macrame.host.core import Core
    from macrame.host.training import Hardware
    from macrame.host.vector_unit import VectorUnit
    from macrame.sim.link import SimLink, VectorSimLink

    with contextlib.ExitStack() as stack:
        links = [
            stack.enter_context(
                SimLink(CoreConfig(**core), seed=seed, name=f"{name}/core", rtl_root=rtl_root)
            ),
            stack.enter_context(VectorSimLink(lanes, seed=seed, name=f"{name}/vector", rtl_root=rtl_root)),
        ]
        backend = Hardware(Core(links[0]), VectorUnit(links[1]))
        stack.pop_all()
    return backend, links


class Rtl:
    """The core (started when first used) and the arithmetic modules, under the chosen simulator.

    Parameters
    ----------
    rows, cols, depth : int
        Shape of the core's array.
    show : macrame.homework.show.Show
        Where progress and mismatches go.
    seed : int
        Of the simulator; nothing here draws from it.
    waves : bool
        Leave an FST of the core.

    Attributes
    ----------
    checks : list of Check
        All comparisons so far.
    used : list of str
        What has computed, in words, in the order of first use.
    """

    def __init__(self, rows, cols, depth, show, seed=1, waves=False):
        self.rows, self.cols, self.depth = rows, cols, depth
        self.seed, self.waves = seed, waves
        self.show = show
        self.checks, self.used = [], []
        self._links, self._cores = {}, {}  # without and with a count of the activity
        self._hardware = None
        self._hardware_links = []

    @property
    def name(self):
        """The core's shape, in words."""
        return f"{self.rows}x{self.cols}x{self.depth} core"

    @property
    def bf16_name(self):
        """What computes in bf16, in words."""
        return f"{BF16_CORE['rows']}x{BF16_CORE['cols']} dual core and a vector unit of {BF16_LANES} lanes"

    def core(self, activity=False):
        """The core, its simulator started.

        Parameters
        ----------
        activity : bool
            The one whose link counts the array's toggles; it simulates more slowly.
        """
        self._use(self.name)
        if activity not in self._cores:
            from macrame.host.core import Core
            from macrame.sim.link import SimLink

            what = f"{self.name}{', its toggles counted' if activity else ''}"
            with self.show.progress(f"starting the simulated {what}"):
                self._links[activity] = SimLink(
                    CoreConfig(self.rows, self.cols, self.depth),
                    seed=self.seed,
                    waves=self.waves,
                    activity=activity,
                    name=f"homework/{'activity' if activity else 'core'}",
                )
                self._cores[activity] = core = Core(self._links[activity])
                if activity:  # what stands in registers at first is not counted
                    core.matmul(
                        np.zeros((self.rows, self.depth), np.int8), np.zeros((self.depth, self.cols), np.int8)
                    )
        return self._cores[activity]

    def bf16(self):
        """A backend of `macrame.golden.nn.bf16` that computes on the simulated hardware: a core and a vector
        unit.

        Every result is compared with golden's on the spot, and all of them make up one of `checks`; what
        differs is printed.

        Returns
        -------
        Compared
        """
        self._use(self.bf16_name)
        if self._hardware is None:
            with self.show.progress(f"starting a simulated {self.bf16_name}"):
                self._hardware, self._hardware_links = hardware(
                    BF16_CORE, BF16_LANES, seed=self.seed, name="homework/bf16"
                )
        check = Check("bf16 operations, each as it was done", 0, 0.0)
        self.checks.append(check)

        def compare(what, got, expected, seconds):
            one = compared(what, got, expected, seconds)
            check.values += one.values
            check.seconds += one.seconds
            check.mismatches += one.mismatches
            self._tell(one)

        return Compared(self._hardware, compare)

    def matmul(self, what, a, w, expected, mode="raw", **output):
        """A product on the core, compared with golden's.

        Parameters
        ----------
        what : str
            Names it where it is shown.
        a, w : numpy.ndarray of int8
            The operands.
        expected : numpy.ndarray
            Golden's result.
        mode : str
            Output mode of the core.
        **output
            As macrame.host.core.Core.matmul.

        Returns
        -------
        values : numpy.ndarray
            The RTL's result.
        report : macrame.host.core.Report
            The core's own counters.
        """
        core = self.core()
        total = -(-a.shape[0] // self.rows) * -(-w.shape[1] // self.cols) * self.rows
        began = time.monotonic()
        with self.show.progress(f"RTL: {what}, {_sizes(a, w)} on the {self.name}", total) as tick:
            values, report = core.matmul(a, w, mode, progress=lambda done, _: tick(done), **output)
        self.compare(what, values, expected, time.monotonic() - began, report.as_dict())
        return values, report

    def dense(self, what, layer, x, expected, mode=None):
        """An integer layer on the core, compared with golden's.

        Parameters
        ----------
        what : str
            Names it where it is shown.
        layer : macrame.golden.nn.quantization.DenseInt8
            The layer.
        x : numpy.ndarray of int8, shape (samples, inputs)
            Its input, as the RTL made it.
        expected : numpy.ndarray
            Golden's result.
        mode : str, optional
            "raw" for the accumulators; by default the layer's own mode.

        Returns
        -------
        values, report
            As `matmul`.
        """
        output = {"bias": layer.bias, "a_zero_point": layer.input.zero_point}
        if mode != "raw":
            output.update(
                multiplier=layer.multiplier,
                shift=layer.shift,
                zero_point=layer.output.zero_point,
                low=layer.low,
                high=layer.high,
            )
        w = np.ascontiguousarray(layer.weight.T)
        return self.matmul(what, x, w, expected, mode or layer.mode, **output)

    def panels(self, what, layer, x, expected, skip=True):
        """An integer layer, one panel of outputs after another, inputs without weights in it left out.

        Parameters
        ----------
        what : str
            Names it where it is shown.
        layer : macrame.golden.nn.quantization.DenseInt8
            The layer.
        x : numpy.ndarray of int8, shape (samples, inputs)
            Its input, as the RTL made it.
        expected : numpy.ndarray
            Golden's result of the whole layer.
        skip : bool
            False sends the inputs without weights as well, for comparison.

        Returns
        -------
        values : numpy.ndarray of int8
            The RTL's result.
        cost : dict
            Of all panels together: "cycles" by the core's own counters, "slices" sent, and "toggles" of the
            array's registers, a dict by kind as `macrame.sim.link.SimLink.activity` has it.
        """
        core, began = self.core(activity=True), time.monotonic()
        values, cost = np.empty_like(expected), {"cycles": 0, "slices": 0}
        core.link.clear_activity()
        firsts = range(0, len(layer.bias), self.cols)
        with self.show.progress(f"RTL: {what}", len(firsts)) as tick:
            for number, first in enumerate(firsts):
                outputs = slice(first, first + self.cols)
                live = (layer.weight[outputs] != 0).any(axis=0) if skip else np.ones(x.shape[1], bool)
                live[0] |= not live.any()  # a panel has a slice at least
                values[:, outputs], report = core.matmul(
                    np.ascontiguousarray(x[:, live]),
                    np.ascontiguousarray(layer.weight[outputs, live].T),
                    layer.mode,
                    bias=layer.bias[outputs],
                    a_zero_point=layer.input.zero_point,
                    multiplier=layer.multiplier[outputs],
                    shift=layer.shift[outputs],
                    zero_point=layer.output.zero_point,
                    low=layer.low,
                    high=layer.high,
                )
                cost["cycles"] += report.cycles
                cost["slices"] += -(-int(live.sum()) // self.depth)
                tick(number + 1)
        cost["toggles"] = core.link.activity()
        del cost["toggles"]["cycles"]  # with those of the registers' bus
        self.compare(what, values, expected, time.monotonic() - began, cost)
        return values, cost

    def predicted_cycles(self, layer, samples):
        """What the cycle model says an integer layer takes, without stalls.

        Parameters
        ----------
        layer : macrame.golden.nn.quantization.DenseInt8
            The layer.
        samples : int
            Rows of its input.

        Returns
        -------
        int or None
            Cycles from the first input beat to the last result beat; None for a layer so large that the host
            cuts it into several transfers, between which the streams pause.
        """
        from macrame.golden import cycles
        from macrame.host import packets, tiling

        core = self.core()
        geometry = cycles.Geometry(self.rows, self.cols, self.depth, core.config.post_lanes)
        outputs, inputs = layer.weight.shape
        a, w = np.zeros((samples, inputs), np.int8), np.zeros((inputs, outputs), np.int8)
        mode = packets.MODES[layer.mode]
        first, *more = itertools.islice(tiling.batches(a, w, packets.records(outputs), mode, core.config), 2)
        if more:
            return None
        panels = cycles.panels(
            first.weights.last, first.weights.user, first.activations.last, first.activations.user, self.depth
        )
        return cycles.predict(geometry, *panels).cycles

    def play(self, module, **columns):
        """Numbers through one of the arithmetic modules.

        Parameters
        ----------
        module : str
            Name of the Verilog module.
        **columns : numpy.ndarray
            Its inputs by name, of one shape or to be broadcast to one.

        Returns
        -------
        numpy.ndarray
            Its results, in the shape of the columns.
        """
        from macrame.sim import vectors

        self._use(f"module {module}")
        count = max(np.size(column) for column in columns.values())
        with self.show.progress(f"RTL: {count:,} numbers through {module}"):
            return vectors.run(module, name=f"homework/{module}", **columns)

    def compare(self, what, got, expected, seconds=0.0, report=None, again=False):
        """Compare to the bit; print and keep what differs.

        Parameters
        ----------
        what : str
            Names the numbers where they are shown.
        got, expected : numpy.ndarray of integers
            Of one shape; one dimension counts as one row.
        seconds : float
            Time the simulation took.
        report : dict, optional
            The core's own counters.
        again : bool
            They have been compared before, one by one, or were made of such: not counted a second time.

        Returns
        -------
        Check
        """
        check = compared(what, got, expected, seconds, report)
        check.again = again
        self.checks.append(check)
        if not check.mismatches:
            self.show.good(f"RTL = golden: {what}: all {check.values:,} numbers equal to the bit")
        self._tell(check)
        return check

    def _use(self, what):
        if what not in self.used:
            self.used.append(what)

    def _tell(self, check):
        """Print what differs."""
        for line in differences(check):
            self.show.bad(line)

    def close(self):
        """Let the simulators go."""
        hardware, self._hardware_links, self._hardware = self._hardware_links, [], None
        for link in hardware:
            link.close()
        links, self._links, self._cores = self._links, {}, {}
        for link in links.values():
            link.close()
            if link.waves is not None:
                self.show.text(f"waves: {link.waves}")


def compared(what, got, expected, seconds=0.0, report=None):
    """A comparison to the bit; parameters as `Rtl.compare`.

    Returns
    -------
    Check
    """
    got, expected = np.atleast_2d(got), np.atleast_2d(expected)
    if got.shape != expected.shape or got.dtype != expected.dtype:
        raise AssertionError(
            f"{what}: RTL gave {got.dtype} {got.shape}, golden {expected.dtype} {expected.shape}"
        )
    wrong = np.argwhere(got != expected)
    return Check(
        what,
        got.size,
        seconds,
        [
            {"row": int(i), "column": int(j), "expected": int(expected[i, j]), "got": int(got[i, j])}
            for i, j in wrong
        ],
        report,
    )


def counted(checks):
    """How many numbers of the RTL were compared, each counted once.

    Parameters
    ----------
    checks : list of Check

    Returns
    -------
    int
    """
    return sum(check.values for check in checks if not check.again)


def differences(check):
    """What differs in a comparison, as lines to print; none where all is equal.

    Parameters
    ----------
    check : Check

    Returns
    -------
    list of str
    """
    wrong = check.mismatches
    if not wrong:
        return []
    lines = [f"MISMATCH in {check.name}: {len(wrong):,} of {check.values:,} numbers differ from golden"]
    lines += [
        f"  row {m['row']}, column {m['column']}: expected {m['expected']}, got {m['got']}"
        for m in wrong[:MOST_SHOWN]
    ]
    return lines + [f"  and {len(wrong) - MOST_SHOWN:,} more"] * (len(wrong) > MOST_SHOWN)


def _sizes(a, w):
    return f"({a.shape[0]} x {a.shape[1]}) . ({w.shape[0]} x {w.shape[1]})"
