"""Handlers that share a path, each where it runs best. The second order finds them registered with an application before."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
from litestar import delete, get, post, put
from litestar.testing import TestClient

from forum.kernel.settings import Settings
from tests.installing import settings_for
from web.app import create_app


@get("/api/where", sync_to_thread=True)
def read() -> str:
    return threading.current_thread().name


@get("/api/slow", sync_to_thread=True, opt={"slow": True})
def read_slowly() -> str:
    return threading.current_thread().name


@post(["/api/where", "/api/slow"], sync_to_thread=True, status_code=200)
def add() -> str:
    return threading.current_thread().name


@put(["/api/where", "/api/slow"], sync_to_thread=True)
def change() -> str:
    return threading.current_thread().name


@delete(["/api/where", "/api/slow"], sync_to_thread=True, status_code=200)
def remove() -> str:
    return threading.current_thread().name


@pytest.fixture
def installation(tmp_path: Path) -> Settings:
    return settings_for(f"sqlite:///{tmp_path / 'empty.sqlite'}", tmp_path)


CALLS = [("GET", "/api/where"), ("GET", "/api/slow")]
CALLS += [(method, path) for path in ("/api/where", "/api/slow") for method in ("POST", "PUT", "DELETE")]


def places_of_calls(settings: Settings, order: int) -> list[str]:
    """The kind of thread that each call ran in: the beginning of its name."""
    app = create_app(settings, handlers=[read, read_slowly, add, change, remove][::order])
    client = TestClient(app, base_url="http://127.0.0.1:8000")
    answers = [client.request(*call, headers={"authorization": "Bearer x"}) for call in CALLS]
    assert [answer.status_code for answer in answers] == [200] * len(CALLS)
    app.site.state["loggia"].db.dispose()
    return [answer.text.partition("_")[0] for answer in answers]


@pytest.mark.parametrize("order", [1, -1])
def test_only_a_quick_read_of_the_embedded_database_runs_on_the_loop(installation: Settings, order: int) -> None:
    where = places_of_calls(installation, order)
    assert "web" not in where[0]
    assert where[1:] == ["web"] * (len(CALLS) - 1)


@pytest.mark.parametrize("order", [1, -1])
def test_on_postgresql_quick_reads_have_threads_of_their_own(tmp_path: Path, order: int) -> None:
    nobody_there = "postgresql+psycopg://nobody@127.0.0.1:1/none"  # a handler that asks nothing needs no server
    assert places_of_calls(settings_for(nobody_there, tmp_path), order) == ["read"] + ["web"] * (len(CALLS) - 1)
