"""Where the demo community goes: into an installation in which nobody lives yet, whole or not at all."""

from pathlib import Path
from typing import Any

from sqlalchemy import event, make_url

from forum.kernel.db import Database
from forum.kernel.outbox import Relay
from forum.kernel.settings import Settings
from web import migrations
from web.demo.content import Community
from web.demo.loading import fill, is_inhabited, passwords_of
from web.wiring import SUBSCRIBERS


def ensure(settings: Settings, community: Community) -> bool:
    """Fill the installation if nobody has an account; returns whether that was done. The database must be up to date.

    On SQLite the community is made in a file beside the database, which then takes its place: a filling that is interrupted
    leaves nothing behind, and is begun anew next time.
    """
    passwords = passwords_of(community, settings.secret_key)
    if not settings.is_sqlite:
        return _fill(settings.database_url, community, passwords)
    file = Path(make_url(settings.database_url).database or "")
    if _has_people(settings.database_url):
        return False
    aside = file.with_name(f"{file.name}.filling")
    _remove(aside)
    migrations.upgrade(f"sqlite:///{aside}")
    _fill(f"sqlite:///{aside}", community, passwords, hurried=True)
    _remove(file)
    aside.replace(file)
    return True


def _fill(url: str, community: Community, passwords: dict[str, str], *, hurried: bool = False) -> bool:
    db = Database(url)
    if hurried:
        event.listen(db.engine, "connect", _without_waiting_for_the_disk)
    try:
        return fill(db, community, passwords, Relay(db, SUBSCRIBERS).deliver_within)
    finally:
        db.dispose()  # the last connection folds SQLite's log into the file


def _without_waiting_for_the_disk(connection: Any, _record: Any) -> None:
    connection.execute("PRAGMA synchronous=OFF")  # what is half made is thrown away, so nothing can be lost


def _has_people(url: str) -> bool:
    db = Database(url, pool_size=1)
    try:
        return is_inhabited(db)
    finally:
        db.dispose()


def _remove(file: Path) -> None:
    """The database with the log and the index that SQLite keeps beside it."""
    for suffix in ("", "-wal", "-shm"):
        file.with_name(file.name + suffix).unlink(missing_ok=True)
