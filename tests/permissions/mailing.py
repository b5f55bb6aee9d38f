"""Every kind of mail that the product sends, caused by its own verbs and sent by its own postman."""

from __future__ import annotations

import re
from dataclasses import dataclass

import msgspec
from sqlalchemy import update
from sqlalchemy.orm import Session

from forum.kernel.access import Actor
from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.kernel.mailer import Mailer
from forum.kernel.settings import Settings
from forum.members import accounts, addresses, arriving, joining, leaving, recovering
from forum.members.actors import actor_of
from forum.members.mailing import Letter, Written
from forum.members.oidc import Trusted
from forum.members.oidc.claims import Said
from forum.members.posting import Postman
from forum.members.tables import Arrival, IdentityProvider
from tests.installing import settings_for
from tests.permissions.world import PASSWORD
from tests.servers.smtp import Received, Sink
from web import mails

NEW = "another sentence that nobody else says"


@dataclass(frozen=True)
class Sent:
    kinds: list[str]
    addresses: list[str]


class Mailing:
    """Somebody's account from its first mail to its last."""

    def __init__(self, database: Database, settings: Settings, sink: Sink) -> None:
        self.database, self.sink = database, sink
        server = settings_for(
            settings.database_url, settings.var_dir, smtp_url=f"{sink.url}?starttls=no&from=square@post.example"
        )
        self.kinds: list[str] = []
        self._render = mails.renderer(settings)
        self.postman = Postman(database, Mailer(server), self._noted, settings.secret_key, settings.base_url)

    def _noted(self, letter: Letter) -> Written:
        self.kinds.append(letter.kind)
        return self._render(letter)

    def send(self) -> str:
        """Send what waits; returns the key that the newest mail brought."""
        while self.postman.run_once():
            pass
        found = re.search(r"/mailed/\w+/([\w-]+)", whole(self.sink.received[-1])) if self.sink.received else None
        return found[1] if found else ""

    def actor(self, member_id: int) -> Actor:
        with self.database.reading() as connection:
            return actor_of(connection, member_id)


def every_mail(database: Database, settings: Settings, sink: Sink) -> Sent:
    """Send one of each kind at least. The addresses are canaries too: each stands in mails to itself alone."""
    mailing = Mailing(database, settings, sink)
    old, new, other = (f"canary{word}@post.example" for word in ("mailed", "moved", "stranger"))
    mailing.send()
    with database.transaction() as session:
        member_id = joining.join(session, handle="canaryjoiner", mail=old, password=PASSWORD).id
    key = mailing.send()
    with database.transaction() as session:
        joining.confirm(session, key=key)
        joining.join(session, handle="canaryelse", mail=old, password=PASSWORD)
        recovering.ask(session, mail=old)
    mailing.send()
    actor = mailing.actor(member_id)
    with database.transaction() as session:
        addresses.change(session, actor, mail=new, password=PASSWORD)
    key = mailing.send()
    with database.transaction() as session:
        addresses.confirm_change(session, key=key)
        joining.join(session, handle="canarythird", mail=other, password=PASSWORD)
        _connect(session, actor)
    mailing.send()
    _leave(mailing, actor)
    mailing.send()
    return Sent(mailing.kinds, [old, new, other])


def _connect(session: Session, actor: Actor) -> None:
    """Connect an account elsewhere, as if somebody had just come back from there."""
    issuer = "https://canaryissuer.example"
    row = IdentityProvider(slug="mails", name="Mails", issuer=issuer, client_id="x", is_enabled=False, created_at=now())
    session.add(row)
    session.flush()
    arriving.begin(session, "x", provider_id=row.id, browser="x", member_id=actor.member_id)
    said = Said(issuer=issuer, subject="canarysubject")
    session.execute(update(Arrival).where(Arrival.provider_id == row.id).values(claims=msgspec.to_builtins(said)))
    trusted = Trusted(id=row.id, slug="mails", name="Mails", issuer=issuer, client_id="x")
    arriving.connect(session, actor, trusted, browser="x", staff_domains=())


def _leave(mailing: Mailing, actor: Actor) -> None:
    """Change the password, close the account for a while, come back, and go for good."""
    with mailing.database.transaction() as session:
        accounts.change_password(session, actor, current=PASSWORD, new=NEW)
    with mailing.database.transaction() as session:
        leaving.deactivate(session, actor, password=NEW)
    key = mailing.send()
    with mailing.database.transaction() as session:
        leaving.come_back(session, key=key)
        leaving.ask_for_key(session, actor)
    key = mailing.send()
    with mailing.database.transaction() as session:
        leaving.delete_by_key(session, key=key, handle=actor.handle)


def whole(mail: Received) -> str:
    """Head and words of a mail as somebody reads them."""
    said = [f"{name}: {value}" for name, value in mail.message.items()]
    said += [str(part.get_content()) for part in mail.message.walk() if not part.is_multipart()]
    return "\n".join(said).replace("\N{ZERO WIDTH SPACE}", "")
