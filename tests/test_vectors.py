# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The vector player: its generated toplevels, packing, parsing, running, and invalid input."""

import re
from dataclasses import replace

import numpy as np
import pytest

from macrame import paths
from macrame.dev import lint
from macrame.golden.arith.fp32_to_int8 import fp32_to_int8
from macrame.sim import modules, simulate, vectors


def ports(m):
    """Inputs and outputs of a module in rtl/ and their bits, from its header."""
    (path,) = (paths.RTL / path for path in modules.MODULES[m].rtl if path.endswith(f"/{m}.v"))
    header = re.search(rf"^module {m}\b.*?^\);", path.read_text(), re.MULTILINE | re.DOTALL)[0]
    parameters = dict(re.findall(r"parameter integer (\w+) += (\d+)", header))
    found = {"input": {}, "output": {}}
    for way, high, name in re.findall(
        r"^ +(input|output) +(?:wire|reg)(?: signed)? *(?:\[(.+?):0\])? *(\w+)", header, re.MULTILINE
    ):
        high = re.sub(r"[A-Z]+", lambda word: parameters[word[0]], high or "0")
        found[way][name] = sum(map(int, high.replace("-", "+-").split("+"))) + 1
    return found["input"], found["output"]


@pytest.mark.parametrize("m", modules.MODULES)
def test_the_table_has_the_ports_of_the_rtl(m):
    module = modules.MODULES[m]
    inputs, outputs = ports(m)
    assert inputs == {
        **({"clk": 1} if module.latency else {}),
        **module.inputs,
        **dict.fromkeys(module.ties, 1),
    }
    assert outputs == module.outputs
    assert set(module.delays) <= set(module.inputs)
    assert sum(outputs.values()) <= 8 * module.result.itemsize


def test_a_word_has_whole_operands():
    assert modules.MODULES["mul34x32"].columns == {"a_high": 4, "a_low": 4, "b": 4}
    assert modules.MODULES["shift_right_narrow"].columns == {"y": 8, "up": 1, "right": 1}
    assert modules.MODULES["mul9x9"].columns == {"enable": 1, "a": 2, "b": 2}


def linted(m, text, tmp_path):
    """Icarus' messages for a toplevel as Verilog-2005, with all warnings."""
    made = tmp_path / f"vec_{m}.v"
    made.write_text(text)
    *others, _ = vectors.sources(m)
    sources = [path for path in [*others, made] if path.suffix != ".vlt"]
    return lint.clean(lint.icarus(f"vec_{m}", {}, sources=sources))


def test_toplevels_are_plain_verilog_2005(tmp_path):
    """A row with everything in it: several outputs, a sign to extend, a tie, delays of one word and three."""
    row = replace(
        modules.MODULES["shift_right_narrow"], delays={"up": 1, "right": 3}, result=np.dtype(np.int16)
    )
    text = modules.verilog("shift_right_narrow", row)
    assert linted("shift_right_narrow", text, tmp_path) == ""
    assert "reg [0:0] up_q;" in text
    assert "right_q <= {right_q[9:0], word[4:0]};" in text
    assert "assign result[15:13] = {3{result[12]}};" in text
    wrong = replace(row, inputs={**row.inputs, "right": 6})
    assert "right" in linted("shift_right_narrow", modules.verilog("shift_right_narrow", wrong), tmp_path)


def test_a_toplevel_is_written_once(tmp_path, monkeypatch):
    monkeypatch.setenv("BUILD_DIR", str(tmp_path))
    path = modules.toplevel("mul8x8")
    assert path == tmp_path / "vectors" / "vec_mul8x8.v"
    written = path.stat()
    assert modules.toplevel("mul8x8").stat().st_mtime_ns == written.st_mtime_ns
    path.write_text("cut sho")
    assert modules.toplevel("mul8x8").read_text() == modules.verilog("mul8x8")
    assert [found.name for found in path.parent.iterdir()] == [path.name]


def test_words_are_big_endian_columns_in_order():
    columns = {"x": np.float32([1, -2]), "rounding": 2, "random": [0x1234, 0xFFFF]}
    words = vectors.pack("fp32_to_bf16", columns)
    assert [bytes(w).hex(" ") for w in words] == ["3f 80 00 00 02 12 34", "c0 00 00 00 02 ff ff"]


def test_integers_are_two_s_complement():
    assert vectors.pack("mul8x8", {"a": -1, "b": np.int8(-128)}).tolist() == [[255, 128]]


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"a": 1}, "mul8x8: operands a are given, expected a, b"),
        ({"a": 1, "b": 2, "c": 3}, "operands a, b, c are given"),
        ({"a": 1.0, "b": 2}, "a has dtype float64, expected integers"),
        ({"a": 256, "b": 2}, r"a contains 256\.\.256, expected integers of 1 bytes"),
        ({"a": [-1, 128], "b": 2}, r"a contains -1\.\.128"),
        ({"a": -129, "b": 2}, r"a contains -129"),
    ],
)
def test_bad_columns_are_named(columns, says):
    with pytest.raises(ValueError, match=says):
        vectors.pack("mul8x8", columns)


def test_results_keep_their_unknown_digits(tmp_path):
    path = tmp_path / "results.hex"
    path.write_text("0f\nx3\nFF\nZz\n")
    values, unknown = vectors.parse(path, 4)
    assert values.tolist() == [15, 3, 255, 0]
    assert unknown.tolist() == [False, True, False, True]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("0f\n", 2),
        ("", 1),
        ("0f\n1\n", 2),
        ("0f\n0g\n", 2),
        ("0f", 1),
    ],
)
def test_a_broken_result_file_is_refused(tmp_path, text, words):
    path = tmp_path / "results.hex"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"results\.hex"):
        vectors.parse(path, words)


def test_run_keeps_the_shape():
    x = np.float32([[2.9, 0.59, -1.35], [1.5, 1.47, -0.75]])
    q = vectors.run("fp32_to_int8", x=x, inv_scale=np.float32(127 / 2.9), zero_point=[[1], [-1]])
    assert q.dtype == np.int8
    np.testing.assert_array_equal(q, fp32_to_int8(x, np.float32(127 / 2.9), np.int8([[1], [-1]])))


def test_run_of_nothing_is_nothing():
    assert vectors.run("bf16_to_fp32", x=np.zeros((0, 3), np.uint16)).shape == (0, 3)


def test_an_unknown_result_is_an_error(tmp_path, monkeypatch):
    """A module with an undriven bit must not pass as one that returns 0."""
    monkeypatch.setenv("SIM", "icarus")  # Verilator has no X
    broken = tmp_path / "bf16_to_fp32.v"
    broken.write_text(
        "module bf16_to_fp32 (input wire [15:0] x, output wire [31:0] y);\n"
        "assign y = {x, 15'h0, 1'bx};\nendmodule\n"
    )
    real = vectors.sources
    monkeypatch.setattr(vectors, "sources", lambda m: [broken, *real(m)[1:]])
    with pytest.raises(simulate.Failed, match="result 0 of 2 is unknown"):
        vectors.run("bf16_to_fp32", name="vectors/unknown", x=[1, 2])
