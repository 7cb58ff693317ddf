# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The problem sheet: known answers off the RTL, a student's own data, bad data, and what a mismatch does."""

import json
import math
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from macrame.environment import limit, limited
from macrame.golden.nn.batches import minibatches
from macrame.golden.nn.bf16 import Golden
from macrame.golden.nn.network import Network
from macrame.golden.nn.train import Diverged
from macrame.homework import (
    data,
    digits,
    p2_backprop,
    p4_int8,
    p7_bfloat16,
    p8_inference,
    p8_training,
    report,
    sheet,
)
from macrame.homework.data import SHIPPED
from macrame.homework.plots import Panel, activations_figure, curves_figure
from macrame.homework.rtl import Rtl
from macrame.homework.show import Matrix, Show, formatter
from macrame.sim import simulate
from tests.terminal import open_terminal
from tests.verbs import call

ROOT = Path(__file__).resolve().parents[1]
VARIABLES = ("PROBLEM", "HOMEWORK", "OUT", "ROWS", "COLS", "DEPTH", "SEED", "WAVES")


@pytest.fixture
def solve(tmp_path, capsys, monkeypatch):
    """Solve problems in this process: solve(PROBLEM="4", ...) gives exit code, reports, stdout and stderr."""
    for name in VARIABLES:
        monkeypatch.delenv(name, raising=False)

    def run(**variables):
        values = {"OUT": str(tmp_path / "out"), **{k: str(v) for k, v in variables.items()}}
        code = call("homework", values, name="macrame")
        said = capsys.readouterr()
        reports = {p.name: json.loads(p.read_text()) for p in (tmp_path / "out").glob("*.json")}
        return code, reports, said.out, said.err

    return run


def command(tmp_path, **variables):
    """Command and environment of a process of its own."""
    env = {k: v for k, v in os.environ.items() if k not in VARIABLES}
    return [sys.executable, "-m", "macrame.cli.make", "run", "sim"], {
        **env,
        "OUT": str(tmp_path / "out"),
        **variables,
    }


@pytest.fixture(scope="session")
def whole(tmp_path_factory, worker_id):
    """The whole sheet solved once, in a process of its own: the finished process and where its files are."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared if worker_id == "master" else shared.parent  # one for all of pytest-xdist's workers
    with FileLock(shared / "homework.lock"):
        if not (shared / "homework.json").exists():
            argv, env = command(shared / "homework")
            done = subprocess.run(argv, env=env, cwd=ROOT, capture_output=True, text=True, **limited(300))
            (shared / "homework.json").write_text(json.dumps([done.returncode, done.stdout, done.stderr]))
    code, out, err = json.loads((shared / "homework.json").read_text())
    return Whole(code, out, err, shared / "homework" / "out")


@dataclass
class Whole:
    """One run of the whole sheet."""

    code: int
    out: str
    err: str
    folder: Path

    def report(self, number):
        """The JSON report of one problem."""
        return json.loads((self.folder / f"p{number}.json").read_text())


def own(tmp_path, name, text, **changes):
    """A student's directory with one file, the shipped one with some lines replaced, or any text."""
    folder = tmp_path / "mine"
    folder.mkdir(exist_ok=True)
    if text is None:
        text = (SHIPPED / name).read_text()
        for key, value in changes.items():
            text = replaced(text, key, value)
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return folder


def replaced(text, key, value):
    """TOML text with the value of one key exchanged (None: without the key), however many lines it has."""
    out, depth = [], 0
    for line in text.splitlines():
        if depth or line.startswith(f"{key} ="):
            code = line.split("#")[0]
            if not depth and value is not None:
                out.append(f"{key} = {value}")
            depth += code.count("[") - code.count("]")
        else:
            out.append(line)
    return "\n".join(out) + "\n"


# --- answers ------------------------------------------------------------------------------------------------


def test_problem_1(whole):
    answer = whole.report(1)["answer"]
    # the stand-in by plain arithmetic, as on paper
    w1 = [[0.5, -0.2, 0.3, 0.8], [-0.6, 0.9, 0.1, -0.4], [0.7, 0.4, -0.5, 0.6]]
    w2 = [[-0.3, 0.8, 0.2], [0.9, -0.4, 0.7], [-0.5, 0.6, -0.2]]
    x, b1, b2 = [0.9, 0.2, 0.4, 0.7], [0.1, -0.1, 0.05], [0.05, 0.1, -0.15]
    a1 = [max(0, sum(w * v for w, v in zip(row, x)) + b) for row, b in zip(w1, b1)]
    z2 = [sum(w * v for w, v in zip(row, a1)) + b for row, b in zip(w2, b2)]
    loss = -math.log(math.exp(z2[1]) / sum(map(math.exp, z2)))
    assert answer["label"] == "dog"
    assert answer["float"]["a1"] == pytest.approx([1.19, 0, 0.98])
    assert answer["float"]["z2"] == pytest.approx(z2)
    assert answer["float"]["loss"] == pytest.approx(loss)
    assert answer["float"]["loss"] == pytest.approx(0.182878, abs=5e-7)
    # int8: ReLU closes the second unit on the RTL, and the loss is near
    tensors = answer["int8"]["tensors"]
    assert tensors["a1"]["accumulators"] == [47627, -27940, 39243]
    assert tensors["a1"]["int8"] == [127, -128, 82]
    assert tensors["a1"]["int8"][1] == tensors["a1"]["zero_point"]
    assert abs(answer["int8"]["loss"] - loss) < 0.01
    chain = answer["relu_against_sigmoid"]["chain"]
    assert chain["relu"]["product"][-1] == 1
    assert 0 < chain["sigmoid"]["product"][9] < 0.25**10
    assert "Stand-in: network and picture are ours" in whole.out
    assert whole.report(1)["mismatches"] == 0
    assert len(whole.report(1)["checks"]) == 7

    # bf16: near float, a1 a bfloat16, off the RTL
    bf16 = answer["bf16"]
    assert bf16["a1"] == [1.1875, 0, 0.98046875]
    assert bf16["bits"]["a1"] == [0x3F98, 0, 0x3F7B]
    assert 0 < abs(bf16["loss"] - loss) < 0.002
    assert bf16["source"] == "RTL"


PLOTS = ("p1_activations", "p5_overfitting", "p6_pruning", "p8_training", "p8_bits", "p9_losses")


@pytest.mark.parametrize("name", PLOTS)
def test_plots(whole, name):
    assert (whole.folder / f"{name}.png").read_bytes().startswith(b"\x89PNG")
    assert b"<svg" in (whole.folder / f"{name}.svg").read_bytes()
    assert f"{name}.svg" in whole.out


def test_there_are_no_other_plots(whole):
    assert sorted(p.stem for p in whole.folder.glob("*.svg")) == sorted(PLOTS)


def test_plots_are_the_same_bytes_each_time(whole):
    assert activations_figure()["svg"] == (whole.folder / "p1_activations.svg").read_bytes()
    panel = Panel("t", "x", "y", [("a", [1, 2, 3], [1, np.nan, 2]), ("b", [1, 2, 3], [3, 2, 1])])
    assert curves_figure([panel]) == curves_figure([panel])


def test_curves_are_told_apart_without_colours():
    """Seven curves, more than anyone should draw: style and marker differ from each to each, all are grey."""
    from matplotlib.figure import Figure

    drawn, kept = [], Figure.savefig

    def savefig(self, *arguments, **keywords):
        drawn.append(self)
        return kept(self, *arguments, **keywords)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", savefig)
        curves_figure([Panel("t", "x", "y", [(str(i), range(30), np.arange(30) + i) for i in range(7)])])
    lines = drawn[0].axes[0].lines
    assert len({(line.get_linestyle(), line.get_marker()) for line in lines}) == 7
    assert len({line.get_linewidth() for line in lines}) == 1
    assert all(line.get_color() == "black" or 0 <= float(line.get_color()) < 0.6 for line in lines)
    assert [text.get_text() for text in drawn[0].axes[0].get_legend().get_texts()] == list("0123456")


def test_a_curve_that_another_one_covers_is_a_band_under_it():
    from matplotlib.figure import Figure

    drawn, kept = [], Figure.savefig
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Figure, "savefig", lambda self, *a, **k: drawn.append(self) or kept(self, *a, **k))
        curves_figure(
            [
                Panel(
                    "t",
                    "x",
                    "y",
                    [("fp32", range(9), range(9)), ("bf16", range(9), range(9))],
                    under=("fp32",),
                )
            ]
        )
    band, line = drawn[0].axes[0].lines
    assert band.get_zorder() < line.get_zorder()
    assert band.get_linewidth() > 2.5 * line.get_linewidth()
    assert band.get_markersize() > 2 * line.get_markersize()
    assert float(band.get_color()) > 0.6 > float(line.get_color())


def test_problem_2(whole):
    """w8 as the sheet has it: exactly, and in bf16 to what eight significant bits of the gradient allow."""
    answer = whole.report(2)["answer"]
    assert answer["answer"]["exact"] == "0.549942596875"
    assert answer["scalings"] == {
        "half_sum": "0.549942596875",
        "sum": "0.54988519375",
        "mean": "0.549942596875",
    }
    golden = answer["answer"]["golden_bf16"]
    assert golden == float(np.float32(golden))
    gradient = (0.55 - 0.549942596875) / 0.01
    assert 0 < abs(golden - 0.549942596875) < 0.01 * gradient * 2**-6
    assert answer["bf16_rtl"] == answer["bf16_golden"]
    assert answer["answer"]["RTL_bf16"] == golden
    checks = {check["name"]: check["values"] for check in whole.report(2)["checks"] if not check["again"]}
    assert set(checks) == {"bf16 operations, each as it was done"}
    assert sum(checks.values()) == whole.report(2)["rtl_numbers"] == 48
    assert len(whole.report(2)["checks"]) == 1 + 15  # each step again, against golden's own
    assert "on the RTL." in whole.out
    # the textbook's intermediate results
    assert answer["exact"]["z1"] == [0.3775, 0.3925]
    assert answer["exact"]["y"] == [0.927625, 1.004625]
    assert answer["exact"]["E"] == [0.421124765625]
    assert "Answer: w8 = 0.549942596875 in exact arithmetic" in whole.out
    # bf16 by hand: a1 is the bfloat16 nearest to 0.3925 (0.39257812), dz2 that of the error
    bf16 = answer["bf16_golden"]
    assert bf16["a1"]["bits"] == [0x3EC1, 0x3EC9]
    assert bf16["dE/dz2"]["bits"][0] == 0x3F6B
    for name in ("a1", "y", "dE/dW1", "dE/dW2", "W1 new", "b2 new"):
        value = np.array(bf16[name]["bits"], np.uint32 if name != "a1" else np.uint16)
        real = value.view(np.float32) if name != "a1" else (value.astype(np.uint32) << 16).view(np.float32)
        np.testing.assert_allclose(real, answer["exact"][name], rtol=0.02)
        assert bf16[name]["value"] == answer["bf16_rtl"][name]["value"] == real.tolist()
    assert bf16["a1"]["value"] == [0.376953125, 0.392578125]


@pytest.mark.parametrize(
    ("number", "decimal", "rounded"),
    [
        ("0.549942596875", "0.549942596875", "0.5499425969"),
        ("1/3", "0.33333333333333333...", "0.3333333333"),
        ("-2/3", "-0.66666666666666666...", "-0.6666666667"),
        ("0", "0", "0.0000000000"),
        ("70", "70", "70.0000000000"),
        ("1e25", "1e+25", "1.000000000e+25"),
        ("12.5e-40", "1.25e-39", "1.250000000e-39"),
        ("100000000000000000001/3", "33333333333333333333.6...", "3.333333333e+19"),
        ("1e30/7", "1.4285714285714285...e+29", "1.428571429e+29"),
        ("1e-9/7", "1.4285714285714285...e-10", "1.428571429e-10"),
        ("0.1234567890123456789012345678901234567", "0.12345678901234567...", "0.1234567890"),
        ("2e-6/3", "6.6666666666666666...e-7", "6.666666667e-7"),
        ("1.00000000000000000000000000000001", "1.0000000000000000...", "1.0000000000"),
    ],
)
def test_digits_that_are_shown_are_digits_that_are_there(number, decimal, rounded):
    """Exact to the last digit, or cut off with dots: none of them is float64's."""
    top, _, bottom = number.partition("/")
    value = Fraction(top) / Fraction(bottom or 1)
    assert p2_backprop._decimal(value) == decimal
    assert p2_backprop._rounded(value) == rounded
    assert abs(Fraction(decimal.replace("...", "")) - value) <= abs(value) * Fraction(1, 10**16)


def test_numbers_of_problem_2_stay_narrow(solve, tmp_path):
    """A large and a small target: no column of a hundred digits."""
    folder = own(tmp_path, "p2_backprop.toml", None, target="[1e15, 1e-15]", learning_rate="1e-3")
    code, _, out, _ = solve(PROBLEM=2, HOMEWORK=folder)
    assert code == 0
    assert not re.search(r"\d{31}", out)
    worked = out.split("\nSummary")[0]  # behind it are paths, as long as this machine's happen to be
    assert max(map(len, worked.splitlines())) <= 150


def test_what_ran_is_named(whole, solve):
    """Problem 2 runs on a dual core of its own, whatever ROWS and COLS are."""
    bf16 = "1x4 dual core and a vector unit of 4 lanes"
    assert whole.report(1)["hardware"] == ["8x8x1 core", bf16]
    assert whole.report(2)["hardware"] == [bf16]
    assert whole.report(3)["hardware"] == []
    assert whole.report(7)["hardware"] == ["module fp32_to_bf16", "module bf16_to_fp32"]
    assert re.search(rf"\n  {bf16} +1, 2\n", whole.out)
    code, reports, out, _ = solve(PROBLEM=2, ROWS=3, COLS=5)
    assert code == 0
    assert "3x5x1" not in out
    assert "ROWS, COLS and DEPTH shape the int8 core only." in out
    assert "All 48 RTL results equal golden to the bit." in out


def test_problem_5(whole):
    answer = whole.report(5)["answer"]
    plain, runs = answer["runs"]["plain"], answer["runs"]
    assert answer["samples"]["train"] == 200
    assert answer["parameters"] == 65 * 256 + 257 * 10
    assert plain["training"][-1] < 0.05  # learnt by heart, wrong labels included
    assert plain["training_accuracy"] == 1
    assert plain["end_validation"] > 1.1 * min(plain["validation"])
    assert runs["dropout"]["end_validation"] < plain["end_validation"]
    assert runs["L2"]["end_training"] > 5 * plain["end_training"]
    assert runs["L2"]["largest_weight"] < plain["largest_weight"]
    stopped = runs["early stopping"]
    assert len(stopped["validation"]) < 80
    assert stopped["end_validation"] == pytest.approx(min(stopped["validation"]))
    folds = answer["cross_validation"]
    assert [len(s["loss"]) for s in folds["settings"]] == [5] * 4
    assert folds["best"] == min(folds["settings"], key=lambda s: np.mean(s["loss"]))["l2"]


def test_problem_6(whole):
    """Accuracy falls with sparsity, retraining brings it back; the RTL's own cycles fall with the slices."""
    answer = whole.report(6)["answer"]
    points = {p["sparsity"]: p for p in answer["points"]}
    for way in ("magnitude", "blocks"):
        assert points[0.9][way]["pruned"] < points[0.0][way]["pruned"] - 0.1
        assert points[0.9][way]["retrained"] > points[0.9][way]["pruned"] + 0.1
        assert points[0.5][way]["bytes"] < 0.65 * points[0.5][way]["bytes_dense"]
        assert points[0.9][way]["zeros"] == pytest.approx(0.9, abs=0.02)
    assert points[0.8]["magnitude"]["retrained"] > points[0.8]["blocks"]["retrained"]
    rtl = answer["rtl"]
    assert rtl[0]["cycles"] == rtl[0]["cycles_dense"]
    assert rtl[0]["slices"] == 4 * 64 + 2 * 32
    assert all(a["cycles"] > b["cycles"] for a, b in zip(rtl, rtl[1:]))
    assert rtl[2]["slices"] <= 0.5 * rtl[0]["slices"] + 1
    assert rtl[2]["cycles"] < 0.7 * rtl[0]["cycles"]
    assert rtl[-1]["cycles"] >= 6 * 6 * 32  # 6 panels of 6 tiles, 64 results, 2 a cycle
    assert answer["dropout"]["zeros"] == 0
    assert whole.report(6)["mismatches"] == 0
    assert len(whole.report(6)["checks"]) == 2 + 6 * 4
    # switching: of single weights as many cycles; of slices fewer toggles, and fewer a useful MAC
    assert "Switching activity of the array, counted in the simulation" in whole.out
    assert "registers toggle" in whole.out
    dense = rtl[0]["activity"]["blocks"]
    assert dense == rtl[0]["activity"]["magnitude"]
    assert dense["macs"] % 48 == 0
    for way in ("magnitude", "blocks"):
        toggles = [r["activity"][way]["toggles"] for r in rtl]
        assert toggles == sorted(toggles, reverse=True)
        for r in rtl:
            activity = r["activity"][way]
            assert activity["toggles"] == sum(activity["registers"].values())
            assert activity["toggles_a_mac"] == activity["toggles"] / activity["macs"]
            assert 0 < activity["macs"] <= 48 * 2368 * (1.01 - r["sparsity"])
    for r in rtl:
        assert r["activity"]["magnitude"]["cycles"] == r["cycles_dense"]
        assert r["activity"]["blocks"]["cycles"] == r["cycles"]
    for r in rtl[1:]:
        single, slices = r["activity"]["magnitude"], r["activity"]["blocks"]
        assert slices["toggles"] < single["toggles"]
        assert dense["toggles_a_mac"] < slices["toggles_a_mac"] < single["toggles_a_mac"]


def test_problem_8_training(whole):
    answer = whole.report(8)["answer"]
    costs = answer["training_against_inference"]
    assert costs["inference"]["macs_forward"] == 64 * 32 + 32 * 10
    assert costs["training"]["macs_backward"] == 64 * 32 + 2 * 32 * 10
    runs = answer["three_formats"]
    assert runs["bf16"]["loss"] == pytest.approx(runs["fp32"]["loss"], rel=0.01)
    assert runs["bf16"]["loss"] != runs["fp32"]["loss"]
    assert runs["int8"]["loss"][-1] > 1.5 * runs["fp32"]["loss"][-1]
    assert runs["int8"]["lost_updates"] > 0.9
    assert runs["int8, stochastic"]["loss"][-1] < 1.2 * runs["fp32"]["loss"][-1]
    few = {(p["bits"], p["activation_bits"]): p for p in answer["few_bits"]["points"]}
    assert few[8, 8]["after_training"] == pytest.approx(answer["few_bits"]["float"], abs=0.01)
    assert few[3, 3]["after_training"] < few[4, 4]["after_training"] < few[8, 8]["after_training"]
    for point in few.values():  # against as much further training that knows of no grid
        assert point["plain"] == np.mean(point["plain_runs"])
        assert point["aware"] == np.mean(point["aware_runs"])
        assert point["gained"] == pytest.approx(point["aware"] - point["plain"])
        assert len(point["plain_runs"]) == len(point["aware_runs"]) == 5
    assert few[3, 3]["gained"] > 0.01
    assert abs(few[8, 8]["gained"]) < 0.01
    assert abs(few[4, 8]["gained"]) < 0.01
    assert few[8, 8]["plain"] == pytest.approx(np.mean(answer["few_bits"]["float_further"]), abs=0.005)
    assert "Gained is what awareness adds to further training." in " ".join(whole.out.split())


def test_the_verdict_on_few_bits_follows_the_numbers():
    def point(bits, gained, spread):
        runs = 0.9 + spread * np.array([-1.0, 0, 1])
        return {
            "bits": bits,
            "what": "weights",
            "gained": gained,
            "plain_runs": runs,
            "aware_runs": runs + gained,
        }

    points = [point(8, 0.004, 0.01), point(4, -0.02, 0.001), point(3, 0.02, 0.001), point(2, 0.001, 0.0)]
    said = p8_training._verdict(points, 540, 3)
    assert said.startswith("With 8 bits of weights, 4 bits of weights, 2 bits of weights there is nothing to")
    assert "With 3 bits of weights it helps" in said
    assert p8_training._verdict(points[2:3], 540, 1).startswith("With 3 bits of weights it helps")


def test_bf16_training_on_digits_hashes_the_same_everywhere(whole):
    """The weights of problem 8's bf16 run: no BLAS, no exp but golden's own, no machine's logarithm."""
    digest = whole.report(8)["answer"]["three_formats"]["bf16"]["sha256"]
    assert digest == "86846230ebeca7322e76ec87c3c0aafcbc8f3d195541dc8aa26bed9e827b57cd"
    assert digest in whole.out


def test_problem_9(whole):
    answer = whole.report(9)["answer"]
    last = {name: run["loss"][-1] for name, run in answer["runs"].items()}
    assert last["SGD, rate 0.001"] > 0.8 * answer["runs"]["SGD, rate 0.001"]["loss"][0]  # crawls
    assert last["SGD, rate 3"] > math.log(10)  # too large
    assert last["Adam, rate 0.01"] < last["momentum 0.9, rate 0.03"] < last["SGD, rate 0.1"]
    first = answer["first_steps"][0]
    assert first["m"] == pytest.approx(0.1)
    assert first["v"] == pytest.approx(0.001)
    assert first["m_corrected"] == pytest.approx(1)
    assert first["step"] == pytest.approx(-0.1, rel=1e-6)
    assert first["step_uncorrected"] == pytest.approx(-0.1 * 0.1 / math.sqrt(0.001), rel=1e-5)
    assert len(answer["first_steps"]) == 5
    m = v = 0.0
    w = 1.0
    for t, row in enumerate(answer["first_steps"], 1):  # as on paper
        m, v = 0.9 * m + 0.1 * w, 0.999 * v + 0.001 * w * w
        assert (row["w"], row["m"], row["v"]) == pytest.approx((w, m, v))
        w -= 0.1 * (m / (1 - 0.9**t)) / (math.sqrt(v / (1 - 0.999**t)) + 1e-8)
    assert answer["parabola"][3]["w"][:4] == [1, -1.5, 2.25, -3.375]


def test_problem_3(whole):
    assert whole.report(3)["answer"]["answer"] == 256_000
    assert "Answer: 256,000 training samples." in whole.out
    assert sum(1 for _ in minibatches(256_000, 512)) * 20 == 10_000


def test_problem_4(whole):
    answer = whole.report(4)["answer"]
    assert answer["scale"] == float(np.float32(2.9) / np.float32(127))
    assert answer["integers"] == [[127, 26, -59], [66, 64, -33], [31, 15, 109]]
    assert answer["product"]["int32"] == [[20286, 11993, -2104], [11993, 9541, -591], [-2104, -591, 13067]]
    assert answer["max_error"] == pytest.approx(2.5 - 109 * 2.9 / 127, abs=1e-6)
    assert answer["choices"]["per_row"]["integers"] == [[127, 26, -59], [127, 124, -64], [36, 18, 127]]
    assert answer["choices"]["asymmetric"]["zero_point"] == -47
    assert "⎡ 127 26 -59 ⎤" in whole.out


@pytest.mark.parametrize("shape", ["1x1x1", "3x5x2", "4x4x4"])
def test_problem_4_on_other_shapes(solve, shape):
    rows, cols, depth = shape.split("x")
    code, reports, out, _ = solve(PROBLEM=4, ROWS=rows, COLS=cols, DEPTH=depth)
    assert code == 0
    assert reports["p4.json"]["answer"]["product"]["int32"][2] == [-2104, -591, 13067]
    assert f"{shape} core" in out


def test_problem_7(whole):
    answer = whole.report(7)["answer"]
    formats = answer["formats"]
    assert [formats[f]["bytes"] for f in ("fp32", "bf16", "fp16")] == [4, 2, 2]
    assert formats["fp16"]["largest"] == 65504
    assert formats["fp32"]["largest"] == float(np.finfo(np.float32).max)
    assert formats["bf16"]["epsilon"] == 2**-7
    assert formats["fp16"]["smallest_subnormal"] == 2**-24
    table = answer["conversions"]
    rows = dict(zip(table["fp32_bits"], zip(*table["bf16_bits"].values())))
    even, zero, never_less, _, never = range(5)
    assert rows[0x3F808000][even] == 0x3F80  # a tie, to the even one below
    assert rows[0x3F818000][even] == 0x3F82  # and above
    assert rows[0x3F808001][even] == 0x3F81
    assert rows[0x7F7FFFFF][even] == 0x7F80
    assert rows[0x7F7FFFFF][zero] == 0x7F7F
    assert rows[0x00000001][never_less] == 1  # r = 0: away from zero unless exact
    assert rows[0x7F7FFFFF][never] == 0x7F7F  # r = FFFF: never
    assert set(rows[0x7F800001]) == {0x7FC0}
    assert set(rows[0xFFC12345]) == {0xFFC0}
    for line in answer["stochastic"]:
        assert line["rounded_away"] == line["lower_half"]
        assert line["mean_over_all"] == line["value"]
    gates = answer["gates"]
    assert gates["version"].startswith("Yosys ")
    assert (gates["bf16"]["ecp5_luts"], gates["fp32"]["ecp5_luts"]) == (277, 3003)
    assert (gates["bf16"]["ecp5_dsps"], gates["fp32"]["ecp5_dsps"]) == (1, 4)
    assert re.search(r"ECP5, LUTs alone +277 +3,003 +10\.8\n", whole.out)
    assert answer["counting"]["even"]["mean"] == 256
    assert 900 < answer["counting"]["stochastic"]["mean"] < 1100
    assert "7F800001  7FC0" in whole.out


def test_problem_8(whole):
    """The whole held-out set on the RTL: labels those of the logits and of golden, accuracy near float's."""
    answer = whole.report(8)["answer"]
    assert answer["samples"] == {"train": 1257, "test": 540}
    assert [c["values"] for c in whole.report(8)["checks"]] == [540 * 32, 540 * 10, 540]
    assert whole.report(8)["mismatches"] == 0
    logits = np.array(answer["rtl_logits"])
    assert logits.shape == (540, 10)
    assert answer["rtl_labels"] == logits.argmax(axis=1).tolist()
    accuracy = answer["accuracy"]
    assert accuracy["test"] > 0.95
    assert accuracy["int8 RTL"] == np.mean(logits.argmax(axis=1) == answer["true_labels"])
    assert accuracy["int8 RTL"] == accuracy["int8 golden"]
    assert abs(accuracy["int8 RTL"] - accuracy["test"]) < 0.01
    for layer in answer["layers"]:
        assert layer["cycles"] == layer["cycle_model"]
    assert [layer["macs"] for layer in answer["layers"]] == [540 * 64 * 32, 540 * 32 * 10]


@pytest.mark.parametrize("mode", ["ruy", "fp32"])
def test_problem_8_in_other_modes_and_another_shape(solve, tmp_path, mode):
    folder = own(
        tmp_path,
        "p8_inference.toml",
        None,
        mode=f'"{mode}"',
        hidden="9",
        test_fraction="0.05",
        epochs="3",
        per_channel="false",
    )
    code, reports, _, _ = solve(PROBLEM=8, HOMEWORK=folder, ROWS=4, COLS=4, DEPTH=4)
    assert code == 0
    assert reports["p8.json"]["answer"]["mode"] == mode
    assert len(reports["p8.json"]["answer"]["rtl_labels"]) == 90
    assert len(set(np.ravel(reports["p8.json"]["answer"]["layers"][0]["weight_scale"]))) == 1


def test_the_whole_sheet(whole):
    """One exit code, a report a problem, what is elsewhere named, and plain text where no terminal is."""
    assert (whole.code, whole.err) == (0, "")
    assert sorted(p.name for p in whole.folder.glob("*.json")) == [f"p{n}.json" for n in range(1, 10)]
    assert "Problem 8's training on the RTL takes minutes and has a command of its own, make train" in (
        " ".join(whole.out.split())
    )
    assert "\x1b" not in whole.out
    assert all(line == line.rstrip() for line in whole.out.splitlines())
    assert whole.out.rstrip().endswith("RTL results equal golden to the bit.")


# --- a student's own numbers --------------------------------------------------------------------------------


def test_own_matrices_replace_the_shipped_ones(solve, tmp_path):
    folder = own(tmp_path, "p4_int8.toml", "matrix = [[1, -2], [0.5, 4]]\ntimes = [[1], [2]]\n")
    code, reports, _, _ = solve(PROBLEM="3,4", HOMEWORK=folder)
    assert code == 0
    assert reports["p4.json"]["answer"]["integers"] == [[32, -64], [16, 127]]
    assert reports["p4.json"]["answer"]["product"]["int32"] == [[32 * 64 - 64 * 127], [16 * 64 + 127 * 127]]
    assert reports["p3.json"]["answer"]["answer"] == 256_000  # not there, so the shipped one


@pytest.mark.parametrize(
    ("given", "answer"),
    [
        ("updates = 12\nepochs = 3\nsamples = 16", 4),
        ("updates = 12\nbatch_size = 4\nsamples = 15", 3),
        ("epochs = 3\nbatch_size = 4\nsamples = 15", 12),
    ],
)
def test_any_one_of_four_is_solved(solve, tmp_path, given, answer):
    folder = own(tmp_path, "p3_batches.toml", f'{given}\nleftover = "smaller"\n')
    code, reports, _, _ = solve(PROBLEM=3, HOMEWORK=folder)
    assert code == 0
    assert reports["p3.json"]["answer"]["answer"] == answer


def test_another_network_backwards(solve, tmp_path):
    """Three outputs, the plain sum, no ReLU at the end: against central differences."""
    folder = own(
        tmp_path,
        "p2_backprop.toml",
        """
        input = [1, -2, 0.5, 3]
        target = [1, 0, -1]
        hidden_weights = [[0.1, 0.2, -0.3, 0.4], [-0.5, 0.25, 0.125, -0.75]]
        hidden_bias = [0.1, -0.1]
        output_weights = [[1, 2], [-1, 0.5], [0, 3]]
        output_bias = [0, 0.5, -0.5]
        output_activation = "identity"
        error = "sum"
        learning_rate = 0.1
        asked = "w3"
    """,
    )
    code, reports, out, _ = solve(PROBLEM=2, HOMEWORK=folder)
    assert code == 0
    assert "Stand-in" not in out

    def error(w3):
        w1 = np.array([[0.1, 0.2, w3, 0.4], [-0.5, 0.25, 0.125, -0.75]])
        a1 = np.maximum(w1 @ [1, -2, 0.5, 3] + [0.1, -0.1], 0)
        return np.square(np.array([[1, 2], [-1, 0.5], [0, 3]]) @ a1 + [0, 0.5, -0.5] - [1, 0, -1]).sum()

    expected = -0.3 - 0.1 * (error(-0.3 + 1e-6) - error(-0.3 - 1e-6)) / 2e-6
    answer = reports["p2.json"]["answer"]["answer"]
    assert answer["exact_float"] == pytest.approx(expected, rel=1e-8)
    assert answer["golden_bf16"] == pytest.approx(expected, rel=0.02)
    assert expected != -0.3


def test_thirds_are_shown_as_far_as_they_go(solve, tmp_path):
    folder = own(
        tmp_path,
        "p2_backprop.toml",
        None,
        target="[0.01, 0.99, 0.5]",
        error='"mean"',
        output_weights="[[0.4, 0.45], [0.5, 0.55], [0.1, 0.2]]",
        output_bias="[0.6, 0.6, 0.6]",
    )
    code, reports, _, _ = solve(PROBLEM=2, HOMEWORK=folder)
    assert code == 0
    shown = reports["p2.json"]["answer"]["answer"]["exact"]
    expected = 0.55 - 0.01 * 2 / 3 * 0.014625 * 0.3925
    assert float(shown.removesuffix("...")) == pytest.approx(expected, rel=1e-15)


def test_rates_that_diverge_are_part_of_the_answer(solve, tmp_path):
    folder = own(
        tmp_path, "p9_optimizers.toml", None, hidden="8", epochs="3", rates="[0.1, 1e6]", adam_rates="[0.01]"
    )
    code, reports, out, _ = solve(PROBLEM=9, HOMEWORK=folder)
    assert code == 0
    run = reports["p9.json"]["answer"]["runs"]["SGD, rate 1e+06"]
    assert run["diverged"] or run["loss"][-1] > math.log(10)
    assert "lowest loss here: Adam" in out


def test_a_network_that_learnt_nothing_gets_a_remark(solve, tmp_path, whole):
    folder = own(
        tmp_path,
        "p6_pruning.toml",
        None,
        hidden="4",
        epochs="1",
        learning_rate="1e-9",
        sparsities="[0, 0.5]",
        pictures="4",
        retrain_epochs="1",
        retrain_rate="1e-9",
    )
    code, _, out, _ = solve(PROBLEM=6, HOMEWORK=folder)
    assert code == 0
    assert "This network has learnt next to nothing: guessing gets 10% right." in " ".join(out.split())
    assert "learnt next to nothing" not in whole.out


@pytest.mark.parametrize("shape", ["3x5x2", "8x16x1"])
def test_pruning_on_other_shapes(solve, tmp_path, shape):
    """Blocks are as wide as the array; what is skipped changes no result."""
    folder = own(
        tmp_path,
        "p6_pruning.toml",
        None,
        hidden="12",
        epochs="3",
        sparsities="[0, 0.6]",
        pictures="9",
        retrain_epochs="1",
        mode='"fp32"',
    )
    rows, cols, depth = shape.split("x")
    code, reports, _, _ = solve(PROBLEM=6, HOMEWORK=folder, ROWS=rows, COLS=cols, DEPTH=depth)
    assert code == 0
    answer = reports["p6.json"]["answer"]
    assert answer["block"] == [int(cols), 1]
    assert answer["rtl"][1]["slices"] < 0.6 * answer["rtl"][0]["slices"]
    assert answer["rtl"][1]["cycles"] <= answer["rtl"][0]["cycles"]


def test_a_larger_network_of_the_students_own(solve, tmp_path):
    rng = np.random.default_rng(8)

    def toml(*shape):
        return json.dumps(rng.standard_normal(shape).round(3).tolist())

    folder = own(
        tmp_path,
        "p1_forward.toml",
        "\n".join(
            [
                f"picture = {toml(4, 5)}",
                'classes = ["a", "b", "c", "d"]',
                'label = "c"',
                f"w1 = {toml(17, 20)}",
                f"b1 = {toml(17)}",
                f"w2 = {toml(4, 17)}",
                f"b2 = {toml(4)}",
                'mode = "ruy"',
                "layers = 30",
                "chain_weight = -2",
                "chain_input = 0",
            ]
        ),
    )
    code, reports, out, _ = solve(PROBLEM=1, HOMEWORK=folder)
    assert code == 0
    assert len(reports["p1.json"]["answer"]["int8"]["tensors"]["a1"]["int8"]) == 17
    assert "Stand-in" not in out  # these are the student's numbers


@pytest.mark.parametrize("activation", ["relu", "sigmoid"])
@pytest.mark.parametrize("sizes", [(6, 3), (6, 5, 4, 3), (6, 4, 4, 4, 4, 4, 4, 4, 3)], ids=str)
def test_problem_1_with_networks_of_any_depth(solve, tmp_path, activation, sizes):
    """Against plain arithmetic; every layer on the RTL, in int8 and in bf16."""
    rng = np.random.default_rng(len(sizes))
    weights = [rng.standard_normal((n, k)).round(3) for k, n in zip(sizes, sizes[1:])]
    biases = [rng.standard_normal(n).round(3) for n in sizes[1:]]
    picture = rng.random((2, 3)).round(3)
    layers = [
        f"{letter}{i} = {json.dumps(values.tolist())}"
        for letter, all_ in (("w", weights), ("b", biases))
        for i, values in enumerate(all_, 1)
    ]
    text = "\n".join(
        [
            f"picture = {json.dumps(picture.tolist())}",
            'classes = ["a", "b", "c"]',
            'label = "b"',
            f'activation = "{activation}"',
            'mode = "fp32"',
            "layers = 3",
            "chain_weight = 1",
            "chain_input = 1",
            *layers,
        ]
    )
    code, reports, out, _ = solve(PROBLEM=1, HOMEWORK=own(tmp_path, "p1_forward.toml", text))
    assert code == 0
    answer, depth = reports["p1.json"]["answer"], len(weights)
    h = picture.ravel()
    for i, (w, b) in enumerate(zip(weights, biases), 1):
        z = [sum(p * q for p, q in zip(row, h)) + c for row, c in zip(w, b)]
        assert answer["float"][f"z{i}"] == pytest.approx(z)
        if i < depth:
            h = [max(0, v) if activation == "relu" else 1 / (1 + math.exp(-v)) for v in z]
            assert answer["float"][f"a{i}"] == pytest.approx(h)
            tensor = answer["int8"]["tensors"][f"a{i}"]
            assert np.abs(np.subtract(tensor["real"], h)).max() < 0.1 * max(1, np.abs(h).max())
            assert np.abs(np.subtract(answer["bf16"][f"a{i}"], h)).max() < 0.05 * max(1, np.abs(h).max())
    loss = math.log(sum(map(math.exp, z))) - z[1]
    assert answer["float"]["loss"] == pytest.approx(loss)
    assert answer["int8"]["loss"] == pytest.approx(loss, abs=0.2)
    assert answer["bf16"]["loss"] == pytest.approx(loss, abs=0.1)
    assert len(reports["p1.json"]["checks"]) == 2 * depth + 1 + depth
    assert "table of 256 bytes beside the core" in out or activation == "relu" or depth == 1
    for values in (answer["int8"]["softmax"], answer["bf16"]["softmax"]):
        assert sum(values) == pytest.approx(1)


def deep_backprop(kinds, sizes, rng):
    """TOML of problem 2 for a network of any depth, and the network."""
    weights = [rng.standard_normal((n, k)).round(2) for k, n in zip(sizes, sizes[1:])]
    biases = [rng.standard_normal(n).round(2) for n in sizes[1:]]
    x, target = rng.standard_normal(sizes[0]).round(2), rng.random(sizes[-1]).round(2)
    hidden = []
    if len(weights) > 1:
        hidden = [
            f"hidden_weights = {json.dumps([w.tolist() for w in weights[:-1]])}",
            f"hidden_bias = {json.dumps([b.tolist() for b in biases[:-1]])}",
            f'hidden_activation = "{kinds[0]}"',
        ]
    lines = [
        f"input = {json.dumps(x.tolist())}",
        f"target = {json.dumps(target.tolist())}",
        *hidden,
        f"output_weights = {json.dumps(weights[-1].tolist())}",
        f"output_bias = {json.dumps(biases[-1].tolist())}",
        f'output_activation = "{kinds[-1]}"',
        'error = "mean"',
        "learning_rate = 0.25",
        'asked = "w2"',
    ]
    return "\n".join(lines), Network(weights, biases, kinds, "mse_mean"), x, target


@pytest.mark.parametrize(
    ("kinds", "sizes"),
    [
        (["sigmoid"], (3, 2)),
        (["identity"], (2, 3)),
        (["sigmoid", "identity"], (3, 4, 2)),
        (["relu", "relu", "sigmoid"], (3, 5, 4, 2)),
        (["sigmoid", "sigmoid", "sigmoid", "relu"], (2, 3, 3, 4, 3)),
    ],
    ids=str,
)
def test_problem_2_with_networks_of_any_depth(solve, tmp_path, kinds, sizes):
    """Every gradient against backpropagation in float64, whose own are held to differences and PyTorch."""
    text, network, x, target = deep_backprop(kinds, sizes, np.random.default_rng(sum(sizes)))
    code, reports, out, _ = solve(PROBLEM=2, HOMEWORK=own(tmp_path, "p2_backprop.toml", text))
    assert code == 0
    report, depth = reports["p2.json"], len(kinds)
    exact = report["answer"]["exact"]
    gradients = network.gradients(x[None], target[None])
    names = [f"{letter}{i}" for letter in "Wb" for i in range(1, depth + 1)]
    for name, parameter, gradient in zip(names, network.parameters(), gradients):
        np.testing.assert_allclose(exact[f"dE/d{name}"], gradient, rtol=1e-12, atol=1e-15)
        np.testing.assert_allclose(exact[f"{name} new"], parameter - 0.25 * gradient, rtol=1e-12)
        bf16 = report["answer"]["bf16_golden"][f"{name} new"]["value"]
        np.testing.assert_allclose(bf16, exact[f"{name} new"], atol=0.02)
    assert exact["E"] == pytest.approx([network.loss(x[None], target[None])], rel=1e-12)
    assert report["answer"]["bf16_rtl"] == report["answer"]["bf16_golden"]
    steps = depth + 2 + (depth - 1) + 3 * depth + 2 * depth  # activations, error, back, gradients, update
    assert len(report["checks"]) == 1 + steps
    assert ("in exact arithmetic" in out) == ("sigmoid" not in kinds)


def test_problem_2_of_the_textbook_with_sigmoids(solve, tmp_path):
    """The widely used 2-2-2 example, whose answers are in print: E = 0.298371109, w5 = 0.35891648, ..."""
    folder = own(
        tmp_path,
        "p2_backprop.toml",
        None,
        hidden_activation='"sigmoid"',
        output_activation='"sigmoid"',
        learning_rate="0.5",
        asked='"w5"',
    )
    code, reports, out, _ = solve(PROBLEM=2, HOMEWORK=folder)
    assert code == 0
    answer = reports["p2.json"]["answer"]
    assert answer["exact"]["E"] == pytest.approx([0.298371109], abs=5e-10)
    new = [*np.ravel(answer["exact"]["W1 new"]), *np.ravel(answer["exact"]["W2 new"])]
    printed = [
        0.149780716,
        0.19956143,
        0.24975114,
        0.29950229,
        0.35891648,
        0.408666186,
        0.511301270,
        0.561370121,
    ]
    assert new == pytest.approx(printed, abs=6e-9)
    assert answer["answer"]["exact"] == "0.35891647971788461..."
    assert answer["answer"]["RTL_bf16"] == pytest.approx(0.35891648, abs=2e-4)
    assert "Answer: w5 = 0.35891647971788461... in arithmetic of 60 digits" in " ".join(out.split())


def test_digits_of_a_sigmoid():
    """Sixty of them, also far out, where 1 - a would have none left; and 0 beyond any exponent."""
    far = [Fraction(v) for v in (0, 1, -1, 200, -200, 10**30, -(10**30))]
    values, slopes = p2_backprop._sigmoid(np.array(far, object))
    e = Fraction(
        "0.36787944117144232159552377016146086744581113103176783450783680169746149574489980335714727"
    )
    close = Fraction(1, 10**59)
    assert values[0] == Fraction(1, 2)
    assert slopes[0] == Fraction(1, 4)
    assert abs(values[1] * (1 + e) - 1) < close
    assert abs(values[2] * (1 + e) - e) < close
    assert abs(slopes[1] * (1 + e) ** 2 / e - 1) < close
    assert slopes[1] == slopes[2]
    assert slopes[3] == slopes[4]
    assert float(slopes[3]) == pytest.approx(math.exp(-200), rel=1e-14)
    assert [float(v) for v in values[5:]] == [1, 0]
    assert slopes[5] == slopes[6] == 0


def test_a_dead_network_still_has_a_loss(solve, tmp_path):
    zeros = {"picture": "[[0, 0], [0, 0]]", "b1": "[0, 0, 0]", "b2": "[0, 0, 0]"}
    code, reports, _, _ = solve(PROBLEM=1, HOMEWORK=own(tmp_path, "p1_forward.toml", None, **zeros))
    assert code == 0
    assert reports["p1.json"]["answer"]["float"]["loss"] == pytest.approx(math.log(3))
    assert reports["p1.json"]["answer"]["int8"]["loss"] == pytest.approx(math.log(3))


def test_a_bias_far_above_its_weights_fits(solve, tmp_path):
    """Weight scales are raised until the bias fits int32; it alone decides the answer then."""
    own_file = own(
        tmp_path, "p1_forward.toml", None, b1="[1e15, 0, 0]", w1="[" + "[1e-15, 0, 0, 0], " * 3 + "]"
    )
    code, reports, _, _ = solve(PROBLEM=1, HOMEWORK=own_file)
    assert code == 0
    answer = reports["p1.json"]["answer"]
    assert answer["float"]["loss"] == 0
    assert answer["int8"]["loss"] < 1e-9
    assert answer["int8"]["tensors"]["a1"]["int8"] == [127, -128, -128]


# --- bad data -----------------------------------------------------------------------------------------------

BAD_FILES = [
    # file, what is changed (or the whole text), what the line must name
    ("p1_forward.toml", {"w1": "[[1, 2, 3], [4, 5, 6]]"}, ["w1[0] = [1, 2, 3]", "4 numbers"]),
    ("p1_forward.toml", {"w1": "[]"}, ["w1 = []", "4 numbers"]),
    ("p1_forward.toml", {"w1": "7"}, ["w1 = 7", "matrix"]),
    ("p1_forward.toml", {"b1": "[1, 2]"}, ["b1 = [1, 2]", "3 numbers"]),
    ("p1_forward.toml", {"w2": "[[1, 2, 3]]"}, ["w2 = [[1, 2, 3]]", "3 rows"]),
    ("p1_forward.toml", {"b2": '[0, "x", 0]'}, ["b2[1] = 'x'", "a number"]),
    ("p1_forward.toml", {"b2": "[0, true, 0]"}, ["b2[1] = true", "a number"]),
    ("p1_forward.toml", {"picture": "[[0.1, 0.2], [0.3]]"}, ["picture[1] = [0.3]", "2 numbers"]),
    ("p1_forward.toml", {"picture": "[0.1, 0.2, 0.3, 0.4]"}, ["picture[0] = 0.1", "row"]),
    ("p1_forward.toml", {"label": '"cow"'}, ["label = 'cow'", '"dog"']),
    ("p1_forward.toml", {"classes": '["cat", "cat", "dog"]'}, ["classes", "different"]),
    ("p1_forward.toml", {"mode": '"raw"'}, ["mode = 'raw'", '"gemmlowp"']),
    ("p1_forward.toml", {"layers": "0"}, ["layers = 0", "1 to 1000"]),
    ("p1_forward.toml", {"layers": "2.5"}, ["layers = 2.5", "whole number"]),
    ("p1_forward.toml", {"chain_weight": "nan"}, ["chain_weight = nan", "number"]),
    (
        "p1_forward.toml",
        {"w1": "[[1e15, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]", "b1": "[-1e15, 1e-15, 1e-15]"},
        ["output 0 is to be scaled by", "less than 2^31"],
    ),
    ("p2_backprop.toml", {"input": "[]"}, ["input = []", "1 to 16 numbers"]),
    ("p2_backprop.toml", {"hidden_weights": "[[0.1, 0.2, 0.3]]"}, ["hidden_weights[0]", "2 numbers"]),
    ("p2_backprop.toml", {"hidden_bias": "[1]"}, ["hidden_bias = [1]", "2 numbers"]),
    ("p2_backprop.toml", {"target": "[1, 2, 3]"}, ["output_weights", "3 rows"]),
    ("p1_forward.toml", {"activation": '"tanh"'}, ["activation = 'tanh'", '"relu", "sigmoid"']),
    ("p1_forward.toml", {"b2": "[0, 0, 0]\nb3 = [1, 2, 3]"}, ["w3: missing", "3 rows of 3 numbers"]),
    ("p1_forward.toml", {"b2": "[0, 0, 0]\nw3 = [[1, 2, 3]]"}, ["w3 = [[1, 2, 3]]", "3 rows"]),
    ("p1_forward.toml", {"b2": "[0, 0, 0]\nw9 = [[1, 2, 3]]"}, ["w9 = [[1, 2, 3]]", "unknown key", "w8"]),
    ("p1_forward.toml", {"w2": None}, ["w2: missing", "3 rows of 3 numbers"]),
    ("p2_backprop.toml", {"output_activation": '"tanh"'}, ["output_activation = 'tanh'", '"sigmoid"']),
    (
        "p2_backprop.toml",
        {"hidden_activation": '"identity"'},
        ["hidden_activation = 'identity'", '"sigmoid"'],
    ),
    ("p2_backprop.toml", {"hidden_weights": None}, ["hidden_weights: missing", "rows of 2 numbers"]),
    ("p2_backprop.toml", {"hidden_bias": None}, ["hidden_bias: missing", "2 numbers"]),
    ("p2_backprop.toml", {"hidden_bias": "[[1]]"}, ["hidden_bias[0] = [1]", "2 numbers"]),
    ("p2_backprop.toml", {"hidden_bias": "[[1, 2], [3]]"}, ["hidden_bias = [[1, 2], [3]]", "2 numbers"]),
    (
        "p2_backprop.toml",
        {"hidden_weights": "[[[1, 2]], [[3, 4]]]"},
        ["hidden_weights[1][0] = [3, 4]", "a row of 1 numbers"],
    ),
    (
        "p2_backprop.toml",
        {"hidden_weights": "[[[1, 2]], [[3]]]", "hidden_bias": "[[1]]"},
        ["hidden_bias = [[1]]", "2 lists of numbers, of 1 and 1"],
    ),
    (
        "p2_backprop.toml",
        {"hidden_weights": "[[[1, 2], [3, 4]], [[3, nan]]]"},
        ["hidden_weights[1][0][1] = nan", "a number"],
    ),
    (
        "p2_backprop.toml",
        {"hidden_weights": "[[[1, 2], [3, 4]]" + ", [[3, 4], [5, 6]]" * 7 + "]"},
        ["hidden_weights = [[[", "at most 7 matrices"],
    ),
    ("p2_backprop.toml", {"error": '"rms"'}, ["error = 'rms'", '"half_sum"']),
    ("p2_backprop.toml", {"asked": '"w9"'}, ["asked = 'w9'", "w1 to w8"]),
    ("p2_backprop.toml", {"learning_rate": "0"}, ["learning_rate = 0", "above 0"]),
    ("p2_backprop.toml", {"learning_rate": "nan"}, ["learning_rate = nan", "number"]),
    ("p3_batches.toml", {"epochs": "0"}, ["epochs = 0", "1 to"]),
    ("p3_batches.toml", {"epochs": None}, ["2 of updates", "exactly three"]),
    ("p3_batches.toml", {"epochs": "20\nsamples = 5"}, ["4 of updates", "exactly three"]),
    ("p3_batches.toml", {"epochs": "7"}, ["updates = 10000", "multiple of epochs"]),
    ("p3_batches.toml", {"batch_size": "-512"}, ["batch_size = -512", "1 to"]),
    ("p3_batches.toml", {"batch_size": "1" + "0" * 400}, ["batch_size = 1000", "1 to"]),
    ("p3_batches.toml", {"leftover": '"keep"'}, ["leftover = 'keep'", '"drop"']),
    ("p4_int8.toml", {"matrix": "[[1.0, nan], [0, 1]]"}, ["matrix[0][1] = nan", "a number"]),
    ("p4_int8.toml", {"matrix": "[[1.0, inf], [0, 1]]"}, ["matrix[0][1] = inf", "a number"]),
    ("p4_int8.toml", {"matrix": '[[1.0, "two"], [0, 1]]'}, ["matrix[0][1] = 'two'", "a number"]),
    ("p4_int8.toml", {"matrix": "[[1e300]]"}, ["matrix[0][0] = 1e+300", "1e+15"]),
    ("p4_int8.toml", {"matrix": "[[0, 0], [0, 0]]"}, ["matrix", "not 0"]),
    ("p4_int8.toml", {"matrix": "[[]]"}, ["matrix[0] = []", "numbers"]),
    ("p4_int8.toml", {"matrix": None}, ["matrix: missing", "matrix of 1 to 64 rows"]),
    ("p4_int8.toml", {"times": '"squared"'}, ["times = 'squared'", '"transposed"']),
    ("p4_int8.toml", {"times": "[[1], [2]]"}, ["times = [[1], [2]]", "3 rows"]),
    ("p4_int8.toml", "matrx = [[1]]\n", ["matrx = [[1]]: unknown key", "matrix"]),
    ("p4_int8.toml", "matrix = [[1, 2\n", ["not TOML"]),
    ("p4_int8.toml", "matrix = [[1]]\nmatrix = [[2]]\n", ["not TOML"]),
    ("p4_int8.toml", "", ["matrix: missing"]),
    ("p4_int8.toml", b"\x93NUMPY\x01\x00", ["byte 0 is not UTF-8", "TOML"]),
    ("p4_int8.toml", "matrix = " + "[" * 3000, ["nested too deeply"]),
    ("p4_int8.toml", "matrix = [[" + "1" * 5000 + "]]\n", ["not TOML"]),
    ("p5_overfitting.toml", {"train_samples": "1797"}, ["train_samples = 1797", "10 to 1500"]),
    ("p5_overfitting.toml", {"dropout": "1"}, ["dropout = 1", "0 to 0.95"]),
    ("p5_overfitting.toml", {"wrong_labels": '"few"'}, ["wrong_labels = 'few'", "number"]),
    ("p5_overfitting.toml", {"strengths": "[0.1, -1]"}, ["strengths[1] = -1", "0 to 10"]),
    ("p5_overfitting.toml", {"folds": "1"}, ["folds = 1", "2 to 50"]),
    ("p5_overfitting.toml", {"patience": "0"}, ["patience = 0", "1 to"]),
    ("p6_pruning.toml", {"sparsities": "[0.5, 1.5]"}, ["sparsities[1] = 1.5", "0 to 0.99"]),
    ("p6_pruning.toml", {"sparsities": "[0.5, 0.2]"}, ["sparsities = [0.5, 0.2]", "rising"]),
    ("p6_pruning.toml", {"sparsities": "[]"}, ["sparsities = []", "1 to 12"]),
    ("p6_pruning.toml", {"pictures": "0"}, ["pictures = 0", "1 to 1797"]),
    ("p6_pruning.toml", {"mode": '"raw"'}, ["mode = 'raw'", '"ruy"']),
    ("p7_bfloat16.toml", {"bits": "[0x100000000]"}, ["bits[0] = 4294967296", "0 to 4294967295"]),
    ("p7_bfloat16.toml", {"bits": "[1.5]"}, ["bits[0] = 1.5", "whole number"]),
    ("p7_bfloat16.toml", {"values": '["1.0"]'}, ["values[0] = '1.0'", "a number"]),
    ("p7_bfloat16.toml", {"values": f"[1{'0' * 400}]"}, ["values[0] = 1000", "a number"]),
    ("p7_bfloat16.toml", {"random": "[65536]"}, ["random[0] = 65536", "65535"]),
    ("p7_bfloat16.toml", {"averaged": "[nan]"}, ["averaged[0] = nan", "a number"]),
    ("p8_inference.toml", {"hidden": "0"}, ["hidden = 0", "1 to 1024"]),
    ("p8_inference.toml", {"test_fraction": "1.0"}, ["test_fraction = 1.0", "0.05 to 0.9"]),
    ("p8_inference.toml", {"learning_rate": "0"}, ["learning_rate = 0", "above 0"]),
    ("p8_inference.toml", {"momentum": "1"}, ["momentum = 1", "0 to 0.999"]),
    ("p8_inference.toml", {"per_channel": "1"}, ["per_channel = 1", "true or false"]),
    ("p8_inference.toml", {"mode": '"int4"'}, ["mode = 'int4'", '"ruy"']),
    ("p8_training.toml", {"bits": "[8, 1]"}, ["bits[1] = 1", "2 to 8"]),
    ("p8_training.toml", {"bits": "[4, 4]"}, ["bits = [4, 4]", "different"]),
    ("p8_training.toml", {"headroom": "0.5"}, ["headroom = 0.5", "1 to 1000"]),
    ("p8_training.toml", "epochs = 3\n", ["bits: missing"]),
    ("p9_optimizers.toml", {"rates": "[0.1, 0]"}, ["rates[1] = 0", "above 0"]),
    ("p9_optimizers.toml", {"rates": "[0.1, 0.1]"}, ["rates = [0.1, 0.1]", "different"]),
    ("p9_optimizers.toml", {"beta2": "1"}, ["beta2 = 1", "0 to 0.999999"]),
    ("p9_optimizers.toml", {"adam_rates": "3"}, ["adam_rates = 3", "list"]),
]


def refused(result, tmp_path, *named):
    """One line on stderr that holds all of `named`, exit code 2, nothing on stdout, nothing written."""
    code, _, out, err = result
    assert code == 2
    assert out == ""
    assert len(err.splitlines()) == 1, err
    assert "Traceback" not in err
    for text in named:
        assert text in err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("name", sorted(path.name for path in SHIPPED.glob("*.toml")))
def test_files_as_windows_editors_save_them(tmp_path, name):
    """Notepad puts a byte order mark in front and ends lines with CR LF; neither changes a value."""
    shipped = SHIPPED / name
    (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + shipped.read_bytes().replace(b"\n", b"\r\n"))
    expected = tomllib.loads(shipped.read_text())
    assert repr(data.File(tmp_path / name, expected).table) == repr(expected)  # NaN is not equal to itself


@pytest.mark.parametrize(
    ("name", "change", "named"),
    BAD_FILES,
    ids=[f"{n.split('_')[0]}-{i}" for i, (n, _, _) in enumerate(BAD_FILES)],
)
def test_bad_files(solve, tmp_path, name, change, named):
    folder = own(tmp_path, name, None, **change) if isinstance(change, dict) else own(tmp_path, name, change)
    refused(solve(HOMEWORK=folder), tmp_path, str(folder / name), *named)


def test_bad_directories(solve, tmp_path):
    refused(solve(HOMEWORK=tmp_path / "none"), tmp_path, f"HOMEWORK={tmp_path / 'none'}", "no such directory")
    (tmp_path / "empty").mkdir()
    refused(solve(HOMEWORK=tmp_path / "empty"), tmp_path, "no .toml file", "p4_int8.toml")
    (tmp_path / "file").write_text("")
    refused(solve(HOMEWORK=tmp_path / "file"), tmp_path, "not a directory")
    misspelt = own(tmp_path, "p4_int.toml", "")
    refused(solve(HOMEWORK=misspelt), tmp_path, "p4_int.toml: not a file of", "p4_int8.toml")
    folder = tmp_path / "folder"
    (folder / "p4_int8.toml").mkdir(parents=True)
    refused(solve(HOMEWORK=folder), tmp_path, "p4_int8.toml: not a regular file")


@pytest.mark.parametrize(
    ("variable", "value", "named"),
    [
        ("PROBLEM", "0", "expected any of 1, 2, 3"),
        ("PROBLEM", "10", "expected any of 1, 2, 3"),
        ("PROBLEM", "four", "PROBLEM=4"),
        ("PROBLEM", "-4", "expected any of"),
        ("ROWS", "0", "1 to 32"),
        ("ROWS", "33", "1 to 32"),
        ("COLS", "8.0", "1 to 32"),
        ("COLS", "-1", "1 to 32"),
        ("DEPTH", "9", "1 to 8"),
        ("DEPTH", "x", "1 to 8"),
        ("SEED", "today", "an integer"),
        ("WAVES", "maybe", "0 or 1"),
    ],
)
def test_bad_variables(solve, tmp_path, variable, value, named):
    refused(solve(**{variable: value}), tmp_path, f"{variable}={value}", named)


def test_bad_simulator(solve, tmp_path, monkeypatch):
    monkeypatch.setenv("SIM", "modelsim")
    refused(solve(PROBLEM=4), tmp_path, "SIM=modelsim", "icarus")


def test_output_that_cannot_be_written(solve, tmp_path):
    (tmp_path / "file").write_text("")
    code, _, out, err = solve(PROBLEM=3, OUT=tmp_path / "file" / "deeper")
    assert (code, out) == (2, "")
    assert "not a directory" in err
    assert len(err.splitlines()) == 1


def test_a_folder_that_takes_no_files_is_refused_before_solving(solve, monkeypatch, tmp_path):
    """/proc says that root may write to it."""
    monkeypatch.setattr(sheet, "_solve", lambda *arguments: pytest.fail("solved all the same"))
    code, _, out, err = solve(PROBLEM=3, OUT="/proc/x")
    assert (code, out) == (2, "")
    assert re.fullmatch(r"macrame: OUT=/proc/x: cannot write in /proc: .+\n", err)
    monkeypatch.setattr(sheet, "_solve", lambda *arguments: 0)
    assert solve(PROBLEM=3, OUT=tmp_path / "new" / "deep")[0] == 0
    assert list(tmp_path.iterdir()) == []


def test_training_that_diverges_writes_nothing(solve, tmp_path, monkeypatch):
    def diverging(*arguments, **keywords):
        raise Diverged("the loss is nan after epoch 3")
        yield

    monkeypatch.setattr(p8_inference, "fit", diverging)
    folder = own(tmp_path, "p8_inference.toml", None, learning_rate="90.0")
    code, _, _, err = solve(PROBLEM="3,8", HOMEWORK=folder)
    assert code == 2
    assert len(err.splitlines()) == 1
    assert "learning_rate = 90.0" in err
    assert "the loss is nan after epoch 3" in err
    assert not (tmp_path / "out").exists()


def test_bad_input_to_the_command_itself(tmp_path):
    """As a user meets it: a process, its exit code, one line, no traceback."""
    folder = own(tmp_path, "p4_int8.toml", None, matrix="[[1, nan]]")
    argv, env = command(tmp_path, HOMEWORK=str(folder))
    done = subprocess.run(argv, env=env, cwd=ROOT, capture_output=True, text=True, **limited(60))
    refused((done.returncode, {}, done.stdout, done.stderr), tmp_path, "matrix[0][1] = nan")


# --- what must fail -----------------------------------------------------------------------------------------


def test_a_mismatch_is_printed_and_fails(solve, monkeypatch):
    def wrong(a, w):
        product = right(a, w)
        product[1, 2] += 1
        return product

    right = p4_int8.gemm
    monkeypatch.setattr(p4_int8, "gemm", wrong)
    code, reports, out, _ = solve(PROBLEM="3,4")
    assert code == 1
    assert "MISMATCH in Q Q^T: 1 of 9" in out
    assert "row 1, column 2: expected -590, got -591" in out
    assert "1 RTL results differ from golden" in out
    assert reports["p4.json"]["mismatches"] == 1
    assert [c["mismatches"] for c in reports["p4.json"]["checks"] if c["mismatches"]] == [
        [{"row": 1, "column": 2, "expected": -590, "got": -591}]
    ]


@pytest.mark.parametrize(
    ("module", "function", "problem"),
    [(p7_bfloat16, "fp32_to_bf16", 7), (p7_bfloat16, "bf16_to_fp32", 7), (p4_int8, "fp32_to_int8", 4)],
)
def test_every_arithmetic_result_is_compared(solve, monkeypatch, module, function, problem):
    right = getattr(module, function)

    def wrong(x, *arguments):
        out = right(x, *arguments)
        flat = out.reshape(-1).view(f"u{out.dtype.itemsize}")
        flat[-1] ^= 1
        return out

    monkeypatch.setattr(module, function, wrong)
    code, _, out, _ = solve(PROBLEM=problem)
    assert code == 1
    assert "MISMATCH" in out


def test_one_wrong_logit_of_the_test_set_is_found(solve, tmp_path, monkeypatch):
    right = p8_inference.quantize_network

    def wrong(*arguments):
        network = right(*arguments)
        network.layers[-1].bias[7] += 1 << 12
        tainted = right(*arguments)
        monkeypatch.setattr(type(network), "forward", lambda self, x: _forward(tainted, x))
        return network

    def _forward(network, x):
        first = network.layers[0].forward(x)
        return [first, network.layers[1].forward(first)]

    monkeypatch.setattr(p8_inference, "quantize_network", wrong)
    folder = own(tmp_path, "p8_inference.toml", None, hidden="8", test_fraction="0.05", epochs="2")
    code, _, out, _ = solve(PROBLEM=8, HOMEWORK=folder)
    assert code == 1
    assert "MISMATCH in layer 2" in out
    assert "column 7" in out


def test_numbers_of_a_bf16_backend_are_shown_and_compared(solve, monkeypatch):
    """The RTL's numbers get a column of their own, each compared with golden's."""
    monkeypatch.setattr(Rtl, "bf16", lambda self: Golden())
    code, reports, out, _ = solve(PROBLEM="1,2")
    assert code == 0
    assert "RTL = golden: W2 new, bf16: all 4 numbers equal to the bit" in out
    assert "RTL = golden: z2, bf16: all 3 numbers equal to the bit" in out
    assert len(reports["p2.json"]["checks"]) == 15
    assert reports["p2.json"]["answer"]["bf16_rtl"]["W2 new"]["bits"][1][1] == 0x3F0CC904
    assert reports["p1.json"]["answer"]["bf16"]["source"] == "RTL"


@pytest.mark.parametrize("method", ["matmul", "vector"])
def test_a_bf16_backend_that_errs_is_found(solve, monkeypatch, method):
    class Wrong(Golden):
        pass

    def wrong(self, *arguments, **keywords):
        out = getattr(Golden, method)(self, *arguments, **keywords)
        out.reshape(-1).view(f"u{out.dtype.itemsize}")[-1] ^= 1
        return out

    setattr(Wrong, method, wrong)
    monkeypatch.setattr(Rtl, "bf16", lambda self: Wrong())
    code, _, out, _ = solve(PROBLEM=2)
    assert code == 1
    assert "MISMATCH in W2 new, bf16" in out


def test_an_operation_in_bf16_that_errs_is_named(solve, monkeypatch):
    """Each operation is compared as it is done, so the one that errs is told from what follows from it."""
    from macrame.host.training import Hardware

    right = Hardware.to_bf16

    def wrong(self, x):
        out = right(self, x)
        out[0, -1] ^= x.shape == (2, 2)
        return out

    monkeypatch.setattr(Hardware, "to_bf16", wrong)
    code, reports, out, _ = solve(PROBLEM=2)
    assert code == 1
    assert "MISMATCH in 4 numbers to bf16: 1 of 4 numbers differ" in out
    assert "row 0, column 1: expected" in out
    on_the_spot, *steps = reports["p2.json"]["checks"]
    assert [m["row"] for m in on_the_spot["mismatches"]] == [0, 0]  # both layers' weights, nothing else
    assert any(check["mismatches"] for check in steps)


def test_a_skipped_slice_that_held_a_weight_is_found(solve, tmp_path, monkeypatch):
    """As if the host left out one slice too many: the core's sums are no longer golden's."""
    from macrame.host.core import Core

    right = Core.matmul

    def wrong(self, a, w, *arguments, **keywords):
        a = a.copy()
        a[:, -1] = keywords.get("a_zero_point", 0) if a.shape[1] < 64 else a[:, -1]
        return right(self, a, w, *arguments, **keywords)

    monkeypatch.setattr(Core, "matmul", wrong)
    folder = own(
        tmp_path,
        "p6_pruning.toml",
        None,
        hidden="8",
        epochs="3",
        sparsities="[0.0, 0.5]",
        pictures="16",
        retrain_epochs="1",
    )
    code, _, out, _ = solve(PROBLEM=6, HOMEWORK=folder)
    assert code == 1
    assert "MISMATCH in 50% taken out, layer 1" in out


@pytest.mark.parametrize(
    ("problem", "name", "key"),
    [
        (5, "p5_overfitting.toml", "learning_rate"),
        (6, "p6_pruning.toml", "retrain_rate"),
        (8, "p8_training.toml", "learning_rate"),
    ],
)
def test_training_that_diverges_is_one_line(solve, tmp_path, monkeypatch, problem, name, key):
    def diverging(network, *arguments, **keywords):
        if key != "retrain_rate" or "project" in keywords:
            raise Diverged("the loss is nan after epoch 3")
        yield from right(network, *arguments, **keywords)

    right = digits.fit
    monkeypatch.setattr(digits, "fit", diverging)
    small = {"hidden": "8", "epochs": "2"}
    folder = own(tmp_path, name, None, **{**small, key: "90.0"})
    if problem == 8:
        own(tmp_path, "p8_inference.toml", None, **small, test_fraction="0.05")
    code, _, _, err = solve(PROBLEM=problem, HOMEWORK=folder)
    assert code == 2
    assert err == (
        f"macrame: {folder / name}: {key} = 90.0: expected one that training survives, "
        "but the loss is nan after epoch 3\n"
    )
    assert not (tmp_path / "out").exists()


def test_many_mismatches_are_cut_short(capsys):
    rtl = Rtl(8, 8, 1, Show())
    check = rtl.compare("all of it", np.zeros((5, 6), np.int8), np.ones((5, 6), np.int8))
    out = capsys.readouterr().out
    assert len(check.mismatches) == 30
    assert out.count("expected 1, got 0") == 10
    assert "and 20 more" in out


def test_a_result_of_another_type_is_no_match():
    with pytest.raises(AssertionError, match="int32"):
        Rtl(8, 8, 1, Show()).compare("x", np.zeros(3, np.int8), np.zeros(3, np.int32))


def test_a_simulation_that_fails_gives_no_traceback(solve, monkeypatch):
    def failing(*arguments, **keywords):
        raise simulate.Failed("crash", "homework/core: the simulator ended with status 1", ROOT)

    monkeypatch.setattr(simulate, "prepare", failing)
    code, reports, _, err = solve(PROBLEM=4)
    assert code == 1
    assert reports == {}
    assert err == "macrame: homework/core: the simulator ended with status 1\n"


# --- what it looks like -------------------------------------------------------------------------------------


def test_a_terminal_gets_live_progress(tmp_path):
    argv, env = command(tmp_path, PROBLEM="4", TERM="xterm-256color", COLUMNS="100", LINES="40")
    parent, child = open_terminal()
    process = subprocess.Popen(argv, env=env, cwd=ROOT, stdin=child, stdout=child, stderr=child)
    os.close(child)
    seen = b""
    while True:
        try:
            part = os.read(parent, 4096)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        seen += part
    os.close(parent)
    assert process.wait(limit(60)) == 0
    assert b"\x1b[?25l" in seen  # rich hides the cursor while a display is live ...
    assert b"\x1b[?25h" in seen  # ... and brings it back
    assert b"starting the simulated 8x8x1 core" in seen


def test_a_terminal_of_ascii_is_served(tmp_path):
    argv, env = command(tmp_path, PROBLEM="3,4", PYTHONIOENCODING="ascii")
    done = subprocess.run(argv, env=env, cwd=ROOT, capture_output=True, **limited(60))
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"[ 127 26 -59 ]" in done.stdout
    done.stdout.decode("ascii")


def test_a_reader_that_leaves_early_gets_no_traceback(tmp_path):
    argv, env = command(tmp_path, PROBLEM="3")
    process = subprocess.Popen(argv, env=env, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    assert b"Traceback" not in process.stderr.read()
    process.stderr.close()
    assert process.wait(limit(60)) == 1  # what rich makes of a broken pipe


def test_waves_are_left_when_asked_for(solve):
    code, _, out, _ = solve(PROBLEM=4, WAVES=1)
    assert code == 0
    (path,) = (line.split("waves: ")[1] for line in out.splitlines() if "waves: " in line)
    assert (ROOT / path).stat().st_size > 1000


@pytest.mark.parametrize(
    ("values", "written"),
    [
        ([1.0, -2.5], ["1.0", "-2.5"]),
        ([0.125, 100.0], ["0.1", "100.0"]),
        ([-1e-9, 1.5], ["0.0", "1.5"]),
        ([1e-7, 0.0], ["1.000e-07", "0.000e+00"]),
        ([0.0], ["0.0"]),
        ([np.nan, 1.0], ["nan", "1.0"]),
    ],
)
def test_numbers_of_a_matrix_share_their_decimals(values, written):
    values = np.array(values)
    text = formatter(values)
    assert [text(v) for v in values] == written


@pytest.mark.parametrize(
    ("top", "written"), [(1.0, "1.000000"), (1e-20, "1.000e-20"), (1e25, "1.000e+25"), (0.0, "0.000000")]
)
def test_fixed_decimals_give_way_to_an_exponent(top, written):
    assert formatter(np.array([top, 0.0]), 6)(top) == written


@pytest.mark.parametrize("size", ["1e-12", "1e12"])
def test_errors_of_tiny_and_huge_numbers_are_shown(solve, tmp_path, size):
    folder = own(tmp_path, "p4_int8.toml", f'matrix = [[{size}, 0.3e{size[2:]}]]\ntimes = "transposed"\n')
    code, _, out, _ = solve(PROBLEM=4, HOMEWORK=folder)
    assert code == 0
    assert "0.000000 " not in out
    assert not re.search(r"\d{14}", out)


def test_numbers_beyond_fp32_are_told(solve, tmp_path):
    folder = own(tmp_path, "p7_bfloat16.toml", None, values="[1e300, -1e-300, 1.5, inf, 0.0]")
    code, reports, out, _ = solve(PROBLEM=7, HOMEWORK=folder)
    assert code == 0
    assert "1e+300 to inf, -1e-300 to -0." in " ".join(out.split())
    assert reports["p7.json"]["answer"]["conversions"]["beyond_fp32"] == [
        {"given": 1e300, "fp32": "inf"},
        {"given": -1e-300, "fp32": 0},
    ]
    folder = own(tmp_path, "p7_bfloat16.toml", None, values="[1e39, 1e-46]")
    assert "1e+39 to inf, 1e-46 to 0." in " ".join(solve(PROBLEM=7, HOMEWORK=folder)[2].split())
    assert "Beyond the range" not in solve(PROBLEM=7)[2]


def test_long_equations_are_broken_before_an_operator(capsys):
    wide = np.full((3, 12), -1.2345)
    Show().equation(Matrix("A", wide), "+", Matrix("B", wide), "=", Matrix("C", 2 * wide))
    out = capsys.readouterr().out
    assert all(len(line) <= 110 for line in out.splitlines())
    assert sum(line.lstrip().startswith(("+", "=")) for line in out.splitlines()) == 2


def test_a_log_hears_of_long_work_now_and_then(capsys, monkeypatch):
    clock = iter([0.0, 1.0, 6.0, 7.0, 12.0, 13.0])
    monkeypatch.setattr("macrame.homework.show.time.monotonic", lambda: next(clock))
    with Show().progress("training", 30) as tick:
        for done in (3, 10, 12, 20):
            tick(done)
    assert capsys.readouterr().out.splitlines() == [
        "  training: 10 of 30",
        "  training: 20 of 30",
        "  training: 13.0 s",
    ]


def test_large_matrices_are_shown_by_their_edges(capsys):
    Show().equation(Matrix("A", np.arange(64 * 64).reshape(64, 64)))
    out = capsys.readouterr().out
    assert "4095" in out
    assert "..." in out
    assert len(out.splitlines()) < 20


def test_reports_are_strict_json():
    answer = {"a": np.array([1.5, np.nan, -np.inf]), "b": np.int8(-3), "c": (np.bool_(True), None)}
    text = report.to_json(answer)
    assert json.loads(text) == {"a": [1.5, "nan", "-inf"], "b": -3, "c": [True, None]}


def test_shipped_files_are_all_read():
    for number, module in sheet.PROBLEMS.items():
        assert (SHIPPED / f"{module.__name__.split('.')[-1]}.toml").is_file(), number
    for module in sheet.FURTHER.values():
        assert (SHIPPED / f"{module.__name__.split('.')[-1]}.toml").is_file()
    assert len(list(SHIPPED.glob("*.toml"))) == len(sheet.PROBLEMS) + len(sheet.FURTHER)
