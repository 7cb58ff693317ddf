# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""mac_array: tb/unit/array/tb_mac_array.py in every shape of tb/lib/catalogue.py."""

import pytest

from tb.lib.catalogue import cases, run


@pytest.mark.parametrize(
    "case", cases("mac_array", "mac_array_all_pairs", "mac_array_largest", "mac_array_ice40")
)
def test_mac_array(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)
