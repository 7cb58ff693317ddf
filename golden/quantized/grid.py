# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""What the integers of a quantised tensor stand for."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Grid:
    """Scale and zero point of a tensor: an integer stands for scale * (integer - zero_point).

    The scale is a float32 in the files of both runtimes. TFLite's kernels compute factors from it in float64,
    ONNX Runtime's in float32; the functions that take a grid convert it.
    """

    scale: float
    zero_point: int = 0
