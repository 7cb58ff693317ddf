// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0

const TRACKS = ["work", "weight panels", "tiles", "array", "stream w", "stream a", "stream m"];

/** The run in the JSON format of Chrome's trace viewer and Perfetto, as macrame/verify/trace_chrome.py writes it. */
function chromeTrace(run) {
  const { data, c } = run, events = [];
  const meta = (tid, name, args) => events.push({ ph: "M", pid: 1, tid, name, args });
  meta(0, "process_name", { name: `macrame ${data.core.shape}` });
  TRACKS.forEach((name, i) => {
    meta(i + 1, "thread_name", { name });
    meta(i + 1, "thread_sort_index", { sort_index: i + 1 });
  });
  const event = (track, name, first, stop, args) => {
    const made = { ph: "X", pid: 1, tid: TRACKS.indexOf(track) + 1, name, ts: first, dur: stop - first };
    events.push(args && Object.keys(args).length ? { ...made, args } : made);
  };
  for (const part of data.parts) event("work", part.name, part.first, part.stop, part.args);
  c.panel_number.forEach((number, i) =>
    event("weight panels", `panel ${number}`, c.panel_first[i], c.panel_stop[i],
      { mode: data.modes[c.panel_mode[i]] }));
  c.tile_first.forEach((first, tile) =>
    event("tiles", `tile ${tile}`, first, c.tile_last[tile] + 1, {
      slices: c.tile_slices[tile],
      mode: data.modes[run.mode(tile)],
      results_sent: c.tile_sent[tile],
    }));
  const lanes = [["array", run.causes, data.words.causes]];
  ["w", "a", "m"].forEach((name, i) => lanes.push([`stream ${name}`, run.streams[i], data.words.streams]));
  for (const [track, lane, words] of lanes)
    lane.values.forEach((value, i) => {
      if (words[value] !== null) event(track, words[value], lane.starts[i], lane.end(i));
    });
  return { traceEvents: events, displayTimeUnit: "ms", otherData: { unit: "1 us is one cycle" } };
}

/** A button that saves the run for Perfetto. */
function chromeButton(run) {
  const save = () => {
    const blob = new Blob([JSON.stringify(chromeTrace(run))], { type: "application/json" });
    const address = URL.createObjectURL(blob);
    html("a", { href: address, download: "trace.json" }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  };
  return html("p", { class: "save" }, html("button", { type: "button", onclick: save }, "Save for Perfetto"),
    html("span", { class: "soft" }, " layers, panels, tiles and stalls as trace.json, which ui.perfetto.dev opens"));
}
