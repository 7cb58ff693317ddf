# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""`make waves`: its files exist, and every signal in its views is in the design, with the given width."""

import re
import shutil

import pytest

from macrame import paths
from macrame.dev import waves
from macrame.errors import CoreError, LinkError
from macrame.sim import simulate
from macrame.sim.link import HARNESS
from tests.verbs import call


@pytest.fixture(scope="module", autouse=True)
def icarus():
    """The command uses Icarus, whatever the rest of the suite uses."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("SIM", raising=False)
        yield


@pytest.fixture(scope="module")
def made(icarus, tmp_path_factory):
    return waves.make(tmp_path_factory.mktemp("waves"))


@pytest.fixture(scope="module")
def widths(icarus, made):
    """Widths of all signals by their full name, from the program Icarus compiled."""
    folder = simulate.build(
        toplevel="core_player",
        waves=True,
        sources=[*simulate.core_sources(), *HARNESS],
        parameters={
            "ROWS": waves.ROWS,
            "COLS": waves.COLS,
            "DEPTH": 1,
            "K_MAX": waves.SLICES,
            "POST_LANES": 1,
        },
    )
    scopes, found, here = {}, {}, None
    for line in (folder / "core_player.vvp").read_text().splitlines():
        scope = re.match(r'(S_\w+) \.scope \w+, "([^"]*)".*?(?:, (S_\w+))?;', line)
        variable = re.match(r'v\w+ \.(?:net|var)(?:/\w+)? "([^"]*)", (\d+) 0[,;]', line)
        if scope:
            parent = scopes.get(scope[3])
            here = scopes[scope[1]] = f"{parent}.{scope[2]}" if parent else scope[2]
        elif variable:
            found[f"{here}.{variable[1]}"] = int(variable[2]) + 1
    assert found["core_player.dut.m_axis_tdata"] == 32 * waves.COLS
    return found


def test_the_waves_are_an_fst(made):
    data = made[0]["fst"].read_bytes()
    assert data[:1] == b"\0"  # an FST opens with its header block,
    assert data[1:9] == (329).to_bytes(8, "big")  # which is 329 bytes long
    assert len(data) > 2000


def test_two_tiles_follow_each_other_without_an_idle_cycle(made):
    _, report, product = made
    assert (report.tiles, report.busy, report.pad, report.stall_a, report.stall_out) == (2, 16, 0, 0, 0)
    assert product.shape == (8, 4)


def test_gtkwave_shows_signals_that_exist(made, widths):
    text = made[0]["gtkw"].read_text()
    assert str(made[0]["fst"]) in text
    named = re.findall(r"^(core_player\.[\w.]+)(?:\[(\d+):0\])?$", text, re.M)
    assert len(named) == sum(len(signals) for _, signals in waves.VIEW)
    for name, top in named:
        assert widths[name] == int(top or 0) + 1, name
    lanes = re.findall(r"^#\{(\w+) lane (\d+)\} (.*)$", text, re.M)
    assert len(lanes) == 4 * 4
    for name, lane, bits in lanes:
        total = widths[f"{waves.DUT}.{name}"]
        width = 32 if total > 32 else 8
        numbers = [total - 1 - int(n) for n in re.findall(r"\((\d+)\)", bits)]
        assert numbers == list(range(width * int(lane) + width - 1, width * int(lane) - 1, -1))


def test_surfer_shows_the_same_signals(made, widths):
    lines = made[0]["sucl"].read_text().splitlines()
    assert lines[0] == f"load_file {made[0]['fst']}"
    named = [line.split()[1] for line in lines if line.startswith("variable_add ")]
    assert named == [f"{waves.DUT}.{name}" for _, signals in waves.VIEW for name, *_ in signals]
    assert set(named) <= set(widths)


def test_the_page_names_its_command(tmp_path, monkeypatch):
    page = tmp_path / "waves.html"
    monkeypatch.delenv("PYTEST_CURRENT_TEST")
    monkeypatch.setenv("MACRAME_REPLAY", f"make waves PAGE={page}")
    assert call("waves", {"PAGE": str(page)}) == 0
    assert f"<dd>make waves PAGE={page}</dd>" in page.read_text()


@pytest.mark.parametrize(
    ("file", "find", "replace", "error", "said"),
    [
        (
            "array/mul8x8.v",
            "product_q <= $signed(a) * $signed(b);",
            "product_q <= (b == 8'h80) ? 16'sd0 : $signed(a) * $signed(b);",
            LinkError,
            '<data value="8">8</data> of <data value="32">32</data> values differ from the golden model',
        ),
        (
            "stream/tile_sequencer.v",
            "(a_last != (slice_last && slice_end));",
            "a_last;",
            CoreError,
            "halted",
        ),
    ],
    ids=["wrong", "halted"],
)
def test_the_page_of_a_run_that_fails(tmp_path, file, find, replace, error, said):
    shutil.copytree(paths.RTL, tmp_path / "rtl")
    path, page = tmp_path / "rtl" / file, tmp_path / "waves.html"
    text = path.read_text()
    assert text.count(find) == 1
    path.write_text(text.replace(find, replace))
    with pytest.raises(error):
        waves.main({"PAGE": str(page)}, tmp_path / "rtl")
    written = page.read_text()
    assert '<p class="verdict failed">' in written
    assert said in written
    assert '<div data-component="run">' in written
