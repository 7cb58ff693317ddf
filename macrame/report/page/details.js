// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0

/** Everything about the chosen cell in the cycle shown: its registers, the whole sum, the way to the result. */
class Details {
  constructor(run, state) {
    this.run = run;
    this.state = state;
    this.element = html("div", { class: "details" });
  }

  /** A number as it is recorded: an integer, or a float with its bits. */
  number(value, float, digits = 8) {
    if (value === undefined) return "not recorded";
    if (!float) return value.toLocaleString("en-GB");
    const number = floatOf(digits === 4 ? value * 65536 : value);
    return `${decimal(number, 9)} (${hex(value, digits)})`;
  }

  /** A number as it is shown: of a float, a narrow screen may show six digits instead of all and its bits. */
  shown(text) {
    const [number, bits] = text.split(" (");
    if (!bits) return [text];
    const brief = decimal(Number(number), 6);
    return [html("span", { class: "exact" }, `${number} (${bits}`), html("span", { class: "brief" }, brief)];
  }

  /** A cell for a number with the golden model's next to it; `brief`: a float that is equal is not repeated. */
  compared(got, expected, float, digits = 8, brief = false) {
    const text = this.number(got, float, digits);
    if (expected === undefined || got === undefined) return [html("td", {}, text), html("td", { class: "golden" }, "–")];
    const same = got === expected;
    const sign = (same ? "=" : "≠") + (float ? "\u00a0" : " "); // a float may be wrapped before its bits
    return [
      html("td", { class: [same ? "" : "wrong", float ? "float" : ""].join(" ") }, this.shown(text)),
      html("td", { class: ["golden", same ? "same" : "wrong", float ? "float" : ""].join(" ") },
        brief && same && float ? "=" : same ? ["=", html("span", { class: "repeated" }, sign.slice(1) + text)] :
        sign + this.number(expected, float, digits)),
    ];
  }

  /** The beat to explain: of the sums in this cycle, or else of the products, operands, latest sums or operands. */
  beat() {
    const { run } = this, { cycle } = this.state;
    for (const found of [run.sumsAt, run.productsAt, run.operandsAt])
      if (found.has(cycle)) return found.get(cycle);
    const newest = run.newestSum(cycle);
    if (newest >= 0 || !run.isRecorded(cycle)) return newest;
    return run.c.beat_operand_cycle.findLastIndex((received) => received >= 0 && received <= cycle); // no sum yet
  }

  draw() {
    const { run, state } = this, { row, col, cycle } = state, cause = run.data.causes[run.causes.at(cycle)];
    const inside = run.isRecorded(cycle);
    const parts = [
      html("h3", {}, `Cell: row ${row}, column ${col}`),
      html("p", { class: "soft" }, `cycle ${count(cycle)}: ${CAUSE_STYLES[cause].text}${run.partWords(cycle)}`),
    ];
    const beat = this.beat();
    if (beat < 0 || !inside) {
      const [first, stop] = run.window;
      const why = inside ? "No operands are recorded up to this cycle." :
        `The numbers of the cells are recorded in cycles ${count(first)} to ${count(stop - 1)} only.`;
      parts.push(html("p", {}, why));
    } else {
      parts.push(this.registers(), this.whole(beat), ...this.output(run.c.beat_tile[beat], run.rowInTile(beat,
        row)));
    }
    const open = [...this.element.querySelectorAll("details")].map((part) => part.open);
    const focused = this.element.contains(document.activeElement) ? document.activeElement.dataset.cycle : undefined;
    this.element.replaceChildren(...parts);
    this.oneTabStop();
    [...this.element.querySelectorAll("details")].forEach((part, i) => (part.open = open[i] ?? part.open));
    const current = this.element.querySelector("tr.current"),
      box = current?.closest(".scroll-y");
    if (box) box.scrollTop = Math.max(0, current.offsetTop - box.clientHeight / 2);
    if (focused !== undefined) this.focusCycle(focused);
    state.said = this.spoken(beat, cause);
  }

  /** The cycles of the sum are one stop of the tab key: the current one; the arrow keys go to the others. */
  oneTabStop() {
    const all = [...this.element.querySelectorAll(".scroll-y [data-cycle]")];
    if (!all.length) return;
    rovingTab(all[0].closest(".scroll-y"), all, all.find((button) => button.closest("tr.current")) ?? all[0]);
  }

  /** Focus the button of a cycle again, after everything was drawn anew; or else the one tab stop. */
  focusCycle(cycle) {
    const found = this.element.querySelector(`.scroll-y [data-cycle="${cycle}"]`) ??
      this.element.querySelector(`[data-cycle="${cycle}"], .scroll-y [data-cycle][tabindex="0"]`);
    if (!found) return this.state.timeline.canvas.focus({ preventScroll: true });
    found.focus({ preventScroll: true });
  }

  /** One sentence for a screen reader. */
  spoken(beat, cause) {
    const { run, state } = this;
    const begin = `cycle ${state.cycle}, ${CAUSE_STYLES[cause].text}${run.partWords(state.cycle)}; ` +
      `row ${state.row}, column ${state.col}`;
    if (beat < 0) return begin;
    const float = run.isFloat(run.c.beat_tile[beat]),
      { depth } = run,
      parts = [];
    for (let d = 0; d < depth; d++) {
      const k = run.c.beat_slice[beat] * depth + d;
      const [a, w] = [run.a(beat, state.row, d), run.w(beat, state.col, d)];
      parts.push(`k ${k}: a ${float ? floatOf(a * 65536) : a}, w ${float ? floatOf(w * 65536) : w}`);
    }
    const sum = run.sum(beat, state.row, state.col);
    return `${begin}: ${parts.join("; ")}; accumulator ${float ? floatOf(sum) : sum}`;
  }

  /** What the cell's registers hold in this cycle, stage by stage. */
  registers() {
    const { run, state } = this, { row, col, cycle } = state, body = html("tbody");
    const line = (stage, beat, cells) => body.append(html("tr", {}, html("th", { scope: "row" }, stage),
      html("td", {}, beat === undefined ? "–" : String(run.c.beat_tile[beat])), ...cells));
    const empty = () => [html("td", {}, "–"), html("td", { colspan: "2" }, "nothing new")];
    for (let d = 0; d < run.depth; d++) {
      const beat = run.operandsAt.get(cycle),
        suffix = run.depth > 1 ? ` ${d}` : "";
      if (beat === undefined) {
        line(`operands${suffix}`, beat, empty());
        continue;
      }
      const tile = run.c.beat_tile[beat],
        float = run.isFloat(tile),
        k = run.c.beat_slice[beat] * run.depth + d;
      const host = run.hostOperands(tile, run.rowInTile(beat, row), col, k),
        digits = 4;
      const a = run.a(beat, row, d),
        w = run.w(beat, col, d),
        same = !host || (host[0] === a && host[1] === w);
      line(`operands${suffix}`, beat, [
        html("td", {}, String(k)),
        html("td", { class: [same ? "" : "wrong", float ? "float" : ""].join(" ") },
          `a ${this.number(a, float, digits)}, w ${this.number(w, float, digits)}`),
        html("td", { class: same ? "same" : "wrong" }, !host ? "–" : same ? "=" :
          `≠ a ${this.number(host[0], float, digits)}, w ${this.number(host[1], float, digits)}`),
      ]);
    }
    for (let d = 0; d < run.depth; d++) {
      const beat = run.productsAt.get(cycle),
        suffix = run.depth > 1 ? ` ${d}` : "";
      if (beat === undefined) {
        line(`product${suffix}`, beat, empty());
        continue;
      }
      const tile = run.c.beat_tile[beat],
        k = run.c.beat_slice[beat] * run.depth + d,
        float = run.isFloat(tile);
      line(`product${suffix}`, beat, [html("td", {}, String(k)),
        ...this.compared(run.product(beat, row, col, d), this.goldenProduct(beat, d), float)]);
    }
    const beat = run.sumsAt.get(cycle);
    if (beat === undefined) line("accumulator", beat, empty());
    else {
      const tile = run.c.beat_tile[beat],
        golden = run.goldenSums(tile, run.rowInTile(beat, row), col);
      const k = run.c.beat_slice[beat] * run.depth;
      line("accumulator", beat, [html("td", {}, run.depth > 1 ? `${k}–${k + run.depth - 1}` : String(k)),
        ...this.compared(run.sum(beat, row, col), golden?.[run.c.beat_slice[beat]], run.isFloat(tile))]);
    }
    return html("div", { class: "scroll" }, html("table", { class: "registers" },
      html("caption", {}, "Registers of this cell in this cycle"),
      html("thead", {}, html("tr", {}, ...["register", "tile", "k", "recorded", "golden"].map((name) => html(
        "th", { scope: "col" }, name)))),
      body));
  }

  goldenProduct(beat, d) {
    const { run, state } = this, tile = run.c.beat_tile[beat], float = run.isFloat(tile);
    const k = run.c.beat_slice[beat] * run.depth + d;
    const [a, w] = run.hostOperands(tile, run.rowInTile(beat, state.row), state.col, k) ?? [run.a(beat, state.row,
      d), run.w(beat, state.col, d)];
    return float ? bf16Mul(a, w) : a * w + 0; // no -0
  }

  /** The slices of a beat's sum, with what the cell and golden have for each k, and whether they differ. */
  slices(beat) {
    const { run, state } = this, { row, col } = state, tile = run.c.beat_tile[beat];
    const inTile = run.rowInTile(beat, row), golden = run.goldenSums(tile, inTile, col);
    const differ = (got, expected) => got !== undefined && expected !== undefined && got !== expected;
    const found = [];
    for (const at of run.chain(tile, run.c.beat_phase[beat])) {
      for (let d = 0; d < run.depth; d++) {
        const last = d === run.depth - 1;
        const sum = last && run.c.beat_sum_cycle[at] >= 0 ? run.sum(at, row, col) : undefined;
        const product = run.product(at, row, col, d), expected = this.goldenProduct(at, d);
        const goldenSum = last ? golden?.[run.c.beat_slice[at]] : undefined;
        const wrong = differ(product, expected) || differ(sum, goldenSum);
        found.push({ at, d, k: run.c.beat_slice[at] * run.depth + d, last, product, expected, sum, goldenSum, wrong });
      }
    }
    return found;
  }

  /** Which rows of a long sum are drawn: both ends, those around the current one, and the first that differ. */
  chosen(slices, beat) {
    if (this.all || slices.length <= LONG_SUM) return slices.map((_, i) => i);
    const current = slices.findIndex(({ at }) => at === beat);
    let wrong = 0;
    return slices.map((_, i) => i).filter((i) => i < 4 || i >= slices.length - 4 || Math.abs(i - current) <= 20 ||
      (slices[i].wrong && wrong++ < 16));
  }

  /** The sum that a beat belongs to, for every k. */
  whole(beat) {
    const { run, state } = this, { row, col } = state, tile = run.c.beat_tile[beat], float = run.isFloat(tile);
    const inTile = run.rowInTile(beat, row),
      slices = this.slices(beat),
      chosen = this.chosen(slices, beat),
      body = html("tbody");
    let next = 0;
    for (const i of chosen) {
      if (i > next) body.append(html("tr", { class: "gap" }, html("td", { colspan: "8" }, `… ${count(i - next)} more`)));
      next = i + 1;
      const { at, d, k, last, product, expected, sum, goldenSum } = slices[i];
      const padding = run.isPadding(tile, inTile, col, k);
      body.append(html("tr", { class: [at === beat ? "current" : "", padding ? "padding" : ""].join(" ") },
        html("td", {}, String(k)),
        html("td", { class: float && "float" }, this.shown(this.number(run.a(at, row, d), float, 4))),
        html("td", { class: float && "float" }, this.shown(this.number(run.w(at, col, d), float, 4))),
        ...this.compared(product, expected, float, 8, true),
        ...(last ? this.compared(sum, goldenSum, float, 8, true) : [html("td"), html("td", { class: "golden" })]),
        html("td", {}, last ? this.jump(run.c.beat_sum_cycle[at]) : "")));
    }
    const place = run.place(tile),
      equal = !slices.some(({ wrong }) => wrong),
      where = place ? `result [${place.row + inTile}, ${place.col + col}] of ${place.product.name}, ` : "";
    const padding = run.isPadding(tile, inTile, col) ? "; padding only" : "";
    const hasButtons = slices.some(({ at }) => run.c.beat_sum_cycle[at] >= 0); // which the tab key reaches
    const showAll = () => {
      this.all = true;
      this.draw();
    };
    return html("details", { open: true },
      html("summary", {}, `The whole sum: ${where}tile ${tile}, row ${inTile}, column ${col}${padding}`),
      equal ? html("p", { class: "soft narrow" }, "The golden model has the same products and sums.") : null,
      chosen.length < slices.length ? html("button", { type: "button", class: "link all-slices", onclick: showAll },
        `Show all ${count(slices.length)} products`) : null,
      html("div", { class: "scroll scroll-y", tabindex: hasButtons ? null : "0" }, html("table", { class: equal && "equal" },
        html("thead", {}, html("tr", {}, ...["k", "a", "w", "product", "golden", "accumulator", "golden",
            "cycle"]
          .map((name) => html("th", { scope: "col", class: name === "golden" && name }, name)))),
        body)));
  }

  /** A cycle as a button that goes there. */
  jump(cycle) {
    if (cycle < 0) return "–";
    const go = () => {
      this.state.go(cycle);
      this.state.timeline.follow(cycle);
    };
    return html("button", { type: "button", class: "link", "data-cycle": cycle, onclick: go }, count(cycle));
  }

  /** From the sum to the result, step by step. */
  output(tile, inTile) {
    const { run, state } = this, { col } = state, float = run.isFloat(tile);
    const row = run.rowOf.get(tile * 4 * run.rows + inTile);
    if (row === undefined) return [];
    const body = html("tbody"),
      digits = float && run.mode(tile) & 3 ? 4 : 8;
    const line = (name, meaning, cells) => body.append(html("tr", {}, html("th", { scope: "row" }, name), html(
    "td", {}, meaning), ...cells));
    const golden = run.goldenSums(tile, inTile, col)?.at(-1);
    line("sum", html("span", {}, "leaves the array in cycle ", this.jump(run.c.row_cycle[row])), this.compared(run
      .rowValue(row, col), golden, float));
    const fields = run.place(tile)?.product.fields,
      at = (run.place(tile)?.col ?? 0) + col;
    const padding = run.isPadding(tile, inTile, col);
    const bias = fields && !padding ? (float ? fields.bias[at] >>> 0 : fields.bias[at]) : undefined;
    line("bias", "of the column", this.compared(run.rowValue(row, col, "row_bias"), bias, float));
    if (run.stepsOf.has(row)) {
      const steps = float ? floatSteps(run, row, col) : int8Steps(run, row, col);
      const meanings = float ? FLOAT_MEANINGS : INT8_MEANINGS[run.mode(tile) & 3];
      for (const [name, got, expected] of steps) {
        if (!(name in meanings)) continue;
        const wide = typeof got === "bigint",
          bits = float && name !== "y";
        line(name, meanings[name], this.compared(got, expected, bits || float, name === "y" ? digits : 8));
        if (wide) body.lastElementChild.classList.add("wide");
      }
    }
    const random = float ? run.step(row, col, "random") : 0;
    const expected = golden === undefined ? undefined : run.goldenResult(tile, inTile, col, golden, random);
    const left = run.c.row_left[row] >= 0 ? run.c.row_left[row] : run.c.row_cycle[row];
    line("result", html("span", {}, "complete in cycle ", this.jump(left)), this.compared(run.result(row, col),
      expected, float, digits));
    body.lastElementChild.classList.add("current");
    return [html("details", { open: true },
      html("summary", {}, `From the sum to the result, mode ${run.data.modes[run.mode(tile)]}`),
      html("div", { class: "scroll" }, html("table", { class: "steps" },
        html("thead", {}, html("tr", {}, ...["step", "meaning", "recorded", "golden"].map((name) => html(
        "th", { scope: "col" }, name)))),
        body)))];
  }
}

/** Sums of more products are drawn in part, unless the reader asks for all of them. */
const LONG_SUM = 64;

const SHARED_MEANINGS = {
  x: "sum + bias",
  v: "y shifted right, rounded down",
  guard: "first bit shifted out",
  extra: "bit that rounding y may add",
  sticky: "whether lower bits shifted out are set",
  increment: "1 to round up",
  sum: "v + increment + zero point",
  "at least low": "max(sum, low)",
  q: "min(that, high): the int8 result",
};
const INTEGER_MEANINGS = {
  ...SHARED_MEANINGS,
  "first factor": "x shifted left",
  "second factor": "multiplier",
  product: "of both factors, 64 bits",
  y: "product / 2³¹, rounded down",
  up: "1 to round y up",
  "places to shift right": "of the column",
};
const INT8_MEANINGS = {
  1: { ...INTEGER_MEANINGS, tie: "whether a tie is rounded up: away from zero" },
  2: { ...INTEGER_MEANINGS, tie: "whether a tie is rounded up: always" },
  3: {
    ...SHARED_MEANINGS,
    "first factor": "x as a significand, rounded to 24 bits",
    "second factor": "the multiplier's significand",
    "places to shift right": "of both exponents, 0 to 31",
    negate: "whether the product is negative",
    product: "of the significands, 64 bits",
    y: "product rounded to 24 significant bits",
    up: "1 to round y up",
    tie: "whether a tie is rounded up: to even",
  },
};
const FLOAT_MEANINGS = {
  biased: "sum + bias, rounded to nearest even",
  rectified: "after ReLU, if the panel has one",
  y: "in the format of the results",
};
