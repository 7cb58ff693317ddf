# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Corner-case operands for the rounding modules: ties, extremes and full ranges. NumPy only.

A random accumulator hits a tie once in 2^e, so random vectors do not detect a wrong tie rule. These functions
construct operands from the tie. Each returns a dict of columns; `requantize_ties` and
`quantiser_ties` count, from first principles and not by the golden model's rounding, how many vectors end on
one.
"""

import numpy as np

INT32 = np.iinfo(np.int32)
CORNERS32 = np.array(
    [
        0,
        1,
        -1,
        2,
        -2,
        127,
        128,
        -127,
        -128,
        -129,
        255,
        256,
        2**15,
        -(2**15),
        2**24 - 1,
        2**24,
        2**24 + 1,
        -(2**24) - 1,
        2**25 + 2,
        2**30 - 1,
        2**30,
        2**30 + 1,
        -(2**30),
        2**31 - 129,
        2**31 - 128,
        2**31 - 65,
        2**31 - 64,
        2**31 - 2,
        2**31 - 1,
        -(2**31),
        -(2**31) + 1,
        -(2**31) + 64,
        -(2**31) + 128,
        -(2**30) - 1,
    ],
    np.int64,
).astype(np.int32)
CORNERS8 = np.array([-128, -127, -1, 0, 1, 126, 127], np.int8)
# zeros, subnormals, 2^-31, around 1, 2, infinity and NaNs, quiet and signalling; both signs below
_FLOATS = np.array(
    [
        0x00000000,
        0x00000001,
        0x007FFFFF,
        0x00800000,
        0x00FFFFFF,
        0x30000000,
        0x3EFFFFFF,
        0x3F000000,
        0x3F000001,
        0x3F7FFFFF,
        0x3F800000,
        0x3F800001,
        0x40000000,
        0x42FE0000,
        0x42FF0000,
        0x43000000,
        0x4B000000,
        0x4B7FFFFF,
        0x7F000000,
        0x7F7FFFFF,
        0x7F800000,
        0x7F800001,
        0x7FC00000,
        0x7FFFFFFF,
    ],
    np.uint32,
)
FLOAT_CORNERS = np.concatenate([_FLOATS, _FLOATS | np.uint32(0x80000000)])


def _int8(rng, n):
    return rng.integers(-128, 128, n).astype(np.int8)


def signed(rng, bits, n):
    """Integers of every magnitude that fits `bits` bits signed, both signs; the first eight are extremes."""
    x = rng.integers(-(2 ** (bits - 1)), 2 ** (bits - 1), n) >> rng.integers(0, bits, n)
    x[:8] = [-(2 ** (bits - 1)), 2 ** (bits - 1) - 1, -1, 0, 1, -(2 ** (bits - 2)), 2**16 - 1, -(2**16)]
    return x


def _spread32(rng, n):
    """int32 of every magnitude, both signs."""
    return (rng.integers(INT32.min, INT32.max + 1, n) >> rng.integers(0, 32, n)).astype(np.int32)


def clamps(rng, n):
    """Mostly the full range, so that every result is visible; otherwise random, including low above high."""
    wide = rng.random(n) < 0.8
    return {
        "zero_point": np.where(rng.random(n) < 0.3, rng.choice(CORNERS8, n), _int8(rng, n)),
        "clamp_low": np.where(wide, -128, _int8(rng, n)).astype(np.int8),
        "clamp_high": np.where(wide, 127, _int8(rng, n)).astype(np.int8),
    }


def _shuffled(rng, parts):
    columns = {name: np.concatenate([p[name] for p in parts]) for name in parts[0]}
    order = rng.permutation(len(next(iter(columns.values()))))
    return {name: column[order] for name, column in columns.items()}


# --- requantize: gemmlowp and ruy -------------------------------------------------------------------------


def _integer(rng, x, m, shift):
    return {
        "x": x.astype(np.int32),
        "multiplier": m.astype(np.int32),
        "shift": shift.astype(np.int8),
        **clamps(rng, x.size),
    }


def integer_random(rng, n):
    """Any accumulator, multiplier and shift byte; half of them with a result that is not saturated."""
    x, m, s = _spread32(rng, n), _spread32(rng, n), _int8(rng, n)
    some = rng.random(n) < 0.5
    need = np.ceil(np.log2(np.abs(x.astype(float) * m / 2**31) + 1e-9)).astype(int) - rng.integers(0, 10, n)
    s = np.where(some, np.clip(-need, -31, 31), s).astype(np.int8)
    return _integer(rng, x, m, s)


def integer_shift_ties(rng, n):
    """SRDHM(x, m) = t * 2^e + 2^(e-1): the right shift by e ends exactly on t + 1/2, t both signs, e 1..30.

    A fifth of them is moved off the tie by a power of two.

    For any |m| < 2^31, x = rint(y * 2^31 / m) gives |x * m / 2^31 - y| <= |m| / 2^32 < 1/2, hence SRDHM = y.
    """
    e = rng.integers(1, 31, n)
    room = np.minimum(300, 2 ** np.maximum(29 - e, 0))
    t = np.floor(rng.uniform(-room, room)).astype(np.int64)
    y = t * 2**e + 2 ** (e - 1)
    beside = 2 ** rng.integers(0, np.maximum(e - 1, 1)) * rng.choice([1, -1], n)
    y = y + np.where((rng.random(n) < 0.2) & (e > 1), beside, 0)
    m = rng.integers(2**30, 2**31, n) * rng.choice([1, -1], n)
    m = np.where(rng.random(n) < 0.1, 2**30, m)
    # |y| <= 2^29 + 2^28, so |x| < 2^31; nearest integer by float64 is good enough: error < 2^-21
    x = np.rint(y * 2.0**31 / m).astype(np.int64)
    return _integer(rng, x, m, -e)


def integer_product_ties(rng, n):
    """(x << s) * m = odd * 2^30, so that SRDHM itself ends on a tie; small results, shifted or not."""
    i = rng.integers(0, 23, n)
    odd_x = 2 * rng.integers(0, 12, n) + 1
    odd_m = 2 * rng.integers(0, 25, n) + 1
    odd_m = np.where(odd_m >= 2 ** (i + 1), 1, odd_m)  # |m| < 2^31
    sx, sm = rng.choice([1, -1], n), rng.choice([1, -1], n)
    s = rng.integers(-4, 1, n)
    left = rng.random(n) < 0.5
    s = np.where(left, np.minimum(rng.integers(0, 23, n), i), s)
    x = sx * odd_x * 2 ** (i - np.maximum(s, 0))
    m = sm * odd_m * 2 ** (30 - i)
    return _integer(rng, x, m, s)


def integer_corners(rng, n):
    """`n` of all corner accumulators x corner multipliers x every shift; random zero points and clamps."""
    m = [0, 1, -1, 2**30, 2**30 + 1, -(2**30), INT32.max, INT32.min, INT32.min + 1, 0x55555555]
    grid = np.reshape(np.meshgrid(CORNERS32, m, np.arange(-128, 128)), (3, -1))
    return _integer(rng, *grid[:, rng.permutation(grid.shape[1])[:n]])


# --- requantize: fp32 -------------------------------------------------------------------------------------


def _float(rng, x, scale):
    """Columns for accumulators and scales; the scales may be given as their bits."""
    bits = scale if scale.dtype == np.int32 else scale.astype(np.float32).view(np.int32)
    return {"x": x.astype(np.int32), "multiplier": bits, "shift": _int8(rng, x.size), **clamps(rng, x.size)}


def float_random(rng, n):
    """Scales 2^-31..2, both signs, with accumulators of every magnitude; half the results not saturated."""
    x = _spread32(rng, n)
    scale = np.exp2(rng.uniform(-31, 1, n)) * rng.choice([1, -1], n)
    fitting = rng.integers(-300, 301, n) / np.where(x == 0, 1, x)
    small = (rng.random(n) < 0.5) & (np.abs(fitting) >= 2.0**-31)
    return _float(rng, x, np.where(small, fitting, scale))


def float_any_scale(rng, n):
    """Any 32 bits as scale, and every exponent in turn."""
    bits = rng.integers(0, 2**32, n).astype(np.uint32)
    bits[::2] = (bits[::2] & 0x807FFFFF) | ((np.arange((n + 1) // 2) % 256).astype(np.uint32) << 23)
    x = np.where(rng.random(n) < 0.2, rng.choice(CORNERS32, n), _spread32(rng, n))
    return _float(rng, x, bits.view(np.int32))


def float_integer_ties(rng, n):
    """P ends on t + 1/2: scales 2^-j exactly, and scales of 24 odd bits whose product rounds to the tie."""
    t = rng.integers(-300, 300, n)
    j = rng.integers(1, 24, n)
    near = rng.integers(-1, 2, n) * 2 ** np.maximum(j - 18, 0)  # within float32(x)'s rounding: still a tie
    exact_x = (2 * t + 1) * 2 ** (j - 1) + np.where(rng.random(n) < 0.5, near, 0)
    scale = np.exp2(-j.astype(float))
    other = np.exp2(rng.uniform(-23, -17, n)).astype(np.float32).astype(float)
    odd = rng.random(n) < 0.5
    x = np.where(odd, np.rint((t + 0.5) / other), exact_x)
    scale = np.where(odd, other, scale) * rng.choice([1, -1], n)
    return _float(rng, np.clip(x, INT32.min, INT32.max), scale)


def float_conversion_ties(rng, n):
    """float32(x) rounds on a tie, and decides: x = (t + 1/2) * 2^j +- half units in its last place."""
    t = rng.integers(0, 256, n)
    j = rng.integers(17, 24, n)
    middle = (2 * t + 1) * 2 ** (j - 1)
    length = np.floor(np.log2(middle)).astype(int) + 1
    half = 2 ** np.maximum(length - 25, 0)
    x = middle + half * rng.integers(-5, 6, n) + rng.integers(-1, 2, n) * (rng.random(n) < 0.3)
    x = np.clip(x * rng.choice([1, -1], n), INT32.min, INT32.max)
    return _float(rng, x, np.exp2(-j.astype(float)) * rng.choice([1, -1], n))


def _product_tie_factors():
    """(f, g, exponent): f * g has 25 bits, is odd, and is (2t + 1) * 2^j +- 1.

    So f * g * 2^-exponent is t + 1/2 but for half a unit in the 24th bit: rounding the product decides on
    which side, or on the tie, it ends.
    """
    found = []
    for t in range(256):
        j = 25 - (2 * t + 1).bit_length()
        for nudge in (1, -1):
            product = (2 * t + 1) * 2**j + nudge
            if product.bit_length() != 25:
                continue
            for f in (3, 5, 7, 9, 11, 13, 15, 17, 19, 23, 29, 31, 37, 41, 43, 53, 101, 255, 257):
                if product % f == 0 and (product // f).bit_length() <= 24:
                    found.append((f, product // f, j + 1))
    return np.array(found, np.int64)


def float_product_ties(rng, n):
    """x * scale is halfway between two float32 numbers, next to or on t + 1/2."""
    f, g, exponent = rng.choice(_product_tie_factors(), n).T
    swap = rng.random(n) < 0.5
    x, s = np.where(swap, g, f), np.where(swap, f, g)
    up = rng.integers(0, 7, n)
    scale = s * np.exp2(-(exponent + up).astype(float)) * rng.choice([1, -1], n)
    return _float(rng, (x << up) * rng.choice([1, -1], n), scale)


def float_corners(rng):
    """Corner accumulators x corner scales, zeros, subnormals, infinities and NaNs among them."""
    x, m = (a.ravel() for a in np.meshgrid(CORNERS32, FLOAT_CORNERS.view(np.int32)))
    return _float(rng, np.tile(x, 4), np.tile(m, 4))


def requantize(rng, mode, n=100_000):
    """At least `n` vectors of a mode: half random over the full range, half ties, and all corners."""
    if mode == "fp32":
        parts = [
            float_random(rng, n // 4),
            float_any_scale(rng, n // 4),
            float_integer_ties(rng, n // 4),
            float_conversion_ties(rng, n // 8),
            float_product_ties(rng, n // 8),
            float_corners(rng),
        ]
    else:
        parts = [
            integer_random(rng, n // 2),
            integer_shift_ties(rng, 3 * n // 8),
            integer_product_ties(rng, n // 8),
            integer_corners(rng, 3 * n // 8),
        ]
    return _shuffled(rng, parts)


def requantize_ties(mode, columns):
    """Number of ties by kind, positive and negative, counted in exact integers.

    Returns
    -------
    dict
        gemmlowp, ruy: "product" (SRDHM on a tie), "shift" (the right shift on a tie); fp32: "convert"
        (float32(x) on a tie), "product" (x * scale halfway between two float32), "integer" (P on t + 1/2).
        Each a pair (results below zero, others).
    """
    x, bits = columns["x"].astype(np.int64), columns["multiplier"]
    kinds = {}
    if mode == "fp32":
        size = np.abs(x)
        length = np.frexp(size.astype(np.float64))[1]
        dropped = np.maximum(length - 24, 0)
        kinds["convert"] = (size & ((1 << dropped) - 1)) * 2 == (1 << dropped)
        kinds["convert"] &= dropped > 0
        with np.errstate(invalid="ignore"):  # signalling NaN
            scale = bits.view(np.float32).astype(np.float64)
        finite = np.isfinite(scale)
        product = size.astype(np.float32).astype(np.float64) * np.where(finite, scale, 0)  # exact: 48 bits
        fraction, exponent = np.frexp(np.abs(product))
        units = fraction * 2.0**24
        kinds["product"] = finite & (units - np.floor(units) == 0.5)
        rounded = np.rint(units) * np.exp2(np.clip(exponent - 24, -60, 60).astype(float))
        kinds["integer"] = finite & (rounded < 2**22) & (rounded - np.floor(rounded) == 0.5)
        negative = (x < 0) != (bits < 0)
    else:
        shift = np.clip(columns["shift"].astype(np.int64), -31, 31)
        left, right = np.maximum(shift, 0), np.maximum(-shift, 0)
        product = (x << left).astype(np.int32).astype(np.int64) * bits.astype(np.int64)
        kinds["product"] = (product & (2**31 - 1)) == 2**30
        y = (product + 2**30) >> 31
        kinds["shift"] = (right > 0) & ((y & ((1 << right) - 1)) * 2 == (1 << right))
        negative = product < 0
    return {kind: (int((hit & negative).sum()), int((hit & ~negative).sum())) for kind, hit in kinds.items()}


# --- fp32_to_int8 -----------------------------------------------------------------------------------------


def quantiser(rng, n=200_000):
    """At least `n` vectors of the quantiser: products of any size, ties, subnormals, pairs of corners."""

    def with_zero(x, inv):
        x, inv = (np.asarray(a, np.float32) for a in (x, inv))
        return {"x": x, "inv_scale": inv, "zero_point": _int8(rng, x.size)}

    quarter = n // 4
    anything = rng.integers(0, 2**32, (2, quarter)).astype(np.uint32).view(np.float32)
    inv = np.exp2(rng.uniform(-126, 127, quarter)).astype(np.float32)
    with np.errstate(all="ignore"):
        ordinary = np.float32(1) / inv * rng.uniform(-300, 300, quarter).astype(np.float32)
        t = rng.integers(-300, 300, quarter) + np.float32(0.5)
        power = np.exp2(rng.integers(-120, 120, quarter)).astype(np.float32)
        inv_tie = np.where(rng.random(quarter) < 0.5, power, inv)
        tie = (t / inv_tie).astype(np.float32)
    f, g, exponent = rng.choice(_product_tie_factors(), quarter // 2).T
    place = rng.integers(-100, 100, quarter // 2)
    halfway = with_zero(
        f * np.exp2(place.astype(float)) * rng.choice([1, -1], quarter // 2),
        g * np.exp2(-(place + exponent).astype(float)),
    )
    # one factor subnormal: its product with a large one is normal
    tiny = (rng.integers(1, 2**23, quarter // 2) >> rng.integers(0, 23, quarter // 2)).astype(np.uint32)
    tiny = np.maximum(tiny, 1).view(np.float32) * rng.choice(np.float32([1, -1]), quarter // 2)
    big = np.minimum(np.exp2(rng.uniform(120, 128, quarter // 2)), 3e38).astype(np.float32)
    swap = rng.random(quarter // 2) < 0.5
    corners = np.meshgrid(FLOAT_CORNERS.view(np.float32), FLOAT_CORNERS.view(np.float32))
    corners = np.tile(np.reshape(corners, (2, -1)), 3)
    subnormal = with_zero(np.where(swap, tiny, big), np.where(swap, big, tiny))
    return _shuffled(
        rng,
        [
            with_zero(*anything),
            with_zero(ordinary, inv),
            with_zero(tie, inv_tie),
            halfway,
            subnormal,
            with_zero(*corners),
        ],
    )


def quantiser_ties(columns):
    """Number of products halfway between two float32 numbers, and of those that are t + 1/2 as a float32."""
    with np.errstate(all="ignore"):
        product = columns["x"].astype(np.float64) * columns["inv_scale"].astype(np.float64)  # exact: 48 bits
    product = np.abs(np.where(np.isfinite(product), product, 0))
    product = np.where((product > 2.0**-100) & (product < 2.0**22), product, 0)
    fraction, exponent = np.frexp(product)
    units = fraction * 2.0**24
    rounded = np.rint(units) * np.exp2((exponent - 24).astype(float))
    return {
        "product": int((units - np.floor(units) == 0.5).sum()),
        "integer": int((rounded - np.floor(rounded) == 0.5).sum()),
    }


def floats(rng, n):
    """float32 bits of every kind: any exponent, all specials, bfloat16 and ties between them.

    Parameters
    ----------
    rng : numpy.random.Generator
    n : int

    Returns
    -------
    ndarray of uint32, shape (n,)
    """
    bits = rng.integers(0, 2**32, n, dtype=np.uint64).astype(np.uint32)
    near = rng.random(n) < 0.6  # exponents close to each other
    bits[near] = (bits[near] & 0x80FFFFFF) | 0x3F000000
    lower = rng.choice(np.array([0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF], np.uint32), n)
    short = rng.random(n) < 0.5  # bfloat16, ties, and values next to a tie
    bits[short] = (bits[short] & 0xFFFF0000) | lower[short]
    special = np.array(
        [
            0,
            0x80000000,
            1,
            0x80000001,
            0x007FFFFF,
            0x00800000,
            0x7F7FFFFF,
            0xFF7FFFFF,
            0x7F800000,
            0xFF800000,
            0x7FC00000,
            0xFFC00001,
            0x7F800001,
        ],
        np.uint32,
    )
    some = rng.random(n) < 0.15
    bits[some] = rng.choice(special, int(some.sum()))
    return bits


def bf16(rng, n):
    """bfloat16 bits for sums that round: close exponents, with occasional special values.

    Parameters
    ----------
    rng : numpy.random.Generator
    n : int

    Returns
    -------
    ndarray of uint16, shape (n,)
    """
    bits = rng.integers(0, 2**16, n).astype(np.uint16)
    near = rng.random(n) < 0.8
    bits[near] = (bits[near] & 0x87FF) | 0x3800  # 2^-15 .. 2^0
    special = np.array(
        [0, 0x8000, 1, 0x8001, 0x007F, 0x0080, 0x7F7F, 0xFF7F, 0x7F80, 0xFF80, 0x7FC0, 0xFF81], np.uint16
    )
    some = rng.random(n) < 0.02
    bits[some] = rng.choice(special, int(some.sum()))
    return bits
