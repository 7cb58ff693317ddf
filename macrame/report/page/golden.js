// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0

// The golden model again, for the browser: the functions of golden/arith/ of the same names, one number at a time.

const NAN_BITS = 0x7fc00000;
const floatCell = new Float32Array(1);
const bitsCell = new Uint32Array(floatCell.buffer);

/** The float32 that has these bits. */
function floatOf(bits) {
  bitsCell[0] = bits;
  return floatCell[0];
}

/** The bits of a number as a float32, every NaN as 0x7FC00000. */
function bitsOf(value) {
  if (Number.isNaN(value)) return NAN_BITS;
  floatCell[0] = value;
  return bitsCell[0];
}

/** A double holds a product of two bfloat16, or a sum of two float32, so well that rounding it is exact. */
const bf16Mul = (a, b) => bitsOf(Math.fround(floatOf(a * 65536) * floatOf(b * 65536)));
const fp32Add = (a, b) => bitsOf(Math.fround(floatOf(a) + floatOf(b)));

const isNanBits = (bits) => (bits & 0x7fffffff) > 0x7f800000;

/** float32 to bfloat16, both as bits; rounding 0: even, 1: toward zero, 2: stochastic. */
function fp32ToBf16(bits, rounding, random) {
  const upper = bits >>> 16,
    lower = bits & 0xffff;
  if (isNanBits(bits)) return (upper & 0x8000) | 0x7fc0;
  if (rounding === 1) return upper;
  if (rounding === 2) return upper + (random < lower ? 1 : 0);
  return upper + (lower + (upper & 1) > 0x8000 ? 1 : 0);
}

/** Negative numbers, -0 and -infinity become +0; NaN stays. */
const rectify = (bits) => (bits >>> 31 === 1 && !isNanBits(bits) ? 0 : bits);

const RAW = 0,
  GEMMLOWP = 1,
  RUY = 2,
  FP32 = 3;
const BEYOND = 2 ** 20;

/** To the nearest integer, ties to even. */
function rint(x) {
  const floor = Math.floor(x),
    rest = x - floor;
  if (rest !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** An accumulator to int8, by the equations of golden/arith/requantize.py; raw: the accumulator itself. */
function requantize(x, multiplier, shift, zeroPoint, low, high, mode) {
  if (mode === RAW) return x;
  let y;
  if (mode === FP32) {
    const rounded = rint(Math.fround(Math.fround(x) * floatOf(multiplier)));
    y = Number.isNaN(rounded) ? 0 : Math.min(Math.max(rounded, -BEYOND), BEYOND);
  } else {
    const places = Math.min(Math.max(shift, -31), 31);
    const a = BigInt.asIntN(32, BigInt(x) << BigInt(Math.max(places, 0)));
    let high64 = (a * BigInt(multiplier) + (1n << 30n)) >> 31n;
    if (high64 > 0x7fffffffn) high64 = 0x7fffffffn;
    const value = Number(high64),
      unit = 2 ** Math.max(-places, 0);
    if (mode === RUY) y = Math.floor((2 * value + unit) / (2 * unit));
    else y = Math.sign(value) * Math.floor((2 * Math.abs(value) + unit) / (2 * unit));
  }
  return Math.min(high, Math.max(y + zeroPoint, low)) + 0; // no -0
}

/**
 * The factors of rule fp32, from an accumulator and a multiplier. a: x as a significand of 24 bits and 8 zeros, rounded
 * to even, after a shift that removes all copies of the sign but one, at most 31 places. b: the multiplier's
 * significand. negate: their sign. right: how far to shift their product. See rtl/arith/requantize.v.
 */
function fp32Factors(x, multiplier) {
  const left = Math.min(31, Math.clz32(x ^ (x >> 31))),
    exponent = (multiplier >>> 23) & 255,
    fraction = multiplier & 0x7fffff;
  const nan = exponent === 255 && fraction !== 0;
  return {
    a: rint((Math.abs(x) * 2 ** left) / 256) * 256,
    b: 2 ** 23 + fraction,
    right: nan ? 31 : Math.min(Math.max(119 + left - exponent, 0), 31),
    negate: (x < 0) !== (multiplier < 0) ? 1 : 0,
  };
}

const wrapBigInt = (value, bits) => BigInt.asIntN(bits, value);

/** (aHigh * 2^16 + aLow) * b, wrapped to 64 bits. */
const mul34x32 = (aHigh, aLow, b) => wrapBigInt(BigInt(aHigh * 65536 + aLow) * BigInt(b), 64);

/** [y, up] of a product, see golden/arith/round_product.py. */
function roundProduct(fp, p) {
  if (!fp) return [Number(p >> 31n), Number((p >> 30n) & 1n)];
  const double = p >= 1n << 55n,
    unit = double ? 1n << 32n : 1n << 31n;
  const kept = p / unit,
    rest = p % unit;
  const up = 2n * rest + (kept & 1n) > unit ? 1 : 0;
  return [Number(kept * (unit >> 31n)) + (double ? up : 0), up];
}

const modulo = (value, unit) => value - unit * Math.floor(value / unit);

/** [v, guard, extra, sticky], see golden/arith/shift_right_narrow.py. */
function shiftRightNarrow(y, up, right) {
  const unit = 2 ** right;
  let v = Math.floor(y / unit);
  if (v < -256 || v > 255) v = modulo(v, 128) + (y < 0 ? -384 : 256);
  const word = 2 * y + up;
  const guard = modulo(Math.floor(word / unit), 2) === 1;
  return [v, guard, up === 1, modulo(word, unit) !== (up ? unit - 1 : 0)];
}

/** Whether a number in the middle between two integers, `v` the lower one, is rounded up. */
function tieUp(mode, v) {
  if (mode === GEMMLOWP) return v >= 0;
  return mode === RUY || modulo(v, 2) === 1;
}
