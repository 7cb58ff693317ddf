# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Errors of the core: tb/tb_macrame_faults.py in every shape of benches.py."""

import pytest
from benches import cases, run


@pytest.mark.parametrize("case", cases("macrame_faults"))
def test_macrame_faults(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)
