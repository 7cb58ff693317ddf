# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""examples/: its benches pass and can fail, the README's commands run, its ports are those of rtl/macrame.v.

What could be wrong with an example: a command that no longer works; a bench that always passes; expected
numbers copied from the RTL; a port table or a template that does not match the core.
"""

import importlib.metadata
import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from examples import axi_bench
from macrame import environment, paths
from macrame.dev import lint
from macrame.golden import gemm
from macrame.golden.arith.requantize import requantize
from macrame.host import packets
from macrame.sim import simulate
from tests.test_docs import blocks, code, table, text_of

ROOT = paths.ROOT
README = "examples/README.md"
VERILOG = text_of("examples/first_product.v")


def shell(script, cwd):
    """A script of README.md, typed in a folder that looks like the project's and has no build/."""
    for path in ROOT.iterdir():
        if path.name not in (".git", "build") and not (cwd / path.name).exists():
            (cwd / path.name).symlink_to(path)
    env = {**os.environ, "PATH": f"{os.path.dirname(sys.executable)}:{os.environ['PATH']}"}
    return subprocess.run(
        ["bash", "-eu", "-c", script],
        cwd=cwd,
        env={name: value for name, value in env.items() if not name.startswith("COCOTB_") and name != "SIM"},
        timeout=environment.limit(300),
        capture_output=True,
        text=True,
    )


def script(words):
    """The one block of commands in README.md that holds these words."""
    (found,) = [block for _, block in blocks(text_of(README), "sh") if words in block]
    return found


# --- plain Verilog ------------------------------------------------------------------------------------------


def test_first_product(tmp_path):
    done = shell(script("first_product"), tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    said = done.stdout.splitlines()
    (shown,) = [block.splitlines() for _, block in blocks(text_of(README), "text")]
    assert said[-len(shown) :] == shown
    assert all(line.startswith("PASS  ") for line in said)
    assert said[-1] == f"PASS  all {len(said) - 1} checks"


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("64'h0000_0000_0000_8044", "64'h0000_0000_0000_8045", "FAIL  tdata of row 2: 8044, expected 8045"),
        ("_7F7F, 8'h03, 1'b1", "_7F7F, 8'h07, 1'b1", "FAIL  tkeep of row 3: 3, expected 7"),
        ("_4467, 8'hFF, 1'b0", "_4467, 8'hFF, 1'b1", "FAIL  tlast of row 4: 0, expected 1"),
        ("TILES, 32'd3", "TILES, 32'd4", "FAIL  TILES at 40: 3, expected 4"),
        ("send_a(16'h007F, RELEASE, 1'b1)", "send_a(16'h007F, NONE, 1'b1)", "FAIL  after 4 rows of 6"),
        ("send_w(16'hF807, 8'd0, 1'b1)", "send_w(16'hF807, 8'd0, 1'b0)", "FAIL  after 0 rows of 6"),
        ("GEMMLOWP, 1'b0", "RAW, 1'b0", "FAIL  tkeep of row 0: ff, expected 3"),
    ],
)
def test_first_product_fails(tmp_path, right, wrong, said):
    assert VERILOG.count(right) == 1
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "first_product.v").write_text(VERILOG.replace(right, wrong))
    done = shell(script("first_product"), tmp_path)
    assert done.returncode == 1
    assert said in done.stdout
    assert "PASS  all" not in done.stdout


def calls(task):
    """Arguments of each call of a task in first_product.v, as numbers; a repeated call is several."""
    names = dict(re.findall(r"(\w+) = (\d'[bd]\d+)", VERILOG))

    def number(text):
        width, base, digits = re.match(r"(\d+)'([bdh])(\w+)", names.get(text, text)).groups()
        value = int(digits, {"b": 2, "d": 10, "h": 16}[base])
        assert value < 1 << int(width)
        return value

    found = []
    for times, arguments in re.findall(rf"^ +(?:repeat \((\d+)\) )?{task}\((\w.*)\);", VERILOG, re.MULTILINE):
        found += [[number(word.strip()) for word in arguments.split(",")]] * int(times or 1)
    return found


def matrices(letter):
    """The matrices in the comments of first_product.v, "W = [5 6; 7 -8]"."""
    return [
        np.array([row.split() for row in text.split(";")], np.int8)
        for text in re.findall(rf"// {letter} = \[(.*?)\]", VERILOG)
    ]


def test_the_beats_of_first_product_are_the_hosts():
    """Each packet as host/ makes it from the matrices in the comments."""
    records = [
        packets.records(2, bias=[10, -20], multiplier=1 << 30, shift=-1, zero_point=3),
        packets.records(2, bias=[1000, -1], low=0, high=0),
    ]
    modes = [packets.MODES["gemmlowp"], packets.MODES["raw"]]
    expected = []
    for w, record, mode in zip(matrices("W"), records, modes, strict=True):
        beats = packets.flatten(*packets.weight_panels(w, record, cols=2, depth=1, mode=mode))
        expected += zip(beats.data.copy().view("<u2")[:, 0], beats.user, beats.last)
    assert calls("send_w") == [list(map(int, beat)) for beat in expected]
    expected = []
    for a, flags in zip(matrices("A"), (0, packets.RELEASE, packets.RELEASE), strict=True):
        beats = packets.flatten(*packets.activation_panels(a, rows=2, depth=1, flags=flags))
        expected += zip(beats.data.copy().view("<u2")[:, 0], beats.user, beats.last)
    assert calls("send_a") == [list(map(int, beat)) for beat in expected]


def test_the_results_of_first_product_are_goldens():
    """Rows that are expected, and the matrices in the comments next to them."""
    (w1, w2), (a1, a2, a3) = matrices("W"), matrices("A")
    tiles = [
        requantize(gemm.add_bias(gemm.gemm(a, w1), [10, -20]), 1 << 30, -1, 3, -128, 127, "gemmlowp")
        for a in (a1, a2)
    ]
    tiles.append(gemm.add_bias(gemm.gemm(a3, w2), [1000, -1]))
    rows = [(row, number == len(tile) - 1) for tile in tiles for number, row in enumerate(tile)]
    assert calls("take_row") == [
        [int.from_bytes(row.tobytes(), "little"), (1 << row.nbytes) - 1, int(last)] for row, last in rows
    ]
    beside = re.findall(r"// .*\[(.*)\]$", VERILOG.partition("task take_tiles")[2], re.MULTILINE)
    shown = [[[int(value) for value in row.split()] for row in text.split(";")] for text in beside]
    assert shown == [tile.tolist() for tile in tiles]


# --- cocotb -------------------------------------------------------------------------------------------------


def test_axi_bench_by_its_command(tmp_path):
    done = shell(script("axi_bench"), tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "TESTS=2 PASS=2 FAIL=0" in done.stdout
    assert (tmp_path / "build" / "axi_bench").is_dir()


@pytest.mark.sampled(2)
@pytest.mark.parametrize(
    ("right", "wrong"),
    [("zip(operands, (NONE, RELEASE))", "zip(operands, (RELEASE, RELEASE))"), ("+ 256)", "+ 0)")],
    ids=["hangs", "differs"],
)
def test_axi_bench_fails(tmp_path, right, wrong):
    text = text_of("examples/axi_bench.py")
    assert text.count(right) == 1
    (tmp_path / "examples").mkdir()
    (tmp_path / "examples" / "axi_bench.py").write_text(text.replace(right, wrong))
    done = shell(script("axi_bench"), tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "FAIL=1" in done.stdout


@pytest.mark.sampled(3)
@pytest.mark.parametrize(
    ("simulator", "shape"),
    [
        ("icarus", (1, 1, 1)),
        ("icarus", (2, 3, 1)),
        ("icarus", (3, 2, 5)),
        ("icarus", (4, 4, 8)),
        ("verilator", (2, 3, 1)),
    ],
)
def test_axi_bench(monkeypatch, simulator, shape):
    if simulator == "verilator" and not shutil.which("g++"):
        pytest.skip("g++ is not on PATH: sudo apt-get install g++")
    monkeypatch.setenv("SIM", simulator)
    simulate.run(
        "examples/axi_bench-" + "x".join(map(str, shape)),
        toplevel="macrame",
        module="examples.axi_bench",
        sources=simulate.core_sources(),
        parameters={**dict(zip(("ROWS", "COLS", "DEPTH"), shape)), "K_MAX": 64, "POST_LANES": 1},
    )


def test_the_expected_values_of_axi_bench_are_goldens():
    x = np.concatenate([np.arange(-200_000, 200_000), [-(2**31), 2**31 - 1]]).astype(np.int32)
    for zero_point in (-3, 0, 100):
        golden = requantize(x, 1 << 30, -9, zero_point, -128, 127, "ruy")
        np.testing.assert_array_equal(axi_bench.ruy(x, zero_point), golden)


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 8])
def test_the_packets_of_axi_bench_are_the_hosts(depth):
    rng = np.random.default_rng(depth)
    w, a = axi_bench.full_range(rng, 3 * depth, 5), axi_bench.full_range(rng, 4, 3 * depth)
    bias = rng.integers(-(2**31), 2**31, 5).astype(np.int32)
    record = packets.records(5, bias=bias, multiplier=12345, shift=-7, zero_point=-9, low=-100, high=99)
    beats = packets.flatten(*packets.weight_panels(w, record, cols=5, depth=depth, mode=2))
    frame = axi_bench.weight_packet(w, bias, depth, 2, 12345, -7, -9, -100, 99)
    assert (bytes(frame.tdata), frame.tuser) == (beats.data.tobytes(), beats.user[0])
    beats = packets.flatten(*packets.activation_panels(a, rows=4, depth=depth, flags=1))
    frame = axi_bench.activation_packet(a, depth, 1)
    assert (bytes(frame.tdata), frame.tuser) == (beats.data.tobytes(), beats.user[-1])


def test_the_versions_in_the_readme_are_the_pinned_ones():
    for name, version in re.findall(r"`([\w-]+)==([\d.]+)`", text_of(README)):
        assert importlib.metadata.version(name) == version


# --- ports --------------------------------------------------------------------------------------------------

#: Names, directions and widths of a module's ports, once it is elaborated.
PORTS = """
import json, sys
from pyslang.driver import Driver
driver = Driver()
driver.addStandardArgs()
assert driver.parseCommandLine(sys.argv[1]) and driver.processOptions() and driver.parseAllSources()
(top,) = driver.createCompilation().getRoot().topInstances
print(json.dumps([[port.name, port.direction.name, port.type.bitWidth] for port in top.body.portList]))
"""


def ports(**parameters):
    """The ports of rtl/macrame.v: [name, direction, width] of each."""
    options = [f"-G {name}={value}" for name, value in parameters.items()]
    line = " ".join(["slang --std 1364-2005 --top macrame", *options, *lint.rtl_sources()])
    status, said = lint.command(sys.executable, "-c", PORTS, line)
    assert status == 0, said
    return json.loads(said)


@pytest.mark.parametrize("formats", ["INT8", "BF16", "DUAL"])
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 1), (4, 2, 8)], ids=str)
def test_ports(shape, formats):
    rows, cols, depth = shape
    if formats != "INT8":
        depth = 1
    parameters = {"ROWS": rows, "COLS": cols, "DEPTH": depth}
    listed = [
        [code(port)[0], direction, eval(code(with_bf16 if formats != "INT8" else bits)[0], {}, parameters)]
        for port, direction, bits, with_bf16, _ in table(README, "port")
    ]
    found = ports(**parameters, K_MAX=64, POST_LANES=1, FORMATS=f'\\"{formats}\\"')
    assert listed == [[name, {"In": "input", "Out": "output"}[way], width] for name, way, width in found]


@pytest.mark.parametrize("tied", [False, True], ids=["connected", "tied_off"])
def test_template(tmp_path, tied):
    """The template with a wire for each port, or with the register inputs tied off as in its comments."""
    (block,) = [block for _, block in blocks(text_of(README), "verilog")]
    connected = re.findall(r"\.(\w+) *\((\w+)\)", block.partition("u_macrame")[2])
    all_ports = ports()
    assert connected == [(name, name) for name, *_ in all_ports]
    ties = dict(re.findall(r"\((\w+)\),?\s+// (\d+'\w+)", block))
    inputs = {name for name, way, _ in all_ports if way == "In" and name.startswith("s_axil_")}
    assert set(ties) == inputs
    if tied:
        block = re.sub(r"\((\w+)\)", lambda found: f"({ties.get(found[1], found[1])})", block)
    wires = "".join(
        f"    wire [{width - 1}:0] {name};\n" for name, _, width in all_ports if not (tied and name in ties)
    )
    source = tmp_path / "template.v"
    source.write_text(
        f"`default_nettype none\nmodule template;\n{wires}{block}endmodule\n`default_nettype wire\n"
    )
    sources = [str(source), *lint.rtl_sources()]
    assert lint.clean(lint.icarus("template", {}, sources=sources, cwd=paths.RTL)) == ""
    status, said = lint.slang("template", {}, sources=sources, cwd=paths.RTL)
    assert (status, [line for line in said.splitlines() if "error" in line or "width" in line]) == (0, [])
