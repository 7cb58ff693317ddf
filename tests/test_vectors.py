# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The vector player and its Python side: packing, parsing, running, and what they refuse."""

import numpy as np
import pytest

from macrame.golden.arith.fp32_to_int8 import fp32_to_int8
from macrame.sim import simulate, vectors


def test_words_are_big_endian_columns_in_order():
    columns = {"x": np.float32([1, -2]), "rounding": 2, "random": [0x1234, 0xFFFF]}
    words = vectors.pack("fp32_to_bf16", columns)
    assert [bytes(w).hex(" ") for w in words] == ["3f 80 00 00 02 12 34", "c0 00 00 00 02 ff ff"]


def test_integers_are_two_s_complement():
    assert vectors.pack("mul8x8", {"a": -1, "b": np.int8(-128)}).tolist() == [[255, 128]]


@pytest.mark.parametrize(
    ("columns", "says"),
    [
        ({"a": 1}, "mul8x8 has the operands a, b; given: a"),
        ({"a": 1, "b": 2, "c": 3}, "given: a, b, c"),
        ({"a": 1.0, "b": 2}, "a has dtype float64, expected integers"),
        ({"a": 256, "b": 2}, r"a holds 256\.\.256, expected integers of 1 bytes"),
        ({"a": [-1, 128], "b": 2}, r"a holds -1\.\.128"),
        ({"a": -129, "b": 2}, r"a holds -129"),
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
    """A module that forgets a bit must not pass as one that answers 0 there."""
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
