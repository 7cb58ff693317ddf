// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0

const BF16 = 4,
  RELU = 8; // bits of a panel's mode
const PHASES = 4; // sums that a bfloat16 cell interleaves

/** The last index whose value is at most `value` in an ascending array, or -1. */
function lastAtMost(array, value, length = array.length) {
  let low = 0,
    high = length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (array[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** What one lane of the timeline did in each cycle: run-length encoded, with counts for any range of cycles. */
class Lane {
  constructor(starts, values, categories, cycles) {
    const first = [];
    for (let i = 0; i < values.length; i++)
      if (!i || values[i] !== values[i - 1]) first.push(i);
    this.starts = Float64Array.from(first, (i) => starts[i]);
    this.values = Uint8Array.from(first, (i) => values[i]);
    this.cycles = cycles;
    this.before = Array.from({ length: categories }, () => new Float64Array(first.length + 1));
    for (let i = 0; i < first.length; i++) {
      const length = this.end(i) - this.starts[i];
      for (let c = 0; c < categories; c++)
        this.before[c][i + 1] = this.before[c][i] + (this.values[i] === c ? length : 0);
    }
  }

  end(run) {
    return run + 1 < this.starts.length ? this.starts[run + 1] : this.cycles;
  }

  run(cycle) {
    return lastAtMost(this.starts, cycle);
  }

  at(cycle) {
    return this.values[this.run(cycle)];
  }

  /** Cycles of each category from `first` to `stop`. */
  counts(first, stop) {
    const from = Math.max(0, Math.min(first, this.cycles)),
      to = Math.max(from, Math.min(stop, this.cycles));
    const a = this.run(from),
      b = to >= this.cycles ? this.starts.length - 1 : this.run(to);
    if (a < 0) return this.before.map(() => 0);
    return this.before.map((before, c) => {
      const until = (run, cycle) => before[run] + (this.values[run] === c ? cycle - this.starts[run] : 0);
      return until(b, to) - until(a, from);
    });
  }
}

/** A run: the decoded data of macrame/verify/trace_page.py, and answers to questions about them. */
class Run {
  constructor(data, columns, products) {
    Object.assign(this, data.core); // rows, cols, depth, ...
    this.data = data;
    this.c = columns;
    this.products = products;
    this.cycles = data.cycles;
    this.window = data.window;
    this.active = data.active;
    const starts = columns.run_start;
    this.causes = new Lane(starts, columns.run_cause, data.causes.length, this.cycles);
    this.streams = ["w", "a", "m"].map((name) => new Lane(starts, columns[`run_${name}`], 4, this.cycles));
    this.beats = columns.beat_tile.length;
    this.cells = this.rows * this.cols;
    this.cellBits = (this.wide ? 32 : 16) * this.depth + 32; // of a cell's products and accumulator
    const index = (cycles) => {
      const found = new Map();
      cycles.forEach((cycle, i) => cycle >= 0 && found.set(cycle, i));
      return found;
    };
    this.operandsAt = index(columns.beat_operand_cycle);
    this.productsAt = index(columns.beat_product_cycle);
    this.sumsAt = index(columns.beat_sum_cycle);
    this.rowAt = index(columns.row_cycle);
    this.leftAt = index(columns.row_left);
    const sums = [...columns.beat_sum_cycle.keys()].filter((i) => columns.beat_sum_cycle[i] >= 0);
    sums.sort((a, b) => columns.beat_sum_cycle[a] - columns.beat_sum_cycle[b]);
    this.sumOrder = sums;
    this.sumCycles = Float64Array.from(sums, (i) => columns.beat_sum_cycle[i]);
    this.beatOf = new Map();
    for (let i = 0; i < this.beats; i++)
      this.beatOf.set(this.key(columns.beat_tile[i], columns.beat_slice[i], columns.beat_phase[i]), i);
    this.rowOf = new Map();
    columns.row_tile.forEach((tile, i) => this.rowOf.set(tile * 4 * this.rows + columns.row_row[i], i));
    this.stepsOf = new Map();
    columns.int8_rows.forEach((row, i) => this.stepsOf.set(row, i));
    columns.float_rows.forEach((row, i) => this.stepsOf.set(row, i));
  }

  key(tile, slice, phase) {
    return `${tile} ${slice} ${phase}`;
  }

  mode(tile) {
    return this.c.tile_mode[tile];
  }

  isFloat(tile) {
    return (this.mode(tile) & BF16) !== 0;
  }

  /** Rows of a tile. */
  height(tile) {
    return this.isFloat(tile) ? PHASES * this.rows : this.rows;
  }

  /** Row in the tile of a beat's sum in a row of the array. */
  rowInTile(beat, peRow) {
    const tile = this.c.beat_tile[beat];
    return this.isFloat(tile) ? PHASES * peRow + this.c.beat_phase[beat] : peRow;
  }

  // numbers of a beat; of bfloat16 their bits
  a(beat, peRow, d) {
    const raw = this.c.a[(beat * this.rows + peRow) * this.depth + d];
    return this.isFloat(this.c.beat_tile[beat]) ? raw : (raw << 16) >> 16;
  }

  w(beat, peCol, d) {
    const raw = this.c.w[(beat * this.cols + peCol) * this.depth + d];
    return this.isFloat(this.c.beat_tile[beat]) ? raw : (raw << 16) >> 16;
  }

  product(beat, peRow, peCol, d) {
    const raw = this.c.products[((beat * this.rows + peRow) * this.cols + peCol) * this.depth + d];
    return this.isFloat(this.c.beat_tile[beat]) ? raw : raw | 0;
  }

  sum(beat, peRow, peCol) {
    const raw = this.c.sums[(beat * this.rows + peRow) * this.cols + peCol];
    return this.isFloat(this.c.beat_tile[beat]) ? raw : raw | 0;
  }

  rowValue(row, col, name = "row_values") {
    const raw = this.c[name][row * this.cols + col];
    return this.isFloat(this.c.row_tile[row]) ? raw : raw | 0;
  }

  /** A recorded step in the output stage of a row, or undefined. */
  step(row, col, name) {
    const at = this.stepsOf.get(row),
      kind = this.isFloat(this.c.row_tile[row]) ? "float" : "int8";
    return at === undefined ? undefined : this.c[`${kind}_${name}`][at * this.cols + col];
  }

  /** The product that a tile belongs to: {product, row, col}, the last two of its first result, or null. */
  place(tile) {
    const number = this.c.tile_product[tile];
    if (number < 0) return null;
    return { product: this.products[number], row: this.c.tile_i[tile], col: this.c.tile_j[tile] };
  }

  /** The host's operands for a result and k: [a, w], 0 in padding; undefined if the page does not have them. */
  hostOperands(tile, row, col, k) {
    const place = this.place(tile);
    if (!place) return undefined;
    const { m, k: length, n, a, w } = place.product, i = place.row + row, j = place.col + col;
    return [
      i < m && k < length ? a[i * length + k] : 0,
      j < n && k < length ? w[k * n + j] : 0,
    ];
  }

  /** Whether a result, or one of its products, only fills up the array. */
  isPadding(tile, row, col, k = 0) {
    const place = this.place(tile);
    if (!place) return false;
    const { m, k: length, n } = place.product;
    return place.row + row >= m || place.col + col >= n || k >= length;
  }

  /** What a part is called: with its input, if the run has several. */
  partName({ name, args }) {
    this.inputs ??= new Set(this.data.parts.map((part) => part.args.input)).size;
    return this.inputs > 1 && args.input !== undefined ? `${name} of input ${args.input}` : name;
  }

  /** Which of several parts a cycle belongs to, as the end of a sentence. */
  partWords(cycle) {
    const { parts } = this.data, found = parts.find(({ first, stop }) => first <= cycle && cycle < stop);
    return parts.length > 1 && found ? `; ${this.partName(found)}` : "";
  }

  /** Whether the numbers of the cells are recorded in a cycle. */
  isRecorded(cycle) {
    return cycle >= this.window[0] && cycle < this.window[1];
  }

  /** The newest beat whose sums the accumulators have received by a cycle, or -1, also where none is recorded. */
  newestSum(cycle) {
    if (!this.isRecorded(cycle)) return -1;
    const at = lastAtMost(this.sumCycles, cycle);
    return at < 0 ? -1 : this.sumOrder[at];
  }

  /** The sum of one result step by step: indices of the beats that are recorded. */
  chain(tile, phase) {
    const found = [];
    for (let slice = 0; slice < this.c.tile_slices[tile]; slice++) {
      const beat = this.beatOf.get(this.key(tile, slice, phase));
      if (beat !== undefined) found.push(beat);
    }
    return found;
  }

  /** The operands of golden for a result and k: the host's or, where the page does not have them, the recorded ones. */
  operands(tile, row, col, k) {
    const host = this.hostOperands(tile, row, col, k);
    if (host) return host;
    const [peRow, phase] = this.isFloat(tile) ? [Math.floor(row / PHASES), row % PHASES] : [row, 0];
    const beat = this.beatOf.get(this.key(tile, Math.floor(k / this.depth), phase)),
      d = k % this.depth;
    return beat === undefined ? undefined : [this.a(beat, peRow, d), this.w(beat, col, d)];
  }

  /** Golden's sums of one result after each of its slices; undefined if not all operands are known. */
  goldenSums(tile, row, col) {
    const asked = `${tile} ${row} ${col}`; // several tables of a cycle ask for the same
    if (this.latest?.asked !== asked) this.latest = { asked, sums: this.goldenSumsOf(tile, row, col) };
    return this.latest.sums;
  }

  goldenSumsOf(tile, row, col) {
    const sums = [],
      float = this.isFloat(tile);
    let sum = 0;
    for (let slice = 0; slice < this.c.tile_slices[tile]; slice++) {
      for (let d = 0; d < this.depth; d++) {
        const found = this.operands(tile, row, col, slice * this.depth + d);
        if (!found) return undefined;
        sum = float ? fp32Add(sum, bf16Mul(...found)) : (sum + found[0] * found[1]) | 0;
      }
      sums.push(sum);
    }
    return sums;
  }

  /** What the host sent in a field of a column's record; padding has zeros. */
  field(place, col, name) {
    const { fields, n } = place.product;
    return place.col + col < n ? fields[name][place.col + col] : 0;
  }

  /** The golden model's result from its sum and the column's record: the host's, or the recorded one. */
  goldenResult(tile, row, col, sum, random) {
    const place = this.place(tile),
      at = this.rowOf.get(tile * 4 * this.rows + row),
      mode = this.mode(tile);
    const host = place?.product.fields && !this.isPadding(tile, row, col);
    const field = (name) => {
      if (host) return place.product.fields[name][place.col + col];
      return name === "bias" ? this.rowValue(at, col, "row_bias") : this.step(at, col, name);
    };
    if (!host && at === undefined) return undefined;
    if (this.isFloat(tile)) return this.floatResult(sum, field("bias") >>> 0, mode, random);
    const x = (sum + field("bias")) | 0,
      names = ["multiplier", "shift", "zero_point", "low", "high"];
    if ((mode & 3) === RAW) return x;
    const record = names.map(field);
    return record.includes(undefined) ? undefined : requantize(x, ...record, mode & 3);
  }

  floatResult(sum, bias, mode, random) {
    const biased = fp32Add(sum, bias),
      kept = mode & RELU ? rectify(biased) : biased;
    return mode & 3 ? fp32ToBf16(kept, (mode & 3) - 1, random) : kept;
  }

  /** The recorded result of a row in a column: int8, int32 or bits; undefined if it is not recorded. */
  result(row, col) {
    const tile = this.c.row_tile[row];
    if (this.isFloat(tile)) return this.step(row, col, "y");
    if ((this.mode(tile) & 3) === RAW)
      return (this.rowValue(row, col) + this.rowValue(row, col, "row_bias")) | 0;
    return this.step(row, col, "q");
  }
}
