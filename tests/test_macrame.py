# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The core on its AXI ports: tb/tb_macrame.py in every shape of benches.py."""

import pytest
from benches import cases, run


@pytest.mark.parametrize("case", cases("macrame"))
def test_macrame(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)
