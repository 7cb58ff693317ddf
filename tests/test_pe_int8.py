# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""pe_int8: tb/unit/array/tb_pe_int8.py in every shape of tb/lib/catalogue.py."""

import pytest

from tb.lib.catalogue import cases, run


@pytest.mark.parametrize("case", cases("pe_int8", "pe_int8_wrap", "pe_int8_ice40"))
def test_pe_int8(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)
