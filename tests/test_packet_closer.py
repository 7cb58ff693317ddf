# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""packet_closer: tb/unit/stream/tb_packet_closer.py in every shape of tb/lib/catalogue.py."""

import pytest

from tb.lib.catalogue import cases, run


@pytest.mark.parametrize("case", cases("packet_closer"))
def test_packet_closer(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)
