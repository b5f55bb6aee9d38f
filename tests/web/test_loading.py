"""What a serving process loads: only what reading pages takes. The rest is imported when it is first used."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from forum.kernel.db import Database
from forum.kernel.settings import Settings
from tests.forum import making as make
from tests.installing import SECRET_KEY, deliver_all

# What only some installations have, or only a command, an upload, a new post or a delivery needs.
NOT_YET = (
    *("alembic", "mako", "PIL", "webauthn", "authlib", "joserfc", "meilisearch", "requests", "httpx", "httpx2"),
    *("markdown_it", "mdit_py_plugins", "nh3", "bs4", "markdownify", "lxml", "babel", "smtplib", "redis", "pika"),
    *("crm_sync.connectors.journal", "crm_sync.connectors.webhook", "forum.kernel.markdown.highlighting"),
)
_READING = """
import asyncio, sys
from forum.kernel import settings
from web import serving

app = serving.load(settings.load(env_file=None))

def scope(path):
    return {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "scheme": "http", "path": path,
        "raw_path": path.encode(), "query_string": b"", "root_path": "", "headers": [(b"host", b"127.0.0.1:8000")],
        "client": ("127.0.0.1", 5000), "server": ("127.0.0.1", 8000), "state": {},
    }

async def read(path):
    said = []
    async def send(message):
        said.append(message)
    async def receive():
        return {"type": "http.request", "body": b"", "more_body": False}
    await app(scope(path), receive, send)
    return said[0]["status"]

async def live(path):
    orders, begun = asyncio.Queue(), asyncio.Event()
    async def send(message):
        begun.set()
    orders.put_nowait({"type": "lifespan.startup"})
    life = asyncio.create_task(app({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, orders.get, send))
    await begun.wait()
    status = await read(path)
    loaded = set(sys.modules)
    orders.put_nowait({"type": "lifespan.shutdown"})
    await life
    return status, loaded

status, loaded = asyncio.run(live(sys.argv[1]))
print(status, *sorted(loaded))
"""


@pytest.fixture
def served(database: Database, settings: Settings) -> list[str]:
    """The status of the first page of a fresh process, and all modules that were loaded by then."""
    with database.transaction() as session:
        thread = make.thread(session)
        make.reply(session, thread)
        address = f"/t/{thread.id}/{thread.slug}"
    deliver_all(database)
    environment = {
        **os.environ,
        "LOGGIA_DATABASE_URL": settings.database_url,
        "LOGGIA_VAR_DIR": str(settings.var_dir),
        "LOGGIA_SECRET_KEY": SECRET_KEY,
        "LOGGIA_LOG_LEVEL": "warning",
        "LOGGIA_BASE_URL": "http://127.0.0.1:8000",
    }
    done = subprocess.run(
        [sys.executable, "-c", _READING, address], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_a_page_is_served_without_loading_what_it_does_not_need(served: list[str]) -> None:
    status, *loaded = served
    assert status == "200"
    assert [name for name in NOT_YET if name in loaded] == []
