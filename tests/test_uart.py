# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""rtl/uart and the tops of the boards, pin to pin: their benches in every shape of tb/lib/catalogue.py."""

import pytest

from tb.lib.catalogue import cases, run


@pytest.mark.parametrize(
    "case", cases("crc16", "frame_rx", "frame_tx", "uart_rx", "uart_tx", "uart_bridge", "macrame_uart")
)
def test_uart(case, seed):
    run(case, seed=seed)
