"""People who join by mail, and sending what waits into the hands of the test."""

import re
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.kernel.mailer import Mail
from forum.members import accounts, joining
from forum.members.actors import actor_of
from forum.members.posting import Postman
from forum.members.tables import MailAddress
from tests.installing import SECRET_KEY, settings_for
from web import mails

BASE = "https://square.example"
PASSWORD, NEW = "a sentence is good", "another sentence is better"


@dataclass
class Box:
    """A mail server that keeps everything. `failures` are raised first, one at each try."""

    mails: list[Mail] = field(default_factory=list)
    failures: list[BaseException] = field(default_factory=list)

    def send(self, mail: Mail) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.mails.append(mail)

    def key(self, purpose: str) -> str:
        """The key of the newest link of this purpose."""
        for mail in reversed(self.mails):
            found = re.search(rf"{re.escape(BASE)}/mailed/{purpose}/([\w-]+)$", mail.text, re.MULTILINE)
            if found:
                return found[1]
        raise AssertionError(f"no mail brought a link to {purpose}: {[mail.subject for mail in self.mails]}")


def postman(database: Database, box: Box) -> Postman:
    settings = settings_for("sqlite:///never-opened", Path("/nowhere"), base_url=BASE)
    return Postman(database, box, mails.renderer(settings), secret_key=SECRET_KEY, base_url=BASE)


def send_all(database: Database, box: Box) -> None:
    """Send until nothing is due."""
    sends = postman(database, box)
    while sends.run_once():
        pass


# Fixtures that a module takes over by their names, and people


@pytest.fixture
def database(fresh_database: Database) -> Database:
    return fresh_database


@pytest.fixture
def box() -> Box:
    return Box()


def join(database: Database, handle: str = "marta", mail: str = "", locale: str = "") -> int:
    with database.transaction() as session:
        address = mail or f"{handle}@post.example"
        return joining.join(session, handle=handle, mail=address, password=PASSWORD, locale=locale).id


def settled(database: Database, handle: str = "marta", mail: str = "") -> int:
    with database.transaction() as session:
        return accounts.register(session, handle=handle, mail=mail or f"{handle}@post.example", password=PASSWORD).id


def actor(database: Database, member_id: int) -> Actor:
    with database.reading() as connection:
        return actor_of(connection, member_id)


def confirmed(database: Database, member_id: int) -> list[str]:
    with database.transaction() as session:
        mine = (MailAddress.member_id == member_id, MailAddress.verified_at.is_not(None))
        return list(session.scalars(select(MailAddress.address).where(*mine)))
