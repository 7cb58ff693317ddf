# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The guides, and the README's first command: each runs, in the order of the page, and prints what is shown.

What could be wrong with a guide: a command that fails on a fresh checkout; one that needs another one first;
outdated output; a command in a sentence that is not among those that run.
"""

import os
import re
import subprocess
import sys

import pytest

from macrame import environment, paths
from macrame.cli import make
from tests.test_docs import commands, text_of

ROOT = paths.ROOT
GUIDES = sorted(path.name for path in (ROOT / "docs").glob("guide_*.md"))
#: A block of commands, whether it is too long for the default suite, and the lines shown below it.
BLOCK = re.compile(
    r"^(<!-- nightly -->\n)?```sh\n(.*?)^```$(?:\n+^```text\n(.*?)^```$)?", re.MULTILINE | re.DOTALL
)


def run(text, folder, nightly):
    """Run the commands of a document in a folder that looks like a checkout."""
    for path in ROOT.iterdir():
        if path.name not in (".git", ".venv", "build"):
            (folder / path.name).symlink_to(path)
    (folder / ".venv").symlink_to(sys.prefix)
    ours = {name for target in make.TARGETS.values() for name in target.variables()} | {"PYTHON", "VENV"}
    theirs = ("MACRAME_", "MAKE", "PYTEST_", "COCOTB_")
    env = {n: v for n, v in os.environ.items() if n not in ours and not n.startswith(theirs)}
    env["BUILD_DIR"] = str(folder / "build")
    for long, script, shown in BLOCK.findall(text):
        if long and not nightly:
            continue
        script = script.replace("\nmake ", "\nmake --no-print-directory ")
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=folder,
            env=env,
            **environment.limited(600 if not long else 3600),
            capture_output=True,
            text=True,
        )
        said = done.stdout + done.stderr
        assert done.returncode == 0, f"{script}\n{said}"
        for line in shown.splitlines():
            assert line == "..." or line in said, f"{script}\n{said}"


@pytest.mark.parametrize(
    "guide", [pytest.param(name, marks=[pytest.mark.thorough] * (name != "guide_fpga.md")) for name in GUIDES]
)
def test_the_commands_of_a_guide_run(tmp_path, guide):
    run(text_of(f"docs/{guide}"), tmp_path, nightly=False)


def test_the_first_command_of_the_readme_runs(tmp_path):
    text = text_of("README.md").split("\n## ")[0]
    assert len(BLOCK.findall(text)) == 1
    run(text, tmp_path, nightly=False)


@pytest.mark.nightly
@pytest.mark.parametrize("guide", GUIDES)
def test_the_long_commands_of_a_guide_run_too(tmp_path, guide):
    run(text_of(f"docs/{guide}"), tmp_path, nightly=True)


@pytest.mark.parametrize("guide", GUIDES)
def test_a_command_in_a_sentence_is_among_those_that_run(guide):
    text = text_of(f"docs/{guide}")
    scripts = "".join(script for _, script, _ in BLOCK.findall(text))
    assert scripts
    inline = list(commands(re.sub(r"^```sh\n.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)))
    for words in inline:
        assert " ".join(words) in scripts, words


def test_there_is_a_guide_for_each_reader():
    assert GUIDES == ["guide_ci.md", "guide_fpga.md", "guide_lab.md"]
