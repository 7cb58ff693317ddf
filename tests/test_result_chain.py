# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""result_chain: tb/tb_result_chain.py in every shape of benches.py."""

import pytest
from benches import cases, run


@pytest.mark.parametrize("case", cases("result_chain"))
def test_result_chain(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)
