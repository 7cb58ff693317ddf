# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Packets of random bits for the core's benches: int8 operands over the full range, records of all kinds."""

import numpy as np

from tb.lib import stimuli
from tb.models.core_model import BF16, RECORD_BYTES, Packet, phases

CORNERS = np.array([0x80, 0x81, 0xFF, 0x00, 0x01, 0x7F], np.uint8)


def slices(rng, count, width, mode):
    """Slices of int8 values, a quarter of them corner cases; or of bfloat16 whose sums round."""
    if mode & BF16:
        return stimuli.bf16(rng, count * width // 2).view(np.uint8).reshape(count, width)
    values = rng.integers(0, 256, (count, width), dtype=np.uint8)
    return np.where(rng.random(values.shape) < 0.25, rng.choice(CORNERS, values.shape), values)


def record(rng, shape, mode):
    """The bytes of a record by beat: half of them random, half such that not every result is clamped."""
    raw = rng.integers(0, 256, (shape.cols, RECORD_BYTES), dtype=np.uint8)
    if rng.random() < 0.5:
        raw[:, 2:4] = 0  # a bias of 16 bits
        raw[:, 7] = rng.integers(0x3A, 0x40, shape.cols)  # a multiplier, or a scale below 1
        raw[:, 8] = rng.integers(-6, 1, shape.cols).astype(np.int8).view(np.uint8)
        raw[:, 10], raw[:, 11] = 0x80, 0x7F
    if mode & BF16:
        raw[:, :4] = stimuli.floats(rng, shape.cols).view(np.uint8).reshape(-1, 4)
    lanes = rng.integers(0, 256, (shape.cols, shape.record_beats * shape.lane_bytes), dtype=np.uint8)
    lanes[:, :RECORD_BYTES] = raw
    return (
        lanes.reshape(shape.cols, shape.record_beats, shape.lane_bytes)
        .transpose(1, 0, 2)
        .reshape(shape.record_beats, -1)
    )


def weight_packet(rng, shape, count, mode=None):
    """A weight panel of `count` slices, in any mode unless one is given."""
    mode = int(rng.choice(shape.modes)) if mode is None else mode
    body = slices(rng, count, shape.cols * shape.lane_bytes, mode)
    return Packet(np.concatenate([record(rng, shape, mode), body]), mode)


def activation_packet(rng, shape, count, flags=0, mode=0):
    """An activation panel of `count` slices, for a weight panel of that mode."""
    return Packet(slices(rng, count * phases(mode), shape.rows * shape.lane_bytes, mode), flags)


def modes_alike(shape, mode):
    """Legal modes of the same number format, with which a chained K may continue."""
    return [other for other in shape.modes if not (other ^ mode) & BF16]


def resized(rng, packet, count):
    """The packet truncated or extended to `count` beats."""
    more = rng.integers(0, 256, (max(0, count - len(packet)), packet.data.shape[1]), dtype=np.uint8)
    return Packet(np.concatenate([packet.data[:count], more]), packet.user)
