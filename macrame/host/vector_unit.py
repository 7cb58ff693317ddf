# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""One vector unit at the end of a link: sums, products and ReLU of arrays, element by element."""

from dataclasses import asdict, dataclass

from macrame.errors import CoreError, InputError, LinkError, shown
from macrame.host import arguments, registers, vector
from macrame.host.link import Link
from macrame.host.packets import OUTPUTS

VERSION_VALUE = 0x00010000
LANES = 0x08  # where a core has SHAPE; all other registers of both stand at the same addresses


@dataclass(frozen=True)
class VectorReport:
    """What the unit's own counters say about one operation.

    Attributes
    ----------
    cycles : int
        From the first input beat to the last result beat.
    busy : int
        Beats computed.
    packets : int
        Records accepted.
    stall_x, stall_y, stall_out, starved : int
        Cycles lost waiting for x, for y, for room at the output, for both operands.
    counters_full : bool
        The counters overflowed and froze; the figures above are then too low.
    """

    cycles: int
    busy: int
    packets: int
    stall_x: int
    stall_y: int
    stall_out: int
    starved: int
    counters_full: bool = False

    def as_dict(self):
        """All fields, for a JSON report."""
        return asdict(self)


class VectorUnit:
    """Drive one vector unit.

    After an exception has ended an operation early, the next one, :meth:`soft_reset` or a new VectorUnit
    resets link and unit first, as :class:`macrame.host.core.Core` does.

    Parameters
    ----------
    link : macrame.host.link.Link

    Attributes
    ----------
    lanes : int
        Numbers a beat.

    Raises
    ------
    macrame.errors.InputError
        `link` is no link.
    macrame.errors.LinkError
        What answers is not a vector unit this driver knows.

    Examples
    --------
    >>> with VectorSimLink(lanes=8) as link:                                # doctest: +SKIP
    ...     w, report = VectorUnit(link).run("axpy", w, gradient, s=-0.05)
    """

    def __init__(self, link):
        self.link = arguments.instance("link", link, Link)
        link.recover()
        self._seeded = link.resets  # the random bits go on since then
        found = link.read(registers.ID)
        if found != vector.ID_VALUE:
            raise LinkError(
                f"ID register reads 0x{found:08x}, expected 0x{vector.ID_VALUE:08x}: not a vector unit"
            )
        version = link.read(registers.VERSION)
        if version >> 16 != VERSION_VALUE >> 16:
            raise LinkError(
                f"VERSION register reads 0x{version:08x}, expected major version {VERSION_VALUE >> 16}"
            )
        self.lanes = link.read(LANES)
        if not 1 <= self.lanes <= 32:
            raise LinkError(f"LANES register reads {self.lanes}, expected 1 to 32")
        formats = link.read(registers.FORMAT)
        if formats & 3 != 3:
            raise LinkError(
                f"FORMAT register reads 0x{formats:08x}, expected float32 (bit 0) and bfloat16 (bit 1)"
            )
        link.write(registers.CONTROL, registers.CONTROL_IRQ_ENABLE)

    def status(self):
        """The STATUS register."""
        return self.link.read(registers.STATUS)

    def check(self):
        """Raise :class:`macrame.errors.CoreError` if the unit has halted itself; else give STATUS."""
        status = self.status()
        halt = self._halt(status)
        if halt is not None:
            raise halt
        return status

    @staticmethod
    def _halt(status):
        """The error to raise if the unit has halted itself, or None."""
        if not status & registers.STATUS_HALTED:
            return None
        return CoreError(registers.error_names(status, vector.STATUS_ERRORS), status, "vector unit")

    def soft_reset(self):
        """Bring the unit back after an error; packets it held are gone.

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
        if status & registers.STATUS_HALTED or registers.error_names(status, vector.STATUS_ERRORS):
            raise LinkError(
                "STATUS after a soft reset still reads "
                f"{registers.describe_status(status, vector.STATUS_ERRORS)}"
            )

    def counters(self):
        """Every event counter, by its name in lower case.

        Returns
        -------
        dict of str to int
        """
        return {
            name.lower(): self.link.read(registers.CYCLES + 4 * i) for i, name in enumerate(vector.COUNTERS)
        }

    def clear_counters(self):
        """Set every event counter to zero."""
        self.link.write(registers.CONTROL, registers.CONTROL_COUNTERS_CLEAR | registers.CONTROL_IRQ_ENABLE)

    def run(self, op, x, y=None, s=None, out="fp32", seed=None, progress=None):
        """One operation on every element.

        Parameters
        ----------
        op : {"add", "sub", "mul", "axpy", "relu", "relu_gradient"}
            x + y, x - y, x * y, x + s * y, x where x > 0 else +0, x where y > 0 else +0.
        x, y : ndarray of float32, uint32 (its bits) or uint16 (bits of bfloat16), of one shape
            At least one number; "relu" takes no y.
        s : float, optional
            Scalar of "axpy" and of no other, rounded to float32.
        out : {"fp32", "even", "toward_zero", "stochastic"}
            float32, or bfloat16 by one of three roundings.
        seed : int, optional
            Begin the random bits of stochastic rounding anew; else they go on from the last operation. Each
            beat takes `lanes` words, those of padding too: after a seed, element i takes word i. They
            cannot go on after a reset of the link: the next stochastic operation then needs a seed.
        progress : callable, optional
            Called now and then with (result beats so far, result beats in all).

        Returns
        -------
        result : ndarray, of the shape of x
            uint32 bits of float32, or uint16 bits of bfloat16; equal to
            `macrame.golden.vector_unit.vector_unit`.
        report : VectorReport

        Raises
        ------
        macrame.errors.InputError
            An argument is not as described.
        macrame.errors.CoreError
            The unit halted; :meth:`soft_reset` brings it back.
        macrame.errors.LinkError
            Results are missing or malformed.
        """
        op, out = arguments.choice("op", op, vector.OPERATIONS), arguments.choice("out", out, OUTPUTS)
        if progress is not None:
            arguments.function("progress", progress)
        if (y is None) != (op == "relu"):
            raise InputError(
                f"y is {'missing' if y is None else 'given'}, expected "
                f"{'none' if op == 'relu' else 'one'} for {op}"
            )
        if (s is None) == (op == "axpy"):
            raise InputError(f"s is {shown(s)}, expected {'a number' if op == 'axpy' else 'None'} for {op}")
        scalar = vector.scalar(0.0 if s is None else s)
        seed = None if seed is None else registers.seed_word(seed)
        x = arguments.array("x", x, vector.DTYPES)
        y = None if y is None else arguments.array("y", y, vector.DTYPES)
        if not x.size:
            raise InputError(f"x has shape {x.shape}, expected at least one number")
        if y is not None and y.shape != x.shape:
            raise InputError(f"y has shape {y.shape}, expected that of x, {x.shape}")
        return self._run(op, x, y, scalar, out, seed, progress)

    def _run(self, op, x, y, scalar, out, seed, progress):
        """The operation, from checked operands."""
        x_packet, y_packet = vector.packets(
            op, x.reshape(-1), None if y is None else y.reshape(-1), scalar, out, lanes=self.lanes
        )
        self.link.recover()
        if out == "stochastic" and seed is None and self._seeded != self.link.resets:
            raise LinkError("a reset of the link has set back the random bits: give this operation a seed")
        self.check()
        outcome = self.link.sequence("operation", self._operate, x_packet, y_packet, x, out, seed, progress)
        if isinstance(outcome, CoreError):
            raise outcome
        return outcome

    def _operate(self, x_packet, y_packet, x, out, seed, progress):
        """The result and its report; or the error, where the unit halts (see
        `macrame.host.core.Core._multiply`)."""
        expected = len(x_packet) - 1
        self.clear_counters()
        if seed is not None:
            self.link.write(registers.SEED, seed)
            self._seeded = self.link.resets
        tell = None if progress is None else lambda beats: progress(beats, expected)
        results = self.link.transfer(x_packet, y_packet, expected, tell)
        status = self.status()
        halt = self._halt(status)
        if halt is not None:
            return halt
        if len(results) != expected:
            raise LinkError(
                f"{len(results)} result beats came out, expected {expected}, and STATUS reads "
                f"{registers.describe_status(status, vector.STATUS_ERRORS)}"
            )
        values = vector.unpack(results, x.size, out).reshape(x.shape)
        return values, VectorReport(
            **self.counters(), counters_full=bool(status & registers.STATUS_COUNTERS_FULL)
        )
