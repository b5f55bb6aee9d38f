"""`loggia crm`, as an operator types it."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crm_sync.connections import ensure_default_connection
from forum.kernel.db import Database
from forum.kernel.errors import NotFound
from tests.crm_sync import make
from tests.installing import SECRET_KEY, copy_of_sqlite
from web.cli.crm import crm


@pytest.fixture
def url(sqlite_template: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """An installation with one delivery done and two that could not be delivered."""
    url = copy_of_sqlite(sqlite_template, tmp_path)
    monkeypatch.setenv("LOGGIA_DATABASE_URL", url)
    monkeypatch.setenv("LOGGIA_VAR_DIR", str(tmp_path))
    monkeypatch.setenv("LOGGIA_SECRET_KEY", SECRET_KEY)
    monkeypatch.setenv("LOGGIA_BASE_URL", "http://127.0.0.1:8000")
    db = Database(url)
    with db.transaction() as session:
        connection_id = ensure_default_connection(session)
        asked = make.question(session)
        for state in ("done", "parked", "held"):
            row = make.delivery(connection_id=connection_id, local_id=asked.thread_id, state=state)
            session.add(row)
    db.dispose()
    return url


def said(*arguments: str) -> Result:
    return CliRunner().invoke(crm, arguments)


def test_status_tells_what_waits_for_a_person(url: str) -> None:
    result = said("status")
    assert result.exit_code == 0
    assert "journal" in result.output
    assert "Pump is silent" in result.output
    (row,) = json.loads(said("status", "--json").output)
    assert (row["connection"], row["health"], row["parked"], row["held"]) == ("journal", "trouble", 1, 1)


def test_replay_takes_one_or_all(url: str) -> None:
    assert said("replay", "2").output == "1 will be tried again.\n"
    assert said("replay", "--dead").output == "1 will be tried again.\n"
    assert said("replay", "--dead").output == "0 will be tried again.\n"
    (row,) = json.loads(said("status", "--json").output)
    assert (row["waiting"], row["parked"], row["held"]) == (2, 0, 0)


@pytest.mark.parametrize("arguments", [(), ("2", "--dead")])
def test_replay_wants_to_know_which(url: str, arguments: tuple[str, ...]) -> None:
    assert said("replay", *arguments).exit_code == 2


def test_retract_has_everything_told_anew(url: str) -> None:
    assert said("retract").output == "1 will be told anew.\n"
    (row,) = json.loads(said("status", "--json").output)
    assert (row["waiting"], row["parked"], row["held"]) == (1, 0, 0)


def test_programs_read_what_waits_for_a_person(url: str) -> None:
    (row,) = json.loads(said("status", "--json").output)
    assert [(one["delivery"], one["connection"]) for one in row["could not be delivered"]] == [
        (3, "journal"),
        (2, "journal"),
    ]


def test_a_delivery_that_is_not_there_is_named(url: str) -> None:
    with pytest.raises(NotFound, match="There is no delivery with the number 99999"):
        CliRunner().invoke(crm, ("replay", "99999"), catch_exceptions=False)
