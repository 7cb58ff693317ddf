# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Damaged matrix files."""

import io
import os

import ml_dtypes
import numpy as np

from macrame.files import write


def saved(array):
    """The bytes of an .npy file."""
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


PICKLE = saved(np.array([[os.system, 1]], object))


def whole_files():
    """The bytes of files of many kinds, by name."""
    rng = np.random.default_rng(0)
    a = rng.integers(-128, 128, (3, 4)).astype(np.int8)
    files = {
        "i1.npy": saved(a),
        "i8.npy": saved(a.astype(">i8")),
        "f4.npy": saved(np.asfortranarray(a.astype(np.float32))),
        "bf16.npy": saved(a.astype(ml_dtypes.bfloat16)),
        "object.npy": PICKLE,
        "plain.csv": write.encode("a.csv", a),
        "pandas.csv": b",0,1,2,3\n" + b"".join(b"%d,%d,2,3,4\n" % (i, i) for i in range(3)),
        "german.csv": "größe;b;c;d\r\n1,0;2,5;-3,25;4\r\n1;2;3;4\r\n1;2;3;4\r\n".encode("utf-8-sig"),
        "quoted.csv": b'"x","y","z","u"\n"1","2","3","4"\n# comment\n5,6,7,8 # more\n9,1,2,3,\n',
        "tabs.tsv": "\ta\tb\n0\t1\t2\n1\t3\t4\n".encode("utf-16"),
    }
    for save in (np.savez, np.savez_compressed):
        save(stream := io.BytesIO(), a=a)
        files[f"{save.__name__}.npz"] = stream.getvalue()
    np.savez(stream := io.BytesIO(), a=a, b=PICKLE)
    files["two.npz"] = stream.getvalue()
    return files


WORDS = (b"9" * 400, b"1e999", b'"', b"\n", b",", b";", b"\0", b"\xff\xff\xff\xff", b"#", b"nan", b"(9,9)")


def damage(rng, data, others):
    """A damaged file: truncated, extended, bits flipped, parts duplicated, moved, or from another file."""
    data = bytearray(data)
    for _ in range(rng.integers(1, 4)):
        at = int(rng.integers(0, len(data) + 1))
        size = int(rng.choice([1, 1, 2, 4, 16, 64]))
        kind = rng.integers(0, 8)
        if kind == 0:
            del data[at:]
        elif kind == 1:
            del data[at : at + size]
        elif kind == 2:
            data[at:at] = rng.bytes(size)
        elif kind == 3 and at < len(data):
            data[at] ^= 1 << int(rng.integers(0, 8))
        elif kind == 4:
            data[at:at] = data[at : at + size]
        elif kind == 5:
            data[at : at + size] = rng.bytes(size)
        elif kind == 6:
            other = others[int(rng.integers(0, len(others)))]
            data[at:] = other[int(rng.integers(0, len(other) + 1)) :]
        else:
            data[at:at] = WORDS[int(rng.integers(0, len(WORDS)))]
    return bytes(data)
