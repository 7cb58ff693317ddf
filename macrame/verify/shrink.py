# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The smallest product that still fails: delta debugging over rows, columns, k, options and operands.

After Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from macrame.contract import CoreConfig
from macrame.golden.arith.lfsr32 import Lfsr32
from macrame.golden.arith.requantize import requantize
from macrame.golden.gemm import add_bias, gemm
from macrame.golden.gemm_bf16 import gemm_bf16
from macrame.host.core import Core, Report

#: Products that the search may compute.
ATTEMPTS = 400
#: Options with a number for each column.
PER_COLUMN = ("bias", "multiplier", "shift", "zero_point", "low", "high")


@dataclass(frozen=True, eq=False)
class Product:
    """A product, and what the core does with its sums.

    Attributes
    ----------
    a : ndarray of int8, shape (M, K), or uint16, bits of bfloat16
    w : ndarray of the same type, shape (K, N)
    mode : str
        "raw", "gemmlowp", "ruy", "fp32" or "bf16".
    output : mapping of str to object
        Keywords of `macrame.host.core.Core.matmul`, with multiplier and shift instead of a scale, or of
        `matmul_bf16`; those of `PER_COLUMN` are arrays of shape (N,) or numbers.
    seed : int
        Of stochastic rounding.
    """

    a: NDArray[Any]
    w: NDArray[Any]
    mode: str
    output: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 1

    @property
    def sizes(self) -> tuple[int, int, int]:
        """M, K and N."""
        return self.a.shape[0], self.a.shape[1], self.w.shape[1]

    @property
    def stochastic(self) -> bool:
        """Whether random bits round its results."""
        return self.mode == "bf16" and self.output.get("out") == "stochastic"

    def expected(self, core: Core) -> NDArray[Any]:
        """The golden model's result; the order of the random bits depends on the core."""
        if self.mode == "bf16":
            random = None
            if self.stochastic:
                random = core.random_operands(Lfsr32(self.seed).rows, self.sizes[0], self.sizes[2])
            return np.asarray(gemm_bf16(self.a, self.w, random=random, **self.output))
        return self.golden()

    def golden(self) -> NDArray[Any]:
        """The golden model's result of an int8 product."""
        given = {"multiplier": 0, "shift": 0, "zero_point": 0, "low": -128, "high": 127, **self.output}
        zero_point, bias = given.get("a_zero_point", 0), given.get("bias", 0)
        x = add_bias(gemm(self.a, self.w), -zero_point * self.w.sum(axis=0, dtype=np.int64))
        multiplier, shift, zero_point, low, high = (
            given[name] for name in ("multiplier", "shift", "zero_point", "low", "high")
        )
        return np.asarray(requantize(add_bias(x, bias), multiplier, shift, zero_point, low, high, self.mode))

    def compute(self, core: Core) -> tuple[NDArray[Any], Report]:
        """The core's result."""
        if self.mode == "bf16":
            return core.matmul_bf16(
                self.a, self.w, seed=self.seed if self.stochastic else None, **self.output
            )
        return core.matmul(self.a, self.w, self.mode, **self.output)

    def part(
        self,
        rows: Sequence[int] | None = None,
        ks: Sequence[int] | None = None,
        cols: Sequence[int] | None = None,
    ) -> "Product":
        """The product of some rows of A, some k, and some columns of W."""
        m, k, n = self.sizes
        r, s, c = (
            np.arange(count) if chosen is None else np.asarray(chosen, int)
            for chosen, count in ((rows, m), (ks, k), (cols, n))
        )
        output = {
            name: np.asarray(value)[c] if name in PER_COLUMN and np.ndim(value) else value
            for name, value in self.output.items()
        }
        return replace(
            self,
            a=np.ascontiguousarray(self.a[np.ix_(r, s)]),
            w=np.ascontiguousarray(self.w[np.ix_(s, c)]),
            output=output,
        )


class Search:
    """A search for the smallest product that fails.

    Parameters
    ----------
    fails : callable
        Whether a product fails.
    config : macrame.contract.CoreConfig
    attempts : int
        Calls of `fails`.

    Attributes
    ----------
    tried : int
        Calls so far.
    """

    def __init__(
        self, fails: Callable[[Product], bool], config: CoreConfig, attempts: int = ATTEMPTS
    ) -> None:
        self._fails, self.config, self.attempts, self.tried = fails, config, attempts, 0

    def fails(self, product: Product) -> bool:
        """Whether a product fails; False once all attempts are used up."""
        if self.tried >= self.attempts:
            return False
        self.tried += 1
        return self._fails(product)

    def smallest(self, product: Product) -> Product:
        """The smallest product found.

        Parameters
        ----------
        product : Product
            One that fails.

        Returns
        -------
        Product
        """
        size = None
        while size != product.sizes:
            size = product.sizes
            for axis in ("rows", "cols", "ks"):
                product = self._fewest(product, axis)
        for simpler in self._plainer(product):
            if self.fails(simpler):
                product = simpler
                break
        return self._operands(product)

    def _fewest(self, product: Product, axis: str) -> Product:
        """The part of a product with the fewest rows, columns or k that fails."""
        kept, chunks = list(range(product.sizes[("rows", "ks", "cols").index(axis)])), 2
        while len(kept) > 1:
            size = -(-len(kept) // chunks)
            parts = [kept[at : at + size] for at in range(0, len(kept), size)]
            rests = [[i for other in parts if other is not part for i in other] for part in parts]
            tried = [*parts, *(rests if len(parts) > 2 else [])]
            smaller = next((part for part in tried if self.fails(product.part(**{axis: part}))), None)
            if smaller is not None:
                chunks = 2 if smaller in parts else max(2, chunks - 1)
                kept = smaller
            elif size == 1:
                break
            else:
                chunks = min(len(kept), 2 * chunks)
        return product.part(**{axis: kept})

    def _plainer(self, product: Product) -> Iterator[Product]:
        """The same with fewer steps after the sums, the plainest first."""
        if product.mode == "bf16":
            yield replace(product, output={})
            yield replace(product, output={"out": product.output.get("out", "fp32")})
            return
        if product.mode != "raw":
            yield replace(product, mode="raw", output={})
        without = {n: v for n, v in product.output.items() if n not in ("bias", "a_zero_point")}
        yield replace(product, output=without)

    def _operands(self, product: Product) -> Product:
        """The same with as many operands as possible 0, and the others small."""
        for name in ("a", "w"):
            product = self._zeros(product, name)
        one = 1 if product.a.dtype == np.int8 else 0x3F80
        for name in ("a", "w"):
            for at in np.argwhere(getattr(product, name)):
                value = int(getattr(product, name)[tuple(at)])
                for simpler in _simpler(value, one):
                    tried = _changed(product, name, tuple(at), simpler)
                    if self.fails(tried):
                        product = tried
                        break
        return product

    def _zeros(self, product: Product, name: str) -> Product:
        """The same with as many elements of one matrix as possible 0, by ever smaller groups."""
        size = np.count_nonzero(getattr(product, name))
        while size:
            places = np.argwhere(getattr(product, name))
            for first in range(0, len(places), size):
                values = getattr(product, name).copy()
                values[tuple(places[first : first + size].T)] = 0
                tried = replace(product, **{name: values})
                if self.fails(tried):
                    product = tried
            size //= 2
        return product


def _simpler(value: int, one: int) -> Iterator[int]:
    """Operands simpler than one: 1, or an integer by halves."""
    if value == one:
        return
    yield one
    if one == 1:
        if value < 0:
            yield -1
        smaller = value
        while abs(smaller) > 3:
            smaller = int(smaller / 2)
        if smaller not in (value, 1, -1):
            yield smaller


def _changed(product: Product, name: str, at: tuple[int, ...], value: int) -> Product:
    values = getattr(product, name).copy()
    values[at] = value
    return replace(product, **{name: values})
