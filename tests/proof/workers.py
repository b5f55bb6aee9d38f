"""`loggia worker` as it runs on a machine: a supervisor, its children, and somebody who kills them."""

import os
import random
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from tests.installing import SECRET_KEY
from tests.shared import ROOT

PATIENCE = 60.0  # seconds; long, because a busy machine may need a while to start a process


class Machine:
    """One `loggia worker`, with what it says in `log`."""

    def __init__(self, log: Path, environ: Mapping[str, str], *options: str) -> None:
        self._log = log
        self._environ = {**os.environ, **environ}
        self._options = options
        self.supervisor = self._started()

    def _started(self) -> subprocess.Popen[bytes]:
        command = [sys.executable, "-m", "web.cli", "worker", *self._options]
        with self._log.open("a") as log:
            return subprocess.Popen(command, cwd=ROOT, env=self._environ, stdout=log, stderr=subprocess.STDOUT)

    @property
    def log(self) -> str:
        return self._log.read_text()

    def children(self) -> list[int]:
        """The worker processes that live now."""
        try:
            family = psutil.Process(self.supervisor.pid).children()
            return [child.pid for child in family if "spawn_main" in " ".join(child.cmdline())]
        except psutil.NoSuchProcess:
            return []

    def kill_one(self, dice: random.Random) -> None:
        """A worker process dies in the middle of whatever it does."""
        if alive := self.children():
            with suppress(ProcessLookupError):
                os.kill(dice.choice(alive), signal.SIGKILL)

    def crash(self) -> None:
        """The whole machine dies, and comes back."""
        for pid in [self.supervisor.pid, *self.children()]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.supervisor.wait()
        self.supervisor = self._started()

    def lose_supervisor(self) -> list[int]:
        """The supervisor alone dies, and is started again. Returns its orphans, which must not stay."""
        orphans = self.children()
        self.supervisor.kill()
        self.supervisor.wait()
        self.supervisor = self._started()
        return orphans

    def stop(self) -> int:
        """Stop as an operator does; returns the exit status."""
        self.supervisor.send_signal(signal.SIGTERM)
        return self.supervisor.wait(PATIENCE)


@contextmanager
def machine(folder: Path, environ: Mapping[str, str], *options: str) -> Iterator[Machine]:
    """A machine whose log lies in `folder`."""
    running = Machine(folder / "worker.log", environ, *options)
    try:
        yield running
    finally:
        if running.supervisor.poll() is None:
            running.stop()


def environ_of(database_url: str, broker_url: str, var_dir: Path, **variables: str) -> dict[str, str]:
    """The environment of `loggia worker`; `variables` are LOGGIA_ names in small letters, without the prefix."""
    given = {
        "database_url": database_url,
        "broker_url": broker_url,
        "var_dir": str(var_dir),
        "secret_key": SECRET_KEY,
        "log_level": "info",
    } | variables
    return {f"LOGGIA_{name.upper()}": value for name, value in given.items()}


def is_gone(pid: int) -> bool:
    """Whether a process ended, even where nobody collected it."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True
