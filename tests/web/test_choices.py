"""The footer's choices: kept in a cookie, with the account where there is one, and back to where one was."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from litestar import Litestar
from litestar.testing import TestClient

from forum.kernel.access import ANONYMOUS, Actor
from forum.kernel.settings import Settings
from forum.members import accounts, signing_in
from web.app import create_app
from web.edge.visit import Visit
from web.installation import db_of
from web.pages.choices import locale_of

FROM_HERE = {"sec-fetch-site": "same-origin", "origin": "http://127.0.0.1:8000"}
Client = TestClient[Litestar]
Post = Callable[..., tuple[int, str, list[str]]]


@pytest.fixture
def client(settings: Settings) -> Iterator[Client]:
    with TestClient(create_app(settings), base_url="http://127.0.0.1:8000") as opened:  # type: ignore[type-var]
        yield opened


@pytest.fixture
def choose(client: Client) -> Post:
    def post(path: str, **fields: str) -> tuple[int, str, list[str]]:
        answer = client.post(path, data=fields, headers=FROM_HERE, follow_redirects=False)
        return answer.status_code, answer.headers.get("location", ""), answer.headers.get_list("set-cookie")

    return post
