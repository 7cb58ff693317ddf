# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Whole int8 networks: from a .tflite or .onnx file to products on the core.

`macrame.nets.tflite` and `macrame.nets.onnx_reader` read files into one typed graph, `macrame.nets.graph`.
`macrame.nets.tflite_writer` writes one as a .tflite file.
"""
