# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Data files: each error is one line, and nothing is written."""

import tomllib

import pytest

from macrame.homework import (
    data,
)
from macrame.homework.data import SHIPPED
from tests.homework.common import own, refused

BAD_FILES = [
    # file, the change (or the complete text), what the line must name
    ("p1_forward.toml", {"w1": "[[1, 2, 3], [4, 5, 6]]"}, ["w1[0] = [1, 2, 3]", "4 numbers"]),
    ("p1_forward.toml", {"w1": "[]"}, ["w1 = []", "4 numbers"]),
    ("p1_forward.toml", {"w1": "7"}, ["w1 = 7", "matrix"]),
    ("p1_forward.toml", {"b1": "[1, 2]"}, ["b1 = [1, 2]", "3 numbers"]),
    ("p1_forward.toml", {"w2": "[[1, 2, 3]]"}, ["w2 = [[1, 2, 3]]", "3 rows"]),
    ("p1_forward.toml", {"b2": '[0, "x", 0]'}, ["b2[1] = 'x'", "a number"]),
    ("p1_forward.toml", {"b2": "[0, true, 0]"}, ["b2[1] = true", "a number"]),
    ("p1_forward.toml", {"picture": "[[0.1, 0.2], [0.3]]"}, ["picture[1] = [0.3]", "2 numbers"]),
    ("p1_forward.toml", {"picture": "[0.1, 0.2, 0.3, 0.4]"}, ["picture[0] = 0.1", "row"]),
    ("p1_forward.toml", {"label": '"cow"'}, ["label = 'cow'", '"dog"']),
    ("p1_forward.toml", {"classes": '["cat", "cat", "dog"]'}, ["classes", "different"]),
    ("p1_forward.toml", {"mode": '"raw"'}, ["mode = 'raw'", '"gemmlowp"']),
    ("p1_forward.toml", {"layers": "0"}, ["layers = 0", "1 to 1000"]),
    ("p1_forward.toml", {"layers": "2.5"}, ["layers = 2.5", "an integer"]),
    ("p1_forward.toml", {"chain_weight": "nan"}, ["chain_weight = nan", "number"]),
    (
        "p1_forward.toml",
        {"w1": "[[1e15, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0]]", "b1": "[-1e15, 1e-15, 1e-15]"},
        ["the scale of output 0 is", "less than 2^31"],
    ),
    ("p2_backprop.toml", {"input": "[]"}, ["input = []", "1 to 16 numbers"]),
    ("p2_backprop.toml", {"hidden_weights": "[[0.1, 0.2, 0.3]]"}, ["hidden_weights[0]", "2 numbers"]),
    ("p2_backprop.toml", {"hidden_bias": "[1]"}, ["hidden_bias = [1]", "2 numbers"]),
    ("p2_backprop.toml", {"target": "[1, 2, 3]"}, ["output_weights", "3 rows"]),
    ("p1_forward.toml", {"activation": '"tanh"'}, ["activation = 'tanh'", '"relu", "sigmoid"']),
    ("p1_forward.toml", {"b2": "[0, 0, 0]\nb3 = [1, 2, 3]"}, ["w3: missing", "3 rows of 3 numbers"]),
    ("p1_forward.toml", {"b2": "[0, 0, 0]\nw3 = [[1, 2, 3]]"}, ["w3 = [[1, 2, 3]]", "3 rows"]),
    ("p1_forward.toml", {"b2": "[0, 0, 0]\nw9 = [[1, 2, 3]]"}, ["w9 = [[1, 2, 3]]", "unknown key", "w8"]),
    ("p1_forward.toml", {"w2": None}, ["w2: missing", "3 rows of 3 numbers"]),
    ("p2_backprop.toml", {"output_activation": '"tanh"'}, ["output_activation = 'tanh'", '"sigmoid"']),
    (
        "p2_backprop.toml",
        {"hidden_activation": '"identity"'},
        ["hidden_activation = 'identity'", '"sigmoid"'],
    ),
    ("p2_backprop.toml", {"hidden_weights": None}, ["hidden_weights: missing", "rows of 2 numbers"]),
    ("p2_backprop.toml", {"hidden_bias": None}, ["hidden_bias: missing", "2 numbers"]),
    ("p4_int8.toml", {"times": None}, ["times: missing", '"transposed" or a matrix of 3 rows of numbers']),
    ("p5_overfitting.toml", {"strengths": "[1e16]"}, ["strengths[0] = 1e+16", "a number from 0 to 10"]),
    ("p6_pruning.toml", {"sparsities": "[nan]"}, ["sparsities[0] = nan", "a number from 0 to 0.99"]),
    ("p5_overfitting.toml", {"strengths": "[2020-01-02]"}, ["strengths[0] = 2020-01-02", "a number"]),
    ("p1_forward.toml", {"b1": "{a = 07:30:00}"}, ["b1 = {a = 07:30:00}", "a list of 3 numbers"]),
    ("p2_backprop.toml", {"hidden_bias": "[[1]]"}, ["hidden_bias[0] = [1]", "2 numbers"]),
    ("p2_backprop.toml", {"hidden_bias": "[[1, 2], [3]]"}, ["hidden_bias = [[1, 2], [3]]", "2 numbers"]),
    (
        "p2_backprop.toml",
        {"hidden_weights": "[[[1, 2]], [[3, 4]]]"},
        ["hidden_weights[1][0] = [3, 4]", "a row of 1 number"],
    ),
    (
        "p2_backprop.toml",
        {"hidden_weights": "[[[1, 2]], [[3]]]", "hidden_bias": "[[1]]"},
        ["hidden_bias = [[1]]", "2 lists of numbers, of 1 and 1"],
    ),
    (
        "p2_backprop.toml",
        {"hidden_weights": "[[[1, 2], [3, 4]], [[3, nan]]]"},
        ["hidden_weights[1][0][1] = nan", "a number"],
    ),
    (
        "p2_backprop.toml",
        {"hidden_weights": "[[[1, 2], [3, 4]]" + ", [[3, 4], [5, 6]]" * 7 + "]"},
        ["hidden_weights = [[[", "at most 7 matrices"],
    ),
    ("p2_backprop.toml", {"error": '"rms"'}, ["error = 'rms'", '"half_sum"']),
    ("p2_backprop.toml", {"asked": '"w9"'}, ["asked = 'w9'", "w1 to w8"]),
    ("p2_backprop.toml", {"learning_rate": "0"}, ["learning_rate = 0", "above 0"]),
    ("p2_backprop.toml", {"learning_rate": "nan"}, ["learning_rate = nan", "number"]),
    ("p3_batches.toml", {"epochs": "0"}, ["epochs = 0", "1 to"]),
    ("p3_batches.toml", {"epochs": None}, ["2 of updates", "exactly three"]),
    ("p3_batches.toml", {"epochs": "20\nsamples = 5"}, ["4 of updates", "exactly three"]),
    ("p3_batches.toml", {"epochs": "7"}, ["updates = 10000", "multiple of epochs"]),
    ("p3_batches.toml", {"batch_size": "-512"}, ["batch_size = -512", "1 to"]),
    ("p3_batches.toml", {"batch_size": "1" + "0" * 400}, ["batch_size = 1000", "1 to"]),
    ("p3_batches.toml", {"leftover": '"keep"'}, ["leftover = 'keep'", '"drop"']),
    ("p4_int8.toml", {"matrix": "[[1.0, nan], [0, 1]]"}, ["matrix[0][1] = nan", "a number"]),
    ("p4_int8.toml", {"matrix": "[[1.0, inf], [0, 1]]"}, ["matrix[0][1] = inf", "a number"]),
    ("p4_int8.toml", {"matrix": '[[1.0, "two"], [0, 1]]'}, ["matrix[0][1] = 'two'", "a number"]),
    ("p4_int8.toml", {"matrix": "[[1e300]]"}, ["matrix[0][0] = 1e+300", "1e+15"]),
    ("p4_int8.toml", {"matrix": "[[0, 0], [0, 0]]"}, ["matrix", "other than 0"]),
    ("p4_int8.toml", {"matrix": "[[]]"}, ["matrix[0] = []", "numbers"]),
    ("p4_int8.toml", {"matrix": None}, ["matrix: missing", "matrix of 1 to 64 rows"]),
    ("p4_int8.toml", {"times": '"squared"'}, ["times = 'squared'", '"transposed"']),
    ("p4_int8.toml", {"times": "[[1], [2]]"}, ["times = [[1], [2]]", "3 rows"]),
    ("p4_int8.toml", "matrx = [[1]]\n", ["matrx = [[1]]: unknown key", "matrix"]),
    ("p4_int8.toml", "matrix = [[1, 2\n", ["not TOML"]),
    ("p4_int8.toml", "matrix = [[1]]\nmatrix = [[2]]\n", ["not TOML"]),
    ("p4_int8.toml", "", ["matrix: missing"]),
    ("p4_int8.toml", b"\x93NUMPY\x01\x00", ["byte 0 is not UTF-8", "TOML"]),
    ("p4_int8.toml", "matrix = " + "[" * 3000, ["nested too deeply"]),
    ("p4_int8.toml", "matrix = [[" + "1" * 5000 + "]]\n", ["has an integer of thousands of digits"]),
    ("p5_overfitting.toml", {"train_samples": "1797"}, ["train_samples = 1797", "10 to 1500"]),
    ("p5_overfitting.toml", {"dropout": "1"}, ["dropout = 1", "0 to 0.95"]),
    ("p5_overfitting.toml", {"wrong_labels": '"few"'}, ["wrong_labels = 'few'", "number"]),
    ("p5_overfitting.toml", {"strengths": "[0.1, -1]"}, ["strengths[1] = -1", "0 to 10"]),
    ("p5_overfitting.toml", {"folds": "1"}, ["folds = 1", "2 to 50"]),
    ("p5_overfitting.toml", {"patience": "0"}, ["patience = 0", "1 to"]),
    ("p6_pruning.toml", {"sparsities": "[0.5, 1.5]"}, ["sparsities[1] = 1.5", "0 to 0.99"]),
    ("p6_pruning.toml", {"sparsities": "[0.5, 0.2]"}, ["sparsities = [0.5, 0.2]", "ascending"]),
    ("p6_pruning.toml", {"sparsities": "[]"}, ["sparsities = []", "1 to 12"]),
    ("p6_pruning.toml", {"pictures": "0"}, ["pictures = 0", "1 to 1797"]),
    ("p6_pruning.toml", {"mode": '"raw"'}, ["mode = 'raw'", '"ruy"']),
    ("p7_bfloat16.toml", {"bits": "[0x100000000]"}, ["bits[0] = 4294967296", "0 to 4294967295"]),
    ("p7_bfloat16.toml", {"bits": "[1.5]"}, ["bits[0] = 1.5", "an integer"]),
    ("p7_bfloat16.toml", {"values": '["1.0"]'}, ["values[0] = '1.0'", "a number"]),
    ("p7_bfloat16.toml", {"values": f"[1{'0' * 400}]"}, ["values[0] = 1000", "a number"]),
    ("p7_bfloat16.toml", {"random": "[65536]"}, ["random[0] = 65536", "65535"]),
    ("p7_bfloat16.toml", {"averaged": "[nan]"}, ["averaged[0] = nan", "a number"]),
    ("p8_inference.toml", {"hidden": "0"}, ["hidden = 0", "1 to 1024"]),
    ("p8_inference.toml", {"test_fraction": "1.0"}, ["test_fraction = 1.0", "0.05 to 0.9"]),
    ("p8_inference.toml", {"learning_rate": "0"}, ["learning_rate = 0", "above 0"]),
    ("p8_inference.toml", {"momentum": "1"}, ["momentum = 1", "0 to 0.999"]),
    ("p8_inference.toml", {"per_channel": "1"}, ["per_channel = 1", "true or false"]),
    ("p8_inference.toml", {"mode": '"int4"'}, ["mode = 'int4'", '"ruy"']),
    ("p8_training.toml", {"bits": "[8, 1]"}, ["bits[1] = 1", "2 to 8"]),
    ("p8_training.toml", {"bits": "[4, 4]"}, ["bits = [4, 4]", "different"]),
    ("p8_training.toml", {"headroom": "0.5"}, ["headroom = 0.5", "1 to 1000"]),
    ("p8_training.toml", "epochs = 3\n", ["bits: missing"]),
    ("p9_optimizers.toml", {"rates": "[0.1, 0]"}, ["rates[1] = 0", "above 0"]),
    ("p9_optimizers.toml", {"rates": "[0.1, 0.1]"}, ["rates = [0.1, 0.1]", "different"]),
    ("p9_optimizers.toml", {"beta2": "1"}, ["beta2 = 1", "0 to 0.999999"]),
    ("p9_optimizers.toml", {"adam_rates": "3"}, ["adam_rates = 3", "list"]),
]


@pytest.mark.parametrize(
    ("name", "change", "named"),
    BAD_FILES,
    ids=[f"{n.split('_')[0]}-{i}" for i, (n, _, _) in enumerate(BAD_FILES)],
)
def test_bad_files(solve, tmp_path, name, change, named):
    folder = own(tmp_path, name, **change) if isinstance(change, dict) else own(tmp_path, name, change)
    refused(solve(HOMEWORK=folder), tmp_path, str(folder / name), *named)


@pytest.mark.parametrize("name", sorted(path.name for path in SHIPPED.glob("*.toml")))
def test_files_as_windows_editors_save_them(tmp_path, name):
    """Notepad adds a byte order mark and ends lines with CR LF; neither changes a value."""
    shipped = SHIPPED / name
    (tmp_path / name).write_bytes(b"\xef\xbb\xbf" + shipped.read_bytes().replace(b"\n", b"\r\n"))
    expected = tomllib.loads(shipped.read_text())
    assert repr(data.File(tmp_path / name, expected).table) == repr(expected)  # NaN is not equal to itself


def test_bad_directories(solve, tmp_path):
    refused(solve(HOMEWORK=tmp_path / "none"), tmp_path, f"HOMEWORK={tmp_path / 'none'}", "no such directory")
    (tmp_path / "empty").mkdir()
    refused(solve(HOMEWORK=tmp_path / "empty"), tmp_path, "no .toml file", "p4_int8.toml")
    (tmp_path / "file").write_text("")
    refused(solve(HOMEWORK=tmp_path / "file"), tmp_path, "not a directory; expected one that contains any of")
    misspelt = own(tmp_path, "p4_int.toml", "")
    refused(solve(HOMEWORK=misspelt), tmp_path, "p4_int.toml: not a file of", "p4_int8.toml")
    folder = tmp_path / "folder"
    (folder / "p4_int8.toml").mkdir(parents=True)
    refused(solve(HOMEWORK=folder), tmp_path, "p4_int8.toml: not a regular file")
    (tmp_path / "capitals").mkdir()
    (tmp_path / "capitals" / "p4_int8.TOML").write_text("")
    refused(solve(HOMEWORK=tmp_path / "capitals"), tmp_path, "p4_int8.TOML: not a file of", "p4_int8.toml")
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / "p4_int8.toml").symlink_to(tmp_path / "moved.toml")
    refused(solve(HOMEWORK=tmp_path / "link"), tmp_path, "link/p4_int8.toml: no such file")
