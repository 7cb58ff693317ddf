# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Optimizers. Each updates its parameters in place, in their own dtype.

They match those of PyTorch step for step, except for one default: weight decay and L2 do not apply to biases
(`macrame.golden.nn.regularization.l2_penalty` gives the reason). All state has the dtype of the
parameters; in float64 they agree with torch.optim to 1e-12, in float32 in all but the last bits, since
PyTorch's kernels fuse and order operations differently. For the core's bf16 arithmetic there is
`macrame.golden.nn.bf16.SGDBf16`.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from macrame.golden.nn.regularization import add_l2, is_penalised


class SGD:
    """Stochastic gradient descent with momentum, as in PyTorch.

    v = momentum v + (1 - dampening) g, p = p - rate v.

    The first v is g itself, whatever the dampening. Nesterov's momentum steps along g + momentum v instead of
    v, towards the position of the next gradient.

    Parameters
    ----------
    parameters : list of numpy.ndarray
        Updated in place.
    rate : float
        Learning rate.
    momentum : float
        In [0, 1); 0 is plain gradient descent.
    l2 : float
        Strength of the penalty on weights, as `macrame.golden.nn.regularization.l2_penalty`.
    dampening : float
        In [0, 1]; without momentum it has no effect.
    nesterov : bool
        Needs momentum, and no dampening.
    l2_biases : bool
        Penalise the biases too.

    Raises
    ------
    ValueError
        If the dampening is out of range, or Nesterov's momentum is 0 or dampened.
    """

    def __init__(
        self,
        parameters: Sequence[NDArray[np.floating]],
        rate: float,
        momentum: float = 0.0,
        l2: float = 0.0,
        dampening: float = 0.0,
        nesterov: bool = False,
        l2_biases: bool = False,
    ) -> None:
        _check("dampening", dampening, 0, 1)
        if nesterov and not (momentum > 0 and dampening == 0):
            raise ValueError(
                f"momentum is {momentum} and dampening {dampening}: nesterov expects momentum above 0 and no "
                "dampening"
            )
        self.parameters = parameters
        self.rate = rate
        self.momentum = momentum
        self.l2, self.l2_biases = l2, l2_biases
        self.dampening = dampening
        self.nesterov = nesterov
        self.velocity = [np.zeros_like(p) for p in parameters]
        self.steps = 0

    def step(self, gradients: Sequence[NDArray[np.floating]]) -> None:
        """Update every parameter once.

        Parameters
        ----------
        gradients : list of numpy.ndarray
            In the order of the parameters.
        """
        gradients = add_l2(gradients, self.parameters, self.l2, self.l2_biases)
        taken = 1 - self.dampening if self.steps and self.momentum else 1
        self.steps += 1
        for p, v, g in zip(self.parameters, self.velocity, gradients):
            v *= self.momentum
            v += g if taken == 1 else taken * g
            p -= (self.rate * (g + self.momentum * v if self.nesterov else v)).astype(p.dtype)


class Adam:
    """Adam (Kingma and Ba, 2015): a step per parameter, from running means of the gradient and its square.

    m = beta1 m + (1 - beta1) g, v = beta2 v + (1 - beta2) g^2; both begin at 0 and so are too small at first:
    after t steps of one constant gradient m is (1 - beta1^t) g. Divided by that factor they are means again,
    and p = p - rate (m / (1 - beta1^t)) / (sqrt(v / (1 - beta2^t)) + epsilon).

    Parameters
    ----------
    parameters : list of numpy.ndarray
        Updated in place.
    rate : float
        Learning rate: about the size of each step.
    beta1, beta2 : float
        In [0, 1).
    epsilon : float
        Above 0.
    l2 : float
        Strength of the penalty on weights, added to the gradient (PyTorch's Adam, not AdamW).
    correct : bool
        False omits the bias correction, to show its effect.
    l2_biases : bool
        Penalise the biases too.

    Attributes
    ----------
    steps : int
        Updates so far.
    first, second : list of numpy.ndarray
        m and v, not corrected.
    """

    def __init__(
        self,
        parameters: Sequence[NDArray[np.floating]],
        rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        l2: float = 0.0,
        correct: bool = True,
        l2_biases: bool = False,
    ) -> None:
        self.parameters = parameters
        self.rate, self.beta1, self.beta2, self.epsilon = rate, beta1, beta2, epsilon
        self.l2, self.l2_biases = l2, l2_biases
        self.correct = correct
        self.steps = 0
        self.first = [np.zeros_like(p) for p in parameters]
        self.second = [np.zeros_like(p) for p in parameters]

    def corrections(self) -> tuple[float, float]:
        """1 - beta1^t and 1 - beta2^t after the steps so far; (1, 1) where there is no correction."""
        if not self.correct:
            return 1.0, 1.0
        return 1 - self.beta1**self.steps, 1 - self.beta2**self.steps

    def step(self, gradients: Sequence[NDArray[np.floating]]) -> None:
        """Update every parameter once.

        Parameters
        ----------
        gradients : list of numpy.ndarray
            In the order of the parameters.
        """
        self.steps += 1
        one, two = self.corrections()
        gradients = add_l2(gradients, self.parameters, self.l2, self.l2_biases)
        for p, m, v, g in zip(self.parameters, self.first, self.second, gradients):
            m *= self.beta1
            m += (1 - self.beta1) * g
            v *= self.beta2
            v += (1 - self.beta2) * np.square(g)
            p -= (self.rate * (m / one) / (np.sqrt(v / two) + self.epsilon)).astype(p.dtype)


class AdamW(Adam):
    """Adam with decoupled weight decay (Loshchilov and Hutter, 2019): p = p - rate decay p, then Adam's step.

    The decay is not part of the gradient and does not affect the running means: every weight shrinks by the
    same factor, while Adam's `l2` has little effect on one with large gradients.

    Parameters
    ----------
    parameters : list of numpy.ndarray
        Updated in place.
    rate, beta1, beta2, epsilon : float
        As `Adam`.
    decay : float
        Weight decay, at least 0.
    decay_biases : bool
        Decay the biases too, as PyTorch does with a parameter group that contains them.

    Raises
    ------
    ValueError
        If the decay is below 0.
    """

    def __init__(
        self,
        parameters: Sequence[NDArray[np.floating]],
        rate: float = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        epsilon: float = 1e-8,
        decay: float = 0.01,
        decay_biases: bool = False,
    ) -> None:
        super().__init__(parameters, rate, beta1, beta2, epsilon)
        _check("decay", decay, 0, np.inf)
        self.decay, self.decay_biases = decay, decay_biases

    def step(self, gradients: Sequence[NDArray[np.floating]]) -> None:
        """Update every parameter once.

        Parameters
        ----------
        gradients : list of numpy.ndarray
            In the order of the parameters.
        """
        for p in self.parameters:
            if self.decay and is_penalised(p, self.decay_biases):
                p *= 1 - self.rate * self.decay
        super().step(gradients)


class Adagrad:
    """Adagrad (Duchi et al., 2011), as in PyTorch: s = s + g^2, p = p - rate g / (sqrt(s) + epsilon).

    s never decreases, so the steps of a parameter become smaller. With `rate_decay` the t-th
    step, counted from 0, has rate / (1 + t rate_decay).

    Parameters
    ----------
    parameters : list of numpy.ndarray
        Updated in place.
    rate : float
        Learning rate.
    rate_decay : float
        At least 0.
    initial : float
        Initial value of s, at least 0.
    epsilon : float
        At least 0; with 0, the first gradient must not be 0.
    l2 : float
        Strength of the penalty on weights, added to the gradient.
    l2_biases : bool
        Penalise the biases too.

    Attributes
    ----------
    steps : int
        Updates so far.
    squares : list of numpy.ndarray
        s.

    Raises
    ------
    ValueError
        If `rate_decay`, `initial` or `epsilon` is below 0.
    """

    def __init__(
        self,
        parameters: Sequence[NDArray[np.floating]],
        rate: float = 0.01,
        rate_decay: float = 0.0,
        initial: float = 0.0,
        epsilon: float = 1e-10,
        l2: float = 0.0,
        l2_biases: bool = False,
    ) -> None:
        for name, value in (("rate_decay", rate_decay), ("initial", initial), ("epsilon", epsilon)):
            _check(name, value, 0, np.inf)
        self.parameters = parameters
        self.rate, self.rate_decay, self.epsilon = rate, rate_decay, epsilon
        self.l2, self.l2_biases = l2, l2_biases
        self.steps = 0
        self.squares = [np.full_like(p, initial) for p in parameters]

    def step(self, gradients: Sequence[NDArray[np.floating]]) -> None:
        """Update every parameter once.

        Parameters
        ----------
        gradients : list of numpy.ndarray
            In the order of the parameters.
        """
        rate = self.rate / (1 + self.steps * self.rate_decay)
        self.steps += 1
        gradients = add_l2(gradients, self.parameters, self.l2, self.l2_biases)
        for p, s, g in zip(self.parameters, self.squares, gradients):
            s += np.square(g)
            p -= (rate * g / (np.sqrt(s) + self.epsilon)).astype(p.dtype)


def _check(name: str, value: float, low: float, high: float) -> None:
    if not (low <= value <= high and np.isfinite(value)):
        expected = f"{low} to {high}" if np.isfinite(high) else f"at least {low}"
        raise ValueError(f"{name} is {value}, expected {expected}")
