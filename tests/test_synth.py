# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""make synth: rejected input, counts, cache; vendor multipliers are equivalent to the plain one."""

import io
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from macrame import environment, paths
from macrame.report.report import Report
from macrame.report.terminal import Markdown
from macrame.synth import bitstream, equal, floorplan, flow, settings, shell, tables, targets, tools, verilog
from macrame.synth import measure as program
from macrame.synth.settings import InputError, Job, from_environment
from tests.verbs import call

#: Family, module, files of the portable one, whether its first register is after the multiplier.
WRAPPERS = [
    ("ecp5", "mul8x8", ["array/mul8x8.v"], True),
    ("ecp5", "mul9x9", ["arith/mul9x9.v"], True),
    ("ecp5", "mul34x32", ["arith/mul34x32.v"], False),
    ("ice40", "mul8x8", ["array/mul8x8.v"], True),
    ("ice40", "mul8x8_pair", ["array/mul8x8_pair.v", "array/mul8x8.v"], True),
    ("ecp5", "mul16x16", ["arith/mul16x16.v"], True),
]


def plain(names):
    return [paths.RTL / name for name in names]


@pytest.mark.sampled(3)
@pytest.mark.parametrize(("family", "module", "names", "moved"), WRAPPERS)
def test_a_vendor_multiplier_is_the_plain_one(family, module, names, moved):
    """For all inputs, from any state: no simulation, a proof."""
    assert "SUCCESS" in equal.prove(family, module, plain(names), moved=moved)


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("family", "module", "path", "file", "find", "replace"),
    [
        ("ecp5", "mul8x8", "array/mul8x8.v", "mul8x8.v", "({b, 10'd0})", "({1'b0, b, 9'd0})"),
        (
            "ecp5",
            "mul8x8",
            "array/mul8x8.v",
            "mul18x18.v",
            '.REG_OUTPUT_CLK("CLK0")',
            '.REG_OUTPUT_CLK("NONE")',
        ),
        ("ecp5", "mul9x9", "arith/mul9x9.v", "mul9x9.v", ".enable(enable)", ".enable(1'b1)"),
        ("ecp5", "mul16x16", "arith/mul16x16.v", "mul16x16.v", "({a, 2'd0})", "({2'd0, a})"),
        ("ecp5", "mul34x32", "arith/mul34x32.v", "mul34x32.v", "{2'b00, b[15:0]}", "{{2{b[15]}}, b[15:0]}"),
        (
            "ice40",
            "mul8x8",
            "array/mul8x8.v",
            "mul8x8_pair.v",
            ".B_SIGNED                (1'b1)",
            ".B_SIGNED                (1'b0)",
        ),
    ],
)
def test_a_wrapper_with_a_fault_is_not_proven(tmp_path, family, module, path, file, find, replace):
    for source in verilog.vendor_files(family):
        shutil.copy(source, tmp_path)
    text = (tmp_path / file).read_text()
    assert text.count(find) == 1
    (tmp_path / file).write_text(text.replace(find, replace))
    with pytest.raises(tools.FlowError, match="proof did fail|not under enable"):
        equal.prove(family, module, plain([path]), folder=tmp_path)


def test_blocks_of_ice40_have_their_product_registers_alike():
    """All three parameters 1, or all 0, as Yosys' ice40_dsp sets them; the proof sees only two at work."""
    text = (paths.RTL / "vendor" / "ice40" / "mul8x8_pair.v").read_text()
    set_ = dict(re.findall(r"\.(\w+) *\((\d'\w+)\)[,\n]", text))
    assert {
        set_[f"{name}_REG{number}"]
        for name, number in [("TOP_8x8_MULT", ""), ("BOT_8x8_MULT", ""), ("PIPELINE_16x16_MULT", "1")]
    } == {"1'b1"}


ACCUMULATOR = ("ice40", "accumulator", paths.RTL / "array" / "accumulator.v")


@pytest.mark.parametrize(("width", "terms"), [(16, 1), (16, 2), (17, 2), (18, 2)])
def test_the_accumulator_of_ice40_is_the_plain_one(width, terms):
    """In every width that pe_int8 asks for."""
    assert "SUCCESS" in equal.prove_registers(*ACCUMULATOR, {"W": width, "TERMS": terms})


@pytest.mark.parametrize(
    ("find", "replace"),
    [
        ("= {32-W{low[W]}};", "= {32-W{tree_q[W]}};"),
        ("{{31-W{tree_q[W]}}, 1'b1}", "{{31-W{1'b0}}, 1'b1}"),
        ("(step & carry_step) |", "(step & ~carry_step) |"),
        ("if (last) result_q[31:W]", "if (last && !chain_shift) result_q[31:W]"),
    ],
)
def test_an_accumulator_with_a_fault_is_not_proven(tmp_path, find, replace):
    text = (paths.RTL / "vendor" / "ice40" / "accumulator.v").read_text()
    assert text.count(find) == 1
    (tmp_path / "accumulator.v").write_text(text.replace(find, replace))
    with pytest.raises(tools.FlowError, match="proof did fail"):
        equal.prove_registers(*ACCUMULATOR, {"W": 18, "TERMS": 2}, folder=tmp_path)


def test_every_vendor_module_has_a_proof():
    proven = {(values[0], values[1]) for values in (getattr(w, "values", w) for w in WRAPPERS)}
    proven.add(ACCUMULATOR[:2])
    there = {(path.parent.name, path.stem) for path in (paths.RTL / "vendor").rglob("*.v")}
    assert there - proven == {("ecp5", "mul18x18")}  # inside all the others of its family
    for family in ("ecp5", "ice40"):
        assert {p.name for p in verilog.vendor_files(family)} == {
            p.name for p in (paths.RTL / "vendor" / family).glob("*.v")
        }


@pytest.mark.parametrize("module", ["mul8x8", "mul9x9", "mul16x16", "mul34x32"])
def test_vendor_modules_are_verilog_2005(tmp_path, module):
    done = subprocess.run(
        [
            "iverilog",
            "-g2005",
            "-Wall",
            "-o",
            tmp_path / "program",
            "-s",
            module,
            *map(str, verilog.vendor_files("ecp5")),
            str(equal.MODELS["ecp5"][1]),
        ],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


def carry_cells(seed):
    """Verilog with 200 carry cells, inputs at 0, 1 or free at random."""
    rng = random.Random(seed)
    cells, inputs = [], 0
    for number in range(200):
        pins = []
        for pin in ("A0", "B0", "C0", "D0", "A1", "B1", "C1", "D1", "CIN"):
            kind = rng.choice(["1'b0", "1'b1", f"x[{inputs}]"])
            inputs += kind[0] == "x"
            pins.append(f".{pin}({kind})")
        pins += [f".{pin}(y[{3 * number + place}])" for place, pin in enumerate(("S0", "S1", "COUT"))]
        inits = [f".INIT{half}(16'h{rng.getrandbits(16):04x})" for half in (0, 1)]
        inject = [f'.INJECT1_{half}("{rng.choice(["YES", "NO"])}")' for half in (0, 1)]
        cells.append(f"CCU2C #({', '.join(inits + inject)}) u_{number} ({', '.join(pins)});")
    return "\n".join([f"module carries (input [{inputs - 1}:0] x, output [599:0] y);", *cells, "endmodule"])


def carries_proven(folder, change=lambda text: text):
    """Map carry cells and let the solver compare; returns the mapped netlist."""
    (folder / "carries.v").write_text(carry_cells(1))
    (folder / "map.v").write_text(change(targets.TARGETS["ecp5"].maps[0].read_text()))
    model = shell.CELLS["ecp5"]
    tools.yosys(
        [
            "read_verilog carries.v",
            f"read_verilog -lib -D NO_INCLUDES {model}",
            "hierarchy -top carries",
            "techmap -map map.v",
            "opt_clean",
            "write_verilog -noattr mapped.v",
            "design -reset",
            *[
                line
                for side, file in (("plain", "carries.v"), ("mapped", "mapped.v"))
                for line in (
                    f"read_verilog -D NO_INCLUDES {model} {file}",
                    "hierarchy -top carries",
                    "proc",
                    "flatten",
                    "opt_clean",
                    f"rename carries {side}",
                    f"design -stash {side}",
                )
            ],
            "design -copy-from plain -as plain plain",
            "design -copy-from mapped -as mapped mapped",
            "miter -equiv -flatten -make_outputs plain mapped miter",
            "hierarchy -top miter",
            "sat -verify -prove trigger 0 miter",
        ],
        folder,
    )
    return (folder / "mapped.v").read_text()


@pytest.mark.thorough
def test_carry_cells_without_inputs_at_0(tmp_path):
    """macrame/synth/maps/ecp5.v changes a cell's INIT and inputs, but not its function."""
    before = carry_cells(1)
    mapped = carries_proven(tmp_path)
    at_0 = r"\.[ABCD][01]\(1'[bh]0\)"
    assert len(re.findall(at_0, before)) > 300
    assert not re.findall(at_0, mapped)


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("find", "put"),
    [
        ("entry & ~zero", "entry | zero"),
        ("(ZERO1[2] ? 1'b1 : C1)", "(ZERO1[2] ? 1'b1 : D1)"),
        (".INIT1    (without(INIT1, ZERO1))", ".INIT1    (without(INIT1, ZERO0))"),
    ],
)
def test_a_map_with_a_fault_is_not_proven(tmp_path, find, put):
    assert targets.TARGETS["ecp5"].maps[0].read_text().count(find) == 1
    with pytest.raises(tools.FlowError, match="proof did fail"):
        carries_proven(tmp_path, lambda text: text.replace(find, put))


# --- what is rejected ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"TARGET": "spartan"}, "TARGET=spartan: expected one of ecp5, ice40, gowin, xilinx"),
        (
            {"UNIT": "cell"},
            "UNIT=cell: expected one of core, array, requantize, elementwise, engine, textbook",
        ),
        ({"ROWS": "0"}, "ROWS=0: expected an integer from 1 to 32"),
        ({"COLS": "33"}, "COLS=33: expected an integer from 1 to 32"),
        ({"DEPTH": "two"}, "DEPTH=two: expected an integer from 1 to 8"),
        ({"DEPTH": "-1"}, "DEPTH=-1: expected an integer from 1 to 8"),
        ({"FORMATS": "FP8"}, "FORMATS=FP8: expected one of INT8, BF16, DUAL"),
        ({"FORMATS": "DUAL", "DEPTH": "2"}, "DEPTH=2: expected 1 with FORMATS=DUAL"),
        ({"MULTIPLIER": "booth"}, "MULTIPLIER=booth: expected one of vendor, plain"),
        ({"PLACER": "simple"}, "PLACER=simple: expected one of heap, sa, static"),
        ({"TARGET": "gowin", "PLACER": "sa"}, "PLACER=sa: does not apply to TARGET=gowin"),
        ({"SEEDS": "0"}, "SEEDS=0: expected an integer from 1 to 99"),
        ({"TARGET": "xilinx", "SEEDS": "2"}, "SEEDS=2: does not apply to TARGET=xilinx, which is not placed"),
        ({"UNIT": "requantize", "ROWS": "4"}, "ROWS=4: does not apply to UNIT=requantize"),
        ({"UNIT": "elementwise", "COLS": "4"}, "COLS=4: does not apply to UNIT=elementwise"),
        ({"UNIT": "engine", "COLS": "4"}, "COLS=4: does not apply to UNIT=engine"),
        ({"UNIT": "engine", "DEPTH": "3"}, "DEPTH=3: expected one of 2, 4, 8"),
        (
            {"UNIT": "engine", "DEPTH": "4", "POST_LANES": "5"},
            "POST_LANES=5: expected an integer from 1 to 4",
        ),
        ({"UNIT": "array", "POST_LANES": "2"}, "POST_LANES=2: does not apply to UNIT=array"),
        ({"POST_LANES": "9"}, "POST_LANES=9: expected an integer from 1 to 8"),
    ],
)
def test_bad_input_is_one_line(monkeypatch, capsys, given, said):
    assert call("synth", given) == 2
    out, err = capsys.readouterr()
    assert (out, err) == ("", f"synth: {said}\n")


def test_defaults():
    assert from_environment({}) == Job() == from_environment({"ROWS": "", "TARGET": ""})
    wide = from_environment({"POST_LANES": "8"})
    assert wide.core.post_lanes == 8
    assert wide.label == "core 8x8x1, 8 requantisers"
    assert ("POST_LANES", 8) in wide.of_flow().parameters
    engine = from_environment({"UNIT": "engine"})
    assert (engine.label, engine.macs, engine.core.post_lanes) == ("engine 1x8x8", 64, 2)
    assert ("WORDS", 8192) in engine.of_flow().parameters
    with pytest.raises(InputError):
        from_environment({"ROWS": "1" * 5000})


# --- what is counted and kept -------------------------------------------------------------------------------


@pytest.fixture
def fresh_build(tmp_path, monkeypatch):
    monkeypatch.setattr(flow, "BUILD", tmp_path / "synth")
    return tmp_path / "synth"


@pytest.mark.sampled(4)
@pytest.mark.parametrize(("target", "dsp"), [("ecp5", 2), ("ice40", 1), ("gowin", 2), ("xilinx", 2)])
def test_a_small_array(target, dsp):
    """Two products per cell: two blocks on ECP5, one on iCE40."""
    found = flow.synthesise(target, Job(target, "array", 1, 1, 2).of_flow())
    area = found.area()
    assert area["lut"] > 30
    assert area["ff"] > 60
    assert dsp is None or area["dsp"] == dsp
    assert "module mac_array(" in found.verilog.read_text()
    netlist = flow.netlist(target, "mac_array", {"ROWS": 1, "COLS": 1, "DEPTH": 2}).read_text()
    assert netlist.count("endmodule") == 1


@pytest.mark.sampled(2)
@pytest.mark.parametrize("formats", ["BF16", "DUAL"])
@pytest.mark.parametrize("unit", ["array", pytest.param("core", marks=pytest.mark.nightly)])
def test_floats(unit, formats):
    """The float formats too; a cell's multiplier is in a block."""
    found = flow.synthesise("ecp5", Job("ecp5", unit, 1, 1, 1, formats).of_flow())
    assert found.area()["dsp"] >= 1


def test_memory_made_of_luts_counts(monkeypatch):
    """Four LUTs hold 16 words of four bits, two more write them on ECP5; an unknown cell is rejected."""
    found = flow.Netlist(targets.TARGETS["ecp5"], flow.Unit("u", "u"), None)
    cells = {"LUT4": 10, "CCU2C": 3, "TRELLIS_DPR16X4": 2, "PFUMX": 1, "TRELLIS_FF": 7}
    monkeypatch.setitem(found.__dict__, "cells", cells)
    assert found.area() == {"lut": 10 + 6 + 12, "ff": 7, "carry": 3, "dsp": 0, "bram": 0}
    cells["EHXPLLL"] = 1
    with pytest.raises(tools.FlowError, match="u: no LUT count is defined for EHXPLLL"):
        found.area()


def test_multipliers_share_a_zero_of_their_own():
    """On ECP5: all of RST0 on the net of one LUT, and nothing else on it."""
    text = flow.synthesise("ecp5", Job("ecp5", "array", 1, 1, 2).of_flow()).verilog.read_text()
    pins = re.findall(r"\.(\w+)\(zero_of_MULT18X18D_RST0\)", text)
    assert sorted(pins) == ["RST0", "RST0", "Z"]
    assert re.search(r"LUT4 #\(\s*\.INIT\(16'h0000\)\s*\) zero_of_MULT18X18D_RST0_lut ", text)
    other = flow.synthesise("ice40", Job("ice40", "array", 1, 1, 2).of_flow()).verilog.read_text()
    assert "zero_of" not in other


def test_placed_on_ice40(monkeypatch, capsys):
    """The whole program: a table on stdout, JSON with a clock rate, the second run out of the cache."""
    given = dict(TARGET="ice40", UNIT="array", ROWS="1", COLS="1", DEPTH="2", SEEDS="1")
    monkeypatch.setattr(program, "run", lambda job, say: [program.measure(job, say)])  # no textbook
    assert program.main(given) == 0
    out = capsys.readouterr().out
    assert "| array 1x1x2 |" in out
    found = json.loads((flow.BUILD / "ice40-array.json").read_text())
    result = found["results"][0]
    assert (result["dsp"], result["macs"]) == (1, 2)
    assert 20 < result["fmax"]["median"] < 200
    assert result["gmacs"] == pytest.approx(2 * result["fmax"]["median"] / 1000)
    before = {path: path.stat().st_mtime_ns for path in flow.BUILD.iterdir() if path.is_dir()}
    assert program.main(given) == 0
    assert before == {path: path.stat().st_mtime_ns for path in flow.BUILD.iterdir() if path.is_dir()}


def test_placed_on_gowin():
    """nextpnr takes the netlist, whose ports are no pads, and the wrapper's pins."""
    found = program.measure(Job("gowin", "array", 1, 1, 1))
    assert (found["placed"], found["fmax"], found["dsp"]) == (1, None, 1)
    assert not {kind for kind in found["cells"] if "BUF" in kind}


def test_no_room_for_a_carry_chain_is_too_large(monkeypatch):
    """nextpnr's message for a design that does not fit is distinguished from its other errors."""
    found = flow.synthesise("ice40", Job("ice40", "array", 1, 1, 2).of_flow())
    for said, error in [
        ("failed to place chain starting at cell 'x'", tools.TooLarge),
        ("Unable to find legal placement for cell 'x'", tools.TooLarge),
        ("Unconstrained IO:so", tools.FlowError),
    ]:
        monkeypatch.setattr(flow, "PLACE", f"import sys; print({'ERROR: ' + said!r}); sys.exit(125)")
        with pytest.raises(tools.FlowError, match=said) as caught:
            flow.place(found, 999, "heap")
        assert caught.type is error


def test_the_first_seed_that_fails_starts_no_more(monkeypatch):
    """Those that wait for a processor are not placed."""
    placed = []

    def place(found, seed, placer):
        placed.append(seed)
        if seed > 1:
            time.sleep(2)
        raise tools.TooLarge(f"seed {seed}")

    monkeypatch.setattr(flow, "place", place)
    monkeypatch.setattr(program.os, "sched_getaffinity", lambda pid: {0, 1})
    with pytest.raises(tools.TooLarge, match="seed 1"):
        program.measure(Job("ice40", "array", 1, 1, 2, seeds=9))
    assert sorted(placed) in ([1], [1, 2], [1, 2, 3])  # two threads, in any order


def test_what_does_not_fit_has_a_row_with_its_area(tmp_path, monkeypatch, capsys):
    def measure(job, say):
        raise tools.TooLarge("too large")

    monkeypatch.setattr(program, "measure", measure)
    monkeypatch.setattr(tables, "jobs", lambda target, seeds: [Job(target, "array", 1, 1, 2)])
    monkeypatch.setattr(flow, "BUILD", tmp_path)
    program.show_table("ice40", 1, lambda *_, **__: None, Report(Markdown(), "table"))
    (row,) = (line for line in capsys.readouterr().out.splitlines() if "1x1x2" in line)
    assert re.match(r"\| array 1x1x2 \| \d+ \| \d+ \| \d+ \| 1 \| 0 \| heap \| does not fit \|", row)
    assert row.count("|") == len(tables.HEAD) + 1
    assert json.loads((tmp_path / "table-ice40.json").read_text())["results"][0]["failed"] == "too large"


def test_a_failure_leaves_nothing_behind(fresh_build):
    with pytest.raises(tools.FlowError, match="ERROR_pe_int8_DEPTH_must_be_1_to_8"):
        flow.synthesise("ecp5", flow.Unit("pe", "pe_int8", (("DEPTH", 9),)))
    assert list(fresh_build.iterdir()) == []


def test_a_module_is_made_of_what_it_needs():
    names = {path.name for path in verilog.sources("ecp5", "requantize")}
    assert {"mul18x18.v", "mul34x32.v", "rounding.v"} <= names
    assert "mac_array.v" not in names
    assert verilog.code("wire a; // a comment\n  // another\n\nwire b;\n") == "wire a;\nwire b;\n"
    (path,) = (p for p in verilog.sources("ecp5", "requantize") if p.name == "mul34x32.v")
    assert path.parent.name == "ecp5"
    (path,) = (p for p in verilog.sources("ecp5", "requantize", portable=True) if p.name == "mul34x32.v")
    assert path.parent.name == "arith"


class Wanted(Exception):
    """The folder that a result would be made in."""


@pytest.fixture
def folders(tmp_path, monkeypatch):
    """Functions that tell a netlist's, a wrapper's and a placement's folder instead of making it."""

    def fresh(folder):
        raise Wanted(folder)

    def name(function, *arguments):
        with pytest.raises(Wanted) as wanted:
            function(*arguments)
        return wanted.value.args[0].name

    monkeypatch.setattr(flow, "BUILD", tmp_path / "synth")
    monkeypatch.setattr(flow, "fresh", fresh)
    (tmp_path / "netlist-1").mkdir()
    (tmp_path / "wrapper.json").write_text('{"src": "a.v:1", "cell": 1}')
    return name


def test_what_changes_a_netlist_changes_its_name(folders, monkeypatch):
    unit = Job("ecp5", "array", 1, 1, 2).of_flow()
    plain, names = folders(flow.synthesise, "ecp5", unit), []

    def longer(suffix, more):
        return lambda m: m.setattr(verilog, "text", lambda p: p.read_text() + more * (p.suffix == suffix))

    for change in [
        longer(".v", "wire x;"),
        longer(".py", "#"),
        lambda m: m.setattr(flow.metadata, "version", lambda name: "0"),
        lambda m: m.setattr(targets.Target, "passes", lambda target, top: ["another"]),
        lambda m: m.setattr(targets.Target, "maps", []),
    ]:
        with monkeypatch.context() as patch:
            change(patch)
            names.append(folders(flow.synthesise, "ecp5", unit))
    names += [
        folders(flow.synthesise, "ecp5", other)
        for other in (
            Job("ecp5", "array", 1, 2, 2).of_flow(),
            Job("ecp5", "array", 1, 1, 2, multiplier="plain").of_flow(),
            flow.Unit(unit.name, unit.module, (*unit.parameters, ("LUT_ROWS", 1))),
        )
    ]
    assert len({plain, *names}) == len(names) + 1
    longer(".v", "// a comment\n")(monkeypatch)
    assert folders(flow.synthesise, "ecp5", unit) == plain


def test_what_changes_a_placement_changes_its_name(folders, tmp_path, monkeypatch):
    wrapper = tmp_path / "wrapper.json"
    monkeypatch.setattr(flow, "wrapped", lambda found: wrapper)

    def place(target="ecp5", seed=1, placer="heap"):
        netlist = flow.Netlist(targets.TARGETS[target], flow.Unit("u", "u"), tmp_path / "netlist-1")
        return folders(flow.place, netlist, seed, placer)

    names = [
        place(),
        place(seed=2),
        place(placer="sa"),
        place(placer="static"),
        place("ice40"),
        place("gowin"),
    ]
    wrapper.write_text('{"src": "a.v:1", "cell": 2}')
    names.append(place())
    wrapper.write_text('{"src": "b.v:2", "cell": 1}')  # where a line stood is no difference
    assert place() == names[0]
    monkeypatch.setattr(flow.metadata, "version", lambda name: "0")
    assert len({*names, place()}) == len(names) + 1


def test_what_changes_a_frame_changes_its_name(folders, tmp_path, monkeypatch):
    netlist = flow.Netlist(targets.TARGETS["ice40"], flow.Unit("u", "u"), tmp_path / "netlist-1")
    netlist.__dict__["ports"] = {"clk": ("input", 1), "a": ("input", 2), "y": ("output", 2)}
    names = [folders(flow.wrapped, netlist)]
    for change in [
        lambda m: m.setitem(netlist.__dict__, "ports", {**netlist.ports, "a": ("input", 3)}),
        lambda m: m.setattr(flow, "WRAPPER", "other"),
        lambda m: m.setattr(flow.metadata, "version", lambda name: "0"),
    ]:
        with monkeypatch.context() as patch:
            change(patch)
            names.append(folders(flow.wrapped, netlist))
    other = flow.Netlist(netlist.target, netlist.unit, tmp_path / "netlist-2")
    other.__dict__["ports"] = netlist.ports
    assert len({*names, folders(flow.wrapped, other)}) == len(names) + 1


# --- early ends
# ----------------------------------------------------------------------------------------------


def test_too_large_is_said_before_the_textbook_array_is_placed(tmp_path, monkeypatch, capsys):
    """The first failure ends the running tools, and waiting ones are not started."""

    def measure(job, say):
        if job.unit == "textbook":
            tools.tool("nextpnr", [sys.executable, "-c", "import time; time.sleep(600)"], paths.ROOT)
        raise tools.TooLarge(f"{job.label}: 9 LUT, and a stamp has 8")

    monkeypatch.setattr(program, "measure", measure)
    monkeypatch.setattr(flow, "BUILD", tmp_path)
    began = time.monotonic()
    assert call("synth", {"TARGET": "ice40"}) == 1
    assert capsys.readouterr().err == "synth: core 2x2x4: 9 LUT, and a stamp has 8\n"
    assert time.monotonic() - began < environment.limit(60)
    assert not tools.RUNNING
    assert tools.tool("Python", [sys.executable, "-c", "print(1)"], paths.ROOT) == (0, "1\n")  # it is over


def test_a_tool_that_computes_for_too_long_is_ended(tmp_path, monkeypatch):
    """Yosys with a memory of 2^16 words as registers, which would take a minute and more."""
    (tmp_path / "large.v").write_text(
        "module large (input clk, input [15:0] a, input [7:0] d, output [7:0] q);\n"
        "    reg [7:0] mem [0:65535];\n"
        "    always @(posedge clk) mem[a] <= d;\n"
        "    assign q = mem[a];\n"
        "endmodule\n"
    )
    monkeypatch.setattr(tools, "YOSYS_TIMEOUT", 2)
    limit = f"{environment.limit(2):,.0f} s of CPU time"
    with pytest.raises(tools.FlowError, match=rf"^Yosys: not finished after {limit}"):
        tools.yosys(["read_verilog large.v", "proc", "memory", "techmap", "opt -full"], tmp_path)


def test_an_interrupt_ends_all_tools(tmp_path):
    """Running and waiting tools: none is left, and the status reports it."""
    script = (
        "import pathlib, sys; from macrame.cli import command, signals\n"
        "from macrame.synth import flow, tools\n"
        "from macrame.synth import measure as program\n"
        "flow.BUILD = pathlib.Path(sys.argv[1])\n"
        "sleep = [sys.executable, '-c', 'import time; print(1, flush=True); time.sleep(600)']\n"
        "def measure(job, say):\n"
        "    with tools.ThreadPoolExecutor(8) as pool:\n"
        "        list(pool.map(lambda _: tools.tool('sleep', sleep, '.'), range(8)))\n"
        "program.measure = measure\n"
        "signals.working()\n"
        "print('ready', flush=True)\n"
        "sys.exit(command.call('synth', {}, [], str, 'synth'))\n"
    )
    clean = {name: value for name, value in os.environ.items() if name not in settings.NAMES}
    with subprocess.Popen(
        [sys.executable, "-c", script, tmp_path],
        cwd=paths.ROOT,
        text=True,
        env=clean,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as child:
        try:
            assert child.stdout.readline() == "ready\n"
            time.sleep(2)
            child.send_signal(signal.SIGTERM)
            _, said = child.communicate(timeout=environment.limit(60))
        finally:
            child.kill()
    assert (child.returncode, said) == (130, "synth: interrupted\n")


@pytest.mark.nightly
@pytest.mark.parametrize(
    ("job", "luts", "rate"),
    [
        (Job("ecp5", "array", 2, 4, 8, placer="sa", seeds=3), 1700, 180),
        (Job("ecp5", "array", 8, 8, 1, placer="sa", seeds=3), 66 * 64, 170),
        (Job("ecp5", "array", 4, 4, 8, placer="sa", seeds=3), None, 150),
        (Job("ecp5", "array", 2, 4, 8, placer="sa", multiplier="plain", seeds=3), None, 95),
        (Job("ecp5", "core", 8, 8, 1, seeds=3), None, 120),
        (Job("ecp5", "requantize", seeds=3), 520, 130),
        (Job("ecp5", "elementwise", seeds=3), 1200, 130),
        (Job("ice40", "array", 1, 2, 8, placer="sa", seeds=3), 450, 66),
    ],
    ids=lambda value: value.label if isinstance(value, Job) else None,
)
def test_figures_to_reach(job, luts, rate):
    """Maximum LUTs, minimum MHz, and the figures of docs/fpga.md for these units except the ratio."""
    found = program.measure(job)
    assert luts is None or found["lut"] <= luts
    assert found["fmax"]["median"] >= rate
    cells = [column.written(cell) for column, cell in zip(tables.COLUMNS, tables.row(found, None))]
    assert "| " + " | ".join(cells[:-1]) in (paths.ROOT / "docs/fpga.md").read_text()


@pytest.mark.parametrize("target", targets.TARGETS)
def test_the_document_has_the_whole_table(target):
    """Its title, its heading and the rows that `make synth-table` prints, in their order, all columns."""
    lines = iter((paths.ROOT / "docs/fpga.md").read_text().splitlines())
    out = io.StringIO()
    writer = Markdown(out)
    for block in tables.blocks(target, []):
        writer.write(block)
    expected = out.getvalue().splitlines()
    assert expected[0] in lines  # which takes all lines up to it
    assert [next(lines) for _ in range(3)] == expected[1:4]
    for job in tables.jobs(target, program.TABLE_SEEDS):
        cells = next(lines).strip("|").split("|")
        assert cells[0].strip() == job.label
        assert len(cells) == len(tables.HEAD)
        assert cells[tables.HEAD.index("placer")].strip() == job.placer
    assert next(lines) == ""


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "BOARD is not given, expected one of icebreaker, ulx3s, ulx3s-engine"),
        ({"BOARD": "arty"}, "BOARD=arty: expected one of icebreaker, ulx3s, ulx3s-engine"),
        ({"BOARD": "ulx3s", "BAUD": "1e6"}, "BAUD=1e6: expected an integer from 1 to 999999999"),
        (
            {"BOARD": "ulx3s", "BAUD": "9999999"},
            "BAUD=9999999: expected 25,000,000 divided by an integer from 4 to 65535, within 1.5 %",
        ),
        ({"BOARD": "ulx3s", "SEED": "0"}, "SEED=0: expected an integer from 1 to 999999999"),
    ],
)
def test_a_board_that_cannot_be_made_is_one_line(monkeypatch, capsys, given, said):
    monkeypatch.setattr(bitstream.shutil, "rmtree", lambda *_, **__: pytest.fail("touched the old bitstream"))
    assert call("bitstream", given) == 2
    assert capsys.readouterr().err == f"bitstream: {said}\n"


def block_rams(*held):
    """A module with one block RAM for each range of the bus `u_x.data`, and a second bus `u_y.data`."""
    rams = {
        f"mem.0.{number}": {
            "type": "DP16KD",
            "connections": {"DIA0": [100 + first], "DIA1": ["x"], "DIB0": [100 + last], "ADA0": [100]},
        }
        for number, (first, last) in enumerate(held)
    }
    idle = {"type": "DP16KD", "connections": {"DIA0": ["0"], "ADA0": [100]}}
    nets = {"u_x.data": {"bits": [*range(100, 164)]}, "u_y.data": {"bits": ["0", 300]}}
    return {"netnames": nets, "cells": {**rams, "idle": idle}}


def test_block_rams_are_placed_in_the_order_of_their_bits():
    module = block_rams((18, 35), (0, 17), (18, 35), (36, 53), (0, 17))
    assert floorplan.place(module, ["u_x.data"], sites=list("abcde")) == 5
    cells = module["cells"]
    assert {name: cell.get("attributes", {}).get("BEL") for name, cell in cells.items()} == {
        "mem.0.1": "a", "mem.0.4": "b", "mem.0.0": "c", "mem.0.2": "d", "mem.0.3": "e", "idle": None,
    }  # fmt: skip


def test_block_rams_with_the_same_bits_are_in_the_order_of_their_numbers():
    module = block_rams(*[(0, 17)] * 11)
    floorplan.place(module, ["u_x.data"], sites=list("abcdefghijk"))
    placed = [module["cells"][f"mem.0.{number}"]["attributes"]["BEL"] for number in range(11)]
    assert placed == list("abcdefghijk")


@pytest.mark.parametrize(
    ("buses", "sites", "said"),
    [
        (["u_x.data", "u_z.data"], "abc", "floorplan: 0 nets named u_z.data, expected one"),
        (["data"], "abc", "floorplan: 2 nets named data, expected one"),
        (["u_x.data"], "ab", "floorplan: 3 block RAMs on u_x.data, expected 1 to 2"),
        (["u_y.data"], "ab", "floorplan: 0 block RAMs on u_y.data, expected 1 to 2"),
    ],
)
def test_a_floorplan_that_does_not_suit_the_design_is_one_line(buses, sites, said):
    module = block_rams((0, 17), (18, 35), (36, 53))
    with pytest.raises(tools.FlowError, match=f"^{re.escape(said)}$"):
        floorplan.place(module, buses, sites)
    assert all("attributes" not in cell for cell in module["cells"].values())


def test_the_floorplan_has_every_block_ram_of_the_device_once():
    assert len(floorplan.ECP5_85F) == len(set(floorplan.ECP5_85F)) == 208


@pytest.mark.parametrize(("board", "buses"), bitstream.BUSES.items())
def test_a_board_with_a_floorplan_has_its_buses(board, buses):
    sources = {Path(path).stem: verilog.text(Path(path)) for path in paths.sources(board=board)}
    for instance, bus in (name.split(".") for name in buses):
        module = instance.removeprefix("u_")
        assert any(re.search(rf"\b{module} #\([^;]*\) {instance} \(", text) for text in sources.values())
        assert re.search(rf"\[\w+-1:0\] *{bus}\b", sources[module])


def test_a_board_without_its_buses_is_one_line(monkeypatch, capsys, tmp_path):
    """As after a renamed signal; nextpnr does not run, and no bitstream is left."""
    monkeypatch.setattr(environment, "build_dir", lambda: tmp_path)
    empty = {"modules": {"ulx3s_engine": {"netnames": {}, "cells": {}}}}
    monkeypatch.setattr(
        bitstream.tools, "yosys", lambda _, folder: (folder / "netlist.json").write_text(json.dumps(empty))
    )
    monkeypatch.setattr(bitstream, "run", lambda *_: pytest.fail("placed"))
    assert call("bitstream", {"BOARD": "ulx3s-engine"}) == 1
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "bitstream: synthesis",
        "bitstream: floorplan: 0 nets named u_uart_bridge.w_tdata, expected one",
    ]
    assert not list(tmp_path.rglob("*.bit"))
