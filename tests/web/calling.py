"""People and programs who call the API of an installation over the module's database."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from litestar.testing import TestClient

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.members import tokens
from web.app import create_app

HERE = "http://127.0.0.1:8000"
Json = dict[str, Any]


class Caller:
    """A program with somebody's token, or nobody's."""

    def __init__(self, client: TestClient[Any], token: str | None) -> None:
        self._client = client
        self._headers = {} if token is None else {"authorization": f"Bearer {token}"}

    def __call__(self, method: str, path: str, json: Any = None, *, status: int = 200, **headers: str) -> Any:
        """Call, and insist on the status; returns the decoded body."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        self.answer = self._client.request(
            method, "/api/v1" + path, json=json, headers={**self._headers, **named}, follow_redirects=False
        )
        assert self.answer.status_code == status, self.answer.text
        return self.answer.json() if self.answer.content else None


class Site:
    """One application; `as_(actor)` calls it as somebody."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.app = create_app(settings)
        self.database = database
        self.client: TestClient[Any] = TestClient(self.app, base_url=HERE)
        self.nobody = Caller(self.client, None)

    def as_(self, actor: Actor, *scopes: str) -> Caller:
        with self.database.transaction() as session:
            token = tokens.create(session, actor, name="A test", scopes=list(scopes or ("read", "write", "moderate")))
        return Caller(self.client, token)

    def close(self) -> None:
        self.app.site.state["loggia"].db.dispose()


def calling(settings: Settings, database: Database) -> Iterator[Site]:
    """The body of a fixture."""
    site = Site(settings, database)
    yield site
    site.close()
