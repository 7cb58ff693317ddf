# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""skid: tb/unit/stream/tb_skid.py in every shape of tb/lib/catalogue.py."""

import pytest

from tb.lib.catalogue import cases, run


@pytest.mark.parametrize("case", cases("skid"))
def test_skid(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)
