// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0

const COLOURINGS = {
  activity: "activity",
  value: "value of the accumulator",
  toggles: "bits that toggle",
};

const bitsSet = (value) => {
  let found = 0;
  for (let rest = value >>> 0; rest; rest &= rest - 1) found++;
  return found;
};

/** The array in one cycle: operands at its edges, products and sums in its cells, the row that leaves below it. */
class ArrayView {
  constructor(run, state) {
    this.run = run;
    this.state = state;
    this.canvas = html("canvas", {
      class: "array",
      tabindex: "0",
      role: "application", // it takes keys, which a picture does not
      "aria-roledescription": "grid of cells",
      "aria-label": `array of ${run.rows} x ${run.cols} cells; the arrow keys choose a cell`,
    });
    this.canvas.addEventListener("pointermove", (event) => {
      if (event.pointerType === "mouse" && !this.state.pinned) this.choose(event);
    });
    this.canvas.addEventListener("pointerdown", (event) => {
      const before = this.state.pinned ? [this.state.row, this.state.col] : [];
      const found = this.choose(event); // a second click lets go of the cell
      this.state.pinned = found && (before[0] !== this.state.row || before[1] !== this.state.col);
    });
  }

  choose(event) {
    const rect = this.canvas.getBoundingClientRect(),
      scale = this.width / rect.width;
    const col = Math.floor(((event.clientX - rect.left) * scale - this.left) / this.cell);
    const row = Math.floor(((event.clientY - rect.top) * scale - this.top) / this.high);
    if (row < 0 || col < 0 || row >= this.run.rows || col >= this.run.cols) return false;
    if (row !== this.state.row || col !== this.state.col) this.state.select(row, col);
    return true;
  }

  /** What a value is written as; floats short. */
  text(value, float) {
    if (!float) return String(value);
    const number = floatOf(value);
    if (number === 0 || !Number.isFinite(number)) return decimal(number, 3);
    const size = Math.abs(number);
    return size >= 1e5 || size < 1e-3 ? number.toExponential(1) : decimal(number, 3);
  }

  /** The same of an operand: int8, or bits of bfloat16. */
  operandText(value, float) {
    return this.text(float ? value * 65536 : value, float);
  }

  layout() {
    const { rows, cols, depth } = this.run, available = Math.max(260, this.canvas.parentElement.clientWidth);
    this.left = depth > 1 && available > 400 ? 92 : 66;
    this.cell = Math.max(6, Math.min(112, Math.floor((available - this.left - 6) / cols)));
    this.high = Math.min(this.cell, depth > 1 ? 76 : 62);
    if (this.high * rows > 640) this.high = Math.max(6, Math.floor(640 / rows));
    this.top = 44;
    this.below = 66;
    this.width = Math.max(this.left + this.cell * cols + 6, this.left + 150); // the title of the weights, in full
    this.height = this.top + this.high * rows + this.below;
  }

  draw() {
    this.layout();
    const { run, state } = this, { rows, cols } = run, cycle = state.cycle, colours = theme();
    const context = prepareCanvas(this.canvas, this.width, this.height);
    this.canvas.style.width = `${this.width}px`;
    const operands = run.operandsAt.get(cycle),
      products = run.productsAt.get(cycle),
      sums = run.sumsAt.get(cycle);
    context.font = "12px system-ui, sans-serif";
    context.textBaseline = "middle";
    this.drawOperands(context, operands);
    const held = run.newestSum(cycle),
      most = state.colouring === "value" ? this.largest() : 0;
    for (let row = 0; row < rows; row++)
      for (let col = 0; col < cols; col++)
        this.drawCell(context, row, col, { operands, products, sums, held, most });
    if (operands !== undefined) this.drawBuses(context);
    this.drawLeaving(context);
    const x = this.left + state.col * this.cell,
      y = this.top + state.row * this.high;
    context.lineWidth = 3;
    context.strokeStyle = colours.mark;
    context.strokeRect(x + 1.5, y + 1.5, this.cell - 3, this.high - 3);
    context.lineWidth = 1;
  }

  drawOperands(context, beat) {
    const { run } = this, { rows, cols, depth } = run, colours = theme(), float = beat !== undefined && run.isFloat(
      run.c.beat_tile[beat]);
    context.fillStyle = colours.w;
    context.textAlign = "left";
    context.fillText("weights w, by column ↓", this.left, 8);
    context.fillStyle = colours.a;
    context.textAlign = "right";
    context.fillText(this.left < 90 ? "a →" : "a, by row →", this.left - 6, 26);
    for (let row = 0; row < rows; row++) {
      const y = this.top + row * this.high,
        values = [];
      for (let d = 0; beat !== undefined && d < depth; d++) values.push(this.operandText(run.a(beat, row, d),
        float));
      this.drawOperand(context, values, 2, y + 2, this.left - 10, this.high - 4, colours.a);
    }
    for (let col = 0; col < cols; col++) {
      const values = [];
      for (let d = 0; beat !== undefined && d < depth; d++) values.push(this.operandText(run.w(beat, col, d),
        float));
      this.drawOperand(context, values, this.left + col * this.cell + 2, 17, this.cell - 4, this.top - 24, colours
        .w);
    }
  }

  /** A register of DEPTH operands, full or empty. */
  drawOperand(context, values, x, y, width, height, colour) {
    if (width < 3 || height < 3) return;
    context.strokeStyle = values.length ? colour : theme().line;
    context.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1);
    if (!values.length) return;
    context.fillStyle = colour;
    context.globalAlpha = 0.18;
    context.fillRect(x, y, width, height);
    context.globalAlpha = 1;
    this.fitted(context, values.join(" "), x, y, width, height, theme().text);
  }

  /** Text in a box: in one line, in several, or only that there is some. */
  fitted(context, text, x, y, width, height, colour, size = 12) {
    if (height < 9) return;
    context.fillStyle = colour;
    context.textAlign = "center";
    for (const points of [size, 10, 9, 8, 0]) {
      if (!points) {
        context.fillText("…", x + width / 2, y + height / 2);
        break;
      }
      context.font = `${points}px system-ui, sans-serif`;
      const lines = [];
      for (const word of text.split(" ")) {
        const longer = lines.length ? `${lines.at(-1)} ${word}` : word;
        if (lines.length && context.measureText(longer).width <= width - 3) lines[lines.length - 1] = longer;
        else lines.push(word);
      }
      if (lines.length * (points + 1) > height || lines.some((line) => context.measureText(line).width > width - 2))
        continue;
      lines.forEach((line, i) =>
        context.fillText(line, x + width / 2, y + height / 2 + (i - (lines.length - 1) / 2) * (points + 1) + 0.5));
      break;
    }
    context.font = "12px system-ui, sans-serif";
  }

  /** Each operand reaches all cells of its row or column in the same cycle. */
  drawBuses(context) {
    const { rows, cols } = this.run, colours = theme();
    context.lineWidth = 1.5;
    for (let row = 0; row < rows; row++) this.arrow(context, this.left - 8, this.top + (row + 0.5) * this.high, 1,
      0, colours.a);
    for (let col = 0; col < cols; col++) this.arrow(context, this.left + (col + 0.5) * this.cell, this.top - 7, 0,
      1, colours.w);
    context.lineWidth = 1;
    context.globalAlpha = 0.55;
    context.fillStyle = colours.a;
    for (let row = 0; row < rows; row++) context.fillRect(this.left, this.top + row * this.high, this.cell * cols,
      1.5);
    context.fillStyle = colours.w;
    for (let col = 0; col < cols; col++) context.fillRect(this.left + col * this.cell, this.top, 1.5, this.high *
      rows);
    context.globalAlpha = 1;
  }

  arrow(context, x, y, dx, dy, colour) {
    context.fillStyle = colour;
    context.beginPath();
    context.moveTo(x + 7 * dx, y + 7 * dy);
    context.lineTo(x + 4 * dy, y + 4 * dx);
    context.lineTo(x - 4 * dy, y - 4 * dx);
    context.fill();
  }

  largest() {
    if (this.most === undefined) {
      this.most = 1;
      const { run } = this;
      for (let beat = 0; beat < run.beats; beat++) {
        const float = run.isFloat(run.c.beat_tile[beat]);
        for (let at = beat * run.cells; at < (beat + 1) * run.cells; at++) {
          const size = Math.abs(float ? floatOf(run.c.sums[at]) : run.c.sums[at] | 0);
          if (size > this.most && Number.isFinite(size)) this.most = size;
        }
      }
    }
    return this.most;
  }

  /** [colour, pattern or null] of a cell, by the chosen colouring. */
  cellColour(row, col, at) {
    const { run, state } = this, none = SCALES[isDark() ? "dark" : "light"].zero;
    const { products, sums, held } = at, float = (beat) => run.isFloat(run.c.beat_tile[beat]);
    if (state.colouring === "value") {
      if (held < 0) return [none, null];
      const sum = run.sum(held, row, col),
        value = float(held) ? floatOf(sum) : sum;
      if (Number.isNaN(value)) return [none, "up"];
      return [diverging((Math.sign(value) * Math.log1p(Math.abs(value))) / Math.log1p(at.most)), null];
    }
    if (state.colouring === "toggles") return [sequential(this.toggles(row, col, at) / run.cellBits), null];
    if (products === undefined) return [sums === undefined ? none : sequential(0.2), sums === undefined ? null : "dots"];
    let useful = 0,
      padding = true;
    for (let d = 0; d < run.depth; d++) {
      const tile = run.c.beat_tile[products],
        k = run.c.beat_slice[products] * run.depth + d;
      padding &&= run.isPadding(tile, run.rowInTile(products, row), col, k);
      const product = run.product(products, row, col, d);
      useful += (float(products) ? floatOf(product) : product) !== 0 ? 1 : 0; // -0 is 0 too
    }
    return [sequential(padding ? 0.12 : 0.25 + (0.6 * useful) / run.depth), padding ? "up" : null];
  }

  /** Bits of a cell's product and sum registers that differ from those of the beat before. */
  toggles(row, col, { products, sums }) {
    const { run } = this;
    let found = 0;
    if (products > 0)
      for (let d = 0; d < run.depth; d++)
        found += bitsSet((run.product(products, row, col, d) ^ run.product(products - 1, row, col, d)) & (run.wide ?
          ~0 : 0xffff));
    if (sums > 0) found += bitsSet(run.sum(sums, row, col) ^ run.sum(sums - 1, row, col));
    return found;
  }

  drawCell(context, row, col, at) {
    const { run, state } = this, x = this.left + col * this.cell, y = this.top + row * this.high, colours = theme();
    const [colour, pattern] = this.cellColour(row, col, at), ink = inkOn(colour);
    context.fillStyle = fillOf(context, { colour: [rgb(colour), rgb(colour)], pattern: pattern ?? "solid" });
    context.fillRect(x, y, this.cell - 1, this.high - 1);
    context.strokeStyle = colours.line;
    context.strokeRect(x + 0.5, y + 0.5, this.cell - 1, this.high - 1);
    const wrong = this.state.wrongAt(row, col);
    if (wrong) {
      context.strokeStyle = colours.mark;
      context.lineWidth = 2;
      context.beginPath();
      context.moveTo(x + 3, y + 3);
      context.lineTo(x + this.cell - 4, y + this.high - 4);
      context.moveTo(x + this.cell - 4, y + 3);
      context.lineTo(x + 3, y + this.high - 4);
      context.stroke();
      context.lineWidth = 1;
    }
    if (!this.legible) {
      if (state.colouring === "value" && at.held >= 0 && this.negative(at.held, row, col)) {
        context.fillStyle = ink;
        context.fillRect(x + this.cell / 4, y + this.high / 2 - 0.5, this.cell / 2, 1);
      }
      return;
    }
    const half = Math.floor(this.high / 2),
      float = (beat) => run.isFloat(run.c.beat_tile[beat]);
    if (at.products !== undefined) {
      const values = Array.from({ length: run.depth }, (_, d) => this.text(run.product(at.products, row, col, d),
        float(at.products)));
      this.fitted(context, values.join(" "), x + 3, y + 2, this.cell - 6, half - 2, ink, 11);
    }
    if (at.held >= 0) {
      context.globalAlpha = at.sums === undefined ? 0.8 : 1;
      this.fitted(context, this.text(run.sum(at.held, row, col), float(at.held)), x + 3, y + half, this.cell - 6,
        half - 2, ink, 13);
      context.globalAlpha = 1;
    }
  }

  /** Whether the cells are large enough for their numbers; if not, a bar marks a negative one. */
  get legible() {
    return this.cell >= 22;
  }

  negative(beat, row, col) {
    const sum = this.run.sum(beat, row, col);
    return this.run.isFloat(this.run.c.beat_tile[beat]) ? sum >>> 31 === 1 : sum < 0;
  }

  /** The row that leaves the array, and the row of results that is complete, in this cycle. */
  drawLeaving(context) {
    const { run, state } = this, colours = theme(), y = this.top + this.high * run.rows;
    const row = run.rowAt.get(state.cycle);
    let left = run.leftAt.get(state.cycle);
    if (left === undefined && row !== undefined && run.c.row_left[row] < 0) left = row;
    const lines = [
      ["sums", row, (at, col) => run.rowValue(at, col)],
      ["result", left, (at, col) => run.result(at, col)],
    ];
    lines.forEach(([name, at, value], line) => {
      const top = y + 8 + line * 29;
      context.textAlign = "right";
      context.fillStyle = colours.soft;
      context.fillText(at === undefined ? name : `${name} ${run.c.row_row[at]}`, this.left - 6, top + 12);
      for (let col = 0; col < run.cols; col++) {
        const x = this.left + col * this.cell;
        context.strokeStyle = at === undefined ? colours.line : colours.text;
        if (this.cell > 3) context.strokeRect(x + 1.5, top + 0.5, this.cell - 3, 24);
        if (at === undefined) continue;
        const found = value(at, col),
          tile = run.c.row_tile[at];
        if (found === undefined) continue;
        const narrow = run.isFloat(tile) && line && run.mode(tile) & 3;
        const text = this.text(narrow ? found * 65536 : found, run.isFloat(tile));
        if (this.cell < 22) {
          context.fillStyle = colours.soft;
          context.fillRect(x + 3, top + 3, this.cell - 6, 18);
        } else this.fitted(context, text, x + 1, top, this.cell - 2, 25, colours.text);
      }
    });
  }
}
