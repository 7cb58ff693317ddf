// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0

const FLAGS = { guard: 1, extra: 2, sticky: 4, tie: 8, increment: 16, up: 32, y_negative: 64, over_127: 128 };
const MOST_MISMATCHES = 1000; // kept; all are counted

/** Recorded numbers compared with golden's. */
class Comparison {
  constructor() {
    this.compared = this.wrong = 0;
    this.mismatches = [];
  }

  /** `place`: {cycle, tile, row, col, k, peRow, peCol}, of which the last five may be missing. */
  number(what, got, expected, place) {
    this.compared++;
    if (got === expected) return;
    this.wrong++;
    if (this.mismatches.length < MOST_MISMATCHES) this.mismatches.push({ what, got, expected, ...place });
  }

  sorted() {
    return [...this.mismatches].sort((a, b) => a.cycle - b.cycle);
  }
}

/**
 * Compute golden again from the operands that the host sent, or from the recorded ones where the page does not
 * have them, and compare every recorded number with it.
 */
function selfCheck(run) {
  const found = new Comparison();
  checkArray(run, found);
  checkRows(run, found);
  checkResults(run, found);
  return found;
}

function checkArray(run, found) {
  const { rows, cols, depth, c } = run, sums = new Map(); // golden's sums so far, by tile and phase
  for (let beat = 0; beat < run.beats; beat++) {
    const tile = c.beat_tile[beat],
      slice = c.beat_slice[beat],
      phase = c.beat_phase[beat];
    const float = run.isFloat(tile),
      known = run.place(tile) !== null,
      cycle = c.beat_operand_cycle[beat];
    const place = { cycle, tile };
    const multiply = float ? bf16Mul : (a, w) => a * w + 0,
      add = float ? fp32Add : (x, y) => (x + y) | 0;
    const row = (peRow) => run.rowInTile(beat, peRow);
    const as = new Array(rows * depth),
      ws = new Array(cols * depth);
    for (let d = 0; d < depth; d++) {
      const k = slice * depth + d;
      for (let r = 0; r < rows; r++) {
        as[r * depth + d] = run.a(beat, r, d);
        if (!known) continue;
        const [expected] = run.hostOperands(tile, row(r), 0, k);
        found.number("operand a", as[r * depth + d], expected, { ...place, row: row(r), k, peRow: r });
        as[r * depth + d] = expected;
      }
      for (let col = 0; col < cols; col++) {
        ws[col * depth + d] = run.w(beat, col, d);
        if (!known) continue;
        const [, expected] = run.hostOperands(tile, 0, col, k);
        found.number("operand w", ws[col * depth + d], expected, { ...place, col, k, peCol: col });
        ws[col * depth + d] = expected;
      }
    }
    const key = `${tile} ${phase}`;
    const before = slice ? sumsBefore(run, sums.get(key), tile, slice, phase, known) : new Array(rows * cols).fill(0);
    const after = new Array(rows * cols);
    for (let r = 0; r < rows; r++)
      for (let col = 0; col < cols; col++) {
        const cell = { tile, row: row(r), col, peRow: r, peCol: col };
        let sum = before ? before[r * cols + col] : 0;
        for (let d = 0; d < depth; d++) {
          const product = multiply(as[r * depth + d], ws[col * depth + d]),
            k = slice * depth + d;
          sum = add(sum, product);
          if (c.beat_product_cycle[beat] >= 0)
            found.number("product", run.product(beat, r, col, d), product, { ...cell, k, cycle: c.beat_product_cycle[
                beat] });
        }
        after[r * cols + col] = sum;
        if (before && c.beat_sum_cycle[beat] >= 0)
          found.number("sum", run.sum(beat, r, col), sum, { ...cell, k: slice * depth + depth - 1, cycle: c
              .beat_sum_cycle[beat] });
      }
    if (before) sums.set(key, { slice, values: after });
  }
}

/** Golden's sums before a slice; null if neither the slice before it nor the host's operands are there. */
function sumsBefore(run, last, tile, slice, phase, known) {
  if (last && last.slice === slice - 1) return last.values;
  const previous = run.beatOf.get(run.key(tile, slice - 1, phase)),
    { rows, cols, depth } = run;
  const float = run.isFloat(tile),
    values = new Array(rows * cols).fill(0);
  for (let r = 0; r < rows; r++)
    for (let col = 0; col < cols; col++) {
      const at = r * cols + col,
        row = float ? PHASES * r + phase : r;
      if (known)
        for (let k = 0; k < slice * depth; k++) {
          const [a, w] = run.hostOperands(tile, row, col, k);
          values[at] = float ? fp32Add(values[at], bf16Mul(a, w)) : (values[at] + a * w) | 0;
        }
      else if (previous !== undefined && run.c.beat_sum_cycle[previous] >= 0)
        values[at] = run.sum(previous, r, col);
      else return null;
    }
  return values;
}

function checkRows(run, found) {
  const { c, cols } = run;
  for (let at = 0; at < c.row_tile.length; at++) {
    const tile = c.row_tile[at],
      row = c.row_row[at],
      float = run.isFloat(tile);
    const last = run.beatOf.get(run.key(tile, c.tile_slices[tile] - 1, float ? row % PHASES : 0));
    const known = run.place(tile);
    for (let col = 0; col < cols; col++) {
      const place = { cycle: c.row_cycle[at], tile, row, col, peCol: col };
      place.peRow = float ? Math.floor(row / PHASES) : row;
      const golden = run.goldenSums(tile, row, col);
      if (golden) found.number("row", run.rowValue(at, col), golden.at(-1), place);
      else if (last !== undefined && c.beat_sum_cycle[last] >= 0)
        found.number("row", run.rowValue(at, col), run.sum(last, place.peRow, col), place);
      if (known?.product.fields && known.col + col < known.product.n) {
        const bias = known.product.fields.bias[known.col + col];
        found.number("bias", run.rowValue(at, col, "row_bias"), float ? bias >>> 0 : bias, place);
      }
      if (run.stepsOf.has(at))(float ? checkFloat : checkInt8)(run, at, col, found, { ...place, cycle: c.row_left[
          at] });
    }
  }
}

/** Every step of golden's way from the sum to int8, from the recorded step before it; [name, got, expected] each. */
function int8Steps(run, row, col) {
  const s = (name) => run.step(row, col, name),
    mode = run.mode(run.c.row_tile[row]) & 3,
    fp = mode === FP32;
  const flag = (name) => (s("flags") & FLAGS[name] ? 1 : 0),
    steps = [];
  const step = (name, got, expected) => steps.push([name, got, expected]);
  step("x", s("x"), (run.rowValue(row, col) + run.rowValue(row, col, "row_bias")) | 0);
  step("rule", s("rule"), mode);
  if (!fp) {
    const shift = Math.min(Math.max(s("shift"), -31), 31);
    const shifted = Number(wrapBigInt(BigInt(s("x")) << BigInt(Math.max(shift, 0)), 32));
    step("first factor", s("a_high") * 65536 + s("a_low"), shifted);
    step("second factor", s("b"), s("multiplier"));
    step("places to shift right", s("right"), Math.max(-shift, 0));
    step("negate", s("negate"), 0);
  }
  step("product", s("product"), mul34x32(s("a_high"), s("a_low"), s("b")));
  const [y, up] = roundProduct(fp, s("product"));
  const recordedY = s("y") - flag("y_negative") * 2 ** 32;
  step("y", recordedY, y);
  step("up", flag("up"), up);
  const [v, guard, extra, sticky] = shiftRightNarrow(recordedY, flag("up"), s("right")), negate = s("negate") === 1;
  const inverted = (bit) => (bit !== negate ? 1 : 0),
    quotient = Math.floor(recordedY / 2 ** s("right"));
  step("v", s("v"), negate ? ~v : v);
  if (quotient >= -256 && quotient <= 255) { // else v and its remainder only saturate
    const tie = tieUp(mode, v);
    step("guard", flag("guard"), inverted(guard));
    step("extra", flag("extra"), inverted(extra));
    step("sticky", flag("sticky"), sticky ? 1 : 0);
    step("tie", flag("tie"), inverted(tie));
    step("increment", flag("increment"), inverted(!sticky && guard !== extra ? tie : guard));
  }
  step("sum", s("sum"), s("v") + flag("increment") + s("zero_point"));
  step("at least low", s("at_least_low"), s("sum") < s("low") ? s("low") : (s("sum") << 24) >> 24);
  step("over 127", flag("over_127"), s("sum") > 127 ? 1 : 0);
  const fields = ["x", "multiplier", "shift", "zero_point", "low", "high"].map(s);
  step("q", s("q"), requantize(...fields, mode));
  return steps;
}

/** The same of bfloat16. */
function floatSteps(run, row, col) {
  const s = (name) => run.step(row, col, name),
    mode = run.mode(run.c.row_tile[row]);
  return [
    ["x", s("x"), run.rowValue(row, col)],
    ["bias", s("bias"), run.rowValue(row, col, "row_bias")],
    ["mode", s("mode"), mode],
    ["biased", s("biased"), fp32Add(s("x"), s("bias"))],
    ["rectified", s("rectified"), mode & RELU ? rectify(s("biased")) : s("biased")],
    ["y", s("y"), mode & 3 ? fp32ToBf16(s("rectified"), (mode & 3) - 1, s("random")) : s("rectified")],
  ];
}

function checkInt8(run, row, col, found, place) {
  for (const [name, got, expected] of int8Steps(run, row, col)) found.number(name, got, expected, place);
  const known = run.place(place.tile);
  if (!known?.product.fields || known.col + col >= known.product.n) return;
  for (const name of ["multiplier", "shift", "zero_point", "low", "high"])
    found.number(name, run.step(row, col, name), known.product.fields[name][known.col + col], place);
}

function checkFloat(run, row, col, found, place) {
  for (const [name, got, expected] of floatSteps(run, row, col)) found.number(name, got, expected, place);
}

/** Results: recorded, of golden in the browser, and of golden in Python, which the run was compared with. */
function checkResults(run, found) {
  const { c, cols } = run;
  for (let at = 0; at < c.row_tile.length; at++) {
    const tile = c.row_tile[at],
      row = c.row_row[at],
      known = run.place(tile);
    if (!known) continue;
    for (let col = 0; col < cols; col++) {
      const got = run.result(at, col);
      if (got === undefined || run.isPadding(tile, row, col)) continue;
      const place = { cycle: Math.max(c.row_cycle[at], c.row_left[at]), tile, row, col, peCol: col };
      place.peRow = run.isFloat(tile) ? Math.floor(row / PHASES) : row;
      const random = run.isFloat(tile) ? run.step(at, col, "random") : 0;
      const golden = run.goldenResult(tile, row, col, run.goldenSums(tile, row, col).at(-1), random);
      if (golden !== undefined) found.number("result", got, golden, place);
      const { expected, n } = known.product;
      const ours = expected?.[(known.row + row) * n + known.col + col];
      if (ours !== undefined && ours !== golden) found.number("result", got, ours, place); // else it is compared
    }
  }
}
