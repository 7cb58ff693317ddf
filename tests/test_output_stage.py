# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""output_stage: tb/tb_output_stage.py in every shape of benches.py."""

import pytest
from benches import cases, run


@pytest.mark.parametrize("case", cases("output_stage"))
def test_output_stage(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)
