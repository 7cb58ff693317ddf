# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The page of a run, in a real browser: what it shows is what the trace has, and what golden expects."""

import collections
import dataclasses
import io
import itertools
import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from macrame import paths
from macrame.contract import CoreConfig
from macrame.errors import CoreError, InputError
from macrame.files import trace_file
from macrame.golden.arith.bf16_mul import bf16_mul
from macrame.golden.arith.fp32_add import fp32_add
from macrame.golden.arith.fp32_to_bf16 import fp32_to_bf16
from macrame.golden.arith.requantize import requantize
from macrame.homework.plots import figure
from macrame.report import blocks, run_page
from macrame.report.html_writer import Html
from macrame.report.numbers import plain
from macrame.sim.link import SimLink
from macrame.sim.recording import Recording
from macrame.verify import product
from macrame.verify.trace import Trace
from macrame.verify.trace_page import Work, component
from tests.verbs import call

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
BROWSER = next(filter(None, map(shutil.which, BROWSERS)), None)
pytestmark = pytest.mark.skipif(
    BROWSER is None, reason="no browser for the pages' tests: apt-get install chromium"
)

RNG = np.random.default_rng(1)
REDRAW = 100  # ms, of the fastest of ten: on a busy machine the others may take longer
LARGEST, LARGEST_LONG = 1_000_000, 5_000_000  # bytes of an ordinary page, and of a run of 100,000 cycles


# --- runs -------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Recorded:
    """A product on the simulated core: its operands, its trace, the page that gemm wrote."""

    a: np.ndarray
    w: np.ndarray
    out: np.ndarray
    trace: Trace
    work: Work
    page: Path

    @property
    def counted(self):
        """What the core and the host counted, as the page has it."""
        return json.loads(re.search(r'"counted": ?({[^}]*})', self.page.read_text())[1])

    def data(self, trace=None):
        """The data of a page, with what the core and the host counted of this run."""
        return plain(component(trace or self.trace, [self.work], counted=self.counted).data)


def recorded(folder, a, w, **given):
    """A product by `macrame gemm`, with trace and page."""
    np.save(folder / "a.npy", a)
    np.save(folder / "w.npy", w)
    files = {"A": "a.npy", "W": "w.npy", "OUT": "c.npy", "TRACE": "run.trace", "PAGE": "run.html"}
    job = product.prepare({name: str(folder / file) for name, file in files.items()} | given)
    assert product.run(job) == 0
    trace = Trace.read(folder / "run.trace")
    assert not trace.check()
    out = np.load(folder / "c.npy")
    return Recorded(
        job.a, job.w, out, trace, Work(job.a, job.w, job.fields, job.expected), folder / "run.html"
    )


@pytest.fixture(scope="module")
def int8(tmp_path_factory):
    """int8 with padding in all three directions, requantised."""
    a, w = (RNG.integers(-128, 128, shape).astype(np.int8) for shape in ((11, 15), (15, 10)))
    shape = {"ROWS": "4", "COLS": "4", "DEPTH": "4"}
    return recorded(tmp_path_factory.mktemp("int8"), a, w, SCALE="0.002", ZERO_POINT="3", **shape)


@pytest.fixture(scope="module")
def bf16(tmp_path_factory):
    """bfloat16 with ReLU, rounded stochastically."""
    a, w = (RNG.normal(size=shape).astype(np.float32) for shape in ((10, 5), (5, 3)))
    shape = {"ROWS": "2", "COLS": "2"}
    options = {"MODE": "bf16", "QUANTIZE": "even", "RESULT": "stochastic", "RELU": "1"}
    return recorded(tmp_path_factory.mktemp("bf16"), a, w, **options, **shape)


@pytest.fixture(scope="module")
def fp32(tmp_path_factory):
    """int8 with padding, requantised by the rule of ONNX Runtime, with sums of both signs and 0."""
    a, w = (RNG.integers(-128, 128, shape).astype(np.int8) for shape in ((7, 11), (11, 5)))
    a[3] = 0
    shape = {"ROWS": "3", "COLS": "2", "DEPTH": "2"}
    return recorded(tmp_path_factory.mktemp("fp32"), a, w, MODE="fp32", SCALE="0.002", **shape)


RUNS = ("int8", "bf16")


@pytest.fixture(params=RUNS)
def run(request):
    return request.getfixturevalue(request.param)


def write(path, trace, works=()):
    """A page with this run only."""
    page = Html("run", {run_page.NAME: run_page.assets()})
    page.write(component(trace, works))
    path.write_text(page.text())
    return path


def changed(trace, **columns):
    """The same trace with other columns."""
    return Trace(dataclasses.replace(trace.file, columns={**trace.file.columns, **columns}))


# --- the browser ------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        yield found
        found.close()


class Opened:
    """A page in the browser; anything on its console, and any request but for its file, is an error."""

    def __init__(self, browser, path, **options):
        self.path = path
        self.page = browser.new_page(**{"viewport": {"width": 1200, "height": 900}, **options})
        self.errors = []
        self.page.on("console", lambda message: self.errors.append(message.text))
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.errors.append(request.url))
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("[data-ready=true]", timeout=60_000)
        self.errors.remove(path.as_uri())

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.page.close()
        assert self.errors == [] or exc[0]

    def state(self, expression):
        return self.page.evaluate(f"macrame.state.{expression}")

    def settle(self):
        """Until what changed is drawn."""
        self.page.evaluate(
            "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
        )

    def press(self, *keys):
        for key in keys:
            self.page.keyboard.press(key)
        self.settle()

    def show(self, cycle, row, col):
        """A cycle by the scrubber, and a cell by the arrow keys."""
        self.page.locator(".scrubber").fill(str(cycle))
        self.page.locator("canvas.array").focus()
        self.page.evaluate("macrame.state.select(0, 0)")
        self.press(*["ArrowDown"] * row, *["ArrowRight"] * col)
        assert [self.state("cycle"), self.state("row"), self.state("col")] == [cycle, row, col]

    def table(self, selector):
        """Text of a table's cells, by the text of each row's first."""
        rows = self.page.locator(f"{selector} tbody tr").all()
        cells = (row.locator("th, td").all_inner_texts() for row in rows)
        return {name: rest for name, *rest in cells}

    def checked(self):
        """Numbers compared by the self-check, and those that differ."""
        found = self.page.locator(".self-check")
        return int(found.get_attribute("data-compared")), int(found.get_attribute("data-wrong"))


@pytest.fixture
def opened(browser, int8):
    with Opened(browser, int8.page) as page:
        yield page


def integer(text):
    return int(text.removeprefix("= ").replace(",", ""))


def bits(text):
    """Bits of a float, as the page shows them in brackets."""
    return int(text.split("(")[1].split(")")[0], 16)


# --- what it shows ----------------------------------------------------------------------------------------


def test_the_page_loads_from_a_file_and_needs_nothing_else(browser, run):
    assert run.page.stat().st_size < LARGEST
    with Opened(browser, run.page) as page:
        text = page.page.inner_text("body")
        assert "passed" in text
        assert "macrame" in text
        compared, wrong = page.checked()
        assert wrong == 0
        # operands, products and sums of all beats, rows with their biases, results twice, and their steps
        beats, depth = len(run.trace.beats), run.trace.config.depth
        cells = run.trace.config.rows * run.trace.config.cols
        assert compared > beats * cells * (depth + 1)


def test_every_register_of_a_cell_is_the_trace_s_and_golden_s(browser, int8):
    trace, depth = int8.trace, 4
    span = trace.spans[0]
    a = np.zeros((12, 16), int)
    w = np.zeros((16, 12), int)
    a[:11, :15], w[:15, :10] = int8.a, int8.w
    with Opened(browser, int8.page) as page:
        for i, j, k in ((0, 0, 0), (10, 9, 14), (5, 6, 9), (3, 8, 3), (11 - 1, 0, 7)):
            tile, row, col = trace.locate(span, i, j)
            mac, d = trace.mac(tile, row, col, k), k % depth
            page.show(mac.operand_cycle, row, col)
            found = page.table(".registers")[f"operands {d}"]
            assert found[:3] == [str(tile), str(k), f"a {mac.a}, w {mac.w}"]
            assert (mac.a, mac.w) == (a[i, k], w[k, j])
            page.show(mac.product_cycle, row, col)
            found = page.table(".registers")[f"product {d}"]
            assert [integer(text) for text in found] == [tile, k, mac.product, a[i, k] * w[k, j]]
            page.show(mac.sum_cycle, row, col)
            found = page.table(".registers")["accumulator"]
            stop = k - d + depth
            assert [integer(text) for text in found[2:]] == [mac.sum, a[i, :stop] @ w[:stop, j]]


def test_every_step_of_the_rounding_is_the_trace_s(browser, int8):
    trace = int8.trace
    with Opened(browser, int8.page) as page:
        for i, j in ((0, 0), (10, 9), (7, 4)):
            tile, row, col = trace.locate(trace.spans[0], i, j)
            output = trace.output(tile, row, col)
            page.show(trace.mac(tile, row, col, 0).sum_cycle, row, col)
            found = {name: integer(cells[1]) for name, cells in page.table(".steps").items()}
            for name in ("x", "v", "guard", "sticky", "tie", "increment", "sum", "q"):
                assert found[name] == output.steps[name], name
            assert found["product"] == output.steps["product"]
            assert found["result"] == output.result == int8.out[i, j]
            assert integer(page.table(".steps")["result"][2]) == int8.out[i, j]


def test_bfloat16_is_the_trace_s_and_golden_s(browser, bf16):
    trace = bf16.trace
    with Opened(browser, bf16.page) as page:
        for i, j, k in ((0, 0, 0), (9, 2, 4), (6, 1, 3)):
            tile, row, col = trace.locate(trace.spans[0], i, j)
            mac = trace.mac(tile, row, col, k)
            page.show(mac.sum_cycle, mac.pe[0], col)
            found = page.table(".registers")["accumulator"]
            total = np.uint32(0)
            for at in range(k + 1):
                total = fp32_add(total, bf16_mul(bf16.a[i, at], bf16.w[at, j]))
            assert bits(found[2]) == bits(found[3]) == mac.sum == total
            assert found[3].startswith("=")
            steps = page.table(".steps")
            assert bits(steps["result"][1]) == bits(steps["result"][2]) == trace.output(tile, row, col).result


def test_the_utilisation_is_the_trace_s(opened, int8):
    rows = opened.page.locator(".tables table tbody tr").all()
    counts = {cells[1]: cells[2] for cells in (row.locator("td").all_inner_texts() for row in rows)}
    used = {cause.name: cycles for cause, cycles in int8.trace.utilisation().items()}
    assert integer(counts["slice issued"]) == used["ISSUE"]
    assert integer(counts["waiting for the result chain (padding)"]) == used["CHAIN"]
    assert integer(counts["draining: results on their way"]) == used["DRAIN"]
    assert f"cycles {int8.trace.active.start:,} to" in opened.page.inner_text(".tables")


# --- how it is used ---------------------------------------------------------------------------------------


def test_keys_step_play_zoom_and_choose(opened, int8):
    opened.page.locator("canvas.timeline").focus()
    active = int8.trace.active
    opened.press("Home")
    assert opened.state("cycle") == active.start
    opened.press("ArrowRight", "ArrowRight", "ArrowLeft", "Shift+ArrowRight")
    assert opened.state("cycle") == active.start + 11
    opened.press("End")
    assert opened.state("cycle") == active.stop - 1
    opened.press("PageUp")
    assert opened.state("cycle") == max(int8.trace.issues["cycle"])
    opened.press("0", "+", "+")
    cycles = active.stop + 1  # the idle ones at the end count as one
    assert cycles < int8.trace.cycles
    assert opened.state("timeline.stop - macrame.state.timeline.first") == pytest.approx(cycles / 4, abs=1)
    opened.press("-", "-", "-")
    assert opened.state("timeline.stop - macrame.state.timeline.first") == cycles
    opened.press("c")
    assert opened.state("colouring") == "value"
    opened.press("Home", "Space")
    while opened.state("cycle") < active.start + 2:
        opened.page.wait_for_timeout(50)
    opened.press("Space")
    assert opened.state("playing") is None
    opened.page.locator("canvas.array").focus()
    opened.page.evaluate("macrame.state.select(0, 0)")
    opened.press("ArrowDown", "ArrowRight", "ArrowRight", "ArrowUp", "ArrowUp")
    assert [opened.state("row"), opened.state("col")] == [0, 2]
    spoken = opened.page.inner_text("[aria-live=polite]")
    assert f"cycle {opened.state('cycle')}" in spoken
    assert "row 0, column 2" in spoken


def test_without_a_slice_before_or_after_the_keys_stay(opened, int8):
    opened.page.locator("canvas.timeline").focus()
    for edge, key in (("Home", "PageUp"), ("End", "PageDown")):
        opened.press(edge)
        before = opened.state("cycle")
        opened.press(key)
        assert opened.state("cycle") == before


def test_the_keys_act_on_the_scrubber_too(opened):
    opened.page.locator(".scrubber").focus()
    opened.press("Home")
    assert opened.state("cycle") == opened.state("run.active[0]")
    opened.press("ArrowRight", "Shift+ArrowRight", "c")
    assert opened.state("cycle") == opened.state("run.active[0]") + 11
    assert opened.state("colouring") == "value"


def test_a_zoomed_timeline_follows_every_control(opened):
    page, active = opened.page, opened.state("run.active")

    def seen():
        opened.settle()
        first, stop = opened.state("timeline.first"), opened.state("timeline.stop")
        return first <= opened.state("cycle") < stop

    page.evaluate("([first]) => macrame.state.timeline.show(first, first + 8)", active)
    page.get_by_label("last cycle of the work").click()
    assert seen()
    page.get_by_label("first cycle of the work").click()
    assert seen()
    for _ in range(10):
        page.get_by_label("one cycle forward").click()
    assert seen()
    page.locator(".scrubber").fill(str(active[1] - 1))
    assert seen()
    number = page.locator("input[type=number]")
    for typed, cycle in (
        (str(active[0]), active[0]),
        ("", active[0]),
        ("99999", opened.state("run.cycles") - 1),
    ):
        number.fill(typed)
        number.press("Enter")
        assert seen()
        assert (opened.state("cycle"), number.input_value()) == (cycle, str(cycle))
    page.evaluate("(cycle) => macrame.state.show(cycle)", active[0])
    page.select_option("[aria-label='cycles per second']", "25")
    page.get_by_label("play", exact=True).click()
    while opened.state("cycle") < active[0] + 12:
        page.wait_for_timeout(50)
    page.get_by_label("pause", exact=True).click()
    assert seen()


def test_between_operands_and_the_first_sum_a_cell_has_its_operands(opened, int8):
    cycle = int(min(int8.trace.beats["sum_cycle"])) - 1
    assert cycle > min(int8.trace.beats["operand_cycle"])
    opened.page.evaluate(f"macrame.state.go({cycle})")
    opened.settle()
    assert "The whole sum" in opened.page.inner_text(".details")


def test_outside_the_window_no_accumulator_is_shown(browser, tmp_path):
    """Not the last recorded one either: the hardware has gone on."""
    a, w = (RNG.integers(-128, 128, shape).astype(np.int8) for shape in ((6, 4), (4, 6)))
    given = {"ROWS": "2", "COLS": "2", "TRACE_WINDOW": "40:60"}
    run = recorded(tmp_path, a, w, **given)
    with Opened(browser, run.page) as page:
        for cycle, shown in ((60, True), (run.trace.cycles - 1, False)):
            page.page.evaluate(f"macrame.state.go({cycle})")
            page.settle()
            assert (page.state(f"run.newestSum({cycle})") >= 0) == shown
            assert ("accumulator" in page.state("said")) == shown
            assert ("are recorded in cycles 40 to 60 only" in page.page.inner_text(".details")) != shown


def test_a_negative_zero_has_its_sign(browser, tmp_path):
    a, w = np.array([[-0.0]], np.float32), np.array([[1.0]], np.float32)
    run = recorded(tmp_path, a, w, MODE="bf16", QUANTIZE="even", ROWS="1", COLS="1")
    with Opened(browser, run.page) as page:
        assert "-0 (0x8000)" in page.page.inner_text(".details details")


def test_a_product_of_negative_zero_is_coloured_as_zero(browser, tmp_path):
    """The three rows of a 1x1 core's tile, one per beat: -0, 0 and 2."""
    a, w = np.array([[-0.0], [0.0], [2.0]], np.float32), np.array([[1.0]], np.float32)
    run = recorded(tmp_path, a, w, MODE="bf16", QUANTIZE="even", ROWS="1", COLS="1")
    with Opened(browser, run.page) as page:
        colours = [
            page.state(f"array.cellColour(0, 0, {{products: {beat}, sums: undefined, held: -1}})")
            for beat in range(3)
        ]
    assert colours[0] == colours[1] != colours[2]


def test_every_control_can_be_reached_by_tab(opened):
    reached, name = set(), "at => at.getAttribute('aria-label') || at.textContent"
    opened.page.evaluate("document.activeElement.blur()")
    for _ in range(40):
        opened.page.keyboard.press("Tab")
        reached.add(opened.page.evaluate(f"({name})(document.activeElement)"))
    labels = opened.page.locator(".run button, .run select, .run input, .run canvas[tabindex]")
    for label in labels.evaluate_all(f"found => found.map({name})"):
        if not label.replace(",", "").isdigit():  # cycles in the tables
            assert label in reached


def test_the_mouse_scrubs_zooms_and_points(opened, int8):
    opened.page.locator("canvas.timeline").scroll_into_view_if_needed()
    box = opened.page.locator("canvas.timeline").bounding_box()
    opened.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + 40)
    middle = opened.state("cycle")
    assert int8.trace.active.start < middle < int8.trace.active.stop
    opened.page.keyboard.down("Shift")
    opened.page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + 40)
    opened.page.mouse.down()
    opened.page.mouse.move(box["x"] + box["width"] * 0.6, box["y"] + 40, steps=4)
    opened.page.mouse.up()
    opened.page.keyboard.up("Shift")
    opened.settle()
    assert opened.state("timeline.stop - macrame.state.timeline.first") < 0.3 * int8.trace.cycles
    assert opened.state("cycle") == middle
    array = opened.page.locator("canvas.array")
    array.scroll_into_view_if_needed()
    box = array.bounding_box()
    layout = (
        opened.state("array.left"),
        opened.state("array.top"),
        opened.state("array.cell"),
        opened.state("array.high"),
    )
    left, top, cell, high = layout
    opened.page.mouse.move(box["x"] + left + 2.5 * cell, box["y"] + top + 1.5 * high)
    opened.settle()
    assert [opened.state("row"), opened.state("col")] == [1, 2]
    assert "Cell: row 1, column 2" in opened.page.inner_text(".details")


def test_each_colouring_is_another_picture(opened, int8):
    tile = int8.trace.mac(2, 1, 1, 7)
    opened.show(tile.sum_cycle, 1, 1)
    pictures, legends = set(), set()
    for name in ("activity", "value", "toggles"):
        opened.page.locator("select[aria-label^='colour of']").select_option(name)
        opened.settle()
        pictures.add(opened.page.locator("canvas.array").screenshot())
        legends.add(opened.page.inner_text(".legend"))
    assert len(pictures) == len(legends) == 3


def test_light_and_dark_by_the_system_and_by_the_switch(browser, int8):
    with Opened(browser, int8.page, color_scheme="dark") as page:
        background = "getComputedStyle(document.body).backgroundColor"
        dark, drawn = page.page.evaluate(background), page.page.locator("canvas.timeline").screenshot()
        page.page.locator("select[aria-label='colour scheme']").select_option("light")
        page.settle()
        light = page.page.evaluate(background)
        assert page.page.locator("canvas.timeline").screenshot() != drawn
        page.page.locator("select[aria-label='colour scheme']").select_option("")
        page.settle()
        assert page.page.evaluate(background) == dark
        page.page.emulate_media(color_scheme="light")
        page.settle()
        assert page.page.evaluate(background) == light == "rgb(255, 255, 255)"


def test_numbers_of_a_matrix_are_not_cut_off(browser, int8, tmp_path):
    """A matrix that is wider than the screen is scrolled; its numbers do not wrap, and are no narrower."""
    page = Html("matrix", {run_page.NAME: run_page.assets()})
    page.write(blocks.equation("Q =", blocks.Matrix("Q", np.full((8, 8), -128))))
    page.write(component(int8.trace))
    (path := tmp_path / "matrix.html").write_text(page.text())
    sizes = []
    for width in (1200, 400):
        with Opened(browser, path, viewport={"width": width, "height": 800}) as opened:
            assert opened.page.evaluate("document.documentElement.scrollWidth") <= width
            sizes.append(
                opened.page.locator("mtd").evaluate_all(
                    """found => found.map(at => {
                      const { width, height } = at.getBoundingClientRect();
                      return [Math.round(width), Math.round(height)];
                    })"""
                )
            )
    assert len(sizes[0]) == 64
    assert sizes[0] == sizes[1]


def luminance(colour):
    """Of WCAG 2, from 0 to 1."""
    part = np.array(colour) / 255
    linear = np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


@pytest.mark.parametrize(("scheme", "least"), [("light", 2), ("dark", 3)])
def test_every_colour_of_the_plots_stands_out(browser, int8, tmp_path, scheme, least):
    """By its contrast, as WCAG 2 defines it; in light that of the grey of a wide curve is just above 2."""
    colours = [*figure.PALETTE, "#b3b3b3"]
    bars = "".join(
        f'<rect x="{10 * i + 2}" y="2" width="6" height="6" fill="{c}"/>' for i, c in enumerate(colours)
    )
    drawn = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {10 * len(colours)} 10">{bars}</svg>'
    page = Html("plot", {run_page.NAME: run_page.assets()})
    page.write(blocks.Plot("p", "colours", drawn, ()))
    page.write(component(int8.trace))
    (path := tmp_path / "plot.html").write_text(page.text())
    with Opened(browser, path, color_scheme=scheme) as opened:
        shot = opened.page.locator("figure.plot svg").screenshot()
    image = np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"))
    step = image.shape[1] / len(colours)
    background = luminance(image[image.shape[0] // 2, 3])
    assert (background > 0.5) == (scheme == "light")
    for i, colour in enumerate(colours):
        shown = luminance(image[image.shape[0] // 2, int((i + 0.5) * step)])
        low, high = sorted((shown, background))
        assert (high + 0.05) / (low + 0.05) >= least, colour


@pytest.mark.parametrize("width", [400, 1200])
def test_nothing_is_wider_than_the_window(browser, run, width):
    with Opened(browser, run.page, viewport={"width": width, "height": 800}) as page:
        assert page.page.evaluate("document.documentElement.scrollWidth") <= width
        wide = page.page.locator(".run canvas, .run svg").evaluate_all(
            "found => found.map(at => at.getBoundingClientRect().right)"
        )
        assert max(wide) <= width


def test_tables_of_a_cell_fit_a_narrow_screen(browser, run):
    """Nothing has to be scrolled sideways, in any cycle of the first results."""
    with Opened(browser, run.page, viewport={"width": 400, "height": 800}) as page:
        page.press("Home")
        for _ in range(30):
            page.press("ArrowRight")
            boxes = page.page.locator(".details .scroll").evaluate_all(
                "found => found.map(at => [at.scrollWidth, at.clientWidth])"
            )
            assert all(inside <= box + 1 for inside, box in boxes), (page.state("cycle"), boxes)
        assert page.page.locator(".details .narrow").is_visible()
        assert not page.page.locator(".details .golden").last.is_hidden()


def test_it_prints_in_light_colours(browser, int8, tmp_path):
    with Opened(browser, int8.page, color_scheme="dark") as page:
        page.page.evaluate(
            """() => {
              window.printed = [];
              window.addEventListener("beforeprint", () => window.printed.push(printedInk()));
              const printedInk = () => { // the darkest pixel of the lanes' names: black on paper
                const canvas = document.querySelector("canvas.timeline");
                const { data } = canvas.getContext("2d").getImageData(0, 0, 200, canvas.height);
                const opaque = [...data.keys()].filter((i) => i % 4 === 3 && data[i] > 250);
                return Math.min(...opaque.map((i) => data[i - 2]));
              };
            }"""
        )
        page.page.pdf(path=tmp_path / "run.pdf")
        assert (tmp_path / "run.pdf").read_bytes().startswith(b"%PDF")
        assert max(page.page.evaluate("window.printed")) < 64
        page.page.emulate_media(media="print", color_scheme="dark")
        assert page.page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(255, 255, 255)"
        assert not page.page.locator(".controls").is_visible()


# --- the self-check ---------------------------------------------------------------------------------------


def flipped(trace, column, field=None, at=None, bit=0):
    """The trace with one bit of one number flipped: in a column, or in a field of it."""
    values = trace.file.columns[column].copy()
    part = values[field] if field else values
    place = np.unravel_index(int(0.4 * (part.size - 1)) if at is None else at, part.shape)
    if part.dtype == bool:
        part[place] = not part[place]
    else:
        unsigned = part.view(f"u{part.dtype.itemsize}") if part.dtype.kind != "u" else part
        unsigned[place] ^= unsigned.dtype.type(1 << bit)
    return changed(trace, **{column: values})


#: Columns of which the page has nothing: beats of the streams, which Trace.check compares with the operands.
BEATS = ("w_data", "w_user", "a_data", "a_user", "m_data", "m_keep")
#: Padding; and random bits, which no one can compute again: their results are wrong at most by chance.
UNUSED = ("", "pad_0", "pad_1", "random")
#: Flags that only count where the shifted number is in range, see check.js.
REMAINDER = ("guard", "extra", "sticky", "tie", "increment")


def flips(trace):
    """Column, field, bit and, if not any, place of each bit of the numbers."""
    for column, values in trace.file.columns.items():
        if column in ("runs", *BEATS) or not values.size:
            continue
        for field in values.dtype.names or [""]:
            if field in UNUSED and field or field == "flags":
                continue
            kind = values.dtype[field] if field else values.dtype
            for bit in range(1 if kind.kind == "b" else 8 * kind.itemsize):
                yield column, field, bit, None
    steps = trace.file.columns["int8"]
    y = steps["y"].astype(np.int64) - (steps["flags"] & trace_file.FLAGS["y_negative"] != 0) * 2**32
    narrow = np.abs(y >> steps["right"]) < 256
    for name, flag in trace_file.FLAGS.items() if steps.size else ():
        here = np.flatnonzero(narrow.reshape(-1) if name in REMAINDER else np.ones(steps.size, bool))
        yield "int8", "flags", flag.bit_length() - 1, here[len(here) // 2]


@pytest.mark.parametrize("name", RUNS)
def test_the_self_check_reports_one_flipped_bit_of_any_number(browser, request, name, quick):
    """Of every column, field and bit that a page shows."""
    run = request.getfixturevalue(name)
    columns = {column for column, *_ in flips(run.trace)}
    kinds = {"int8": {"int8"}, "bf16": {"float"}}[name]
    assert columns == {"a", "w", "products", "sums", "rows", "bias", *kinds}
    with Opened(browser, run.page) as page:
        check = "(data) => macrame.check(data)"
        assert page.page.evaluate(check, run.data()) == list(page.checked())
        top = {}
        for column, field, bit, _ in flips(run.trace):
            top[column, field] = max(bit, top.get((column, field), 0))
        for column, field, bit, at in flips(run.trace):
            if (
                quick and field != "flags" and bit not in (0, top[column, field])
            ):  # the lowest and the highest
                continue
            wrong = run.data(flipped(run.trace, column, field, at, bit))
            assert page.page.evaluate(check, wrong)[1] > 0, (column, field, bit)


@pytest.mark.parametrize("name", ["int8", "fp32"])
def test_the_self_check_reports_one_flipped_bit_of_any_step(browser, request, name, quick):
    """Of any field of the output stage, in columns of the result and in those that only fill up the array."""
    run = request.getfixturevalue(name)
    steps = run.trace.file.columns["int8"]
    padding = (steps["multiplier"] == 0).reshape(-1)  # the host pads records with zeros
    kinds = {
        "result": ~padding,
        "padding": padding,
        "zero": ~padding & (steps["x"] == 0).reshape(-1),
        "negative": ~padding & (steps["x"] < 0).reshape(-1),
    }
    if name == "int8":  # its matrices have no row of zeros
        del kinds["zero"]
    with Opened(browser, run.page) as page:
        assert page.checked()[1] == 0
        for kind, here in kinds.items():
            at = np.flatnonzero(here)
            for field in steps.dtype.names:
                if field in (*UNUSED, "flags"):
                    continue
                top = 8 * steps.dtype[field].itemsize - 1
                for bit in (0, top) if quick else range(top + 1):
                    wrong = run.data(flipped(run.trace, "int8", field, at[len(at) // 2], bit))
                    found = page.page.evaluate("(data) => macrame.check(data)", wrong)[1]
                    assert found > 0, (kind, field, bit)


@pytest.mark.parametrize("name", RUNS)
def test_the_self_check_reports_one_flipped_bit_of_any_status_word(browser, request, name, quick):
    """Also of the number of cycles that it lasted.

    Some bits change nothing that a page shows; with others the trace is not consistent, and there is no page.
    """
    run = request.getfixturevalue(name)
    runs, unchanged = run.trace.file.columns["runs"], run.data()
    found = collections.Counter()
    with Opened(browser, run.page) as page:
        words = {
            *range(0, len(runs), 23 if quick else 1),
            1,
            len(runs) - 1,
        }  # and the idle words at both ends
        for at, (what, width) in itertools.product(sorted(words), ((0, 32), (1, 12))):
            for bit in range(width):
                other = runs.copy()
                other[at, what] ^= np.uint32(1 << bit)
                try:
                    data = run.data(changed(run.trace, runs=other))
                except InputError:
                    found["inconsistent"] += 1
                    continue
                if data == unchanged:
                    found["not shown"] += 1
                    continue
                found["reported"] += 1
                wrong = page.page.evaluate("(data) => macrame.check(data)", data)[1]
                assert wrong > 0, (at, what, bit)
    assert len(found) == 3
    assert min(found.values()) > 30


def test_a_wrong_product_is_named_and_the_page_opens_there(browser, int8, tmp_path):
    trace = int8.trace
    tile, row, col = trace.locate(trace.spans[0], 6, 5)
    mac = trace.mac(tile, row, col, 10)
    products = trace.file.columns["products"].copy()
    beat = int(np.flatnonzero(trace.beats["product_cycle"] == mac.product_cycle)[0])
    products[beat, row, col, 10 % 4] ^= 64
    path = write(tmp_path / "wrong.html", changed(trace, products=products), [int8.work])
    with Opened(browser, path) as page:
        assert page.checked()[1] == 1
        said = f"product of tile {tile}, row {row}, column {col}, k 10 is {mac.product ^ 64:,}"
        assert f"{said}, expected {mac.product:,}" in page.page.inner_text(".self-check")
        assert [page.state(name) for name in ("cycle", "row", "col")] == [mac.product_cycle, row, col]
        found = page.page.locator(".registers .wrong").all_inner_texts()
        assert found == [f"{mac.product ^ 64:,}", f"≠ {mac.product:,}"]


def test_a_wrong_result_is_reported_once_and_schemes_of_all_runs_change(browser, int8, tmp_path):
    steps = int8.trace.file.columns["int8"].copy()
    steps["q"][0, 0] ^= 1
    page = Html("run", {run_page.NAME: run_page.assets()})
    for trace in (changed(int8.trace, int8=steps), int8.trace):
        page.write(component(trace, [int8.work]))
    path = tmp_path / "wrong.html"
    path.write_text(page.text())
    with Opened(browser, path) as opened:
        opened.page.wait_for_function("() => document.querySelectorAll('[data-ready=true]').length === 2")
        said = opened.page.locator(".self-check").first.inner_text().splitlines()
        assert len([line for line in said if ": result of " in line]) == 1
        schemes = opened.page.locator(".scheme select")
        schemes.nth(1).select_option("dark")
        assert [scheme.input_value() for scheme in schemes.all()] == ["dark", "dark"]


def test_the_browser_s_golden_is_golden(browser, int8):
    floats = np.concatenate(
        [
            RNG.integers(0, 2**32, 3000, np.uint32),
            np.array([0, 1, 2**31, 0x7F800000, 0xFF800000, 0x7FC00000, 0x7F7FFFFF, 0x00800000], np.uint32),
            RNG.normal(size=1000).astype(np.float32).view(np.uint32),
        ]
    )
    other = RNG.permutation(floats)
    halves, random = (floats >> 16).astype(np.uint16), RNG.integers(0, 2**16, len(floats)).astype(np.uint16)
    size = 4000
    x = (RNG.integers(-(2**31), 2**31, size) >> RNG.integers(0, 31, size)).astype(np.int32)
    multiplier = RNG.integers(-(2**31), 2**31, size).astype(np.int32)
    multiplier[: size // 2] = RNG.integers(2**30, 2**31, size // 2)
    shift = RNG.integers(-40, 41, size).astype(np.int8)
    zero_point, low, high = (RNG.integers(-128, 128, size).astype(np.int8) for _ in range(3))
    scale = RNG.choice(np.float32(2.0) ** RNG.integers(-20, 3, size)).astype(np.float32)
    scales = (scale * RNG.uniform(0.5, 1, size).astype(np.float32)).view(np.int32)
    with Opened(browser, int8.page) as page:

        def each(function, *arrays):
            arguments = [array.tolist() for array in arrays]
            call = (
                f"(columns) => columns[0].map((_, i) => macrame.golden.{function}(...columns.map(c => c[i])))"
            )
            return np.array(page.page.evaluate(call, arguments))

        assert (each("bf16Mul", halves, other >> 16) == bf16_mul(halves, other >> 16)).all()
        assert (each("fp32Add", floats, other) == fp32_add(floats, other)).all()
        for rounding in range(3):
            got = each("fp32ToBf16", floats, np.full(len(floats), rounding), random)
            assert (got == fp32_to_bf16(floats, rounding, random)).all()
        for mode in range(4):
            factor = scales if mode == 3 else multiplier
            arguments = (x, factor, shift, zero_point, low, high)
            got = each("requantize", *arguments, np.full(size, mode))
            assert (got == requantize(*arguments, mode)).all(), mode


# --- from and to the page ---------------------------------------------------------------------------------


@pytest.mark.parametrize("name", RUNS)
def test_the_trace_for_perfetto_is_that_of_the_trace(browser, request, name, tmp_path):
    run = request.getfixturevalue(name)
    with Opened(browser, run.page, accept_downloads=True) as page:
        with page.page.expect_download() as saved:
            page.page.get_by_role("button", name="Save for Perfetto").click()
        saved.value.save_as(tmp_path / "trace.json")
        page.errors = [text for text in page.errors if not text.startswith("blob:")]
    assert json.loads((tmp_path / "trace.json").read_text()) == run.trace.chrome()


@pytest.mark.parametrize("name", RUNS)
def test_a_matrix_of_the_report_links_to_the_cells_that_computed_it(browser, request, name, tmp_path):
    run = request.getfixturevalue(name)
    trace, out = run.trace, run.out
    span, last = trace.spans[0], run.a.shape[1] - 1
    page = Html("run", {run_page.NAME: run_page.assets()})
    page.write(
        blocks.equation(
            "C =",
            blocks.Matrix("C (RTL)", out, product=span.name),
            blocks.Matrix("row 0", out[0], product=span.name),
            blocks.Matrix("other", out, product="another product"),
        )
    )
    page.write(component(trace, [run.work]))
    path = tmp_path / "linked.html"
    path.write_text(page.text())
    with Opened(browser, path) as opened:

        def shown():
            return [opened.state(name) for name in ("cycle", "row", "col")]

        def place(i, j):
            mac = trace.mac(*trace.locate(span, i, j), k=last)
            return [mac.sum_cycle, mac.pe[0], mac.pe[1]]

        links = opened.page.get_by_role("button", name="show in the array")
        assert links.count() == 2  # none for another product
        opened.press("Home")
        links.first.click()
        opened.settle()
        assert shown() == place(0, 0)
        height, cols = trace.config.height(int(trace.tiles["mode"][0])), trace.config.cols
        for i, j in itertools.product(  # corners of the first tiles, and of the matrix
            {0, height - 1, height, len(out) - 1}, {0, cols - 1, cols, out.shape[1] - 1}
        ):
            opened.page.locator(f"mtd[data-result='{i} {j}']").first.click()
            opened.settle()
            assert shown() == place(i, j)
            result = opened.table(".steps")["result"][1]
            assert integer(result) == out[i, j] if name == "int8" else bits(result) == out[i, j]
        opened.page.locator("mtd[data-result='0 2']").nth(1).click()  # of the row, which is shown as a column
        opened.settle()
        assert shown() == place(0, 2)


def test_the_sheet_links_bfloat16_layers_to_their_cells(browser, tmp_path):
    """Of problem 1: the cell's result, as its steps show it, is the number of the matrix."""
    path = tmp_path / "sheet.html"
    assert call("homework", {"PROBLEM": "1", "OUT": str(tmp_path / "out"), "PAGE": str(path)}) == 0
    tensors = json.loads((tmp_path / "out" / "p1.json").read_text())["answer"]["bf16"]
    with Opened(browser, path) as opened:
        for number, name in ((1, "a1"), (2, "z2")):
            matrix = opened.page.locator(f"math[data-product*='bf16 product {number}']")
            cells = matrix.locator("mtd[data-result]")
            assert cells.count() == len(tensors[name]) == 3
            for at in range(3):
                cells.nth(at).click()
                opened.settle()
                got = opened.table(".steps")["result"][1]
                assert float(got.split(" (")[0].removeprefix("= ")) == pytest.approx(tensors[name][at], 1e-6)
                assert bits(got) == tensors["bits"][name][at]


def test_the_sheet_links_the_products_of_a_backward_pass(browser, tmp_path):
    """Of problem 2: every product of its step in bf16, each number of it."""
    path = tmp_path / "sheet.html"
    assert call("homework", {"PROBLEM": "2", "OUT": str(tmp_path / "out"), "PAGE": str(path)}) == 0
    tensors = json.loads((tmp_path / "out" / "p2.json").read_text())["answer"]["bf16_rtl"]
    names = ("a1", "y", "dE/dW2", "dE/db2", "dE/da1", "dE/dW1", "dE/db1")
    with Opened(browser, path) as opened:
        matrices = opened.page.locator("math[data-product]")
        assert matrices.count() == len(names)
        for matrix, name in zip(matrices.all(), names):
            wanted = np.ravel(tensors[name]["bits"]).tolist()
            cells = matrix.locator("mtd[data-result]").all()
            assert len(cells) == len(wanted)
            for cell, number in zip(cells, wanted):
                cell.click()
                opened.settle()
                assert bits(opened.table(".steps")["result"][1]) == number, name


def test_a_run_of_the_sheet_is_named_by_the_problems_on_its_core(browser, tmp_path):
    """Problem 2 uses the bfloat16 core alone, problem 4 the int8 core alone."""
    path = tmp_path / "sheet.html"
    assert call("homework", {"PROBLEM": "1,2,4", "OUT": str(tmp_path / "out"), "PAGE": str(path)}) == 0
    with Opened(browser, path) as opened:
        opened.page.wait_for_function("() => document.querySelectorAll('[data-ready=true]').length === 2")
        titles = [title for title in opened.page.locator("h2").all_inner_texts() if "cycle by cycle" in title]
    assert [title.split(": ", 1)[1].split(" core")[0] for title in titles] == [
        "problems 1, 4, 8x8x1",
        "problems 1, 2, 1x4 dual-format",
    ]


def test_the_page_of_a_core_that_halted(browser, tmp_path):
    root = tmp_path / "rtl"
    shutil.copytree(paths.RTL, root)
    path = root / "stream" / "tile_sequencer.v"
    text = path.read_text()
    assert "(a_last != (slice_last && slice_end));" in text
    path.write_text(text.replace("(a_last != (slice_last && slice_end));", "a_last;"))
    np.save(tmp_path / "a.npy", np.ones((3, 5), np.int8))
    np.save(tmp_path / "w.npy", np.ones((5, 2), np.int8))
    files = {"A": "a.npy", "W": "w.npy", "OUT": "c.npy", "PAGE": "run.html"}
    job = product.prepare({n: str(tmp_path / f) for n, f in files.items()} | {"ROWS": "2", "COLS": "2"})
    job.rtl_root = root
    with pytest.raises(CoreError, match="halted"):
        product.run(job)
    with Opened(browser, tmp_path / "run.html") as page:
        said = page.page.inner_text("body")
        assert "failed" in said.splitlines()[2]
        assert "halted" in page.page.inner_text("p.error")
        assert "3 x 5 times 5 x 2 on the 2x2x1 core" in said
        kinds = page.page.locator(".tables").inner_text()
        assert "halted" in kinds


def test_the_page_of_a_wrong_product_opens_at_its_first_wrong_number(browser, tmp_path):
    root = tmp_path / "rtl"
    shutil.copytree(paths.RTL, root)
    path = root / "array" / "mul8x8.v"
    text = path.read_text()
    old = "product_q <= $signed(a) * $signed(b);"
    assert old in text
    path.write_text(text.replace(old, "product_q <= (a == 8'd77) ? 16'sd1 : $signed(a) * $signed(b);"))
    a, w = np.full((5, 9), 3, np.int8), np.full((9, 6), 2, np.int8)
    a[3, 6] = 77
    np.save(tmp_path / "a.npy", a)
    np.save(tmp_path / "w.npy", w)
    files = {"A": "a.npy", "W": "w.npy", "OUT": "c.npy", "PAGE": "run.html"}
    given = {"ROWS": "2", "COLS": "2", "DEPTH": "2"}
    job = product.prepare({name: str(tmp_path / file) for name, file in files.items()} | given)
    job.rtl_root = root
    assert product.run(job) == 1
    with Opened(browser, tmp_path / "run.html") as page:
        said = page.page.inner_text("body")
        assert "the smallest product that differs: 1 x 1 times 1 x 1, mode raw" in said
        found = re.search(r"first wrong number: cycle (\d+), product, PE row 0, column 0, k 0: ", said)
        assert "failed" in said.splitlines()[2]
        assert re.search(r"^command\n+SEED=1 ", said, re.MULTILINE)
        assert said.count("SEED=1 ") == 1
        assert re.search(r"^versions\n+.*Python \d.*, NumPy \d", said, re.MULTILINE)
        runs = page.page.locator(".run")
        titles = [text for text in runs.locator("h2").all_inner_texts() if text.startswith("The array")]
        assert titles == [
            "The array, cycle by cycle: the smallest product that differs, 1 x 1 times 1 x 1",
            "The array, cycle by cycle: the whole product, 5 x 9 times 9 x 6",
        ]
        assert [page.state(name) for name in ("cycle", "row", "col")] == [int(found[1]), 0, 0]
        page.press("ArrowRight", "ArrowLeft")  # keys act on the smallest
        assert page.state("cycle") == int(found[1])
        for shown in runs.all():
            assert int(shown.locator(".self-check").get_attribute("data-wrong")) > 0
        wrong = runs.first.locator(".registers .wrong").all_inner_texts()
        assert wrong == ["1", "≠ 0"]
        # the whole product opens at its own first wrong number: of A[3, 6], the cell of row 1
        assert "Cell: row 1, column 0" in runs.last.locator(".details h3").inner_text()
        lines = runs.last.locator(".details .scroll-y tr:has(.wrong)").all()
        wrong = [line.locator("td").all_inner_texts() for line in lines]
        assert wrong[0][:5] == ["6", "77", "2", "1", "≠ 154"]
        assert wrong[1][:7] == ["7", "3", "2", "6", "= 6", "43", "≠ 196"]


# --- sizes ------------------------------------------------------------------------------------------------


def test_a_hundred_thousand_cycles_are_drawn_at_once(browser, int8, tmp_path):
    """The run again and again, with the numbers of the first time only."""
    trace = int8.trace
    times = -(-100_000 // trace.cycles)
    runs = np.tile(trace.file.columns["runs"], (times, 1))
    file = dataclasses.replace(
        trace.file,
        window=(0, trace.cycles),
        spans=(),
        columns={**trace.file.columns, "runs": runs},
    )
    path = write(tmp_path / "long.html", Trace(file))
    assert path.stat().st_size < LARGEST_LONG
    with Opened(browser, path) as page:
        page.page.evaluate("macrame.state.timeline.show(0, 1e9)")
        draw = """(cycle) => {
          const began = performance.now();
          macrame.state.cycle = cycle;
          macrame.state.draw();
          return performance.now() - began;
        }"""
        taken = [page.page.evaluate(draw, cycle) for cycle in range(10, 100_000, 9_999)]
        assert len(taken) == 10
        assert min(taken) < REDRAW
        page.page.evaluate("macrame.state.timeline.show(50_000, 50_040)")
        assert float(page.page.get_attribute("canvas.timeline", "data-milliseconds")) < REDRAW


def test_a_long_sum_is_drawn_at_once(browser, tmp_path):
    """Only a part of its rows, with the current one; all of them when asked; a wrong one is always shown."""
    k = 1024
    a, w = (RNG.integers(-128, 128, shape).astype(np.int8) for shape in ((2, k), (k, 2)))
    with SimLink(CoreConfig(2, 2), trace=Recording(tmp_path / "run.trace"), name="test-page") as link:
        core = product.Core(link)
        with link.span("product", m=2, k=k, n=2, mode="raw"):
            out, _ = core.matmul(a, w)
    path = write(tmp_path / "run.html", Trace.read(tmp_path / "run.trace"), [Work(a, w, None, out)])
    rows = "() => [...document.querySelectorAll('.details tr.current, .details .scroll-y tbody tr')].length"
    draw = """(cycle) => {
      const began = performance.now();
      macrame.state.cycle = cycle;
      macrame.state.draw();
      document.body.offsetHeight;
      return performance.now() - began;
    }"""
    with Opened(browser, path) as page:
        assert page.checked()[1] == 0
        taken = [page.page.evaluate(draw, cycle) for cycle in range(200, 1_000, 80)]
        assert min(taken) < REDRAW
        assert 30 < page.page.evaluate(rows) < 70
        first = page.page.eval_on_selector(".details .scroll-y tbody tr", "row => row.innerText").split()
        assert [int(number) for number in first[:3]] == [0, a[0, 0], w[0, 0]]
        current = int(page.page.inner_text(".details .scroll-y tr.current td"))
        assert 200 < current < k
        gaps = page.page.eval_on_selector_all(".details tr.gap", "all => all.map((row) => row.innerText)")
        assert sum(int(gap.split()[1].replace(",", "")) for gap in gaps) + 49 == k
        page.page.get_by_role("button", name="Show all 1,024 products").click()
        assert page.page.locator(".details .scroll-y tbody tr").count() == k
    flip = flipped(Trace.read(tmp_path / "run.trace"), "products", at=40)
    path = write(tmp_path / "wrong.html", flip, [Work(a, w, None, out)])
    with Opened(browser, path) as page:
        page.page.evaluate(draw, 900)
        assert page.page.locator(".details .scroll-y td.wrong").count() > 0


@pytest.mark.parametrize(("rows", "cols", "size"), [(1, 1, (1, 1, 1)), (32, 32, (40, 24, 40))])
def test_the_smallest_and_a_large_array(browser, tmp_path, rows, cols, size):
    m, k, n = size
    a, w = (RNG.integers(-128, 128, shape).astype(np.int8) for shape in ((m, k), (k, n)))
    with SimLink(CoreConfig(rows, cols), trace=Recording(tmp_path / "run.trace"), name="test-page") as link:
        core = product.Core(link)
        with link.span("product", m=m, k=k, n=n, mode="raw"):
            out, _ = core.matmul(a, w)
    trace = Trace.read(tmp_path / "run.trace")
    path = write(tmp_path / "run.html", trace, [Work(a, w, None, out)])
    assert path.stat().st_size < LARGEST
    with Opened(browser, path, viewport={"width": 400, "height": 800}) as page:
        assert page.checked()[1] == 0
        assert page.page.evaluate("document.documentElement.scrollWidth") <= 400
        title = """() => {
          const { array } = macrame.state, context = array.canvas.getContext("2d");
          context.font = "12px system-ui, sans-serif";
          return array.left + context.measureText("weights w, by column \u2193").width;
        }"""
        assert page.page.evaluate(title) <= page.state("array.width")


def test_a_network_has_a_row_for_each_layer(browser, int8, tmp_path):
    """Spans as the layers of a network have them."""
    trace = int8.trace
    sent = sorted(int(cycle) for cycle in trace.tiles["sent"])
    edges = [0, sent[1], sent[-1]]
    spans = tuple(
        trace_file.Span(f"layer {number}", first, last, {"kind": "FULLY_CONNECTED"})
        for number, (first, last) in enumerate(zip(edges, edges[1:]))
    )
    path = write(tmp_path / "net.html", Trace(dataclasses.replace(trace.file, spans=spans)))
    with Opened(browser, path) as page:
        found = page.table(".parts")
        assert list(found) == [span.name for span in spans]
        for span in spans:
            cycles = trace.active_in(span)
            assert integer(found[span.name][1]) == len(cycles)
            page.page.get_by_role("button", name=span.name).click()
            page.settle()
            assert page.state("timeline.first") == pytest.approx(cycles.start, abs=8)
            assert page.state("cycle") == cycles.start


def with_parts(trace, work, parts, points):
    """The component of a run with other parts and other points of its roofline."""
    made = component(trace, [work])
    whole = made.data["roofline"]["points"][0]
    roofline = {**made.data["roofline"], "points": [whole, *points]}
    return dataclasses.replace(made, data={**made.data, "parts": parts, "roofline": roofline})


def part(name, first, stop, **args):
    return {
        **{"name": name, "details": "conv", "first": first, "stop": stop, "last": stop},
        **{"macs": 100, "args": args},
    }


@pytest.mark.parametrize(("count", "width"), [(6, 400), (6, 1200), (20, 400), (40, 1200)])
def test_every_point_of_the_roofline_has_a_name(browser, int8, tmp_path, count, width):
    """Or, if there are many, the number of its row in the table; no name covers another one, or a point."""
    rng = np.random.default_rng(count)
    parts = [part(f"layer {i + 1}", 40 + i, 41 + i) for i in range(count)]
    points = [
        {"name": one["name"], "macs": 10_000, "bytes": float(moved), "cycles": float(cycles)}
        for one, moved, cycles in zip(
            parts, 10_000 / 2 ** rng.uniform(-3, 3, count), 10_000 / 2 ** rng.uniform(0, 6, count)
        )
    ]
    page = Html("run", {run_page.NAME: run_page.assets()})
    page.write(with_parts(int8.trace, int8.work, parts, points))
    (path := tmp_path / "many.html").write_text(page.text())
    with Opened(browser, path, viewport={"width": width, "height": 800}) as opened:
        boxes = """(kind) => [...document.querySelectorAll(`.roofline .${kind}`)].map((at) => {
          const { x, y, width, height } = at.getBBox();
          return [at.textContent, x, y, x + width, y + height];
        })"""
        labels, points = (opened.page.evaluate(boxes, kind) for kind in ("label", "point"))
        assert len(points) == count + 1
        named = []
        for text in (text for label in labels for text in label[0].split(", ")):
            first, _, last = text.partition("\u2013")
            named += [text] if not last else list(map(str, range(int(first), int(last) + 1)))
        rows = [one["name"] for one in parts]
        if count > 8:
            cells = opened.page.locator(".parts tbody tr").all()
            assert [row.locator("th, td").nth(1).inner_text() for row in cells] == [
                *map(str, range(1, count + 1))
            ]
            rows = [str(number) for number in range(1, count + 1)]
        assert sorted(named) == sorted(["the whole run", *rows])

        def overlap(a, b):
            return min(a[3], b[3]) - max(a[1], b[1]) > 1 and min(a[4], b[4]) - max(a[2], b[2]) > 2

        for one, other in itertools.combinations(labels, 2):
            assert not overlap(one, other), (one, other)
        for label, point in itertools.product(labels, points):
            assert not overlap(label, point), (label, point)
        assert all(0 <= x and right <= 640 for _, x, _, right, _ in labels)


@pytest.mark.parametrize("width", [400, 1200])
def test_long_names_that_would_overlap_give_way_to_numbers(browser, int8, tmp_path, width):
    """The seven products of the problem sheet's int8 core, with their MACs, bytes and cycles."""
    shapes = [(12, 150, 34), (12, 80, 69), (9, 120, 33), (9, 75, 68), (27, 400, 33)]
    shapes += [(1_105_920, 160_000, 17_473), (172_800, 40_000, 4_417)]
    parts = [part(f"problem {i}: layer {i}, int8 outputs", 40 + i, 41 + i) for i in range(len(shapes))]
    points = [
        {"name": one["name"], "macs": macs, "bytes": moved, "cycles": cycles}
        for one, (macs, moved, cycles) in zip(parts, shapes)
    ]
    page = Html("run", {run_page.NAME: run_page.assets()})
    page.write(with_parts(int8.trace, int8.work, parts, points))
    (path := tmp_path / "long.html").write_text(page.text())
    with Opened(browser, path, viewport={"width": width, "height": 800}) as opened:
        labels = ", ".join(opened.page.locator(".roofline .label").all_text_contents())
        assert not re.search("layer|outputs", labels)
        rows = opened.page.locator(".parts tbody tr").all()
        numbers = [row.locator("th, td").nth(1).inner_text() for row in rows]
        assert numbers == [str(number) for number in range(1, len(rows) + 1)]
        assert "have the numbers of the parts above" in opened.page.inner_text(".chart figcaption")


@pytest.mark.parametrize("width", [400, 1200])
def test_the_axis_of_the_timeline_has_a_scale(browser, int8, width):
    """Two cycles or more are written below it, however it is zoomed, and they do not touch."""
    texts = """([first, stop]) => {
      const { timeline } = macrame.state, found = [], write = CanvasRenderingContext2D.prototype.fillText;
      Object.assign(timeline, { first, stop });
      CanvasRenderingContext2D.prototype.fillText = function (text, x) {
        if (/^[0-9,]+$/.test(text)) {
          const half = this.measureText(text).width / 2;
          found.push([x - half, x + half]);
        }
      };
      timeline.drawAxis(timeline.canvas.getContext("2d"), 100);
      CanvasRenderingContext2D.prototype.fillText = write;
      return found;
    }"""
    with Opened(browser, int8.page, viewport={"width": width, "height": 800}) as opened:
        for first, length in itertools.product((0, 33, 4_321), (8, 13, 60, 157, 741, 806, 5_001, 100_000)):
            labels = opened.page.evaluate(texts, [first, first + length])
            assert len(labels) > 1, (first, length)
            for (_, right), (left, _) in itertools.pairwise(labels):
                assert left - right > 4, (first, length)


def test_parts_of_several_inputs_name_their_input(browser, int8, tmp_path):
    """In the table, and at the cycle that is shown; the roofline has a point for each layer."""
    names = ("one", "two")
    parts = [part(name, 40 + 4 * i + 2 * j, 42 + 4 * i + 2 * j, input=i)
             for i in range(3) for j, name in enumerate(names)]  # fmt: skip
    points = [{"name": one["name"], "macs": 64, "bytes": 32, "cycles": 4} for one in parts]
    page = Html("run", {run_page.NAME: run_page.assets()})
    page.write(with_parts(int8.trace, int8.work, parts, points))
    (path := tmp_path / "inputs.html").write_text(page.text())
    with Opened(browser, path) as opened:
        rows = opened.page.locator(".parts tbody th").all_inner_texts()
        assert rows == ["input 0", *names, "input 1", *names, "input 2", *names]
        assert opened.page.locator(".roofline .layer").count() == 2
        opened.page.get_by_role("button", name="two of input 1").click()
        opened.settle()
        assert opened.state("cycle") == 46
        assert opened.page.locator(".details p").first.inner_text().endswith("; two of input 1")
        assert "two of input 1" in opened.page.inner_text("[aria-live=polite]")
        stops = opened.page.locator(".parts button").evaluate_all("all => all.map((at) => at.tabIndex)")
        assert sorted(stops) == [-1] * 5 + [0]


def test_the_cycles_of_a_sum_are_one_tab_stop(opened, int8):
    """The arrow keys go from one to the next, Enter shows it, and the focus stays."""
    opened.show(int8.trace.mac(0, 1, 1, 4).sum_cycle, 1, 1)
    buttons = opened.page.locator(".details .scroll-y button[data-cycle]")
    assert buttons.count() > 3
    stops = buttons.evaluate_all("all => all.map((at) => at.tabIndex)")
    assert sorted(stops) == [-1] * (len(stops) - 1) + [0]
    focused = "document.activeElement.dataset.cycle"
    buttons.nth(stops.index(0)).focus()
    assert opened.page.evaluate(focused) == str(opened.state("cycle"))
    opened.press("ArrowDown", "Enter")
    cycle = int8.trace.mac(0, 1, 1, 8).sum_cycle
    assert opened.state("cycle") == cycle
    assert opened.page.evaluate(focused) == str(cycle)
    opened.press("ArrowUp", "ArrowUp", "Enter")
    assert opened.state("cycle") == int8.trace.mac(0, 1, 1, 0).sum_cycle
    assert opened.page.evaluate(focused) == str(opened.state("cycle"))


def test_what_takes_keys_is_no_picture(opened):
    roles = opened.page.locator("canvas[tabindex]").evaluate_all(
        "all => all.map((at) => at.getAttribute('role'))"
    )
    assert roles == ["application", "slider"]
    ranks = opened.page.locator("h1, h2, h3, h4, h5").evaluate_all("all => all.map((at) => at.tagName)")
    assert all(int(after[1]) <= int(before[1]) + 1 for before, after in itertools.pairwise(ranks))


def test_the_page_says_what_the_core_counted(browser, int8):
    """A page whose counters differ from the trace reports each of them, and opens where it always does."""
    data = int8.data()
    assert data["counted"]["cycles"] == len(int8.trace.active)
    with Opened(browser, int8.page) as page:
        for name in data["counted"]:
            wrong = {**data, "counted": {**data["counted"], name: data["counted"][name] + 1}}
            assert page.page.evaluate("(data) => macrame.check(data)", wrong)[1] == 1, name
