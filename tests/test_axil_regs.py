# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""axil_regs: tb/unit/bus/tb_axil_regs.py in every shape of tb/lib/catalogue.py."""

import pytest

from tb.lib.catalogue import cases, run


@pytest.mark.parametrize("case", cases("axil_regs"))
def test_axil_regs(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)
