# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The host's interface to any transport: registers and three streams."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ParamSpec, Protocol, Self, TypeAlias, TypeVar, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from macrame.errors import InputError, LinkError, shown

T = TypeVar("T")
P = ParamSpec("P")
#: Called at intervals with the number of result beats so far.
Told: TypeAlias = Callable[[int], object]


@dataclass
class Beats:
    """Beats of one AXI4-Stream, in order.

    Attributes
    ----------
    data : ndarray of uint8, shape (n, bytes per beat)
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
    data : ndarray of uint8, shape (n, bytes per beat)
    last : ndarray of bool, shape (n,)
    keep : ndarray of bool, shape (n, bytes per beat)
        tkeep, one flag per byte of data.
    """

    data: NDArray[np.uint8]
    last: NDArray[np.bool_]
    keep: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.data)


class _Step:
    """An operation that either completes or is abandoned."""

    def __init__(self) -> None:
        self.name: str | None = None  # of the operation that was started and has not completed
        self.running = False

    def run(self, name: str, function: Callable[P, T], *arguments: P.args, **keywords: P.kwargs) -> T:
        """Call a function; if it raises, `name` stays set."""
        # Set first and cleared last, because Ctrl-C may raise between any two of these lines.
        self.name, self.running = name, True
        try:
            result = function(*arguments, **keywords)
        finally:
            self.running = False
        self.name = None
        return result


def _whole(name: str, value: object, bits: int) -> int:
    """Return `value` as an int, unsigned with the given width."""
    if isinstance(value, (bool, np.bool_)) or not isinstance(value, (int, np.integer)):
        raise InputError(f"{name} is {shown(value)}, expected an integer")
    if not 0 <= value < 1 << bits:
        raise InputError(f"{name} is {shown(value)}, expected 0 to 0x{(1 << bits) - 1:x}")
    return int(value)


def _answered(response: int) -> str:
    """Describe an AXI response in words."""
    slverr = "SLVERR: no such register, or it is read-only"
    return (
        f"bus response {response} ({({2: slverr, 3: 'DECERR'}).get(response, 'not an AXI4-Lite response')})"
    )


@runtime_checkable
class Link(Protocol):
    """The link to one core or unit, as drivers use it; `LinkBase` documents the methods.

    A link need not derive from `LinkBase`, but it must then keep the guarantee of :meth:`LinkBase.reset` and
    track abandoned calls itself.
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
        """Reset unit and link if a call was abandoned."""


class LinkBase(ABC):
    """A link to one core or unit. All calls block until the unit has answered.

    An exception may end a call early: Ctrl-C, a line error, an error in a progress callback. Packets are then
    partly sent, answers and results still in transit, and the next call would mistake them for its own. Such
    a call is *abandoned*: until :meth:`reset`, all other calls raise :class:`macrame.errors.LinkError`.
    :class:`macrame.host.core.Core` and the drivers of the units reset the link themselves before the next
    product, operation or soft reset.

    To implement a link, define ``_read``, ``_write``, ``_transfer`` and ``_reset``.

    Attributes
    ----------
    resets : int
        Number of calls of :meth:`reset` so far; if it has changed, earlier register contents are lost.
    """

    def __init__(self) -> None:
        self._exchange, self._sequence = _Step(), _Step()
        self.resets = 0

    # --- what an implementation provides --------------------------------------------------------------------

    @abstractmethod
    def _read(self, address: int) -> tuple[int, int]:
        """Return (value, AXI response) of a register."""

    @abstractmethod
    def _write(self, address: int, value: int) -> int:
        """Return the AXI response."""

    @abstractmethod
    def _transfer(self, weights: Beats, activations: Beats, results: int, progress: Told | None) -> Results:
        """Implement :meth:`transfer`."""

    @abstractmethod
    def _reset(self) -> None:
        """Implement :meth:`reset`: no answer, beat or byte of an abandoned call may reach a later one."""

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
            The address is invalid.
        macrame.errors.LinkError
            The bus answered with an error or not at all, or an earlier call was abandoned.
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
        """Send both operand streams at once, and collect the results.

        Returns when every beat is sent and ``results`` beats have arrived, or with fewer if the unit raised
        its interrupt or no beat moved for a long time.

        Parameters
        ----------
        weights, activations : Beats
            For ``s_axis_w`` and ``s_axis_a`` of a core, ``s_axis_x`` and ``s_axis_y`` of a unit;
            either may be empty.
        results : int
            Number of beats to expect on ``m_axis``.
        progress : callable, optional
            Called at intervals with the number of result beats so far. It cannot use the link.

        Returns
        -------
        Results

        Raises
        ------
        macrame.errors.LinkError
            Beats were not accepted, the results are malformed, or an earlier call was abandoned.
        """
        return self._do("transfer", self._transfer, weights, activations, results, progress)

    def reset(self) -> None:
        """Reset the unit, and discard everything in transit to or from it.

        All registers then have their reset values, including WATCHDOG and SEED.

        Raises
        ------
        macrame.errors.LinkError
            The unit does not answer, or another call of this link is running.
        """
        self._refuse_if_closed()
        self._refuse_if_running()
        self.resets += 1
        self._exchange.run("reset", self._reset)
        self._sequence.name = None

    def sequence(self, name: str, function: Callable[P, T], *arguments: P.args, **keywords: P.kwargs) -> T:
        """Call a function whose transfers belong together, such as those of one product.

        If it raises, panels may be left in the unit that would affect a later transfer. The link then counts
        as abandoned, even if each call within the function completed.

        Parameters
        ----------
        name : str
            Name of the operation, for messages.
        function : callable
        *arguments, **keywords
            Passed to the function.

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
        """Call :meth:`reset` if a call was abandoned, else do nothing."""
        if self.abandoned is not None:
            self.reset()

    @property
    def closed(self) -> bool:
        """Whether the link has released the unit."""
        return False

    def close(self) -> None:  # noqa: B027 - a link need not have anything to let go of
        """Release the unit. May be called twice."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    def _do(self, name: str, function: Callable[P, T], *arguments: P.args, **keywords: P.kwargs) -> T:
        """Perform one exchange with the unit."""
        self._refuse_if_closed()
        self._refuse_if_abandoned()
        if self._exchange.running:
            self._refuse_if_running()
        return self._exchange.run(name, function, *arguments, **keywords)

    def _refuse_if_closed(self) -> None:
        if self.closed:
            raise LinkError("the link is closed: open a new link")

    def _refuse_if_abandoned(self) -> None:
        name = self.abandoned
        if name is not None:
            raise LinkError(
                f"an earlier {name} was abandoned and parts of it may still be in transit: call reset() of "
                f"the link, or soft_reset() of its driver"
            )

    def _refuse_if_running(self) -> None:
        for step in (self._exchange, self._sequence):
            if step.running:
                raise LinkError(
                    f"the link is busy with a {step.name}: a progress callback or another thread cannot use "
                    f"it; if nothing is running, close the link and open a new one"
                )
