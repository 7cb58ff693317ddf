# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The frames of the serial line; ``rtl/uart/frame_rx.v`` and ``uart_bridge.v`` implement the other side.

7E   type   body   checksum, two bytes        7D 5E replaces 7E after the flag, 7D 5D replaces 7D
"""

from collections.abc import Iterable, Sequence

FLAG, ESCAPE, FLIP = 0x7E, 0x7D, 0x20

NOTE, HELLO, RESET, READ, WRITE = range(5)
WEIGHTS, ACTIVATIONS, RESULT = 0x10, 0x20, 0x80  # plus 1 if the last beat has tlast
LAST = 1

MAGIC = b"MU"
VERSION = 1

#: Sticky bits of the bridge's status, from bit 0 up.
STATUS_ERRORS = ("framing", "overrun", "checksum", "cut_short", "unknown_command", "stray_byte")
STATUS_IRQ = 1 << 7

#: Bytes after the type byte of an answer with a clean status.
ANSWER_BYTES = {
    HELLO: 5,
    RESET: 1,
    READ: 6,
    WRITE: 2,
    WEIGHTS: 1,
    WEIGHTS | LAST: 1,
    ACTIVATIONS: 1,
    ACTIVATIONS | LAST: 1,
}


def _step(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (0x8408 if byte & 1 else 0)
    return byte


_TABLE = [_step(byte) for byte in range(256)]


def crc16(data: Iterable[int], total: int = 0xFFFF) -> int:
    """Compute the CRC-16/MCRF4XX of some bytes.

    Parameters
    ----------
    data : bytes, or other integers from 0 to 255
    total : int
        CRC of the preceding bytes.

    Returns
    -------
    int

    Examples
    --------
    >>> hex(crc16(b"123456789"))
    '0x6f91'
    """
    for byte in data:
        total = total >> 8 ^ _TABLE[(total ^ byte) & 0xFF]
    return total


def encode(kind: int, body: bytes = b"") -> bytes:
    """Encode a frame for the line.

    Parameters
    ----------
    kind : int
    body : bytes

    Returns
    -------
    bytes

    Examples
    --------
    >>> encode(READ, b"\\0").hex(" ")
    '7e 03 00 d0 da'
    """
    inner = bytes([kind]) + bytes(body)
    inner += crc16(inner).to_bytes(2, "little")
    return bytes([FLAG]) + inner.replace(b"\x7d", b"\x7d\x5d").replace(b"\x7e", b"\x7d\x5e")


def answer_bytes(inner: Sequence[int]) -> int | None:
    """Return the length of a frame from the bridge, as far as its first bytes determine it.

    Parameters
    ----------
    inner : bytes
        The unescaped bytes received so far, after the flag.

    Returns
    -------
    int or None
        Bytes after the flag, type and checksum included; None if not yet known. 0 for a type that no bridge
        sends.
    """
    if len(inner) < 2:
        return None
    kind, second = inner[0], inner[1]
    if kind & ~LAST == RESULT:
        return 2 + second + 2
    if kind == NOTE:
        return 2 + 2
    if kind not in ANSWER_BYTES:
        return 0
    failed = second & ~STATUS_IRQ and kind != HELLO
    return 1 + (1 if failed else ANSWER_BYTES[kind]) + 2


class Decoder:
    """Extract frames from a byte stream that arrives in pieces of any size.

    Attributes
    ----------
    damaged : int
        Frames discarded because they were truncated, had a wrong checksum or an unknown type.
    """

    def __init__(self) -> None:
        self.damaged = 0
        self._inner: bytearray | None = None  # bytes of the frame being received; None outside a frame
        self._escaped = False

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Return the frames completed by these bytes.

        Parameters
        ----------
        data : bytes

        Returns
        -------
        list of (int, bytes)
            Type and body of each, checked.
        """
        found: list[tuple[int, bytes]] = []
        for byte in data:
            if byte == FLAG:
                self.damaged += bool(self._inner)
                self._inner, self._escaped = bytearray(), False
            elif self._inner is None:
                continue
            elif byte == ESCAPE and not self._escaped:
                self._escaped = True
            else:
                self._inner.append(byte ^ FLIP if self._escaped else byte)
                self._escaped = False
                if len(self._inner) == answer_bytes(self._inner):
                    if crc16(self._inner) == 0:
                        found.append((self._inner[0], bytes(self._inner[1:-2])))
                    else:
                        self.damaged += 1
                    self._inner = None
                elif answer_bytes(self._inner) == 0:
                    self.damaged += 1
                    self._inner = None
        return found
