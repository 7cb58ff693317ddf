# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""make train: training on the RTL gives the golden model's weights, and one wrong bit is detected."""

import hashlib
import io
import json
from dataclasses import replace

import numpy as np
import pytest
from rich.console import Console

from macrame.contract import CoreConfig
from macrame.errors import InputError
from macrame.golden.nn.bf16 import NetworkBf16, SGDBf16
from macrame.golden.nn.network import Network
from macrame.golden.nn.train import fit
from macrame.homework import digits, train
from macrame.homework.data import SHIPPED, HomeworkError
from macrame.report.report import LiveReport
from macrame.report.terminal import Terminal
from macrame.verify.session import Bf16Config
from tests.test_faults import mutated_rtl
from tests.verbs import call

#: A network and a mini-batch so small that Icarus does some steps in seconds.
SMALL = train.Job(
    hidden=5,
    test_fraction=0.3,
    split_seed=0,
    batch_size=9,
    learning_rate=0.05,
    seed=1,
    epochs=1,
    steps=3,
    hardware=Bf16Config(CoreConfig(2, 4, formats="DUAL"), 8),
)


@pytest.fixture
def run(tmp_path):
    """Run a job: exit code, what was printed in one line, the report."""

    def run(job, rtl_root=None):
        said = io.StringIO()
        job = replace(job, out=tmp_path / "train.json")
        code = train.run(job, LiveReport(Terminal(Console(file=said, width=110)), "train"), rtl_root)
        return code, " ".join(said.getvalue().split()), json.loads(job.out.read_text())

    return run


def by_golden(job):
    """SHA-256 of the weights after the same steps by the loop of `macrame.golden.nn.train`."""
    (x, labels), _ = digits.load(job.test_fraction, job.split_seed)
    start = Network.random([64, job.hidden, 10], np.random.default_rng(job.seed), uniform=True)
    network = NetworkBf16.of(start)

    class Enough(Exception):
        pass

    class Some(SGDBf16):
        done = 0

        def step(self, gradients):
            super().step(gradients)
            self.done += 1
            if self.done == job.steps:
                raise Enough

    with pytest.raises(Enough):
        list(
            fit(
                network,
                x,
                labels,
                epochs=1,
                batch_size=job.batch_size,
                rng=np.random.default_rng(job.seed),
                optimizer=Some(network.parameters(), job.learning_rate),
            )
        )
    return hashlib.sha256(b"".join(p.tobytes() for p in network.parameters())).hexdigest()


def test_steps_on_the_rtl_equal_golden(run):
    code, said, report = run(SMALL)
    assert code == 0, said
    assert report["equal"]
    assert report["sha256"] == report["golden_sha256"] == by_golden(SMALL)
    assert report["sha256"] in said
    assert report["steps"] == 3
    # forward, dW and db of two layers, dx of one; then x, two weights and dz to bf16, two operations for the
    # loss, a mask, four updates
    assert report["calls"] == {"products": 3 * 7, "vectors": 3 * (1 + 2 + 1 + 2 + 1 + 4)}
    assert report["cycles"]["products"] > 3 * 4 * 64 * 2
    assert report["macs"] == 3 * 9 * (3 * 5 * 10 + 2 * 64 * 5 + 5 + 10)
    weights = 64 * 5 + 5 * 10 + 5 + 10
    assert report["compared"] > 3 * 3 * weights
    (end,) = report["epochs"]
    assert end["bf16"]["train_loss"] == pytest.approx(end["fp32"]["train_loss"], rel=0.01)
    assert end["bf16"]["train_loss"] != end["fp32"]["train_loss"]


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("fault", "where"),
    [
        (
            dict(
                name="train-product-bit",
                file="array/pe_dual.v",
                find="next_sum = sum_bf16 ? float_sum : int8_sum",
                replace="next_sum = sum_bf16 ? float_sum ^ last : int8_sum",
            ),
            "product",
        ),
        (
            dict(
                name="train-vector-bit",
                file="vector/vector_lanes.v",
                find="assign out_data   = out_narrow ? {{(16*LANES){1'b0}}, low} : result;",
                replace="assign out_data   = (out_narrow ? {{(16*LANES){1'b0}}, low} : result) ^ out_last;",
            ),
            "numbers",
        ),
    ],
    ids=["core", "vector unit"],
)
def test_one_wrong_bit_of_the_rtl_is_caught(run, fault, where):
    code, said, report = run(replace(SMALL, steps=1), mutated_rtl(fault))
    assert code == 1
    assert "Step 1: the RTL differs from the golden model. MISMATCH in" in said
    assert where in report["mismatch"]["name"]
    wrong = report["mismatch"]["mismatches"][0]
    assert wrong["expected"] ^ wrong["got"] == 1
    assert "replay " in said
    assert not report["equal"]


def test_golden_going_another_way_is_caught(run, monkeypatch):
    """Weights may differ though every operation is right: the golden training is independent of the RTL's."""
    right = train._Run.step

    def step(self, x, labels):
        right(self, x, labels)
        if isinstance(self.network, NetworkBf16) and isinstance(self.network.backend, train.Golden):
            self.network.biases[1][3] += 1

    monkeypatch.setattr(train._Run, "step", step)
    code, said, report = run(replace(SMALL, steps=1))
    assert code == 1
    assert "MISMATCH in biases of layer 2 after the step: 1 of 10 numbers differ" in said
    assert report["step"] == 1


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("EPOCHS", "0", "1 to 1000"),
        ("EPOCHS", "1.5", "1 to 1000"),
        ("STEPS", "-1", "1 to 1000000"),
        ("STEPS", "0", "1 to 1000000"),
        ("SEED", "x", "0 to 4294967295"),
    ],
)
def test_bad_variables_are_refused(name, value, expected):
    with pytest.raises(InputError, match=f"^{name}={value}: expected an integer from {expected}$"):
        train.read({name: value})


def test_what_is_refused_is_one_line(capsys, monkeypatch):
    assert call("train", {"EPOCHS": "many", "SIM": "icarus"}) == 2
    assert capsys.readouterr().err == "train: EPOCHS=many: expected an integer from 1 to 1000\n"
    assert call("train", {"SIM": "spice"}) == 2
    assert capsys.readouterr().err.startswith("train: SIM=spice: expected one of ")


def test_network_and_settings_are_those_of_problem_8(tmp_path):
    job = train.read({"STEPS": "", "EPOCHS": ""})
    assert (job.hidden, job.batch_size, job.epochs, job.steps, job.seed) == (32, 32, 15, None, 1)
    own = (SHIPPED / "p8_training.toml").read_text().replace("hidden = 32", "hidden = 6")
    (tmp_path / "p8_training.toml").write_text(own)
    assert train.read({"HOMEWORK": str(tmp_path)}).hidden == 6
    with pytest.raises(HomeworkError, match="HOMEWORK=nowhere: no such directory"):
        train.read({"HOMEWORK": "nowhere"})
    (tmp_path / "p8_training.toml").rename(tmp_path / "p4_int8.toml")
    (tmp_path / "empty").mkdir()
    for folder in (tmp_path, tmp_path / "empty"):
        with pytest.raises(HomeworkError, match=r"^HOMEWORK=.*: contains no p8_training\.toml, which train"):
            train.read({"HOMEWORK": str(folder)})
    job = train.read({"EPOCHS": " 3 ", "SEED": "0"})
    assert (job.epochs, job.steps, job.seed) == (3, None, 0)
    assert train.read({"STEPS": "7"}).steps == 7


def test_epochs_and_steps_together_are_refused(capsys, monkeypatch):
    assert call("train", {"EPOCHS": "1", "STEPS": "1"}) == 2
    assert capsys.readouterr().err == "train: EPOCHS=1 STEPS=1: expected one of them, not both\n"


def test_an_interrupted_run_leaves_no_report_of_the_last(tmp_path, monkeypatch):
    out = tmp_path / "train.json"
    out.write_text('{"equal": true}')

    def interrupted(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(train, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        train.run(replace(SMALL, out=out), LiveReport(Terminal(Console(file=io.StringIO())), "train"))
    assert not out.exists()


def test_more_steps_than_an_epoch_has(run, monkeypatch):
    """STEPS sets the number, regardless of problem 8's epochs; with golden instead of the hardware."""

    class Quick(train.Golden):
        calls = cycles = {"products": 0, "vectors": 0}
        macs = 0

    monkeypatch.setattr(train, "hardware", lambda *arguments, **keywords: (Quick(), []))
    code, said, report = run(replace(SMALL, batch_size=1000, steps=3))
    assert code == 0, said
    assert report["steps"] == 3
    assert [epoch["steps"] for epoch in report["epochs"]] == [2, 3]


@pytest.mark.nightly
def test_problem_8_s_training_under_verilator(run, monkeypatch):
    """make train: 600 steps on an 8x8 core give the weights of problem 8 from golden."""
    monkeypatch.setenv("SIM", "verilator")
    code, said, report = run(train.read({}))
    assert code == 0, said
    assert report["steps"] == 600
    assert report["sha256"] == "86846230ebeca7322e76ec87c3c0aafcbc8f3d195541dc8aa26bed9e827b57cd"
    end = report["epochs"][-1]
    assert abs(end["bf16"]["test_accuracy"] - end["fp32"]["test_accuracy"]) < 0.01
