# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""macrame.dev.bench: a small run, the evaluation of timings, and that it can fail."""

import json

import numpy as np
import pytest

from macrame.dev import bench
from macrame.errors import LinkError
from macrame.host.link import Results
from macrame.report.terminal import Plain
from tests.verbs import call


@pytest.fixture
def icarus(monkeypatch):
    """Floors and goals are about Icarus, whatever the rest of the suite runs under."""
    monkeypatch.delenv("SIM", raising=False)


def rounds(player, pure, poke):
    """Rounds as `measure` returns them, each way's from the seconds its long runs took; the short took 1."""
    return {
        way: [
            {
                "long": {"cycles": 1010, "macs": 64640, "seconds": 1 + taken},
                "short": {"cycles": 10, "macs": 640, "seconds": 1},
            }
            for taken in seconds
        ]
        for way, seconds in (("player", player), ("pure", pure), ("poke", poke))
    }


def test_the_least_times_count():
    """Rounds 2 and 3 were disturbed, each in another run."""
    row = bench.summary({"8x8x1": rounds([10, 40, 20], [8, 8, 10], [80, 50, 90])})["8x8x1"]
    assert row["cycles_per_s"] == {"player": 100, "pure": 125, "poke": 20}
    assert row["mac_per_s"] == {"player": 6400, "pure": 8000, "poke": 1280}
    assert row["ratios"] == {"pure": 0.8, "poke": 5}
    assert row["range"] == {"pure": (0.2, 0.8), "poke": (1.25, 8)}


def test_start_up_is_taken_off_by_its_own_least():
    found = rounds([10, 10], [10, 10], [10, 10])
    found["player"][1]["short"]["seconds"] = 3  # a disturbed short run must not make the player faster
    assert bench.summary({"8x8x1": found})["8x8x1"]["ratios"]["pure"] == 1


@pytest.mark.usefixtures("icarus")
@pytest.mark.parametrize(("player", "missed"), [(10, []), (11, []), (12, ["pure"]), (99, ["pure"])])
def test_a_ratio_below_its_floor_is_a_miss(player, missed):
    lines = bench.misses(bench.summary({"8x8x1": rounds([player], [10], [100])}))
    assert [next(way for way in ("pure", "poke") if f"of {way}'s" in str(line)) for line in lines] == missed


@pytest.mark.usefixtures("icarus")
@pytest.mark.parametrize(("seconds", "ratio", "status"), [(8, 1, 0), (16, 0.5, 1)])
def test_a_miss_is_an_exit_status(seconds, ratio, status, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("BUILD_DIR", str(tmp_path))
    monkeypatch.setattr(
        bench, "measure", lambda shapes, say: dict.fromkeys(shapes, rounds([seconds], [8], [99]))
    )
    assert bench.main(["8x8x1", "8x8x1"]) == status  # the second is the same
    out, err = capsys.readouterr()
    assert f"  {ratio:.2f}, " in out
    assert bool(err) == bool(status)
    assert json.loads((tmp_path / "bench.json").read_text())["table"]["8x8x1"]["ratios"]["pure"] == ratio


@pytest.mark.usefixtures("icarus")
def test_a_missed_goal_is_said(capsys):
    table = bench.summary({"8x8x1": rounds([10], [10], [100]), "4x4x4": rounds([10], [10], [39])})
    for block in bench.blocks(table, 1):
        Plain().write(block)
    lines = [line for line in capsys.readouterr().out.splitlines() if " poke " in line]
    assert ["missed" in line for line in lines] == [False, True]
    assert bench.misses(table) == []


@pytest.mark.parametrize("shape", ["8x8", "8x8x", "axbxc", "-1x2x3"])
def test_a_bad_shape_is_refused(shape, capsys):
    assert call("bench", words=[shape]) == 2
    assert f"bench: {shape}: expected ROWSxCOLSxDEPTH" in capsys.readouterr().err


def correct(work):
    """The result beats that the golden model expects."""
    rows, cols = work.config.rows, work.config.cols
    product = bench.gemm(work.a, work.w)
    tiles = [product[m * rows : (m + 1) * rows, n * cols : (n + 1) * cols] for m, n in work.batch.tiles]
    data = np.ascontiguousarray(np.concatenate(tiles), "<i4").view(np.uint8).reshape(-1, 4 * cols)
    last = np.arange(len(data)) % rows == rows - 1
    return Results(data.copy(), last, np.ones(data.shape, bool))


def test_one_wrong_bit_is_found():
    work = bench.workload(2, 3, 2, (2, 2, 5))
    results = correct(work)
    work.check("pure", results)
    results.data[3, 5] ^= 0x10
    with pytest.raises(LinkError, match="pure: 1 of 24 results differs .* the first in row 3, column 1"):
        work.check("pure", results)


def test_a_missing_tile_is_found():
    work = bench.workload(2, 3, 2, (2, 2, 5))
    results = correct(work)
    short = Results(results.data[:-2], results.last[:-2], results.keep[:-2])
    with pytest.raises(LinkError, match="3 result tiles, expected 4"):
        work.check("poke", short)


def test_memory_dump_is_read_as_written(tmp_path):
    """tlast, tkeep and tdata of one lane, and an unknown bit is no result."""
    dump = tmp_path / "m.hex"
    dump.write_text("// 0x00000000\n0f00000102\n1ffffffffe\n")
    results = bench._read_hex(dump, 1)
    assert results.data.tolist() == [[2, 1, 0, 0], [254, 255, 255, 255]]
    assert results.last.tolist() == [False, True]
    assert results.keep.all()
    dump.write_text("0f0000010x\n")
    with pytest.raises(LinkError, match=r"^m\.hex: a result has unknown bits \(x\): 0f0000010x$"):
        bench._read_hex(dump, 1)


def test_the_long_product_exceeds_the_short_one_on_any_core():
    for shape in ((1, 1, 1), (8, 8, 1), (4, 4, 4), (16, 16, 1), (32, 32, 8)):
        for way in bench.WAYS:
            down, across, slices = bench.sizes(way, *shape)
            assert down * across * slices > 8 * np.prod(bench.SHORT)


@pytest.mark.thorough
def test_all_ways_agree_with_golden():
    """A round on a small core. Its times are too short to be meaningful."""
    found = bench.measure(["3x2x2"], rounds=(1, 1), long=(2, 3, 20))
    runs = {way: [found["3x2x2"][way][0][length] for length in ("long", "short")] for way in bench.WAYS}
    for way in bench.WAYS:
        assert [run["macs"] for run in runs[way]] == [6 * 40 * 6, 3 * 32 * 2]
        assert runs[way][0]["cycles"] >= 6 * 20
