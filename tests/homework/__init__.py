# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The problem sheet: known answers from the RTL, a student's own data, bad data, and mismatches."""

import pytest

pytest.register_assert_rewrite("tests.homework.common")
