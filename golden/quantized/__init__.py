# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Golden models of quantised operators, one plain formula per operator and runtime.

===================  ========================================================================
`fixed_point`        gemmlowp's fixed-point numbers: products, exponential, reciprocal, tanh
`ranges`             clamps of fused activations, and the range of a fixed-point input
`windows`            the windows of a convolution as rows of a matrix
`layers`             convolutions and fully connected layers
`pooling`            average, maximum and mean
`elementwise`        addition, subtraction, product, maximum, minimum
`unary`              functions of one int8: requantisation, ReLU, logistic, tanh, hard swish
`softmax`            softmax
`onnxruntime`        sums, products, averages and requantisation, by the rules of ONNX Runtime
===================  ========================================================================

The rules of TFLite Micro are those of its reference kernels; those of ONNX Runtime are of its
x86-64 kernels at the extended optimisation level. Each function names its source.
"""
