# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Reports: every number of an answer as JSON."""

import dataclasses
import json
import math
from collections.abc import Mapping

import numpy as np


def to_json(answer: Mapping[str, object]) -> str:
    """JSON text of nested dicts, lists, NumPy arrays and numbers.

    Infinities and NaN, which JSON does not have, become the strings "inf", "-inf" and "nan".

    Parameters
    ----------
    answer : mapping of str to object

    Returns
    -------
    str
    """
    return json.dumps(_plain(answer), indent=1, allow_nan=False) + "\n"


def _plain(value: object) -> object:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _plain(dataclasses.asdict(value))
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, np.generic):
        return _plain(value.item())
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return value
