# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""PAGE= of the verbs: the page and the data have what the terminal shows, also of a run that failed."""

import json
import re
from pathlib import Path

import numpy as np
import pytest

from macrame import cores
from macrame.contract import CoreConfig
from macrame.dev import bench
from macrame.homework import sheet, train
from macrame.host.core import Report as Counters
from macrame.synth import flow, measure
from macrame.verify import job as jobs
from macrame.verify import product
from tests.test_bench import rounds
from tests.test_report import Page, of_json, phrases
from tests.verbs import call


def words(document):
    """Everything that a JSON document says, a text for each phrase and cell."""
    for block in document["blocks"]:
        yield from (found["text"] for found in phrases(block) if "text" in found)
        yield from (cell["text"] for row in block.get("rows", ()) for cell in row)


def both(tmp_path, run):
    """Run twice, with a page and with data: the exit code, the page, the data, what the terminal shows."""
    pages = [tmp_path / "page.html", tmp_path / "page.json"]
    codes = {run(path) for path in pages}
    assert len(codes) == 1
    return codes.pop(), Page(pages[0].read_text()), json.loads(pages[1].read_text())


def check(page, document, said, timed=()):
    """The page, the data and the terminal have the same words and numbers, except times."""
    shown = " ".join(said.split())
    for text in words(document):
        assert " ".join(text.split()) in page.text or re.search(r"\d s\b", text)
        assert " ".join(text.split()) in shown
    values = list(of_json(document))
    assert len(values) >= 3
    assert len(values) == len(page.values)
    assert sum(a != b for a, b in zip(values, page.values)) <= len(timed)


def multiplied(wrong, folder, page):
    """Report a product with some wrong values; nothing is simulated."""
    expected = np.arange(16, dtype=np.int32).reshape(4, 4)
    one = np.ones((4, 4), np.int8)
    job = jobs.Job(
        *(one, one, folder / "c.npy", "raw", {}, expected, CoreConfig()), seed=1, waves=False, page=page
    )
    got = expected.copy()
    got.reshape(-1)[:wrong] += 1
    details = {"simulator": "none", "seconds": 1, "cycles_per_second": 9, "waves": None, "trace": None}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(jobs.Job, "shows_run", False)  # there is no trace
        patch.setattr(product, "examine", lambda job, report: None)  # nor a core
        patch.setattr(
            product, "simulate_job", lambda job: (got, Counters(9, 1, 1, 0, 0, 0, 0, 64, 64), details)
        )
        return product.run(job)


@pytest.mark.parametrize("wrong", [0, 12])
def test_a_product(tmp_path, capsys, wrong):
    code, page, document = both(tmp_path, lambda path: multiplied(wrong, tmp_path, path))
    said = capsys.readouterr()
    assert code == bool(wrong)
    assert document["passed"] == (not wrong)
    assert page.text.startswith(f"Product of two matrices {'failed' if wrong else 'passed'}")
    check(page, document, said.out + said.err, timed=["the whole run"])
    (found,) = [block for block in document["blocks"] if block["block"] == "check"]
    assert (found["count"], found["wrong"]) == (16, wrong)
    assert [line["values"] for line in found["differences"][:2]] == (
        [[0, 0, 0, 1], [0, 1, 1, 2]] if wrong else []
    )
    (facts,) = [block["entries"] for block in document["blocks"] if block["block"] == "metadata"]
    assert facts["seed"] == 1
    assert facts["command"]


def test_a_page_must_not_be_another_file_of_the_run(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    np.save("a.npy", np.ones((2, 2), np.int8))
    given = {"A": "a.npy", "W": "a.npy", "OUT": "c.npy"}
    assert call("gemm", given | {"PAGE": "c.npy.json"}) == 2
    assert capsys.readouterr().err == "gemm: PAGE=c.npy.json: is also another output, expected another file\n"
    assert call("gemm", given | {"PAGE": "page.htm"}) == 2
    assert "PAGE=page.htm: unknown extension .htm, expected .html or .json" in capsys.readouterr().err
    assert [path.name for path in Path().iterdir()] == ["a.npy"]


def test_a_plan_of_a_network(tmp_path, capsys):
    code, page, document = both(tmp_path, lambda path: call("net", {"PLAN": "1", "PAGE": str(path)}))
    assert code == 0
    check(page, document, capsys.readouterr().out)
    best, placed = [block for block in document["blocks"] if block["block"] == "table"]  # rows came in parts
    headers = ["array", "requantisers", "cycles", "used", "clock and time per inference"]
    assert [[column["header"] for column in found["columns"]] for found in (best, placed)] == [headers] * 2
    assert len(best["rows"]) == 12
    assert len(placed["rows"]) == sum(core.mhz is not None for core in cores.placed())


def test_the_simulation_speed(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("BUILD_DIR", str(tmp_path))
    monkeypatch.delenv("SIM", raising=False)
    monkeypatch.setattr(bench, "measure", lambda shapes, say: {"8x8x1": rounds([16], [8], [99])})
    code, page, document = both(tmp_path, lambda path: call("bench", {"PAGE": str(path)}, ["8x8x1"]))
    said = capsys.readouterr()
    assert code == 1
    assert not document["passed"]
    check(page, document, said.out + said.err, timed=["the whole run"])
    assert "expected at least 0.9" in page.text


@pytest.mark.parametrize(
    ("verb", "given", "words", "output"),
    [
        ("homework", {"PROBLEM": "1", "OUT": "out.html"}, [], "out.html"),
        ("homework", {"PROBLEM": "1,3", "OUT": "."}, [], "p3.json"),
        ("train", {}, [], "train.json"),
        ("synth", {}, [], "ecp5-core.json"),
        ("synth", {"TARGET": "ice40"}, ["table"], "table-ice40.json"),
        ("synth", {}, ["table"], "table-gowin.json"),
        ("bench", {}, ["8x8x1"], "bench.json"),
    ],
)
def test_a_page_is_no_other_output(verb, given, words, output, tmp_path, capsys, monkeypatch):
    """Told before anything runs."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("BUILD_DIR", str(tmp_path))
    monkeypatch.setattr(flow, "BUILD", tmp_path)
    monkeypatch.setattr(train, "OUT", tmp_path / "train.json")
    for module, work in ((sheet, "_solve"), (train, "run"), (measure, "run"), (bench, "measure")):
        monkeypatch.setattr(module, work, None)
    monkeypatch.setattr(measure, "show_table", None)
    assert call(verb, {**given, "PAGE": output}, words) == 2
    said = capsys.readouterr()
    assert (said.out, said.err) == (
        "",
        f"{verb}: PAGE={output}: is also another output, expected another file\n",
    )


def test_area_and_clock_rate(tmp_path, capsys, monkeypatch):
    area = {"lut": 1234, "ff": 5, "carry": 6, "dsp": 7, "bram": 0, "placer": "heap", "macs": 4}
    rates = {"median": 100.0, "min": 99.0, "max": 101.0, "seeds": {"1": 100.0}}
    results = [
        {"label": "core 2x2x1", "unit": "core", "fmax": rates, "gmacs": 0.4, "gmacs_per_lut": 0.0004, **area},
        {"label": "textbook 8x8", "unit": "textbook", "failed": "too large", **area},
    ]
    monkeypatch.setattr(flow, "BUILD", tmp_path)
    monkeypatch.setattr(measure, "run", lambda job, say: [{**one, "netlist": "n.v"} for one in results])
    code, page, document = both(tmp_path, lambda path: call("synth", {"PAGE": str(path)}))
    assert code == 0
    check(page, document, capsys.readouterr().out)
    assert "1,234" in page.text
    assert "1234" in page.values
    assert "does not fit" in page.text
