# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden and the RTL against the answers of released int8 runtimes.

The answers are stored (by tests/oracles/make_vectors.py); no runtime is needed here. Each runtime
represents one mode, and its vectors must distinguish that mode from the other two.
"""

from pathlib import Path

import numpy as np
import pytest

from macrame.golden.arith.requantize import MODES, quantize_multiplier, requantize, scale_bits
from macrame.golden.gemm import layer
from macrame.sim import vectors
from tb.lib import stimuli

STORED = Path(__file__).parent / "oracles"
RUNTIMES = {"tflite_micro": "gemmlowp", "litert": "ruy", "onnxruntime": "fp32"}
FEWEST_TIES = {
    "gemmlowp": {"product": 100, "shift": 400},
    "ruy": {"product": 100, "shift": 400},
    "fp32": {"convert": 200, "product": 500, "integer": 500},
}


@pytest.fixture(scope="module", params=RUNTIMES)
def oracle(request):
    """A runtime's mode and stored answers; ``columns(mode)`` are the operands of its requantisations."""
    with np.load(STORED / f"{request.param}.npz") as stored:
        stored = dict(stored)
    stored["mode"] = RUNTIMES[request.param]
    return stored


def fields(mode, scale):
    """(multiplier, shift) that stand for real scales in a mode."""
    if mode == "fp32":
        return scale_bits(scale), np.zeros(scale.size, np.int8)
    return quantize_multiplier(scale)


def columns(oracle, mode=None):
    """Operands of every requantisation, with the accumulators that int64 gives."""
    at = oracle["layer"]
    x = np.einsum("nk,nk->n", oracle["w"].astype(np.int64), oracle["a"][at].astype(np.int64)) + oracle["bias"]
    assert (np.abs(x) < 2**31).all()
    multiplier, shift = fields(mode or oracle["mode"], oracle["scale"])
    return {
        "x": x.astype(np.int32),
        "multiplier": multiplier,
        "shift": shift,
        "zero_point": oracle["zero_point"][at],
        "clamp_low": oracle["low"][at],
        "clamp_high": oracle["high"][at],
    }


def test_golden_layers_equal_the_runtime(oracle):
    """Product, bias, requantisation, clamp, as `macrame.golden.gemm.layer` does them: every output of every
    layer."""
    assert oracle["q"].size >= 10_000
    for i, a in enumerate(oracle["a"]):
        mine = oracle["layer"] == i
        multiplier, shift = fields(oracle["mode"], oracle["scale"][mine])
        result = layer(
            a[None],
            oracle["w"][mine].T,
            oracle["bias"][mine],
            multiplier,
            shift,
            oracle["zero_point"][i],
            oracle["low"][i],
            oracle["high"][i],
            oracle["mode"],
        )
        np.testing.assert_array_equal(
            result[0],
            oracle["q"][mine],
            err_msg=f"layer {i}, {oracle['op'][i]}, {oracle['runtime']} {oracle['version']}",
        )


def test_the_stored_vectors_seek_ties(oracle):
    ties = stimuli.requantize_ties(oracle["mode"], columns(oracle))
    for kind, fewest in FEWEST_TIES[oracle["mode"]].items():
        assert min(ties[kind]) >= fewest, ties
    open_ = (oracle["q"] > oracle["low"][oracle["layer"]]) & (oracle["q"] < oracle["high"][oracle["layer"]])
    assert open_.mean() > 0.4


def test_the_stored_vectors_tell_the_modes_apart(oracle):
    for other in set(RUNTIMES.values()) - {oracle["mode"]}:
        assert (requantize(**columns(oracle, other), mode=other) != oracle["q"]).sum() > 1_000


@pytest.mark.sampled(3)
def test_rtl_equals_the_runtime(oracle):
    """Directly, without golden."""
    q = vectors.run(
        "requantize", name=f"oracles/{oracle['runtime']}", mode=MODES[oracle["mode"]], **columns(oracle)
    )
    np.testing.assert_array_equal(q, oracle["q"])
