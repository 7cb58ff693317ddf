# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Optimizers: what becomes of a gradient. Each updates its parameters in place, in their own dtype."""

import numpy as np

from macrame.golden.nn.regularization import add_l2


class SGD:
    """Stochastic gradient descent with classical momentum, as in PyTorch: v = momentum v + g, p = p - rate v.

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
    """

    def __init__(self, parameters, rate, momentum=0.0, l2=0.0):
        self.parameters = parameters
        self.rate = rate
        self.momentum = momentum
        self.l2 = l2
        self.velocity = [np.zeros_like(p) for p in parameters]

    def step(self, gradients):
        """Update every parameter once.

        Parameters
        ----------
        gradients : list of numpy.ndarray
            In the order of the parameters.
        """
        gradients = add_l2(gradients, self.parameters, self.l2)
        for p, v, g in zip(self.parameters, self.velocity, gradients):
            v *= self.momentum
            v += g
            p -= (self.rate * v).astype(p.dtype)


class Adam:
    """Adam (Kingma and Ba, 2015): a step a parameter, from running means of its gradient and of its square.

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
        False leaves the bias correction out, to show what it is for.

    Attributes
    ----------
    steps : int
        Updates so far.
    first, second : list of numpy.ndarray
        m and v, not corrected.
    """

    def __init__(self, parameters, rate=0.001, beta1=0.9, beta2=0.999, epsilon=1e-8, l2=0.0, correct=True):
        self.parameters = parameters
        self.rate, self.beta1, self.beta2, self.epsilon = rate, beta1, beta2, epsilon
        self.l2 = l2
        self.correct = correct
        self.steps = 0
        self.first = [np.zeros_like(p) for p in parameters]
        self.second = [np.zeros_like(p) for p in parameters]

    def corrections(self):
        """1 - beta1^t and 1 - beta2^t after the steps so far; (1, 1) where there is no correction."""
        if not self.correct:
            return 1.0, 1.0
        return 1 - self.beta1**self.steps, 1 - self.beta2**self.steps

    def step(self, gradients):
        """Update every parameter once.

        Parameters
        ----------
        gradients : list of numpy.ndarray
            In the order of the parameters.
        """
        self.steps += 1
        one, two = self.corrections()
        gradients = add_l2(gradients, self.parameters, self.l2)
        for p, m, v, g in zip(self.parameters, self.first, self.second, gradients):
            m *= self.beta1
            m += (1 - self.beta1) * g
            v *= self.beta2
            v += (1 - self.beta2) * np.square(g)
            p -= (self.rate * (m / one) / (np.sqrt(v / two) + self.epsilon)).astype(p.dtype)
