# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""perf_counters: tb/unit/bus/tb_perf_counters.py in every shape of tb/lib/catalogue.py."""

import pytest

from tb.lib.catalogue import cases, run


@pytest.mark.parametrize("case", cases("perf_counters"))
def test_perf_counters(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)
