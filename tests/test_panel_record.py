# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""panel_record: tb/unit/stream/tb_panel_record.py in every shape of tb/lib/catalogue.py."""

import pytest

from tb.lib.catalogue import cases, run


@pytest.mark.parametrize("case", cases("panel_record"))
def test_panel_record(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)
