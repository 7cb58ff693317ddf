# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""fifo: tb/tb_fifo.py in every shape of benches.py."""

import pytest
from benches import cases, run


@pytest.mark.parametrize("case", cases("fifo"))
def test_fifo(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)
