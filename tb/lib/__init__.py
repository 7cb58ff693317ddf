# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Drivers, monitors, scoreboards and stimuli of the benches, and the catalogue that lists every bench."""
