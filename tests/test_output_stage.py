# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""output_stage: tb/unit/stream/tb_output_stage.py in every shape of tb/lib/catalogue.py."""

import pytest

from tb.lib.catalogue import cases, run


@pytest.mark.parametrize("case", cases("output_stage"))
def test_output_stage(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)
