# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Every bench in every shape of tb/lib/catalogue.py.

``make test TESTS=fifo`` runs one bench, ``make test TESTS=fifo/4x8`` one case; see tests/selection.py.
"""

import pytest

from tb.lib.catalogue import run
from tests.cases import BENCHES, ELSEWHERE, cases


@pytest.mark.parametrize("case", cases(*(bench for bench in BENCHES if bench not in ELSEWHERE)))
def test_bench(case, seed, quick):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed, quick=quick)
