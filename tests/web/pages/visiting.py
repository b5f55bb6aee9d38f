"""People who visit the site with a browser that runs no script, over the module's database."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

from litestar.testing import TestClient
from lxml import html
from sqlalchemy import event

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.members import signing_in
from web.app import create_app
from web.edge.limits import Limits

HERE = "http://127.0.0.1:8000"
FROM_HERE = {"sec-fetch-site": "same-origin", "origin": HERE}


class Visitor:
    """A browser: keeps cookies, remembers the page it is on, sends its forms, follows nothing by itself."""

    def __init__(self, client: TestClient[Any]) -> None:
        self.client = client
        self.client.follow_redirects = False
        self.csrf = ""
        self.text = ""

    def get(self, path: str, *, status: int = 200, **headers: str) -> Visitor:
        """Open a page, and insist on the status."""
        answer = self.client.get(path, headers={name.replace("_", "-"): value for name, value in headers.items()})
        return self._at(answer, status)

    def follow(self) -> Visitor:
        """Go where the answer led."""
        return self.get(self.leads_to.partition("#")[0])

    def send(self, path: str, *, status: int = 303, **fields: str) -> Visitor:
        """Send a form with this browser's token, and insist on the status. A field's name may end in an underscore."""
        sent = {"csrf": self._token(), **{name.rstrip("_"): value for name, value in fields.items()}}
        return self._at(self.client.post(path, data=sent, headers=FROM_HERE), status)

    def upload(self, path: str, content: bytes, *, field: str, name: str = "file", status: int = 303) -> Visitor:
        """Send a file with this browser's token, called as somebody likes to call it."""
        token = {"csrf": self._token()}
        return self._at(self.client.post(path, headers=FROM_HERE, data=token, files={field: (name, content)}), status)

    def _token(self) -> str:
        if not self.csrf:
            self.get("/ask")
        return self.csrf

    def _at(self, answer: Any, status: int) -> Visitor:
        assert answer.status_code == status, (
            f"{answer.status_code} {answer.headers.get('location', '')} {answer.text[-3000:]}"
        )
        self.answer, self.text = answer, answer.text
        if found := re.search(r'name="csrf" value="([^"]+)"', self.text):
            self.csrf = found[1]
        return self

    @property
    def leads_to(self) -> str:
        return str(self.answer.headers["location"])

    @property
    def page(self) -> Any:
        return html.fromstring(self.text)

    def words(self, path: str = "//main") -> str:
        """What can be read there, on one line."""
        return " ".join(" ".join(found.text_content() for found in self.page.xpath(path)).split())

    def has(self, path: str) -> bool:
        return bool(self.page.xpath(path))


class Site:
    """One application; `as_(actor)` is somebody's browser on it."""

    def __init__(self, settings: Settings, database: Database, limits: Limits | None = None) -> None:
        self.app = create_app(settings, limits=limits)
        self.database = database
        self.own_database: Database = self.app.site.state["loggia"].db

    def anybody(self) -> Visitor:
        """A visitor who is not signed in."""
        return Visitor(TestClient(self.app, base_url=HERE))

    def as_(self, actor: Actor) -> Visitor:
        with self.database.transaction() as session:
            token = signing_in.sign_in(session, member_id=actor.member_id or 0)
        visitor = self.anybody()
        visitor.client.cookies.set("session", token, domain="127.0.0.1")
        return visitor

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        """The selects that the site runs meanwhile, those of who is asking, of their bell, of the site's settings and of what categories are called left out."""
        seen: list[str] = []

        def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
            if not re.search(r"FROM (sign_in|member LEFT|notification|site_setting)\b|WHERE category.words", statement):
                seen.append(statement)

        readers = self.own_database._readers
        event.listen(readers, "before_cursor_execute", note)
        try:
            yield seen
        finally:
            event.remove(readers, "before_cursor_execute", note)

    def close(self) -> None:
        self.own_database.dispose()


@contextmanager
def opened_site(settings: Settings, database: Database) -> Iterator[Site]:
    """A site whose kept pages look at the database for every request: a test sees what it has just done, whatever ran before it."""
    with patch("web.edge.cache.LOOK_AGAIN", 0.0):
        site = Site(settings, database)
        try:
            yield site
        finally:
            site.close()
