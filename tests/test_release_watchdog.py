# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""release_watchdog: tb/unit/stream/tb_release_watchdog.py in every shape of tb/lib/catalogue.py."""

import pytest

from tb.lib.catalogue import cases, run


@pytest.mark.parametrize("case", cases("release_watchdog"))
def test_release_watchdog(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)
