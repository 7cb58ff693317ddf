# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""``python -m macrame``."""

from macrame.cli.main import program

if __name__ == "__main__":
    program()
