"""How fast a Stack Exchange dump comes in, search index and points included."""

import os
import time
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy import func, select

from forum.exchange.stackexchange.importing import import_dump
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.threads.tables import Post
from tests.shared import FOLDER
from web.cli.importing import rebuild_all, silent


def measure(kind: str, settings: Settings) -> Iterator[tuple[str, float]]:
    """Posts a second: bodies prepared and rows written; then the same with all that is rebuilt afterwards."""
    dump = FOLDER / "data" / "se-cardano"
    if not dump.is_dir():
        return
    db = Database(settings.database_url)
    before, began = _posts(db), time.perf_counter()
    import_dump(db, Path(dump))
    written, imported = _posts(db) - before, time.perf_counter() - began
    with silent() as bar:
        rebuild_all(db, bar)
    db.dispose()
    yield f"import of {written} posts on {os.cpu_count()} cores", written / imported
    yield "the same with counters, points and search index", written / (time.perf_counter() - began)


def _posts(db: Database) -> int:
    with db.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(Post)).scalar_one())
