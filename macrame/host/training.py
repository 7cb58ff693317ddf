# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The three operations of training, on a core and a vector unit.

`Hardware` has the methods of `macrame.golden.nn.bf16.Golden`, so that `macrame.golden.nn.bf16.NetworkBf16`
and `SGDBf16` train on it. Its links may lead to a simulator or to a board.

The vector unit also rounds to bfloat16: it computes x + (-0) with the output rounded to nearest even. Adding
-0 leaves every number unchanged, including -0, and as bfloat16 it takes only half the bandwidth.
"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.host.core import Core
from macrame.host.vector_unit import VectorUnit

MINUS_ZERO = np.uint16(0x8000)


class Hardware:
    """Matrix products on a core, all other operations on a vector unit.

    fp32 arrays are float32, bfloat16 arrays are uint16 bits.

    Parameters
    ----------
    core : macrame.host.core.Core
        A core with bfloat16.
    unit : macrame.host.vector_unit.VectorUnit

    Attributes
    ----------
    calls : dict of str to int
        "products" and "vectors" done so far.
    cycles : dict of str to int
        Totals of the counters of the core ("products") and of the unit ("vectors").
    macs : int
        Multiply-accumulates that the products needed.
    """

    def __init__(self, core: Core, unit: VectorUnit) -> None:
        self.core, self.unit = core, unit
        self.calls = {"products": 0, "vectors": 0}
        self.cycles = {"products": 0, "vectors": 0}
        self.macs = 0

    def matmul(
        self,
        a: NDArray[np.uint16],
        w: NDArray[np.uint16],
        bias: ArrayLike | None = None,
        relu: bool = False,
        out: str = "fp32",
    ) -> NDArray[Any]:
        """Compute a product on the core; parameters and result as `macrame.golden.nn.bf16.Golden.matmul`."""
        values, report = self.core.matmul_bf16(a, w, bias=bias, relu=relu, out=out)
        self.macs += report.macs
        return self._done("products", values, report.cycles)

    def vector(
        self,
        op: str,
        x: NDArray[Any],
        y: NDArray[Any] | None = None,
        s: float | None = None,
        out: str = "fp32",
    ) -> NDArray[Any]:
        """Run an operation of the vector unit; parameters and result as
        `macrame.golden.nn.bf16.Golden.vector`."""
        values, report = self.unit.run(op, x, y, s, out)
        return self._done("vectors", values, report.cycles)

    def to_bf16(self, x: NDArray[np.float32]) -> NDArray[np.uint16]:
        """Convert fp32 to bfloat16 on the vector unit, nearest even; a NaN becomes 0x7FC0.

        Parameters
        ----------
        x : ndarray of float32

        Returns
        -------
        ndarray of uint16
        """
        x = np.asarray(x, np.float32)
        return self.vector("add", x, np.full(x.shape, MINUS_ZERO), out="even")

    def _done(self, kind: str, values: NDArray[Any], cycles: int) -> NDArray[Any]:
        self.calls[kind] += 1
        self.cycles[kind] += cycles
        return values if values.dtype == np.uint16 else values.view(np.float32)
