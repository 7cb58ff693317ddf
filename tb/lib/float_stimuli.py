# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Corner-case operands for float adders and multipliers. NumPy only.

The sum of two random floats rarely has an interesting rounding, as their exponents are far apart, and their
product is never a tie. So these functions construct pairs from the intended result. All return bit patterns;
the functions named ``*_kinds`` count how often each case occurs, by exact arithmetic in float64 or integers,
independent of the golden model's rounding.
"""

import numpy as np

from tb.lib.stimuli import FLOAT_CORNERS

# fractions that carry, borrow, or are close to a power of two
_FRACTIONS = np.array([0, 1, 2, 3, 0x3FFFFF, 0x400000, 0x400001, 0x7FFFFC, 0x7FFFFD, 0x7FFFFE, 0x7FFFFF])


def _pairs(rng, *parts, as_they_are=((), ())):
    """Shuffled pairs (a, b) of one type, in random order except for those to be kept."""
    a, b = (np.concatenate([p[n] for p in parts]) for n in (0, 1))
    swap, order = rng.random(a.size) < 0.5, rng.permutation(a.size + len(as_they_are[0]))
    a, b = np.where(swap, b, a), np.where(swap, a, b)
    return tuple(np.concatenate([x, y]).astype(x.dtype)[order] for x, y in zip((a, b), as_they_are))


def float32_bits(rng, exponents):
    """Bit patterns with these exponent fields; random signs, fractions random or corner cases."""
    n = len(exponents)
    fraction = rng.integers(0, 2**23, n) & -(1 << rng.integers(0, 24, n))
    fraction = np.where(rng.random(n) < 0.3, rng.choice(_FRACTIONS, n), fraction)
    return ((rng.integers(0, 2, n) << 31) | (np.asarray(exponents) << 23) | fraction).astype(np.uint32)


def corners():
    """All pairs of zeros, subnormals, infinities, NaNs and numbers around powers of two."""
    return tuple(g.ravel() for g in np.meshgrid(FLOAT_CORNERS, FLOAT_CORNERS))


def anything(rng, n):
    """Random bits."""
    return tuple(rng.integers(0, 2**32, (2, n)).astype(np.uint32))


# --- sums -------------------------------------------------------------------------------------------------


def distances(rng, n):
    """Every distance of exponent fields, 0 to 255, in turn; small distances four times as often."""
    distance = np.concatenate([np.arange(n // 5) % 256, np.arange(n - n // 5) % 32])
    low = np.floor(rng.random(n) * (256 - distance)).astype(np.int64)
    return float32_bits(rng, low + distance), float32_bits(rng, low)


def halves(rng, n):
    """b is half a unit of a's last place, or differs from that in its lowest bit: ties and values next
    to a tie.

    Carry and borrow move the place: a third of b is a quarter unit, half of them a full unit.
    """
    place = rng.choice([25, 24, 24, 24, 23, 22], n)
    exponent = rng.integers(26, 255, n)
    a = float32_bits(rng, exponent)
    b = (exponent - place) << 23
    b = b + np.where(rng.random(n) < 0.5, 0, rng.choice([-1, 1, 2**22, 2**22 + 1, -(2**21)], n))
    return a, b.astype(np.uint32) | (rng.integers(0, 2, n) << 31).astype(np.uint32)


def cancelling(rng, n):
    """a - b is zero or a few units of either's last place, at all exponents; subnormal results among them."""
    exponent = np.where(rng.random(n) < 0.5, rng.integers(0, 40, n), rng.integers(0, 255, n))
    a = float32_bits(rng, exponent)
    beside = rng.integers(-3, 4, n) << np.where(rng.random(n) < 0.5, 0, rng.integers(0, 25, n))
    size = np.clip((a & 0x7FFFFFFF).astype(np.int64) + beside, 0, 0x7F7FFFFF).astype(np.uint32)
    return a, size | (~a & np.uint32(0x80000000))


def overflowing(rng, n):
    """Both near the largest number, or one near and the other about half a unit of its last place."""
    a = float32_bits(rng, np.full(n, 254))
    a = np.where(rng.random(n) < 0.5, a | 0x7FFFFF, a)
    b = float32_bits(rng, rng.choice([254, 254, 253, 252, 231, 230, 229, 228], n))
    return a, np.where(rng.random(n) < 0.8, (b & 0x7FFFFFFF) | (a & np.uint32(0x80000000)), b)


def tiny(rng, n):
    """Subnormals and the smallest normals, of both signs."""
    return float32_bits(rng, rng.integers(0, 4, n)), float32_bits(rng, rng.integers(0, 4, n))


def sums(rng, n=200_000):
    """At least `n` pairs for an adder: (a, b)."""
    eighth = n // 8
    return _pairs(
        rng,
        anything(rng, eighth),
        distances(rng, 2 * eighth),
        halves(rng, 2 * eighth),
        cancelling(rng, eighth),
        overflowing(rng, eighth),
        tiny(rng, eighth),
        corners(),
    )


def sum_kinds(a, b):
    """How many pairs are of each kind, and how many exponent distances and effective signs there are.

    Returns
    -------
    dict of str to int
        "tie", "zero", "subnormal", "overflow", "one_unit" (cancelled down to one unit of the larger's last
        place), "round_carry" (rounded up to a power of two), "nan", "distances" (of 512, with the signs).
    """
    with np.errstate(all="ignore"):
        x, y = (v.view(np.float32).astype(np.float64) for v in (a, b))
        exact = x + y
        known = np.isfinite(exact) & (exact - x == y) & (exact - y == x)  # no bit was lost in float64
    size = np.where(known, np.abs(exact), 0)
    fraction, exponent = np.frexp(size)
    unit = np.exp2(np.maximum(exponent - 24, -149).astype(float))
    units = size / unit
    larger = np.maximum(np.abs(np.where(known, x, 0)), np.abs(np.where(known, y, 0)))
    larger_unit = np.exp2(np.maximum(np.frexp(larger)[1] - 24, -149).astype(float))
    ea, eb = (v.astype(np.int64) >> 23 & 255 for v in (a, b))
    distance = np.abs(ea - eb) * 2 + ((a ^ b) >> 31)
    return {
        "tie": int((units - np.floor(units) == 0.5).sum()),
        "zero": int((known & (exact == 0) & (x != 0)).sum()),
        "subnormal": int(((size > 0) & (size < 2.0**-126)).sum()),
        "overflow": int((known & (size >= 2.0**128 - 2.0**103)).sum()),
        "one_unit": int((known & (size == larger_unit)).sum()),
        "round_carry": int(((units > 2**24 - 0.5) & (units < 2**24)).sum()),
        "nan": int(np.isnan(exact).sum()),
        "distances": len(np.unique(distance)),
    }


# --- products ---------------------------------------------------------------------------------------------


def bf16_corners():
    """All pairs of bfloat16 zeros, subnormals, infinities, NaNs and numbers around powers of two."""
    some = np.array(
        [
            0,
            1,
            2,
            3,
            0x40,
            0x7E,
            0x7F,
            0x80,
            0x81,
            0xFF,
            0x100,
            0x3E80,
            0x3F00,
            0x3F01,
            0x3F7F,
            0x3F80,
            0x3F81,
            0x3FFF,
            0x4000,
            0x7E80,
            0x7F00,
            0x7F7F,
            0x7F80,
            0x7F81,
            0x7FC0,
            0x7FFF,
        ],
        np.uint16,
    )
    return tuple(g.ravel() for g in np.meshgrid(*[np.concatenate([some, some | 0x8000])] * 2))


def bf16_exponents(rng, rounds=2):
    """Every pair of exponent fields, `rounds` times; random fractions and signs."""
    pairs = np.tile(np.arange(65536), rounds)
    return tuple(
        (p << 7 | rng.integers(0, 2, p.size) << 15 | rng.integers(0, 128, p.size)).astype(np.uint16)
        for p in (pairs >> 8, pairs & 255)
    )


def bf16_edges(rng, n):
    """Results around the ends of float32's range: 2^128, 2^-126, and down to zero."""
    total = np.where(rng.random(n) < 0.7, rng.integers(98, 130, n), rng.integers(376, 386, n))
    return _bf16_with_exponents(rng, total, rng.integers(0, 128, n), rng.integers(0, 128, n))


def _bf16_with_exponents(rng, total, *fractions):
    """Normal bfloat16 with these fractions, whose exponent fields add up to `total`; random signs."""
    n = len(total)
    first = rng.integers(np.maximum(total - 254, 1), np.minimum(total, 255), n)
    return tuple(
        (e << 7 | f | rng.integers(0, 2, n) << 15).astype(np.uint16)
        for e, f in zip((first, total - first), fractions)
    )


def bf16_ties(rng, n):
    """Subnormal results on a tie, or off it by the product's last bit, at each possible rounding position.

    If the exponent fields add up to 119 - d, the last d bits of the product of significands are dropped.
    """
    x, y = (g.ravel() for g in np.meshgrid(np.arange(128, 256), np.arange(128, 256)))
    found = []
    for dropped in range(1, 18):
        off = (x * y & (1 << dropped) - 1) - (1 << dropped - 1)
        for beside in (-1, 0, 1) if dropped > 1 else (0,):
            hit = rng.permutation(np.flatnonzero(off == beside))[:200]
            found.append(np.stack([x[hit] - 128, y[hit] - 128, np.full(hit.size, 119 - dropped)]))
    x, y, total = rng.choice(np.hstack(found), n, axis=1)
    return _bf16_with_exponents(rng, total, x, y)


def bf16_subnormals(rng, n):
    """One factor subnormal, the other of any size."""
    tiny = np.maximum(rng.integers(0, 128, n) >> rng.integers(0, 7, n), 1)
    return (tiny | rng.integers(0, 2, n) << 15).astype(np.uint16), rng.integers(0, 65536, n).astype(np.uint16)


def bf16_products(rng, n=200_000):
    """At least `n` pairs for a bfloat16 multiplier: (a, b)."""
    rounds = max(1, n // 4 // 65536)
    rest = max(n - rounds * 65536, 0) // 3 + 1
    return _pairs(
        rng,
        bf16_edges(rng, rest),
        bf16_ties(rng, rest),
        bf16_subnormals(rng, rest),
        bf16_corners(),
        as_they_are=bf16_exponents(rng, rounds),
    )


def product_kinds(a, b):
    """How many products are of each kind; of float32 or bfloat16 patterns.

    Returns
    -------
    dict of str to int
        "tie" (halfway between two float32), "subnormal_tie", "beside" (subnormal, off a tie by less than 2^-8
        of a unit), "places" (sums of exponent fields with a subnormal tie), "subnormal", "overflow", "nan",
        "exponents" (of 65,536, pairs of exponent fields).
    """
    a, b = (v.astype(np.uint32) << 16 if v.dtype == np.uint16 else v for v in (a, b))
    with np.errstate(all="ignore"):
        x, y = (v.view(np.float32).astype(np.float64) for v in (a, b))
        exact = x * y  # 48 bits
    size = np.where(np.isfinite(x) & np.isfinite(y), np.abs(exact), 0)
    fraction, exponent = np.frexp(size)
    units = np.ldexp(fraction, exponent - np.maximum(exponent - 24, -149))
    off = np.where(size > 0, np.abs(units - np.floor(units) - 0.5), 1)
    subnormal = (size > 0) & (size < 2.0**-126)
    ea, eb = (v >> 23 & 255 for v in (a, b))
    return {
        "tie": int((off == 0).sum()),
        "subnormal_tie": int((subnormal & (off == 0)).sum()),
        "beside": int((subnormal & (off > 0) & (off < 2.0**-8)).sum()),
        "places": len(np.unique((ea + eb)[subnormal & (off == 0)])),
        "subnormal": int(subnormal.sum()),
        "overflow": int((size >= 2.0**128 - 2.0**103).sum()),
        "nan": int(np.isnan(exact).sum()),
        "exponents": len(np.unique(ea << 8 | eb)),
    }


def exponent_pairs(rng):
    """Every pair of exponent fields; random fractions and signs."""
    pairs = np.arange(65536)
    return float32_bits(rng, pairs >> 8), float32_bits(rng, pairs & 255)


def _inverse(odd):
    """The inverse of odd numbers modulo 2^64, by Newton's method: each step doubles the correct bits."""
    odd = odd.astype(np.uint64)
    x = odd
    for _ in range(5):
        x = x * (np.uint64(2) - odd * x)
    return x


def product_ties(rng, n):
    """Products on a tie, or off it by a chosen lower bit; normal ones, and subnormal ones at every position.

    With significands x = u * 2^i and y = v * 2^j, u and v odd, the product's bits begin at i + j. Where k
    bits are dropped, u * v = 1 with k - 1 = i + j is a tie; u * v = 2^q +- 1 modulo 2^(q+1) with k - 1 = i +
    j + q is off by 2^-q halves of the last place. v follows from u by an inverse modulo 2^(q+1).
    """
    q = np.where(rng.random(n) < 0.4, 0, rng.integers(1, 22, n))
    subnormal = rng.random(n) < 0.5
    dropped = np.where(subnormal, rng.integers(25, 47, n), rng.integers(23, 25, n))
    q = np.minimum(q, dropped - 1)
    zeros = dropped - 1 - q  # i + j
    j = np.minimum(rng.integers(0, 24, n), np.minimum(zeros, 22 - q))
    i = np.minimum(zeros - j, 23)
    q = dropped - 1 - i - j
    off = np.where(q > 0, rng.choice([1, -1], n), 0)
    u = (rng.integers(2**23, 2**24, n) >> i | 1).astype(np.uint64)
    low = (((1 << q) + off).astype(np.uint64) * _inverse(u)).astype(np.int64) & ((2 << q) - 1)
    high = rng.integers(2**23, 2**24, n) >> j
    v = (high & ~((2 << q) - 1)) | low
    x, y = u.astype(np.int64) << i, v << j
    good = (x >> 23 == 1) & (y >> 23 == 1)
    total = np.where(subnormal, 151 - dropped, rng.integers(130, 370, n))
    first = rng.integers(np.maximum(total - 254, 1), np.minimum(total, 255), n)
    signs = rng.integers(0, 2, (2, n)) << 31
    return tuple(
        (signs[m] | e << 23 | significand & 0x7FFFFF)[good].astype(np.uint32)
        for m, (e, significand) in enumerate(((first, x), (total - first, y)))
    )


def product_ends(rng, n):
    """Results around 2^128 and 2^-126, down to zero; one factor is subnormal in a third of
    them."""
    total = np.where(rng.random(n) < 0.5, rng.integers(98, 132, n), rng.integers(376, 386, n))
    first = rng.integers(np.maximum(total - 254, 1), np.minimum(total, 255), n)
    a, b = float32_bits(rng, first), float32_bits(rng, total - first)
    tiny = rng.random(n) < 0.33
    return np.where(tiny, float32_bits(rng, np.zeros(n, np.int64)), a), np.where(
        tiny, float32_bits(rng, rng.integers(100, 256, n)), b
    )


def products(rng, n=200_000):
    """At least `n` pairs for a float32 multiplier: (a, b)."""
    rest = max(n - 65536, 0) // 4
    return _pairs(
        rng,
        anything(rng, rest),
        product_ties(rng, 2 * rest),
        product_ends(rng, rest + n // 10),
        corners(),
        as_they_are=exponent_pairs(rng),
    )
