// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0

/** MACs per cycle against MACs per byte on the streams, with the limits of array and streams. */
function roofline(data) {
  const { peak, bandwidth, points } = data.roofline;
  if (!points.length) return null;
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
  const number = (value) => Number.isInteger(value) ? count(value) :
    Number(value.toPrecision(3)).toLocaleString("en-GB", { maximumSignificantDigits: 3 });
  const macs = (value) => `${number(value)} ${value === 1 ? "MAC" : "MACs"}`;
  const figure = svg("svg", {
    viewBox: `0 0 ${width} ${height}`,
    role: "img",
    class: "roofline",
    "aria-label": `roofline, in MACs per cycle of at most ${peak}: ` +
      points.map((point) => `${point.name} ${number(point.macs / point.cycles)}`).join("; ")
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
  const corner = Math.max(x0, y0 / bandwidth);
  figure.append(
    svg("polyline", { points: `${x(corner)},${y(corner * bandwidth)} ${x(ridge)},${y(peak)}`, class: "roof streams" }),
    svg("polyline", { points: `${x(ridge)},${y(peak)} ${x(x1)},${y(peak)}`, class: "roof" }),
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
  const named = points.length <= 6,
    labels = [];
  points.forEach((point, i) => {
    if (!point.macs) return;
    const at = [x(point.macs / point.bytes), y(point.macs / point.cycles)],
      whole = i === 0;
    const words =
      `${point.name}: ${number(point.macs / point.cycles)} MACs per cycle, ` +
      `${number(point.macs / point.bytes)} MACs per byte`;
    figure.append(svg(whole ? "path" : "circle", whole ?
      { d: `M${at[0]} ${at[1] - 8}l8 8l-8 8l-8 -8z`, class: "point" } :
      { cx: at[0], cy: at[1], r: 4.5, class: "point layer" }, svg("title", {}, words)));
    if (whole || named) labels.push(svg("text", {
      x: at[0] + (at[0] > width - 170 ? -13 : 13),
      y: at[1] + 15 + (whole ? 0 : 12 * (i % 2)),
      "text-anchor": at[0] > width - 170 ? "end" : "start"
    }, point.name));
  });
  figure.append(...labels); // above all points
  return html("figure", { class: "chart" }, figure, html("figcaption", {},
    `${points[0].name}: ${number(points[0].macs / points[0].cycles)} of at most ${macs(peak)} per cycle, with ` +
    `${number(points[0].macs / points[0].bytes)} MACs per byte. Below ${number(ridge)} MACs per byte the streams ` +
    "are the limit, not the array."
    ));
}

/** The parts of a run, such as the layers of a network, each with a bar; a button shows its cycles. */
function partsTable(run, state) {
  const parts = run.data.parts;
  if (parts.length < 2) return null;
  const longest = Math.max(...parts.map((part) => part.stop - part.first));
  const rows = parts.map((part) => {
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
    return html("tr", {},
      html("th", { scope: "row" }, html("button", { type: "button", class: "link", onclick: show }, part.name)),
      html("td", {}, part.details), html("td", { class: "number" }, count(cycles)), html(
      "td", { class: "number" }, count(part.macs)),
      html("td", { class: "number" }, percent(part.macs, cycles * run.data.roofline.peak)), html("td", {}, bar));
  });
  return html("div", { class: "scroll" }, html("table", { class: "parts" },
    html("thead", {}, html("tr", {}, ...["part", "operation", "cycles", "MACs", "used",
      "what the cycles were spent on"].map((name) => html("th", { scope: "col" }, name)))),
    html("tbody", {}, ...rows)));
}
