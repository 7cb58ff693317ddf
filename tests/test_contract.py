# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A core's configuration in Python: the RTL rejects the same values and has the same defaults."""

import re

import numpy as np
import pytest

from macrame import paths
from macrame.contract import BF16, CoreConfig
from macrame.errors import InputError
from macrame.sim import simulate
from macrame.sim.link import HARNESS

REFUSED = [
    (dict(rows=0), "rows is 0, expected an integer from 1 to 32", "ROWS_must_be_1_to_32"),
    (dict(cols=33), "cols is 33, expected an integer from 1 to 32", "COLS_must_be_1_to_32"),
    (dict(depth=9), "depth is 9, expected an integer from 1 to 8", "DEPTH_must_be_1_to_8_and_1_with_BF16"),
    (
        dict(k_max=65537),
        "k_max is 65537, expected an integer from 1 to 65536",
        "K_MAX_must_be_DEPTH_to_65536",
    ),
    (
        dict(depth=4, k_max=3),
        "k_max is 3, expected at least depth, which is 4",
        "K_MAX_must_be_DEPTH_to_65536",
    ),
    (dict(formats="FP8"), "formats is 'FP8', expected one of INT8, BF16, DUAL", "FORMATS_must_be"),
    (
        dict(formats="DUAL", depth=2),
        "depth is 2, expected 1 with formats DUAL",
        "DEPTH_must_be_1_to_8_and_1_with_BF16",
    ),
    (
        dict(fifo_depth=8, formats="DUAL"),
        "fifo_depth is 8, expected 0, or a power of two of at least 32",
        "FIFO_DEPTH_must_be_at_least",
    ),
    (dict(fifo_depth=24), "fifo_depth is 24, expected 0, or a power of two of at least 8", "power_of_two"),
    (dict(post_cycles=2), "post_cycles is 2, expected 1, or 33 to 64", "POST_CYCLES_must_be"),
    (dict(pack_results=2), "pack_results is 2, expected an integer from 0 to 1", "PACK_RESULTS_must_be"),
    (dict(post_cycles=33, formats="BF16"), "post_cycles is 33, expected 1 with formats BF16", "POST_CYCLES"),
]


@pytest.mark.parametrize("value", [np.array(["INT8", "BF16"]), ["INT8"], None, 1])
def test_formats_of_another_type_are_refused(value):
    with pytest.raises(InputError, match=r"^formats is .*, expected one of INT8, BF16, DUAL$"):
        CoreConfig(formats=value)


@pytest.mark.parametrize(("given", "message", "rule"), REFUSED, ids=[str(one[0]) for one in REFUSED])
def test_what_it_refuses_the_rtl_refuses(given, message, rule, monkeypatch):
    with pytest.raises(InputError, match=f"^{re.escape(message)}$"):
        CoreConfig(**given)
    monkeypatch.setenv("SIM", "icarus")
    parameters = {name.upper(): f'"{value}"' if name == "formats" else value for name, value in given.items()}
    with pytest.raises(simulate.Failed) as caught:
        simulate.build(
            toplevel="core_player", sources=[*simulate.core_sources(), *HARNESS], parameters=parameters
        )
    assert re.sub(r"\W", "_", rule.split("_must")[0]) in re.sub(r"\W", "_", str(caught.value))


@pytest.mark.parametrize("value", [True, 2.0, "8", None, np.float32(4)])
def test_only_integers_will_do(value):
    with pytest.raises(InputError, match="rows is .*, expected an integer from 1 to 32"):
        CoreConfig(rows=value)
    assert CoreConfig(rows=np.int64(4)) == CoreConfig(rows=4)


def test_the_defaults_are_the_rtls():
    text = (paths.RTL / "macrame.v").read_text()
    for name, value in CoreConfig().parameters().items():
        assert re.search(rf"parameter integer {name} *= {value},", text), name
    assert 'FORMATS    = "INT8"' in re.sub(r"(FORMATS) +=", r"\1    =", text)


def test_parameters_come_back():
    for config in (
        CoreConfig(),
        CoreConfig(2, 3, 1, 64, 3, "DUAL", 64),
        CoreConfig(4, 4, 4, post_cycles=33, pack_results=1),
    ):
        assert CoreConfig.of_parameters(config.parameters()) == config


def test_what_follows_from_it():
    dual, narrow = CoreConfig(2, 3, formats="DUAL", post_lanes=8), CoreConfig(2, 3, 4)
    assert (dual.post_lanes, dual.macs, dual.lane_bytes, dual.height(0), dual.height(BF16)) == (3, 6, 2, 2, 8)
    assert (narrow.macs, narrow.lane_bytes, narrow.int8, narrow.bf16) == (24, 4, True, False)
    matrix = np.array([[-1, 2]], np.int8)
    assert dual.lanes(matrix).tolist() == [[255, 2]]
    assert narrow.lanes(matrix) is matrix
