# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Figures of the problem sheet, as bytes of PNG and SVG that are the same in any environment."""
