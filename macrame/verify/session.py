# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A session on simulated RTL: products on the core, operations in bf16, values through single modules.

Every result is compared bit for bit with the golden model immediately; mismatches are recorded and shown.
"""

import contextlib
import itertools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypedDict, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.contract import CoreConfig
from macrame.golden import cycles
from macrame.golden.nn.bf16 import Backend, Golden, Numbers
from macrame.golden.nn.quantization import DenseInt8
from macrame.host import packets, tiling
from macrame.host.core import Core, Report
from macrame.host.training import Hardware
from macrame.host.vector_unit import VectorUnit
from macrame.report.blocks import Component, text
from macrame.report.report import Display
from macrame.sim import vectors
from macrame.sim.link import HarnessLink, SimLink, VectorSimLink
from macrame.sim.recording import Recording
from macrame.verify import failure, shrink
from macrame.verify.compare import Check, bits, block, compared, sizes
from macrame.verify.trace_page import Work

Integer = TypeVar("Integer", bound=np.integer)

Compare: TypeAlias = Callable[[str, NDArray[np.unsignedinteger], NDArray[np.unsignedinteger], float], None]
"""Takes a description, the result and the golden model's, as bits, and the seconds it took."""


@dataclass(frozen=True)
class Bf16Config:
    """The hardware for bf16: a core and a vector unit.

    Attributes
    ----------
    core : macrame.contract.CoreConfig
        With formats DUAL.
    lanes : int
        Of the vector unit.
    """

    core: CoreConfig
    lanes: int

    def __str__(self) -> str:
        return f"{self.core.rows}x{self.core.cols} dual-format core and a vector unit with {self.lanes} lanes"


#: Small enough for matrices of a few rows: it simulates many times as fast as an 8x8 core, most of whose
#: cells would be idle.
SMALL = Bf16Config(CoreConfig(1, 4, formats="DUAL", k_max=64), 4)


class PanelCost(TypedDict):
    """The cost of the panels of a layer.

    "cycles" by the core's own counters, "slices" sent, and "toggles" of the array's registers by kind, as
    `macrame.sim.link.SimLink.activity` has them.
    """

    cycles: int
    slices: int
    toggles: dict[str, int]


class Compared:
    """A backend of `macrame.golden.nn.bf16` that compares each result with the golden model immediately.

    The golden model uses the same operands as the hardware, so a mismatch belongs to that operation.

    Parameters
    ----------
    backend : macrame.golden.nn.bf16.Backend
        The backend that computes.
    compare : callable
        Called with each result, see `Compare`.
    link : macrame.sim.link.HarnessLink, optional
        The core's link, whose trace names the products.
    wrong : callable, optional
        Called with each product whose result differs.
    prefix : str
        Begins the names of products in the trace.
    works : list of macrame.verify.trace_page.Work, optional
        Each product is appended, for a page.

    Attributes
    ----------
    products : list of str
        Names in the trace of all products so far.
    """

    def __init__(
        self,
        backend: Backend,
        compare: Compare,
        link: HarnessLink | None = None,
        wrong: Callable[[shrink.Product], None] | None = None,
        prefix: str = "",
        works: list[Work] | None = None,
    ) -> None:
        self.backend, self.compare, self.golden, self.link = backend, compare, Golden(), link
        self.wrong, self.prefix, self.works = wrong, prefix, works
        self.products: list[str] = []

    def matmul(
        self,
        a: NDArray[np.uint16],
        w: NDArray[np.uint16],
        bias: NDArray[np.float32] | None = None,
        relu: bool = False,
        out: str = "fp32",
    ) -> Numbers:
        """As `macrame.golden.nn.bf16.Golden.matmul`."""
        what, (m, k), n = f"product {sizes(a, w)}", a.shape, w.shape[1]
        done, expected = self._both(what, lambda backend: backend.matmul(a, w, bias, relu, out))
        self.products.append(f"{self.prefix}bf16 product {len(self.products) + 1}, {sizes(a, w)}")
        if self.link is not None:
            self.link.mark(self.products[-1], m=m, k=k, n=n, mode="bf16")
        output = {"relu": relu, "out": out, **({} if bias is None else {"bias": bias})}
        product = shrink.Product(a, w, "bf16", output)
        if self.works is not None:
            self.works.append(Work(a, w, failure.bf16_fields(product), expected))
        if self.wrong is not None and not np.array_equal(bits(done), expected):
            self.wrong(product)
        return done

    def vector(
        self, op: str, x: Numbers, y: Numbers | None = None, s: float | None = None, out: str = "fp32"
    ) -> Numbers:
        """As `macrame.golden.nn.bf16.Golden.vector`."""
        what = f"{op} of {np.size(x):,} numbers"
        return self._both(what, lambda backend: backend.vector(op, x, y, s, out))[0]

    def to_bf16(self, x: NDArray[np.float32]) -> NDArray[np.uint16]:
        """As `macrame.golden.nn.bf16.Golden.to_bf16`."""
        return self._both(f"{np.size(x):,} numbers to bf16", lambda backend: backend.to_bf16(x))[0]

    def _both(
        self, what: str, operation: Callable[[Backend], Numbers]
    ) -> tuple[Numbers, NDArray[np.unsignedinteger]]:
        """The hardware's result, and the bits of the golden model's."""
        began = time.monotonic()
        got = operation(self.backend)
        seconds = time.monotonic() - began
        expected = bits(operation(self.golden))
        self.compare(what, bits(got), expected, seconds)
        return got, expected


def hardware(
    config: Bf16Config,
    *,
    seed: int = 1,
    name: str,
    rtl_root: Path | None = None,
    trace: Recording | None = None,
) -> tuple[Hardware, list[HarnessLink]]:
    """Simulate a core and a vector unit that compute in bf16.

    Parameters
    ----------
    config : Bf16Config
    seed : int
        Of the simulators; no result depends on it.
    name : str
        Of the folders under build/runs/.
    rtl_root : pathlib.Path, optional
        Another copy of rtl/.
    trace : macrame.sim.recording.Recording, optional
        Record a trace of the core.

    Returns
    -------
    backend : macrame.host.training.Hardware
    links : list of macrame.sim.link.HarnessLink
        The caller must close them.
    """
    with contextlib.ExitStack() as stack:
        links: list[HarnessLink] = [
            stack.enter_context(
                SimLink(config.core, seed=seed, name=f"{name}/core", rtl_root=rtl_root, trace=trace)
            ),
            stack.enter_context(
                VectorSimLink(config.lanes, seed=seed, name=f"{name}/vector", rtl_root=rtl_root)
            ),
        ]
        backend = Hardware(Core(links[0]), VectorUnit(links[1]))
        stack.pop_all()
    return backend, links


class Session:
    """The core (started when first used) and the arithmetic modules, under the chosen simulator.

    Parameters
    ----------
    config : macrame.contract.CoreConfig
        Of the int8 core.
    display : macrame.report.report.Display
        Shows progress and every comparison.
    name : str
        Of the folder under build/runs/.
    bf16 : Bf16Config
        The hardware for bf16, a separate core.
    seed : int
        Of the simulator; no result depends on it.
    waves : bool
        Write an FST of the core.
    trace, bf16_trace : macrame.sim.recording.Recording, optional
        Record a trace of the int8 core, and of the one for bf16; spans are products, named as in the output.
    rtl_root : pathlib.Path, optional
        Another copy of rtl/.

    Attributes
    ----------
    checks : list of macrame.verify.compare.Check
        All comparisons so far.
    used : list of str
        Descriptions of the hardware used, in the order of first use.
    works, bf16_works : list of macrame.verify.trace_page.Work
        The products in `trace` and in `bf16_trace`, in the order of their spans.
    prefix : str
        Begins the names of products in the trace.
    examined : macrame.report.blocks.Component or None
        The run of the first wrong product, made as small as possible.
    """

    def __init__(
        self,
        config: CoreConfig,
        display: Display,
        name: str,
        *,
        bf16: Bf16Config = SMALL,
        seed: int = 1,
        waves: bool = False,
        trace: Recording | None = None,
        bf16_trace: Recording | None = None,
        rtl_root: Path | None = None,
    ) -> None:
        self.rtl_root = rtl_root
        self.examined: Component | None = None
        self.config, self.bf16_config = config, bf16
        self.seed, self.waves = seed, waves
        self.trace, self.bf16_trace = trace, bf16_trace
        self.display, self._folder = display, name
        self.checks: list[Check] = []
        self.used: list[str] = []
        self.works: list[Work] = []
        self.bf16_works: list[Work] = []
        self.prefix = ""
        self._links: dict[bool, SimLink] = {}  # without and with activity counting
        self._cores: dict[bool, Core] = {}
        self._hardware: Hardware | None = None
        self._hardware_links: list[HarnessLink] = []

    @property
    def name(self) -> str:
        """The core's shape, in words."""
        return f"{self.config} core"

    @property
    def bf16_name(self) -> str:
        """Description of the hardware for bf16."""
        return str(self.bf16_config)

    def core(self, activity: bool = False) -> Core:
        """The core, its simulator started.

        Parameters
        ----------
        activity : bool
            With a link that counts the array's toggles, which simulates more slowly.

        Returns
        -------
        macrame.host.core.Core
        """
        self._use(self.name)
        if activity not in self._cores:
            what = f"{self.name}{', with its toggles counted' if activity else ''}"
            with self.display.progress(f"starting the simulated {what}"):
                self._links[activity] = SimLink(
                    self.config,
                    seed=self.seed,
                    waves=self.waves,
                    activity=activity,
                    trace=None if activity else self.trace,
                    name=f"{self._folder}/{'activity' if activity else 'core'}",
                    rtl_root=self.rtl_root,
                )
                self._cores[activity] = core = Core(self._links[activity])
                if activity:  # the initial contents of registers are not counted
                    rows, cols, depth = self.config.rows, self.config.cols, self.config.depth
                    core.matmul(np.zeros((rows, depth), np.int8), np.zeros((depth, cols), np.int8))
        return self._cores[activity]

    def bf16(self) -> Compared:
        """A backend of `macrame.golden.nn.bf16` that computes on the simulated hardware: a core and a vector
        unit.

        Every result is compared with the golden model immediately, and all of them form one of `checks`;
        mismatches are printed.

        Returns
        -------
        Compared
        """
        self._use(self.bf16_name)
        if self._hardware is None:
            with self.display.progress(f"starting the simulated {self.bf16_name}"):
                self._hardware, self._hardware_links = hardware(
                    self.bf16_config,
                    seed=self.seed,
                    name=f"{self._folder}/bf16",
                    rtl_root=self.rtl_root,
                    trace=self.bf16_trace,
                )
        check = Check("bf16 operations, one by one", 0, 0.0)
        self.checks.append(check)

        def compare(
            what: str,
            got: NDArray[np.unsignedinteger],
            expected: NDArray[np.unsignedinteger],
            seconds: float,
        ) -> None:
            one = compared(what, got, expected, seconds)
            check.values += one.values
            check.seconds += one.seconds
            check.mismatches += one.mismatches
            if one.mismatches:
                self.display.write(block(one))

        def wrong(product: shrink.Product) -> None:
            self._examine(product, self.bf16_config.core)

        works = None if self.bf16_trace is None else self.bf16_works
        return Compared(self._hardware, compare, self._hardware_links[0], wrong, self.prefix, works)

    def product_name(self, what: str) -> str:
        """The name in the trace of a product that :meth:`matmul` or :meth:`dense` calls `what`."""
        return self.prefix + what

    def matmul(
        self,
        what: str,
        a: NDArray[np.int8],
        w: NDArray[np.int8],
        expected: NDArray[Integer],
        mode: str = "raw",
        **output: Any,
    ) -> tuple[NDArray[Integer], Report]:
        """A product on the core, compared with the golden model's.

        Parameters
        ----------
        what : str
            Its name in the output.
        a : numpy.ndarray of int8, shape (M, K)
        w : numpy.ndarray of int8, shape (K, N)
        expected : numpy.ndarray of int32 or int8, shape (M, N)
            The golden model's result.
        mode : str
            Output mode of the core.
        **output
            As macrame.host.core.Core.matmul.

        Returns
        -------
        values : numpy.ndarray, shape (M, N)
            The RTL's result, of the type of `expected`.
        report : macrame.host.core.Report
            The core's own counters.
        """
        core, rows, cols = self.core(), self.config.rows, self.config.cols
        total = -(-a.shape[0] // rows) * -(-w.shape[1] // cols) * rows
        began = time.monotonic()
        (m, k), n = a.shape, w.shape[1]
        with (
            self.display.progress(f"RTL: {what}, {sizes(a, w)} on the {self.name}", total) as tick,
            self._links[False].span(self.product_name(what), m=m, k=k, n=n, mode=mode),
        ):
            values, report = core.matmul(a, w, mode, progress=lambda done, _: tick(done), **output)
        if self.trace is not None:
            fields = packets.fields(core.records(w, mode, **output))
            self.works.append(Work(a, w, fields, expected))
        check = self.compare(what, values, expected, time.monotonic() - began, report.as_dict())
        if check.mismatches:
            self._examine(shrink.Product(a, w, mode, output), self.config)
        return values, report

    def _examine(self, product: shrink.Product, config: CoreConfig) -> None:
        """Shrink the first product that is wrong, and report it."""
        if self.examined is not None:
            return
        with self.display.progress("looking for the smallest product that differs"):
            found = failure.investigate(
                product, config, name=self._folder, seed=self.seed, rtl_root=self.rtl_root
            )
        if found is None:
            self.display.write(
                text("the product does not differ when it is repeated on a core after a reset")
            )
            return
        self.examined = found.run
        for part in found.blocks():
            self.display.write(part)

    def dense(
        self,
        what: str,
        layer: DenseInt8,
        x: NDArray[np.int8],
        expected: NDArray[Integer],
        mode: str | None = None,
    ) -> tuple[NDArray[Integer], Report]:
        """An integer layer on the core, compared with the golden model's.

        Parameters
        ----------
        what : str
            Its name in the output.
        layer : macrame.golden.nn.quantization.DenseInt8
            The layer.
        x : numpy.ndarray of int8, shape (samples, inputs)
            Its input, from the RTL.
        expected : numpy.ndarray of int32 or int8, shape (samples, outputs)
            The golden model's result.
        mode : str, optional
            "raw" for the accumulators; by default the layer's own mode.

        Returns
        -------
        values, report
            As `matmul`.
        """
        mode = mode or layer.mode
        w = np.ascontiguousarray(layer.weight.T)
        return self.matmul(what, x, w, expected, mode, **_output(layer, mode))

    def panels(
        self,
        what: str,
        layer: DenseInt8,
        x: NDArray[np.int8],
        expected: NDArray[np.int8],
        skip: bool = True,
    ) -> tuple[NDArray[np.int8], PanelCost]:
        """An integer layer, one panel of outputs after another, omitting inputs without weights in the panel.

        Parameters
        ----------
        what : str
            Its name in the output.
        layer : macrame.golden.nn.quantization.DenseInt8
            The layer.
        x : numpy.ndarray of int8, shape (samples, inputs)
            Its input, from the RTL.
        expected : numpy.ndarray of int8, shape (samples, outputs)
            The golden model's result of the whole layer.
        skip : bool
            False also sends the inputs without weights, for comparison.

        Returns
        -------
        values : numpy.ndarray of int8, shape (samples, outputs)
            The RTL's result.
        cost : PanelCost
            Of all panels together.
        """
        core, began = self.core(activity=True), time.monotonic()
        values = np.empty_like(expected)
        cost: PanelCost = {"cycles": 0, "slices": 0, "toggles": {}}
        link = self._links[True]
        link.clear_activity()
        firsts = range(0, len(layer.bias), self.config.cols)
        with self.display.progress(f"RTL: {what}", len(firsts)) as tick:
            for number, first in enumerate(firsts):
                outputs = slice(first, first + self.config.cols)
                live = (layer.weight[outputs] != 0).any(axis=0) if skip else np.ones(x.shape[1], bool)
                live[0] |= not live.any()  # a panel has at least one slice
                values[:, outputs], report = core.matmul(
                    np.ascontiguousarray(x[:, live]),
                    np.ascontiguousarray(layer.weight[outputs, live].T),
                    layer.mode,
                    **_output(layer, layer.mode, outputs),
                )
                cost["cycles"] += report.cycles
                cost["slices"] += -(-int(live.sum()) // self.config.depth)
                tick(number + 1)
        cost["toggles"] = link.activity()
        del cost["toggles"]["cycles"]  # including those on the register bus
        self.compare(what, values, expected, time.monotonic() - began, cost)
        return values, cost

    def predicted_cycles(self, layer: DenseInt8, samples: int) -> int | None:
        """The predicted cycles of an integer layer without stalls.

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
        config = self.config
        geometry = cycles.Geometry(config.rows, config.cols, config.depth, config.post_lanes)
        outputs, inputs = layer.weight.shape
        a, w = np.zeros((samples, inputs), np.int8), np.zeros((inputs, outputs), np.int8)
        mode, record = packets.MODES[layer.mode], packets.records(outputs)
        first, *more = itertools.islice(tiling.batches(a, w, record, mode, config), 2)
        if more:
            return None
        panels = cycles.panels(
            first.weights.last,
            first.weights.user,
            first.activations.last,
            first.activations.user,
            config.depth,
        )
        return cycles.predict(geometry, *panels).cycles

    def play(self, module: str, **columns: ArrayLike) -> NDArray[Any]:
        """Play values through one of the arithmetic modules.

        Parameters
        ----------
        module : str
            Name of the Verilog module.
        **columns : array_like
            Its inputs by name, of one shape or to be broadcast to one.

        Returns
        -------
        numpy.ndarray
            Its results, in the shape of the columns and of the module's own type.
        """
        self._use(f"module {module}")
        count = max(np.size(column) for column in columns.values())
        with self.display.progress(f"RTL: {count:,} numbers through {module}"):
            return vectors.run(module, name=f"{self._folder}/{module}", **columns)

    def compare(
        self,
        what: str,
        got: NDArray[np.integer],
        expected: NDArray[np.integer],
        seconds: float = 0.0,
        report: Mapping[str, object] | None = None,
        again: bool = False,
    ) -> Check:
        """Compare bit for bit; print and record mismatches.

        Parameters
        ----------
        what, got, expected, seconds, report
            As `macrame.verify.compare.compared`, which also says what is raised.
        again : bool
            The values have been compared before, or are derived from such: not counted again.

        Returns
        -------
        macrame.verify.compare.Check
        """
        check = compared(what, got, expected, seconds, report)
        check.again = again
        self.checks.append(check)
        self.display.write(block(check))
        return check

    def _use(self, what: str) -> None:
        if what not in self.used:
            self.used.append(what)

    def close(self) -> None:
        """Close the simulators."""
        training, self._hardware_links, self._hardware = self._hardware_links, [], None
        for link in training:
            link.close()
        links, self._links, self._cores = self._links, {}, {}
        for link in links.values():
            link.close()
            if link.waves is not None:
                self.display.write(text("waves: {}", str(link.waves)))


def _output(layer: DenseInt8, mode: str, outputs: slice = slice(None)) -> dict[str, Any]:
    """Arguments of `macrame.host.core.Core.matmul` for some of a layer's outputs."""
    found = {"bias": layer.bias[outputs], "a_zero_point": layer.input.zero_point}
    if mode == "raw":
        return found
    return {
        **found,
        "multiplier": layer.multiplier[outputs],
        "shift": layer.shift[outputs],
        "zero_point": layer.output.zero_point,
        "low": layer.low,
        "high": layer.high,
    }
