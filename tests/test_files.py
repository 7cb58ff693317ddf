# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Atomic writing of files, and integers from variables.

What could be wrong: half a file after a failure or Ctrl-C; a file only its owner can read; a link replaced by
a file; a name so long that the temporary name next to it is too long; digits that are not ASCII.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from macrame.errors import InputError, short
from macrame.files import atomic, parse

ROOT = Path(__file__).resolve().parents[1]


def test_two_files_or_none(tmp_path):
    (tmp_path / "b").mkdir()
    with pytest.raises(OSError, match="b"):
        atomic.write_files({tmp_path / "a": b"1", tmp_path / "b": b"2"})
    assert [path.name for path in tmp_path.iterdir()] == ["b"]


def test_a_file_that_fails_leaves_the_old_one(tmp_path):
    path = tmp_path / "deep" / "x.json"
    atomic.write(path, b"1")
    with pytest.raises(TypeError):
        atomic.write(path, 2)
    assert [p.name for p in path.parent.iterdir()] == ["x.json"]
    assert path.read_bytes() == b"1"
    atomic.write(path, "größe\n")
    assert path.read_bytes() == "größe\n".encode()


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError("disk full")])
def test_nothing_is_left_when_renaming_stops(tmp_path, monkeypatch, error):
    real, renamed = os.replace, []

    def replace(source, target):
        if renamed:
            raise error
        renamed.append(target)
        real(source, target)

    monkeypatch.setattr(os, "replace", replace)
    with pytest.raises(error if isinstance(error, type) else type(error)):
        atomic.write_files({tmp_path / "a": b"1", tmp_path / "b": b"2"})
    assert len(renamed) == 1
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_writing_names_the_file(tmp_path):
    """Not the temporary file, nor none; a limit of the size of files stands for a full disk."""
    program = (
        "import resource, sys\n"
        "from macrame.files import atomic\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "try:\n"
        "    atomic.write(sys.argv[1], bytes(1000))\n"
        "except OSError as error:\n"
        "    print(error.filename)\n"
    )
    for path in (tmp_path / "a.npy", Path("/proc/a.npy")):
        done = subprocess.run([sys.executable, "-c", program, path], cwd=ROOT, capture_output=True, text=True)
        assert (done.stdout, done.stderr) == (f"{path}\n", "")
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("mask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_rights_are_those_of_any_new_file(tmp_path, mask, mode):
    path = tmp_path / "x"
    program = (
        f"import os; os.umask({mask}); from macrame.files import atomic; atomic.write({str(path)!r}, b'1')"
    )
    subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True)
    assert path.stat().st_mode & 0o777 == mode


@pytest.mark.parametrize("name", ["x" * 255, "ü" * 127, "𝄞" * 63], ids=["ASCII", "2 bytes", "4 bytes"])
def test_names_as_long_as_names_can_be(tmp_path, name):
    assert atomic.unwritable(tmp_path / name) is None
    atomic.write(tmp_path / name, b"1")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert atomic.unwritable(tmp_path / f"{name}xxxx").startswith("cannot be written: ")


def test_the_file_behind_a_link_is_written(tmp_path):
    (tmp_path / "link").symlink_to("there")
    atomic.write(tmp_path / "link", b"1")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "there").read_bytes() == b"1"
    atomic.discard(tmp_path / "link")
    assert [path.name for path in tmp_path.iterdir()] == ["link"]


@pytest.mark.parametrize("folder", ["golden", "macrame"])
def test_nothing_else_replaces_files(folder):
    """One writer: what is written elsewhere and renamed would have to be as careful."""
    for path in (ROOT / folder).rglob("*.py"):
        if path != ROOT / "macrame" / "files" / "atomic.py":
            text = path.read_text()
            assert not [word for word in ("os.replace(", "mkstemp(", "delete=False") if word in text], path


@pytest.mark.parametrize(
    ("text", "value"), [("7", 7), (" +7 ", 7), ("-0", 0), ("007", 7), ("-128", -128), ("127", 127)]
)
def test_integers(text, value):
    assert parse.integer("X", text, -128, 127) == value


@pytest.mark.parametrize(
    "text", ["", "-", "7.0", "7e0", "0x7", "1_0", "²", "٣", "seven", "128", "-129", "9" * 5000, "1 2", "7\n8"]
)
def test_what_is_no_integer(text):
    with pytest.raises(InputError, match=r"^X=.*: expected an integer from -128 to 127$") as caught:
        parse.integer("X", text, -128, 127)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 100


def test_short_is_one_printable_line():
    assert short("größe 1") == "größe 1"
    assert short("a\nb\t\udcff\x1b[31m") == "a\\nb\\t\\udcff\\x1b[31m"
    assert short("x" * 41) == "x" * 37 + "..."
