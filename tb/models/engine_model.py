# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Jobs of the engine, as docs/engine.md defines them: what a job reads and writes, iteration by iteration.

A job is a dict of the descriptor's fields. Nothing here is computed from strides or in advance: every loop
adds its steps as the document says.
"""

import struct

KINDS = {"end": 0, "begin": 1, "product": 2, "elementwise": 3, "fused": 4, "tables": 5}
WAIT, SPLIT, TURN_COLUMN, TURN_PANEL, FIRST_HALF, EDGE_LEFT, EDGE_RIGHT, SPARSE = (1 << n for n in range(8))

#: Fields of a descriptor: name, byte, bytes of a number, numbers.
FIELDS = (
    ("kind", 0, 1, 1),
    ("flags", 1, 1, 1),
    ("mode", 2, 1, 1),
    ("fill", 3, 1, 1),
    ("panels", 4, 2, 1),
    ("rows", 6, 2, 1),
    ("columns", 8, 2, 1),
    ("kernel_rows", 10, 2, 1),
    ("kernel_columns", 12, 2, 1),
    ("kernel_words", 14, 2, 1),
    ("chunks", 16, 2, 1),
    ("chunk_slices", 18, 2, 1),
    ("last_slices", 20, 2, 1),
    ("height", 22, 2, 1),
    ("width", 24, 2, 1),
    ("top", 26, 2, 1),
    ("left", 28, 2, 1),
    ("y_step", 30, 2, 3),
    ("x_step", 36, 2, 3),
    ("source", 44, 4, 1),
    ("source_step", 48, 4, 6),
    ("target", 72, 4, 1),
    ("target_step", 76, 4, 3),
    ("target_split", 88, 4, 1),
    ("second", 92, 4, 1),
    ("second_step", 96, 4, 3),
    ("record", 108, 1, 9),
)


def descriptor(job):
    """The 128 bytes of a job; fields that are missing are 0."""
    found = bytearray(128)
    for name, at, size, count in FIELDS:
        value = job.get(name, 0)
        for n, one in enumerate([value] if count == 1 else value or [0] * count):
            found[at + n * size : at + (n + 1) * size] = (one % (1 << 8 * size)).to_bytes(size, "little")
    return bytes(found)


def begin(depth, words=1, slices=1):
    """The descriptor that a program starts with."""
    return struct.pack("<4BIH", KINDS["begin"], 1, depth, depth, words, slices).ljust(128, b"\0")


def end(before):
    """The descriptor that ends a program, after the bytes before it."""
    check = 0
    for (word,) in struct.iter_unpack("<I", before):
        check = (check << 1 & 0xFFFFFFFF | check >> 31) ^ word
    return struct.pack("<BxxxI", KINDS["end"], check).ljust(128, b"\0")


def address_bits(words):
    """Bits of an address."""
    return (words - 1).bit_length() + 2


def slices(job, words):
    """The slices of a job, in order.

    Yields
    ------
    address : int
    outside : bool
        Of the image.
    halves : (bool, bool)
        The lower half, and the upper, are `fill`.
    ends : (bool, bool, bool)
        It is the last of its window, of its panel of results, of the job.
    """
    mask = (1 << address_bits(words)) - 1
    counts = [job[n] for n in ("panels", "rows", "columns", "kernel_rows", "kernel_columns", "kernel_words")]
    address, panel_address, y, x = job["source"], job["source"], job["top"], job["left"]
    turn = [0] * 6
    while True:
        y, x, address = y & 0xFFFF, x & 0xFFFF, address & mask
        outside = y >= job["height"] or x >= job["width"]
        left = outside or bool(job["flags"] & EDGE_LEFT and x == 0)
        right = outside or bool(job["flags"] & EDGE_RIGHT and x == job["width"] - 1)
        last = [turn[n] == counts[n] - 1 for n in range(6)]
        yield address, outside, (left, right), (all(last[3:]), all(last[1:]), all(last))
        if all(last):
            return
        loop = max(n for n in range(6) if not last[n])  # the innermost that has turns left
        turn[loop] += 1
        turn[loop + 1 :] = [0] * (5 - loop)
        step = job["source_step"][5 - loop]
        if loop == 0:
            panel_address += step
            address, y, x = panel_address, job["top"], job["left"]
            continue
        address += step
        if loop == 1:
            y, x = y + job["y_step"][2], job["left"]
        elif loop == 2:
            y, x = y + job["y_step"][1], x + job["x_step"][2]
        elif loop == 3:
            y, x = y + job["y_step"][0], x + job["x_step"][1]
        elif loop == 4:
            x += job["x_step"][0]


def places(job, words, name="target"):
    """Address and half of each result of a job, or of each second operand."""
    mask = (1 << address_bits(words)) - 1
    column_step, row_step, panel_step = job[f"{name}_step"]
    flags = job["flags"] if name == "target" else 0
    panel_address, half = job[name], int(bool(flags & FIRST_HALF))
    for _ in range(job["panels"]):
        address = panel_address
        for row in range(job["rows"]):
            if flags & TURN_COLUMN:
                half = int(bool(flags & FIRST_HALF))
            if row:
                address += row_step
            for column in range(job["columns"]):
                if column:
                    if not flags & TURN_COLUMN:
                        address += column_step
                    else:
                        address += column_step * half
                        half ^= 1
                yield address & mask, half
        if flags & TURN_PANEL:
            panel_address += panel_step * half
            half ^= 1
        else:
            panel_address += panel_step


# --- random jobs --------------------------------------------------------------------------------------------


def steps(strides, counts):
    """Steps of loops, innermost first, that visit base + index * stride."""
    found, inner = [], 0
    for stride, count in zip(strides, counts):
        found.append(stride - inner)
        inner += (count - 1) * stride
    return found


def draw_large(rng):
    """An image whose rows and columns need all 16 bits, and where to start in it."""
    top, left = rng.choice([0, 32766, 65532], 2).tolist()
    job = {"height": 65535, "width": 65535, "top": top, "left": left}
    return job | {name: rng.integers(0, 3, 3).tolist() for name in ("y_step", "x_step")}


def draw_source(rng, words):
    """A job that reads an image with padding, or anything within the memory."""
    while True:
        job = {name: int(rng.integers(1, 4)) for name in ("panels", "rows", "columns")}
        job |= {f"kernel_{name}": int(rng.integers(1, 4)) for name in ("rows", "columns", "words")}
        job |= {"fill": int(rng.integers(0, 256)), "flags": 0}
        inner = [job["kernel_words"], job["kernel_columns"], job["kernel_rows"], job["columns"], job["rows"]]
        if rng.random() < 0.6:
            height, width, pixel = (int(rng.integers(1, 5)) for _ in range(3))
            (dy, dx), (sy, sx) = rng.integers(1, 3, (2, 2)).tolist()
            top, left = int(rng.integers(-3, 2)), int(rng.integers(-3, 2))
            row = width * pixel
            base = int(rng.integers(0, max(1, words - height * row)))
            strides = [1, dx * pixel, dy * row, sx * pixel, sy * row]
            job |= {"height": height, "width": width, "top": top, "left": left}
            job |= {"y_step": steps([dy, 0, sy], inner[2:]), "x_step": steps([dx, 0, sx], inner[1:4])}
            job["source"] = base + top * row + left * pixel
            panel = int(rng.integers(0, 2))
            job["flags"] |= int(rng.choice([0, EDGE_LEFT, EDGE_RIGHT, EDGE_LEFT | EDGE_RIGHT]))
        else:
            strides = rng.integers(-2, 4, 5).tolist()
            panel = int(rng.integers(-2, 4))
            job |= draw_large(rng)
            job["source"] = int(rng.integers(0, words))
        job["source_step"] = [*steps(strides, inner), panel]
        if all(outside or address < words for address, outside, _, _ in slices(job, words)):
            return draw_chunks(rng, job)


def draw_chunks(rng, job):
    """The job with panels of its windows' length."""
    count = job["kernel_rows"] * job["kernel_columns"] * job["kernel_words"]
    job |= {"chunks": 1, "chunk_slices": int(rng.integers(1, 9)), "last_slices": count}
    if job["rows"] == job["columns"] == 1 and count > 1:
        each = int(rng.integers(1, count))
        chunks = -(-count // each)
        job |= {"chunks": chunks, "chunk_slices": each, "last_slices": count - (chunks - 1) * each}
    return job


def draw_target(rng, words, loops=None):
    """A job that writes within the memory, whole words or halves; its loops are drawn too unless given."""
    while True:
        job = {name: int(rng.integers(1, 5)) for name in ("panels", "rows", "columns")} | (loops or {})
        flags = int(rng.choice([0, SPLIT, SPLIT | TURN_COLUMN, SPLIT | TURN_PANEL]))
        flags |= FIRST_HALF * int(rng.integers(0, 2)) if flags else 0
        job |= {
            "flags": flags,
            "target": int(rng.integers(0, words)),
            "target_step": rng.integers(-2, 4, 3).tolist(),
            "target_split": int(rng.integers(-4, 5)),
        }
        mask = (1 << address_bits(words)) - 1
        used = [address for address, _ in places(job, words)]
        if flags:
            used += [address + job["target_split"] & mask for address in used]
        if max(used) < words:
            return job


def draw_second(rng, words, job):
    """Words of the memory for each result of a job."""
    while True:
        found = {"second": int(rng.integers(0, words)), "second_step": rng.integers(-2, 4, 3).tolist()}
        if max(address for address, _ in places(job | found, words, "second")) < words:
            return found


def draw_job(rng, words, depth):
    """A job of any kind, and the bytes of its panels: fields and weights are random, addresses legal."""
    job = draw_source(rng, words)
    kind = str(rng.choice(["product", "product", "elementwise", "fused"]))
    if kind == "elementwise":
        job |= dict.fromkeys(("kernel_rows", "kernel_columns", "kernel_words"), 1) | {"chunks": 0}
        # with one slice per result the steps of the outer loops are others
        counts = [job[name] for name in ("columns", "rows")]
        job |= {"source": 0, "source_step": [0, 0, 0, *steps([1, counts[0]], counts), counts[0] * counts[1]]}
        job |= draw_large(rng)
    edges = job["flags"]
    job |= draw_target(rng, words, {name: job[name] for name in ("panels", "rows", "columns")})
    job["flags"] |= edges | WAIT * int(rng.random() < 0.7)
    job |= {"kind": KINDS[kind], "mode": int(rng.integers(1, 4)), "record": [0] * 9}
    if kind != "product":
        job |= draw_second(rng, words, job)
        job["record"] = [int(rng.integers(0, 5)), *rng.integers(0, 256, 8).tolist()]
    text = b""
    if kind != "elementwise":
        job["flags"] |= SPARSE * int(rng.random() < 0.3)
        for _ in range(job["panels"]):
            for chunk in range(job["chunks"]):
                count = job["last_slices" if chunk == job["chunks"] - 1 else "chunk_slices"]
                beats = -(-count // (depth // 2)) if job["flags"] & SPARSE else count
                size = (-(-12 // depth) + beats) * depth * depth
                text += rng.integers(0, 256, size).astype("u1").tobytes()
    return job, text
