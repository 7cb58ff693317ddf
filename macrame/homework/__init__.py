# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The problem sheet: data in TOML files, a short script for each problem, worked answers."""
