# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""What `make sim` and `make train` share as programs: no arguments but --help, and a quiet Ctrl-C."""

import sys


def run(main, usage, arguments):
    """Run a command that takes its variables from the environment.

    Parameters
    ----------
    main : callable
        Without arguments; returns an exit status.
    usage : str
        What --help prints.
    arguments : list of str
        The command line's.

    Returns
    -------
    int
        Exit status: that of `main`, 2 for an argument, 130 after an interrupt.
    """
    if arguments in (["-h"], ["--help"]):
        print(usage)
        return 0
    if arguments:
        print(
            f"macrame: {arguments[0]}: expected no argument but --help; variables go into the environment",
            file=sys.stderr,
        )
        return 2
    try:
        return main()
    except KeyboardInterrupt:
        print("macrame: interrupted", file=sys.stderr)
        return 130
