// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0

/** An element: html("button", {type: "button", onclick}, "Play", ...). Null and undefined children are left out. */
function html(tag, attributes = {}, ...children) {
  return build(document.createElement(tag), attributes, children);
}

function svg(tag, attributes = {}, ...children) {
  return build(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
}

function build(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined));
  return element;
}

/** Buttons in a container as one stop of the tab key, at first `first`; arrow up and down go to the others. */
function rovingTab(container, buttons, first) {
  const choose = (chosen) => {
    for (const button of buttons) button.tabIndex = button === chosen ? 0 : -1;
  };
  choose(first);
  container.addEventListener("focusin", (event) => buttons.includes(event.target) && choose(event.target));
  container.addEventListener("keydown", (event) => {
    const step = { ArrowUp: -1, ArrowDown: 1 }[event.key],
      at = buttons.indexOf(event.target);
    if (!step || at < 0) return;
    event.preventDefault();
    buttons[at + step]?.focus();
  });
}

const count = (value) => value.toLocaleString("en-GB");
const percent = (part, whole) => (whole ? `${((100 * part) / whole).toFixed(1)} %` : "0 %");
/** A float with at most `digits` significant digits. */
const decimal = (number, digits) => Object.is(number, -0) ? "-0" :
  String(Number.isFinite(number) ? Number(number.toPrecision(digits)) : number);
const hex = (value, digits) => `0x${(value >>> 0).toString(16).padStart(digits, "0")}`;

/** A canvas as wide as its parent, sharp on any screen; returns its context in CSS pixels, cleared. */
function prepareCanvas(canvas, width, height) {
  const scale = Math.max(window.devicePixelRatio || 1, printing ? 2 : 1);
  canvas.width = Math.round(width * scale);
  canvas.height = Math.round(height * scale);
  canvas.style.aspectRatio = `${width} / ${height}`;
  const context = canvas.getContext("2d");
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

// --- colours -------------------------------------------------------------------------------------------------------

let printing = false; // print is always light

/** Whether the page is shown dark: the reader's choice, or else the system's. */
function isDark() {
  if (printing) return false;
  const chosen = document.documentElement.dataset.scheme;
  return chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
}

const THEMES = {
  light: {
    text: "#1b1f24",
    soft: "#59636e",
    line: "#c3ccd5",
    page: "#ffffff",
    shade: "#f1f4f7",
    mark: "#c2185b",
    a: "#0072b2",
    w: "#b04a00",
  },
  dark: {
    text: "#e6eaef",
    soft: "#a3adb8",
    line: "#48525d",
    page: "#14181d",
    shade: "#1e242b",
    mark: "#ff7fb0",
    a: "#6cc0f5",
    w: "#ffab5e",
  },
};

const theme = () => (isDark() ? THEMES.dark : THEMES.light);

// Okabe and Ito's colours, which differ for all kinds of colour blindness, each with a pattern of its own, so that they
// also differ in black and white.
const CAUSE_STYLES = {
  IDLE: { colour: ["#ffffff", "#14181d"], pattern: "none", text: "nothing to do" },
  ISSUE: { colour: ["#0072b2", "#3f9ad6"], pattern: "solid", text: "slice issued" },
  WEIGHTS: { colour: ["#e69f00", "#e69f00"], pattern: "up", text: "waiting for weights" },
  ACTIVATIONS: { colour: ["#56b4e9", "#9bd4f5"], pattern: "down", text: "waiting for activations" },
  RESULTS: { colour: ["#d55e00", "#f0813a"], pattern: "cross", text: "waiting for space for results" },
  CHAIN: { colour: ["#cc79a7", "#e09fc4"], pattern: "vertical", text: "waiting for the result chain (padding)" },
  TURN: { colour: ["#f0e442", "#f0e442"], pattern: "horizontal",
  text: "waiting for the turn of its sum (padding)" },
  ERROR: { colour: ["#000000", "#ffffff"], pattern: "solid", text: "error" },
  DRAIN: { colour: ["#c9d0d6", "#59636e"], pattern: "dots", text: "draining: results on their way" },
  HALTED: { colour: ["#6b6b6b", "#8f98a1"], pattern: "cross", text: "halted" },
  RESET: { colour: ["#e8e8e8", "#30373f"], pattern: "vertical", text: "reset" },
};
const STREAM_STYLES = [
  { colour: ["#ffffff", "#14181d"], pattern: "none", text: "idle" },
  { colour: ["#009e73", "#2fbf95"], pattern: "solid", text: "transfer" },
  { colour: ["#e69f00", "#e69f00"], pattern: "up", text: "stalled by its source" },
  { colour: ["#d55e00", "#f0813a"], pattern: "cross", text: "stalled by its sink" },
];

const colourOf = (style) => style.colour[isDark() ? 1 : 0];

const patterns = new Map();

/** A fill for a style: its colour with its pattern. */
function fillOf(context, style) {
  if (style.pattern === "solid" || style.pattern === "none") return colourOf(style);
  const key = `${style.pattern} ${colourOf(style)} ${isDark()}`;
  if (!patterns.has(key)) patterns.set(key, tile(style));
  return context.createPattern(patterns.get(key), "repeat");
}

function tile(style) {
  const size = 8,
    canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const context = canvas.getContext("2d");
  context.fillStyle = colourOf(style);
  context.fillRect(0, 0, size, size);
  const [r, g, b] = context.getImageData(0, 0, 1, 1).data;
  context.strokeStyle = context.fillStyle = luminance([r, g, b]) < 80 ? "#ffffff80" : isDark() ? "#00000099" :
    "#00000080";
  context.lineWidth = 1.5;
  const lines = {
    up: [[-2, 10, 10, -2], [-6, 6, 6, -6], [2, 14, 14, 2]],
    down: [[-2, -2, 10, 10], [2, -6, 14, 6], [-6, 2, 6, 14]],
    vertical: [[2, 0, 2, 8], [6, 0, 6, 8]],
    horizontal: [[0, 2, 8, 2], [0, 6, 8, 6]],
    dots: [],
  };
  lines.cross = [...lines.up, ...lines.down];
  context.beginPath();
  for (const [x, y, toX, toY] of lines[style.pattern]) {
    context.moveTo(x, y);
    context.lineTo(toX, toY);
  }
  context.stroke();
  if (style.pattern === "dots") {
    context.fillRect(1, 1, 2, 2);
    context.fillRect(5, 5, 2, 2);
  }
  return canvas;
}

/** A small sample of a style, for a legend. */
function swatch(style) {
  const canvas = html("canvas", { class: "swatch", "aria-hidden": "true" });
  const draw = () => {
    const context = prepareCanvas(canvas, 28, 14);
    context.fillStyle = fillOf(context, style);
    context.fillRect(0.5, 0.5, 27, 13);
    context.strokeStyle = theme().soft;
    context.strokeRect(0.5, 0.5, 27, 13);
  };
  redrawn.push(draw);
  draw();
  return canvas;
}

const redrawn = []; // what is drawn again after a change of colours

const mix = (from, to, part) => from.map((value, i) => Math.round(value + (to[i] - value) * part));
const rgb = ([r, g, b]) => `rgb(${r} ${g} ${b})`;
const SCALES = {
  light: { zero: [255, 255, 255], negative: [179, 88, 6], positive: [33, 102, 172], most: [8, 69, 148] },
  dark: { zero: [30, 36, 43], negative: [253, 174, 97], positive: [116, 185, 240], most: [116, 196, 255] },
};

/** A colour for a number from -1 to 1: orange, none, blue. */
function diverging(value) {
  const scale = SCALES[isDark() ? "dark" : "light"];
  return mix(scale.zero, value < 0 ? scale.negative : scale.positive, Math.min(1, Math.abs(value)));
}

/** A colour for a number from 0 to 1. */
function sequential(value) {
  const scale = SCALES[isDark() ? "dark" : "light"];
  return mix(scale.zero, scale.most, Math.min(1, Math.max(0, value)));
}

const luminance = ([r, g, b]) => 0.299 * r + 0.587 * g + 0.114 * b;

/** Black or white, whichever is readable on a colour. */
const inkOn = (colour) => (luminance(colour) > 115 ? "#111111" : "#ffffff");

/** Steps of 1, 2 or 5 times a power of ten: positions of about `most` ticks in a range, and of two or more. */
function ticks(first, stop, most) {
  const rough = Math.max(1, (stop - first) / Math.max(1, most)),
    power = 10 ** Math.floor(Math.log10(rough)),
    steps = [0.5, 1, 2, 5, 10].map((factor) => factor * power),
    wanted = steps.findIndex((value) => value >= rough);
  const multiples = (step) => {
    const found = [];
    for (let value = Math.ceil(first / step) * step; value <= stop; value += step) found.push(value);
    return found;
  };
  const found = multiples(steps[wanted]);
  return found.length > 1 || steps[wanted] <= 1 ? found : multiples(steps[wanted - 1]);
}
