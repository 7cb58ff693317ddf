# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The arithmetic of macrame as plain NumPy: no simulator, no files, no printing."""
