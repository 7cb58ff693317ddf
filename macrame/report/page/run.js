// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0

/** What is shown: the cycle, the cell, the colouring; and everything that is drawn after a change. */
class State {
  constructor(run, comparison) {
    this.run = run;
    this.comparison = comparison;
    this.cycle = this.row = this.col = 0;
    this.colouring = "activity";
    this.said = "";
    this.pinned = false;
    this.playing = null;
    this.views = [];
    this.wrongCells = new Map(); // cycle: cells, by row * cols + col
    for (const { cycle, peRow, peCol } of comparison.mismatches) {
      if (peRow === undefined || peCol === undefined) continue;
      if (!this.wrongCells.has(cycle)) this.wrongCells.set(cycle, new Set());
      this.wrongCells.get(cycle).add(peRow * run.cols + peCol);
    }
  }

  wrongAt(row, col) {
    return this.wrongCells.get(this.cycle)?.has(row * this.run.cols + col) ?? false;
  }

  go(cycle) {
    this.cycle = Math.max(0, Math.min(this.run.cycles - 1, Math.round(cycle)));
    this.schedule();
  }

  /** To a cycle that the timeline shows too, however it is zoomed. */
  show(cycle) {
    this.go(cycle);
    this.timeline.follow(this.cycle);
  }

  select(row, col) {
    this.row = Math.max(0, Math.min(this.run.rows - 1, row));
    this.col = Math.max(0, Math.min(this.run.cols - 1, col));
    this.schedule();
  }

  /** Draw in the next frame, once however much changes until then. */
  schedule() {
    if (this.scheduled) return;
    this.scheduled = true;
    requestAnimationFrame(() => {
      this.scheduled = false;
      this.draw();
    });
  }

  draw() {
    for (const view of this.views) view.draw();
  }

  play(perSecond) {
    this.pause();
    this.playing = setInterval(() => {
      if (this.cycle >= this.run.cycles - 1) this.pause();
      else this.show(this.cycle + 1);
    }, 1000 / perSecond);
    this.schedule();
  }

  pause() {
    clearInterval(this.playing);
    this.playing = null;
    this.schedule();
  }
}

const KEYS = [
  ["← →", "one cycle back or forward; with Shift, ten"],
  ["Page Up, Page Down", "the previous or next cycle in which a slice enters the array"],
  ["Home, End", "the first or last cycle of the work"],
  ["Space", "play or pause"],
  ["+ − 0", "zoom in, out, the whole run"],
  ["C", "colour the cells by the next quantity"],
  ["arrow keys on the array", "another cell"],
  ["↑ ↓ on a cycle or part", "the previous or next one of the table"],
  ["Escape", "release the cell: the pointer selects again"],
];

/** The controls above the array. */
class Controls {
  constructor(run, state) {
    this.run = run;
    this.state = state;
    const button = (name, label, action) => html("button", { type: "button", "aria-label": label, title: label,
      onclick: action }, name);
    this.playButton = button("Play", "play", () => this.toggle());
    this.number = html("input", {
      type: "number",
      min: "0",
      max: String(run.cycles - 1),
      "aria-label": "cycle",
      onchange: (event) => {
        if (event.target.value) state.show(Number(event.target.value));
        event.target.value = String(state.cycle);
      }
    });
    this.speed = html("select", { "aria-label": "cycles per second", onchange: () => state.playing && state.play(
          this.rate) },
      ...[1, 2, 5, 10, 25].map((value) => html("option", { value: String(value), selected: value === 5 },
        `${value} cycles/s`)));
    this.slider = html("input", {
      type: "range",
      min: "0",
      max: String(run.cycles - 1),
      step: "1",
      class: "scrubber",
      "aria-label": "cycle",
      oninput: (event) => state.show(Number(event.target.value))
    });
    this.colouring = html("select", {
      "aria-label": "colour of the cells",
      onchange: (event) => {
        state.colouring = event.target.value;
        state.schedule();
      }
    }, ...Object.entries(COLOURINGS).map(([value, text]) => html("option", { value }, text)));
    this.element = html("div", { class: "controls" },
      html("span", { class: "group" },
        button("|◀", "first cycle of the work", () => state.show(run.active[0])),
        button("◀", "one cycle back", () => state.show(state.cycle - 1)), this.playButton,
        button("▶", "one cycle forward", () => state.show(state.cycle + 1)),
        button("▶|", "last cycle of the work", () => state.show(run.active[1] - 1))),
      html("label", { class: "group" }, "cycle ", this.number), this.speed,
      html("label", { class: "group" }, "colour: ", this.colouring), this.slider);
  }

  get rate() {
    return Number(this.speed.value);
  }

  toggle() {
    if (this.state.playing) this.state.pause();
    else this.state.play(this.rate);
  }

  draw() {
    const { state } = this;
    this.playButton.textContent = state.playing ? "Pause" : "Play";
    this.playButton.setAttribute("aria-label", state.playing ? "pause" : "play");
    if (document.activeElement !== this.number) this.number.value = String(state.cycle);
    this.slider.value = String(state.cycle);
    this.colouring.value = state.colouring;
  }
}

/** What the colours of the cells mean. */
class ArrayLegend {
  constructor(run, state, array) {
    Object.assign(this, { run, state, array });
    this.element = html("p", { class: "legend soft" });
  }

  draw() {
    const { state } = this, bars = !this.array.legible, key = `${state.colouring} ${isDark()} ${bars}`;
    if (this.drawn === key) return;
    this.drawn = key;
    const sample = (colour, pattern = "solid", bar = false) => {
      const style = { colour: [rgb(colour), rgb(colour)], pattern };
      const canvas = html("canvas", { class: "swatch", "aria-hidden": "true" }),
        context = prepareCanvas(canvas, 28, 14);
      context.fillStyle = fillOf(context, style);
      context.fillRect(0.5, 0.5, 27, 13);
      context.fillStyle = inkOn(colour);
      if (bar) context.fillRect(7, 6.5, 14, 1);
      context.strokeStyle = theme().soft;
      context.strokeRect(0.5, 0.5, 27, 13);
      return canvas;
    };
    const entries = {
      activity: [
        [sequential(0.85), "multiplies, all products differ from 0"], [sequential(0.25), "all products are 0"],
        [sequential(0.12), "padding only", "up"], [sequential(0.2), "adds", "dots"], [sequential(0), "nothing new"],
      ],
      value: [[diverging(-1), `−${this.limit()}`, "solid", bars], [diverging(-0.5), "negative", "solid", bars],
        [diverging(0), "0"],
        [diverging(0.5), "positive"], [diverging(1), `${this.limit()}, logarithmic`]],
      toggles: [[sequential(0), "none"], [sequential(0.5), "half"], [sequential(1),
        `all ${this.run.cellBits} bits of products and accumulator`]],
    } [state.colouring];
    this.element.replaceChildren(...entries.flatMap(([colour, text, pattern, bar]) => [
      html("span", { class: "entry" }, sample(colour, pattern, bar), ` ${text}`), " "]));
  }

  limit() {
    return Number(this.array.largest().toPrecision(3)).toLocaleString("en-GB");
  }
}

/** What the run's cycles were spent on: also the legend of the timeline. */
function utilisation(run) {
  const [first, stop] = run.active, total = stop - first;
  const rows = run.causes.counts(first, stop).map((cycles, i) => [cycles, CAUSE_STYLES[run.data.causes[i]]]).filter(([
    cycles]) => cycles);
  rows.sort((a, b) => (b[1] === CAUSE_STYLES.ISSUE) - (a[1] === CAUSE_STYLES.ISSUE) || b[0] - a[0]);
  const states = run.streams.map((lane) => lane.counts(first, stop));
  const heads = (names) => html("thead", {}, html("tr", {}, ...names.map((name) => html("th", { scope: "col" },
    name))));
  const scroll = (table) => html("div", { class: "scroll" }, table);
  return html("div", { class: "tables" },
    scroll(html("table", {}, html("caption", {}, `The array in cycles ${count(first)} to ${count(stop - 1)}`),
      heads(["", "spent on", "cycles", "share"]),
      html("tbody", {}, ...rows.map(([cycles, style]) => html("tr", {}, html("td", {}, swatch(style)), html(
        "td", { class: "words" }, style.text),
        html("td", { class: "number" }, count(cycles)), html("td", { class: "number" }, percent(cycles,
          total))))))),
    scroll(html("table", {}, html("caption", {}, "The streams in these cycles"), heads(["", "", "weights",
        "activations", "results"]),
      html("tbody", {}, ...[1, 2, 3, 0].map((kind) => html("tr", {}, html("td", {}, swatch(STREAM_STYLES[kind])),
        html("td", { class: "words" }, STREAM_STYLES[kind].text),
        ...states.map((counts) => html("td", { class: "number" }, count(counts[kind])))))))));
}

const MISMATCHES = { row: "sum that left the array", bias: "bias", x: "sum with its bias", q: "int8 result" };
/** Numbers that are no floats, also where the tile is bfloat16. */
const INTEGERS = ["slices", "mode", "random"];

/** What differs and both numbers, in words: a float with its bits, a step of the rounding as such. */
function writtenMismatch(run, { what, got, expected, tile, row }) {
  const plain = ["operand a", "operand w", "product", "sum", "row", "bias", "result", "slices", "mode"];
  const step = tile !== undefined && row !== undefined && !plain.includes(what) && !(what in MISMATCHES);
  const float = tile !== undefined && run.isFloat(tile) && !INTEGERS.includes(what);
  const narrow = what.startsWith("operand") || (["y", "result"].includes(what) && run.mode(tile) & 3);
  const number = (value) => typeof value === "string" ? value : float ?
    `${decimal(floatOf(narrow ? value * 65536 : value), 9)} (${hex(value, narrow ? 4 : 8)})` : count(value);
  return { what: MISMATCHES[what] ?? (step ? `step "${what}" of the rounding` : what), got: number(got),
    expected: number(expected) };
}

/** What the self-check found, with a button for each mismatch. */
function checked(run, state, comparison) {
  const { compared, wrong } = comparison, sorted = comparison.sorted();
  const element = html("div", { class: "self-check", role: "status" });
  if (!compared) {
    element.append(html("p", {}, "Self-check: no numbers of cells are recorded."));
    return element;
  }
  element.dataset.compared = compared;
  element.dataset.wrong = wrong;
  const against = run.products.length ? "from the operands that the host sent" : "from the recorded operands";
  if (!wrong) {
    element.append(html("p", { class: "passed" },
      `Self-check: this page recomputed the golden model ${against}; all ${count(compared)} recorded numbers match.`));
    return element;
  }
  const shown = sorted.slice(0, 10).map((found) => {
    const { what, got, expected } = writtenMismatch(run, found);
    if (found.cycle === undefined) return html("li", {}, `${what}: ${got}, expected ${expected}`);
    const where = [["tile", found.tile], ["row", found.row], ["column", found.col], ["k", found.k]]
      .filter(([, value]) => value !== undefined).map(([name, value]) => `${name} ${value}`).join(", ");
    const go = () => {
      state.select(found.peRow ?? state.row, found.peCol ?? state.col);
      state.pinned = true;
      state.go(found.cycle);
      state.timeline.follow(found.cycle);
    };
    return html("li", {}, html("button", { type: "button", class: "link", onclick: go },
        `cycle ${count(found.cycle)}`),
      `: ${what}${where ? ` of ${where}` : ""} is ${got}, expected ${expected}`);
  });
  element.append(html("p", { class: "failed" },
      `Self-check: ${count(wrong)} of ${count(compared)} recorded numbers differ from the golden model, recomputed ` +
      `${against}. The first by cycle:`
      ),
    html("ul", {}, ...shown));
  return element;
}

/** Light, dark, or as the system. */
function schemeSwitch(redraw) {
  const choose = (event) => {
    if (event.target.value) document.documentElement.dataset.scheme = event.target.value;
    else delete document.documentElement.dataset.scheme;
    document.dispatchEvent(new Event("scheme")); // also for the other runs on the page
  };
  const select = html("select", { "aria-label": "colour scheme", onchange: choose },
    html("option", { value: "" }, "as the system"), html("option", { value: "light" }, "light"), html(
    "option", { value: "dark" }, "dark"));
  document.addEventListener("scheme", () => {
    select.value = document.documentElement.dataset.scheme ?? "";
    redraw();
  });
  return html("label", { class: "scheme" }, "Colours: ", select);
}

function keyboard(event, run, state, controls) {
  const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && event.target.type !== "range";
  if (event.ctrlKey || event.metaKey || event.altKey || typing) return;
  const onArray = event.target === state.array.canvas,
    step = event.shiftKey ? 10 : 1;
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const issue = (direction) => {
    let cycle = state.cycle + direction;
    const wanted = run.data.causes.indexOf("ISSUE");
    while (cycle > 0 && cycle < run.cycles - 1 && run.causes.at(cycle) !== wanted) cycle += direction;
    if (run.causes.at(cycle) === wanted) state.go(cycle);
  };
  const moves = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
  const actions = {
    ArrowLeft: () => state.go(state.cycle - step),
    ArrowRight: () => state.go(state.cycle + step),
    PageUp: () => issue(-1),
    PageDown: () => issue(1),
    Home: () => state.go(run.active[0]),
    End: () => state.go(run.active[1] - 1),
    " ": () => event.target.tagName !== "BUTTON" && event.target.tagName !== "SUMMARY" && controls.toggle(),
    "+": () => state.timeline.zoom(0.5),
    "=": () => state.timeline.zoom(0.5),
    "-": () => state.timeline.zoom(2),
    0: () => state.timeline.show(0, run.cycles),
    Escape: () => {
      state.pinned = false;
    },
    c: () => {
      const names = Object.keys(COLOURINGS);
      state.colouring = names[(names.indexOf(state.colouring) + 1) % names.length];
      state.schedule();
    },
  };
  if (onArray && key in moves) {
    state.pinned = true;
    state.select(state.row + moves[key][0], state.col + moves[key][1]);
  } else if (key in actions) {
    if (actions[key]() === false) return;
    state.timeline.follow(state.cycle);
  } else return;
  event.preventDefault();
}

/** The run in the data that macrame/verify/trace_page.py made, and what its self-check found. */
async function readRun(data) {
  const columns = await decodeColumns(data.columns);
  const products = await Promise.all(data.products.map(async (product) => ({
    ...product,
    ...(await decodeColumns(product.columns)),
    fields: product.fields && (await decodeColumns(product.fields)),
  })));
  const run = new Run(data, columns, products);
  return [run, selfCheck(run)];
}

/** Show a run in an element. */
async function startRun(element, data) {
  const [run, comparison] = await readRun(data), state = new State(run, comparison);
  const redraw = () => {
    for (const draw of redrawn) draw();
    state.draw();
  };
  const timeline = (state.timeline = new Timeline(run, state)),
    details = new Details(run, state);
  const array = (state.array = new ArrayView(run, state)),
    controls = new Controls(run, state);
  const zoomButton = (name, label, action) => html("button", { type: "button", "aria-label": label, title: label,
    onclick: action }, name);
  const roof = roofline(run),
    parts = partsTable(run, state),
    spoken = html("p", { class: "unseen", "aria-live": "polite" });
  state.views = [details, timeline, controls, array, new ArrayLegend(run, state, array), {
    draw: () => {
      if (!state.playing) spoken.textContent = state.said;
    }
  }];
  const legend = state.views[4];
  /** A section whose heading is printed on the same page as `first`. */
  const section = (title, first, ...rest) => html("section", {},
    html("div", { class: "kept" }, html("h2", {}, title), ...first), ...rest);
  const cells = section(`The array, cycle by cycle: ${data.core.name}`,
    [controls.element, html("div", { class: "array-box" }, array.canvas, legend.element)], details.element);
  cells.classList.add("side-by-side");
  element.classList.add("run");
  element.replaceChildren(...[
    schemeSwitch(redraw),
    checked(run, state, comparison),
    cells,
    section("The whole run", [html("p", { class: "zoom" }, html("span", { class: "soft" },
          "Click or drag to select a cycle, drag with Shift to zoom. "),
        zoomButton("+", "zoom in", () => timeline.zoom(0.5)), zoomButton("−", "zoom out", () => timeline.zoom(
          2)),
        zoomButton("all", "the whole run", () => timeline.show(0, run.cycles)),
        zoomButton("work", "from the first input to the last result", () => timeline.show(...run.active))),
      html("div", { class: "timeline-box" }, timeline.canvas)], utilisation(run), chromeButton(run)),
    parts && section("Parts of the run", [], parts), roof && section("Roofline", [roof]),
    html("details", { class: "keys" }, html("summary", {}, "Keys"), html("dl", {}, ...KEYS.flatMap(([key, does]) => [
      html("dt", {}, key), html("dd", {}, does)]))),
    spoken,
  ].filter((part) => part !== null));
  element.addEventListener("keydown", (event) => keyboard(event, run, state, controls));
  for (const name of ["pointerdown", "focusin"]) element.addEventListener(name, () => (macrame.state = state));
  document.addEventListener("keydown", (event) => { // nothing has the focus: the run that was used last
    if (event.target === document.body && macrame.state === state) keyboard(event, run, state, controls);
  });
  new ResizeObserver(() => state.schedule()).observe(element);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", redraw);
  window.addEventListener("beforeprint", () => {
    printing = true;
    redraw();
  });
  window.addEventListener("afterprint", () => {
    printing = false;
    redraw();
  });
  const wrong = comparison.sorted()[0],
    [first, stop] = run.active,
    margin = Math.ceil((stop - first) / 40);
  timeline.first = Math.max(0, first - margin);
  timeline.stop = Math.max(timeline.first + Math.min(8, run.cycles), Math.min(run.cycles, stop + margin));
  if (data.start || wrong?.cycle !== undefined) {
    const [cycle, row, col] = data.start ?? [wrong.cycle, wrong.peRow ?? 0, wrong.peCol ?? 0];
    state.pinned = true;
    state.row = Math.max(0, row);
    state.col = Math.max(0, col);
    state.cycle = cycle;
  } else state.cycle = run.sumCycles.length ? run.sumCycles[0] : first;
  state.draw();
  linkMatrices(run, state, element);
  element.dataset.ready = "true";
  const above = macrame.element; // of several runs on a page, keys act on the first, until another one is used
  if (!above || element.compareDocumentPosition(above) & Node.DOCUMENT_POSITION_FOLLOWING)
    Object.assign(macrame, { element, state });
}

macrame.golden = { bf16Mul, fp32Add, fp32ToBf16, requantize, mul34x32, roundProduct, shiftRightNarrow };
macrame.chromeTrace = async (data) => chromeTrace((await readRun(data))[0]);
macrame.check = async (data) => {
  const [, { compared, wrong }] = await readRun(data);
  return [compared, wrong];
};
macrame.run = startRun;
