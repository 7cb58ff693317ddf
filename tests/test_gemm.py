# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""More matrix products on the whole core than the bench `gemm` computes by default; see test_benches.py."""

import pytest

from tb.lib.catalogue import run
from tests.cases import cases


@pytest.mark.nightly
@pytest.mark.parametrize("case", cases("gemm", "gemm_bf16"))
def test_gemm_long(case, seed):
    run(case, seed=seed, env={"GEMM_BUDGET": "5000000"})
