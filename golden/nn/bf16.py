# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Training in the core's own arithmetic: bfloat16 operands, fp32 sums, fp32 master weights.

Every number is the result of one of three hardware operations, performed by a `Backend`: a product with bias
and ReLU, a vector operation, a rounding to bfloat16. `Golden` computes them bit-exactly like the RTL; a
backend that drives the RTL can replace it, so the same code trains on the hardware.

One step of a layer, x its input and a = relu(z) its output, all held as rows of samples:

======================  =========================================  ===========================
forward                 z = x W^T + b, a = relu(z)                 one product, rounded to bf16
loss gradient           dz = c (y - t), or c (softmax(z) - t)      two vector operations
backward                dx = dz W                                  one product, fp32
ReLU mask               dz = dx where a > 0                        one vector operation, to bf16
gradients               dW = dz^T x, db = 1^T dz                   two products, fp32
update                  W = W + (-rate) dW                         one vector operation, fp32
======================  =========================================  ===========================

A layer may have a sigmoid in place of the ReLU: z leaves as fp32, a is rounded to bf16 (the last layer's
stays fp32), and dz = dx (a (1 - a)) takes three vector operations, the last of them to bf16.

Operands of products are bfloat16 (nearest even), sums fp32 in the order of k, weights and biases fp32
between steps. The mask uses the stored activation, not z: a z so small that it rounds to 0 counts as 0.
Softmax and sigmoid run on the host, in float64 of `macrame.golden.nn.elementary`, rounded to fp32. They do
not use the machine's exp, so trained weights have the same SHA-256 everywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.golden.arith.fp32_to_bf16 import fp32_to_bf16
from macrame.golden.gemm_bf16 import Bits, gemm_bf16
from macrame.golden.nn import elementary
from macrame.golden.nn.losses import LOSSES, mse_factor
from macrame.golden.nn.network import Network
from macrame.golden.nn.regularization import dropout_masks, is_penalised
from macrame.golden.vector_unit import vector_unit

ONE = np.uint16(0x3F80)

Numbers: TypeAlias = NDArray[Any]
"""fp32 as float32, or bfloat16 as the uint16 of its bits; the argument `out` selects which."""


class Backend(Protocol):
    """The three operations of the hardware.

    fp32 arrays are float32, bfloat16 ones the uint16 of their bits; a NaN is 0x7FC00000 or 0x7FC0. `Golden`
    documents the operations; any other backend must return the same bits.
    """

    def matmul(
        self,
        a: NDArray[np.uint16],
        w: NDArray[np.uint16],
        bias: NDArray[np.float32] | None = None,
        relu: bool = False,
        out: str = "fp32",
    ) -> Numbers:
        """A product on the array, see `Golden.matmul`."""

    def vector(
        self, op: str, x: Numbers, y: Numbers | None = None, s: float | None = None, out: str = "fp32"
    ) -> Numbers:
        """An operation of the vector unit, element by element, see `Golden.vector`."""

    def to_bf16(self, x: NDArray[np.float32]) -> NDArray[np.uint16]:
        """fp32 to bfloat16, nearest even, see `Golden.to_bf16`."""


class Golden:
    """The `Backend` of the golden model's arithmetic."""

    def matmul(
        self,
        a: NDArray[np.uint16],
        w: NDArray[np.uint16],
        bias: NDArray[np.float32] | None = None,
        relu: bool = False,
        out: str = "fp32",
    ) -> Numbers:
        """A product on the array.

        Parameters
        ----------
        a : numpy.ndarray of uint16, shape (M, K)
        w : numpy.ndarray of uint16, shape (K, N)
        bias : numpy.ndarray of float32, shape (N,), optional
        relu : bool
        out : {"fp32", "even", "toward_zero"}
            fp32, or the rounding to bfloat16.

        Returns
        -------
        numpy.ndarray, shape (M, N)
            float32, or uint16.
        """
        return _numbers(gemm_bf16(a, w, bias, relu, out))

    def vector(
        self, op: str, x: Numbers, y: Numbers | None = None, s: float | None = None, out: str = "fp32"
    ) -> Numbers:
        """An operation of the vector unit, element by element.

        Parameters
        ----------
        op : str
            Of `macrame.golden.vector_unit.OPERATIONS`.
        x, y : numpy.ndarray of float32 or uint16, of one shape
        s : float, optional
            Scalar of "axpy", rounded to float32.
        out : {"fp32", "even", "toward_zero"}

        Returns
        -------
        numpy.ndarray, of the shape of x
            float32, or uint16.
        """
        return _numbers(vector_unit(op, x, y, s, out))

    def to_bf16(self, x: NDArray[np.float32]) -> NDArray[np.uint16]:
        """fp32 to bfloat16, nearest even.

        Parameters
        ----------
        x : numpy.ndarray of float32

        Returns
        -------
        numpy.ndarray of uint16
        """
        return fp32_to_bf16(np.asarray(x, np.float32))


@dataclass
class Forward:
    """A forward pass, bit by bit.

    Attributes
    ----------
    inputs : list of numpy.ndarray of uint16
        bfloat16 input of each layer, dropout done.
    weights : list of numpy.ndarray of uint16
        bfloat16 weights of each layer, (outputs, inputs).
    output : numpy.ndarray of float32
        The last layer's activation.
    activations : list of numpy.ndarray
        Activation of each layer before dropout: bfloat16, of the last layer float32.
    """

    inputs: list[NDArray[np.uint16]]
    weights: list[NDArray[np.uint16]]
    output: NDArray[np.float32] = field(init=False)
    activations: list[Numbers] = field(default_factory=list)


@dataclass
class Backward:
    """A backward pass, bit by bit; lists go by layer.

    Attributes
    ----------
    error : numpy.ndarray of float32
        y - t, or softmax - t.
    dz : list of numpy.ndarray of uint16
        bfloat16 gradients of the pre-activations.
    da : list of numpy.ndarray of float32
        Gradients of each layer's activations before its mask; of the last layer c (y - t).
    dw, db : list of numpy.ndarray of float32
        Gradients of weights and biases.
    """

    error: NDArray[np.float32]
    dz: list[NDArray[np.uint16]]
    da: list[NDArray[np.float32]]
    dw: list[NDArray[np.float32]]
    db: list[NDArray[np.float32]]


@dataclass
class NetworkBf16:
    """A `macrame.golden.nn.network.Network` in the core's arithmetic; ReLU, sigmoid or nothing after a layer.

    Attributes
    ----------
    weights : list of numpy.ndarray of float32, each of shape (outputs, inputs)
        Master weights.
    biases : list of numpy.ndarray of float32, each of shape (outputs,)
    activations : list of {"relu", "sigmoid", "identity"}
    objective : str
        Of `macrame.golden.nn.losses.LOSSES`.
    dropout : float
        As in `Network`.
    backend : Backend
        The backend that computes.
    evaluator : Backend
        The backend for `loss` and `predict`, which update nothing; by default `backend`.

    Raises
    ------
    ValueError
        If the core does not have an activation or the objective.
    """

    weights: list[NDArray[np.float32]]
    biases: list[NDArray[np.float32]]
    activations: list[str] = None  # type: ignore[assignment]  # __post_init__ makes the default
    objective: str = "cross_entropy"
    dropout: float = 0.0
    backend: Backend = field(default_factory=Golden)
    evaluator: Backend = None  # type: ignore[assignment]  # by default the backend, in __post_init__

    def __post_init__(self) -> None:
        self.weights = [np.array(w, np.float32) for w in self.weights]
        self.biases = [np.array(b, np.float32) for b in self.biases]
        if self.activations is None:
            self.activations = ["relu"] * (len(self.weights) - 1) + ["identity"]
        for name in self.activations:
            if name not in ("relu", "sigmoid", "identity"):
                raise ValueError(f"activation is {name!r}, expected 'relu', 'sigmoid' or 'identity' in bf16")
        if self.objective not in LOSSES:
            raise ValueError(f"objective is {self.objective!r}, expected one of {', '.join(LOSSES)}")
        if self.objective == "cross_entropy" and self.activations[-1] != "identity":
            raise ValueError(
                f"last activation is {self.activations[-1]!r}: expected 'identity' with cross_entropy"
            )
        self.evaluator = self.evaluator or self.backend

    @classmethod
    def of(cls, network: Network, backend: Backend | None = None, evaluator: Backend | None = None) -> Self:
        """A float network's parameters, rounded to float32, and its options.

        Parameters
        ----------
        network : macrame.golden.nn.network.Network
        backend, evaluator : Backend, optional
            By default `Golden`.

        Returns
        -------
        NetworkBf16

        Raises
        ------
        ValueError
            If the network has loss options, or features that the core does not have.
        """
        if network.loss_options:
            raise ValueError(f"loss options are {network.loss_options}, expected none in bf16")
        backend = backend or Golden()
        return cls(
            network.weights,
            network.biases,
            list(network.activations),
            network.objective,
            network.dropout,
            backend,
            evaluator or backend,
        )

    def parameters(self) -> list[NDArray[np.float32]]:
        """All weight matrices, then all bias vectors; the arrays themselves, to be updated in place."""
        return self.weights + self.biases

    def forward(
        self,
        x: ArrayLike,
        masks: Sequence[NDArray[np.floating]] | None = None,
        backend: Backend | None = None,
    ) -> Forward:
        """Run the network.

        Parameters
        ----------
        x : array_like, shape (samples, inputs)
            Rounded to float32, then to bfloat16.
        masks : list of numpy.ndarray, optional
            Dropout, as in `Network`.
        backend : Backend, optional
            Instead of the network's own.

        Returns
        -------
        Forward
        """
        backend = backend or self.backend
        h: Numbers = backend.to_bf16(np.asarray(x, np.float32))
        trace = Forward([], [])
        last = len(self.weights) - 1
        for layer, (w, b, name) in enumerate(zip(self.weights, self.biases, self.activations)):
            trace.inputs.append(h)
            trace.weights.append(backend.to_bf16(w))
            wide = layer == last or name == "sigmoid"
            h = backend.matmul(h, trace.weights[-1].T, b, name == "relu", "fp32" if wide else "even")
            if name == "sigmoid":
                h = elementary.sigmoid(h).astype(np.float32)
                h = h if layer == last else backend.to_bf16(h)
            trace.activations.append(h)
            if masks is not None and layer < last:
                h = backend.vector("mul", h, np.asarray(masks[layer], np.float32), out="even")
        trace.output = h
        return trace

    def backward(
        self, trace: Forward, targets: ArrayLike, masks: Sequence[NDArray[np.floating]] | None = None
    ) -> Backward:
        """Run backpropagation.

        Parameters
        ----------
        trace : Forward
        targets : array_like
            Labels, int of shape (samples,), for cross-entropy; else real numbers, shape (samples, outputs).
        masks : list of numpy.ndarray, optional
            Those of the forward pass.

        Returns
        -------
        Backward
        """
        backend, layers = self.backend, len(self.weights)
        error, da = self._output_gradient(trace.output, targets)
        blank: list[Numbers] = [da] * layers  # each layer replaces its own
        back = Backward(error, blank.copy(), blank.copy(), blank.copy(), blank.copy())
        kept: list[Numbers] = [*trace.inputs[1:], trace.output]  # each layer's activation
        ones = np.full((1, len(da)), ONE)
        for layer in reversed(range(layers)):
            if masks is not None and layer < layers - 1:
                da = backend.vector("mul", da, np.asarray(masks[layer], np.float32))
            back.da[layer] = da
            if self.activations[layer] == "relu":
                dz = backend.vector("relu_gradient", da, kept[layer], out="even")
            elif self.activations[layer] == "sigmoid":
                a = trace.activations[layer]
                rest = backend.vector("sub", np.full(a.shape, ONE), a)
                dz = backend.vector("mul", da, backend.vector("mul", a, rest), out="even")
            else:
                dz = backend.to_bf16(da)
            back.dz[layer] = dz
            back.dw[layer] = backend.matmul(dz.T, trace.inputs[layer])
            back.db[layer] = backend.matmul(ones, dz)[0]
            if layer:
                da = backend.matmul(dz, trace.weights[layer])
        return back

    def gradients(
        self,
        x: NDArray[np.floating],
        targets: ArrayLike,
        rng: np.random.Generator | None = None,
        masks: Sequence[NDArray[np.floating]] | None = None,
    ) -> list[NDArray[np.float32]]:
        """Gradients of the mean loss, float32, in the order of `parameters`.

        Parameters
        ----------
        x, targets, rng, masks
            As in `Network.gradients`.

        Returns
        -------
        list of numpy.ndarray of float32
        """
        if masks is None and self.dropout:
            masks = dropout_masks(
                [(len(x), w.shape[0]) for w in self.weights[:-1]], self.dropout, rng, np.float32
            )
        back = self.backward(self.forward(x, masks), targets, masks)
        return back.dw + back.db

    def predict(self, x: ArrayLike) -> NDArray[np.intp]:
        """Class with the largest output for each sample, the first of equals; by the evaluator.

        Parameters
        ----------
        x : array_like, shape (samples, inputs)

        Returns
        -------
        numpy.ndarray of int, shape (samples,)
        """
        return self.forward(x, backend=self.evaluator).output.argmax(axis=1)

    def loss(self, x: ArrayLike, targets: ArrayLike) -> float:
        """Mean loss over the samples, in float64 from the fp32 outputs; by the evaluator.

        Parameters
        ----------
        x, targets
            As in `Network.loss`.

        Returns
        -------
        float
        """
        output = self.forward(x, backend=self.evaluator).output.astype(np.float64)
        if not np.isfinite(output).all():
            return float("nan")
        if self.objective == "cross_entropy":
            labels = np.asarray(targets)
            log_sum = elementary.softmax(output)[1]
            return elementary.mean(log_sum - output[np.arange(len(labels)), labels])
        error = np.square(output - np.asarray(targets, np.float64))
        return self._factor(output.shape[1]) * output.shape[1] * elementary.mean(error)

    def _factor(self, outputs: int) -> float:
        return mse_factor(self.objective.removeprefix("mse_"), outputs)

    def _output_gradient(
        self, output: NDArray[np.float32], targets: ArrayLike
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """y - t (softmax - t) and c / samples times that, fp32."""
        samples, outputs = output.shape
        if self.objective == "cross_entropy":
            if np.isfinite(output).all():
                y = elementary.softmax(output)[0].astype(np.float32)
            else:  # training has diverged, and must detect it
                y = np.full(output.shape, np.nan, np.float32)
            t = np.zeros(output.shape, np.float32)
            t[np.arange(samples), np.asarray(targets)] = 1
            scale = 1 / samples
        else:
            y, t = output, np.asarray(targets).astype(np.float32)
            scale = 2 * self._factor(outputs) / samples
        error = self.backend.vector("sub", y, t)
        # adding -0 changes nothing, so this is the product alone, rounded once
        nothing = np.full(error.shape, -0.0, np.float32)
        return error, self.backend.vector("axpy", nothing, error, scale)


class SGDBf16:
    """Stochastic gradient descent with momentum and L2 penalty on the vector unit, fp32 throughout.

    g = g + l2 w for weights (and for biases, if asked for), v = g + momentum v, p = p + (-rate) v; each is
    one "axpy", whose product is rounded and then its sum. Without penalty or momentum the operation is
    omitted.

    Parameters
    ----------
    parameters : list of numpy.ndarray of float32
        Updated in place.
    rate, momentum, l2 : float
        As in `macrame.golden.nn.optimizers.SGD`; rounded to float32.
    backend : Backend, optional
        By default `Golden`.
    l2_biases : bool
        Penalise the biases too.
    """

    def __init__(
        self,
        parameters: Sequence[NDArray[np.float32]],
        rate: float,
        momentum: float = 0.0,
        l2: float = 0.0,
        backend: Backend | None = None,
        l2_biases: bool = False,
    ) -> None:
        self.parameters = parameters
        self.rate, self.momentum, self.l2, self.l2_biases = rate, momentum, l2, l2_biases
        self.backend = backend or Golden()
        self.velocity = [np.zeros_like(p) for p in parameters]

    def step(self, gradients: Sequence[Numbers]) -> None:
        """Update every parameter once.

        Parameters
        ----------
        gradients : list of numpy.ndarray of float32
            In the order of the parameters.
        """
        for i, (p, g) in enumerate(zip(self.parameters, gradients)):
            if self.l2 and is_penalised(p, self.l2_biases):
                g = self.backend.vector("axpy", g, p, self.l2)
            if self.momentum:
                g = self.velocity[i] = self.backend.vector("axpy", g, self.velocity[i], self.momentum)
            p[...] = self.backend.vector("axpy", p, g, -self.rate)


def _numbers(bits: Bits) -> Numbers:
    return bits if bits.dtype == np.uint16 else bits.view(np.float32)
