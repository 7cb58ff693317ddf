# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The one thing the host needs of whatever carries its bytes: registers, and three streams."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np


@dataclass
class Beats:
    """Beats of one AXI4-Stream, in order.

    Attributes
    ----------
    data : ndarray of uint8, shape (n, bytes a beat)
        Byte b of a beat is bits [8*b +: 8] of tdata.
    last : ndarray of bool, shape (n,)
        tlast of each beat.
    user : ndarray of uint8, shape (n,)
        tuser of each beat.
    """

    data: np.ndarray
    last: np.ndarray
    user: np.ndarray

    def __len__(self):
        return len(self.data)


@dataclass
class Results:
    """Beats of the result stream, in order.

    Attributes
    ----------
    data : ndarray of uint8, shape (n, bytes a beat)
    last : ndarray of bool, shape (n,)
    keep : ndarray of bool, shape (n, bytes a beat)
        tkeep, a flag for each byte of data.
    """

    data: np.ndarray
    last: np.ndarray
    keep: np.ndarray

    def __len__(self):
        return len(self.data)


class Link(ABC):
    """A way to one core, or to one vector unit. All calls block until it has answered."""

    @abstractmethod
    def read(self, address):
        """Read one 32-bit register.

        Parameters
        ----------
        address : int
            Byte address.

        Returns
        -------
        int

        Raises
        ------
        macrame.errors.LinkError
            The bus answered with an error.
        """

    @abstractmethod
    def write(self, address, value):
        """Write one 32-bit register; parameters and errors as in :meth:`read`."""

    @abstractmethod
    def transfer(self, weights, activations, results, progress=None):
        """Send both operand streams at once, and collect what comes out.

        Returns when every beat is sent and ``results`` beats have come; or with fewer, when the unit raised
        its interrupt or nothing moved for long.

        Parameters
        ----------
        weights, activations : Beats
            For ``s_axis_w`` and ``s_axis_a`` of a core, ``s_axis_x`` and ``s_axis_y`` of a vector unit;
            either may be empty.
        results : int
            Beats to expect on ``m_axis``.
        progress : callable, optional
            Called now and then with the number of result beats so far.

        Returns
        -------
        Results
        """

    def close(self):  # noqa: B027 - a link need not have anything to let go of
        """Let go of the unit. May be called twice."""

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()
