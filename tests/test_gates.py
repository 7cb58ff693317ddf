# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""make gates: the netlist passes the benches, and a netlist with a fault in it does not.

What could be wrong only here: Yosys translates the RTL wrongly; a bench runs the RTL instead of the netlist;
a model is more permissive than the block; a fault in the netlist is not detected. The last is tested on
netlists
with one changed cell, like the faults of test_faults.py in the RTL."""

import json
import re
import subprocess

import pytest

from macrame import paths
from macrame.sim import simulate
from macrame.synth import flow, gates, shell, tools, verilog
from macrame.synth.settings import InputError
from tb.lib.catalogue import CASES, run
from tests.cases import cases
from tests.verbs import call

#: A core small enough for the default suite, and the tests that run on it.
QUICK = gates.Job(rows=1, cols=1, post_cycles=33)
QUICK_TESTS = ("modes", "unknowns/stalls=random")
MODULES = {
    "requantize": "requantize",
    "mac_array": "mac_array/1x1x1",
    "fifo": "fifo/64x34",
    "lead_zeros": "lead_zeros",
}


@pytest.fixture(autouse=True)
def icarus(monkeypatch):
    monkeypatch.setenv("SIM", "icarus")


def module_run(module, testcase=()):
    """A bench that runs one module alone."""
    case = CASES[MODULES[module]]
    parameters = case.parameters if case.toplevel == module else {}
    return gates.Run(gates.unit(module, parameters, gates.Job()), case, testcase)


def simulated(target, run, name, netlist=None, folder=None):
    """Run it on the netlist, or on another text of the netlist."""
    made = shell.design(flow.synthesise(target, run.unit), netlist, folder)
    return made, gates.start(run, made, f"gates/{target}/{name}", 1, timeout=300)


# --- the model of the block RAM -----------------------------------------------------------------------------


@pytest.mark.sampled(3)
@pytest.mark.parametrize("case", cases("block_ram"))
def test_block_ram(case, seed):
    run(case, seed=seed)


@pytest.mark.parametrize(
    ("parameters", "said"),
    [
        ({"A_W": 18, "B_W": 36}, "ERROR_DP16KD_reads_36_bits_only_where_it_writes_36"),
        ({"A_W": 8}, "ERROR_DP16KD_widths_are_1_2_4_9_18_or_36"),
    ],
)
def test_block_ram_refuses(parameters, said):
    case = CASES["block_ram/36to36"]
    with pytest.raises(simulate.Failed, match=said):
        simulate.build(toplevel=case.toplevel, sources=case.sources(), parameters=parameters)


def test_block_ram_is_verilog_2005(tmp_path):
    done = subprocess.run(
        [
            "iverilog",
            "-g2005",
            "-Wall",
            "-o",
            tmp_path / "program",
            "-s",
            "DP16KD",
            str(shell.OWN / "DP16KD.v"),
        ],
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


# --- netlists -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["ecp5", pytest.param("ice40", marks=pytest.mark.thorough)])
def test_core(target):
    """The complete core, including its AXI ports, from X on all unused bits to a reset."""
    made = gates.core(QUICK)
    case = gates.first("macrame", made.parameters)
    found, result = simulated(target, gates.Run(made, case, QUICK_TESTS), "quick")
    assert len(result.passed) == 2
    assert sum(found.cells.values()) > 2500
    assert {"ecp5": "DP16KD", "ice40": "SB_RAM40_4K"}[target] in found.cells


@pytest.mark.nightly
@pytest.mark.parametrize("target", gates.TARGETS)
@pytest.mark.parametrize("unit", ["all", "modules"])
def test_everything(monkeypatch, capsys, target, unit):
    """make gates itself, with its defaults."""
    assert gates.main({"TARGET": target, "UNIT": unit}) == 0, capsys.readouterr()


# --- a fault in the netlist is detected
# -------------------------------------------------------------------------


def driver(netlist, net):
    """The instance that drives a net; after a multiplexer of LUTs, the LUT of one of its inputs."""
    (text,) = [
        match[0]
        for match in re.finditer(shell.INSTANCE, netlist, re.M)
        if re.search(rf"\.(?:Q|Z|O)\({re.escape(net)}\)", match[0])
    ]
    mux = re.search(r"\.(?:BLUT|D0)\((.*?)\)\n?", text)
    return driver(netlist, mux[1]) if mux else text


def flipped_lut(netlist, net, bit):
    """One bit of the LUT before the register of a net."""
    register = driver(netlist, net)
    lut = driver(netlist, re.search(r"\.DI?\((.*?)\),?\n", register)[1])
    number = re.search(r"INIT\(16'h([0-9a-f]{4})\)", lut)[1]
    return netlist.replace(lut, lut.replace(f"16'h{number}", f"16'h{int(number, 16) ^ 1 << bit:04x}"))


def once(netlist, pattern, put, which=0):
    """One of a pattern's places replaced."""
    match = list(re.finditer(pattern, netlist))[which]
    return netlist[: match.start()] + match.expand(put) + netlist[match.end() :]


#: Family, module, tests, the fault, the function that injects it.
FAULTS = [
    ("ecp5", "requantize", "mixed", "a bit of a LUT", lambda n: flipped_lut(n, "q[0]", 0)),
    (
        "ecp5",
        "requantize",
        "mixed",
        "no output register",
        lambda n: once(n, r'(REG_OUTPUT_CLK)\("CLK0"\)', r'\1("NONE")'),
    ),
    (
        "ecp5",
        "mac_array",
        "tiles",
        "a carry",
        lambda n: once(n, r"\.CIN\((?!1')[^\n]*\),\n", ".CIN(1'h0),\n", 5),
    ),
    (
        "ecp5",
        "mac_array",
        "tiles",
        "a register on another edge",
        lambda n: once(n, r'CLKMUX\("CLK"\)', 'CLKMUX("INV")', 20),
    ),
    ("ecp5", "fifo", "stream", "a byte enable", lambda n: once(n, r"\.ADA3\([^\n]*\),\n", ".ADA3(1'h0),\n")),
    (
        "ice40",
        "mac_array",
        "tiles",
        "no output register",
        lambda n: once(n, r"BOT_8x8_MULT_REG\(1'h1\)", "BOT_8x8_MULT_REG(1'h0)"),
    ),
    (
        "ice40",
        "mac_array",
        "tiles",
        "a carry",
        lambda n: once(n, r"\.CI\((?!1')[^\n]*\),\n", ".CI(1'h0),\n", 9),
    ),
    (
        "ice40",
        "mac_array",
        "tiles",
        "a bit of a LUT",
        lambda n: once(n, r"LUT_INIT\(16'h6996\)", "LUT_INIT(16'h6997)"),
    ),
    (
        "ice40",
        "fifo",
        "stream",
        "write enables",
        lambda n: once(n, r"\.MASK\([^\n]*\),\n", ".MASK(16'h00f0),\n"),
    ),
]
DAILY = {("ecp5", "a byte enable"), ("ice40", "no output register")}


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("target", "module", "testcase", "what", "change"),
    [
        pytest.param(
            *fault,
            id="-".join(fault[:2] + fault[3:4]).replace(" ", "-"),
            marks=[] if (fault[0], fault[3]) in DAILY else [pytest.mark.nightly],
        )
        for fault in FAULTS
    ],
)
def test_a_fault_in_the_netlist_is_seen(tmp_path, target, module, testcase, what, change):
    wanted = module_run(module, (testcase,))
    netlist = flow.synthesise(target, wanted.unit).verilog.read_text()
    changed = change(netlist)
    assert changed != netlist
    with pytest.raises(simulate.Failed) as caught:
        simulated(target, wanted, "fault", changed, tmp_path)
    assert caught.value.kind == "test", str(caught.value)


# --- it is the netlist that runs ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def small():
    """A netlist of LUTs alone."""
    return flow.synthesise("ecp5", flow.Unit("lead_zeros", "lead_zeros"))


@pytest.mark.parametrize(
    ("find", "put", "said"),
    [
        ("endmodule", "  always @* $finish;\nendmodule", "more than cells and wires"),
        ("endmodule", "  assign count = ~x;\nendmodule", "more than cells and wires"),
        ("LUT4 #(", "LUT5 #(", "Yosys counted"),
        ("    .A(", "    .A_(", "a LUT4 without A"),
    ],
)
def test_more_or_less_than_cells_is_refused(tmp_path, small, find, put, said):
    netlist = small.verilog.read_text().replace(find, put, 1)
    with pytest.raises(tools.FlowError, match=said):
        shell.design(small, netlist, tmp_path)


def test_a_cell_without_a_model_is_refused(small):
    with pytest.raises(tools.FlowError, match="no model of EHXPLLL"):
        shell.check_netlist(small.verilog.read_text(), {**small.cells, "EHXPLLL": 1}, shell.models("ecp5"))


def test_a_program_of_the_rtl_is_not_taken_for_the_netlist(tmp_path, small):
    made = shell.design(small, folder=tmp_path)
    case = CASES["lead_zeros"]
    folder = simulate.build(toplevel=case.toplevel, sources=case.sources())
    with pytest.raises(tools.FlowError, match="not the netlist alone"):
        shell.check_program(folder / f"{case.toplevel}.vvp", made)
    assert not [path for path in made.sources if paths.RTL in path.parents]


def test_the_shell_has_the_synthesised_parameters_and_no_others(tmp_path):
    wanted = module_run("mac_array")
    made = shell.design(flow.synthesise("ecp5", wanted.unit), folder=tmp_path)
    for given, said in (({"ROWS": 2}, "ROWS must be 1"), ({"TAG_W": 2}, "TAG_W must be its default")):
        with pytest.raises(simulate.Failed, match=rf"{said} \(mac_array_netlist\)"):
            simulate.build(
                toplevel="mac_array",
                sources=made.sources,
                parameters={"ROWS": 1, "COLS": 1, "DEPTH": 1, **given},
            )


# --- the program --------------------------------------------------------------------------------------------


@pytest.fixture
def one_module(monkeypatch, tmp_path):
    """make gates, with a minimal plan."""
    monkeypatch.setattr(gates, "plan", lambda job, simulator=None: [module_run("lead_zeros")])


def test_program(one_module, capsys):
    assert gates.main({}) == 0
    out = capsys.readouterr().out
    assert re.search(r"\| lead_zeros \| \d+ \| lead_zeros \| icarus \| \d+ passed \|", out)
    (report,) = json.loads((shell.BUILD / "ecp5-all.json").read_text())["runs"]
    assert report["passed"] >= 1
    assert report["failed"] == 0
    assert report["cells"]["LUT4"] > 20


def test_a_failing_netlist_is_reported(one_module, capsys, monkeypatch, tmp_path):
    def faulty(found):
        return real(found, once(found.verilog.read_text(), r"INIT\(16'h....\)", "INIT(16'h1234)"), tmp_path)

    real = shell.design
    monkeypatch.setattr(shell, "design", faulty)
    assert gates.main({}) == 1
    out, err = capsys.readouterr()
    assert "1 FAILED" in out
    assert "expected" in err
    assert "The RTL with these parameters passes them: the netlist differs from the RTL." in err


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"TARGET": "gowin"}, "TARGET=gowin: expected one of ecp5, ice40"),
        ({"UNIT": "cell"}, "UNIT=cell: expected one of all, core, array, requantize, modules"),
        ({"ROWS": "9"}, "ROWS=9: expected an integer from 1 to 8"),
        ({"DEPTH": "two"}, "DEPTH=two: expected an integer from 1 to 8"),
        ({"FORMATS": "DUAL", "DEPTH": "2"}, "DEPTH=2: expected 1 with FORMATS=DUAL"),
        ({"POST_CYCLES": "8"}, "POST_CYCLES=8: expected 1, or 33 to 64"),
        ({"POST_CYCLES": "65"}, "POST_CYCLES=65: expected 1, or 33 to 64"),
        ({"POST_CYCLES": "33", "FORMATS": "BF16"}, "POST_CYCLES=33: expected 1 with FORMATS=BF16"),
        ({"UNIT": "modules", "ROWS": "2"}, "ROWS=2: does not apply to UNIT=modules"),
        ({"SIM": "modelsim"}, "SIM=modelsim: expected one of icarus, verilator"),
        ({"SEED": "-1"}, "SEED=-1: expected an integer from 0 to 999999999"),
    ],
)
def test_bad_input_is_one_line(one_module, monkeypatch, capsys, given, said):
    assert call("gates", given) == 2
    assert capsys.readouterr() == ("", f"gates: {said}\n")


def test_plan():
    runs = gates.plan(gates.Job())
    assert {run.case.bench for run in runs} == {*gates.CORE["INT8"], "mac_array", "requantize"}
    assert {run.simulator for run in runs} == {"verilator", "icarus"}
    assert {run.simulator for run in gates.plan(gates.Job(unit="modules"), "icarus")} == {"icarus"}
    sources = {path.stem: path for path in paths.RTL.rglob("*.v")}
    listed = {name.split("/")[0] for name in gates.MODULES}
    assert listed <= set(sources)
    for module in listed:
        text, defaults = verilog.header(sources[module].read_text(), module)
        assert len(defaults) == text.count("parameter")
    with pytest.raises(InputError):
        gates.from_environment({"ROWS": "1" * 5000})


@pytest.mark.parametrize(("given", "missing"), [({}, "icarus"), ({"SIM": "verilator"}, "verilator")])
def test_a_missing_tool_is_said_before_anything_is_synthesised(monkeypatch, given, missing):
    def check_tools(name):
        if name == missing:
            raise simulate.SetupError(f"{name} is missing")

    monkeypatch.setattr(simulate, "check_tools", check_tools)
    monkeypatch.setattr(gates, "measure", None)
    with pytest.raises(simulate.SetupError, match=f"^{missing} is missing$"):
        gates.main(given)
