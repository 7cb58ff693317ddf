// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0

/**
 * The whole run over its cycles: tiles, what the array did, and the three streams. Zooms; a click or a drag sets
 * the cycle.
 */
class Timeline {
  constructor(run, state) {
    this.run = run;
    this.state = state;
    this.first = 0;
    this.stop = run.cycles;
    this.canvas = html("canvas", {
      class: "timeline",
      tabindex: "0",
      role: "slider",
      "aria-label": "cycle, over what the array and the streams did",
      "aria-valuemin": "0",
      "aria-valuemax": String(run.cycles - 1),
    });
    const causes = run.data.causes.map((name) => CAUSE_STYLES[name]);
    this.lanes = [
      { name: "tiles", short: "tiles", height: 18, draw: this.drawTiles },
      { name: "array", short: "array", height: 52, lane: run.causes, styles: causes, draw: this.drawShares },
      ...[["weights in", "w in"], ["activations in", "a in"], ["results out", "out"]].map(([name, short], i) => ({
        name,
        short,
        height: 26,
        lane: run.streams[i],
        styles: STREAM_STYLES,
        draw: this.drawWave,
      })),
    ];
    this.canvas.addEventListener("pointerdown", (event) => this.press(event));
    this.canvas.addEventListener("pointermove", (event) => this.move(event));
    this.canvas.addEventListener("pointerup", (event) => this.release(event));
    this.canvas.addEventListener("pointercancel", () => (this.drag = null));
    this.canvas.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  get gutter() {
    return this.width < 500 ? 48 : 104;
  }

  x(cycle) {
    return this.gutter + ((cycle - this.first) / (this.stop - this.first)) * (this.width - this.gutter - 8);
  }

  cycleAt(x) {
    const part = (x - this.gutter) / (this.width - this.gutter - 8);
    const cycle = Math.floor(this.first + part * (this.stop - this.first));
    return Math.max(0, Math.min(this.run.cycles - 1, cycle));
  }

  // --- zooming -----------------------------------------------------------------------------------------------------

  show(first, stop) {
    const least = Math.min(8, this.run.cycles),
      length = Math.max(least, Math.min(this.run.cycles, stop - first));
    this.first = Math.max(0, Math.min(first, this.run.cycles - length));
    this.stop = this.first + length;
    this.draw();
  }

  /** Show `factor` times as many cycles, with `cycle` where it is. */
  zoom(factor, cycle = this.state.cycle) {
    const inside = cycle >= this.first && cycle <= this.stop;
    const centre = inside ? cycle : (this.first + this.stop) / 2;
    const length = Math.max(8, (this.stop - this.first) * factor);
    const part = (centre - this.first) / (this.stop - this.first);
    this.show(centre - part * length, centre + (1 - part) * length);
  }

  follow(cycle) {
    const length = this.stop - this.first;
    if (cycle < this.first || cycle >= this.stop) this.show(cycle - length / 2, cycle + length / 2);
  }

  wheel(event) {
    if (!event.ctrlKey && !event.metaKey && Math.abs(event.deltaX) <= Math.abs(event.deltaY)) return;
    event.preventDefault();
    const length = this.stop - this.first;
    if (event.ctrlKey || event.metaKey) this.zoom(event.deltaY > 0 ? 1.25 : 0.8, this.cycleAt(event.offsetX));
    else this.show(this.first + (event.deltaX / this.width) * length, this.stop + (event.deltaX / this.width) *
      length);
  }

  // --- pointer -----------------------------------------------------------------------------------------------------

  press(event) {
    this.canvas.setPointerCapture(event.pointerId);
    this.drag = { from: event.offsetX, zooming: event.shiftKey };
    if (!event.shiftKey) this.state.go(this.cycleAt(event.offsetX));
  }

  move(event) {
    if (!this.drag) return;
    this.drag.to = event.offsetX;
    if (this.drag.zooming) this.draw();
    else this.state.go(this.cycleAt(event.offsetX));
  }

  release() {
    const drag = this.drag;
    this.drag = null;
    if (!drag?.zooming || drag.to === undefined) return;
    const [from, to] = [drag.from, drag.to].map((x) => this.cycleAt(x)).sort((a, b) => a - b);
    if (to > from) this.show(from, to + 1);
  }

  // --- drawing -----------------------------------------------------------------------------------------------------

  draw() {
    const began = performance.now();
    this.width = Math.max(280, this.canvas.parentElement.clientWidth);
    const height = this.lanes.reduce((sum, lane) => sum + lane.height + 7, 0) + 46;
    const context = prepareCanvas(this.canvas, this.width, height),
      colours = theme();
    context.font = `${this.width < 500 ? 11 : 12}px system-ui, sans-serif`;
    context.textBaseline = "middle";
    let top = 6;
    for (const lane of this.lanes) {
      context.fillStyle = colours.text;
      context.textAlign = "right";
      context.fillText(this.width < 500 ? lane.short : lane.name, this.gutter - 8, top + lane.height / 2);
      lane.draw.call(this, context, lane, top);
      context.strokeStyle = colours.line;
      context.strokeRect(this.gutter - 0.5, top - 0.5, this.width - this.gutter - 7, lane.height + 1);
      top += lane.height + 7;
    }
    this.drawAxis(context, top);
    this.drawMarks(context, top);
    this.canvas.dataset.milliseconds = (performance.now() - began).toFixed(1);
    this.canvas.setAttribute("aria-valuenow", String(this.state.cycle));
    this.canvas.setAttribute("aria-valuetext", this.state.said);
  }

  drawAxis(context, top) {
    const colours = theme();
    context.fillStyle = context.strokeStyle = colours.text;
    context.textAlign = "center";
    for (const cycle of ticks(this.first, this.stop, (this.width - this.gutter) / 90)) {
      const x = Math.round(this.x(cycle)) + 0.5;
      context.beginPath();
      context.moveTo(x, top - 4);
      context.lineTo(x, top + 2);
      context.stroke();
      const half = context.measureText(count(cycle)).width / 2;
      context.fillText(count(cycle), Math.max(this.gutter + half, Math.min(x, this.width - half - 1)), top + 10);
    }
    context.textAlign = "right";
    context.fillText("cycle", this.gutter - 8, top + 10);
  }

  drawMarks(context, top) {
    const colours = theme(),
      [first, stop] = this.run.window;
    if (this.run.beats && stop > this.first && first < this.stop) {
      const from = Math.max(this.gutter, this.x(first)),
        to = Math.min(this.width - 8, this.x(stop));
      context.fillStyle = colours.soft;
      context.fillRect(from, top + 21, Math.max(2, to - from), 3);
      context.textAlign = to - from > 250 ? "center" : from < this.width / 2 ? "left" : "right";
      const x = { center: (from + to) / 2, left: from, right: to } [context.textAlign];
      context.fillText("numbers of all cells", x, top + 32);
    }
    const x = this.x(this.state.cycle),
      width = Math.max(2, this.x(this.state.cycle + 1) - x);
    if (x >= this.gutter - 1 && x <= this.width - 7) {
      context.fillStyle = colours.mark;
      context.globalAlpha = width > 4 ? 0.3 : 1;
      context.fillRect(x, 2, width, top - 6);
      context.globalAlpha = 1;
      context.fillRect(x, 2, 2, top - 6);
    }
    if (this.drag?.zooming && this.drag.to !== undefined) {
      context.fillStyle = colours.mark;
      context.globalAlpha = 0.25;
      const [from, to] = [this.drag.from, this.drag.to].sort((a, b) => a - b);
      context.fillRect(from, 2, to - from, top - 6);
      context.globalAlpha = 1;
    }
  }

  drawTiles(context, lane, top) {
    const { tile_first, tile_last } = this.run.c, colours = theme();
    let drawn = -Infinity;
    for (let tile = 0; tile < tile_first.length; tile++) {
      if (tile_last[tile] + 1 < this.first || tile_first[tile] > this.stop) continue;
      const x = Math.max(this.gutter, this.x(tile_first[tile])),
        end = Math.min(this.width - 8, this.x(tile_last[tile] + 1));
      if (end - drawn < 0.7) continue; // on a pixel that has one already
      drawn = end;
      context.fillStyle = tile % 2 ? colours.line : colours.shade;
      context.fillRect(x, top, Math.max(0.7, end - x), lane.height);
      const text = String(tile);
      if (end - x > context.measureText(text).width + 4) {
        context.fillStyle = colours.text;
        context.textAlign = "center";
        context.fillText(text, (x + end) / 2, top + lane.height / 2 + 1);
      }
    }
  }

  /** Cycles as blocks; where several share a pixel, the share of each kind. */
  drawShares(context, { lane, styles, height }, top, heightOf = () => height) {
    const fills = styles.map((style) => fillOf(context, style)),
      right = this.width - 8;
    const perPixel = (this.stop - this.first) / (right - this.gutter);
    if (perPixel < 1) {
      for (let run = lane.run(Math.floor(this.first)); run < lane.starts.length && lane.starts[run] < this
        .stop; run++) {
        const x = Math.max(this.gutter, this.x(lane.starts[run])),
          end = Math.min(right, this.x(lane.end(run)));
        const tall = heightOf(lane.values[run]);
        context.fillStyle = fills[lane.values[run]];
        context.fillRect(x, top + height - tall, end - x, tall);
      }
      return;
    }
    let before = lane.counts(0, Math.round(this.first));
    for (let x = this.gutter; x < right; x++) {
      const stop = Math.round(this.first + (x + 1 - this.gutter) * perPixel);
      const until = lane.counts(0, stop),
        total = until.reduce((sum, value, i) => sum + value - before[i], 0);
      let y = top + height;
      for (const kind of this.order(styles)) {
        const share = (until[kind] - before[kind]) / Math.max(1, total);
        if (!share) continue;
        const part = Math.min(y - top, Math.max(1, share * height)); // rare, but visible
        context.fillStyle = fills[kind];
        context.fillRect(x, y - part, 1, part);
        y -= part;
      }
      before = until;
    }
  }

  /** From the bottom: what is useful, then the rest, nothing at last. */
  order(styles) {
    return styles.map((_, i) => i).filter((i) => styles[i].pattern !== "none");
  }

  /** A stream as a waveform: high while it transfers, a hatched block of half the height while it is stalled. */
  drawWave(context, lane, top) {
    const height = (state) => [0, lane.height - 3, (lane.height * 3) / 5, (lane.height * 3) / 5][state];
    this.drawShares(context, lane, top, height);
    const cycle = this.x(1) - this.x(0);
    if (cycle < 4) return;
    const colours = theme(),
      stop = Math.min(this.run.cycles, Math.ceil(this.stop));
    context.strokeStyle = colours.text;
    context.beginPath();
    for (let at = Math.floor(this.first); at < stop; at++) {
      const x = Math.max(this.gutter, this.x(at)),
        end = Math.min(this.width - 8, this.x(at + 1));
      const y = top + lane.height - Math.max(1, height(lane.lane.at(at)));
      if (at === Math.floor(this.first)) context.moveTo(x, y);
      context.lineTo(x, y);
      context.lineTo(end, y);
      if (lane.lane.at(at) === 1) { // between two beats
        context.moveTo(end, top + lane.height);
        context.lineTo(end, y);
      }
    }
    context.stroke();
  }
}
