# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A product that differs from the golden model: the smallest one that does, and its first wrong number.

It is run once more with a trace, and once with waves of the cycles around the first wrong number.
"""

import io
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame import __version__, environment
from macrame.contract import BF16, PHASES, CoreConfig
from macrame.errors import CoreError, LinkError, SetupError
from macrame.files import atomic, failures
from macrame.host import core as host_core
from macrame.host import packets
from macrame.host.core import Core
from macrame.report import run_page
from macrame.report.blocks import Block, Component, Heading, Metadata, Phrase, Text, phrase, text
from macrame.report.html_writer import Html
from macrame.sim.launch import replay_command
from macrame.sim.link import SimLink
from macrame.sim.recording import Recording
from macrame.sim.simulators import SIMULATORS, simulator, versions
from macrame.verify import shrink
from macrame.verify.shrink import ATTEMPTS, Product, Search
from macrame.verify.trace import Mismatch, Trace
from macrame.verify.trace_page import Work, component

#: Cycles of the waves before and after the first wrong number.
MARGIN = 16
#: Failed links, after which the search ends.
MOST_RESTARTS = 8
#: What this process found, in order; the suite's JUnit report lists their files.
WRITTEN: list["Failure"] = []


@dataclass(frozen=True)
class First:
    """The first wrong number of a run.

    Attributes
    ----------
    cycle : int
    what : str
        As of `macrame.verify.trace.Mismatch`.
    tile, row, col : int
        The result it belongs to; -1 where it belongs to several.
    k : int
        Place in the sum; after the array the last one.
    pe : (int, int)
        Row and column of the array; -1 where it is not one.
    got, expected : int
    """

    cycle: int
    what: str
    tile: int
    row: int
    col: int
    k: int
    pe: tuple[int, int]
    got: int
    expected: int

    def words(self) -> Phrase:
        """In words."""
        found = phrase("first wrong number: cycle {:,}, {}", self.cycle, self.what)
        if self.pe[0] >= 0 and self.pe[1] >= 0:
            found += phrase(", PE row {}, column {}", *self.pe)
        elif max(self.pe) >= 0:
            found += (
                phrase(", PE row {}", self.pe[0]) if self.pe[0] >= 0 else phrase(", PE column {}", self.pe[1])
            )
        if self.k >= 0:
            found += phrase(", k {}", self.k)
        return found + phrase(": expected {}, got {}", self.expected, self.got)


@dataclass(frozen=True)
class Failure:
    """What is known about a failing product.

    Attributes
    ----------
    product : macrame.verify.shrink.Product
        The smallest that fails.
    tried : int
        Products computed to find it.
    first : First or None
        None: no recorded number differs from what the ones before it give.
    got, expected : ndarray, shape (M, N)
    folder : pathlib.Path
        Of the files below.
    operands, trace, page : pathlib.Path
    waves : pathlib.Path or None
    run : macrame.report.blocks.Component
        The run for a page.
    """

    product: Product
    tried: int
    first: First | None
    got: NDArray[Any]
    expected: NDArray[Any]
    folder: Path
    operands: Path
    trace: Path
    page: Path
    waves: Path | None
    run: Component

    def blocks(self) -> Iterator[Block]:
        """The report of it, without the run."""
        m, k, n = self.product.sizes
        yield text(
            "the smallest product that differs: {} x {} times {} x {}, mode {}", m, k, k, n, self.product.mode
        )
        if self.first is not None:
            yield Text(self.first.words())
        row, col = (int(i) for i in np.argwhere(self.got != self.expected)[0])
        yield text(
            "its result in row {}, column {}: expected {}, got {}",
            row,
            col,
            int(self.expected[row, col]),
            int(self.got[row, col]),
        )
        yield text("its operands, trace and page are in {}", environment.shown(self.folder))
        if self.waves is not None:
            cropped = self.first is not None and self.waves.suffix == ".fst"
            what = "around the first wrong number" if cropped else "of the smallest product"
            yield text(f"waveforms {what} are in {{}}", environment.shown(self.waves))


def first_wrong(trace: Trace) -> First | None:
    """The first number of a trace that does not follow from those before it, and its place in the array.

    Parameters
    ----------
    trace : macrame.verify.trace.Trace

    Returns
    -------
    First or None
    """
    found = trace.check(1)
    return _placed(trace, found[0]) if found else None


def _placed(trace: Trace, wrong: Mismatch) -> First:
    pe, k = wrong.pe[:2], wrong.k
    if wrong.tile >= 0 and k < 0:  # after the array: of the cell whose sum it was
        tile = trace.tiles[wrong.tile]
        turns = PHASES if int(tile["mode"]) & BF16 else 1
        pe = (wrong.row // turns if wrong.row >= 0 else -1, wrong.col)
        k = int(tile["slices"]) * trace.config.depth - 1
    return First(wrong.cycle, wrong.what, wrong.tile, wrong.row, wrong.col, k, pe, wrong.got, wrong.expected)


def investigate(
    product: Product,
    config: CoreConfig,
    *,
    name: str,
    seed: int = 1,
    sim: str | None = None,
    rtl_root: Path | None = None,
    attempts: int = ATTEMPTS,
) -> Failure | None:
    """Find the smallest product that fails, run it with trace and waves, and write its files.

    Parameters
    ----------
    product : macrame.verify.shrink.Product
        One that differed from the golden model.
    config : macrame.contract.CoreConfig
    name : str
        Of the folder, see `macrame.files.failures.folder`; earlier files there are removed.
    seed : int
        Of the simulator.
    sim : str, optional
        As of `macrame.sim.link.Options`.
    rtl_root : pathlib.Path, optional
        Another copy of rtl/.
    attempts : int
        Products to compute at most.

    Returns
    -------
    Failure or None
        None: the product alone, on a core after a reset, matches the golden model.
    """
    failures.forget(name)
    runs = _Runs(config, f"failures/{name}", {"seed": seed, "sim": sim, "rtl_root": rtl_root})
    search = Search(runs.fails, config, attempts)
    try:
        if not search.fails(product):
            return None
        smallest = search.smallest(product)
    finally:
        runs.close()
    environment.writable(environment.build_dir())
    folder = failures.folder(name)
    folder.mkdir(parents=True, exist_ok=True)
    recorded = runs.record(smallest, folder / failures.TRACE)
    if recorded is None and smallest is not product:  # depends on what ran before it
        smallest = product
        recorded = runs.record(smallest, folder / failures.TRACE)
    if recorded is None:
        return None
    got, expected, fields = recorded
    trace = Trace.read(folder / failures.TRACE, "the trace of the failure")
    first = first_wrong(trace)
    waves = runs.waves(smallest, got, first, trace, folder)
    m, k, n = smallest.sizes
    run = component(
        trace,
        [Work(smallest.a, smallest.w, fields, expected)],
        title=f"the smallest product that differs, {m} x {k} times {k} x {n}",
        start=None if first is None else (first.cycle, *first.pe),
    )
    operands = folder / failures.OPERANDS
    atomic.write(operands, _archive(smallest, got, expected))
    failure = Failure(
        smallest,
        search.tried,
        first,
        got,
        expected,
        folder,
        operands,
        folder / failures.TRACE,
        folder / failures.PAGE,
        waves,
        run,
    )
    atomic.write(failure.page, _page(failure, config, seed, sim or simulator()))
    WRITTEN.append(failure)
    return failure


def of_layer(
    products: Sequence[tuple[host_core.Product, NDArray[Any]]],
    config: CoreConfig,
    *,
    seed: int,
    sim: str,
    rtl_root: Path | None,
) -> Iterator[Block]:
    """The report of a layer of a network that is wrong: its first wrong product, made as small as possible.

    Parameters
    ----------
    products : sequence of (macrame.host.core.Product, ndarray)
        Those of the layer, and their results.
    config, seed, sim, rtl_root
        As for :func:`investigate`.

    Yields
    ------
    macrame.report.blocks.Block
        The last one is the run for a page, if there is one.
    """
    for given, got in products:
        layer = given.output
        output = {name: getattr(layer, name) for name in shrink.PER_COLUMN}
        product = Product(given.a, given.w, layer.mode, {**output, "a_zero_point": layer.input_zero_point})
        if np.array_equal(product.golden(), got):
            continue
        found = investigate(product, config, name="net", seed=seed, sim=sim, rtl_root=rtl_root)
        if found is not None:
            yield from found.blocks()
            yield found.run
            return
    yield text("none of the layer's products differs when it is repeated on a core after a reset")


def _page(failure: Failure, config: CoreConfig, seed: int, sim: str) -> str:
    page = Html("A product that differs from the golden model", {run_page.NAME: run_page.assets()})
    page.write(Heading(f"On the {config} core"))
    page.write(
        Metadata(
            {
                "macrame": __version__,
                "seed": seed,
                "simulator": sim,
                "versions": versions(sim),
                "products tried": failure.tried,
                "command": replay_command(seed),
            }
        )
    )
    page.write(text("the result differs from the golden model", kind="error"))
    for block in failure.blocks():
        page.write(block)
    page.write(failure.run)
    return page.text()


def _archive(product: Product, got: NDArray[Any], expected: NDArray[Any]) -> bytes:
    """Operands and results as .npz; of the options, the arrays and numbers."""
    stream = io.BytesIO()
    arrays: dict[str, Any] = {name: np.asarray(value) for name, value in product.output.items()}
    arrays |= {"a": product.a, "w": product.w, "mode": np.asarray(product.mode), "got": got}
    np.savez(stream, expected=expected, **arrays)
    return stream.getvalue()


class _Runs:
    """Products on simulated cores, each after a reset."""

    def __init__(self, config: CoreConfig, name: str, options: Mapping[str, Any]) -> None:
        self.config, self.name, self.options = config, name, dict(options)
        self._link: SimLink | None = None
        self._restarts = 0

    def fails(self, product: Product) -> bool:
        """Whether the results differ; a product that halts or hangs the core is a different failure."""
        try:
            core = self._ready()
            got, _ = product.compute(core)
        except CoreError:
            return False
        except LinkError:
            self.close()
            self._restarts += 1
            return False
        return not np.array_equal(got, product.expected(core))

    def _ready(self) -> Core:
        if self._restarts > MOST_RESTARTS:
            raise LinkError("the simulated core keeps failing")
        if self._link is None or self._link.closed:
            self._link = SimLink(self.config, name=self.name, waves=False, **self.options)
        self._link.reset()
        return Core(self._link)

    def close(self) -> None:
        """End the simulation."""
        if self._link is not None:
            self._link.close()

    def record(
        self, product: Product, path: Path
    ) -> tuple[NDArray[Any], NDArray[Any], NDArray[np.void] | None] | None:
        """Record a trace of the product; its result, golden's, and the fields of its records, if it fails."""
        m, k, n = product.sizes
        try:
            link = SimLink(self.config, name=self.name, waves=False, trace=Recording(path), **self.options)
            with link, link.span("product", m=m, k=k, n=n, mode=product.mode):
                core = Core(link)
                expected = product.expected(core)
                got, _ = product.compute(core)
                fields = _fields(core, product)
        except (CoreError, LinkError):
            return None
        return (got, expected, fields) if not np.array_equal(got, expected) else None

    def waves(
        self, product: Product, got: NDArray[Any], first: First | None, trace: Trace, folder: Path
    ) -> Path | None:
        """Waves around a cycle: by Icarus, the only simulator that can leave out the others, if its result is
        the same; else those of the whole product, by the simulator in use.
        """
        for known in SIMULATORS.values():  # of an earlier failure
            (folder / f"waves.{known.waves}").unlink(missing_ok=True)
        sim = self.options.get("sim") or simulator()
        if first is not None and shutil.which("iverilog") and shutil.which("vvp"):
            crop = range(max(0, first.cycle - MARGIN), min(first.cycle + MARGIN, trace.cycles + 2))
            found = self._waves(product, got, "icarus", crop, folder)
            if found is not None or sim == "icarus":
                return found
        return self._waves(product, got, sim, None, folder)

    def _waves(
        self, product: Product, got: NDArray[Any], sim: str, crop: range | None, folder: Path
    ) -> Path | None:
        """Waves by a simulator; None if there are none, or its result is another one."""
        options = {**self.options, "sim": sim}
        try:
            link = SimLink(self.config, name=f"{self.name}-waves", waves=True, crop=crop, **options)
            with link:
                again, _ = product.compute(Core(link))
        except (CoreError, LinkError, SetupError):
            return None
        if link.waves is None or not link.waves.exists() or not np.array_equal(again, got):
            return None
        path = folder / f"waves.{SIMULATORS[sim].waves}"
        atomic.write(path, link.waves.read_bytes())
        return path


def _fields(core: Core, product: Product) -> NDArray[np.void] | None:
    """The fields of the columns' records, for the page."""
    if product.mode != "bf16":
        return packets.fields(core.records(product.w, product.mode, **product.output))
    return bf16_fields(product)


def bf16_fields(product: Product) -> NDArray[np.void]:
    """The fields of the columns' records of a bfloat16 product.

    Parameters
    ----------
    product : macrame.verify.shrink.Product

    Returns
    -------
    structured numpy.ndarray, shape (N,)
        As `macrame.host.packets.fields`.
    """
    n, bias = product.sizes[2], product.output.get("bias", 0)
    bits = np.broadcast_to(np.asarray(0 if bias is None else bias, np.float32), n)
    return packets.fields(packets.records(n, np.ascontiguousarray(bits).view(np.int32)))
