# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Train the digits network of problem 8 in bf16 on the RTL, every step compared with golden's."""

import hashlib
import os
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

from macrame.files import atomic, parse
from macrame.golden.nn.batches import minibatches
from macrame.golden.nn.bf16 import Golden, NetworkBf16, SGDBf16
from macrame.golden.nn.network import Network
from macrame.golden.nn.optimizers import SGD
from macrame.homework import data, digits, p8_training, report
from macrame.homework.rtl import Compared, bits, compared, differences, hardware
from macrame.homework.show import Show
from macrame.sim import simulate

PREFERRED = "verilator"
OUT = simulate.BUILD / "train" / "train.json"


@dataclass(frozen=True)
class Job:
    """One training, and the hardware it runs on.

    Attributes
    ----------
    hidden : int
        Units of the hidden layer.
    test_fraction : float
    split_seed : int
        Of `macrame.homework.digits.load`.
    batch_size : int
    learning_rate : float
    seed : int
        Of start and shuffling.
    epochs : int
    steps : int or None
        Updates, where not whole epochs.
    rows, cols : int
        Of the core. A tile has 4 * rows rows: with 8, a whole mini-batch of 32.
    lanes : int
        Of the vector unit.
    out : pathlib.Path
        The report.
    """

    hidden: int
    test_fraction: float
    split_seed: int
    batch_size: int
    learning_rate: float
    seed: int
    epochs: int
    steps: int | None = None
    rows: int = 8
    cols: int = 8
    lanes: int = 32
    out: Path = OUT


class Mismatch(Exception):
    """The RTL gave something else than golden.

    Parameters
    ----------
    step : int
        Update in which it did, 1 the first.
    check : macrame.homework.rtl.Check
    """

    def __init__(self, step, check):
        self.step, self.check = step, check
        super().__init__(f"step {step}: {check.name}")


@dataclass
class Outcome:
    """What a training came to, number by number.

    Attributes
    ----------
    epochs : list of dict
        After each epoch (and after the last step): losses and accuracies on both splits, of fp32 and bf16.
    compared : int
        Numbers of the RTL that were compared with golden's.
    sha256, golden_sha256 : str
        Of all weights and biases.
    """

    steps: int = 0
    epochs: list = field(default_factory=list)
    compared: int = 0
    sha256: str = None
    golden_sha256: str = None
    calls: dict = None
    cycles: dict = None
    macs: int = 0
    seconds: float = 0.0
    simulation_seconds: float = 0.0


def sha256(network):
    """SHA-256 of a network's parameters, weights first, as little-endian float32.

    Parameters
    ----------
    network : macrame.golden.nn.bf16.NetworkBf16

    Returns
    -------
    str
    """
    return hashlib.sha256(b"".join(p.astype("<f4").tobytes() for p in network.parameters())).hexdigest()


def read(environ):
    """The job that variables and problem 8's data file ask for.

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

    def integer(name, low, high, default):
        text = environ.get(name, "").strip()
        return parse.integer(name, text, low, high) if text else default

    if environ.get("EPOCHS", "").strip() and environ.get("STEPS", "").strip():
        raise data.HomeworkError(
            f"EPOCHS={environ['EPOCHS'].strip()} STEPS={environ['STEPS'].strip()}: "
            "expected one of them, not both"
        )
    homework = environ.get("HOMEWORK", "").strip()
    homework = Path(homework) if homework else None
    if homework is not None:
        data.check_directory(homework, sorted(path.name for path in data.SHIPPED.glob("*.toml")))
    path = data.find("p8_training.toml", homework)
    problem = p8_training.read(data.File(path, p8_training.KEYS))
    return Job(
        problem.hidden,
        problem.test_fraction,
        problem.split_seed,
        problem.batch_size,
        problem.learning_rate,
        integer("SEED", 0, 2**32 - 1, problem.seed),
        integer("EPOCHS", 1, 1000, problem.epochs),
        integer("STEPS", 1, 10**6, None),
    )


def train(job, show, rtl_root=None):
    """Train on the RTL, in golden and in fp32, step by step side by side.

    Parameters
    ----------
    job : Job
    show : macrame.homework.show.Show
        Where progress goes.
    rtl_root : path, optional
        Another copy of rtl/.

    Returns
    -------
    Outcome

    Raises
    ------
    Mismatch
        At the first number that differs from golden's.
    """
    began, outcome = time.monotonic(), Outcome()
    (x, labels), held_out = digits.load(job.test_fraction, job.split_seed)
    start = Network.random(
        [digits.PIXELS, job.hidden, digits.CLASSES], np.random.default_rng(job.seed), uniform=True
    )
    core = {"rows": job.rows, "cols": job.cols, "formats": "DUAL"}
    with ExitStack() as stack:
        with show.progress(
            f"starting a simulated {job.rows}x{job.cols} dual core and a vector unit of "
            f"{job.lanes} lanes ({simulate.simulator()}; a first start compiles them)"
        ):
            backend, links = hardware(core, job.lanes, name="train", rtl_root=rtl_root)
        for link in links:
            stack.enter_context(link)

        def compare(what, got, expected, seconds=0.0):
            check = compared(what, got, expected)
            outcome.compared += check.values
            outcome.simulation_seconds += seconds
            if check.mismatches:
                raise Mismatch(outcome.steps + 1, check)

        trained = _Run(NetworkBf16.of(start, Compared(backend, compare), Golden()), SGDBf16, job)
        golden = _Run(NetworkBf16.of(start), SGDBf16, job)
        single = Network(*([p.astype(np.float32) for p in group] for group in (start.weights, start.biases)))
        single = _Run(single, SGD, job, np.float32)
        runs = trained, golden, single
        rng = np.random.default_rng(job.seed)
        per_epoch = -(-len(x) // job.batch_size)
        total = job.steps or job.epochs * per_epoch
        with show.progress(f"training on the RTL, {total} steps", total) as tick:
            while outcome.steps < total:
                for batch in minibatches(len(x), job.batch_size, "smaller", rng):
                    for run in runs:
                        run.step(x[batch], labels[batch])
                    for name, got, expected in zip(_names(start), trained.parameters(), golden.parameters()):
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
    outcome.sha256, outcome.golden_sha256 = sha256(trained.network), sha256(golden.network)
    outcome.calls, outcome.cycles, outcome.macs = backend.calls, backend.cycles, backend.macs
    outcome.seconds = time.monotonic() - began
    return outcome


def _names(network):
    layers = range(1, len(network.weights) + 1)
    return [f"weights of layer {i}" for i in layers] + [f"biases of layer {i}" for i in layers]


class _Run:
    """A network and its optimizer."""

    def __init__(self, network, optimizer, job, dtype=np.float64):
        self.network, self.dtype = network, dtype
        more = {"backend": network.backend} if optimizer is SGDBf16 else {}
        self.optimizer = optimizer(network.parameters(), job.learning_rate, **more)

    def parameters(self):
        return self.network.parameters()

    def step(self, x, labels):
        self.optimizer.step(self.network.gradients(x.astype(self.dtype), labels))

    def quality(self, train, test):
        """Loss and accuracy; of a bf16 network by golden, as nothing is learnt from them."""
        return {
            f"{name}_{what}": value
            for name, (x, labels) in (("train", train), ("test", test))
            for what, value in (
                ("loss", float(self.network.loss(x.astype(self.dtype), labels))),
                ("accuracy", digits.accuracy(self.network.predict(x.astype(self.dtype)), labels)),
            )
        }


def run(job, show=None, rtl_root=None):
    """Train, say how it went, and write the report.

    Parameters
    ----------
    job : Job
    show : macrame.homework.show.Show, optional
    rtl_root : path, optional
        Another copy of rtl/.

    Returns
    -------
    int
        Exit code.
    """
    show = show or Show()
    job.out.unlink(missing_ok=True)  # of a run before, which an interrupted one must not leave
    show.part(
        f"Training {digits.PIXELS}-{job.hidden}-{digits.CLASSES} in bf16 on the RTL: mini-batches of "
        f"{job.batch_size}, rate {job.learning_rate:g}, seed {job.seed}"
    )
    settled = {name: value for name, value in asdict(job).items() if name != "out"}
    common = {"simulator": simulate.simulator(), "job": settled}
    try:
        outcome = train(job, show, rtl_root)
    except Mismatch as wrong:
        for line in (f"Step {wrong.step}: the RTL differs from golden.", *differences(wrong.check)):
            show.bad(line)
        show.text(f"replay: {simulate.replay_command(job.seed)}")
        atomic.write(
            job.out,
            report.to_json({**common, "equal": False, "step": wrong.step, "mismatch": wrong.check}).encode(),
        )
        return 1
    equal = outcome.sha256 == outcome.golden_sha256
    atomic.write(job.out, report.to_json({**common, "equal": equal, **asdict(outcome)}).encode())
    show.table(
        ("steps", "loss, fp32", "bf16 (RTL)", "test set, fp32", "bf16 (RTL)"),
        [
            (
                epoch["steps"],
                *(digits.short(epoch[name]["train_loss"]) for name in ("fp32", "bf16")),
                *(f"{epoch[name]['test_accuracy']:.2%}" for name in ("fp32", "bf16")),
            )
            for epoch in digits.some(outcome.epochs)
        ],
    )
    calls, cycles = outcome.calls, outcome.cycles
    show.text(
        f"{outcome.steps:,} steps: {calls['products']:,} products with {outcome.macs:,} "
        f"multiply-accumulates in {cycles['products']:,} cycles of the core, {calls['vectors']:,} "
        f"vector operations in {cycles['vectors']:,} cycles of the vector unit."
    )
    show.text(
        f"{outcome.seconds:.1f} s in all, {outcome.simulation_seconds:.1f} s of it in the "
        f"simulators ({simulate.simulator()}). Losses and test set are golden's forward pass with "
        "the RTL's weights."
    )
    show.text(f"SHA-256 of the final weights, RTL:    {outcome.sha256}")
    show.text(f"SHA-256 of the final weights, golden: {outcome.golden_sha256}")
    if not equal:
        show.bad("The weights differ.")
        return 1
    show.good(f"All {outcome.compared:,} numbers that the RTL gave equal golden to the bit, in every step.")
    show.text(f"report: {os.path.relpath(job.out)}")
    return 0


def main(environ):
    """Train as the variables say.

    Parameters
    ----------
    environ : mapping of str to str
        EPOCHS, STEPS, HOMEWORK and SEED.

    Returns
    -------
    int
        0 if all equals golden, else 1.

    Raises
    ------
    macrame.homework.data.HomeworkError
        Something that was given cannot be used.
    macrame.sim.simulate.SetupError
        This machine cannot simulate.
    macrame.errors.CoreError, macrame.errors.LinkError, macrame.sim.simulate.Failed
        The simulation failed.
    """
    job = read(environ)
    os.environ["SIM"] = os.environ.get("SIM", "").strip() or PREFERRED
    simulate.check_tools(simulate.simulator())
    with threadpool_limits(1):  # matrices this small only lose by threads
        return run(job)
