# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Pauses on every stream of the core: tb/system/tb_stalls.py in every shape of tb/lib/catalogue.py."""

import pytest

from tb.lib.catalogue import cases, run


@pytest.mark.parametrize("case", cases("stalls"))
def test_stalls(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)
