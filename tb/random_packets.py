# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Packets of random bits for the core's benches: operands over the whole of int8, records of all kinds."""
import numpy as np
from core_model import LAST_MODE, RECORD_BYTES, Packet

CORNERS = np.array([0x80, 0x81, 0xFF, 0x00, 0x01, 0x7F], np.uint8)


def slices(rng, count, width):
    """Slices of int8 values, a quarter of them corners."""
    values = rng.integers(0, 256, (count, width), dtype=np.uint8)
    return np.where(rng.random(values.shape) < 0.25, rng.choice(CORNERS, values.shape), values)


def record(rng, shape):
    """A record's bytes by beat: half of them random bits, half such that not every result is clamped."""
    raw = rng.integers(0, 256, (shape.cols, RECORD_BYTES), dtype=np.uint8)
    if rng.random() < 0.5:
        raw[:, 2:4] = 0                                                   # a bias of 16 bits
        raw[:, 7] = rng.integers(0x3A, 0x40, shape.cols)                  # a multiplier, or a scale below 1
        raw[:, 8] = rng.integers(-6, 1, shape.cols).astype(np.int8).view(np.uint8)
        raw[:, 10], raw[:, 11] = 0x80, 0x7F
    lanes = rng.integers(0, 256, (shape.cols, shape.record_beats * shape.depth), dtype=np.uint8)
    lanes[:, :RECORD_BYTES] = raw
    return (lanes.reshape(shape.cols, shape.record_beats, shape.depth).transpose(1, 0, 2)
            .reshape(shape.record_beats, -1))


def weight_packet(rng, shape, count, mode=None):
    """A weight panel of `count` slices, in any mode unless one is given."""
    body = slices(rng, count, shape.cols * shape.depth)
    return Packet(np.concatenate([record(rng, shape), body]),
                  int(rng.integers(0, LAST_MODE + 1)) if mode is None else mode)


def activation_packet(rng, shape, count, flags=0):
    """An activation panel of `count` slices."""
    return Packet(slices(rng, count, shape.rows * shape.depth), flags)


def resized(rng, packet, count):
    """The packet cut or continued to `count` beats."""
    more = rng.integers(0, 256, (max(0, count - len(packet)), packet.data.shape[1]), dtype=np.uint8)
    return Packet(np.concatenate([packet.data[:count], more]), packet.user)
