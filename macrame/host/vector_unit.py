# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""One vector unit at the end of a link: element-wise sums, products and ReLU of arrays."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.errors import CoreError, InputError, LinkError, amount, shown
from macrame.host import arguments, registers, vector
from macrame.host.core import Progress
from macrame.host.link import Link
from macrame.host.packets import OUTPUTS
from macrame.host.unit import Unit
from macrame.registers import VECTOR_ADDRESSES, VECTOR_LANES, VECTOR_VERSION_RESET


@dataclass(frozen=True)
class VectorReport:
    """The unit's own counters for one operation.

    Attributes
    ----------
    cycles : int
        From the first input beat to the last result beat.
    busy : int
        Beats computed.
    packets : int
        Records accepted.
    stall_x, stall_y, stall_out, starved : int
        Cycles lost waiting for x, for y, for space at the output, for both operands.
    counters_full : bool
        The counters overflowed and stopped, so the figures above are too low.
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
        """Return all fields, for a JSON report."""
        return asdict(self)


class VectorUnit(Unit):
    """Drive one vector unit.

    If an exception ended an operation early, the next one, :meth:`soft_reset` or a new VectorUnit resets link
    and unit first, as :class:`macrame.host.core.Core` does.

    Parameters
    ----------
    link : macrame.host.link.Link

    Attributes
    ----------
    lanes : int
        Elements per beat.

    Raises
    ------
    macrame.errors.InputError
        `link` is not a link.
    macrame.errors.LinkError
        The device that answers is not a vector unit this driver supports.

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
        """Apply one operation to every element.

        Parameters
        ----------
        op : {"add", "sub", "mul", "axpy", "relu", "relu_gradient"}
            x + y, x - y, x * y, x + s * y, x where x > 0 else +0, x where y > 0 else +0.
        x, y : ndarray of float32, uint32 (its bits) or uint16 (bits of bfloat16), of one shape
            At least one element; "relu" takes no y.
        s : float, optional
            Scalar of "axpy", which alone takes one; rounded to float32.
        out : {"fp32", "even", "toward_zero", "stochastic"}
            float32, or bfloat16 in one of three rounding modes.
        seed : int, optional
            Seed of the random bits for stochastic rounding; if omitted, the sequence continues from the last
            operation. Each beat uses `lanes` words, including padding: after a seed, element i uses word i. A
            reset of the link ends the sequence: the next stochastic operation then needs a seed.
        progress : callable, optional
            Called at intervals with (result beats so far, total result beats), and once all have arrived.

        Returns
        -------
        result : ndarray, of the shape of x
            uint32 bits of float32, or uint16 bits of bfloat16; identical to
            `macrame.golden.vector_unit.vector_unit`.
        report : VectorReport

        Raises
        ------
        macrame.errors.InputError
            An argument is invalid.
        macrame.errors.CoreError
            The unit halted; :meth:`soft_reset` recovers it.
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
        """Run the operation on checked operands."""
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
                    f"received {amount(len(results), 'result beat')}, expected {expected}; STATUS reads "
                    f"{self._described(status)}"
                )
            tell(expected)
            values = vector.unpack(results, x.size, out).reshape(x.shape)
            full = bool(status & registers.STATUS_COUNTERS_FULL)
            return values, VectorReport(**self.counters(), counters_full=full)

        return self._sequence("operation", operate, out == "stochastic" and seed is None)
