# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Every bench of the project and every shape it runs in, listed once.

A *bench* is a cocotb module on a Verilog toplevel; a *case* is a bench in one shape. tests/test_benches.py
runs the cases, and test_faults.py runs the same cases on a copy of rtl/ with an injected fault, so that each
fault is detected by the suite itself.

To add a bench, add one call, in the section of its module::

    bench("pe_int8", rtl=["array/mul8x8.v", "array/pe_int8.v"],
          shapes={"depth1": {"DEPTH": 1}, "depth4": {"DEPTH": 4}})

`rtl` lists files under rtl/ (or is `CORE`, all of rtl/rtl.f), `tb` further Verilog files of the project.
The toplevel is the bench's name and the Python module ``tb_<name>`` unless `toplevel` and `module` say
otherwise. Each entry of `shapes` is a case: a label and the toplevel's parameters; the bench reads these
from the DUT. Under Verilator, Python sees the toplevel and the signals named by a .vlt file in `tb`.

A case is called ``<bench>/<label>``, here ``pe_int8/depth4``; without `shapes` there is one case, named
as the bench. Shapes named in `thorough` are left out of a plain ``make test``; those in `nightly` belong to
the suite only under ``--nightly``, and no fault may rely on them.
``make test TESTS=pe_int8`` runs the bench, ``TESTS=pe_int8/depth4`` one case.
"""

from dataclasses import dataclass, field, replace
from pathlib import Path

from macrame import paths
from macrame.sim import modules, simulate

#: All sources of the core, from rtl/rtl.f.
CORE = "core"


@dataclass(frozen=True)
class Case:
    """One bench in one shape, ready to run."""

    name: str
    bench: str
    toplevel: str
    module: str
    rtl: tuple
    tb: tuple
    parameters: dict = field(default_factory=dict)
    plusargs: tuple = ()
    defines: tuple = ()
    testcase: tuple = ()
    timeout: float = simulate.TIMEOUT
    thorough: bool = False
    nightly: bool = False
    played: str = ""

    def sources(self, rtl_root=None):
        """Absolute paths of its Verilog; those of rtl/ from the copy `rtl_root` if given."""
        root = rtl_root or paths.RTL
        rtl = simulate.core_sources(root) if self.rtl == (CORE,) else [f"{root}/{path}" for path in self.rtl]
        return [*rtl, *map(str, self.harness())]

    def harness(self):
        """Paths of its Verilog outside of rtl/."""
        made = modules.harness(self.played) if self.played else []
        return [*(paths.ROOT / path for path in self.tb), *made]


#: All cases by name.
CASES = {}

_FOLDER = Path(__file__).resolve().parents[1]
#: Every bench under tb/ by the name of its file: the module to import.
_MODULES = {
    path.stem: ".".join(("tb", *path.relative_to(_FOLDER).with_suffix("").parts))
    for path in sorted(_FOLDER.rglob("tb_*.py"))
}


def bench(
    name,
    *,
    rtl,
    tb=(),
    toplevel=None,
    module=None,
    shapes=None,
    thorough=(),
    nightly=None,
    plusargs=(),
    defines=(),
    testcase=(),
    timeout=simulate.TIMEOUT,
    played="",
):
    """List a bench and its cases; see the top of this file.

    Parameters
    ----------
    name : str
        Prefix of its cases' names.
    rtl : sequence of str, or CORE
        Files under rtl/, in any order.
    tb : sequence of str
        Harnesses and players, relative to the project.
    toplevel, module : str, optional
        Verilog toplevel, `name` by default; cocotb module, ``tb_<name>`` by default.
    shapes, nightly : dict of str to dict, optional
        Label and parameters of each case; those in `nightly` run where they are named in full.
    thorough : sequence of str
        Labels in `shapes`; those cases run where they are selected, but not in a plain ``make test``.
    plusargs, defines, testcase, timeout
        As for `macrame.sim.simulate.run`; `testcase` restricts the bench to some of its cocotb tests.
    played : str, optional
        The row of `macrame.sim.modules.MODULES` to play vectors through: the toplevel is made for it.
    """
    common = Case(
        name,
        name,
        f"vec_{played}" if played else toplevel or name,
        _MODULES[module or f"tb_{name}"],
        _tuple(rtl),
        tuple(tb),
        {},
        tuple(plusargs),
        tuple(defines),
        _tuple(testcase),
        timeout,
        played=played,
    )
    if shapes is None and nightly is None:
        shapes = {"": {}}
    unknown = sorted(set(thorough) - set(shapes or {}))
    if unknown:
        raise ValueError(f"{name}: no shape {unknown[0]}")
    for group, is_nightly in ((shapes or {}, False), (nightly or {}, True)):
        for label, parameters in group.items():
            case = replace(
                common,
                name=f"{name}/{label}" if label else name,
                parameters=parameters,
                thorough=label in thorough,
                nightly=is_nightly,
            )
            if case.name in CASES:
                raise ValueError(f"case {case.name} is listed twice")
            CASES[case.name] = case


def _tuple(one_or_more):
    return (one_or_more,) if isinstance(one_or_more, str) else tuple(one_or_more)


def run(name, *, seed=None, rtl_root=None, testcase=None, plusargs=(), run_name=None, quick=False, **options):
    """Run a case by name.

    Parameters
    ----------
    name : str
        ``<bench>/<label>``.
    seed : int, optional
        cocotb's seed.
    rtl_root : path, optional
        Copy of rtl/ to compile instead.
    testcase : str or sequence of str, optional
        Only these of the case's cocotb tests.
    plusargs : sequence of str, optional
        Further plusargs, after the case's own.
    run_name : str, optional
        Name of the run's folder; the case's and its seed's by default.
    quick : bool
        With a share of the random vectors, see `tb.lib.vectors.share`.
    **options
        As for `macrame.sim.simulate.run`.
    """
    case = CASES[name]
    if quick:
        plusargs = (*plusargs, "+quick")
        options.setdefault("replay", f"{simulate.replay_command(seed)} --quick")
    return simulate.run(
        run_name or (f"{name},seed{seed}" if seed is not None else name),
        toplevel=case.toplevel,
        module=case.module,
        sources=case.sources(rtl_root),
        parameters=case.parameters,
        seed=seed,
        plusargs=(*case.plusargs, *plusargs),
        testcase=_tuple(testcase or case.testcase),
        defines=case.defines,
        **{"timeout": case.timeout, **options},
    )


# The benches, in the order of rtl/. One section per folder, in alphabetical order.

# --- rtl/arith --------------------------------------------------------------------------------------------

# and mul8x8: modules without handshakes, played from a file
for _m, _module in modules.MODULES.items():
    bench(_m, rtl=_module.rtl, played=_m)

# a million of each rounding operation
for _m in ("bf16_mul", "fp32_add", "fp32_mul"):
    bench(
        f"{_m}_million",
        module=f"tb_{_m}",
        rtl=modules.MODULES[_m].rtl,
        played=_m,
        testcase="equals_golden",
        plusargs=["+count=1000000"],
        nightly={"": {}},
    )

bench(
    "lfsr32",
    rtl="arith/lfsr32.v",
    shapes={"1lane": {"LANES": 1}, "3lanes": {"LANES": 3}},
    thorough=("1lane",),
    nightly={"32lanes": {"LANES": 32}},
)

bench("mul34x32_serial", rtl="arith/mul34x32_serial.v")

# --- rtl/array --------------------------------------------------------------------------------------------

_WIDTHS = {f"{w}bits,{terms}": {"W": w, "TERMS": terms} for w, terms in ((16, 1), (16, 2), (18, 2))}
_CELL = [
    "array/mul8x8.v",
    "array/mul8x8_pair.v",
    "array/mul8x8_lut.v",
    "array/accumulator.v",
    "array/pe_int8.v",
]
_CELL_ICE40 = [path.replace("array/acc", "vendor/ice40/acc") for path in _CELL]
_ARRAY = [*_CELL, "array/pe.v", "array/mac_array.v"]


def _array(*shapes, **parameters):
    return {"x".join(map(str, s)): {**dict(zip(("ROWS", "COLS", "DEPTH"), s)), **parameters} for s in shapes}


_FLOAT_ARRAY = [
    "arith/mul9x9.v",
    "arith/bf16_product.v",
    "arith/fp32_add.v",
    "arith/shift_right_sticky.v",
    "arith/lead_zeros.v",
    "arith/rounding.v",
    "array/pe_bf16.v",
    "array/pe_dual.v",
]
bench(
    "mac_array",
    rtl=[*_ARRAY, *_FLOAT_ARRAY],
    testcase=("tiles", "extremes", "abort"),
    shapes={
        **_array((1, 1, 1), (4, 1, 1), (1, 4, 4), (3, 5, 2), (2, 3, 7)),
        **_array((8, 8, 1), (4, 4, 4), TAG_W=4),
        "3x2x3,lut": {"ROWS": 3, "COLS": 2, "DEPTH": 3, "LUT_ROWS": 2},
        **{
            f"{r}x{c},{name}": {"ROWS": r, "COLS": c, "LANE_W": 16, "INT8": int8, "BF16": 1}
            for name, int8 in (("bf16", 0), ("dual", 1))
            for r, c in ((1, 1), (3, 2))
        },
        "4x4,dual": {"ROWS": 4, "COLS": 4, "LANE_W": 16, "BF16": 1, "TAG_W": 6},
    },
    thorough=("4x1x1", "1x4x4", "8x8x1", "4x4x4", "1x1,bf16", "1x1,dual", "4x4,dual", "2x3x7"),
    nightly=_array((16, 16, 1), (32, 32, 1), (5, 2, 3)),
)
bench(
    "mac_array_largest",
    toplevel="mac_array",
    module="tb_mac_array",
    rtl=_ARRAY,
    testcase="extremes",
    nightly=_array((32, 32, 8)),
)
# every int8 pair: cheap where COLS * DEPTH is large
bench(
    "mac_array_all_pairs",
    toplevel="mac_array",
    module="tb_mac_array",
    rtl=_ARRAY,
    testcase="all_pairs",
    shapes=_array((16, 16, 1), (4, 4, 4)),
    nightly=_array((8, 8, 1), (1, 4, 4), (3, 5, 2)),
)

bench("accumulator", rtl="array/accumulator.v", shapes=_WIDTHS, thorough=("16bits,1", "16bits,2"))
bench(
    "accumulator_ice40",
    toplevel="accumulator",
    module="tb_accumulator",
    rtl="vendor/ice40/accumulator.v",
    shapes=_WIDTHS,
    thorough=("16bits,1", "16bits,2"),
)

bench(
    "pe_int8",
    rtl=_CELL,
    testcase=("tiles", "corners"),
    shapes={f"depth{d}": {"DEPTH": d} for d in (1, 2, 3, 4, 5, 8)},
    thorough=("depth2", "depth4", "depth5"),
    nightly={"depth7": {"DEPTH": 7}},
)
# 2^31 is far: DEPTH 8 reaches it in 16,384 cycles, DEPTH 1 in 131,072
bench(
    "pe_int8_wrap",
    toplevel="pe_int8",
    module="tb_pe_int8",
    rtl=_CELL,
    testcase="wrap",
    shapes={"depth8": {"DEPTH": 8}},
    nightly={"depth1": {"DEPTH": 1}},
)
# iCE40's own accumulator
bench(
    "pe_int8_ice40",
    toplevel="pe_int8",
    module="tb_pe_int8",
    rtl=_CELL_ICE40,
    testcase=("tiles", "corners", "wrap"),
    shapes={"depth8": {"DEPTH": 8}},
    nightly={f"depth{d}": {"DEPTH": d} for d in (1, 3)},
)
bench(
    "mac_array_ice40",
    toplevel="mac_array",
    module="tb_mac_array",
    rtl=[*_CELL_ICE40, "array/pe.v", "array/mac_array.v"],
    testcase=("tiles", "extremes", "abort"),
    shapes=_array((3, 2, 4)),
    nightly=_array((2, 2, 1), (1, 2, 8)),
)

bench("pe_bf16", module="tb_pe_float", rtl=_FLOAT_ARRAY)
bench("pe_dual", module="tb_pe_float", rtl=_FLOAT_ARRAY)

bench(
    "result_chain",
    rtl="array/result_chain.v",
    shapes={
        f"{rows}rows": {"ROWS": rows, "PACE_W": pace, "TAG_W": tag}
        for rows, pace, tag in ((1, 2, 1), (2, 3, 2), (3, 2, 1), (8, 1, 4))
    },
    thorough=("2rows", "8rows"),
    nightly={"32rows": {"ROWS": 32, "PACE_W": 3, "TAG_W": 3}},
)

# --- rtl/stream -------------------------------------------------------------------------------------------

bench(
    "fifo",
    rtl="stream/fifo.v",
    shapes={
        "2x1": {"DEPTH": 2, "WIDTH": 1},
        "4x8": {"DEPTH": 4, "WIDTH": 8},
        "64x34": {"DEPTH": 64, "WIDTH": 34},
    },
    thorough=("4x8",),
)

_POST = [
    "arith/requantize.v",
    "arith/scale_to_int8.v",
    "arith/lead_zeros.v",
    "arith/mul34x32.v",
    "arith/mul34x32_serial.v",
    "arith/round_product.v",
    "arith/rounding.v",
    "arith/shift_right_narrow.v",
    "arith/fp32_add.v",
    "arith/shift_right_sticky.v",
    "arith/fp32_to_bf16.v",
    "arith/float_post.v",
    "stream/output_stage.v",
]
bench(
    "output_stage",
    rtl=_POST,
    shapes={f"{c}over{p}": {"COLS": c, "POST_LANES": p} for c, p in ((1, 1), (5, 2), (4, 4), (7, 3), (3, 1))}
    | {
        "5over2,dual": {"COLS": 5, "POST_LANES": 2, "BF16": 1},
        "3over3,bf16": {"COLS": 3, "POST_LANES": 3, "INT8": 0, "BF16": 1},
        "3over2,slow": {"COLS": 3, "POST_LANES": 2, "POST_CYCLES": 33, "POST_STAGES": 8},
        "1over1,slow": {"COLS": 1, "POST_LANES": 1, "POST_CYCLES": 40, "POST_STAGES": 8},
    },
    thorough=("5over2", "7over3", "1over1", "3over3,bf16", "3over2,slow", "1over1,slow"),
    nightly={f"{c}over{p}": {"COLS": c, "POST_LANES": p} for c, p in ((8, 2), (32, 5), (2, 2))},
)

bench(
    "packet_closer",
    rtl="stream/packet_closer.v",
    shapes={
        "32": {"DATA_W": 32, "KEEP_W": 4},
        "160": {"DATA_W": 160, "KEEP_W": 20},
        "96,4parts": {"DATA_W": 96, "KEEP_W": 12, "PARTS": 4},
    },
    thorough=("160",),
)

bench(
    "row_packer",
    rtl="stream/row_packer.v",
    shapes={
        f"{cols}cols{',packed' * pack}": {"COLS": cols, "PACK": pack} for cols in (1, 3) for pack in (0, 1)
    },
    thorough=("1cols", "3cols"),
)

bench("packet_gate", rtl="stream/packet_gate.v")

bench(
    "panel_buffer",
    rtl="stream/panel_buffer.v",
    shapes={
        f"{cols}x{depth},{slices}slices": {
            "COLS": cols,
            "LANE_BYTES": depth,
            "SLICES_MAX": slices,
            "SETTLE": settle,
        }
        for cols, depth, slices, settle in ((1, 1, 1, 6), (3, 5, 5, 8), (2, 8, 2, 8), (4, 4, 16, 7))
    }
    | {
        "2x2,bf16": {"COLS": 2, "LANE_BYTES": 2, "SLICES_MAX": 5, "SETTLE": 10, "INT8": 0, "BF16": 1},
        "3x2,dual": {"COLS": 3, "LANE_BYTES": 2, "SLICES_MAX": 8, "SETTLE": 10, "INT8": 1, "BF16": 1},
    },
    thorough=("1x1,1slices", "2x8,2slices", "4x4,16slices", "2x2,bf16"),
    nightly={"32x1,100slices": {"COLS": 32, "LANE_BYTES": 1, "SLICES_MAX": 100, "SETTLE": 6}},
)

bench(
    "panel_record",
    rtl="stream/panel_record.v",
    shapes={
        **{
            f"{c}x{d}": {"COLS": c, "LANE_BYTES": d}
            for c, d in ((1, 1), (8, 1), (3, 5), (4, 4), (2, 7), (5, 8))
        },
        **{
            f"{c}x{d}_{reads}reads_{lead}": {"COLS": c, "LANE_BYTES": d, "READS": reads, "LEAD": lead}
            for c, d, reads, lead in (
                *((8, 1, 4, 4), (3, 2, 4, 6), (4, 4, 3, 6), (2, 4, 2, 4), (5, 8, 2, 5)),
                *((8, 8, 1, 5), (3, 1, 1, 2)),
            )
        },
    },
    thorough=("8x1", "5x8", "3x5", "4x4", "2x7", "8x1_4reads_4", "4x4_3reads_6", "2x4_2reads_4"),
)

bench("release_watchdog", rtl="stream/release_watchdog.v")

bench(
    "skid",
    rtl="stream/skid.v",
    shapes={
        "1": {"WIDTH": 1},
        "67": {"WIDTH": 67},
        "67,head3": {"WIDTH": 67, "HEAD": 3},
        "5,head5": {"WIDTH": 5, "HEAD": 5},
    },
    thorough=("67", "5,head5"),
)


bench(
    "operand_skid",
    rtl="stream/operand_skid.v",
    shapes={"64,3": {}, "1,1": {"DATA_W": 1, "SIDE_W": 1}, "33,5": {"DATA_W": 33, "SIDE_W": 5}},
    thorough=("1,1",),
)


def _sequencer(rows, slices, row_cycles, credits, **more):
    return {
        "ROWS": rows,
        "SLICES_MAX": slices,
        "ROW_CYCLES": row_cycles,
        "POST_LATENCY": 11,
        "CREDITS": credits,
        **more,
    }


bench("bf16_phase", rtl="stream/bf16_phase.v")

bench(
    "tile_credits",
    rtl="stream/tile_credits.v",
    shapes={
        f"{rows}row{'s' * (rows > 1)},{credits}{',bf16' * bf16}": {
            "ROWS": rows,
            "CREDITS": credits,
            "BF16": bf16,
        }
        for rows, credits, bf16 in ((1, 1, 0), (3, 7, 0), (8, 64, 0), (1, 4, 1), (3, 32, 1))
    },
    thorough=("1row,1", "8rows,64", "1row,4,bf16"),
)

bench(
    "tile_spacing",
    rtl="stream/tile_spacing.v",
    shapes={
        f"{rows}row{'s' * (rows > 1)},{cycles}{',bf16' * bf16}": {
            "ROWS": rows,
            "ROW_CYCLES": cycles,
            "POST_LATENCY": latency,
            "BF16": bf16,
        }
        for rows, cycles, latency, bf16 in ((1, 1, 11, 0), (4, 3, 11, 0), (2, 33, 297, 0))
        + tuple((2, cycles, 11, 1) for cycles in (1, 2, 3, 4))
    },
    thorough=("1row,1", "2rows,1,bf16", "2rows,2,bf16", "2rows,4,bf16"),
)

bench(
    "tile_sequencer",
    rtl=["stream/bf16_phase.v", "stream/tile_credits.v", "stream/tile_spacing.v", "stream/tile_sequencer.v"],
    shapes={
        "1row": _sequencer(1, 1, 1, 2),
        "2rows": _sequencer(2, 2, 3, 16),
        "3rows": _sequencer(3, 7, 2, 3),
        "8rows": _sequencer(8, 40, 4, 64),
        "1row,bf16": _sequencer(1, 5, 1, 64, BF16=1),
        "3rows,bf16": _sequencer(3, 10, 2, 150, BF16=1),
        "2rows,bf16": _sequencer(2, 9, 4, 8, BF16=1),
        "4rows,bf16": _sequencer(4, 14, 3, 256, BF16=1),
    },
    thorough=("2rows", "3rows", "8rows", "1row,bf16", "2rows,bf16", "3rows,bf16"),
    nightly={"32rows": _sequencer(32, 100, 16, 128), "32rows,bf16": _sequencer(32, 40, 1, 512, BF16=1)},
)

# --- rtl/bus ----------------------------------------------------------------------------------------------

bench(
    "axil_regs",
    rtl="bus/axil_regs.v",
    shapes={"default": {}, "3x5x2": {"SHAPE": 0x04020503, "K_MAX": 100, "FORMAT": 0x103}},
)

bench(
    "perf_counters",
    rtl="bus/perf_counters.v",
    shapes={f"{w}bit": {"WIDTH": w} for w in (4, 8, 32)},
    thorough=("8bit", "32bit"),
)

# --- rtl/macrame.v ----------------------------------------------------------------------------------------

_PLAYER = [
    "macrame/sim/hdl/core_player.v",
    "macrame/sim/hdl/player.v",
    "macrame/sim/hdl/stream_source.v",
    "macrame/sim/hdl/stall.v",
    "macrame/sim/hdl/player.vlt",
]
_INJECTOR = [*_PLAYER, "tb/system/core_reset_injector.v"]


def _core(*shapes, formats=None, packed=False, serial=0):
    """Shapes of a core: rows, cols, depth, K_MAX, POST_LANES, FIFO_DEPTH; formats other than INT8 by name;
    POST_CYCLES of serial requantisers."""
    names = "ROWS", "COLS", "DEPTH", "K_MAX", "POST_LANES", "FIFO_DEPTH"
    more = {"FORMATS": f'"{formats}"'} if formats else {}
    more |= {"PACK_RESULTS": 1} if packed else {}
    more |= {"POST_CYCLES": serial} if serial else {}
    label = (f",{formats.lower()}" if formats else "") + ",packed" * packed + ",serial" * bool(serial)
    return {"x".join(map(str, shape[:3])) + label: {**dict(zip(names, shape)), **more} for shape in shapes}


bench(
    "fuzz",
    toplevel="core_reset_injector",
    rtl=CORE,
    tb=_INJECTOR,
    shapes={
        **_core((1, 1, 1, 5, 1, 4), (3, 5, 2, 13, 2, 16), (4, 4, 4, 18, 1, 8)),
        **_core((2, 3, 1, 6, 2, 16), formats="DUAL"),
        **_core((2, 3, 1, 6, 2, 16), formats="DUAL", packed=True),
        **_core((1, 2, 1, 4, 2, 8), formats="BF16"),
    },
    thorough=("3x5x2", "2x3x1,dual", "1x2x1,bf16"),
    nightly={
        **_core((2, 3, 4, 20, 2, 8), serial=33),
        **_core((1, 4, 1, 7, 1, 2), serial=64),
        **_core((3, 2, 8, 40, 2, 8), packed=True, serial=40),
    },
)

bench(
    "combinations",
    toplevel="core_reset_injector",
    rtl=CORE,
    tb=_INJECTOR,
    timeout=200,
    shapes={
        **_core((1, 1, 1, 4, 1, 4), (1, 2, 4, 16, 1, 4), (2, 2, 2, 8, 1, 8)),
        **_core((2, 2, 1, 4, 1, 8), formats="DUAL"),
        **_core((1, 2, 1, 4, 2, 8), formats="BF16"),
    },
    thorough=("1x1x1", "1x2x4", "2x2x1,dual", "1x2x1,bf16"),
)

bench(
    "gemm",
    toplevel="core_player",
    rtl=CORE,
    tb=_PLAYER,
    timeout=200,
    shapes={
        f"{r}x{c}x{d}": {"ROWS": r, "COLS": c, "DEPTH": d, "K_MAX": k, "POST_LANES": p}
        for r, c, d, k, p in (
            (1, 1, 1, 100, 1),
            (1, 4, 4, 48, 4),
            (2, 2, 3, 20, 1),
            (4, 1, 1, 37, 1),
            (1, 3, 5, 31, 2),
            (1, 2, 7, 40, 2),
            (3, 5, 2, 50, 3),
            (4, 4, 4, 1024, 2),
            (8, 8, 1, 1024, 2),
            (16, 16, 1, 64, 4),
        )
    }
    | _core((3, 5, 2, 50, 3, 16), packed=True),
    thorough=("16x16x1", "8x8x1", "1x1x1", "1x4x4", "4x1x1", "3x5x2"),
    nightly={"32x32x8": {"ROWS": 32, "COLS": 32, "DEPTH": 8, "K_MAX": 256, "POST_LANES": 4}},
)

bench(
    "gemm_slow",
    toplevel="core_player",
    module="tb_gemm",
    rtl=CORE,
    tb=_PLAYER,
    testcase=("stalls", "chained"),
    shapes={"2x2x4": {"ROWS": 2, "COLS": 2, "DEPTH": 4, "K_MAX": 48, "POST_LANES": 1, "POST_CYCLES": 33}},
)

bench(
    "gemm_bf16",
    toplevel="core_player",
    rtl=CORE,
    tb=_PLAYER,
    timeout=200,
    shapes={
        f"{r}x{c},{f.lower()}": {"ROWS": r, "COLS": c, "K_MAX": k, "POST_LANES": p, "FORMATS": f'"{f}"'}
        for r, c, k, p, f in (
            (1, 1, 30, 1, "BF16"),
            (3, 2, 20, 2, "BF16"),
            (2, 5, 40, 2, "DUAL"),
            (4, 4, 64, 1, "DUAL"),
        )
    }
    | _core((2, 5, 1, 40, 2, 32), formats="DUAL", packed=True),
    thorough=("3x2,bf16", "2x5,dual", "4x4,dual"),
    nightly={"8x8,dual": {"K_MAX": 256, "FORMATS": '"DUAL"'}},
)

bench(
    "macrame",
    rtl=CORE,
    shapes={
        **_core((1, 1, 1, 9, 1, 2), (1, 4, 4, 18, 2, 16), (3, 5, 2, 13, 2, 4), (2, 3, 8, 30, 3, 64)),
        **_core((3, 5, 2, 13, 2, 4), (6, 2, 4, 18, 1, 16), packed=True),
    },
    thorough=("1x4x4", "3x5x2", "6x2x4,packed"),
    nightly={
        **_core((4, 1, 1, 9, 1, 4), (4, 4, 4, 30, 1, 64), (8, 8, 1, 20, 2, 64)),
        **_core((1, 1, 1, 9, 1, 2), (8, 8, 1, 20, 2, 64), packed=True),
    },
)

bench(
    "macrame_faults",
    module="tb_errors",
    toplevel="core_reset_injector",
    rtl=CORE,
    tb=_INJECTOR,
    shapes={
        **_core((1, 1, 1, 6, 1, 2), (3, 5, 2, 13, 2, 4)),
        **_core((2, 3, 1, 6, 2, 8), formats="DUAL"),
        **_core((5, 3, 2, 13, 2, 8), packed=True),
    },
    thorough=("1x1x1", "3x5x2", "5x3x2,packed"),
    nightly={**_core((4, 4, 4, 22, 1, 8)), **_core((1, 1, 1, 6, 1, 4), formats="BF16")},
)
bench(
    "macrame_resets",
    module="tb_resets",
    toplevel="core_reset_injector",
    rtl=CORE,
    tb=_INJECTOR,
    shapes={
        **_core((1, 2, 4, 22, 1, 4), (3, 5, 2, 13, 2, 16)),
        **_core((2, 2, 1, 6, 1, 8), formats="DUAL"),
        **_core((6, 3, 2, 13, 2, 16), packed=True),
        **_core((2, 2, 1, 6, 1, 8), formats="DUAL", packed=True),
    },
    thorough=("3x5x2", "2x2x1,dual", "6x3x2,packed"),
    nightly={
        **_core((1, 1, 1, 6, 1, 2), (4, 4, 4, 22, 1, 8)),
        **_core((3, 2, 2, 13, 1, 8), serial=33),
    },
)

bench(
    "protocol",
    toplevel="macrame",
    rtl=CORE,
    shapes={
        **_core((2, 3, 1, 20, 2, 32), (3, 2, 4, 80, 1, 32)),
        **_core((2, 2, 1, 20, 1, 32), formats="DUAL"),
    },
    thorough=("2x3x1",),
)
bench(
    "stalls",
    toplevel="core_reset_injector",
    rtl=CORE,
    tb=_INJECTOR,
    shapes={
        **_core(
            (1, 1, 1, 20, 1, 2),
            (1, 4, 4, 50, 1, 4),
            (3, 5, 2, 23, 2, 16),
            (4, 4, 4, 64, 3, 8),
            (8, 8, 1, 20, 2, 64),
            (2, 3, 8, 100, 3, 16),
            (1, 2, 8, 60, 1, 4),
        ),
        **_core((3, 5, 1, 12, 2, 16), (2, 3, 1, 9, 3, 8), formats="DUAL"),
        **_core((1, 2, 1, 7, 1, 4), formats="BF16"),
        **_core((1, 4, 4, 50, 1, 4), (6, 2, 8, 60, 1, 8), packed=True),
        **_core((3, 5, 1, 12, 2, 16), formats="DUAL", packed=True),
    },
    thorough=("3x5x2", "2x3x8", "8x8x1", "1x4x4", "3x5x1,dual", "1x4x4,packed", "3x5x1,dual,packed"),
    nightly={
        **_core((4, 1, 1, 20, 1, 4), (16, 16, 1, 40, 4, 128)),
        **_core((2, 3, 4, 30, 2, 8), serial=33),
    },
)

bench(
    "registers",
    rtl=CORE,
    toplevel="macrame",
    shapes={
        **_core((1, 1, 1, 1, 1, 2), (3, 5, 2, 100, 4, 4)),
        **_core((2, 1, 1, 7, 1, 8), formats="BF16"),
        **_core((1, 2, 1, 7, 1, 4), formats="DUAL", packed=True),
    },
    thorough=("1x1x1", "2x1x1,bf16"),
)

# --- rtl/vector -------------------------------------------------------------------------------------------


def _vector(*shapes):
    return {f"{lanes}lanes,{depth}": {"LANES": lanes, "FIFO_DEPTH": depth} for lanes, depth in shapes}


bench(
    "vector_control",
    rtl="vector/vector_control.v",
    shapes={f"{credits}credits": {"CREDITS": credits} for credits in (1, 5, 32)},
    thorough=("1credits", "32credits"),
)

bench(
    "vector_lanes",
    rtl=["vector/vector_lanes.v", "arith/lfsr32.v", *modules.MODULES["vector_lane"].rtl],
    shapes={"1": {"LANES": 1}, "3": {"LANES": 3}},
    thorough=("1",),
    nightly={"32": {"LANES": 32}},
)

bench("vector_registers", rtl=CORE, toplevel="vector_unit", shapes=_vector((3, 8)))

bench(
    "vector_unit",
    rtl=CORE,
    tb=["tb/unit/vector/vector_control.vlt"],
    shapes=_vector((1, 2), (3, 32)),
    thorough=("1lanes,2",),
    nightly=_vector((2, 4), (8, 16), (32, 64)),
)

# --- rtl/elementwise --------------------------------------------------------------------------------------

bench(
    "elementwise_control",
    rtl="elementwise/elementwise_control.v",
    shapes={
        f"{credits}credits,{record}x{entry}": {
            "CREDITS": credits,
            "RECORD_BEATS": record,
            "ENTRY_BEATS": entry,
        }
        for credits, record, entry in ((1, 9, 4), (5, 3, 2), (16, 1, 1))
    },
    thorough=("1credits,9x4", "16credits,1x1"),
)

bench(
    "elementwise_lanes",
    rtl=[
        "elementwise/elementwise_lanes.v",
        "elementwise/elementwise_lane.v",
        "elementwise/elementwise_table.v",
        "arith/mul16x16.v",
        *modules.SCALE,
    ],
    shapes={str(lanes): {"LANES": lanes} for lanes in (1, 3, 9)},
    thorough=("1", "9"),
    nightly={"32": {"LANES": 32}},
)

bench("elementwise_registers", rtl=CORE, toplevel="elementwise_unit", shapes=_vector((3, 8)))

bench(
    "elementwise_unit",
    rtl=CORE,
    tb=["tb/unit/elementwise/elementwise_control.vlt"],
    shapes=_vector((2, 32), (5, 2)),
    thorough=("5lanes,2",),
    nightly=_vector((1, 8), (3, 16), (4, 32), (16, 32), (32, 64)),
)

# --- rtl/engine -------------------------------------------------------------------------------------------

_WORDS = {f"{words}x{bits}": {"WORDS": words, "WORD_W": bits} for words, bits in ((37, 16), (256, 64))}
bench("engine_memory", rtl="engine/engine_memory.v", shapes=_WORDS, thorough=("256x64",))
bench("window_reader", rtl="engine/window_reader.v", shapes=_WORDS, thorough=("256x64",))
bench(
    "second_reader",
    rtl=["engine/second_reader.v", "engine/result_addresses.v", "stream/fifo.v"],
    shapes={"37x16": _WORDS["37x16"]},
)
bench(
    "result_writer",
    rtl=["engine/result_writer.v", "engine/result_addresses.v"],
    shapes=_WORDS,
    thorough=("256x64",),
)
bench(
    "elementwise_path",
    rtl=[
        "engine/elementwise_path.v",
        "elementwise/elementwise_lanes.v",
        "elementwise/elementwise_lane.v",
        "elementwise/elementwise_table.v",
        "arith/mul16x16.v",
        "stream/fifo.v",
        *modules.SCALE,
    ],
    shapes={
        f"{d}over{lanes}": {"DEPTH": d, "LANES": lanes, "FIFO_DEPTH": fifo}
        for d, lanes, fifo in ((2, 1, 4), (4, 4, 32), (8, 2, 32))
    },
    thorough=("2over1",),
    nightly={"8over1": {"DEPTH": 8, "LANES": 1}},
)
bench(
    "program_decoder",
    rtl="engine/program_decoder.v",
    shapes={
        f"depth{d}": {"DEPTH": d, "WORDS": w, "SLICES_MAX": s} for d, w, s in ((2, 300, 9), (8, 70000, 128))
    },
    thorough=("depth8",),
    nightly={"depth4": {"DEPTH": 4, "WORDS": 4096, "SLICES_MAX": 1000}},
)
bench(
    "macrame_engine",
    rtl=CORE,
    tb=["tb/unit/engine/macrame_engine.vlt"],
    shapes={
        f"depth{d}": {"DEPTH": d, "WORDS": w, "K_MAX": 64 * d, "POST_LANES": p, "LANES": lanes}
        for d, w, p, lanes in ((2, 61, 1, 1), (8, 128, 8, 2))
    },
    thorough=("depth2",),
    nightly={
        "depth4": {"DEPTH": 4, "WORDS": 100, "K_MAX": 256, "POST_LANES": 2, "LANES": 4},
        "depth8,4lanes": {"DEPTH": 8, "WORDS": 128, "K_MAX": 512, "POST_LANES": 5, "LANES": 4},
        "depth4,block": {
            "DEPTH": 4,
            "WORDS": 99,
            "K_MAX": 256,
            "POST_LANES": 4,
            "LANES": 2,
            "RECORD_RAM": '"block"',
        },
    },
)

# a word in eight parts, a last group of two columns, panels of three slices at most
bench(
    "engine_parts",
    toplevel="macrame_engine",
    module="tb_macrame_engine",
    rtl=CORE,
    tb=["tb/unit/engine/macrame_engine.vlt"],
    testcase=["programs/stalls=none", "programs/stalls=bursts", "long_job"],
    shapes={"depth8": {"DEPTH": 8, "WORDS": 131, "K_MAX": 24, "POST_LANES": 3, "LANES": 1}},
    thorough=("depth8",),
)

# longer than the 2^20 cycles of the core's watchdog
bench(
    "engine_long_job",
    toplevel="macrame_engine",
    module="tb_macrame_engine",
    rtl=CORE,
    tb=["tb/unit/engine/macrame_engine.vlt"],
    testcase=["long_job"],
    plusargs=["+real_time"],
    timeout=7200,
    nightly={"depth2": {"DEPTH": 2, "WORDS": 61, "K_MAX": 128, "POST_LANES": 1, "LANES": 1}},
)

# 2,040 programs in all
bench(
    "engine_programs",
    toplevel="macrame_engine",
    module="tb_macrame_engine",
    rtl=CORE,
    tb=["tb/unit/engine/macrame_engine.vlt"],
    testcase=[f"programs/stalls={stalls}" for stalls in ("none", "paced", "random", "bursts")],
    plusargs=["+count=170"],
    timeout=7200,
    nightly={
        f"depth{d}": {"DEPTH": d, "WORDS": w, "K_MAX": 64 * d, "POST_LANES": p, "LANES": lanes}
        for d, w, p, lanes in ((2, 61, 1, 1), (4, 100, 2, 4), (8, 128, 3, 2))
    },
)

# a hundred resets, stalls and wrong bits, and every error in each job of a program, for each shape
bench(
    "engine_errors",
    toplevel="macrame_engine",
    module="tb_macrame_engine",
    rtl=CORE,
    tb=["tb/unit/engine/macrame_engine.vlt"],
    testcase=["errors/stalls=none", "errors/stalls=random", "resets", "stall", "corrupted"],
    plusargs=["+count=100"],
    timeout=7200,
    nightly={
        f"depth{d}": {"DEPTH": d, "WORDS": w, "K_MAX": 64 * d, "POST_LANES": p, "LANES": lanes}
        for d, w, p, lanes in ((2, 61, 1, 1), (4, 100, 2, 4), (8, 128, 3, 2))
    },
)

bench(
    "engine_network",
    toplevel="macrame_engine",
    rtl=CORE,
    shapes={"8x8": {"DEPTH": 8, "WORDS": 256, "K_MAX": 1024, "POST_LANES": 8}},
)

bench(
    "program_store",
    rtl="engine/program_store.v",
    shapes={f"{beats}x{bits}": {"BEATS": beats, "BEAT_W": bits} for beats, bits in ((2, 8), (13, 32))},
    thorough=("2x8",),
)
bench("host_port", rtl="engine/host_port.v", shapes=_WORDS, thorough=("256x64",))
bench(
    "engine_registers",
    rtl=CORE,
    toplevel="stored_engine",
    shapes={"": {"DEPTH": 4, "WORDS": 100, "K_MAX": 64, "POST_LANES": 3, "LANES": 4, "BEATS": 9}},
)
bench(
    "stored_engine",
    rtl=CORE,
    shapes={
        f"depth{d}": {"DEPTH": d, "WORDS": w, "K_MAX": 64 * d, "POST_LANES": p, "LANES": lanes, "BEATS": b}
        for d, w, p, lanes, b in ((2, 61, 1, 1, 4000), (8, 128, 8, 2, 400))
    },
    thorough=("depth2", "depth8"),
)

# --- rtl/uart ---------------------------------------------------------------------------------------------

bench("crc16", rtl="uart/crc16.v")

bench("frame_rx", rtl=["uart/frame_rx.v", "uart/crc16.v"])

bench("frame_tx", rtl=["uart/frame_tx.v", "uart/crc16.v"])

bench(
    "uart_rx",
    rtl="uart/uart_rx.v",
    shapes={f"{c}clocks": {"CLOCKS": c} for c in (4, 5, 16)},
    thorough=("4clocks", "16clocks"),
    nightly={"217clocks": {"CLOCKS": 217}},
)

bench(
    "uart_tx",
    rtl="uart/uart_tx.v",
    shapes={f"{c}clocks": {"CLOCKS": c} for c in (4, 7)},
    thorough=("7clocks",),
    nightly={"217clocks": {"CLOCKS": 217}},
)

bench(
    "uart_bridge",
    rtl=["uart/uart_bridge.v", "uart/frame_rx.v", "uart/frame_tx.v", "uart/crc16.v"],
    shapes={
        "4x1x4": {"W_W": 32, "A_W": 128, "COLS": 1, "CREDIT_LOG2": 9},
        "1x3x1": {"W_W": 24, "A_W": 8, "COLS": 3, "CREDIT_LOG2": 4},
    },
    thorough=("1x3x1",),
)

bench(
    "uart_line",
    rtl=["uart/uart_line.v", "uart/uart_rx.v", "uart/uart_tx.v", "stream/fifo.v"],
    shapes={"4clocks": {"CLOCKS": 4, "CREDIT_LOG2": 4}},
)

_BOARD = [
    "boards/common/power_on_reset.v",
    "boards/icebreaker/icebreaker.v",
    "boards/ulx3s/ulx3s.v",
    "boards/ulx3s_engine/ulx3s_engine.v",
    "macrame/sim/hdl/sb_pll40_pad.v",
    "macrame/sim/hdl/board_line.v",
]
bench(
    "macrame_uart",
    module="tb_boards",
    toplevel="board_line",
    rtl=CORE,
    tb=_BOARD,
    shapes={
        "icebreaker": {"BOARD": '"icebreaker"', "CLOCKS": 4, "ROWS": 2, "COLS": 2, "DEPTH": 4, "K_MAX": 16},
        "ulx3s": {
            "BOARD": '"ulx3s"',
            "CLOCKS": 7,
            "ROWS": 1,
            "COLS": 3,
            "DEPTH": 1,
            "K_MAX": 8,
            "POST_LANES": 2,
            "POST_CYCLES": 1,
        },
        "dual,packed": {
            "BOARD": '"macrame_uart"',
            "CLOCKS": 4,
            "ROWS": 1,
            "COLS": 2,
            "DEPTH": 1,
            "K_MAX": 8,
            "POST_CYCLES": 1,
            "FORMATS": '"DUAL"',
            "PACK_RESULTS": 1,
        },
    },
    thorough=("ulx3s",),
)
bench(
    "engine_uart",
    module="tb_engine_board",
    toplevel="board_line",
    rtl=CORE,
    tb=_BOARD,
    shapes={
        "depth2": {
            "BOARD": '"ulx3s-engine"',
            "CLOCKS": 4,
            "DEPTH": 2,
            "K_MAX": 64,
            "POST_LANES": 1,
            "WORDS": 40,
            "BEATS": 200,
            "LANES": 1,
        },
    },
    thorough=("depth2",),
)

# beats of 64 bytes, two lanes of results
bench(
    "engine_uart_wide",
    module="tb_engine_board",
    toplevel="board_line",
    rtl=CORE,
    tb=_BOARD,
    testcase=["programs/speed=0.98"],
    shapes={
        "depth8": {
            "BOARD": '"ulx3s-engine"',
            "CLOCKS": 4,
            "DEPTH": 8,
            "K_MAX": 64,
            "POST_LANES": 2,
            "WORDS": 10,
            "BEATS": 20,
            "LANES": 1,
        },
    },
)

# --- bench/, synth/models -----------------------------------------------------------------------------------

bench(
    "textbook_array",
    rtl=(),
    tb=["macrame/synth/hdl/textbook_array.v"],
    shapes={f"{r}x{c}": {"ROWS": r, "COLS": c} for r, c in ((1, 1), (2, 3), (8, 8))},
    thorough=("1x1", "8x8"),
)

bench(
    "block_ram",
    rtl=(),
    tb=["macrame/synth/models/DP16KD.v", "tb/unit/synth/block_ram.v"],
    shapes={f"{a}to{b}": {"A_W": a, "B_W": b} for a, b in ((36, 36), (36, 9), (18, 18), (9, 9), (1, 4))},
    nightly={
        f"{a}to{b}": {"A_W": a, "B_W": b}
        for a, b in (
            (36, 18),
            (36, 4),
            (36, 2),
            (36, 1),
            (18, 9),
            (18, 1),
            (9, 18),
            (4, 4),
            (2, 2),
            (1, 1),
            (2, 18),
        )
    },
)
