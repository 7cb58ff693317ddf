# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""``python -m macrame``, and the console script ``macrame``."""

from macrame.cli import signals


def program() -> None:
    """Run the command line; an interrupt is one line even while the imports of `macrame.cli.main` run."""
    signals.early()
    from macrame.cli import main

    main.program()


if __name__ == "__main__":
    program()
