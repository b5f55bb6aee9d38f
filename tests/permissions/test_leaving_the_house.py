"""No word of a private thing leaves the house: for the company's systems, by mail, or with somebody's own data."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import select, update

from crm_sync import connections, reactions
from crm_sync.connections import ensure_default_connection
from crm_sync.delivering import deliver_round
from crm_sync.tables import Connection, CrmDelivery
from forum.articles.tables import Article
from forum.kernel.access import STAFF
from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.kernel.egress import Client
from forum.kernel.settings import Settings
from forum.members.actors import SYSTEM
from forum.threads.tables import Thread
from moderation.decisions import change_category
from tests.crm_sync.make import allowing
from tests.forum import making as make
from tests.installing import deliver_all
from tests.permissions.haunting import Canaries
from tests.permissions.mailing import every_mail, whole
from tests.permissions.world import World
from tests.servers.smtp import Sink
from tests.servers.webhooks import Receiver
from web import exporting
from web import mails as written

Note = Callable[[str, object], None]


def test_no_word_reaches_the_company_that_not_everybody_may_read(
    database: Database, settings: Settings, canaries: Canaries, record_property: Note
) -> None:
    """What leaves for the company's systems is what visitors read, whatever happened to it inside."""
    assert _told_to_the_journal(database, settings) > 0
    lines = [path.read_text() for path in sorted((settings.var_dir / "crm").rglob("*.ndjson"))]
    told, kept = "\n".join(lines).lower(), canaries.kept_from("anonymous")
    record_property("leak probes", len(kept) * told.count("\n"))
    assert "canary" in told
    assert [word for word in kept if word in told] == []


def test_a_webhook_is_told_nothing_of_what_is_or_becomes_private(
    database: Database, settings: Settings, canaries: Canaries, receiver: Receiver, record_property: Note
) -> None:
    """Whatever the reason for telling: each thread and each article there is, and one that was public when it was told first."""
    settings = allowing(settings, receiver.url)
    with database.transaction() as session:
        url = f"{receiver.url}/hook"
        connections.connect(
            session, SYSTEM, name="post", connector="webhook", config={"url": url}, secret_key=settings.secret_key
        )
        place = make.category(session)
        once_public = make.thread(session, None, place, kind="idea", title="A canarylater that hums less")
        for kind, table in (("case", Thread), ("idea", Thread), ("article", Article)):
            for local_id in session.scalars(select(table.id)).all():
                reactions.tell(session, kind, local_id, cause="a test")  # type: ignore[arg-type]  # one of the three
        place_id, thread_id = place.id, once_public.id
    _deliver(database, settings, but="post")
    before = len(receiver.received)
    with database.transaction() as session:
        change_category(session, SYSTEM, text="Not for everybody.", category_id=place_id, audience=STAFF)
    deliver_all(database)
    _deliver(database, settings, but="post")
    told = [request.body.decode().lower() for request in receiver.received]
    kept = canaries.kept_from("anonymous")
    record_property("leak probes", len(kept) * len(told))
    assert any("canary" in body for body in told)
    assert [word for word in kept if any(word in body for body in told)] == []
    taken_back = [json.loads(body) for body in told[before:] if f':idea:{thread_id}"' in body]
    assert [one["data"]["record"] for one in taken_back] == [None]


def test_a_mail_tells_of_nothing_but_its_reader(
    database: Database, settings: Settings, canaries: Canaries, mails: Sink, record_property: Note
) -> None:
    """Every kind of mail there is, through the queue to a mail server; what happened in all those threads made none at all."""
    sent = every_mail(database, settings, mails)
    assert set(sent.kinds) == set(written.DRAFTS), "send the new kind too, in tests/permissions/mailing.py"
    assert len(sent.kinds) == len(mails.received)
    words = [*canaries.readers, *sent.addresses]
    leaks: list[str] = []
    for mail in mails.received:
        (to,) = mail.recipients
        said = whole(mail).replace(to, "the reader")
        leaks += [f"{word} to {to}" for word in words if word in said.lower()]
        assert settings.secret_key not in said
    record_property("leak probes", len(words) * len(mails.received))
    assert leaks == []


@pytest.mark.parametrize("name", ["member", "asker", "insider", "staff", "moderator"])
def test_nobody_takes_along_what_is_kept_from_them(
    database: Database, world: World, canaries: Canaries, name: str
) -> None:
    """The archive of one's own data holds what one wrote, and of what others wrote nothing that one may not read."""
    files: dict[str, bytes] = {}
    with database.reading() as connection:
        for file, piece in exporting.personal_data(connection, world.people[name].actor):
            files[file] = files.get(file, b"") + piece
    rows = {file: json.loads(content) for file, content in files.items()}
    own = {row["thread_id"] for row in rows["posts.json"] if row["number"] == 1}
    for row in rows["posts.json"]:
        row.update({"source": ""} | ({"title": ""} if row["thread_id"] in own else {}))
    others = json.dumps([content for file, content in rows.items() if file not in _OWN_WORDS]).lower()
    assert [word for word in canaries.kept_from(name) if word in others] == []


_OWN_WORDS = ("versions.json", "flags.json", "idea-statuses.json")


def _told_to_the_journal(database: Database, settings: Settings) -> int:
    """Deliver everything to the journal now, and nothing elsewhere; returns how much that was."""
    with database.transaction() as session:
        ensure_default_connection(session)
    return _deliver(database, settings, but="journal")


def _deliver(database: Database, settings: Settings, *, but: str) -> int:
    """Deliver now what waits for one connection, and nothing of the others; returns how much that was.

    What another test set aside so waits again: they come in any order.
    """
    with database.transaction() as session:
        chosen = select(Connection.id).where(Connection.name == but).scalar_subquery()
        aside = update(CrmDelivery).where(CrmDelivery.state == "parked", CrmDelivery.connection_id == chosen)
        session.execute(aside.values(state="waiting"))
        due = update(CrmDelivery).where(CrmDelivery.state == "waiting")
        session.execute(due.where(CrmDelivery.connection_id != chosen).values(state="parked"))
        session.execute(due.values(not_before=now() - timedelta(minutes=1)))
    return sum(iter(partial(deliver_round, database, Client(settings), settings), 0))
