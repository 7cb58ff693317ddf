# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""One core at the end of a link: identification, products, counters and errors."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol, TypeAlias, TypedDict, Unpack, runtime_checkable

import numpy as np
from numpy.typing import ArrayLike, DTypeLike, NDArray

from macrame.contract import CoreConfig
from macrame.errors import CoreError, InputError, LinkError, amount, shown
from macrame.host import arguments, packets, quantize, registers, tiling
from macrame.host.arguments import INT8, INT32
from macrame.host.link import Link, Results
from macrame.host.unit import Unit

#: Called at intervals with (result beats so far, total result beats).
Progress: TypeAlias = Callable[[int, int], object]


class Output(TypedDict, total=False):
    """Keyword arguments of :meth:`Core.records`, which documents them."""

    bias: ArrayLike
    scale: ArrayLike | None
    multiplier: ArrayLike | None
    shift: ArrayLike | None
    zero_point: ArrayLike | None
    low: ArrayLike | None
    high: ArrayLike | None
    a_zero_point: int


@runtime_checkable
class Requantisation(Protocol):
    """What a layer does with its sums; `macrame.golden.quantized.layers.QuantisedLayer` is one.

    Attributes
    ----------
    bias, multiplier, shift : ndarray of int, shape (N,)
        As for :meth:`Core.matmul`.
    input_zero_point : int
        Of a, folded into the bias.
    zero_point, low, high : int
        Of the output, and its clamp.
    mode : {"gemmlowp", "ruy", "fp32"}
    """

    @property
    def bias(self) -> NDArray[np.int32]: ...
    @property
    def multiplier(self) -> NDArray[np.int32]: ...
    @property
    def shift(self) -> NDArray[np.int8]: ...
    @property
    def input_zero_point(self) -> int: ...
    @property
    def zero_point(self) -> int: ...
    @property
    def low(self) -> int: ...
    @property
    def high(self) -> int: ...
    @property
    def mode(self) -> str: ...


@dataclass(frozen=True)
class Product:
    """One product of a layer.

    Attributes
    ----------
    a : ndarray of int8, shape (M, K)
    w : ndarray of int8, shape (K, N)
    output : Requantisation
        Of the N columns.
    """

    a: NDArray[np.int8]
    w: NDArray[np.int8]
    output: Requantisation


@dataclass(frozen=True)
class Report:
    """The core's own counters for one product.

    Attributes
    ----------
    cycles : int
        From the first input beat to the last result beat.
    busy : int
        Slices issued to the array.
    tiles : int
        Tiles finished; all K chunks of a tile count as one.
    stall_a, stall_w, stall_out : int
        Cycles lost waiting for activations, for weights, for space at the output.
    pad : int
        Cycles in which a tile shorter than ROWS waited for the result chain.
    macs : int
        Multiply-accumulates that the product needs, without padding.
    cells : int
        Multiply-accumulates that the array can do per cycle.
    counters_full : bool
        The counters overflowed and stopped, so the figures above are too low.
    """

    cycles: int
    busy: int
    tiles: int
    stall_a: int
    stall_w: int
    stall_out: int
    pad: int
    macs: int
    cells: int
    counters_full: bool = False

    @property
    def occupancy(self) -> float:
        """Fraction of cycles in which a slice was issued to the array."""
        return self.busy / self.cycles if self.cycles else 0.0

    @property
    def utilisation(self) -> float:
        """Fraction of the available multiplier cycles spent on useful products."""
        return self.macs / (self.cycles * self.cells) if self.cycles else 0.0

    def as_dict(self) -> dict[str, Any]:
        """Return all fields and both ratios, for a JSON report."""
        return {**asdict(self), "occupancy": self.occupancy, "utilisation": self.utilisation}


def _operands(a: ArrayLike, w: ArrayLike, dtype: DTypeLike, words: str) -> tuple[NDArray[Any], NDArray[Any]]:
    """Check two matrices of one type that can be multiplied."""
    left, right = arguments.matrix("a", a, dtype, words), arguments.matrix("w", w, dtype, words)
    if left.shape[1] != right.shape[0]:
        raise InputError(
            f"a is {left.shape[0]} x {left.shape[1]} and w is {right.shape[0]} x {right.shape[1]}, "
            f"expected w to have as many rows as a has columns"
        )
    return left, right


def _telling(progress: Progress | None, limit: int) -> tuple[Progress | None, int]:
    """Check both arguments."""
    if progress is not None:
        arguments.function("progress", progress)
    return progress, arguments.count("limit", limit)


class Core(Unit):
    """Drive one core.

    An exception may end a product early: Ctrl-C, a line error, an error in `progress`. The next product,
    :meth:`soft_reset` or a new Core then resets link and core first, see :class:`macrame.host.link.Link`.
    Until then the other methods raise LinkError.

    Parameters
    ----------
    link : macrame.host.link.Link

    Attributes
    ----------
    config : macrame.contract.CoreConfig
        As read from the core's registers. They do not report FIFO_DEPTH and POST_CYCLES, which change no
        result.

    Raises
    ------
    macrame.errors.InputError
        `link` is not a link.
    macrame.errors.LinkError
        The device that answers is not a macrame core this driver supports.

    Examples
    --------
    >>> with SimLink(CoreConfig(rows=8, cols=8)) as link:                   # doctest: +SKIP
    ...     product, report = Core(link).matmul(a, w)
    """

    NAME = "core"
    ID, VERSION, ERRORS = registers.ID_VALUE, registers.VERSION_VALUE, registers.STATUS_ERRORS
    COUNTERS = {name: registers.ADDRESSES[name] for name in registers.COUNTERS}

    def __init__(self, link: Link) -> None:
        super().__init__(link)
        formats = link.read(registers.FORMAT)
        built = formats & (registers.FORMAT_INT8 | registers.FORMAT_BF16)
        known = {
            registers.FORMAT_INT8: "INT8",
            registers.FORMAT_BF16: "BF16",
            registers.FORMAT_INT8 | registers.FORMAT_BF16: "DUAL",
        }
        if built not in known:
            raise LinkError(
                f"FORMAT register reads 0x{formats:08x}, expected int8 (bit 0) or bfloat16 (bit 1)"
            )
        rows, cols, depth, post_lanes = registers.unpack_shape(link.read(registers.SHAPE))
        k_max = link.read(registers.K_MAX)
        try:
            self.config = CoreConfig(
                rows,
                cols,
                depth,
                k_max,
                post_lanes,
                known[built],
                pack_results=int(bool(formats & registers.FORMAT_PACKED_RESULTS)),
            )
        except InputError as error:
            raise LinkError(
                f"the core's registers report an invalid shape, {rows} x {cols} x {depth}: {error}"
            ) from None
        link.write(registers.CONTROL, registers.CONTROL_IRQ_ENABLE)

    def records(
        self,
        w: ArrayLike,
        mode: str,
        *,
        bias: ArrayLike = 0,
        scale: ArrayLike | None = None,
        multiplier: ArrayLike | None = None,
        shift: ArrayLike | None = None,
        zero_point: ArrayLike | None = None,
        low: ArrayLike | None = None,
        high: ArrayLike | None = None,
        a_zero_point: int = 0,
    ) -> NDArray[np.uint8]:
        """Return the record of every column of w; parameters and InputError as in :meth:`matmul`.

        Returns
        -------
        ndarray of uint8, shape (N, 12)
        """
        w = arguments.matrix("w", w, np.int8, "int8")
        n = w.shape[1]
        mode = arguments.choice("mode", mode, packets.MODES)
        if mode == "raw":
            given = dict(
                scale=scale, multiplier=multiplier, shift=shift, zero_point=zero_point, low=low, high=high
            )
            for name, value in given.items():
                if value is not None:
                    raise InputError(
                        f"{name} is {shown(value)}: does not apply to mode raw, which outputs int32"
                    )
            multiplier = shift = 0
        elif scale is not None:
            if not (multiplier is None and shift is None):
                raise InputError(
                    "scale is given with multiplier or shift, expected scale, or multiplier and shift"
                )
            scale = arguments.reals("scale", scale, n)
            if mode == "fp32":
                multiplier, shift = quantize.float32_bits(scale), 0
            else:
                multiplier, shift = quantize.quantize_multiplier(scale)
        elif multiplier is None:
            raise InputError(f"mode {mode} requires scale, or multiplier and shift")
        zero_point, low, high = (
            default if value is None else value
            for value, default in ((zero_point, 0), (low, -128), (high, 127))
        )
        low, high = arguments.integers("low", low, INT8, n), arguments.integers("high", high, INT8, n)
        crossed = np.flatnonzero(low > high)
        if crossed.size:
            low, high = (int(np.broadcast_to(value, n)[crossed[0]]) for value in (low, high))
            raise InputError(f"low is {low} and high is {high}, expected low <= high")
        return packets.records(
            n,
            self._whole_bias(w, bias, a_zero_point),
            arguments.integers("multiplier", multiplier, INT32, n),
            arguments.integers("shift", 0 if shift is None else shift, INT8, n),
            arguments.integers("zero_point", zero_point, INT8, n),
            low,
            high,
        )

    @staticmethod
    def _whole_bias(w: NDArray[np.int8], bias: ArrayLike, a_zero_point: ArrayLike) -> NDArray[np.int32]:
        """Return the bias with the zero point of a folded in, int32."""
        whole = arguments.integers("bias", bias, INT32, w.shape[1])
        a_zero_point = arguments.integers("a_zero_point", a_zero_point, INT8)
        if a_zero_point:  # sum((a - z) * w) = sum(a * w) - z * sum(w), all of it modulo 2^32
            whole = whole - a_zero_point * w.sum(axis=0, dtype=np.int64)
        return (whole & 0xFFFFFFFF).astype(np.uint32).view(np.int32)

    def matmul(
        self,
        a: ArrayLike,
        w: ArrayLike,
        mode: str = "raw",
        *,
        progress: Progress | None = None,
        limit: int = 1 << 18,
        check_overflow: bool = False,
        **output: Unpack[Output],
    ) -> tuple[NDArray[Any], Report]:
        """Multiply two int8 matrices on the core.

        Sums are int32 and wrap. In modes gemmlowp and ruy, a scale of 1 or more uses a left shift, which
        precedes the multiplication and also wraps: if it overflows int32, the result is wrong and the core
        does not report it. `check_overflow` does. Mode fp32 has no shift.

        Parameters
        ----------
        a : ndarray of int8, shape (M, K)
            M, K and N are at least 1: a panel holds at least one slice of K, so a product with K = 0, whose
            result would be the bias, is not possible.
        w : ndarray of int8, shape (K, N)
        mode : {"raw", "gemmlowp", "ruy", "fp32"}
        progress : callable, optional
            Called at intervals with (result beats so far, total result beats), and once all have arrived.
        limit : int
            Target number of activation beats per transfer, see :func:`macrame.host.tiling.batches`.
        check_overflow : bool
            Refuse a left shift that overflows int32 for a sum of this product. The host computes the sums for
            this check, but only where the shift is large enough to overflow for some matrix a.
        bias : int or ndarray of int, scalar or shape (N,)
            Added to the sum, int32, wrapping, in every mode.
        scale : float or ndarray of float, scalar or shape (N,)
            Real scale of the output. Alternatively:
        multiplier, shift : int or ndarray of int, scalar or shape (N,)
            The record fields themselves: Q31 and left shift, or float32 bits in mode fp32.
        zero_point, low, high : int or ndarray of int, scalar or shape (N,)
            For the int8 output: the zero point is added after scaling, then the result is clamped to [low,
            high]. The defaults are 0, -128 and 127. Mode raw has no int8 output and takes none of these, nor
            a scale.
        a_zero_point : int
            Zero point of a, folded into the bias.

        Returns
        -------
        product : ndarray, shape (M, N)
            int32 in mode raw, else int8.
        report : Report

        Raises
        ------
        macrame.errors.InputError
            An argument is invalid, or a left shift overflows (see `check_overflow`).
        macrame.errors.CoreError
            The core halted; :meth:`soft_reset` recovers it.
        macrame.errors.LinkError
            Results are missing or malformed.
        """
        for name in output:
            if name not in Output.__annotations__:
                raise TypeError(f"Core.matmul() got an unexpected keyword argument {name!r}")
        a, w = _operands(a, w, np.int8, "int8")
        if not self.config.int8:
            raise InputError("a and w are int8, but the core has no int8 cells")
        progress, limit = _telling(progress, limit)
        record = self.records(w, mode, **output)
        if arguments.flag("check_overflow", check_overflow) and mode in quantize.SHIFTING:
            fields = packets.fields(record)
            quantize.refuse_overflow_of(a, w, fields["bias"], fields["shift"])
        return self._run(a, w, record, packets.MODES[mode], progress, limit)

    def layer(
        self, products: Sequence[Product], *, progress: Progress | None = None
    ) -> tuple[list[NDArray[np.int8]], Report]:
        """Compute the products of a layer in one transfer: the array does not drain between them.

        Parameters
        ----------
        products : sequence of Product
            All with the same mode.
        progress : callable, optional
            As for :meth:`matmul`.

        Returns
        -------
        list of ndarray of int8, shape (M, N) each
        report : Report
            Of the whole transfer.

        Raises
        ------
        macrame.errors.InputError
            There is no product, or an argument of one is invalid.
        macrame.errors.CoreError, macrame.errors.LinkError
            As for :meth:`matmul`.
        """
        if not isinstance(products, (list, tuple)):
            raise InputError(f"products is {shown(products)}, expected a list of Product")
        if not products:
            raise InputError("products is empty, expected one or more")
        for number, product in enumerate(products):
            arguments.instance(f"products[{number}]", product, Product)
            name = f"products[{number}].output"
            arguments.instance(name, product.output, Requantisation)  # type: ignore[type-abstract]  # a protocol
        modes = {product.output.mode for product in products}
        if len(modes) > 1:
            raise InputError(f"the modes of the products are {', '.join(sorted(modes))}, expected one mode")
        if not self.config.int8:
            raise InputError("the products hold int8 values, but the core does not support int8")
        (mode,) = modes
        ready = []
        for product in products:
            a, w = _operands(product.a, product.w, np.int8, "int8")
            output = product.output
            record = self.records(
                w,
                mode,
                bias=output.bias,
                multiplier=output.multiplier,
                shift=output.shift,
                zero_point=output.zero_point,
                low=output.low,
                high=output.high,
                a_zero_point=output.input_zero_point,
            )
            ready.append((a, w, record))
        progress, _ = _telling(progress, 1)

        def multiply() -> tuple[list[NDArray[np.int8]], Report] | CoreError:
            return self._layer(ready, packets.MODES[mode], progress)

        return self._sequence("layer", multiply, False)

    def _layer(
        self,
        products: list[tuple[NDArray[Any], NDArray[Any], NDArray[np.uint8]]],
        mode: int,
        progress: Progress | None,
    ) -> tuple[list[NDArray[np.int8]], Report] | CoreError:
        """Return the results and the report, or the error if the core halts."""
        config, height = self.config, self.config.height(mode)
        batch, counts = tiling.joined(products, mode, config)
        total = len(batch.tiles) * packets.tile_beats(height, mode, config.pack_results)
        self.clear_counters()
        told = None if progress is None else lambda beats: progress(beats, total)
        results = self.link.transfer(batch.weights, batch.activations, total, told)
        tiles = self._tiles(results, total, mode)
        if isinstance(tiles, CoreError):
            return tiles
        found, first = [], 0
        for (a, w, _), count in zip(products, counts):
            out = np.empty((a.shape[0], w.shape[1]), packets.result_type(mode))
            last = first + count
            tiling.place(out, tiles[first:last], batch.tiles[first:last])
            found.append(out)
            first = last
        if progress is not None:
            progress(total, total)
        macs = sum(a.shape[0] * a.shape[1] * w.shape[1] for a, w, _ in products)
        report = self._report(macs)
        return report if isinstance(report, CoreError) else (found, report)

    def _tiles(self, results: Results, expected: int, mode: int) -> NDArray[Any] | CoreError:
        """Return the tiles of a transfer, or the error if the core halted."""
        if len(results) != expected:
            status = self.status()
            halt = self._halt(status)
            if halt is not None:
                return halt
            raise LinkError(
                f"received {amount(len(results), 'result beat')}, expected {expected}; STATUS reads "
                f"{self._described(status)}"
            )
        config = self.config
        return packets.unpack_tiles(results, config.height(mode), config.cols, mode, config.pack_results)

    def _report(self, macs: int) -> Report | CoreError:
        """Return the counters, or the error if the core has halted."""
        status = self.status()
        halt = self._halt(status)
        if halt is not None:
            return halt
        full = bool(status & registers.STATUS_COUNTERS_FULL)
        return Report(**self.counters(), macs=macs, cells=self.config.macs, counters_full=full)

    def matmul_bf16(
        self,
        a: ArrayLike,
        w: ArrayLike,
        *,
        bias: ArrayLike | None = None,
        relu: bool = False,
        out: str = "fp32",
        seed: int | None = None,
        progress: Progress | None = None,
        limit: int = 1 << 18,
    ) -> tuple[NDArray[Any], Report]:
        """Multiply two bfloat16 matrices on the core, in order of k, rounding each product and each
        sum.

        Parameters
        ----------
        a : ndarray of uint16, shape (M, K)
            bfloat16 bits. M, K and N are at least 1, as for :meth:`matmul`.
        w : ndarray of uint16, shape (K, N)
        bias : ndarray of float32, or of uint32 (its bits), scalar or shape (N,), optional
            Added to the sum after the last k, rounded to float32.
        relu : bool
            Replace negative results and -0 by +0; NaN is kept.
        out : {"fp32", "even", "toward_zero", "stochastic"}
            float32, or bfloat16 in one of three rounding modes.
        seed : int, optional
            Seed of the random bits for stochastic rounding; if omitted, the sequence continues from the last
            product. A reset of the link ends the sequence: the next stochastic product then needs a seed.
        progress, limit
            As for :meth:`matmul`.

        Returns
        -------
        product : ndarray, shape (M, N)
            uint32 bits of float32, or uint16 bits of bfloat16; identical to
            `macrame.golden.gemm_bf16.gemm_bf16`.
        report : Report

        Raises
        ------
        macrame.errors.InputError, macrame.errors.CoreError, macrame.errors.LinkError
            As for :meth:`matmul`.
        """
        a, w = _operands(a, w, np.uint16, "uint16, the bits of bfloat16")
        if not self.config.bf16:
            raise InputError("a and w are bfloat16, but the core has no bfloat16 cells")
        out, relu = arguments.choice("out", out, packets.OUTPUTS), arguments.flag("relu", relu)
        progress, limit = _telling(progress, limit)
        n = w.shape[1]
        bias = (
            np.zeros(n, np.uint32)
            if bias is None
            else arguments.array("bias", bias, f"float32, one number or {n} of them")
        )
        if bias.dtype not in (np.float32, np.uint32):
            raise InputError(f"bias has dtype {bias.dtype}, expected float32, or uint32 (its bits)")
        if bias.ndim and bias.shape != (n,):
            raise InputError(f"bias has shape {bias.shape}, expected one number or {n} of them")
        seed = None if seed is None else registers.seed_word(seed)
        record = packets.records(n, bias.view(np.int32))
        return self._run(
            a, w, record, packets.bf16_mode(out, relu), progress, limit, seed, out == "stochastic"
        )

    def random_operands(
        self, words: Callable[[int, int, int], ArrayLike], m: int, n: int
    ) -> NDArray[np.uint16]:
        """Return the random words that stochastic rounding uses for each element of an M x N result.

        Parameters
        ----------
        words : callable
            ``words(rows, cols, lanes)`` returns the words of that many result rows, uint16, shape (rows,
            cols), in the order in which the core uses them: `macrame.golden.arith.lfsr32.Lfsr32.rows`.
        m, n : int

        Returns
        -------
        ndarray of uint16, shape (M, N)

        Raises
        ------
        macrame.errors.InputError
            An argument, or the return value of `words`, is invalid.
        """
        arguments.function("words", words)
        m, n = arguments.count("m", m, INT32.max), arguments.count("n", n, INT32.max)
        height, cols = self.config.height(packets.BF16), self.config.cols
        where = tiling.order(m, n, height, cols)
        rows = len(where) * height
        drawn = arguments.array("words", words(rows, cols, self.config.post_lanes), "uint16")
        if drawn.shape != (rows, cols) or drawn.dtype != np.uint16:
            raise InputError(
                f"words returned {drawn.dtype} values of shape {drawn.shape}, expected uint16 of shape "
                f"{(rows, cols)}"
            )
        out = np.empty((m, n), np.uint16)
        tiling.place(out, drawn.reshape(-1, height, cols), where)
        return out

    def _run(
        self,
        a: NDArray[Any],
        w: NDArray[Any],
        record: NDArray[np.uint8],
        mode: int,
        progress: Progress | None,
        limit: int,
        seed: int | None = None,
        random: bool = False,
    ) -> tuple[NDArray[Any], Report]:
        """Run a product of either kind on checked operands."""

        def multiply() -> tuple[NDArray[Any], Report] | CoreError:
            return self._multiply(a, w, record, mode, progress, limit, seed)

        return self._sequence("product", multiply, random and seed is None)

    def _multiply(
        self,
        a: NDArray[Any],
        w: NDArray[Any],
        record: NDArray[np.uint8],
        mode: int,
        progress: Progress | None,
        limit: int,
        seed: int | None,
    ) -> tuple[NDArray[Any], Report] | CoreError:
        """Return the product and its report, or the error if the core halts."""
        config = self.config
        (m, k), n = a.shape, w.shape[1]
        out = np.empty((m, n), packets.result_type(mode))
        height = config.height(mode)
        tile_beats = packets.tile_beats(height, mode, config.pack_results)
        total = packets.slices(m, height) * packets.slices(n, config.cols) * tile_beats
        done = 0

        def tell(beats: int) -> None:
            if progress is not None:
                progress(done + beats, total)

        self._seed(seed)
        self.clear_counters()
        for batch in tiling.batches(a, w, record, mode, config, limit):
            expected = len(batch.tiles) * tile_beats
            results = self.link.transfer(
                batch.weights, batch.activations, expected, None if progress is None else tell
            )
            tiles = self._tiles(results, expected, mode)
            if isinstance(tiles, CoreError):
                return tiles
            tiling.place(out, tiles, batch.tiles)
            done += expected
            tell(0)  # a fast link may finish a batch before it reports progress
        report = self._report(m * k * n)
        return report if isinstance(report, CoreError) else (out, report)
