# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Resets of the core: tb/tb_macrame_resets.py in every shape of benches.py."""

import pytest
from benches import cases, run


@pytest.mark.parametrize("case", cases("macrame_resets"))
def test_macrame_resets(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)
