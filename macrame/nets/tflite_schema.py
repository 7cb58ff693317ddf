# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The parts of TFLite's schema that the reader and the writer share: numbers, slots and options.

A slot is the number of a field in its table.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

#: The file's identifier, and the version of the schema.
IDENTIFIER = b"TFL3"
VERSION = 3

#: Operators by their number.
OPERATORS = tuple(
    """
    ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE
    EMBEDDING_LOOKUP FLOOR FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D
    LOCAL_RESPONSE_NORMALIZATION LOGISTIC LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1
    RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS SKIP_GRAM
    CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND
    SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE
    BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE BIDIRECTIONAL_SEQUENCE_LSTM
    CAST PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL LESS_EQUAL SELECT SLICE
    SIN TRANSPOSE_CONV SPARSE_TO_DENSE TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW
    ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK
    REDUCE_MIN FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE RESIZE_NEAREST_NEIGHBOR
    LEAKY_RELU SQUARED_DIFFERENCE MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N GATHER_ND COS
    WHERE RANK ELU REVERSE_SEQUENCE MATRIX_DIAG QUANTIZE MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE
    NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND SELECT_V2 DENSIFY SEGMENT_SUM
    BATCH_MATMUL PLACEHOLDER_FOR_GREATER_OP_CODES CUMSUM CALL_ONCE BROADCAST_TO RFFT2D CONV_3D IMAG
    REAL COMPLEX_ABS HASHTABLE HASHTABLE_FIND HASHTABLE_IMPORT HASHTABLE_SIZE REDUCE_ALL
    CONV_3D_TRANSPOSE VAR_HANDLE READ_VARIABLE ASSIGN_VARIABLE BROADCAST_ARGS RANDOM_STANDARD_NORMAL
    BUCKETIZE RANDOM_UNIFORM MULTINOMIAL GELU DYNAMIC_UPDATE_SLICE RELU_0_TO_1 UNSORTED_SEGMENT_PROD
    UNSORTED_SEGMENT_MAX UNSORTED_SEGMENT_SUM ATAN2 UNSORTED_SEGMENT_MIN SIGN BITCAST BITWISE_XOR
    RIGHT_SHIFT STABLEHLO_LOGISTIC STABLEHLO_ADD STABLEHLO_DIVIDE STABLEHLO_MULTIPLY
    STABLEHLO_MAXIMUM STABLEHLO_RESHAPE STABLEHLO_CLAMP STABLEHLO_CONCATENATE
    STABLEHLO_BROADCAST_IN_DIM STABLEHLO_CONVOLUTION STABLEHLO_SLICE STABLEHLO_CUSTOM_CALL
    STABLEHLO_REDUCE STABLEHLO_ABS STABLEHLO_AND STABLEHLO_COSINE STABLEHLO_EXPONENTIAL
    STABLEHLO_FLOOR STABLEHLO_LOG STABLEHLO_MINIMUM STABLEHLO_NEGATE STABLEHLO_OR STABLEHLO_POWER
    STABLEHLO_REMAINDER STABLEHLO_RSQRT STABLEHLO_SELECT STABLEHLO_SUBTRACT STABLEHLO_TANH
    STABLEHLO_SCATTER STABLEHLO_COMPARE STABLEHLO_CONVERT STABLEHLO_DYNAMIC_SLICE
    STABLEHLO_DYNAMIC_UPDATE_SLICE STABLEHLO_PAD STABLEHLO_IOTA STABLEHLO_DOT_GENERAL
    STABLEHLO_REDUCE_WINDOW STABLEHLO_SORT STABLEHLO_WHILE STABLEHLO_GATHER STABLEHLO_TRANSPOSE
    DILATE STABLEHLO_RNG_BIT_GENERATOR REDUCE_WINDOW STABLEHLO_COMPOSITE STABLEHLO_SHIFT_LEFT
    STABLEHLO_CBRT
    """.split()
)

#: Types of tensors by their number.
TYPES = tuple(
    """
    FLOAT32 FLOAT16 INT32 UINT8 INT64 STRING BOOL INT16 COMPLEX64 INT8 FLOAT64 COMPLEX128 UINT64
    RESOURCE VARIANT UINT32 UINT16 INT4 BFLOAT16
    """.split()
)

#: Types that a graph has.
DTYPES: dict[str, np.dtype[Any]] = {
    "FLOAT32": np.dtype(np.float32),
    "INT32": np.dtype(np.int32),
    "UINT8": np.dtype(np.uint8),
    "INT64": np.dtype(np.int64),
    "INT8": np.dtype(np.int8),
}

#: Fused activations by their number.
ACTIVATIONS = ("NONE", "RELU", "RELU_N1_TO_1", "RELU6", "TANH", "SIGN_BIT")

#: Padding by its number.
PADDINGS = ("SAME", "VALID")


@dataclass(frozen=True)
class Options:
    """The options of an operator.

    Attributes
    ----------
    number : int
        Of their table in the union BuiltinOptions; 0 for an operator without one.
    fields : mapping of str to (str, float)
        By name, in the order of the slots: layout of `struct`, or "*" for a vector of int32; and default.
    """

    number: int
    fields: Mapping[str, tuple[str, float]]


_PADDING = {"padding": ("b", 0)}
_STRIDE = {"stride_w": ("i", 0), "stride_h": ("i", 0)}
_ACTIVATION = {"activation": ("b", 0)}
_DILATION = {"dilation_w": ("i", 1), "dilation_h": ("i", 1)}
_POOL = {**_PADDING, **_STRIDE, "filter_w": ("i", 0), "filter_h": ("i", 0), **_ACTIVATION}
_MASKS = ("begin_mask", "end_mask", "ellipsis_mask", "new_axis_mask", "shrink_axis_mask")

#: The options of each operator that the reader supports.
OPTIONS = {
    "CONV_2D": Options(1, {**_PADDING, **_STRIDE, **_ACTIVATION, **_DILATION}),
    "DEPTHWISE_CONV_2D": Options(
        2, {**_PADDING, **_STRIDE, "depth_multiplier": ("i", 0), **_ACTIVATION, **_DILATION}
    ),
    "AVERAGE_POOL_2D": Options(5, _POOL),
    "MAX_POOL_2D": Options(5, _POOL),
    "FULLY_CONNECTED": Options(8, {**_ACTIVATION, "weights_format": ("b", 0), "keep_num_dims": ("?", 0)}),
    "SOFTMAX": Options(9, {"beta": ("f", 0)}),
    "CONCATENATION": Options(10, {"axis": ("i", 0), **_ACTIVATION}),
    "ADD": Options(11, _ACTIVATION),
    "RESHAPE": Options(17, {"new_shape": ("*", 0)}),
    "MUL": Options(21, _ACTIVATION),
    "PAD": Options(22, {}),
    "TRANSPOSE": Options(26, {}),
    "MEAN": Options(27, {"keep_dims": ("?", 0)}),
    "SUB": Options(28, _ACTIVATION),
    "SQUEEZE": Options(30, {"squeeze_dims": ("*", 0)}),
    "STRIDED_SLICE": Options(32, {**dict.fromkeys(_MASKS, ("i", 0)), "offset": ("?", 0)}),
    "SPLIT": Options(35, {"num_splits": ("i", 0)}),
    "DEQUANTIZE": Options(38, {}),
    "MAXIMUM": Options(39, {}),
    "MINIMUM": Options(39, {}),
    "PADV2": Options(43, {}),
    "EXPAND_DIMS": Options(52, {}),
    "SHAPE": Options(55, {"out_type": ("b", 0)}),
    "PACK": Options(59, {"values_count": ("i", 0), "axis": ("i", 0)}),
    "LEAKY_RELU": Options(75, {"alpha": ("f", 0)}),
    "QUANTIZE": Options(89, {}),
    "HARD_SWISH": Options(91, {}),
    "LOGISTIC": Options(0, {}),
    "TANH": Options(0, {}),
    "RELU": Options(0, {}),
    "RELU6": Options(0, {}),
}


class ModelSlots:
    """Slots of the table Model."""

    VERSION, OPERATOR_CODES, SUBGRAPHS, DESCRIPTION, BUFFERS = range(5)


class CodeSlots:
    """Slots of the table OperatorCode; the operator's number is the larger of the two."""

    DEPRECATED_BUILTIN_CODE, CUSTOM_CODE, VERSION, BUILTIN_CODE = range(4)


class SubgraphSlots:
    """Slots of the table SubGraph."""

    TENSORS, INPUTS, OUTPUTS, OPERATORS, NAME = range(5)


class TensorSlots:
    """Slots of the table Tensor."""

    SHAPE, TYPE, BUFFER, NAME, QUANTIZATION, IS_VARIABLE, SPARSITY, SHAPE_SIGNATURE = range(8)


class QuantizationSlots:
    """Slots of the table QuantizationParameters."""

    MIN, MAX, SCALE, ZERO_POINT, DETAILS_TYPE, DETAILS, QUANTIZED_DIMENSION = range(7)


class OperatorSlots:
    """Slots of the table Operator."""

    OPCODE_INDEX, INPUTS, OUTPUTS, BUILTIN_OPTIONS_TYPE, BUILTIN_OPTIONS = range(5)


class BufferSlots:
    """Slots of the table Buffer; the largest files have their data outside the tables, at an offset."""

    DATA, OFFSET, SIZE = range(3)
