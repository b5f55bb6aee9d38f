"""A whole installation as an operator starts it: `loggia serve` in a process of its own, the worker inside, its files in a folder."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import httpx2

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.kernel.settings import Settings, load
from forum.members import accounts, managing, tokens
from forum.members.actors import SYSTEM, actor_of
from forum.threads import categories
from tests.installing import SECRET_KEY
from tests.servers import free_port
from tests.shared import ROOT
from web import tables as _all_tables  # noqa: F401 - entities name tables of other floors
from web.cli.opening import prepare

PATIENCE = 60.0  # seconds; only a busy machine comes near them
PASSWORD = "a sentence that nobody else says"
STARTS = 3


@dataclass
class House:
    """A running site. `variables` are the environment of its commands."""

    url: str
    variables: dict[str, str]
    database: Database
    folder: Path
    actors: dict[str, Actor] = field(default_factory=dict)

    def loggia(self, *words: str) -> str:
        """What an operator's command prints; one that fails fails the test."""
        return command(self.variables, *words)

    def move_in(self, handle: str, *, role: str = "member", team: str = "", title: str = "", locale: str = "") -> None:
        """Make somebody who can sign in with `PASSWORD`, and give them a role."""
        with self.database.transaction() as session:
            member = accounts.register(
                session,
                handle=handle,
                mail=f"{handle}@example.com".lower(),
                password=PASSWORD,
                name=handle,
                locale=locale,
            )
            if role != "member":
                managing.promote(session, SYSTEM, handle=handle, place=role, team=team, title=title)
            self.actors[handle] = actor_of(session, member.id)

    def open_category(self, slug: str, name: str, **fields: Any) -> None:
        with self.database.transaction() as session:
            kinds = ["question", "idea", "discussion"]
            categories.create(session, SYSTEM, **({"slug": slug, "name": name, "kinds": kinds} | fields))

    def token(self, handle: str, *scopes: str) -> str:
        """A key for a program of that member."""
        with self.database.transaction() as session:
            return tokens.create(session, self.actors[handle], name="A program", scopes=list(scopes))

    def mailed_key(self, purpose: str, to: str) -> str:
        """The key of the link in a mail to this address, as soon as it was sent; this house keeps its mails as files."""
        link = re.compile(rf"/mailed/{purpose}/([\w-]+)")

        def found() -> str | None:
            for file in (self.folder / "mail").glob("*.eml"):
                mail = message_from_bytes(file.read_bytes(), _class=EmailMessage, policy=policy.default)
                key = link.search(str(mail.get_body(("plain",)))) if mail["To"] == to else None
                if key is not None:
                    return key[1]
            return None

        return str(until(found, f"a mail to {to}"))

    def journal(self, kind: str) -> list[dict[str, Any]]:
        """What the company's record keeper was told so far, the oldest line first."""
        file = self.folder / "crm" / f"{kind}s.ndjson"
        return [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []


def command(variables: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "web.cli", *words],
        cwd=ROOT,
        env=os.environ | variables,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def until(holds: Callable[[], Any], what: str) -> Any:
    """Wait for what the worker does, at most for `PATIENCE`; returns what held."""
    ends = time.monotonic() + PATIENCE
    while not (found := holds()):
        assert time.monotonic() < ends, f"this did not come about in time: {what}"
        time.sleep(0.05)
    return found


@contextmanager
def open_house(
    database_url: str, folder: Path, *, furnish: Callable[[Settings], object] | None = None, **settings: str
) -> Iterator[House]:
    """Serve an installation over this empty database until the block ends; `furnish` fills it before it opens."""
    given = {"database_url": database_url, "var_dir": str(folder), "secret_key": SECRET_KEY, "log_level": "warning"}
    variables = {f"LOGGIA_{name.upper()}": value for name, value in (given | settings).items()}
    if furnish is not None:
        checked = load(variables, env_file=None)
        prepare(checked)
        furnish(checked)
    elif not database_url.startswith("sqlite"):  # the embedded database is made by the first command
        command(variables, "db", "upgrade")
    process, url = _started(variables, folder / "log")
    database = Database(database_url)
    try:
        yield House(url, variables | {"LOGGIA_BASE_URL": url}, database, folder)
    finally:
        database.dispose()
        process.terminate()
        assert process.wait(PATIENCE) == 0, (folder / "log").read_text()


def _started(variables: dict[str, str], log: Path) -> tuple[subprocess.Popen[bytes], str]:
    for _ in range(STARTS):
        port = free_port()
        url = f"http://127.0.0.1:{port}"
        environ = os.environ | variables | {"LOGGIA_BASE_URL": url}
        serve = [sys.executable, "-m", "web.cli", "serve", "--port", str(port)]
        with log.open("a") as words:
            process = subprocess.Popen(serve, cwd=ROOT, env=environ, stdout=words, stderr=subprocess.STDOUT)
        if _answers(process, url):
            return process, url
        process.kill()  # somebody took the port in between
        process.wait()
    raise AssertionError(f"the site does not start: {log.read_text()}")


def _answers(process: subprocess.Popen[bytes], url: str) -> bool:
    ends = time.monotonic() + PATIENCE
    while process.poll() is None and time.monotonic() < ends:
        with suppress(httpx2.TransportError):
            if httpx2.get(f"{url}/health/ready").status_code == 200:
                return True
        time.sleep(0.05)
    return False
