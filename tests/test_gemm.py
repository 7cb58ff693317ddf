# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Matrix products on the whole core, through the host's tiling: every value equal to golden's."""

import pytest

from tb.lib.catalogue import cases, run


@pytest.mark.parametrize("case", cases("gemm", "gemm_bf16", "gemm_slow"))
def test_gemm(case, seed):
    run(case, seed=seed)


@pytest.mark.nightly
@pytest.mark.parametrize("case", cases("gemm", "gemm_bf16"))
def test_gemm_long(case, seed):
    run(case, seed=seed, env={"GEMM_BUDGET": "5000000"})
