# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A core without hardware: the stream contract of docs/streams.md read byte by byte, to test the host alone.

Written from the contract alone, not from host/, so that mistakes in packing do not cancel out. Mode raw adds
the bias; the other modes return :func:`mock_requantize`, which follows no real rule but uses every field
of the record.
"""

import numpy as np

from macrame.host.link import LinkBase, Results


def signed(data):
    """Little-endian two's complement."""
    return int.from_bytes(bytes(data), "little", signed=True)


class PlainCore(LinkBase):
    """Take packets as the RTL does, one beat at a time."""

    def __init__(self, rows, cols, depth, k_max):
        super().__init__()
        self.rows, self.cols, self.depth, self.k_max = rows, cols, depth, k_max
        self._reset()
        self.weight_packets = self.activation_packets = 0
        self.registers = {
            0x00: 0x4D414352,
            0x04: 0x00010000,
            0x0C: k_max,
            0x10: 1,
            0x14: 0,
            0x18: 0,
            0x08: rows | cols << 8 | depth << 16 | 2 << 24,
        }
        self.writes = []
        self.drop = 0  # result beats to discard

    def _reset(self):
        self.panels = []  # weight panels waiting or in use: (mode, records, values by column)
        self.open = np.zeros((self.rows, self.cols), np.int64)

    def _read(self, address):
        return self.registers.get(address, 0), 0

    def _write(self, address, value):
        self.writes.append((address, value))
        return 0

    def _transfer(self, weights, activations, results, progress):
        assert weights.data.shape[1] == self.cols * self.depth
        assert activations.data.shape[1] == self.rows * self.depth
        for packet, user in self._packets(weights):
            self.weight_packets += 1
            self._load(packet, user[0])
            assert not any(user[1:])
        out = []
        for packet, user in self._packets(activations):
            self.activation_packets += 1
            assert not any(user[:-1])
            out += self._multiply(packet, user[-1])
        if progress:
            progress(len(out))
        out = out[: len(out) - self.drop]
        return Results(
            np.array([d for d, _, _ in out], np.uint8).reshape(-1, 4 * self.cols),
            np.array([last for _, last, _ in out], bool),
            np.array([k for _, _, k in out], bool).reshape(-1, 4 * self.cols),
        )

    @staticmethod
    def _packets(beats):
        start = 0
        for i in range(len(beats)):
            if beats.last[i]:
                yield beats.data[start : i + 1], [int(u) for u in beats.user[start : i + 1]]
                start = i + 1
        assert start == len(beats), "the last packet is not closed"

    def _lane(self, packet, lane):
        first = lane * self.depth
        return [int(beat[first + d]) for beat in packet for d in range(self.depth)]

    def _load(self, packet, mode):
        head = -(-12 // self.depth)
        lanes = [self._lane(packet, j) for j in range(self.cols)]
        records = [
            dict(
                bias=signed(lane[0:4]),
                multiplier=signed(lane[4:8]),
                shift=signed(lane[8:9]),
                zero_point=signed(lane[9:10]),
                low=signed(lane[10:11]),
                high=signed(lane[11:12]),
            )
            for lane in lanes
        ]
        values = [[signed([b]) for b in lane[head * self.depth :]] for lane in lanes]
        assert 0 < len(values[0]) <= -(-self.k_max // self.depth) * self.depth
        assert mode in range(4)
        self.panels.append((mode, records, values))

    def _multiply(self, packet, user):
        mode, records, weights = self.panels[0]
        rows = [[signed([b]) for b in self._lane(packet, i)] for i in range(self.rows)]
        assert len(rows[0]) == len(weights[0]), "k mismatch"
        self.open += np.array(rows, np.int64) @ np.array(weights, np.int64).T
        if user & 1:
            self.panels.pop(0)
        if user & 2:
            return []
        beats = []
        for i in range(self.rows):
            x = [int((self.open[i, j] + records[j]["bias"]).astype(np.int32)) for j in range(self.cols)]
            if mode == 0:
                data = b"".join(v.to_bytes(4, "little", signed=True) for v in x)
            else:
                data = bytes(mock_requantize(v, **r) & 255 for v, r in zip(x, records)).ljust(
                    4 * self.cols, b"\xee"
                )
            keep = [b < self.cols * (4 if mode == 0 else 1) for b in range(4 * self.cols)]
            beats.append((list(data), i == self.rows - 1, keep))
        self.open[:] = 0
        return beats


def mock_requantize(x, bias=0, multiplier=0, shift=0, zero_point=0, low=-128, high=127):
    """An int8 value that depends on every field of a record."""
    return min(high, max(low, ((x * multiplier >> (31 - shift)) % 256 - 128) + zero_point))
