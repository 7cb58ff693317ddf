// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0

const MOST_NAMES = 8; // points that the roofline names; more have numbers
const TEXT_SIZE = 13, NARROW_TEXT_SIZE = 20; // of 640 units, the width of the roofline

/** Points of the roofline: the whole run, then each kind of part once, whatever the number of inputs. */
function rooflinePoints(run, numbered = isNumbered(run)) {
  const [whole, ...others] = run.data.roofline.points, kinds = new Map();
  others.forEach((point, i) => {
    const part = run.data.parts[i], key = `${point.name} ${part.details}`;
    if (!kinds.has(key)) kinds.set(key, { name: point.name, macs: 0, bytes: 0, cycles: 0, parts: [] });
    const kind = kinds.get(key);
    for (const what of ["macs", "bytes", "cycles"]) kind[what] += point[what];
    kind.parts.push(part);
  });
  const found = [...kinds.values()];
  found.forEach((kind, i) => (kind.label = numbered ? String(i + 1) : kind.name));
  return [{ ...whole, label: whole.name, parts: [] }, ...found];
}

/** Whether parts have numbers instead of names: there are many, or on a narrow screen the names would overlap. */
function isNumbered(run) {
  if (run.isNumbered === undefined) {
    const points = rooflinePoints(run, false);
    run.isNumbered = points.length > MOST_NAMES + 1 || (points.length > 2 && // one part alone has no table
      rooflineLabels(points, rooflineScales(run, points), NARROW_TEXT_SIZE).some(({ fits }) => !fits));
  }
  return run.isNumbered;
}

/** Numbers in ascending order, neighbours as a range: "1–3, 7"; or names. */
function labelOf(points) {
  const runs = [];
  for (const { label } of points) {
    const last = runs.at(-1), number = Number(label);
    if (last && Number.isInteger(number) && number === last.to + 1) Object.assign(last, { to: number });
    else runs.push({ text: label, from: number, to: number });
  }
  return runs.map(({ text, from, to }) => to > from ? `${from}–${to}` : text).join(", ");
}

/**
 * Where the labels of points go: next to them, clear of other points and labels and, where possible, of lines.
 * `labels`: {x, y, text}; `points`: [x, y] of all; `lines`: [x, y, x, y] each; `box`: {left, right, top, bottom}.
 */
function placeLabels(labels, points, lines, box, size) {
  const context = document.createElement("canvas").getContext("2d"), placed = [];
  context.font = `${size}px system-ui, sans-serif`;
  const overlap = (a, b) => Math.max(0, Math.min(a.right, b.right) - Math.max(a.left, b.left)) *
    Math.max(0, Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top));
  const crossed = (at, [x, y, toX, toY]) => Array.from({ length: 41 }, (_, i) => i / 40).some((part) =>
    overlap(at, { left: x + part * (toX - x) - 1, right: x + part * (toX - x) + 1, top: y + part * (toY - y) - 1,
      bottom: y + part * (toY - y) + 1 }) > 0);
  const directions = [[1, 0], [-1, 0], [0, -1], [0, 1], [1, -1], [1, 1], [-1, -1], [-1, 1]];
  for (const { x, y, text } of labels) {
    const width = context.measureText(text).width + 2, height = size * 1.2;
    let best;
    for (const distance of [11, 18, 27, 38, 52, 70, 90, 115, 145])
      for (const [dx, dy] of directions) {
        const part = dx && dy ? 0.75 : 1, centreX = x + dx * (distance * part + width / 2),
          centreY = y + dy * (distance * part + height / 2);
        const at = { left: centreX - width / 2, right: centreX + width / 2, top: centreY - height / 2,
          bottom: centreY + height / 2 };
        let cost = distance + (dx < 0 ? 2 : 0) + (dy && dx ? 1 : 0);
        let fits = at.left >= box.left && at.right <= box.right && at.top >= box.top && at.bottom <= box.bottom;
        if (!fits) cost += 4000;
        for (const other of placed)
          if (overlap(at, other)) {
            cost += 1000 + overlap(at, other);
            fits = false;
          }
        const away = (px, py) => Math.hypot(Math.max(at.left - px, px - at.right, 0),
          Math.max(at.top - py, py - at.bottom, 0));
        for (const [px, py] of points) {
          if (overlap(at, { left: px - 8, right: px + 8, top: py - 8, bottom: py + 8 })) {
            cost += 300;
            fits = false;
          }
          if (Math.hypot(px - x, py - y) > 6 && away(px, py) < away(x, y) + 4) cost += 40; // it would seem to be theirs
        }
        cost += lines.filter((line) => crossed(at, line)).length * 25;
        if (!best || cost < best.cost) best = { ...at, x, y, text, cost, distance, fits };
      }
    placed.push(best);
  }
  return placed;
}

/** The roofline of a run; drawn again where the width of the window changes the size of its text. */
function roofline(run) {
  if (!run.data.roofline.points.length) return null;
  const narrow = matchMedia("(max-width: 500px)"), place = html("div");
  const draw = () => place.replaceChildren(rooflineFigure(run, narrow.matches ? NARROW_TEXT_SIZE : TEXT_SIZE));
  narrow.addEventListener("change", draw);
  draw();
  return place;
}

/** Where a roofline draws: its edges, the limits of its axes, and where on them a number is. */
function rooflineScales(run, points) {
  const { peak, bandwidth } = run.data.roofline;
  const width = 640,
    height = 386,
    left = 116,
    right = 24,
    top = 68,
    bottom = 68;
  const ridge = peak / bandwidth;
  const xs = [ridge, ...points.map((point) => point.macs / point.bytes)].filter((x) => x > 0);
  const ys = [peak, ...points.map((point) => point.macs / point.cycles)].filter((y) => y > 0);
  const low = (values) => 2 ** Math.floor(Math.log2(Math.min(...values)) - 1);
  const high = (values) => 2 ** Math.ceil(Math.log2(Math.max(...values)) + 1);
  const [x0, x1, y0, y1] = [low(xs), high(xs), low(ys), high(ys)];
  const x = (value) => left + (Math.log2(value / x0) / Math.log2(x1 / x0)) * (width - left - right);
  const y = (value) => height - bottom - (Math.log2(value / y0) / Math.log2(y1 / y0)) * (height - top - bottom);
  const corner = Math.max(x0, y0 / bandwidth);
  const roofs = [[x(corner), y(corner * bandwidth), x(ridge), y(peak)], [x(ridge), y(peak), x(x1), y(peak)]];
  return { width, height, left, right, top, bottom, ridge, x0, x1, y0, y1, x, y, roofs };
}

/** Points with multiply-accumulates, and where they are drawn. */
function drawnPoints(points, { x, y }) {
  return points.filter(({ macs }) => macs).map((point) => ({
    ...point,
    x: x(point.macs / point.bytes),
    y: y(point.macs / point.cycles),
  }));
}

/** The labels of points, placed; points on top of each other share one. */
function rooflineLabels(points, scales, size) {
  const groups = [], drawn = drawnPoints(points, scales);
  for (const point of drawn) {
    const same = groups.find(([other]) => other.parts.length && point.parts.length &&
      Math.hypot(other.x - point.x, other.y - point.y) < size * 0.6);
    if (same) same.push(point);
    else groups.push([point]);
  }
  const { left, top, width, right, height, bottom, roofs } = scales;
  return placeLabels(groups.map((group) => ({ x: group[0].x, y: group[0].y, text: labelOf(group) })),
    drawn.map((point) => [point.x, point.y]), roofs,
    { left: left + 2, right: width - 4, top: top + 2, bottom: height - bottom - 2 }, size);
}

/** MACs per cycle against MACs per byte on the streams, with the limits of array and streams. */
function rooflineFigure(run, size) {
  const { peak, bandwidth } = run.data.roofline, points = rooflinePoints(run), scales = rooflineScales(run, points);
  const { width, height, left, right, top, bottom, ridge, x0, x1, y0, y1, x, y, roofs } = scales;
  const number = (value) => Number.isInteger(value) ? count(value) :
    Number(value.toPrecision(3)).toLocaleString("en-GB", { maximumSignificantDigits: 3 });
  const macs = (value) => `${number(value)} ${value === 1 ? "MAC" : "MACs"}`;
  const figure = svg("svg", {
    viewBox: `0 0 ${width} ${height}`,
    role: "img",
    class: "roofline",
    "aria-label": `roofline, in MACs per cycle of at most ${peak}: ` +
      points.map((point) => `${point.name} ${number(point.macs / point.cycles)}`).join("; "),
    "font-size": size
  });
  const powers = (from, to, most) => {
    const found = [],
      step = Math.max(1, Math.ceil(Math.log2(to / from) / most));
    for (let power = Math.round(Math.log2(from)); 2 ** power <= to * 1.001; power += step) found.push(2 ** power);
    return found;
  };
  for (const value of powers(x0, x1, 5))
    figure.append(svg("line", { x1: x(value), x2: x(value), y1: top, y2: height - bottom, class: "grid" }),
      svg("text", { x: x(value), y: height - bottom + 27, "text-anchor": "middle" }, number(value)));
  for (const value of powers(y0, y1, 7))
    figure.append(svg("line", { x1: left, x2: width - right, y1: y(value), y2: y(value), class: "grid" }),
      svg("text", { x: left - 8, y: y(value) + 4, "text-anchor": "end" }, number(value)));
  figure.append(
    ...roofs.map(([fromX, fromY, toX, toY], i) => svg("polyline", { points: `${fromX},${fromY} ${toX},${toY}`,
      class: i ? "roof" : "roof streams" })),
    ...[[" streams", `limit of the streams: ${count(bandwidth)} bytes per cycle`],
      ["", `limit of the array: ${macs(peak)} per cycle`]
    ].flatMap(([kind, words], line) => [
      svg("polyline", { points: `${left},${16 + 26 * line} ${left + 44},${16 + 26 * line}`, class: `roof${kind}` }),
      svg("text", { x: left + 54, y: 21 + 26 * line }, words),
    ]),
    svg("text", { x: (left + width - right) / 2, y: height - 10, "text-anchor": "middle" },
      "MACs per byte on the streams"),
    svg("text", {
      x: 16,
      y: (top + height - bottom) / 2,
      "text-anchor": "middle",
      transform: `rotate(-90 16 ${(top + height - bottom) / 2})`
    }, "MACs per cycle"));
  for (const point of drawnPoints(points, scales)) {
    const words =
      `${point.name}: ${number(point.macs / point.cycles)} MACs per cycle, ` +
      `${number(point.macs / point.bytes)} MACs per byte`;
    figure.append(svg(point.parts.length ? "circle" : "path", point.parts.length ?
      { cx: point.x, cy: point.y, r: 4.5, class: "point layer" } :
      { d: `M${point.x} ${point.y - 8}l8 8l-8 8l-8 -8z`, class: "point" }, svg("title", {}, words)));
  }
  for (const at of rooflineLabels(points, scales, size)) {
    const centreX = (at.left + at.right) / 2,
      centreY = (at.top + at.bottom) / 2;
    if (at.distance > 11)
      figure.append(svg("line", { x1: at.x, y1: at.y, x2: Math.max(at.left, Math.min(at.x, at.right)),
        y2: Math.max(at.top, Math.min(at.y, at.bottom)), class: "leader" }));
    figure.append(svg("text", { x: centreX, y: centreY + size * 0.35, "text-anchor": "middle", class: "label" },
      at.text));
  }
  return html("figure", { class: "chart" }, figure, html("figcaption", {},
    `${points[0].name}: ${number(points[0].macs / points[0].cycles)} of at most ${macs(peak)} per cycle, with ` +
    `${number(points[0].macs / points[0].bytes)} per byte. Below ${number(ridge)} MACs per byte the streams ` +
    "are the limit, not the array." + (isNumbered(run) ? " The other points have the numbers of the " +
      "parts above." : "")
    ));
}

/** The parts of a run, such as the layers of a network, each with a bar; a button shows its cycles. */
function partsTable(run, state) {
  const parts = run.data.parts;
  if (parts.length < 2) return null;
  const longest = Math.max(...parts.map((part) => part.stop - part.first)),
    kinds = rooflinePoints(run).slice(1),
    numbered = isNumbered(run),
    inputs = [...new Set(parts.map((part) => part.args.input))],
    several = inputs.length > 1 && !inputs.includes(undefined);
  const row = (part) => {
    const cycles = part.stop - part.first,
      counts = run.causes.counts(part.first, part.stop),
      bar = html("canvas", { class: "bar", role: "img" });
    const shares = counts.map((value, i) => [value, run.data.causes[i]]).filter(([value]) => value);
    bar.setAttribute("aria-label", shares.map(([value, name]) =>
      `${CAUSE_STYLES[name].text} ${percent(value, cycles)}`).join(", "));
    const draw = () => {
      const context = prepareCanvas(bar, 200, 16),
        scale = 199 / longest;
      let x = 0;
      for (const [value, name] of shares.sort((a, b) => (b[1] === "ISSUE") - (a[1] === "ISSUE"))) {
        context.fillStyle = fillOf(context, CAUSE_STYLES[name]);
        context.fillRect(x, 0, value * scale, 16);
        x += value * scale;
      }
      context.strokeStyle = theme().soft;
      context.strokeRect(0.5, 0.5, Math.max(1, cycles * scale - 1), 15);
    };
    redrawn.push(draw);
    draw();
    const show = () => {
      state.timeline.show(part.first, part.stop);
      state.go(part.first);
    };
    const button = html("button", { type: "button", class: "link", "aria-label": run.partName(part), onclick: show },
      part.name);
    return html("tr", {}, html("th", { scope: "row" }, button),
      numbered ? html("td", { class: "number" }, kinds.find((kind) => kind.parts.includes(part))?.label ?? "–") : null,
      html("td", { class: "operation" }, part.details),
      html("td", { class: "number" }, count(cycles)),
      html("td", { class: "number" }, count(part.macs)),
      html("td", { class: "number" }, percent(part.macs, cycles * run.data.roofline.peak)), html("td", {}, bar));
  };
  const heads = ["part", ...(numbered ? ["no."] : []), "operation", "cycles", "MACs", "array used",
    "what the cycles were spent on"];
  const bodies = several ? inputs.map((input) => html("tbody", {},
    html("tr", { class: "input" }, html("th", { scope: "rowgroup", colspan: String(heads.length) }, `input ${input}`)),
    ...parts.filter((part) => part.args.input === input).map(row))) : [html("tbody", {}, ...parts.map(row))];
  const table = html("table", { class: "parts" },
    html("thead", {}, html("tr", {}, ...heads.map((name) =>
      html("th", { scope: "col", class: name === "operation" && name }, name)))), ...bodies);
  const buttons = [...table.querySelectorAll("button")];
  rovingTab(table, buttons, buttons[0]);
  return html("div", {},
    several ? html("p", { class: "soft" }, `The parts of ${count(inputs.length)} inputs, one after another. `) : null,
    html("div", { class: "scroll" }, table));
}
