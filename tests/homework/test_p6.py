# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Problem 6: pruning, its accuracy, its cycles and the toggles of the array's registers."""

import pytest

from tests.homework.common import own


def quick(tmp_path, **changes):
    """A student's directory with a problem 6 that is solved quickly."""
    settings = {
        "hidden": "8",
        "epochs": "3",
        "sparsities": "[0, 0.5]",
        "retrain_epochs": "1",
        "pictures": "9",
    }
    return own(tmp_path, "p6_pruning.toml", **settings | changes)


def test_problem_6(whole):
    """Accuracy falls with sparsity, retraining restores it; the RTL's cycles fall with the slices."""
    answer = whole.report(6)["answer"]
    points = {p["sparsity"]: p for p in answer["points"]}
    for way in ("magnitude", "blocks"):
        assert points[0.9][way]["pruned"] < points[0.0][way]["pruned"] - 0.1
        assert points[0.9][way]["retrained"] > points[0.9][way]["pruned"] + 0.1
        assert points[0.5][way]["bytes"] < 0.65 * points[0.5][way]["bytes_dense"]
        assert points[0.9][way]["zeros"] == pytest.approx(0.9, abs=0.02)
    assert points[0.8]["magnitude"]["retrained"] > points[0.8]["blocks"]["retrained"]
    rtl = answer["rtl"]
    assert rtl[0]["cycles"] == rtl[0]["cycles_dense"]
    assert rtl[0]["slices"] == 4 * 64 + 2 * 32
    assert all(a["cycles"] > b["cycles"] for a, b in zip(rtl, rtl[1:]))
    assert rtl[2]["slices"] <= 0.5 * rtl[0]["slices"] + 1
    assert rtl[2]["cycles"] < 0.7 * rtl[0]["cycles"]
    assert rtl[-1]["cycles"] >= 6 * 6 * 32  # 6 panels of 6 tiles, 64 results, 2 a cycle
    assert answer["dropout"]["zeros"] == 0
    assert whole.report(6)["mismatches"] == 0
    assert len(whole.report(6)["checks"]) == 2 + 6 * 4
    # switching: with single weights the same cycles; with slices fewer toggles, also per useful MAC
    assert "Switching activity of the array, counted in the simulation" in whole.out
    assert "registers toggle" in whole.out
    dense = rtl[0]["activity"]["blocks"]
    assert dense == rtl[0]["activity"]["magnitude"]
    assert dense["macs"] % 48 == 0
    for way in ("magnitude", "blocks"):
        toggles = [r["activity"][way]["toggles"] for r in rtl]
        assert toggles == sorted(toggles, reverse=True)
        for r in rtl:
            activity = r["activity"][way]
            assert activity["toggles"] == sum(activity["registers"].values())
            assert activity["toggles_a_mac"] == activity["toggles"] / activity["macs"]
            assert 0 < activity["macs"] <= 48 * 2368 * (1.01 - r["sparsity"])
    for r in rtl:
        assert r["activity"]["magnitude"]["cycles"] == r["cycles_dense"]
        assert r["activity"]["blocks"]["cycles"] == r["cycles"]
    for r in rtl[1:]:
        single, slices = r["activity"]["magnitude"], r["activity"]["blocks"]
        assert slices["toggles"] < single["toggles"]
        assert dense["toggles_a_mac"] < slices["toggles_a_mac"] < single["toggles_a_mac"]


def test_a_network_that_learnt_nothing_gets_a_remark(solve, tmp_path, whole):
    rates = {"learning_rate": "1e-9", "retrain_rate": "1e-9"}
    folder = quick(tmp_path, hidden="4", epochs="1", pictures="4", **rates)
    code, _, out, _ = solve(PROBLEM=6, HOMEWORK=folder)
    assert code == 0
    assert "This network has learnt almost nothing: guessing alone gives 10% correct labels." in " ".join(
        out.split()
    )
    assert "learnt next to nothing" not in whole.out


@pytest.mark.sampled(2)
@pytest.mark.parametrize("shape", ["3x5x2", "8x16x1"])
def test_pruning_on_other_shapes(solve, tmp_path, shape):
    """Blocks are as wide as the array; skipping changes no result."""
    folder = quick(tmp_path, hidden="12", sparsities="[0, 0.6]", mode='"fp32"')
    rows, cols, depth = shape.split("x")
    code, reports, _, _ = solve(PROBLEM=6, HOMEWORK=folder, ROWS=rows, COLS=cols, DEPTH=depth)
    assert code == 0
    answer = reports["p6.json"]["answer"]
    assert answer["block"] == [int(cols), 1]
    assert answer["rtl"][1]["slices"] < 0.6 * answer["rtl"][0]["slices"]
    assert answer["rtl"][1]["cycles"] <= answer["rtl"][0]["cycles"]


def test_a_skipped_slice_that_held_a_weight_is_found(solve, tmp_path, monkeypatch):
    """As if the host omitted one slice too many: the core's sums differ from the golden model's."""
    from macrame.host.core import Core

    right = Core.matmul

    def wrong(self, a, w, *arguments, **keywords):
        a = a.copy()
        a[:, -1] = keywords.get("a_zero_point", 0) if a.shape[1] < 64 else a[:, -1]
        return right(self, a, w, *arguments, **keywords)

    monkeypatch.setattr(Core, "matmul", wrong)
    folder = quick(tmp_path, pictures="16")
    code, _, out, _ = solve(PROBLEM=6, HOMEWORK=folder)
    assert code == 1
    assert "MISMATCH in 50% removed, layer 1" in out
