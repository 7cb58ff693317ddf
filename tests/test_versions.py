# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""One version of the package, repeated where users look for it, and the interfaces that a release names.

What could be wrong: a release whose change log, citation or package has another version or date; an interface
of the hardware that changed while the change log names the old number.
"""

import re

import yaml

import macrame
from macrame import paths, registers
from macrame.host import frames
from tests.test_docs import text_of

RELEASE = re.compile(r"^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)$", re.MULTILINE)


def test_the_newest_release_is_the_packages_version():
    versions = [version for version, _ in RELEASE.findall(text_of("CHANGELOG.md"))]
    assert versions[0] == macrame.__version__
    numbers = [tuple(map(int, version.split("."))) for version in versions]
    assert numbers == sorted(numbers, reverse=True)


def test_what_is_to_come_stands_above_the_releases():
    sections = re.findall(r"^## \[(.*?)\]", text_of("CHANGELOG.md"), re.MULTILINE)
    assert sections[0] == "Unreleased"
    assert "Unreleased" not in sections[1:]


def test_the_citation_is_of_the_newest_release():
    citation = yaml.safe_load(text_of("CITATION.cff"))
    version, date = RELEASE.search(text_of("CHANGELOG.md")).groups()
    assert citation["version"] == version
    assert str(citation["date-released"]) == date
    assert citation["license"] == "Apache-2.0"
    assert {"cff-version", "message", "title", "authors"} <= citation.keys()


def interfaces():
    """The versions reported by the hardware: core, units, network engine and serial protocol."""
    core, vector, elementwise, engine = (
        f"{value >> 16}.{value & 0xFFFF}"
        for value in (
            registers.VERSION_RESET,
            registers.VECTOR_VERSION_RESET,
            registers.ELEMENTWISE_VERSION_RESET,
            registers.ENGINE_VERSION_RESET,
        )
    )
    units = f"vector unit {vector}, elementwise unit {elementwise}, network engine {engine}"
    return f"core {core}, {units}, serial protocol {frames.VERSION}"


def test_the_change_log_names_the_interfaces():
    """In the section on top that names them: what is to come, where they have changed since the release."""
    named = re.findall(r"Interfaces: (.*?)\.$", text_of("CHANGELOG.md"), re.MULTILINE)
    assert named[0] == interfaces()


def test_the_description_for_fusesoc_has_the_version():
    (name,) = re.findall(r"^name: (\S+)$", text_of("macrame.core"), re.MULTILINE)
    assert name.split(":")[-1].strip('"') == macrame.__version__


def test_issue_forms_ask_for_what_repeats_a_bug():
    form = yaml.safe_load((paths.ROOT / ".github" / "ISSUE_TEMPLATE" / "bug.yml").read_text())
    fields = {field["id"]: field for field in form["body"]}
    assert {"command", "seed", "versions", "log"} <= fields.keys()
