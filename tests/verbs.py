# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Verbs of the command line, called in this process."""

import os

from macrame.cli import command


def call(verb, values=None, words=(), name=None):
    """Run a verb as make does: the exit code; errors go to stderr, one line each.

    Parameters
    ----------
    verb : str
    values : dict of str to str, optional
        Its variables.
    words : sequence of str
    name : str, optional
        Prefix of messages; the verb by default.
    """
    before = {variable: os.environ.get(variable) for variable in ("SIM", "BUILD_DIR", "TIME_FACTOR")}
    try:
        return command.call(verb, values or {}, words, lambda text: text, name or verb)
    finally:
        for variable, value in before.items():
            if value is None:
                os.environ.pop(variable, None)
            else:
                os.environ[variable] = value
