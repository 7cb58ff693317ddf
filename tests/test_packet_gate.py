# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""packet_gate: tb/tb_packet_gate.py in every shape of benches.py."""

import pytest
from benches import cases, run


@pytest.mark.parametrize("case", cases("packet_gate"))
def test_packet_gate(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)
