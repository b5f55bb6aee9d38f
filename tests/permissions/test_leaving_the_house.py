"""No word of a private thing leaves the house: for the company's systems, or with somebody's own data."""

from __future__ import annotations

import json
from datetime import timedelta
from functools import partial

import pytest
from sqlalchemy import update

from crm_sync.connections import ensure_default_connection
from crm_sync.delivering import deliver_round
from crm_sync.tables import CrmDelivery
from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.kernel.egress import Client
from forum.kernel.settings import Settings
from tests.permissions.haunting import Canaries
from tests.permissions.world import World
from web import exporting


def test_no_word_reaches_the_company_that_not_everybody_may_read(
    database: Database, settings: Settings, canaries: Canaries
) -> None:
    """What leaves for the company's systems is what visitors read, whatever happened to it inside."""
    assert _told_to_the_journal(database, settings) > 0
    told = "\n".join(path.read_text() for path in sorted((settings.var_dir / "crm").rglob("*.ndjson"))).lower()
    assert "canary" in told
    assert [word for word in canaries.kept_from("anonymous") if word in told] == []


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
        journal = ensure_default_connection(session)
        due = update(CrmDelivery).where(CrmDelivery.state == "waiting")
        session.execute(due.where(CrmDelivery.connection_id != journal).values(state="parked"))
        session.execute(due.values(not_before=now() - timedelta(minutes=1)))
    return sum(iter(partial(deliver_round, database, Client(settings), settings), 0))
