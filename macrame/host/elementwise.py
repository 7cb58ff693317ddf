# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""One elementwise unit at the end of a link: operators of int8 networks other than matrix products."""

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.errors import CoreError, InputError, LinkError, amount
from macrame.host import arguments, registers
from macrame.host import elementwise_packets as packets
from macrame.host import elementwise_rules as rules
from macrame.host.core import Progress
from macrame.host.elementwise_rules import Rule, Scale
from macrame.host.link import Link
from macrame.host.unit import Unit
from macrame.registers import (
    ELEMENTWISE_ADDRESSES,
    ELEMENTWISE_FORMAT_INT8,
    ELEMENTWISE_LANES,
    ELEMENTWISE_VERSION_RESET,
)

__all__ = ["ElementwiseReport", "ElementwiseUnit", "Rule", "Scale"]

FULL = (-128, 127)


@dataclass(frozen=True)
class ElementwiseReport:
    """The unit's own counters for one operation.

    Attributes
    ----------
    cycles : int
        From the first input beat to the last result beat.
    busy : int
        Beats of data accepted, of operands and of tables.
    packets : int
        Records accepted, those of tables included.
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


class ElementwiseUnit(Unit):
    """Drive one elementwise unit.

    Tables are loaded only when an operation needs different ones. If an exception ended an
    operation early, the next one, :meth:`soft_reset` or a new ElementwiseUnit resets link and unit first, as
    :class:`macrame.host.core.Core` does.

    Parameters
    ----------
    link : macrame.host.link.Link
    packet_beats : int
        Longest packet; longer arrays are split. It limits the memory that a transfer needs, not the unit.

    Attributes
    ----------
    lanes : int
        int8 per beat.
    packet_beats : int
    sent : list of (str, int)
        Packets of the latest operation, those of tables included: the command and its beats of data.

    Raises
    ------
    macrame.errors.InputError
        `link` is not a link, or `packet_beats` is not an integer above 0.
    macrame.errors.LinkError
        The device that answers is not an elementwise unit this driver supports.

    Examples
    --------
    >>> with ElementwiseSimLink(lanes=2) as link:                           # doctest: +SKIP
    ...     unit = ElementwiseUnit(link)
    ...     c, report = unit.add(a, b, Scale(0.02), Scale(0.05, 3), Scale(0.06, -1))
    """

    NAME = "elementwise unit"
    ID, VERSION, ERRORS = packets.ID_VALUE, ELEMENTWISE_VERSION_RESET, packets.STATUS_ERRORS
    COUNTERS = {name: ELEMENTWISE_ADDRESSES[name] for name in packets.COUNTERS}

    def __init__(self, link: Link, packet_beats: int = 4096) -> None:
        super().__init__(link)
        self.packet_beats = arguments.count("packet_beats", packet_beats)
        self.lanes = link.read(ELEMENTWISE_LANES)
        if not 1 <= self.lanes <= 32:
            raise LinkError(f"LANES register reads {self.lanes}, expected 1 to 32")
        formats = link.read(registers.FORMAT)
        if not formats & ELEMENTWISE_FORMAT_INT8:
            raise LinkError(f"FORMAT register reads 0x{formats:08x}, expected int8 (bit 0)")
        self.sent: list[tuple[str, int]] = []
        self._forget()
        link.write(registers.CONTROL, registers.CONTROL_IRQ_ENABLE)

    def _forget(self) -> None:
        """Forget which tables the unit holds."""
        self._loaded: dict[str, bytes] = {}
        self._loaded_at = self.link.resets

    def soft_reset(self) -> None:
        """Recover the unit after an error; packets it held are lost, and the tables count as lost too.

        Raises
        ------
        macrame.errors.LinkError
            It stays halted.
        """
        self._forget()
        super().soft_reset()

    def add(
        self,
        x: ArrayLike,
        y: ArrayLike,
        x_scale: Scale,
        y_scale: Scale,
        out_scale: Scale,
        clamp: tuple[int, int] = FULL,
        progress: Progress | None = None,
    ) -> tuple[NDArray[np.int8], ElementwiseReport]:
        """Add two tensors, as TFLite's ADD.

        Parameters
        ----------
        x, y : ndarray of int8, of one shape
            At least one element.
        x_scale, y_scale, out_scale : Scale
            What an int8 of each operand, and of the result, stands for.
        clamp : (int, int)
            The activation's limits, int8.
        progress : callable, optional
            Called at intervals with (result beats so far, total result beats), and once all have arrived.

        Returns
        -------
        result : ndarray of int8, of the shape of x
        report : ElementwiseReport

        Raises
        ------
        macrame.errors.InputError
            An argument is invalid.
        macrame.errors.CoreError
            The unit halted; :meth:`soft_reset` recovers it.
        macrame.errors.LinkError
            Results are missing or malformed.
        """
        return self.run(rules.add(*_scales(x_scale, y_scale, out_scale), clamp), x, y, progress)

    def sub(
        self,
        x: ArrayLike,
        y: ArrayLike,
        x_scale: Scale,
        y_scale: Scale,
        out_scale: Scale,
        clamp: tuple[int, int] = FULL,
        progress: Progress | None = None,
    ) -> tuple[NDArray[np.int8], ElementwiseReport]:
        """Subtract y from x, as TFLite's SUB; parameters, results and errors as for :meth:`add`."""
        rule = rules.add(*_scales(x_scale, y_scale, out_scale), clamp, subtract=True)
        return self.run(rule, x, y, progress)

    def mul(
        self,
        x: ArrayLike,
        y: ArrayLike,
        x_scale: Scale,
        y_scale: Scale,
        out_scale: Scale,
        clamp: tuple[int, int] = FULL,
        progress: Progress | None = None,
    ) -> tuple[NDArray[np.int8], ElementwiseReport]:
        """Multiply two tensors, as TFLite's MUL; parameters, results and errors as for :meth:`add`."""
        return self.run(rules.mul(*_scales(x_scale, y_scale, out_scale), clamp), x, y, progress)

    def maximum(
        self, x: ArrayLike, y: ArrayLike, progress: Progress | None = None
    ) -> tuple[NDArray[np.int8], ElementwiseReport]:
        """Take the greater of each pair; parameters, results and errors as for :meth:`add`."""
        return self.run(rules.maximum(), x, y, progress)

    def minimum(
        self, x: ArrayLike, y: ArrayLike, progress: Progress | None = None
    ) -> tuple[NDArray[np.int8], ElementwiseReport]:
        """Take the lesser of each pair; parameters, results and errors as for :meth:`add`."""
        return self.run(rules.minimum(), x, y, progress)

    def table(
        self, x: ArrayLike, results: ArrayLike, progress: Progress | None = None
    ) -> tuple[NDArray[np.int8], ElementwiseReport]:
        """Apply any function of an int8.

        Parameters
        ----------
        x : ndarray of int8
            At least one element.
        results : ndarray of int8, shape (256,)
            Entry n is the result for n - 128.
        progress : callable, optional
            As for :meth:`add`, like results and errors.

        Returns
        -------
        result : ndarray of int8, of the shape of x
        report : ElementwiseReport
        """
        return self.run(rules.table(results), x, None, progress)

    def run(
        self, rule: Rule, x: ArrayLike, y: ArrayLike | None = None, progress: Progress | None = None
    ) -> tuple[NDArray[np.int8], ElementwiseReport]:
        """Apply a rule.

        Parameters
        ----------
        rule : macrame.host.elementwise_rules.Rule
        x, y : ndarray of int8, of one shape
            At least one element; "table" takes no y.
        progress : callable, optional
            As for :meth:`add`, like errors.

        Returns
        -------
        result : ndarray of int8, of the shape of x
            Identical to `macrame.golden.elementwise.elementwise`.
        report : ElementwiseReport
        """
        rule = rules.checked(rule)
        if progress is not None:
            arguments.function("progress", progress)
        takes_y = rule.op in rules.TAKES_Y
        if (y is None) == takes_y:
            given = "missing" if y is None else "given"
            raise InputError(f"y is {given}, expected {'one' if takes_y else 'none'} for {rule.op}")
        left = _int8("x", x)
        right = None if y is None else _int8("y", y)
        if not left.size:
            raise InputError(f"x has shape {left.shape}, expected at least one number")
        if right is not None and right.shape != left.shape:
            raise InputError(f"y has shape {right.shape}, expected that of x, {left.shape}")
        return self._run(rule, left, right, progress)

    def _run(
        self, rule: Rule, x: NDArray[np.int8], y: NDArray[np.int8] | None, progress: Progress | None
    ) -> tuple[NDArray[np.int8], ElementwiseReport]:
        """Run the operation on checked operands."""
        flat_x, flat_y = (None if v is None else np.ascontiguousarray(v).reshape(-1) for v in (x, y))
        assert flat_x is not None
        step = self.packet_beats * self.lanes
        starts = range(0, x.size, step)
        sizes = [min(step, x.size - start) for start in starts]
        expected = sum(-(-size // self.lanes) for size in sizes)

        def tell(beats: int) -> None:
            if progress is not None:
                progress(beats, expected)

        def operate() -> tuple[NDArray[np.int8], ElementwiseReport] | CoreError:
            pairs = self._loads(rule)
            record = -(-packets.RECORD_BYTES // self.lanes)
            self.sent = [("load_a" if len(y) == 0 else "load", len(x) - record) for x, y in pairs]
            self.sent += [(rule.op, -(-size // self.lanes)) for size in sizes]
            pairs += [
                packets.packets(
                    rule,
                    flat_x[start : start + step],
                    None if flat_y is None else flat_y[start : start + step],
                    lanes=self.lanes,
                )
                for start in starts
            ]
            self.clear_counters()
            x_beats, y_beats = (packets.joined(stream, self.lanes) for stream in zip(*pairs))
            results = self.link.transfer(x_beats, y_beats, expected, None if progress is None else tell)
            status = self.status()
            halt = self._halt(status)
            if halt is not None:
                return halt
            if len(results) != expected:
                raise LinkError(
                    f"received {amount(len(results), 'result beat')}, expected {expected}; STATUS reads "
                    f"{self._described(status)}"
                )
            self._loaded |= wanted
            tell(expected)
            values = packets.unpack(results, sizes, lanes=self.lanes).reshape(x.shape)
            full = bool(status & registers.STATUS_COUNTERS_FULL)
            return values, ElementwiseReport(**self.counters(), counters_full=full)

        wanted = {"a": rule.table_a.tobytes()}
        if rule.table_b is not None:
            wanted["b"] = rule.table_b.tobytes()
        return self._sequence("operation", operate, False)

    def _loads(self, rule: Rule) -> list[tuple[Any, Any]]:
        """The packets that load what the unit does not have."""
        if self._loaded_at != self.link.resets:
            self._forget()
        if rule.table_b is not None and self._loaded.get("b") != rule.table_b.tobytes():
            return [packets.load(rule.table_a, rule.table_b, lanes=self.lanes)]
        if self._loaded.get("a") != rule.table_a.tobytes():
            return [packets.load(rule.table_a, None, lanes=self.lanes)]
        return []


def _scales(x: Scale, y: Scale, out: Scale) -> tuple[Scale, Scale, Scale]:
    """Check the types of three arguments."""
    for name, scale in (("x_scale", x), ("y_scale", y), ("out_scale", out)):
        arguments.instance(name, scale, Scale)
    return x, y, out


def _int8(name: str, value: ArrayLike) -> NDArray[np.int8]:
    found = arguments.array(name, value, "int8")
    if found.dtype != np.int8:
        raise InputError(f"{name} has dtype {found.dtype}, expected int8")
    return found
