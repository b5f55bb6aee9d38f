"""Addresses of a community that was imported from Discourse lead to what is here now, for whoever may see that."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from litestar.testing import TestClient
from sqlalchemy import update

from forum.kernel.access import STAFF
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.threads.tables import Category
from tests.exchange.exports import said, topic, write
from web.app import create_app
from web.cli import loggia

HERE = "http://127.0.0.1:8000"
FIRST = "first.example.org"


@pytest.fixture(scope="module")
def client(
    database: Database, settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TestClient[Any]]:
    """A site with two communities in it, whose numbers overlap."""
    folder: Path = tmp_path_factory.mktemp("exports")
    many = [said(number, username="Bo.B", user_id=6) for number in range(2, 31)]
    secret = [
        {"id": 8, "name": "Secret", "slug": "secret", "read_restricted": True},
        {"id": 3, "name": "Baking", "slug": "baking"},
    ]
    first = [topic(700, said(1), *many, tags=["Dry Cake"]), topic(701, category_id=8)]
    second = [
        topic(700, said(1) | {"id": 70001}, said(4) | {"id": 70002}, slug="other", title="Other"),
        topic(900, said(1), said(2, accepted_answer=True)),
    ]
    variables = {"LOGGIA_DATABASE_URL": settings.database_url, "LOGGIA_VAR_DIR": str(settings.var_dir)}
    variables |= {"LOGGIA_SECRET_KEY": settings.secret_key, "LOGGIA_LOG_LEVEL": "warning"}
    for name, topics in ((FIRST, first), ("second.example.org", second)):
        files = write(folder / name, *topics, categories={"categories": secret})
        told = CliRunner(env=variables).invoke(
            loggia, ["import", "discourse", str(files), "--json"], catch_exceptions=False
        )
        assert told.exit_code == 0, told.output
        added = json.loads(told.stdout)["added"]
        assert added.get("discussions", 0) + added.get("questions", 0) == 2
    app = create_app(settings)
    with TestClient(app, base_url=HERE) as client:
        yield client


MOVED = {
    "/t/title-of-700/700": "/t/700/title-of-700",
    "/t/an-older-name/700": "/t/700/title-of-700",
    "/t/title-of-700/700/1": "/t/700/title-of-700",
    "/t/title-of-700/700/3": "/t/700/title-of-700#p70003",
    "/t/title-of-700/700/30": "/t/700/title-of-700?page=2#p70030",
    "/t/title-of-700/700/99": "/t/700/title-of-700?page=2#p70030",
    "/t/700": "/t/700/title-of-700",
    "/t/other/700": "/t/901/other",
    "/t/other/700/3": "/t/901/other#p90003",
    "/t/title-of-900/900": "/t/900/title-of-900",
    "/u/ADA": "/m/ada",
    "/u/bo.b": "/m/bo-b",
    "/u/bo.b/summary": "/m/bo-b",
    "/c/baking/3": "/c/baking",
    "/c/anything/else/3": "/c/baking",
    "/c/food/baking": "/c/baking",
    "/tag/dry-cake": "/tags/dry-cake",
}
NOWHERE = (
    "/t/title-of-701/701", "/t/title-of-701/701/1", "/t/701", "/t/nothing/5", "/t/nothing/x", "/t/title-of-700/700/0",
    "/u/nobody-here", "/u/nobody-here/summary", "/c/secret/8", "/c/secret", "/c/nothing/5", "/c/a/b/c", "/tag/nothing", "/p/70101", "/p/5",
)  # fmt: skip


def test_they_lead_to_what_is_here(client: TestClient[Any]) -> None:
    found = {}
    for old in MOVED:
        answer = client.get(old, follow_redirects=False)
        found[old] = answer.headers.get("location", "") if answer.status_code == 301 else str(answer.status_code)
    assert found == MOVED


def test_a_posts_number_leads_to_it(client: TestClient[Any]) -> None:
    assert client.get("/p/70003", follow_redirects=False).headers["location"] == "/t/700/title-of-700#p70003"


def test_what_cannot_be_seen_is_not_told_of(client: TestClient[Any]) -> None:
    answers = {old: client.get(old, follow_redirects=False) for old in NOWHERE}
    assert {old: answer.status_code for old, answer in answers.items() if answer.status_code != 404} == {}
    assert answers["/t/701"].text.replace("/t/701", "") == answers["/t/nothing/5"].text.replace("/t/nothing/5", "")


def test_nobody_is_said_to_have_chosen_a_solution(client: TestClient[Any]) -> None:
    page = client.get("/t/900/title-of-900").text
    assert "Marked as what solved it where it comes from." in page
    assert "marked this as" not in page


def test_it_follows_what_may_be_seen(client: TestClient[Any], database: Database) -> None:
    def shown(audience: int) -> int:
        with database.transaction() as session:
            session.execute(update(Category).where(Category.slug == "secret").values(audience=audience))
        return client.get("/t/title-of-701/701/1", follow_redirects=False).status_code

    assert [shown(0), shown(STAFF)] == [301, 404]
