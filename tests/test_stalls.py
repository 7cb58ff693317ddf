# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Pauses on every stream of the core: tb/tb_stalls.py in every shape of benches.py."""

import pytest
from benches import cases, run


@pytest.mark.parametrize("case", cases("stalls"))
def test_stalls(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)
