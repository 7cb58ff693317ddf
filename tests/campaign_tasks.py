# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""Small tasks for test_campaign.py, and a campaign of them that can be killed.

    python -m tests.campaign_tasks COUNT STORE RUNS [ADDRESS [SECONDS]]

runs COUNT tasks of SECONDS each, through a scheduler if its address is given and not empty. Each task leaves
a file in the folder RUNS, and while it runs has a child in a session of its own, as a simulator would be.
"""

import hashlib
import os
import subprocess
import sys
import time
from pathlib import Path

from macrame.campaign import engine
from macrame.campaign.store import Store
from macrame.campaign.task import Task

#: In the command line of each child, to find it by.
MARK = "macrame-campaign-test-child"


def odd(number):
    """Whether a digest of a number is odd."""
    return hashlib.sha256(str(number).encode()).digest()[0] % 2


def verdict(arguments):
    """A verdict that depends on the number only."""
    command = [sys.executable, "-S", "-c", "import time; time.sleep(600)", MARK, arguments["runs"]]
    with subprocess.Popen(command, start_new_session=True) as child:
        time.sleep(arguments["seconds"])
        name = f"{arguments['number']}-{os.getpid()}-{time.monotonic_ns()}"
        (Path(arguments["runs"]) / name).touch()
        child.kill()
    return {"verdict": "odd" if odd(arguments["number"]) else "even"}


def orphan(arguments):
    """Leaves its child, and a grandchild that lost its parent, to the cleaner."""
    script = (
        f"sleep 600 & exec {sys.executable} -S -c 'import time; time.sleep(600)' {MARK} {arguments['runs']}"
    )
    subprocess.Popen(["setsid", "sh", "-c", f"({script}) & exit"]).wait()
    time.sleep(arguments.get("seconds", 0))
    return {"verdict": "left"}


def kill_parent(arguments):
    """Its own process is killed."""
    os.kill(os.getpid(), 9)


def broken(arguments):
    """Raises an exception."""
    raise ValueError("no such luck")


def wordless(arguments):
    """Returns no verdict."""
    return {}


def tasks(count, runs, seconds=0.02):
    """`count` tasks."""
    return [
        Task(
            f"task {number}",
            f"group {number % 3}",
            "tests.campaign_tasks:verdict",
            {"number": number, "runs": str(runs), "seconds": seconds},
            files=("tests/campaign_tasks.py",),
        )
        for number in range(count)
    ]


def main(count, store, runs, address="", seconds=0.02):
    """Run the campaign; returns its results."""
    executor = engine.Cluster(address) if address else engine.Local(1)
    with Store(Path(store)) as opened:
        return engine.run("campaign", tasks(int(count), runs, float(seconds)), opened, executor)


if __name__ == "__main__":
    main(*sys.argv[1:])
