"""What goes wrong when an installation is started: one clear line on standard error, a status, and no traceback."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import text

from crm_sync.tables import Connection
from forum.kernel.db import Database
from tests.installing import SECRET_KEY, copy_of_sqlite, migrate
from tests.servers import free_port
from tests.shared import ROOT
from web import cli, migrations


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An installation's environment, and no `.env` of whoever runs the tests."""
    for name in [name for name in os.environ if name.startswith("LOGGIA_")]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOGGIA_VAR_DIR", str(tmp_path / "var"))
    monkeypatch.setenv("LOGGIA_SECRET_KEY", SECRET_KEY)
    return monkeypatch


def run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str
) -> tuple[object, str, str]:
    """Status, standard output and standard error of a command."""
    monkeypatch.setattr(sys, "argv", ["loggia", *arguments])
    status: object = 0
    try:
        cli.main()
    except SystemExit as end:
        status = end.code
    said = capsys.readouterr()
    return status or 0, said.out, said.err


def refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line that a command refuses with."""
    status, out, error = run(monkeypatch, capsys, *arguments)
    assert (status, out) == (1, "")
    assert error.endswith("\n")
    assert error.count("\n") == 1
    return error.rstrip()


def test_a_wrong_setting_names_the_variable(environ: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    environ.setenv("LOGGIA_LOG_LEVEL", "loud")
    line = refused(environ, capsys, "serve")
    assert line == 'loggia: LOGGIA_LOG_LEVEL got "loud" and wants one of debug, info, warning, error.'


def test_a_broker_address_that_is_none(environ: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    environ.setenv("LOGGIA_BROKER_URL", "cache:6379")
    assert refused(environ, capsys, "worker").startswith(
        'loggia: LOGGIA_BROKER_URL got "cache:6379" and wants an address'
    )


def test_a_worker_without_a_broker_is_a_wrong_call(
    environ: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, error = run(environ, capsys, "worker")
    assert status == 2
    assert error.splitlines()[-1] == "Error: LOGGIA_BROKER_URL is not set, so the worker runs inside loggia serve."


@pytest.mark.parametrize("command", ["serve", "worker", "members list", "crm status"])
def test_a_folder_that_cannot_be_written(
    environ: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path, command: str
) -> None:
    (tmp_path / "file").write_text("")
    environ.setenv("LOGGIA_VAR_DIR", str(tmp_path / "file" / "var"))
    environ.setenv("LOGGIA_BROKER_URL", f"redis://127.0.0.1:{free_port()}")
    line = refused(environ, capsys, *command.split())
    wants = "wants a directory that can be written (not a directory)."
    assert line == f'loggia: LOGGIA_VAR_DIR got "{tmp_path}/file/var" and {wants}'


def test_a_database_that_does_not_answer(environ: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    environ.setenv("LOGGIA_DATABASE_URL", f"postgresql://loggia:hunter2@127.0.0.1:{free_port()}/loggia")
    line = refused(environ, capsys, "serve")
    assert line.startswith('loggia: LOGGIA_DATABASE_URL got "postgresql+psycopg://loggia:***@127.0.0.1:')
    assert "refused" in line
    assert "hunter2" not in line


def test_a_file_that_is_no_database(
    environ: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "letter").write_text("Dear reader, this is a letter and no database. " * 50)
    environ.setenv("LOGGIA_DATABASE_URL", f"sqlite:///{tmp_path / 'letter'}")
    line = refused(environ, capsys, "serve")
    assert line.endswith("and wants a database that answers (file is not a database).")


@pytest.mark.parametrize("command", ["serve", "members list", "db upgrade"])
def test_a_database_of_a_newer_version(
    environ: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], fresh_database: Database, command: str
) -> None:
    with fresh_database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    environ.setenv("LOGGIA_DATABASE_URL", fresh_database.url.render_as_string(hide_password=False))
    line = refused(environ, capsys, *command.split())
    assert line == (
        "loggia: The database is at revision 9999, which this version of Loggia does not know. Install the newer version."
    )


@pytest.mark.parametrize("empty_database_url", ["postgresql"], indirect=True)
def test_a_served_database_that_lacks_migrations(
    environ: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], empty_database_url: str
) -> None:
    environ.setenv("LOGGIA_DATABASE_URL", empty_database_url)
    status, _, error = run(environ, capsys, "serve")
    assert (status, error) == (1, "Error: The database is not up to date. Run: loggia db upgrade\n")


def test_a_taken_port_through_the_command_line(sqlite_template: Path, tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        given = {
            "VAR_DIR": str(tmp_path),
            "SECRET_KEY": SECRET_KEY,
            "DATABASE_URL": copy_of_sqlite(sqlite_template, tmp_path),
        }
        environ = os.environ | {f"LOGGIA_{name}": value for name, value in given.items()}
        command = [sys.executable, "-m", "web.cli", "serve", "--port", str(port)]
        ended = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=120, check=False)
    assert ended.returncode == 1
    assert ended.stdout == ""
    assert ended.stderr == f"loggia: Cannot listen on 127.0.0.1:{port}: address already in use.\n"


def test_every_installation_has_its_journal_from_the_first_command(
    environ: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], empty_database_url: str
) -> None:
    environ.setenv("LOGGIA_DATABASE_URL", empty_database_url)
    migrate(empty_database_url)
    for _ in range(2):
        status, out, error = run(environ, capsys, "crm", "status", "--json")
        assert (status, error) == (0, "")
        assert out.count('"connection": "journal"') == 1
    db = Database(empty_database_url)
    with db.reading() as connection:
        assert connection.execute(Connection.__table__.select()).one().name == "journal"
    db.dispose()


def test_the_embedded_database_is_made_on_the_way(
    environ: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    status, out, _ = run(environ, capsys, "crm", "status", "--json")
    assert status == 0
    assert '"connection": "journal"' in out
    db = Database(f"sqlite:///{tmp_path / 'var' / 'loggia.sqlite'}")
    assert migrations.is_current(db.engine)
    db.dispose()
