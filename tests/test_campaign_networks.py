# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Test sets of networks as campaigns: each input is judged, and nothing wrong passes."""

from dataclasses import replace

import numpy as np
import pytest

from macrame import environment, paths
from macrame.campaign import content, engine, networks
from macrame.campaign.store import Store
from macrame.errors import InputError
from macrame.host.core import Core
from macrame.host.engine import NetworkEngine
from macrame.nets import batch, command, digits, tflite

THOROUGH = pytest.mark.thorough
CORE = {"SIM": "icarus", "ROWS": "4", "COLS": "4"}
ENGINE = {"SIM": "icarus", "ENGINE": "1", "DEPTH": "4"}


@pytest.fixture(autouse=True)
def shared(monkeypatch):
    """As in the process of a task; both variables are as before after a test."""
    monkeypatch.setenv("MACRAME_SHARED_BUILD", str(environment.build_dir()))
    monkeypatch.setenv("BUILD_DIR", str(environment.build_dir()))


@pytest.fixture
def graph():
    return tflite.read(digits.MODEL)


@pytest.fixture
def reference(tmp_path, graph):
    """A file with three inputs, all their tensors by the golden model, and a place for a wrong value."""
    tensors = {}
    for number, image in enumerate(digits.held_out()[0][:3]):
        values = digits.golden(graph, image)
        tensors[f"x{number}"] = image
        for op in graph.ops:
            tensors[f"{op.name}_{number}"] = values[op.outputs[0]].copy()

    def write(wrong=""):
        if wrong:
            tensors[wrong].flat[0] ^= 1
        np.savez(tmp_path / "reference.npz", **tensors)
        return str(tmp_path / "reference.npz")

    return write


def run(tmp_path, values):
    """The exit code of a campaign with a store and a folder of its own."""
    folder = tmp_path / "campaign"
    return networks.main(values, 1, Store(tmp_path / "store"), engine.Local(1), {"seed": 1}, folder), folder


def judged(values, first=0, count=1):
    """What the function of a task finds, in this process."""
    (task, *_) = networks.tasks({**values, "SIZE": "1"}, 1)
    return networks.judge({**task.arguments, "first": first, "count": count})


@pytest.mark.parametrize(
    "hardware", [pytest.param(CORE, id="core"), pytest.param(ENGINE, id="engine", marks=THOROUGH)]
)
def test_the_digits_are_judged_once(tmp_path, capsys, hardware):
    values = {**hardware, "IMAGES": "3", "SIZE": "2"}
    code, folder = run(tmp_path, values)
    said = capsys.readouterr().out
    assert code == 0, said
    assert "networks: 2 of 2 passed, 2 of them run now" in said
    assert "| 3 | 100.0% |" in said
    with Store(tmp_path / "store") as kept:
        records = list(kept)
    assert sorted(record["inputs"] for record in records) == [1, 2]
    assert all(record["values"] > 250 and record["wrong"] == 0 for record in records)
    assert all(record["cycles"] == record["predicted"] > 0 for record in records)
    assert '<testsuite name="networks" tests="2" failures="0"' in (folder / "networks.xml").read_text()
    page = (folder / "networks.html").read_text()
    assert '<p class="verdict passed">' in page
    assert "digits.tflite" in page
    assert run(tmp_path, values)[0] == 0
    assert "0 of them run now" in capsys.readouterr().out


def test_all_held_out_images_by_default():
    listed = networks.tasks({}, 1)  # all held-out digits
    assert sum(task.arguments["count"] for task in listed) == 540
    assert [task.arguments["first"] for task in listed] == list(range(0, 540, networks.SIZE))
    assert len({task.key for task in listed}) == len(listed)


def test_a_wrong_value_in_the_reference_fails_one_task(tmp_path, capsys, reference):
    code, folder = run(tmp_path, {**CORE, "REFERENCE": reference("pointwise_1"), "SIZE": "1"})
    said = capsys.readouterr()
    assert code == 1
    assert "networks: 2 of 3 passed" in said.out
    assert "inputs 1 to 1: input 1: 1 of 512 values of pointwise differs from the reference" in said.err
    assert 'failures="1"' in (folder / "networks.xml").read_text()
    page = (folder / "networks.html").read_text()
    assert '<p class="verdict failed">' in page
    assert "values of pointwise differs from the reference" in page


@THOROUGH
def test_the_engine_is_compared_with_inner_tensors(reference):
    values = {**ENGINE, "REFERENCE": reference("depthwise_0")}
    found = judged(values, 0, 2)
    assert found["verdict"] == "failed"
    assert found["text"] == "input 0: 1 values of depthwise differ from the reference"
    assert (found["other"], found["wrong"]) == (1, 0)


@pytest.mark.parametrize("what", ["value", pytest.param("cycle", marks=THOROUGH)])
def test_a_wrong_core_fails(monkeypatch, what):
    layer = Core.layer

    def wrong(self, *args, **kwargs):
        results, report = layer(self, *args, **kwargs)
        if what == "value":
            results[0].flat[0] ^= 1
        else:
            report = replace(report, cycles=report.cycles + 1)
        return results, report

    assert judged({**CORE, "IMAGES": "1"})["verdict"] == "passed"
    monkeypatch.setattr(Core, "layer", wrong)
    found = judged({**CORE, "IMAGES": "1"})
    assert found["verdict"] == "failed"
    expected = {"value": "of features differs from the golden model", "cycle": "cycles, expected"}[what]
    assert expected in found["text"]


@THOROUGH
def test_a_wrong_memory_of_the_engine_fails(monkeypatch):
    read = NetworkEngine.read

    def wrong(self, first, count):
        found = read(self, first, count).copy()
        found.flat[-1] ^= 1
        return found

    monkeypatch.setattr(NetworkEngine, "read", wrong)
    found = judged({**ENGINE, "IMAGES": "1"})
    assert found["text"] == "input 0: 1 words of the memory differ from the golden model"


def test_the_accuracy_is_that_of_the_labels(tmp_path):
    images, labels = digits.held_out()
    np.save(tmp_path / "x.npy", images[:2, 0])
    np.save(tmp_path / "labels.npy", np.array([labels[0], (labels[1] + 1) % 10]))
    given = {"INPUT": str(tmp_path / "x.npy"), "LABELS": str(tmp_path / "labels.npy")}
    found = judged({**CORE, **given}, 0, 2)
    assert (found["verdict"], found["labels"], found["correct"]) == ("passed", 2, 1)


def test_a_part_of_a_job_has_its_own_labels_and_references(reference):
    whole = command.prepare({"REFERENCE": reference()})
    some = batch.part(replace(whole, labels=np.array([7, 8, 9])), 1, 1)
    assert some.labels.tolist() == [8]
    assert some.inputs == whole.inputs[1:2]
    assert some.references == whole.references[1:2]


def test_keys_depend_on_the_files(reference):
    def keys():
        content.digest.cache_clear()
        content.ingredients.cache_clear()
        return {task.key for task in networks.tasks({**CORE, "REFERENCE": reference("scores_0")}, 1)}

    assert not keys() & keys()
    files = networks.tasks(CORE, 1)[0].files
    assert {"rtl/array/mac_array.v", "golden/gemm.py", "macrame/sim/inside/link.py"} <= set(files)
    assert not any(name.startswith(("rtl/engine/", "macrame/cli/", "tests/")) for name in files)
    assert "rtl/engine/program_decoder.v" in networks.tasks(ENGINE, 1)[0].files
    assert content.relative(paths.PACKAGE / "nets" / "digits.tflite") in files


def test_labels_are_of_all_held_out_digits(tmp_path):
    """And not of the ten that `macrame net` runs by default."""
    labels = tmp_path / "labels.npy"
    np.save(labels, digits.held_out()[1])
    assert len(networks.tasks({"LABELS": str(labels)}, 1)) == len(networks.tasks({}, 1))


def test_a_memory_that_is_too_small_is_rejected_before_any_task(tmp_path):
    with pytest.raises(
        InputError, match=r"^MEM=1: features: needs 1152 bytes of memory, but the engine has 1"
    ):
        run(tmp_path, {**ENGINE, "MEM": "1", "DEPTH": "8", "IMAGES": "1"})
    assert not list(tmp_path.iterdir())
