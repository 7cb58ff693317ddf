# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""panel_buffer: tb/unit/stream/tb_panel_buffer.py in every shape of tb/lib/catalogue.py."""

import pytest

from tb.lib.catalogue import cases, run


@pytest.mark.parametrize("case", cases("panel_buffer"))
def test_panel_buffer(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)
