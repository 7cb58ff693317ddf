# SPDX-FileCopyrightText: 2026 macrame contributors
# SPDX-License-Identifier: Apache-2.0
"""The check of tests/kill_check.py with workers that are jobs of Slurm on this machine.

    python -m tests.slurm [COUNT]

needs root, Debian's packages slurm-wlm and munge, and the project's .venv. No configuration of the machine is
used or changed: munged, slurmctld and slurmd run without systemd, with one in a temporary folder. The job
script is that of docs/scale.md, with the scheduler's address replaced; the size of its array is given to
sbatch.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time

from macrame import paths
from tests import kill_check
from tests.kill_check import until

CONF = """\
ClusterName=macrame
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ports[0]}
SlurmdPort={ports[1]}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={folder}/munge.socket
CredType=cred/munge
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
ReturnToService=2
KillWait=5
SlurmdParameters=config_overrides
NodeName={host} NodeAddr=127.0.0.1 CPUs=16 RealMemory=65536 State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


def missing():
    """The first program that is not installed, or nothing."""
    names = ("munged", "slurmctld", "slurmd", "sbatch")
    return next((name for name in names if not shutil.which(name)), "")


class Slurm:
    """Daemons of their own, which end with the context.

    Parameters
    ----------
    folder : Path
    """

    def __init__(self, folder):
        self.folder, self.daemons = folder, []
        self.conf = folder / "slurm.conf"
        self.env = {**os.environ, "SLURM_CONF": str(self.conf)}

    def __enter__(self):
        if os.getuid():
            raise SystemExit("kill_check: Slurm starts jobs as root only")
        if missing():
            raise SystemExit(f"kill_check: {missing()} is not installed: apt-get install slurm-wlm munge")
        for name in ("state", "spool"):
            (self.folder / name).mkdir()
        with socket.socket() as one, socket.socket() as two:
            one.bind(("127.0.0.1", 0))
            two.bind(("127.0.0.1", 0))
            ports = one.getsockname()[1], two.getsockname()[1]
        host = socket.gethostname().partition(".")[0]
        self.conf.write_text(CONF.format(host=host, folder=self.folder, ports=ports))
        (self.folder / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n")
        try:
            key = self.folder / "munge.key"
            key.write_bytes(os.urandom(128))
            key.chmod(0o400)
            files = [f"--{what}-file={self.folder}/munge.{what}" for what in ("key", "pid", "log", "seed")]
            sockets = f"--socket={self.folder}/munge.socket"
            self.start("munged", "--foreground", "--force", sockets, *files)
            until((self.folder / "munge.socket").exists, "munged")
            self.start("slurmctld", "-D", "-f", self.conf)
            self.start("slurmd", "-D", "-f", self.conf)
            until(lambda: "idle" in self.call("sinfo", "--noheader", "--format=%T"), "an idle node")
        except BaseException:
            self.__exit__()
            raise
        return self

    def start(self, *words):
        """Start a daemon."""
        with open(self.folder / f"{words[0]}.log", "wb") as out:
            started = subprocess.Popen(list(words), stdout=out, stderr=subprocess.STDOUT, env=self.env)
        time.sleep(0.2)
        if started.poll() is not None:
            raise SystemExit(f"kill_check: {words[0]} ended: {(self.folder / f'{words[0]}.log').read_text()}")
        self.daemons.append(started)

    def call(self, *words):
        """Output of one of Slurm's commands."""
        done = subprocess.run(list(words), env=self.env, capture_output=True, text=True, check=False)
        return done.stdout

    def __exit__(self, *exc):
        for daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()


def job_script():
    """The script for Slurm in docs/scale.md."""
    text = (paths.ROOT / "docs" / "scale.md").read_text()
    (found,) = re.findall(r"^```sh\n(#!/bin/sh\n#SBATCH .*?)^```", text, re.MULTILINE | re.DOTALL)
    return found


class Jobs(kill_check.Plain):
    """A scheduler, and workers that Slurm starts.

    Parameters
    ----------
    folder : Path
    slurm : Slurm
    """

    what = "workers as an array of two Slurm jobs, each of four workers"
    at_once = 8

    def __init__(self, folder, slurm):
        super().__init__(folder)
        self.slurm = slurm
        self.env |= {"SLURM_CONF": str(slurm.conf), "HOME": str(folder / "home")}
        (folder / "home").mkdir()
        (folder / "home" / "macrame").symlink_to(paths.ROOT)

    def workers(self):
        """Submit the job script; returns a function that kills the workers of one job."""
        text = job_script()
        assert text.count("tcp://login1:8786") == 1
        script = self.folder / "workers.sh"
        script.write_text(text.replace("tcp://login1:8786", self.address))
        out = self.folder / "job-%a.log"
        words = ["sbatch", "--parsable", "--array=1-2", f"--output={out}", script]
        done = subprocess.run(words, env=self.env, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        number = done.stdout.strip()

        def kill():
            """Kill the process that the first job became, with SIGKILL; its workers end too."""
            job = (f"SLURM_ARRAY_JOB_ID={number}", "SLURM_ARRAY_TASK_ID=1")
            here = kill_check.processes(self.mark, *job)
            (dask,) = [pid for pid, line in here.items() if b"worker" in line]
            self.wait_for_child(*job)
            os.kill(dask, signal.SIGKILL)
            until(lambda: not kill_check.processes(self.mark, *job), "the end of the job")

        return kill

    def end(self):
        """Cancel the jobs, and end the scheduler."""
        self.slurm.call("scancel", "--name", "macrame")
        until(lambda: not self.slurm.call("squeue", "--noheader"), "the end of the jobs")
        super().end()


def main(words):
    """The command; `words` as of `kill_check.main`."""
    kill_check.main(words, lambda folder, stack: Jobs(folder, stack.enter_context(Slurm(folder))))


if __name__ == "__main__":
    main(sys.argv[1:])
