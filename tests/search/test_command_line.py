"""`loggia search`, as an operator types it."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from forum.kernel.access import ANONYMOUS
from forum.kernel.db import Database
from forum.search.pages import Asked, search_page
from tests.forum import making as make
from tests.installing import SECRET_KEY, copy_of_sqlite
from web.cli.search import search


def test_reindex_makes_what_was_never_indexed_found(
    sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = copy_of_sqlite(sqlite_template, tmp_path)
    monkeypatch.setenv("LOGGIA_DATABASE_URL", url)
    monkeypatch.setenv("LOGGIA_VAR_DIR", str(tmp_path))
    monkeypatch.setenv("LOGGIA_SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("LOGGIA_BASE_URL", "http://127.0.0.1:8000")
    db = Database(url)
    with db.transaction() as session:
        for number in range(3):
            make.thread(session, title=f"A thread about ibises, number {number}")
    for _ in range(2):
        result = CliRunner().invoke(search, ["reindex"])
        assert (result.exit_code, result.output.splitlines()[-1]) == (0, "3 threads and articles are indexed.")
    with db.reading() as connection:
        assert search_page(connection, ANONYMOUS, Asked(typed="ibises")).total == 3
    db.dispose()
