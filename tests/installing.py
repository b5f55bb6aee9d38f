"""A throw-away installation: its settings, its database, and the work that waits in its outbox."""

import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from sqlalchemy import select, update

from forum.kernel import settings
from forum.kernel.db import Database
from forum.kernel.outbox import OutboxDelivery, Relay, Subscribers
from forum.kernel.settings import Settings
from web import migrations

SECRET_KEY = "0123456789abcdef" * 4
_MOST_ROUNDS = 10_000  # far more than any test has work for


def settings_for(database_url: str, var_dir: Path, **variables: str) -> Settings:
    """Checked settings of an installation under `var_dir`. `variables` are LOGGIA_ names in small letters, without the prefix."""
    given = {
        "database_url": database_url,
        "var_dir": str(var_dir),
        "secret_key": SECRET_KEY,
        "log_level": "warning",
    } | variables
    return settings.load({f"LOGGIA_{name.upper()}": value for name, value in given.items()}, env_file=None)


def migrate(database_url: str) -> None:
    """Give an empty database today's tables, by the same history that an installation goes through."""
    migrations.upgrade(database_url)


def copy_of_sqlite(template: Path, folder: Path) -> str:
    """The address of a copy of a closed database file."""
    copy = folder / "loggia.sqlite"
    shutil.copyfile(template, copy)
    with closing(sqlite3.connect(copy)) as connection:
        # What a test writes is thrown away; with the installation's own setting each commit would wait for the disk.
        connection.execute("PRAGMA journal_mode=WAL")
    return f"sqlite:///{copy}"


def deliver_all(
    database: Database,
    *,
    times: int = 2,
    subscribers: Subscribers | None = None,
    then: Callable[[], int] | None = None,
) -> None:
    """Deliver everything that waits in the outbox, `times` times over: the second time must change nothing.

    `subscribers` are all of the house unless a test wants fewer. `then` is a further round of work, as the CRM's, which
    says how much it did. A delivery that fails fails the test; what it said is in the message.
    """
    if subscribers is None:
        from web.wiring import SUBSCRIBERS  # only here, because it imports the whole house

        subscribers = SUBSCRIBERS
    relay = Relay(database, subscribers)
    rounds = [relay.run_once, *([then] if then else [])]
    for turn in range(times):
        if turn:
            _forget_deliveries(database)
        for _ in range(_MOST_ROUNDS):
            if not sum(each() for each in rounds):
                break
        _fail_on_trouble(database)


def _forget_deliveries(database: Database) -> None:
    with database.transaction() as session:
        done = update(OutboxDelivery).where(OutboxDelivery.state == "done").values(state="waiting", attempt=0)
        session.execute(done)


def _fail_on_trouble(database: Database) -> None:
    with database.reading() as connection:
        trouble = select(OutboxDelivery.subscriber, OutboxDelivery.reason).where(OutboxDelivery.state != "done")
        rows = connection.execute(trouble).all()
    assert not rows, "; ".join(f"{row.subscriber}: {row.reason}" for row in rows)
