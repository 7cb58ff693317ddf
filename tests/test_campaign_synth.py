# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""`macrame campaign synth`: placements as tasks, and the tables that their records give."""

import re

import pytest

from macrame.campaign import command, synthesis
from macrame.campaign.store import Store
from macrame.synth import flow, measure, tables
from macrame.synth.settings import Job
from macrame.synth.targets import TARGETS

SMALL = Job("ice40", "array", 1, 2, 1, seeds=2)
UNPLACED = Job("xilinx", "array", 1, 1, 1)


def recorded(job, rates, **more):
    """Records of a row's placements."""
    area = dict.fromkeys(synthesis.AREA, 100)
    return [
        {
            "job": synthesis.as_arguments(job),
            "place_seed": seed,
            "verdict": "placed",
            "mhz": rate,
            **area,
            **more,
        }
        for seed, rate in enumerate(rates, 1)
    ]


def everything(target, rate=50.0):
    """Records of a whole table."""
    records = []
    for job in tables.jobs(target, measure.TABLE_SEEDS):
        rates = [rate + seed for seed in synthesis.seeds_of(job)]
        records += recorded(job, rates) if TARGETS[target].nextpnr else []
    return records


def test_a_campaign_places_what_synth_places(tmp_path, monkeypatch, capsys):
    """The same rows as `measure`; a second run places nothing, and a change of a comment neither."""
    jobs = {"ice40": [SMALL], "xilinx": [UNPLACED]}
    monkeypatch.setattr(tables, "jobs", lambda target, seeds: jobs.get(target, []))
    path = tmp_path / "store"
    for target, job, count in (("ice40", SMALL, 2), ("xilinx", UNPLACED, 1)):
        given = {"TARGET": target, "STORE": str(path), "JOBS": "2"}
        assert command.main(given, ["synth"]) == 0
        assert f"synth: {count} of {count} done, {count} of them run now" in capsys.readouterr().out
        assert command.main(given, ["synth"]) == 0
        said = capsys.readouterr().out
        assert f"synth: {count} of {count} done, 0 of them run now" in said
        assert "\n".join(synthesis.written(target, [measure.measure(job)])) in said
    store = Store(path)
    store.read()
    assert [len(synthesis.results(target, 2, list(store))) for target in TARGETS] == [0, 1, 0, 1]


def test_a_key_follows_the_code(monkeypatch):
    """Not the comments; another pass, option, seed or unit is another task."""
    (one, two) = synthesis.tasks([SMALL])
    assert one.key != two.key
    keys = {one.key, two.key, synthesis.tasks([UNPLACED])[0].key}
    source = flow.verilog.text
    with monkeypatch.context() as patch:
        patch.setattr(
            flow.verilog, "text", lambda path: source(path) + "// a comment\n" * (path.suffix == ".v")
        )
        assert synthesis.tasks([SMALL])[0].key == one.key
    with monkeypatch.context() as patch:
        patch.setattr(flow.verilog, "text", lambda path: source(path).replace("posedge", "negedge"))
        keys.add(synthesis.tasks([SMALL])[0].key)
    with monkeypatch.context() as patch:
        patch.setitem(TARGETS, "ice40", flow.Target(**vars(TARGETS["ice40"]) | {"options": ("--fast",)}))
        keys.add(synthesis.tasks([SMALL])[0].key)
    assert len(keys) == 5


def test_other_sources_than_the_clients_are_refused(monkeypatch, tmp_path):
    monkeypatch.setenv("MACRAME_SHARED_BUILD", str(tmp_path))
    monkeypatch.setattr(flow, "BUILD", flow.BUILD)
    task = synthesis.tasks([SMALL])[0]
    with pytest.raises(Exception, match=r"the sources of array 1x2x1.* differ from the client's"):
        synthesis.placement({**task.arguments, "recipe": "0"})


def test_a_row_needs_all_its_placements():
    job = Job("ecp5", "core", 8, 8, 1, seeds=3)
    records = recorded(job, [120.0, 126.0, 123.0])
    row = synthesis.result(job, records)
    assert row["fmax"] == {
        "median": 123.0,
        "min": 120.0,
        "max": 126.0,
        "seeds": {"1": 120.0, "2": 126.0, "3": 123.0},
    }
    assert synthesis.result(job, records[:2]) is None
    assert synthesis.result(job, [*records, {**records[1], "lut": 99}]) is None  # of another netlist
    again = recorded(job, [1.0, 2.0, 3.0], lut=99)
    assert synthesis.result(job, records + again)["fmax"]["median"] == 2.0  # the newer ones
    small = [{**records[0], "verdict": "too large", "why": "no room"}, *records[1:]]
    assert synthesis.result(job, small)["failed"] == "no room"


def test_tables_are_written_when_they_are_complete():
    """All rows of one table, none of the others; and the cores of it, which `macrame.cores` reads."""
    records = everything("ice40")
    text, cores = synthesis.DOCUMENT.read_text(), synthesis.CORES.read_text()
    assert synthesis.document(text, records[:-1]) == text
    assert synthesis.cores(cores, records[:-1]) == cores
    new = synthesis.document(text, records)
    parts = re.split(r"\n(?:ECP5|iCE40|GW2AR|Xilinx)[^\n|]*:\n", new)[1:]
    for target, part in zip(TARGETS, parts, strict=True):
        assert ("| 52.0 | 51.0 | 53.0 |" in part) == (target == "ice40")
    assert "mhz = { median = 52.0, min = 51.0, max = 53.0 }" in synthesis.cores(cores, records)
    kept = [entry for entry in cores.split("\n\n") if 'target = "ecp5"' in entry]
    assert all(entry in synthesis.cores(cores, records) for entry in kept)
