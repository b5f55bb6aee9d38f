"""Handlers that share a path, in a thread or on the loop. The second order finds them registered with an application before."""

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


@pytest.mark.parametrize("order", [1, -1])
def test_only_a_quick_read_of_the_embedded_database_runs_on_the_loop(installation: Settings, order: int) -> None:
    handlers = [read, read_slowly, add, change, remove][::order]
    app = create_app(installation, handlers=handlers)
    client = TestClient(app, base_url="http://127.0.0.1:8000")
    calls = [("GET", "/api/where"), ("GET", "/api/slow")]
    calls += [(method, path) for path in ("/api/where", "/api/slow") for method in ("POST", "PUT", "DELETE")]
    headers = {"authorization": "Bearer x"}
    answers = {call: client.request(*call, headers=headers) for call in calls}
    assert [answer.status_code for answer in answers.values()] == [200] * len(calls)
    in_threads = [call for call, answer in answers.items() if answer.text.startswith("web")]
    assert in_threads == calls[1:]
    app.site.state["loggia"].db.dispose()
