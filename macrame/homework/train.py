# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Train the digits network of problem 8 in bf16 on the RTL; compare every step with the golden model."""

import hashlib
import os
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TypeAlias, TypedDict

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from macrame import __version__, environment
from macrame.contract import CoreConfig
from macrame.files import atomic, parse
from macrame.golden.nn.batches import minibatches
from macrame.golden.nn.bf16 import Golden, NetworkBf16, SGDBf16
from macrame.golden.nn.network import Network
from macrame.golden.nn.optimizers import SGD
from macrame.homework import data, digits, p8_training
from macrame.homework.digits import Split
from macrame.homework.problem import Blocks
from macrame.report import run_page
from macrame.report.blocks import Check, Command, Heading, Metadata, Text, counted, phrase, table, text
from macrame.report.numbers import to_json
from macrame.report.report import Display, LiveReport, page_of
from macrame.report.terminal import Terminal
from macrame.sim import simulate
from macrame.sim.recording import Recording
from macrame.verify.compare import Check as Comparison
from macrame.verify.compare import bits, block, compared
from macrame.verify.session import Bf16Config, Compared, hardware
from macrame.verify.trace_page import recorded

PREFERRED = "verilator"
NUMBERS = "p8_training.toml"
OUT = environment.build_dir() / "train" / "train.json"


@dataclass(frozen=True)
class Job:
    """One training, and the hardware it runs on.

    Attributes
    ----------
    hidden, test_fraction, split_seed
        As in `macrame.homework.digits.Training`.
    batch_size : int
    learning_rate : float
    seed : int
        Of initial weights and shuffling.
    epochs : int
    steps : int or None
        Number of updates, instead of epochs.
    hardware : macrame.verify.session.Bf16Config
        A tile has 4 * rows rows: with 8, a complete mini-batch of 32.
    out : pathlib.Path
        The report, as JSON.
    page : pathlib.Path or None
        Where the report goes in addition to the terminal.
    """

    hidden: int
    test_fraction: float
    split_seed: int
    batch_size: int
    learning_rate: float
    seed: int
    epochs: int
    steps: int | None = None
    hardware: Bf16Config = Bf16Config(CoreConfig(8, 8, formats="DUAL"), 32)
    out: Path = OUT
    page: Path | None = None

    def settled(self) -> dict[str, object]:
        """The entries of the report."""
        kept = {field.name: getattr(self, field.name) for field in fields(self)}
        del kept["hardware"], kept["out"], kept["page"]
        core = self.hardware.core
        return {**kept, "rows": core.rows, "cols": core.cols, "lanes": self.hardware.lanes}


class Mismatch(Exception):
    """A result of the RTL differs from the golden model.

    Parameters
    ----------
    step : int
        Number of the update, from 1.
    check : macrame.verify.compare.Check
    """

    def __init__(self, step: int, check: Comparison) -> None:
        self.step, self.check = step, check
        super().__init__(f"step {step}: {check.name}")


class Epoch(TypedDict):
    """Losses and accuracies on both splits after a number of steps, of fp32 and bf16."""

    steps: int
    fp32: dict[str, float]
    bf16: dict[str, float]


@dataclass
class Outcome:
    """The results of a training run.

    Attributes
    ----------
    epochs : list of Epoch
        After each epoch, and after the last step.
    compared : int
        Number of RTL results compared with the golden model.
    sha256, golden_sha256 : str
        Of all weights and biases.
    """

    steps: int = 0
    epochs: list[Epoch] = field(default_factory=list)
    compared: int = 0
    sha256: str = ""
    golden_sha256: str = ""
    calls: dict[str, int] = field(default_factory=dict)
    cycles: dict[str, int] = field(default_factory=dict)
    macs: int = 0
    seconds: float = 0.0
    simulation_seconds: float = 0.0


def sha256(network: NetworkBf16) -> str:
    """SHA-256 of a network's parameters, weights first, as little-endian float32.

    Parameters
    ----------
    network : macrame.golden.nn.bf16.NetworkBf16

    Returns
    -------
    str
    """
    return hashlib.sha256(b"".join(p.astype("<f4").tobytes() for p in network.parameters())).hexdigest()


def read(environ: Mapping[str, str]) -> Job:
    """The job described by variables and problem 8's data file.

    Parameters
    ----------
    environ : mapping of str to str

    Returns
    -------
    Job

    Raises
    ------
    macrame.errors.InputError
        For the first variable that is wrong.
    """

    def integer(name: str, low: int, high: int) -> int | None:
        text = environ.get(name, "").strip()
        return parse.integer(name, text, low, high) if text else None

    if environ.get("EPOCHS", "").strip() and environ.get("STEPS", "").strip():
        raise data.HomeworkError(
            f"EPOCHS={environ['EPOCHS'].strip()} STEPS={environ['STEPS'].strip()}: "
            "expected one of them, not both"
        )
    given = environ.get("HOMEWORK", "").strip()
    homework = Path(given) if given else None
    if homework is not None:
        names = sorted(path.name for path in data.SHIPPED.glob("*.toml"))
        data.check_directory(homework, names, required=NUMBERS)
    path = data.find(NUMBERS, homework)
    problem = p8_training.read(data.File(path, p8_training.KEYS))
    seed, epochs = integer("SEED", 0, 2**32 - 1), integer("EPOCHS", 1, 1000)
    training = problem.training
    return Job(
        training.hidden,
        training.test_fraction,
        training.split_seed,
        training.batch_size,
        problem.learning_rate,
        training.seed if seed is None else seed,
        training.epochs if epochs is None else epochs,
        integer("STEPS", 1, 10**6),
        page=page_of(environ, outputs=[OUT]),
    )


def train(
    job: Job, display: Display, rtl_root: Path | None = None, trace: Recording | None = None
) -> Outcome:
    """Train on the RTL, in the golden model and in fp32, one step of each at a time.

    Parameters
    ----------
    job : Job
    display : macrame.report.report.Display
        Shows the progress.
    rtl_root : pathlib.Path, optional
        Another copy of rtl/.
    trace : macrame.sim.recording.Recording, optional
        Record a trace of the core; its spans are the products.

    Returns
    -------
    Outcome

    Raises
    ------
    Mismatch
        At the first result that differs from the golden model.
    """
    began, outcome = time.monotonic(), Outcome()
    (x, labels), held_out = digits.load(job.test_fraction, job.split_seed)
    start = Network.random(
        [digits.PIXELS, job.hidden, digits.CLASSES], np.random.default_rng(job.seed), uniform=True
    )
    with ExitStack() as stack:
        with display.progress(
            f"starting the simulated {job.hardware} ({simulate.simulator()}; the first start compiles them)"
        ):
            backend, links = hardware(job.hardware, name="train", rtl_root=rtl_root, trace=trace)
        for link in links:
            stack.enter_context(link)

        def compare(
            what: str,
            got: NDArray[np.unsignedinteger],
            expected: NDArray[np.unsignedinteger],
            seconds: float = 0.0,
        ) -> None:
            check = compared(what, got, expected)
            outcome.compared += check.values
            outcome.simulation_seconds += seconds
            if check.mismatches:
                raise Mismatch(outcome.steps + 1, check)

        core = next(iter(links), None)
        compared_network = NetworkBf16.of(start, Compared(backend, compare, core), Golden())
        golden_network = NetworkBf16.of(start)
        trained, golden = _bf16(compared_network, job), _bf16(golden_network, job)
        narrow = digits.fp32(start)
        single = _Run(narrow, SGD(narrow.parameters(), job.learning_rate), np.float32)
        runs = trained, golden, single
        rng = np.random.default_rng(job.seed)
        per_epoch = -(-len(x) // job.batch_size)
        total = job.steps or job.epochs * per_epoch
        with display.progress(f"training on the RTL, {counted(total, 'step')}", total) as tick:
            while outcome.steps < total:
                for batch in minibatches(len(x), job.batch_size, "smaller", rng):
                    for run in runs:
                        run.step(x[batch], labels[batch])
                    for name, got, expected in zip(
                        _names(start), trained.network.parameters(), golden.network.parameters()
                    ):
                        compare(f"{name} after the step", bits(got), bits(expected))
                    outcome.steps += 1
                    tick(outcome.steps)
                    if outcome.steps == total:
                        break
                outcome.epochs.append(
                    {
                        "steps": outcome.steps,
                        "fp32": single.quality((x, labels), held_out),
                        "bf16": trained.quality((x, labels), held_out),
                    }
                )
    outcome.sha256, outcome.golden_sha256 = sha256(compared_network), sha256(golden_network)
    outcome.calls, outcome.cycles, outcome.macs = backend.calls, backend.cycles, backend.macs
    outcome.seconds = time.monotonic() - began
    return outcome


def _names(network: Network) -> list[str]:
    layers = range(1, len(network.weights) + 1)
    return [f"weights of layer {i}" for i in layers] + [f"biases of layer {i}" for i in layers]


AnyNetwork: TypeAlias = Network | NetworkBf16


class _Run:
    """A network and its optimizer."""

    def __init__(
        self, network: AnyNetwork, optimizer: SGD | SGDBf16, dtype: type[np.floating] = np.float64
    ) -> None:
        self.network, self.optimizer, self.dtype = network, optimizer, dtype

    def step(self, x: NDArray[np.floating], labels: NDArray[np.integer]) -> None:
        self.optimizer.step(self.network.gradients(x.astype(self.dtype), labels))

    def quality(self, train: Split, test: Split) -> dict[str, float]:
        """Loss and accuracy; a bf16 network's by the golden model, since training does not depend on them."""
        return {
            f"{name}_{what}": value
            for name, (x, labels) in (("train", train), ("test", test))
            for what, value in (
                ("loss", float(self.network.loss(x.astype(self.dtype), labels))),
                ("accuracy", digits.accuracy(self.network.predict(x.astype(self.dtype)), labels)),
            )
        }


def _bf16(network: NetworkBf16, job: Job) -> _Run:
    """A network in bf16, its optimizer on the same backend."""
    return _Run(network, SGDBf16(network.parameters(), job.learning_rate, backend=network.backend))


def blocks(
    job: Job, display: Display, rtl_root: Path | None = None, trace: Recording | None = None
) -> Blocks[None]:
    """Train, and write the JSON report.

    Parameters
    ----------
    job : Job
    display : macrame.report.report.Display
        Shows the progress.
    rtl_root : pathlib.Path, optional
        Another copy of rtl/.
    trace : macrame.sim.recording.Recording, optional
        Record a trace of the core.

    Yields
    ------
    macrame.report.blocks.Block
        The results; a check that failed if they differ from the golden model.
    """
    yield Heading(
        phrase(
            "Training {}-{}-{} in bf16 on the RTL: mini-batches of {}, rate {:g}, seed {}",
            digits.PIXELS,
            job.hidden,
            digits.CLASSES,
            job.batch_size,
            job.learning_rate,
            job.seed,
        )
    )
    common = {"simulator": simulate.simulator(), "job": job.settled()}
    replay = simulate.replay_command(job.seed)
    yield Metadata({"macrame": __version__, **common, "versions": simulate.versions(), "command": replay})
    try:
        outcome = train(job, display, rtl_root, trace)
    except Mismatch as wrong:
        yield text("Step {}: the RTL differs from the golden model.", wrong.step, kind="error")
        yield block(wrong.check)
        yield Command("replay", replay)
        atomic.write(
            job.out, to_json({**common, "equal": False, "step": wrong.step, "mismatch": wrong.check})
        )
        return
    equal = outcome.sha256 == outcome.golden_sha256
    atomic.write(job.out, to_json({**common, "equal": equal, **asdict(outcome)}))
    yield table(
        ("steps", "loss, fp32", "bf16 (RTL)", ("test set, fp32", ".2%"), ("bf16 (RTL)", ".2%")),
        [
            (
                epoch["steps"],
                *(digits.short(epoch[name]["train_loss"]) for name in ("fp32", "bf16")),
                *(epoch[name]["test_accuracy"] for name in ("fp32", "bf16")),
            )
            for epoch in digits.some(outcome.epochs)
        ],
    )
    calls, cycles = outcome.calls, outcome.cycles
    yield Text(
        counted(outcome.steps, "step")
        + phrase(
            ": {:,} products with {:,} multiply-accumulates in {:,} cycles of the core, {:,} vector "
            "operations in {:,} cycles of the vector unit.",
            calls["products"],
            outcome.macs,
            cycles["products"],
            calls["vectors"],
            cycles["vectors"],
        )
    )
    yield text(
        "{:.1f} s in total, {:.1f} s of it in the simulators ({}). Losses and test set are the golden "
        "model's forward pass with the RTL's weights.",
        outcome.seconds,
        outcome.simulation_seconds,
        simulate.simulator(),
    )
    yield text("SHA-256 of the final weights, RTL:    {}", outcome.sha256)
    yield text("SHA-256 of the final weights, golden: {}", outcome.golden_sha256)
    if not equal:
        yield text("The weights differ.", kind="error")
        return
    said = phrase("All {:,} RTL results match the golden model bit for bit, in every step.", outcome.compared)
    yield Check("every step", outcome.compared, 0, said)
    yield text("report: {}", environment.shown(job.out))


def run(job: Job, report: LiveReport, rtl_root: Path | None = None) -> int:
    """Train, show the results, and write the reports.

    Parameters
    ----------
    job : Job
    report : macrame.report.report.LiveReport
    rtl_root : pathlib.Path, optional
        Another copy of rtl/.

    Returns
    -------
    int
        Exit code.
    """
    job.out.unlink(missing_ok=True)  # of an earlier run; an interrupted run must not leave it
    with tempfile.TemporaryDirectory(prefix="macrame-") as folder:
        trace = Recording(Path(folder) / "trace") if run_page.shows_run(report.page) else None
        report.write_all(blocks(job, report, rtl_root, trace))
        if trace is not None and trace.path.exists():
            report.write(recorded(trace.path))
    report.save()
    return int(report.failed)


def main(environ: Mapping[str, str]) -> int:
    """Train with the settings of the variables.

    Parameters
    ----------
    environ : mapping of str to str
        EPOCHS, STEPS, HOMEWORK, SEED and PAGE.

    Returns
    -------
    int
        0 if everything matches the golden model, else 1.

    Raises
    ------
    macrame.homework.data.HomeworkError
        Some input is invalid.
    macrame.sim.simulate.SetupError
        This machine cannot simulate.
    macrame.errors.CoreError, macrame.errors.LinkError, macrame.sim.simulate.Failed
        The simulation failed.
    """
    job = read(environ)
    os.environ["SIM"] = os.environ.get("SIM", "").strip() or PREFERRED
    simulate.check_tools(simulate.simulator())
    components = {run_page.NAME: run_page.assets()}
    with threadpool_limits(1):  # threads make products of such small matrices slower
        return run(job, LiveReport(Terminal(), "Training on the RTL", job.page, components))
