"""Sending what waits, into the hands of the test."""

import re
from dataclasses import dataclass, field
from pathlib import Path

from forum.kernel.db import Database
from forum.kernel.mailer import Mail
from forum.members.posting import Postman
from tests.installing import SECRET_KEY, settings_for
from web import mails

BASE = "https://square.example"


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
