# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A multilayer perceptron: dense layers, ReLU between them, logits at the end."""
from dataclasses import dataclass

import numpy as np

from golden.nn.activations import relu, relu_derivative
from golden.nn.layers import dense, dense_backward
from golden.nn.losses import cross_entropy, cross_entropy_gradient


@dataclass
class Trace:
    """What a forward pass leaves behind.

    Attributes
    ----------
    inputs : list of numpy.ndarray
        Input of each layer; the first is the network's own.
    pre : list of numpy.ndarray
        Pre-activations z of each layer; the last are the logits.
    """

    inputs: list
    pre: list

    @property
    def logits(self):
        """Output of the last layer, before softmax."""
        return self.pre[-1]


@dataclass
class Network:
    """Dense layers with ReLU after each but the last.

    Attributes
    ----------
    weights : list of numpy.ndarray, each of shape (outputs, inputs)
        One matrix a layer.
    biases : list of numpy.ndarray, each of shape (outputs,)
        One vector a layer.
    """

    weights: list
    biases: list

    @classmethod
    def random(cls, sizes, rng, dtype=np.float64):
        """He initialisation: weights normal with variance 2 / inputs, biases 0.

        Parameters
        ----------
        sizes : sequence of int
            Inputs, hidden units, ..., outputs.
        rng : numpy.random.Generator
            Source of the weights.
        dtype : numpy dtype
            Type of all parameters, and so of all training arithmetic.

        Returns
        -------
        Network
        """
        pairs = list(zip(sizes, sizes[1:]))
        return cls([(rng.standard_normal((n, k)) * np.sqrt(2 / k)).astype(dtype) for k, n in pairs],
                   [np.zeros(n, dtype) for _, n in pairs])

    def forward(self, x):
        """Run the network and keep what backpropagation needs.

        Parameters
        ----------
        x : array_like, shape (samples, inputs)
            One sample a row.

        Returns
        -------
        Trace
        """
        x = np.asarray(x)
        trace = Trace([], [])
        for layer, (w, b) in enumerate(zip(self.weights, self.biases)):
            trace.inputs.append(relu(trace.pre[-1]) if layer else x)
            trace.pre.append(dense(trace.inputs[-1], w, b))
        return trace

    def predict(self, x):
        """Class with the largest logit for each sample, the first of equals.

        Parameters
        ----------
        x : array_like, shape (samples, inputs)

        Returns
        -------
        numpy.ndarray of int, shape (samples,)
        """
        return self.forward(x).logits.argmax(axis=1)

    def loss(self, x, labels):
        """Mean cross-entropy over the samples, in nats."""
        return cross_entropy(self.forward(x).logits, labels)

    def gradients(self, x, labels):
        """Backpropagation of the mean cross-entropy.

        Parameters
        ----------
        x : array_like, shape (samples, inputs)
        labels : array_like of int, shape (samples,)

        Returns
        -------
        list of numpy.ndarray
            In the order of `parameters`.
        """
        trace = self.forward(x)
        dz = cross_entropy_gradient(trace.logits, labels)
        dw, db = [], []
        for layer in reversed(range(len(self.weights))):
            dx, dw_layer, db_layer = dense_backward(trace.inputs[layer], self.weights[layer], dz)
            dw.insert(0, dw_layer)
            db.insert(0, db_layer)
            if layer:
                dz = dx * relu_derivative(trace.pre[layer - 1])
        return dw + db

    def parameters(self):
        """All weight matrices, then all bias vectors; the arrays themselves, to be updated in place."""
        return self.weights + self.biases
