# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Operands that hurt float adders and multipliers. NumPy only.

Two random floats are added without a rounding that matters, as their exponents are far apart, and their
product is never a tie. So these functions build pairs backwards from what is to happen. All give bit
patterns; the functions named ``*_kinds`` count, from exact arithmetic in float64 or integers and not by
golden's rounding, how often it does happen.
"""
import numpy as np

from tb.stimuli import FLOAT_CORNERS

# fractions that carry, borrow, or are all but a power of two
_FRACTIONS = np.array([0, 1, 2, 3, 0x3FFFFF, 0x400000, 0x400001, 0x7FFFFC, 0x7FFFFD, 0x7FFFFE, 0x7FFFFF])


def _pairs(rng, *parts):
    """Shuffled (a, b), either first."""
    a = np.concatenate([np.asarray(p[0]) for p in parts]).astype(np.uint32)
    b = np.concatenate([np.asarray(p[1]) for p in parts]).astype(np.uint32)
    order, swap = rng.permutation(a.size), rng.random(a.size) < 0.5
    return np.where(swap, b, a)[order], np.where(swap, a, b)[order]


def float32_bits(rng, exponents):
    """Bit patterns with these exponent fields; signs drawn, fractions drawn or of the hurtful kind."""
    n = len(exponents)
    fraction = rng.integers(0, 2**23, n) & -(1 << rng.integers(0, 24, n))
    fraction = np.where(rng.random(n) < 0.3, rng.choice(_FRACTIONS, n), fraction)
    return ((rng.integers(0, 2, n) << 31) | (np.asarray(exponents) << 23) | fraction).astype(np.uint32)


def corners():
    """All pairs of zeros, subnormals, infinities, NaNs and numbers around powers of two."""
    return tuple(g.ravel() for g in np.meshgrid(FLOAT_CORNERS, FLOAT_CORNERS))


def anything(rng, n):
    """Any bits."""
    return tuple(rng.integers(0, 2**32, (2, n)).astype(np.uint32))


# --- sums -------------------------------------------------------------------------------------------------


def distances(rng, n):
    """Every distance of exponent fields, 0 to 255, in turn; near ones four times as often."""
    distance = np.concatenate([np.arange(n // 5) % 256, np.arange(n - n // 5) % 32])
    low = np.floor(rng.random(n) * (256 - distance)).astype(np.int64)
    return float32_bits(rng, low + distance), float32_bits(rng, low)


def halves(rng, n):
    """b is half a unit of a's last place, or beside that by its own lowest bit: ties, and what is all but
    one.

    Carry and borrow move the place: a third of b is a quarter, half of them a whole unit.
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
    return _pairs(rng, anything(rng, eighth), distances(rng, 2 * eighth), halves(rng, 2 * eighth),
                  cancelling(rng, eighth), overflowing(rng, eighth), tiny(rng, eighth), corners())


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
    return {"tie": int((units - np.floor(units) == 0.5).sum()),
            "zero": int((known & (exact == 0) & (x != 0)).sum()),
            "subnormal": int(((size > 0) & (size < 2.0**-126)).sum()),
            "overflow": int((known & (size >= 2.0**128 - 2.0**103)).sum()),
            "one_unit": int((known & (size == larger_unit)).sum()),
            "round_carry": int(((units > 2**24 - 0.5) & (units < 2**24)).sum()),
            "nan": int(np.isnan(exact).sum()),
            "distances": len(np.unique(distance))}
