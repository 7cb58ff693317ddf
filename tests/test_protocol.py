# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Mistakes on the core's streams: tb/tb_protocol.py in every shape of benches.py; docs/streams.md's table."""

import pytest
from test_docs import code, table

from tb.lib.catalogue import cases, run
from tb.mistakes import MISTAKES


@pytest.mark.parametrize("case", cases("protocol"))
def test_protocol(case, seed):
    """Passes all cocotb tests of the bench."""
    run(case, seed=seed)


def test_the_table_is_what_the_bench_does():
    rows = table("docs/streams.md", "mistake")
    assert [text for text, *_ in rows] == [mistake.text for mistake in MISTAKES]
    for (text, leaves, told), mistake in zip(rows, MISTAKES):
        assert ", ".join(code(leaves)) == mistake.leaves, text
        assert told.strip("*") == mistake.told, text
