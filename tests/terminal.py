# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Pseudo-terminals for tests, and a clear reason if a machine has none."""

import os

import pytest


def open_terminal():
    """A pseudo-terminal's two ends, (master, slave); skips the test in a container without /dev/pts."""
    try:
        return os.openpty()
    except OSError as error:
        pytest.skip(f"no terminal to be had here: {error}")
