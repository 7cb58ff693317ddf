# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The component of a page that shows a run of the core: its script and style, and columns for its data."""

import base64
import functools
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from macrame.report.html_writer import Assets

#: Name of the component.
NAME = "run"
FOLDER = Path(__file__).with_name("page")
#: In this order: each uses those before it.
SCRIPTS = (
    "decode.js",
    "golden.js",
    "model.js",
    "check.js",
    "drawing.js",
    "timeline.js",
    "array.js",
    "details.js",
    "roofline.js",
    "chrome.js",
    "links.js",
    "run.js",
)


@functools.cache
def assets() -> Assets:
    """Script and style of the component, see `macrame.report.html_writer.Html`.

    Returns
    -------
    macrame.report.html_writer.Assets
    """
    scripts = "\n".join((FOLDER / name).read_text() for name in SCRIPTS)
    return Assets(f'(() => {{\n"use strict";\n{scripts}}})();\n', (FOLDER / "run.css").read_text())


def column(values: ArrayLike, dtype: str, differences: bool = False) -> dict[str, Any]:
    """An array as the component reads it: compressed by zlib, in base64.

    Parameters
    ----------
    values : array_like of integers
        Of any shape; the component gets them in C order.
    dtype : str
        "i1", "u1", "i2", "u2", "i4", "u4" or "i8".
    differences : bool
        Store the differences between neighbours, which compresses numbers that rise steadily.

    Returns
    -------
    dict
        "type", "data" and "differences".
    """
    array: NDArray[Any] = np.ascontiguousarray(np.asarray(values).reshape(-1), f"<{dtype}")
    if differences:
        array = np.diff(array, prepend=array.dtype.type(0))
    data = base64.b64encode(zlib.compress(array.tobytes(), 9)).decode()
    return {"type": dtype, "data": data, "differences": differences}


def shows_run(page: Path | None) -> bool:
    """Whether the report that the user wants can show a run: a page, not data."""
    return page is not None and page.suffix.lower() == ".html"


def size(columns: Mapping[str, Mapping[str, Any]]) -> int:
    """Bytes that some columns take in a page."""
    return sum(len(found["data"]) for found in columns.values())
