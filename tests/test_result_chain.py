# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""result_chain: tb/unit/array/tb_result_chain.py in every shape of tb/lib/catalogue.py."""

import pytest

from tb.lib.catalogue import cases, run


@pytest.mark.parametrize("case", cases("result_chain"))
def test_result_chain(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)
