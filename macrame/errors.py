# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The errors of the package, each with a one-line message, and the formatting of values for messages."""

from collections.abc import Iterable


def shown(value: object, most: int = 60) -> str:
    """A value for a message: on one line, truncated if it is long.

    Parameters
    ----------
    value : object
    most : int
        Characters.

    Returns
    -------
    str
    """
    try:
        text = " ".join(repr(value).split())
    except ValueError:  # Python writes no integer of thousands of digits
        text = f"{type(value).__name__} too long to show"
    return text if len(text) <= most else text[: most - 3] + "..."


def short(value: object, most: int = 40) -> str:
    """User input for a message, as typed: on one line, truncated if it is long.

    Parameters
    ----------
    value : object
        A text, or an object that converts to one, such as a path or a type.
    most : int
        Characters.

    Returns
    -------
    str
        Unprintable characters are escaped.
    """
    text = str(value)
    if not text.isprintable():
        text = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)
    return text if len(text) <= most else text[: most - 3] + "..."


def plural(count: int, noun: str) -> str:
    """A noun after a number: "byte", "axis", "property" after 1, "bytes", "axes", "properties" otherwise."""
    if count == 1:
        return noun
    for one, many in (("xis", "xes"), ("ty", "ties")):
        if noun.endswith(one):
            return noun.removesuffix(one) + many
    return noun + "s"


def differ(count: int) -> str:
    """The verb after a number of things: "differs" after 1, "differ" after any other."""
    return "differs" if count == 1 else "differ"


def amount(count: int, noun: str) -> str:
    """A number of things for a message.

    Parameters
    ----------
    count : int
    noun : str
        One of them.

    Returns
    -------
    str

    Examples
    --------
    >>> amount(1, "damaged frame"), amount(2000, "byte")
    ('1 damaged frame', '2,000 bytes')
    """
    return f"{count:,} {plural(count, noun)}"


class InputError(ValueError):
    """Invalid user input; the message names it, its value and what was expected."""

    exit_status = 2


class LinkError(RuntimeError):
    """The core, or its simulator, does not answer correctly."""

    exit_status = 1


class CoreError(RuntimeError):
    """The core or the vector unit halted itself; ``names`` lists the STATUS bits with the reason.

    Parameters
    ----------
    names : tuple of str
        Names of the sticky STATUS bits that are set, as in :data:`macrame.host.registers.STATUS_ERRORS` or
        :data:`macrame.host.vector.STATUS_ERRORS`.
    status : int
        The complete STATUS register.
    unit : str
        The unit that halted.
    """

    exit_status = 1

    def __init__(self, names: Iterable[str], status: int, unit: str = "core") -> None:
        self.names = tuple(names)
        self.status = status
        why = ", ".join(self.names) or "no error flag set"
        super().__init__(f"the {unit} halted: {why} (STATUS 0x{status:08x})")


class SetupError(RuntimeError):
    """This machine or this call cannot do the work; the text is one line with the remedy."""

    exit_status = 2
