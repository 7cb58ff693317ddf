# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""``macrame VERB``, and ``python -m macrame VERB``."""

import codecs
import difflib
import locale
import os
import shlex
import sys
from collections.abc import Sequence

from macrame.cli import command, output, signals
from macrame.cli.command import VERBS, UsageError
from macrame.errors import short


def usage() -> str:
    """What ``macrame --help`` prints."""
    lines = ["usage: macrame VERB [OPTION ...]", "", "An open int8 and bfloat16 matrix core.", ""]
    lines += [f"  {verb:<11} {command.summary(verb)}" for verb in VERBS if not command.in_checkout(verb)]
    lines += ["", "In a checkout of the project only:", ""]
    lines += [f"  {verb:<11} {command.summary(verb)}" for verb in VERBS if command.in_checkout(verb)]
    lines += [
        "",
        "macrame VERB --help lists the options of a verb.",
        "Exit codes: 0 correct, 1 wrong or failed, 2 invalid input, 130 interrupted.",
    ]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command.

    Parameters
    ----------
    arguments : sequence of str, optional
        Those of this process by default.

    Returns
    -------
    int
        Exit code: 0 correct, 1 wrong or failed, 2 invalid input, 130 interrupted.
    """
    words = list(sys.argv[1:] if arguments is None else arguments)
    try:
        return output.written(lambda: _main(words), "macrame")
    except KeyboardInterrupt:
        print("macrame: interrupted", file=sys.stderr)
        return 130


def _main(words: list[str]) -> int:
    if words[:1] == ["help"] and words[1:]:
        words = [words[1], "--help"]
    if words[:1] in (["-h"], ["--help"], ["help"]):
        print(usage())
        return 0
    if words[:1] == ["--version"]:
        import macrame

        print(f"macrame {macrame.__version__}")
        return 0
    if not words:
        print(f"macrame: no verb given, expected one of {', '.join(VERBS)}", file=sys.stderr)
        return 2
    verb, *rest = words
    if verb not in VERBS:
        near = difflib.get_close_matches(verb, VERBS, 1)
        hint = f"; did you mean {near[0]}?" if near else f", expected one of {', '.join(VERBS)}"
        print(f"macrame: {verb!r} is not a verb{hint}", file=sys.stderr)
        return 2
    name = f"macrame {verb}"
    try:
        values, others = command.parse(verb, rest)
    except UsageError as error:
        print(f"{name}: {short(error, 10_000)}", file=sys.stderr)
        return 2
    os.environ["MACRAME_REPLAY"] = replay(verb, rest)
    return command.call(verb, values, others, lambda text: command.as_options(verb, text, values), name)


def replay(verb: str, rest: list[str]) -> str:
    """The command line that repeats this run, with {seed} in place of its seed."""
    kept, skip = [], False
    for word in rest:
        if not skip and word != "--seed" and not word.startswith("--seed="):
            kept.append(word)
        skip = word == "--seed"
    takes = {option.name for option in command.options(verb)}
    seed = " --seed {seed}" if command.SEED.name in takes else ""
    return shlex.join(["macrame", verb, *kept]) + seed


def in_utf8() -> None:
    """Start this process again in Python's UTF-8 mode, unless it reads files as UTF-8 already.

    The project's files are UTF-8, whatever the locale. The encoding of the terminal stays that of the locale.
    """
    if sys.flags.utf8_mode or codecs.lookup(locale.getencoding()).name == "utf-8" or not sys.executable:
        return
    if sys.stdout is not None:
        os.environ.setdefault("PYTHONIOENCODING", sys.stdout.encoding)
    os.environ["PYTHONUTF8"] = "1"  # for processes that this one starts
    os.execv(sys.executable, [sys.executable, "-X", "utf8", *sys.orig_argv[1:]])


def program() -> None:
    """Run `main` with this process's arguments, handle interrupts, set the exit code."""
    in_utf8()
    signals.starting()
    signals.leave(main())
