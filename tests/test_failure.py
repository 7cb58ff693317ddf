# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A wrong product is made small, and its first wrong number is where and when the fault begins to matter.

The oracle for place and cycle is a trace of the same small product on the RTL without the fault: none of
these faults changes the timing, so the first number in which the two recordings differ is the first wrong
one.
"""

import contextlib
import dataclasses
import re
import shutil
import subprocess
import sys
import tomllib
from xml.etree import ElementTree

import numpy as np
import pytest

from macrame import environment, paths
from macrame.contract import CoreConfig
from macrame.files import failures
from macrame.golden.arith.requantize import requantize
from macrame.golden.gemm import gemm
from macrame.host.core import Core
from macrame.nets import command, digits
from macrame.sim.link import SimLink
from macrame.sim.recording import Recording
from macrame.verify import failure
from macrame.verify.session import Session
from macrame.verify.shrink import Product, Search
from macrame.verify.trace import Trace
from tests.verbs import call

INT8 = CoreConfig(3, 4, 2)
BF16 = CoreConfig(2, 2, formats="BF16")


class Said:
    """A display that keeps the texts of its blocks."""

    def __init__(self):
        self.lines = []

    @contextlib.contextmanager
    def progress(self, what, total=None):
        yield lambda done: None

    def write(self, block):
        self.lines.append(str(block.text))


# --- the search, without a simulator ------------------------------------------------------------------------


def int8(seed=1, sizes=(9, 13, 7), mode="raw", **output):
    rng = np.random.default_rng(seed)
    m, k, n = sizes
    a, w = (rng.integers(-128, 128, shape).astype(np.int8) for shape in ((m, k), (k, n)))
    return Product(a, w, mode, output)


def searched(product, fails, attempts=2000):
    search = Search(fails, INT8, attempts)
    assert search.fails(product)
    return search.smallest(product), search


def test_one_pair_of_operands_is_left():
    def fails(product):
        return bool(((product.a[:, :, None] == 91) & (product.w[None] == -57)).any())

    made = int8()
    made.a[5, 7], made.w[7, 3] = 91, -57
    smallest, _ = searched(made, fails)
    assert smallest.sizes == (1, 1, 1)
    assert (smallest.a[0, 0], smallest.w[0, 0]) == (91, -57)


def test_what_the_failure_needs_stays():
    """It needs four rows, two columns and five k, and any other number than 0 in the last of them."""

    def fails(product):
        m, k, n = product.sizes
        return m >= 4 and n >= 2 and k >= 5 and bool(product.a[-1, -1]) and bool(product.w[-1, -1])

    smallest, _ = searched(int8(), fails)
    assert smallest.sizes == (4, 5, 2)
    assert np.count_nonzero(smallest.a) == np.count_nonzero(smallest.w) == 1
    assert abs(int(smallest.a[-1, -1])) == abs(int(smallest.w[-1, -1])) == 1


def test_columns_keep_their_records():
    def fails(product):
        return 77 in np.atleast_1d(product.output.get("multiplier", 0))

    n = 7
    made = int8(mode="gemmlowp", multiplier=np.arange(71, 71 + n), shift=np.zeros(n, int), low=-128)
    smallest, _ = searched(made, fails)
    assert smallest.sizes == (1, 1, 1)
    assert smallest.output["multiplier"].tolist() == [77]
    assert smallest.output["low"] == -128


def test_the_output_stage_goes_if_it_is_not_needed():
    made = int8(mode="gemmlowp", multiplier=np.full(7, 1 << 30), shift=np.zeros(7, int))
    smallest, _ = searched(made, lambda product: True)
    assert (smallest.mode, smallest.output) == ("raw", {})


def test_the_search_ends():
    tried = []

    def fails(product):
        tried.append(product)
        return True

    _, search = searched(int8(), fails, attempts=5)
    assert len(tried) == search.tried == 5


def test_expected_is_golden():
    made = int8(mode="ruy", multiplier=1 << 30, shift=-3, zero_point=4, low=-100, high=90, bias=11)
    x = gemm(made.a, made.w) + 11
    assert (made.golden() == requantize(x, 1 << 30, -3, 4, -100, 90, "ruy")).all()


# --- faults -------------------------------------------------------------------------------------------------


def fault(name):
    """A fault of tests/faults/."""
    for path in (paths.ROOT / "tests" / "faults").glob("*.toml"):
        for found in tomllib.loads(path.read_text())["fault"]:
            if found["name"] == name:
                return found["file"], found["find"], found["replace"]
    raise LookupError(name)


MUL = ("array/mul8x8.v", "product_q <= $signed(a) * $signed(b);")
#: Faults that leave the timing alone: of tests/faults/, or a replacement; with the product that meets them.
FAULTS = {
    "mul-one-pair-wrong": (None, "raw"),
    "mul-without-sign": ((*MUL, "product_q <= $signed(a) * $signed({1'b0, b[6:0]});"), "raw"),
    "mul-minus-128": ((*MUL, "product_q <= (a == 8'h80) ? 16'sd0 : $signed(a) * $signed(b);"), "raw"),
    "mul8x8-weights-unsigned": (None, "raw"),
    "pe-odd-product-dropped": (None, "odd"),
    "pe-tree-a-bit-narrow": (None, "raw"),
    "pe-clear-missing": (None, "raw"),
    "pe-result-without-last-slice": (None, "raw"),
    "pe-result-loses-a-bit": (
        ("array/accumulator.v", "result_q <= acc_q + tree_q;", "result_q <= (acc_q + tree_q) & ~32'd64;"),
        "raw",
    ),
    "mul-low-half-signed": (None, "gemmlowp"),
    "float-product-wrong-in-the-sum": (
        ("array/pe_bf16.v", "valid ? product : 32'h8000_0000", "valid ? product ^ 32'd32768 : 32'h8000_0000"),
        "bf16",
    ),
    "push-stores-the-previous-sum": (None, "bf16"),
}
#: Those that a plain `make test` injects.
QUICK = ("mul-minus-128", "mul-low-half-signed", "push-stores-the-previous-sum")


def multiplied(mode):
    """A product that each fault makes wrong, and its core."""
    if mode == "bf16":
        rng = np.random.default_rng(2)
        a, w = (
            (rng.normal(size=shape).astype(np.float32).view(np.uint32) >> 16).astype(np.uint16)
            for shape in ((11, 5), (5, 3))
        )
        return Product(a, w, mode, {"out": "fp32"}), BF16
    output = {} if mode in ("raw", "odd") else {"multiplier": 0x5A5A_A5A5, "shift": -7, "bias": 3}
    made = int8(seed=4, sizes=(7, 9, 6), mode="raw" if mode == "odd" else mode, **output)
    made.a[4, 4], made.w[4, 2] = 0x5B, 0xC7 - 256
    made.a[2, 2:4], made.w[2:4, 1] = -128, -128
    return made, CoreConfig(3, 4, 3) if mode == "odd" else INT8


def broken(name):
    """A copy of rtl/ with a fault."""
    file, find, replace = FAULTS[name][0] or fault(name)
    root = environment.build_dir() / "failures" / "rtl" / name
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(paths.RTL, root)
    text = (root / file).read_text()
    assert text.count(find) == 1, f"{find!r} must occur in {file} once"
    (root / file).write_text(text.replace(find, replace))
    return root


def recorded(product, config, path):
    """A trace of a product on the RTL without a fault."""
    m, k, n = product.sizes
    with SimLink(config, trace=Recording(path), name="test-failure") as link:
        with link.span("product", m=m, k=k, n=n, mode=product.mode):
            product.compute(Core(link))
    return Trace.read(path)


def differences(sound, wrong):
    """(cycle, row of the array, column) of each number that differs, the first by cycle first."""
    config, found = sound.config, []
    for name, cycle in (("products", "product_cycle"), ("sums", "sum_cycle")):
        ours, theirs = getattr(sound, name), getattr(wrong, name)
        assert ours.shape == theirs.shape
        for beat, row, col, *_ in np.argwhere(ours != theirs):
            found.append((int(sound.beats[cycle][beat]), int(row), int(col)))
    turns = 4 if config.bf16 else 1
    for row, col in np.argwhere(sound.row_values != wrong.row_values):
        found.append((int(sound.rows["cycle"][row]), int(sound.rows["row"][row]) // turns, int(col)))
    for name, rows in (("int8_steps", sound.int8_rows), ("float_steps", sound.float_rows)):
        for at, col in np.argwhere(getattr(sound, name) != getattr(wrong, name)):
            row = rows[at]
            found.append((int(sound.rows["left"][row]), int(sound.rows["row"][row]) // turns, int(col)))
    return sorted(found)


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if name in QUICK else [pytest.mark.thorough]) for name in FAULTS],
)
def test_the_first_wrong_number_of_a_fault(name, tmp_path):
    made, config = multiplied(FAULTS[name][1])
    found = failure.investigate(made, config, name=f"test-{name}", rtl_root=broken(name), attempts=150)
    assert np.prod(found.product.sizes) < np.prod(made.sizes)
    sound = recorded(found.product, config, tmp_path / "sound.trace")
    cycle, row, col = differences(sound, Trace.read(found.trace))[0]
    assert (found.first.cycle, *found.first.pe) == (cycle, row, col)
    said = [str(block.text) for block in found.blocks()]
    assert any(f"cycle {cycle:,}, " in line and f"PE row {row}, column {col}, k " in line for line in said)
    assert found.waves.suffix == ".fst"
    for path in (found.waves, found.page, found.operands):
        assert path.stat().st_size


def test_verilator_s_failures_have_cropped_waves_too(tmp_path):
    """From Icarus, unless its result is another one."""
    made, config = multiplied("raw")
    root = broken("mul-minus-128")
    found = failure.investigate(made, config, name="test-verilator", rtl_root=root)
    trace = Trace.read(found.trace)
    (stale := tmp_path / "waves.vcd").write_text("of an earlier failure")
    waves = {}
    for sim, got in (("verilator", found.got), ("icarus", found.got + 1)):
        runs = failure._Runs(config, "failures/test-verilator", {"sim": sim, "seed": 1, "rtl_root": root})
        waves[sim] = runs.waves(found.product, got, found.first, trace, tmp_path)
    assert waves == {"verilator": tmp_path / "waves.fst", "icarus": None}
    assert not stale.exists()
    whole = dataclasses.replace(found, waves=tmp_path / "waves.vcd")
    assert "waveforms of the smallest product are in" in [str(b.text) for b in whole.blocks()][-1]


# --- where it is reported -----------------------------------------------------------------------------------


def test_junit_has_the_paths_of_log_waves_and_page(tmp_path):
    (tmp_path / "test_it.py").write_text(
        """
from types import SimpleNamespace
from macrame.sim.simulate import Failed
from macrame.verify import failure

def test_bench():
    raise Failed("test", "it failed", "runs/x", waves="runs/x/waves/top.fst")

def test_product():
    failure.WRITTEN.append(SimpleNamespace(page="p/failure.html", trace="p/run.trace", waves="p/waves.fst"))
    assert False

def test_passes():
    failure.WRITTEN.append(SimpleNamespace(page="no", trace="no", waves=None))

def test_other():
    assert False
"""
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "tests.conftest", "-p", "no:cacheprovider"]
    command += ["--rootdir", str(tmp_path), "-c", "/dev/null", f"--junitxml={tmp_path / 'x.xml'}"]
    subprocess.run([*command, str(tmp_path)], cwd=paths.ROOT, capture_output=True, check=False)
    found = {
        case.get("name"): [(p.get("name"), p.get("value")) for p in case.iter("property")]
        for case in ElementTree.parse(tmp_path / "x.xml").iter("testcase")
    }
    assert found == {
        "test_bench": [("log", "runs/x/sim.log"), ("waves", "runs/x/waves/top.fst")],
        "test_product": [("page", "p/failure.html"), ("trace", "p/run.trace"), ("waves", "p/waves.fst")],
        "test_passes": [],
        "test_other": [],
    }


def test_tests_skipped_for_one_reason_have_one_line(tmp_path):
    """Under pytest-xdist too, as `make test` runs them."""
    (tmp_path / "test_it.py").write_text(
        """
import pytest

pytestmark = pytest.mark.skipif(True, reason="no browser: install one")

def test_first():
    pass

def test_second():
    pass

def test_third():
    pass
"""
    )
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-n", "2", "-p", "tests.conftest", "-p"]
    command += ["no:cacheprovider", "--rootdir", str(tmp_path), "-c", "/dev/null", str(tmp_path)]
    done = subprocess.run(command, cwd=paths.ROOT, capture_output=True, text=True, check=False)
    lines = [line for line in done.stdout.splitlines() if line.startswith("SKIPPED")]
    assert len(lines) == 1, done.stdout
    assert lines[0].startswith("SKIPPED [3] ")
    assert lines[0].endswith("test_it.py: no browser: install one")


def test_a_session_examines_its_first_wrong_product():
    said = Said()
    session = Session(INT8, said, "test-failure", rtl_root=broken("mul-minus-128"))
    made, _ = multiplied("raw")
    try:
        for name in ("one", "two"):
            values, _ = session.matmul(name, made.a, made.w, gemm(made.a, made.w))
            assert (values != gemm(made.a, made.w)).any()
    finally:
        session.close()
    assert len([line for line in said.lines if line.startswith("first wrong number: cycle ")]) == 1
    assert session.examined is not None


def test_a_network_examines_its_first_wrong_layer(capsys, tmp_path):
    given = {
        "IMAGES": "1",
        "ROWS": "4",
        "COLS": "4",
        "STOP": command.read_model(str(digits.MODEL)).ops[0].name,
    }
    page = tmp_path / "net.html"
    job = dataclasses.replace(command.prepare(given), rtl_root=broken("mul-without-sign"), page=page)
    assert command.run(job, examine=failure.of_layer) == 1
    printed = "".join(capsys.readouterr())
    assert "the smallest product that differs: 1 x 1 times 1 x 1, mode raw" in printed
    assert "first wrong number: cycle " in printed
    assert re.search(r"^  replay +SEED=1 .*test_failure", printed, re.MULTILINE)
    assert page.read_text().count("SEED=1 ") == 1


def test_a_product_that_is_right_alone_is_said_to_be():
    made, config = multiplied("raw")
    assert failure.investigate(made, config, name="test-sound") is None


@pytest.mark.parametrize(
    ("verb", "name", "given"),
    [
        ("gemm", "gemm", {"A": "one.npy", "W": "one.npy", "OUT": "c.npy", "ROWS": "1", "COLS": "1"}),
        ("net", "net", {"IMAGES": "1", "ROWS": "4", "COLS": "4", "STOP": "features"}),
        ("homework", "homework", {"PROBLEM": "3", "OUT": "out"}),
    ],
)
def test_the_next_run_forgets_a_failure(verb, name, given, tmp_path, monkeypatch):
    """A file of the user in its folder stays."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BUILD_DIR", str(tmp_path / "build"))
    np.save("one.npy", np.ones((1, 1), np.int8))
    folder = failures.folder(name)
    folder.mkdir(parents=True)
    for file in (*failures.FILES, "notes.txt"):
        (folder / file).touch()
    assert call(verb, {**given, "SEED": "no"}) == 2  # nothing ran
    assert len(list(folder.iterdir())) == len(failures.FILES) + 1
    assert call(verb, given) == 0
    assert [path.name for path in folder.iterdir()] == ["notes.txt"]
    (folder / "notes.txt").unlink()
    failures.forget(name)
    assert not folder.exists()
