# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""tile_sequencer: tb/unit/stream/tb_tile_sequencer.py in every shape of tb/lib/catalogue.py."""

import pytest

from tb.lib.catalogue import cases, run


@pytest.mark.parametrize("case", cases("tile_sequencer"))
def test_tile_sequencer(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)
