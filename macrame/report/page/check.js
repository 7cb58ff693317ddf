// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0

const FLAGS = { guard: 1, extra: 2, sticky: 4, tie: 8, increment: 16, up: 32, y_negative: 64, over_127: 128 };
const MOST_MISMATCHES = 1000; // kept; all are counted

/** Recorded numbers compared with the golden model's. */
class Comparison {
  constructor() {
    this.compared = this.wrong = 0;
    this.mismatches = [];
  }

  /** `place`: {cycle, tile, row, col, k, peRow, peCol}, any of which may be missing. */
  number(what, got, expected, place) {
    this.compared++;
    if (got === expected) return;
    this.wrong++;
    if (this.mismatches.length < MOST_MISMATCHES) this.mismatches.push({ what, got, expected, ...place });
  }

  sorted() {
    return [...this.mismatches].sort((a, b) => (a.cycle ?? Infinity) - (b.cycle ?? Infinity) || 0);
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
  if (isComplete(run)) {
    checkCycles(run, found);
    checkTiming(run, found);
    checkWork(run, found);
  }
  checkCounters(run, found);
  return found;
}

/** Whether every tile of the run was sent, without an error or a reset on the way; by the host, if it says so. */
function isComplete(run) {
  if (run.data.counted) return true;
  const { causes } = run.data, [first, stop] = run.active;
  const counts = run.causes.counts(first, stop),
    never = ["ERROR", "HALTED", "RESET"].map((name) => counts[causes.indexOf(name)]);
  return run.c.tile_sent.length > 0 && Math.min(...run.c.tile_sent) >= 0 && !Math.max(...never);
}

/** What the streams and the array did in each cycle, by the rules that connect them. */
function checkCycles(run, found) {
  const { c, data } = run, starts = c.run_start, [IDLE, TRANSFER, SOURCE, SINK] = [0, 1, 2, 3];
  const cause = (name) => data.causes.indexOf(name);
  const names = ["weights", "activations", "results"],
    oneEach = data.timing.sent !== null; // a beat for each row of results
  const sent = [...c.tile_sent.keys()].sort((a, b) => c.tile_sent[a] - c.tile_sent[b]), // tiles, by their last result
    taken = [0, 0, 0]; // beats of each stream so far
  let issued = 0, // slices
    inPacket = 0, // beats of the packet of results
    packet = 0; // in `sent`
  for (let i = 0; i < starts.length; i++) {
    const place = { cycle: starts[i] }, length = (i + 1 < starts.length ? starts[i + 1] : run.cycles) - starts[i];
    const kinds = [c.run_w[i], c.run_a[i], c.run_m[i]];
    const must = (stream, ...allowed) => {
      const word = (kind) => STREAM_STYLES[kind].text, kind = kinds[stream];
      found.number(`stream of ${names[stream]}`, word(kind), word(allowed.includes(kind) ? kind : allowed[0]), place);
    };
    if (i)
      [c.run_w[i - 1], c.run_a[i - 1], c.run_m[i - 1]].forEach((before, stream) => { // a beat that is offered stays
        if (before === SINK) must(stream, TRANSFER, SINK);
      });
    if (kinds[0] === SINK && !taken[0]) must(0, TRANSFER); // an empty core accepts a beat at once
    if (kinds[1] === SINK && taken[1] === issued) must(1, TRANSFER);
    if (kinds[2] === IDLE || kinds[2] === SOURCE) must(2, inPacket ? SOURCE : IDLE);
    checkIdle(run, found, c.run_cause[i], starts[i]);
    kinds.forEach((kind, stream) => (taken[stream] += kind === TRANSFER ? length : 0));
    if (c.run_cause[i] === cause("ISSUE")) issued += length;
    if (kinds[2] === TRANSFER) { // of one packet or of several
      let from = starts[i];
      const end = from + length;
      for (; packet < sent.length && c.tile_sent[sent[packet]] < end; packet++, inPacket = 0) {
        const tile = sent[packet], cycle = c.tile_sent[tile];
        inPacket += cycle - from + 1;
        if (oneEach) found.number("beats of its results", inPacket, run.height(tile), { cycle, tile });
        from = cycle + 1;
      }
      inPacket += end - from;
    }
  }
  found.number("beats of activations, one for each issued to the array,", taken[1], issued, {});
  const rows = [...c.tile_first.keys()].reduce((sum, tile) => sum + run.height(tile), 0);
  if (oneEach) found.number("beats of results, one for each row of the tiles,", taken[2], rows, {});
}

/**
 * Whether an array that does nothing waits for results to leave: between the last slice of a tile and its results.
 * Before the first beat and after the last result there is nothing to wait for.
 */
function checkIdle(run, found, cause, cycle) {
  const { c, data } = run, kinds = ["IDLE", "DRAIN"].map((name) => data.causes.indexOf(name));
  const isOutside = cycle < run.active[0] || cycle >= run.active[1];
  if (isOutside ? data.causes[cause] === "RESET" : !kinds.includes(cause)) return;
  const isOpen = lastAtMost(c.tile_first, cycle) >= 0 && cycle <= c.tile_last[lastAtMost(c.tile_first, cycle)];
  const before = lastAtMost(c.tile_last, cycle - 1), // the latest tile that has ended, whose results leave last
    leaving = !isOutside && !isOpen && before >= 0 && cycle <= c.tile_sent[before];
  const words = (kind) => CAUSE_STYLES[data.causes[kind]].text;
  found.number("array", words(cause), words(kinds[leaving ? 1 : 0]), { cycle });
}

/** When each slice and each row pass the stages of the core, by golden/cycles.py, from the cycles of their issue. */
function checkTiming(run, found) {
  const { c } = run, { timing } = run.data, issue = run.data.causes.indexOf("ISSUE"), issues = [];
  run.causes.values.forEach((value, i) => {
    if (value !== issue) return;
    for (let cycle = run.causes.starts[i]; cycle < run.causes.end(i); cycle++) issues.push(cycle);
  });
  const is = (what, got, expected, place) => got >= 0 && found.number(`cycle of ${what}`, got, expected, { cycle: got,
    ...place });
  const firsts = Array.from(c.tile_first, (cycle) => lastAtMost(issues, cycle));
  for (let beat = 0; beat < run.beats; beat++) {
    const tile = c.beat_tile[beat], float = run.isFloat(tile), place = { tile, k: c.beat_slice[beat] * run.depth };
    const issued = issues[firsts[tile] + c.beat_slice[beat] * (float ? PHASES : 1) + c.beat_phase[beat]];
    is("the operands", c.beat_operand_cycle[beat], issued + timing.operands, place);
    is("the products", c.beat_product_cycle[beat], issued + timing.products, place);
    is("the sums", c.beat_sum_cycle[beat], issued + timing.sums[float ? 1 : 0], place);
  }
  const raw = (tile) => !run.isFloat(tile) && (run.mode(tile) & 3) === RAW, isFast = timing.output !== null;
  const rowOf = (tile, row) => c.tile_last[tile] + timing.sums[run.isFloat(tile) ? 1 : 0] +
    row * (raw(tile) ? 1 : timing.pace);
  const [first, stop] = run.window, isInside = (cycle) => cycle >= first && cycle < stop;
  let due = 0; // rows
  c.tile_last.forEach((_, tile) => {
    for (let row = 0; row < run.height(tile); row++) due += isInside(rowOf(tile, row));
  });
  found.number("rows that leave the array", c.row_tile.length, due, { cycle: first });
  for (let at = 0; at < c.row_tile.length; at++) {
    const tile = c.row_tile[at], place = { tile, row: c.row_row[at] };
    is("the row", c.row_cycle[at], rowOf(tile, c.row_row[at]), place);
    if (isFast) is("its results", c.row_left[at], c.row_cycle[at] + timing.output, place);
  }
  const waits = run.streams[2].counts(0, run.cycles)[3]; // the host accepted a result late
  if (isFast && timing.sent !== null && !waits)
    c.tile_sent.forEach((sent, tile) => is("the last result", sent, rowOf(tile, run.height(tile) - 1) + (raw(tile) ? 1 :
      timing.output) + timing.sent, { tile }));
}

/** Tiles and panels of the products that the page knows, and the last result of each part of the run. */
function checkWork(run, found) {
  const { c, data } = run;
  run.products.forEach((product, number) => {
    const float = product.mode === "bf16", tiles = [...c.tile_product.keys()].filter((tile) => c.tile_product[tile] ===
      number);
    const across = Math.ceil(product.n / run.cols),
      down = Math.ceil(product.m / (float ? PHASES * run.rows : run.rows));
    found.number(`tiles of ${product.name}`, tiles.length, across * down, {});
    if (product.chunks === 1 && tiles.length) {
      const [first, last] = [c.tile_first[tiles[0]], c.tile_last[tiles.at(-1)]];
      const begins = c.panel_first.filter((cycle) => cycle >= first && cycle <= last);
      found.number(`weight panels of ${product.name}`, begins.length, across, {});
      begins.forEach((cycle, i) => found.number("first cycle of its weight panel", cycle, c.tile_first[tiles[i * down]] ??
        -1, { cycle, tile: tiles[i * down] }));
    }
    for (const tile of tiles) {
      const place = { cycle: c.tile_first[tile], tile };
      found.number("slices", c.tile_slices[tile], Math.ceil(product.k / run.depth), place);
      const mode = data.modes[run.mode(tile)]; // of bfloat16 with the format of the results
      found.number("mode", float ? mode.split(" ")[0] : mode, product.mode, place);
    }
  });
  c.tile_last.forEach((last, tile) => {
    const panel = lastAtMost(c.panel_first, last);
    const place = { cycle: last, tile };
    if (panel >= 0) found.number("mode of its weight panel", c.panel_mode[panel], run.mode(tile), place);
  });
  for (const { name, last } of data.parts) {
    const product = run.products.findIndex((known) => known.name === name);
    const ends = c.tile_sent.filter((cycle, tile) => product < 0 ? cycle < last : c.tile_product[tile] === product);
    found.number(`last result of ${name}, in cycle`, ends.length ? Math.max(...ends) + 1 : -1, last, {});
  }
}

/** Cycles by their cause, and beats, as the core's own counters and the host count them. */
function checkCounters(run, found) {
  const { data } = run, expected = data.counted, [first, stop] = run.active;
  if (!expected) return;
  const counts = run.causes.counts(first, stop), of = (...names) =>
    names.reduce((sum, name) => sum + counts[data.causes.indexOf(name)], 0);
  const all = run.causes.counts(0, run.cycles);
  found.number("cycles in reset", all[data.causes.indexOf("RESET")], data.timing.reset, {});
  found.number("first cycle", data.causes[run.causes.at(0)], "RESET", {});
  const moved = run.streams.map((lane) => lane.counts(0, run.cycles));
  const got = {
    cycles: stop - first,
    "slices issued": of("ISSUE"),
    "cycles waiting for weights": of("WEIGHTS"),
    "cycles waiting for activations": of("ACTIVATIONS"),
    "cycles waiting for space for results": of("RESULTS"),
    "cycles of padding": of("CHAIN", "TURN"),
    "cycles halted, in error or in reset": of("HALTED", "ERROR", "RESET"),
    "beats of weights": moved[0][1],
    "beats of activations": moved[1][1],
    "cycles in which the host withheld weights": moved[0][2],
    "cycles in which the host withheld activations": moved[1][2],
    "cycles in which the host accepted no results": moved[2][3],
  };
  for (const [name, value] of Object.entries(expected)) found.number(name, got[name], value, {});
}

function checkArray(run, found) {
  const { rows, cols, depth, c } = run, sums = new Map(); // the golden model's sums so far, by tile and phase
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
      if (known?.product.fields) {
        const bias = run.field(known, col, "bias");
        found.number("bias", run.rowValue(at, col, "row_bias"), float ? bias >>> 0 : bias, place);
      }
      if (run.stepsOf.has(at))(float ? checkFloat : checkInt8)(run, at, col, found, { ...place, cycle: c.row_left[
          at] });
    }
  }
}

/** Every step of the golden model from the sum to int8, from the recorded step before it; [name, got, expected] each. */
function int8Steps(run, row, col) {
  const s = (name) => run.step(row, col, name),
    mode = run.mode(run.c.row_tile[row]) & 3,
    fp = mode === FP32;
  const flag = (name) => (s("flags") & FLAGS[name] ? 1 : 0),
    steps = [];
  const step = (name, got, expected) => steps.push([name, got, expected]);
  step("x", s("x"), (run.rowValue(row, col) + run.rowValue(row, col, "row_bias")) | 0);
  step("rule", s("rule"), mode);
  if (fp) {
    const { a, b, right, negate } = fp32Factors(s("x"), s("multiplier"));
    step("first factor", s("a_high") * 65536 + s("a_low"), a);
    step("second factor", s("b"), b);
    step("places to shift right", s("right"), right);
    step("negate", s("negate"), negate);
  } else {
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
  if (!known?.product.fields) return;
  for (const name of ["multiplier", "shift", "zero_point", "low", "high"])
    found.number(name, run.step(row, col, name), run.field(known, col, name), place);
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
