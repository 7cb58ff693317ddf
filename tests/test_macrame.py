# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The core on its AXI ports: tb/system/tb_macrame.py in every shape of tb/lib/catalogue.py."""

import pytest

from tb.lib.catalogue import cases, run


@pytest.mark.parametrize("case", cases("macrame"))
def test_macrame(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)
