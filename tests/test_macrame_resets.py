# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Resets of the core: tb/system/tb_resets.py in every shape of tb/lib/catalogue.py."""

import pytest

from tb.lib.catalogue import cases, run


@pytest.mark.parametrize("case", cases("macrame_resets"))
def test_macrame_resets(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)
