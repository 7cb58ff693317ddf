# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The documentation site: it builds without warnings, needs no network, and matches the repository.

What could be wrong with it: a broken link to a file or a heading; a missing page; a script or a font loaded
from elsewhere; an empty search index; a list or a table that GitHub shows but the site does not; a module
whose ports were misread.
"""

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote

import markdown
import pytest
import yaml
from markdown_it import MarkdownIt

from macrame import paths
from macrame.dev.site import build, docstrings, pages, verilog
from macrame.errors import InputError
from tests.test_docs import code, table

ROOT = paths.ROOT
MODULES = verilog.modules()


class Page(HTMLParser):
    """The links of a page, the files it loads, and its anchors."""

    def __init__(self, path):
        super().__init__()
        self.links, self.loads, self.anchors, self.tags = [], [], set(), []
        self.feed(path.read_text())

    def handle_starttag(self, tag, attributes):
        found = dict(attributes)
        self.tags.append(tag)
        self.anchors |= {found[name] for name in ("id", "name") if found.get(name)}
        if tag == "a" and "href" in found:
            self.links.append(found["href"])
        elif tag == "link":
            self.loads.append(found["href"])
        elif "src" in found:
            self.loads.append(found["src"])


def test_the_site(tmp_path):
    """One test, since it takes a while to build."""
    folder = tmp_path / "a site"
    build.build(folder)
    found = {path.resolve(): Page(path) for path in folder.rglob("*.html")}
    broken(folder, found)
    loads_only_itself(folder, found)
    has_its_pages(folder)
    finds_words(folder)
    shows_docstrings(folder)


def broken(folder, found):
    """No link is broken for a reader who has opened a page from disk."""
    wrong = []
    for path, page in found.items():
        for link in page.links:
            target, _, anchor = link.partition("#")
            if re.match(r"\w+:", link):
                continue
            there = (path.parent / unquote(target)).resolve() if target else path
            if there not in found or (anchor and unquote(anchor) not in found[there].anchors):
                wrong.append(f"{path.relative_to(folder.resolve())}: {link}")
    assert not wrong, "\n".join(wrong)


def loads_only_itself(folder, found):
    """Scripts, styles and pictures are files of the site, as is what the styles load."""
    for path, page in found.items():
        for load in page.loads:
            assert (path.parent / load.partition("?")[0]).exists(), f"{path}: {load}"
    for path in folder.rglob("*.css"):
        for load in re.findall(r"url\(([^)]*)\)", path.read_text()):
            assert load.strip("\"'").startswith("data:"), f"{path}: {load}"
        assert "@import" not in path.read_text()


def has_its_pages(folder):
    expected = [name for name in pages.documents() if not name.endswith("README.md")]
    expected += [
        *pages.PYTHON["Host"][1:],
        "macrame.golden.gemm",
        "macrame.host.core",
        "macrame.verify.session",
    ]
    for name in expected:
        path = name.removesuffix(".md") if name.endswith(".md") else f"python/{name}"
        assert (folder / f"{path}.html").exists(), name
    for name in ("index.html", "examples/index.html", "rtl/index.html", "python/index.html"):
        assert (folder / name).exists(), name
    for module in MODULES:
        text = (folder / module.path.with_suffix(".html")).read_text()
        assert all(f"<code>{port.name}</code>" in text for port in (*module.parameters, *module.ports)), (
            module
        )


def finds_words(folder):
    """The index has known words, on the pages that explain them; there is one for pages opened from disk."""
    index = json.loads((folder / "search" / "search_index.json").read_text())
    assert (folder / "search" / "search_index.js").read_text().startswith("var __index = ")
    assert "file:" in (folder / "assets" / "iframe-worker.js").read_text()
    for word, page in (
        ("gemmlowp", "docs/numerics.html"),
        ("POST_LANES", "docs/architecture.html"),
        ("quantize_multiplier", "python/macrame.host.quantize.html"),
        ("s_axis_w_tdata", "rtl/macrame.html"),
    ):
        hits = {entry["location"].partition("#")[0] for entry in index["docs"] if word in entry["text"]}
        assert page in hits, word
        assert not [hit for hit in hits if hit.startswith("source/")]


def shows_docstrings(folder):
    text = (folder / "python" / "macrame.golden.nn.losses.html").read_text()
    assert re.search(r"<td>half_sum</td>\s*<td>1/2</td>", text)
    assert not re.search(r":(func|class|meth|data):", text)
    text = (folder / "python" / "macrame.host.quantize.html").read_text()
    assert "Finite, above 0, below 2^31 - 0.5." in text


# --- sources of the pages -----------------------------------------------------------------------------------

#: Where the two readers of Markdown could differ.
BLOCKS = ("h1", "h2", "h3", "h4", "ul", "ol", "li", "table", "tr", "pre", "blockquote")


def counted(html):
    return {tag: len(re.findall(rf"<{tag}[ >]", html)) for tag in BLOCKS}


@pytest.mark.parametrize("document", pages.documents())
def test_a_document_is_the_same_on_github_and_on_the_site(document):
    """As many headings, lists and tables: Python-Markdown wants empty lines where GitHub does not."""
    text = (ROOT / document).read_text()
    extensions = ["tables", "sane_lists", "pymdownx.superfences"]
    here = markdown.markdown(text, extensions=extensions)
    here = re.sub(r'<div class="highlight"><pre>', "<pre>", here)
    assert counted(here) == counted(MarkdownIt().enable("table").render(text))


def test_every_document_has_its_place():
    """In the navigation, whose file MkDocs' own loader reads with a tag of Python's."""
    text = re.sub("!!python/name:.*", "", build.CONFIG.read_text())
    named = re.findall(r"[\w/]+\.md", json.dumps(yaml.safe_load(text)["nav"]))
    assert sorted(named) == sorted(pages.documents())


def test_the_ports_of_the_core():
    """As in examples/README.md, whose table is compared with the elaborated core."""
    (core,) = [module for module in MODULES if module.name == "macrame"]
    listed = [(code(name)[0], direction) for name, direction, *_ in table("examples/README.md", "port")]
    assert [(port.name, port.what) for port in core.ports] == listed
    widths = {port.name: port.bits for port in core.ports}
    assert widths["m_axis_tdata"] == "32*COLS"
    assert widths["s_axil_awaddr"] == "8"
    rows = {code(name)[0]: default for name, default, *_ in table("docs/architecture.md", "parameter")}
    assert {each.name: each.what for each in core.parameters} == {n: d.strip("`") for n, d in rows.items()}


@pytest.mark.parametrize("module", MODULES, ids=lambda module: str(module.path))
def test_a_header_keeps_its_words(module):
    """Those of the page are those of the comment, in its order, and nothing else is taken for Markdown."""
    text = "\n".join(verilog.described(module)).replace("&lt;", "<")
    text = re.sub(r"^```(text)?$", "", text, flags=re.MULTILINE)
    words = re.findall(r"[^\W_]+", text.lower())
    assert words == re.findall(r"[^\W_]+", module.header.lower().removeprefix("purpose"))
    assert re.fullmatch(r"\S.{10,250}\.", module.purpose)


def test_a_line_of_another_form_is_refused(tmp_path):
    (tmp_path / "m.v").write_text(
        "//\n//\n// Purpose\n//   m\n`default_nettype none\nmodule m (\n    input a, b\n);\n"
    )
    with pytest.raises(InputError, match="'input a, b': expected a parameter or a port"):
        verilog.read(tmp_path / "m.v", tmp_path)


TABLE = """
Codes:

====  ===========
code  operation
====  ===========
0     x * y | z,
      rounded
1     :func:`relu`
====  ===========

End, a*b.
"""


def test_docstrings_become_markdown():
    assert docstrings.markdown(TABLE).split("\n\n") == [
        "\nCodes:",
        "\n| code | operation |\n| --- | --- |\n| 0 | x \\* y \\| z, rounded |\n| 1 | `relu` |",
        "\nEnd, a\\*b.",
    ]
    kept = ">>> 2 * 3\n6 * 1\n\nText::\n\n    a * b\n\n**options : int\n*, `a*b`"
    assert docstrings.markdown(kept) == kept.replace("::", ":").replace("\n*,", "\n\\*,")


def test_links_lead_to_pages(monkeypatch, tmp_path):
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "d.md").write_text(
        "[a](../rtl/macrame.v) [b](../tests/x.py#y) `[c](z.py)` [d](#e) [f](https://example.org)\n"
    )
    monkeypatch.setattr(pages, "ROOT", tmp_path)
    assert pages.relinked("docs/d.md") == (
        "[a](../rtl/macrame.md) [b](../source/tests/x.py.md#y) `[c](z.py)` [d](#e) [f](https://example.org)\n",
        {"rtl/macrame.v", "tests/x.py"},
    )


@pytest.mark.parametrize("name", pages.documents())
def test_a_document_links_to_files(name):
    """Each becomes a page of the site; a directory has none."""
    assert not [path for path in pages.relinked(name)[1] if not (ROOT / path).is_file()]


def test_a_warning_is_an_error(monkeypatch, tmp_path):
    """Of MkDocs, in a site of one page."""
    config = tmp_path / "mkdocs.yml"
    config.write_text(
        "site_name: s\ntheme:\n  name: mkdocs\nplugins: []\nvalidation:\n  links:\n    anchors: warn\n"
    )
    monkeypatch.setattr(build, "CONFIG", config)
    monkeypatch.setattr(
        pages, "write", lambda made: (made / "index.md").write_text("# a\n\n[b](#c)\n[d](e.md)\n")
    )
    with pytest.raises(build.Failed) as failed:
        build.build(tmp_path / "site")
    assert "'#c'" in str(failed.value)
    assert "'e.md'" in str(failed.value)


def test_no_page_is_in_the_way(monkeypatch, tmp_path):
    """Existing files in the site's folder are not removed, unless it is a site."""
    monkeypatch.setenv("BUILD_DIR", str(tmp_path))
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "mine").touch()
    with pytest.raises(build.SetupError, match="expected an empty directory or a site"):
        build.main()
    assert Path(tmp_path / "site" / "mine").exists()
