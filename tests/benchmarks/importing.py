"""How fast communities come in from elsewhere, search index and points included."""

import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from sqlalchemy import func, select

from forum.exchange.discourse.importing import import_export
from forum.exchange.stackexchange.importing import import_dump
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.threads.tables import Post
from tests.shared import FOLDER
from web.cli.importing import rebuild_all, silent


def measure(kind: str, settings: Settings) -> Iterator[tuple[str, float]]:
    """Posts a second: bodies prepared and rows written; then the same with all that is rebuilt afterwards."""
    takings: dict[str, Callable[[Database, Path], object]] = {
        "se-cardano": import_dump,
        "discourse-urho3d": lambda db, folder: import_export(db, [folder]),
    }
    for name, take in takings.items():
        folder = FOLDER / "data" / name
        if folder.is_dir():
            yield from _measured(settings, folder, take)


def _measured(
    settings: Settings, folder: Path, take: Callable[[Database, Path], object]
) -> Iterator[tuple[str, float]]:
    db = Database(settings.database_url)
    before, began = _posts(db), time.perf_counter()
    take(db, folder)
    written, imported = _posts(db) - before, time.perf_counter() - began
    with silent() as bar:
        rebuild_all(db, bar)
    db.dispose()
    yield f"import of {written} posts of {folder.name} on {os.cpu_count()} cores", written / imported
    yield "the same with counters, points and search index", written / (time.perf_counter() - began)


def _posts(db: Database) -> int:
    with db.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(Post)).scalar_one())
