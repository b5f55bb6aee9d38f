"""What must not stand in the log, sent along with requests, and the log itself at its most talkative."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import structlog

from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.members import inviting, joining, recovering
from forum.members.actors import SYSTEM
from forum.members.posting import Postman
from tests.members.mails import Box
from tests.permissions.client import Asker, csrf_in
from tests.permissions.requests import FROM_HERE
from tests.permissions.world import PASSWORD, Person, World
from web import logs, mails

_ADDRESS = "listener@post.example"


@contextmanager
def listening() -> Iterator[io.StringIO]:
    """Everything that is logged meanwhile, down to what only developers want to hear."""
    root, written = logging.getLogger(), io.StringIO()
    handlers, level, before = root.handlers[:], root.level, structlog.get_config()
    logs.configure("debug", json=True, stream=written)
    try:
        yield written
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
        structlog.configure(**before)


def mailed_keys(database: Database, settings: Settings) -> list[str]:
    """Keys that open something: one to confirm an address, one for a new password, and one of an invitation."""
    box = Box()
    postman = Postman(
        database, box, mails.renderer(settings), secret_key=settings.secret_key, base_url=settings.base_url
    )
    with database.transaction() as session:
        joining.join(session, handle="listener", mail=_ADDRESS, password=PASSWORD)
        recovering.ask(session, mail=_ADDRESS)
        invited = inviting.make(session, SYSTEM, note="Listeners")
    while postman.run_once():
        pass
    found = [re.search(r"/mailed/\w+/([\w-]+)$", mail.text, re.MULTILINE) for mail in box.mails]
    return [*(match[1] for match in found if match), invited]


def follow_badly(asker: Asker, keys: list[str]) -> None:
    """Links as people and programs mangle them: looked at, cut, with something behind, sent from elsewhere, at another host."""
    for key in keys:
        for purpose in ("verify", "reset", "change", "nothing"):
            path = f"/mailed/{purpose}/{key}"
            for spelled in (path, f"{path}/", f"{path}.", f"/{path}", f"{path}/{key}", f"/Mailed/x/{key}"):
                asker.ask("GET", spelled)
                asker.ask("GET", spelled, {"host": "elsewhere.example"})
            asker.ask("POST", path, form={"password": PASSWORD})
            asker.ask("POST", path, FROM_HERE, form={"csrf": key, "password": PASSWORD})
        asker.ask("GET", f"/invitation/{key}")
        asker.ask("GET", f"/register?invitation={key}")
        asker.ask("DELETE", f"/invitation/{key}")


def sign_in_badly(asker: Asker, person: Person) -> None:
    """The right password with the wrong name and the wrong way round, and tokens that are cut short."""
    page = asker.ask("GET", "/login")
    headers = FROM_HERE | {"cookie": page.headers.get("set-cookie", "").partition(";")[0]}
    for identity in (person.actor.handle, PASSWORD):
        asker.ask("POST", "/login", headers, form={"csrf": csrf_in(page), "login": identity, "password": "wrong"})
        asker.ask("POST", "/login", headers, form={"csrf": csrf_in(page), "login": "no", "password": PASSWORD})
    asker.ask("GET", "/api/v1/me", {"authorization": f"Bearer {person.bearer}x"})
    asker.ask("GET", "/settings", {"cookie": f"session={person.cookie}x"})


def carried(world: World) -> list[str]:
    """What the people of the world come with."""
    return [kept for person in world.people.values() for kept in (person.cookie, person.bearer, person.csrf) if kept]
