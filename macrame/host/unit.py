# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""What the drivers of all units share: identification, errors, event counters and recovery.

All have the same registers at the same addresses, in ``rtl/*.rdl``.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import ClassVar, TypeVar

from macrame.errors import CoreError, LinkError
from macrame.host import arguments, registers
from macrame.host.link import Link

T = TypeVar("T")


class Unit:
    """One unit at the end of a link.

    Parameters
    ----------
    link : macrame.host.link.Link

    Attributes
    ----------
    link : macrame.host.link.Link

    Raises
    ------
    macrame.errors.InputError
        `link` is not a link.
    macrame.errors.LinkError
        The device that answers is not a unit this driver supports.
    """

    #: Name of the unit, and the values of its ID and VERSION registers.
    NAME: ClassVar[str]
    ID: ClassVar[int]
    VERSION: ClassVar[int]
    #: Sticky error bits of STATUS, from bit 0 up.
    ERRORS: ClassVar[Sequence[str]]
    #: Addresses of the event counters.
    COUNTERS: ClassVar[Mapping[str, int]]

    def __init__(self, link: Link) -> None:
        self.link: Link = arguments.instance("link", link, Link)  # type: ignore[type-abstract]  # a protocol
        link.recover()
        self._seeded = link.resets  # if link.resets differs, the random sequence is lost
        found = link.read(registers.ID)
        if found != self.ID:
            raise LinkError(
                f"ID register reads 0x{found:08x}, expected 0x{self.ID:08x}: not a macrame {self.NAME}"
            )
        version = link.read(registers.VERSION)
        if version >> 16 != self.VERSION >> 16:
            raise LinkError(
                f"VERSION register reads 0x{version:08x}, expected major version {self.VERSION >> 16}"
            )

    def status(self) -> int:
        """Read the STATUS register."""
        return self.link.read(registers.STATUS)

    def check(self) -> int:
        """Return STATUS, or raise :class:`macrame.errors.CoreError` if the unit has halted."""
        status = self.status()
        halt = self._halt(status)
        if halt is not None:
            raise halt
        return status

    def _halt(self, status: int) -> CoreError | None:
        """Return the error to raise if the unit has halted, or None."""
        if not status & registers.STATUS_HALTED:
            return None
        return CoreError(registers.error_names(status, self.ERRORS), status, self.NAME)

    def _described(self, status: int) -> str:
        return registers.describe_status(status, self.ERRORS)

    def soft_reset(self) -> None:
        """Recover the unit after an error; packets it held are lost.

        After an abandoned call the link is reset too, and with it every register.

        Raises
        ------
        macrame.errors.LinkError
            It stays halted.
        """
        self.link.recover()
        self.link.write(registers.CONTROL, registers.CONTROL_SOFT_RESET | registers.CONTROL_IRQ_ENABLE)
        for _ in range(64):
            if not self.link.read(registers.CONTROL) & registers.CONTROL_SOFT_RESET:
                break
        status = self.status()
        if status & registers.STATUS_HALTED or registers.error_names(status, self.ERRORS):
            raise LinkError(f"STATUS after a soft reset still reads {self._described(status)}")

    def counters(self) -> dict[str, int]:
        """Read every event counter, by its lower-case name."""
        return {name.lower(): self.link.read(address) for name, address in self.COUNTERS.items()}

    def clear_counters(self) -> None:
        """Set every event counter to zero."""
        self.link.write(registers.CONTROL, registers.CONTROL_COUNTERS_CLEAR | registers.CONTROL_IRQ_ENABLE)

    def _seed(self, seed: int | None) -> None:
        """Restart the random sequence from a seed."""
        if seed is not None:
            self.link.write(registers.SEED, seed)
            self._seeded = self.link.resets

    def _sequence(self, name: str, run: Callable[[], T | CoreError], unseeded: bool) -> T:
        """Run an operation of several transfers, on an idle link and a unit that has not halted.

        Parameters
        ----------
        name : str
            Name of the operation, for messages.
        run : callable
            It returns the error if the unit halts: the line is then idle, so a soft reset suffices.
        unseeded : bool
            The operation needs random bits and gives no seed.

        Returns
        -------
        object
            What `run` returned.
        """
        self.link.recover()
        if unseeded and self._seeded != self.link.resets:
            raise LinkError(f"a reset of the link restarted the random bits: give this {name} a seed")
        self.check()
        outcome = self.link.sequence(name, run)
        if isinstance(outcome, CoreError):
            raise outcome
        return outcome
