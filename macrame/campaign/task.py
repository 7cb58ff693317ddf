# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""A task: a function, its arguments, and everything that its verdict depends on.

The key of a task is a digest of all of this, so equal keys mean equal verdicts, on any machine. A worker
computes the key again from its own files and tools, and refuses a task whose key differs.
"""

import functools
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from macrame.campaign import content


@dataclass(frozen=True, eq=False)
class Task:
    """One task of a campaign.

    Attributes
    ----------
    name : str
        Unique in its campaign.
    group : str
        The row of the summary in which it counts.
    function : str
        ``package.module:function``; called with `arguments`, it returns a dict that has the task's verdict, a
        word, as ``"verdict"``, and whatever else is worth keeping, all of it JSON.
    arguments : dict
        JSON.
    files : tuple of str
        What the verdict depends on, as seen from the project.
    tools : tuple of str
        Programs and packages whose versions matter, see `content.version`.
    seconds : float
        Time limit on the wall clock, before scaling by TIME_FACTOR. A task that reaches it has the verdict
        ``timeout``.
    facts : dict
        Kept in the task's record; not part of the key.
    """

    name: str
    group: str
    function: str
    arguments: Mapping[str, Any]
    files: tuple[str, ...] = ()
    tools: tuple[str, ...] = ("python",)
    seconds: float = 600
    facts: Mapping[str, Any] = field(default_factory=dict)

    @functools.cached_property
    def ingredients(self) -> dict[str, str]:
        """Digests and versions, by file and tool."""
        return content.ingredients(self.files, self.tools)

    @functools.cached_property
    def key(self) -> str:
        """The digest that identifies the task, 64 hexadecimal digits.

        The time limit is not part of it: a task that a longer limit lets finish has to be run again by hand.
        """
        parts = [self.function, self.arguments, self.ingredients]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    def payload(self) -> dict[str, Any]:
        """What `process` needs to run it, as JSON."""
        return {
            "key": self.key,
            "name": self.name,
            "function": self.function,
            "arguments": dict(self.arguments),
            "files": list(self.files),
            "tools": list(self.tools),
            "ingredients": self.ingredients,
            "seconds": self.seconds,
        }
