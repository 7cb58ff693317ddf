# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The one thing the host needs of whatever carries its bytes: registers, and three streams."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, Protocol, Self, TypeAlias, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from macrame.errors import InputError, LinkError, shown

T = TypeVar("T")
P = ParamSpec("P")
#: Called now and then with the number of result beats so far.
Told: TypeAlias = Callable[[int], object]


@dataclass
class Beats:
    """Beats of one AXI4-Stream, in order.

    Attributes
    ----------
    data : ndarray of uint8, shape (n, bytes a beat)
        Byte b of a beat is bits [8*b +: 8] of tdata.
    last : ndarray of bool, shape (n,)
        tlast of each beat.
    user : ndarray of uint8, shape (n,)
        tuser of each beat.
    """

    data: NDArray[np.uint8]
    last: NDArray[np.bool_]
    user: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.data)


@dataclass
class Results:
    """Beats of the result stream, in order.

    Attributes
    ----------
    data : ndarray of uint8, shape (n, bytes a beat)
    last : ndarray of bool, shape (n,)
    keep : ndarray of bool, shape (n, bytes a beat)
        tkeep, a flag for each byte of data.
    """

    data: NDArray[np.uint8]
    last: NDArray[np.bool_]
    keep: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.data)


class _Step:
    """Something that is begun, and either comes to its end or is abandoned."""

    def __init__(self) -> None:
        self.name: str | None = None  # of what was begun and has not come to its end
        self.running = False

    def run(self, name: str, function: Callable[P, T], *arguments: P.args, **keywords: P.kwargs) -> T:
        """Call a function; an exception out of it leaves `name` set."""
        # Set first and cleared last, because Ctrl-C may raise between any two of these lines.
        self.name, self.running = name, True
        try:
            result = function(*arguments, **keywords)
        finally:
            self.running = False
        self.name = None
        return result


def _whole(name: str, value: object, bits: int) -> int:
    """`value` as an int, an unsigned one of so many bits."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise InputError(f"{name} is {shown(value)}, expected an integer")
    if not 0 <= value < 1 << bits:
        raise InputError(f"{name} is {shown(value)}, expected 0 to 0x{(1 << bits) - 1:x}")
    return int(value)


def _answered(response: int) -> str:
    """An AXI response in words."""
    slverr = "SLVERR: there is no such register, or it cannot be written"
    return f"bus response {response} ({({2: slverr, 3: 'DECERR'}).get(response, 'none of AXI4-Lite')})"


@runtime_checkable
class Link(Protocol):
    """A way to one core, or to one vector unit: what drivers need of it, `LinkBase` describes the methods.

    A link need not derive from `LinkBase`, but then it has to keep the promise of :meth:`LinkBase.reset` and
    to know itself what was abandoned.
    """

    resets: int

    def read(self, address: int) -> int:
        """Read one 32-bit register."""

    def write(self, address: int, value: int) -> None:
        """Write one 32-bit register."""

    def transfer(
        self, weights: Beats, activations: Beats, results: int, progress: Told | None = None
    ) -> Results:
        """Send both operand streams at once, and collect what comes out."""

    def sequence(self, name: str, function: Callable[P, T], *arguments: P.args, **keywords: P.kwargs) -> T:
        """Call a function whose transfers belong together."""

    def recover(self) -> None:
        """Reset unit and link if something was abandoned."""


class LinkBase(ABC):
    """A way to one core, or to one vector unit. All calls block until it has answered.

    An exception may end a call early: Ctrl-C, a fault of the line, an error in a progress callback. Then
    packets are half sent, answers and results still on their way, and the next call would take them for its
    own. So such a call counts as *abandoned*, and until :meth:`reset` all others raise
    :class:`macrame.errors.LinkError`. :class:`macrame.host.core.Core` and
    :class:`macrame.host.vector_unit.VectorUnit` reset the link themselves before the next product, operation
    or soft reset.

    To implement a link, define ``_read``, ``_write``, ``_transfer`` and ``_reset``.

    Attributes
    ----------
    resets : int
        Calls of :meth:`reset` so far: what a register held before is lost if this has changed since.
    """

    def __init__(self) -> None:
        self._exchange, self._sequence = _Step(), _Step()
        self.resets = 0

    # --- what an implementation gives -----------------------------------------------------------------------

    @abstractmethod
    def _read(self, address: int) -> tuple[int, int]:
        """(value, AXI response) of a register."""

    @abstractmethod
    def _write(self, address: int, value: int) -> int:
        """The AXI response."""

    @abstractmethod
    def _transfer(self, weights: Beats, activations: Beats, results: int, progress: Told | None) -> Results:
        """As :meth:`transfer`."""

    @abstractmethod
    def _reset(self) -> None:
        """As :meth:`reset`: no answer, beat or byte of an abandoned call may reach a later one."""

    # --- what its users call --------------------------------------------------------------------------------

    def read(self, address: int) -> int:
        """Read one 32-bit register.

        Parameters
        ----------
        address : int
            Byte address, 0 to 255.

        Returns
        -------
        int

        Raises
        ------
        macrame.errors.InputError
            The address is not as described.
        macrame.errors.LinkError
            The bus answered with an error, nobody answered, or an earlier call was abandoned.
        """
        address = _whole("address", address, 8)
        value, response = self._do(f"read of register 0x{address:02x}", self._read, address)
        if response:
            raise LinkError(f"reading register 0x{address:02x}: {_answered(response)}")
        return value

    def write(self, address: int, value: int) -> None:
        """Write one 32-bit register; parameters and errors as in :meth:`read`."""
        address, value = _whole("address", address, 8), _whole("value", value, 32)
        response = self._do(f"write of register 0x{address:02x}", self._write, address, value)
        if response:
            raise LinkError(f"writing register 0x{address:02x}: {_answered(response)}")

    def transfer(
        self, weights: Beats, activations: Beats, results: int, progress: Told | None = None
    ) -> Results:
        """Send both operand streams at once, and collect what comes out.

        Returns when every beat is sent and ``results`` beats have come; or with fewer, when the unit raised
        its interrupt or nothing moved for long.

        Parameters
        ----------
        weights, activations : Beats
            For ``s_axis_w`` and ``s_axis_a`` of a core, ``s_axis_x`` and ``s_axis_y`` of a vector unit;
            either may be empty.
        results : int
            Beats to expect on ``m_axis``.
        progress : callable, optional
            Called now and then with the number of result beats so far. It cannot use the link.

        Returns
        -------
        Results

        Raises
        ------
        macrame.errors.LinkError
            Beats were not taken, what came back is malformed, or an earlier call was abandoned.
        """
        return self._do("transfer", self._transfer, weights, activations, results, progress)

    def reset(self) -> None:
        """Reset the unit, and drop everything on the way to it or back.

        All registers then have their reset values, WATCHDOG and SEED too.

        Raises
        ------
        macrame.errors.LinkError
            Nobody answers, or another call of this link is running.
        """
        self._refuse_if_closed()
        self._refuse_if_running()
        self.resets += 1
        self._exchange.run("reset", self._reset)
        self._sequence.name = None

    def sequence(self, name: str, function: Callable[P, T], *arguments: P.args, **keywords: P.kwargs) -> T:
        """Call a function whose transfers belong together, such as those of one product.

        If it raises, panels may be left in the unit that a later transfer would meet. So the link then counts
        as abandoned, even where each call in it came to its end.

        Parameters
        ----------
        name : str
            What it is, for messages.
        function : callable
        *arguments, **keywords
            Handed to the function.

        Returns
        -------
        object
            What the function returned.
        """
        self._refuse_if_closed()
        self._refuse_if_abandoned()
        self._refuse_if_running()
        return self._sequence.run(name, function, *arguments, **keywords)

    @property
    def abandoned(self) -> str | None:
        """Name of the call that was abandoned, or None."""
        for step in (self._exchange, self._sequence):
            if step.name is not None and not step.running:
                return step.name
        return None

    def recover(self) -> None:
        """:meth:`reset` if something was abandoned, else nothing."""
        if self.abandoned is not None:
            self.reset()

    @property
    def closed(self) -> bool:
        """Whether the link has let go of the unit."""
        return False

    def close(self) -> None:  # noqa: B027 - a link need not have anything to let go of
        """Let go of the unit. May be called twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _do(self, name: str, function: Callable[P, T], *arguments: P.args, **keywords: P.kwargs) -> T:
        """One exchange with the unit."""
        self._refuse_if_closed()
        self._refuse_if_abandoned()
        if self._exchange.running:
            self._refuse_if_running()
        return self._exchange.run(name, function, *arguments, **keywords)

    def _refuse_if_closed(self) -> None:
        if self.closed:
            raise LinkError("the link is closed: open another")

    def _refuse_if_abandoned(self) -> None:
        name = self.abandoned
        if name is not None:
            raise LinkError(
                f"an earlier {name} was abandoned and parts of it may still be on their way: call reset() of "
                f"the link, or soft_reset() of its Core or VectorUnit"
            )

    def _refuse_if_running(self) -> None:
        for step in (self._exchange, self._sequence):
            if step.running:
                raise LinkError(
                    f"the link is busy with a {step.name}: a progress callback or another thread cannot use "
                    f"it; if nothing is running, close the link and open another"
                )
