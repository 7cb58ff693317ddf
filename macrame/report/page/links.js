// SPDX-FileCopyrightText: 2026 macrame contributors
// SPDX-License-Identifier: Apache-2.0

/** Show a result [i, j] of a product: its cell, in the cycle that completes its sum. */
function goToResult(run, state, element, product, i, j) {
  const { c } = run;
  const tile = c.tile_product.findIndex((number, at) => number === product &&
    i >= c.tile_i[at] && i < c.tile_i[at] + run.height(at) && j >= c.tile_j[at] && j < c.tile_j[at] + run.cols);
  if (tile < 0) return;
  const row = i - c.tile_i[tile],
    [peRow, phase] = run.isFloat(tile) ? [Math.floor(row / PHASES), row % PHASES] : [row, 0];
  const last = run.beatOf.get(run.key(tile, c.tile_slices[tile] - 1, phase)),
    summed = last === undefined ? -1 : c.beat_sum_cycle[last];
  macrame.state = state;
  state.pinned = true;
  state.select(peRow, j - c.tile_j[tile]);
  state.go(summed < 0 ? c.tile_last[tile] : summed);
  state.timeline.follow(state.cycle);
  element.querySelector(".controls").scrollIntoView({ block: "start" });
  state.array.canvas.focus({ preventScroll: true });
}

/** Link each matrix of the report that is a product of this run to the cells that computed it. */
function linkMatrices(run, state, element) {
  for (const matrix of document.querySelectorAll("math[data-product]")) {
    const product = run.products.findIndex((found) => found.name === matrix.dataset.product);
    if (product < 0 || matrix.classList.contains("linked")) continue;
    matrix.classList.add("linked");
    const go = (i, j) => goToResult(run, state, element, product, i, j);
    for (const cell of matrix.querySelectorAll("mtd[data-result]"))
      cell.addEventListener("click", () => go(...cell.dataset.result.split(" ").map(Number)));
    matrix.after(html("button", { type: "button", class: "link to-array", onclick: () => go(0, 0) },
      "show in the array"));
  }
}
