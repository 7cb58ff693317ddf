# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The vector unit: its lane on vectors, the whole on its streams, its registers by rtl/vector_unit.rdl."""
import pytest
from benches import cases, run


@pytest.mark.parametrize("case", cases("vector_lane", "vector_registers", "vector_unit"))
def test_vector_unit(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)
