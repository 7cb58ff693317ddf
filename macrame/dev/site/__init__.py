# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The documentation site: the repository's documents, and pages generated from Verilog and docstrings."""
