# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""One vector unit at the end of a link: sums, products and ReLU of arrays, element by element."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.errors import CoreError, InputError, LinkError, shown
from macrame.host import arguments, registers, vector
from macrame.host.core import Progress
from macrame.host.link import Link
from macrame.host.packets import OUTPUTS
from macrame.host.unit import Unit
from macrame.registers import VECTOR_ADDRESSES, VECTOR_LANES, VECTOR_VERSION_RESET


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

    def as_dict(self) -> dict[str, Any]:
        """All fields, for a JSON report."""
        return asdict(self)


class VectorUnit(Unit):
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

    NAME = "vector unit"
    ID, VERSION, ERRORS = vector.ID_VALUE, VECTOR_VERSION_RESET, vector.STATUS_ERRORS
    COUNTERS = {name: VECTOR_ADDRESSES[name] for name in vector.COUNTERS}

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        self.lanes = link.read(VECTOR_LANES)
        if not 1 <= self.lanes <= 32:
            raise LinkError(f"LANES register reads {self.lanes}, expected 1 to 32")
        formats = link.read(registers.FORMAT)
        if formats & 3 != 3:
            raise LinkError(
                f"FORMAT register reads 0x{formats:08x}, expected float32 (bit 0) and bfloat16 (bit 1)"
            )
        link.write(registers.CONTROL, registers.CONTROL_IRQ_ENABLE)

    def run(
        self,
        op: str,
        x: ArrayLike,
        y: ArrayLike | None = None,
        s: object = None,
        out: str = "fp32",
        seed: int | None = None,
        progress: Progress | None = None,
    ) -> tuple[NDArray[Any], VectorReport]:
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
            Called now and then with (result beats so far, result beats in all), and when all have come.

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
        left = arguments.array("x", x, vector.DTYPES)
        right = None if y is None else arguments.array("y", y, vector.DTYPES)
        if not left.size:
            raise InputError(f"x has shape {left.shape}, expected at least one number")
        if right is not None and right.shape != left.shape:
            raise InputError(f"y has shape {right.shape}, expected that of x, {left.shape}")
        return self._run(op, left, right, scalar, out, seed, progress)

    def _run(
        self,
        op: str,
        x: NDArray[Any],
        y: NDArray[Any] | None,
        scalar: np.float32,
        out: str,
        seed: int | None,
        progress: Progress | None,
    ) -> tuple[NDArray[Any], VectorReport]:
        """The operation, from checked operands."""
        x_packet, y_packet = vector.packets(
            op, x.reshape(-1), None if y is None else y.reshape(-1), scalar, out, lanes=self.lanes
        )
        expected = len(x_packet) - 1

        def tell(beats: int) -> None:
            if progress is not None:
                progress(beats, expected)

        def operate() -> tuple[NDArray[Any], VectorReport] | CoreError:
            self.clear_counters()
            self._seed(seed)
            results = self.link.transfer(x_packet, y_packet, expected, None if progress is None else tell)
            status = self.status()
            halt = self._halt(status)
            if halt is not None:
                return halt
            if len(results) != expected:
                raise LinkError(
                    f"{len(results)} result beats came out, expected {expected}, and STATUS reads "
                    f"{self._described(status)}"
                )
            tell(expected)
            values = vector.unpack(results, x.size, out).reshape(x.shape)
            full = bool(status & registers.STATUS_COUNTERS_FULL)
            return values, VectorReport(**self.counters(), counters_full=full)

        return self._sequence("operation", operate, out == "stochastic" and seed is None)
