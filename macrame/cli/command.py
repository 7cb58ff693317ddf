# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Common parts of all verbs: options, help, one-line errors and exit codes.

A verb is a module of `macrame.cli` with a docstring, whose first line is its summary, and

=============  =============================================================================================
``OPTIONS``    a tuple of `Option`: ``--rows 4`` on the command line, ``ROWS=4`` under make
``WORDS``      optional: name and help of the words that follow the verb
``WORD``       the same, where at most one word follows
``INSTALLS``   optional: the set that tools/bootstrap installs, ``sim`` by default
``PROGRAM``    optional: the module that does the work, imported before ``run``
``EXTRA``      optional: the extra of the package that it needs
``CHECKOUT``   optional: it requires a checkout
``run``        called with the values that were given, text by variable name, and the words; returns the
               exit code: 0 correct, 1 wrong or failed, 2 invalid input
=============  =============================================================================================

A verb checks its values itself and raises an error that names the variable, ``ROWS=99: expected ...``; where
the user typed an option, the message names the option instead. This module imports the standard library
only, so that ``--help`` and a misspelt option need nothing installed.
"""

import argparse
import contextlib
import importlib
import os
import re
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType, ModuleType
from typing import Any, NoReturn

from macrame import environment, paths
from macrame.cli import signals
from macrame.errors import InputError, SetupError, short

VERBS = (
    "gemm",
    "homework",
    "train",
    "net",
    "bench",
    "synth",
    "gates",
    "bitstream",
    "waves",
    "trace",
    "board",
    "sources",
    "registers",
    "area",
    "lint",
    "test",
    "speed",
    "exhaustive",
    "proofs",
    "campaign",
    "pictures",
    "docs",
)


@dataclass(frozen=True)
class Option:
    """One option of a verb.

    Attributes
    ----------
    name : str
        As on the command line, without dashes: ``post-cycles``. Under make it is ``POST_CYCLES``.
    help : str
        What it means.
    default : str
        What the help shows as its default.
    flag : bool
        Takes no value on the command line, 0 or 1 under make.
    positional : bool
        Given by position, without dashes.
    make : bool
        Also a variable of make.
    """

    name: str
    help: str
    default: str = ""
    flag: bool = False
    positional: bool = False
    make: bool = True

    @property
    def variable(self) -> str:
        """Name of the variable: ``POST_CYCLES``."""
        return self.name.upper().replace("-", "_")


#: Options that several verbs take.
ROWS = Option("rows", "rows of the array, 1 to 32", "8")
COLS = Option("cols", "columns of the array, 1 to 32", "8")
DEPTH = Option("depth", "int8 products per cell per cycle, 1 to 8", "1")
SIM = Option("sim", "simulator: icarus or verilator", "icarus")
SEED = Option("seed", "seed of the simulation", "1")
WAVES = Option("waves", "write waveforms", flag=True)
TRACE = Option("trace", "file for a trace of what the core did in each cycle, see docs/trace.md")
TRACE_WINDOW = Option(
    "trace-window",
    "cycles for which the trace, and the page, contain the numbers of every cell, FIRST:LAST",
    "the first 4096, or fewer on a large core",
)
PAGE = Option("page", "also write the report to this file: .html for a page, .json for its values")
#: Options of every verb: the build folder and the factor of the time limits.
COMMON = (
    Option(
        "build-dir", "directory for everything that is built", "build in a checkout, else in the user's cache"
    ),
    Option("time-factor", "factor applied to every time limit, for a slow or busy machine", "1"),
)


class UsageError(Exception):
    """The command line cannot be parsed; the text is one line."""

    exit_status = 2


class _Parser(argparse.ArgumentParser):
    single = ""  # metavar of the words if only one is expected; the verb itself refuses more

    def format_help(self) -> str:
        return super().format_help().replace(f"[{self.single} ...]", f"[{self.single}]")

    def error(self, message: str) -> NoReturn:
        found = re.fullmatch(
            r"argument (?:-h/)?(\S+): (?:(expected one) argument|ignored explicit argument '(.*)')", message
        )
        if found and found[2]:
            raise UsageError(f"{found[1]}: no value given, expected one")
        if found:
            raise UsageError(f"{found[1]}={found[3]}: expected no value")
        raise UsageError(message)

    def print_help(self, file: Any = None) -> None:
        print(self.format_help(), end="", file=file, flush=True)  # argparse would hide a full disk


class _Once(argparse.Action):
    """Stores the value of an option, and rejects a second one, which would silently replace it."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        values: object,
        option_string: str | None = None,
    ) -> None:
        before = getattr(namespace, self.dest)
        if before is not None:
            raise UsageError(f"{option_string} is given twice, with {before} and {values}, expected once")
        setattr(namespace, self.dest, values)


def load(verb: str) -> ModuleType:
    """The module of a verb.

    Parameters
    ----------
    verb : str
        One of `VERBS`.

    Returns
    -------
    module
    """
    return importlib.import_module(f"macrame.cli.{verb}")


def summary(verb: str) -> str:
    """The first line of a verb's help."""
    return (load(verb).__doc__ or "").strip().splitlines()[0]


def in_checkout(verb: str) -> bool:
    """Whether a verb needs a checkout."""
    return bool(getattr(load(verb), "CHECKOUT", False))


def options(verb: str) -> tuple[Option, ...]:
    """The options of a verb, the common ones included."""
    return (*load(verb).OPTIONS, *COMMON)


def parser(verb: str) -> argparse.ArgumentParser:
    """The argument parser of a verb."""
    module = load(verb)
    first, _, rest = (module.__doc__ or "").strip().partition("\n\n")
    made = _Parser(
        prog=f"macrame {verb}",
        description=first,
        epilog=rest,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    for option in options(verb):
        text = option.help + (f" (default: {option.default})" if option.default else "")
        text = text.replace("%", "%%")
        if option.positional:
            made.add_argument(option.variable, nargs="?", help=text)
        elif option.flag:
            made.add_argument(
                f"--{option.name}", dest=option.variable, action="store_const", const="1", help=text
            )
        else:
            made.add_argument(
                f"--{option.name}", dest=option.variable, metavar=option.variable, action=_Once, help=text
            )
    for attribute in ("WORDS", "WORD"):
        if hasattr(module, attribute):
            metavar, text = getattr(module, attribute)
            made.single = metavar if attribute == "WORD" else ""
            made.add_argument("words", nargs="*", metavar=metavar, help=text)
    return made


def parse(verb: str, arguments: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """The values and the words of a command line.

    Parameters
    ----------
    verb : str
    arguments : sequence of str
        The arguments after the verb.

    Returns
    -------
    values : dict of str to str
        The text of each option that was given, by the name of its variable.
    words : list of str

    Raises
    ------
    UsageError
        An unknown or repeated option, a missing or empty value, or an extra word.
    """
    for word in arguments:
        found = re.match(r"([A-Z][A-Z_]*)=", word)
        known = {option.variable: option for option in options(verb)}
        if found and found[1] in known:
            option, value = known[found[1]], word.partition("=")[2]
            spelt = value if option.positional else f"--{option.name}" + ("" if option.flag else f" {value}")
            raise UsageError(f"{word}: NAME=value is for make, expected {spelt}")
    namespace, unknown = parser(verb).parse_known_args(_with_values(verb, arguments))
    if unknown:  # only the first: after an option with a value, the value may have been read as a word
        raise UsageError(f"unknown argument {unknown[0] or repr('')}, see macrame {verb} --help")
    given = vars(namespace)
    words = given.pop("words", None) or []
    for option in options(verb):
        value = given[option.variable]
        if value is not None and not value.strip():  # a blank list, as of --tests, would select everything
            spelt = option.variable if option.positional else f"--{option.name}"
            raise UsageError(f"{spelt}: the value is empty, see macrame {verb} --help")
    if not all(word.strip() for word in words):
        raise UsageError(f"a word is empty, see macrame {verb} --help")
    return {name: value for name, value in given.items() if value is not None}, words


def _with_values(verb: str, arguments: Sequence[str]) -> list[str]:
    """The arguments, with ``--bias -1e3`` as ``--bias=-1e3``: argparse takes -1e3, not -5, for an option."""
    takes = {f"--{option.name}" for option in options(verb) if not option.flag and not option.positional}
    joined: list[str] = []
    for word in arguments:
        if joined and joined[-1] in takes and re.match("-[^-]", word) and word != "-h" and "--" not in joined:
            joined[-1] += f"={word}"
        else:
            joined.append(word)
    return joined


def cure(verb: str) -> str:
    """The command that installs what a verb lacks."""
    module = load(verb)
    return environment.install(getattr(module, "INSTALLS", "sim"), getattr(module, "EXTRA", "verilator"))


#: Variables of the environment that apply to a run without an option.
ENVIRONMENT = tuple(option.variable for option in (SIM, SEED, WAVES, *COMMON))


def as_options(verb: str, message: str, values: Mapping[str, str] = MappingProxyType({})) -> str:
    """A message that names variables, with the options in their place.

    ``ROWS=0: expected 1 to 32`` becomes ``--rows 0: expected 1 to 32``, and ``PLAN=1``, which takes no value
    on the command line, ``--plan``. A file in the value of an option, as in ``--header BIAS:1``, stays, as
    does a variable that comes from the environment instead of `values`.
    """
    inherited = [name for name in ENVIRONMENT if os.environ.get(name) and name not in values]
    known = {option.variable: option for option in options(verb) if option.variable not in inherited}

    def spelt(match: re.Match[str]) -> str:
        option = known[match[1]]
        name = match[1] if option.positional else f"--{option.name}"
        return name if option.flag and match[2] == "=1" else name + match[2].replace("=", " ")

    return re.sub(rf"(?<![\w./'\"=,-])({'|'.join(known)})(=1(?![\w.])|=|(?![\w./]|:\S))", spelt, message)


def call(
    verb: str,
    values: Mapping[str, str],
    words: Sequence[str],
    spelling: Callable[[str], str],
    name: str,
) -> int:
    """Run a verb; every error becomes one line on stderr and an exit code.

    Parameters
    ----------
    verb : str
    values, words
        From `parse`, or from make.
    spelling : callable
        Turns a message that names variables into one that names what the user typed.
    name : str
        Prefix of each message.

    Returns
    -------
    int
        Exit code.
    """
    with contextlib.ExitStack() as stack:
        for variable in ENVIRONMENT:  # read by the code that builds and runs simulators
            stack.enter_context(environment.exported(variable, values.get(variable)))
        stack.enter_context(environment.spelling(spelling))
        return _call(verb, values, words, spelling, name)


def _call(
    verb: str, values: Mapping[str, str], words: Sequence[str], spelling: Callable[[str], str], name: str
) -> int:
    try:
        module = load(verb)
        if in_checkout(verb) and not paths.CHECKOUT:
            raise UsageError(
                "requires a checkout of the project, which contains the benches and the test suite"
            )
        environment.time_factor()
        environment.writable(environment.build_dir())
        if hasattr(module, "PROGRAM"):
            importlib.import_module(module.PROGRAM)  # an interrupt is safe from here on
        signals.working()
        return int(module.run(dict(values), list(words)))
    except KeyboardInterrupt:
        print(f"\n{name}: interrupted" if sys.stderr.isatty() else f"{name}: interrupted", file=sys.stderr)
        return 130
    except Exception as error:
        status = getattr(error, "exit_status", None)
        if isinstance(error, BrokenPipeError):
            raise
        if isinstance(error, OSError) and status is None:
            text, status = f"{error.filename or 'output'}: {error.strerror or error}", 1
        elif isinstance(error, ModuleNotFoundError) and error.name:
            text, status = (
                f"the Python package {error.name.partition('.')[0]} is not installed: {cure(verb)}",
                2,
            )
        elif status is None:
            raise
        else:
            text = str(error)
        if isinstance(error, (InputError, UsageError, SetupError, OSError)):
            text = short(text, 10_000)  # a value or a path may have line breaks
        print(f"{name}: {spelling(text)}", file=sys.stderr)
        return int(status)
