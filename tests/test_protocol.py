# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The table of mistakes in docs/streams.md matches what tb/system/tb_protocol.py sends and observes."""

from tb.lib.mistakes import MISTAKES
from tests.test_docs import code, table


def test_the_table_is_what_the_bench_does():
    rows = table("docs/streams.md", "mistake")
    assert [text for text, *_ in rows] == [mistake.text for mistake in MISTAKES]
    for (text, leaves, detected_by), mistake in zip(rows, MISTAKES):
        assert ", ".join(code(leaves)) == mistake.leaves, text
        assert detected_by.strip("*") == mistake.detected_by, text
