# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Reports as blocks, and the writers of blocks: a terminal, an HTML page, a JSON file."""
