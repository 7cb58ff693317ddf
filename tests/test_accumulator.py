# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""accumulator: tb/unit/array/tb_accumulator.py in every shape, the portable one and iCE40's."""

import pytest

from tb.lib.catalogue import cases, run


@pytest.mark.parametrize("case", cases("accumulator", "accumulator_ice40"))
def test_accumulator(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)
