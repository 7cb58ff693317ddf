# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""fifo: tb/unit/stream/tb_fifo.py in every shape of tb/lib/catalogue.py."""

import pytest

from tb.lib.catalogue import cases, run


@pytest.mark.parametrize("case", cases("fifo"))
def test_fifo(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)
