"""Threads over the API: opening, reading, listing, changing, following."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest
from sqlalchemy import select

from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.threads.tables import Thread
from tests.forum import making
from tests.web.calling import HERE, Json, Site, calling


@pytest.fixture(scope="module")
def site(settings: Settings, database: Database) -> Iterator[Site]:
    yield from calling(settings, database)


def new(place: str, **changes: object) -> Json:
    said = {"kind": "question", "category": place, "title": making.TITLE, "body": making.BODY, "tags": ["motor"]}
    return said | changes


def test_a_thread_is_opened_and_read_by_everybody(site: Site, database: Database) -> None:
    with database.transaction() as session:
        author, place = making.member(session), making.category(session)
    opened = site.as_(author)("POST", "/threads", new(place.slug, locale="en"), status=201)
    assert site.client.cookies == {}
    read = site.nobody("GET", f"/threads/{opened['id']}")
    assert (read["title"], read["tags"], read["author"]) == (
        making.TITLE, ["motor"], {"handle": author.handle, "name": author.name},
    )  # fmt: skip
    assert read["url"] == f"{HERE}/t/{opened['id']}/the-grinder-stops-after-ten-seconds"
    assert read["created_at"].endswith("Z")
    (first,) = read["posts"]["items"]
    assert (first["number"], first["body"], first["parent"]) == (1, making.BODY, None)
    assert (opened["following"], read["following"]) == (True, False)
    assert (read["accepted"], read["official_post"], read["idea_status"]) == ([], None, None)


def test_where_the_new_thread_is_stands_in_the_answer(site: Site, database: Database) -> None:
    with database.transaction() as session:
        author, place = making.member(session), making.category(session)
    caller = site.as_(author)
    opened = caller("POST", "/threads", new(place.slug, kind="idea"), status=201)
    assert caller.answer.headers["location"] == f"/api/v1/threads/{opened['id']}"
    assert opened["idea_status"] == "new"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": "short"}, "title"),
        ({"kind": "riddle"}, "kind"),
        ({"tags": "motor"}, "tags"),
        ({"titel": making.TITLE}, None),
        ({"locale": "x" * 9}, "locale"),
        ({"category": "nowhere"}, "category"),
    ],
)
def test_what_needs_mending_is_named(site: Site, database: Database, body: Json, field: str | None) -> None:
    with database.transaction() as session:
        author, place = making.member(session), making.category(session)
    caller = site.as_(author)
    problem = caller("POST", "/threads", new(place.slug, **body), status=422)
    assert problem["type"] == "urn:loggia:problem:invalid"
    assert caller.answer.headers["content-type"] == "application/problem+json"
    assert field is None or field in [error["field"] for error in problem["errors"]]


def test_programs_without_a_right_are_told_so(site: Site, database: Database) -> None:
    with database.transaction() as session:
        opened, stranger = making.thread(session), making.member(session)
        inner = making.thread(session, making.staff(session), making.category(session, audience=2, openers=2))
    site.nobody("POST", "/threads", new("water"), status=401)
    assert site.nobody.answer.headers["www-authenticate"] == "Bearer"
    caller = site.as_(stranger)
    problem = caller("PATCH", f"/threads/{opened.id}", {"title": "Another title, longer"}, status=403)
    assert (problem["type"], "reputation" in problem["detail"]) == ("urn:loggia:problem:not-allowed", True)
    for path in (f"/threads/{inner.id}", f"/threads/{inner.id}/posts", "/threads/0", "/threads/abc", "/threads/01"):
        assert caller("GET", path, status=404)["type"] == "urn:loggia:problem:not-found"
    site.as_(stranger, "read")("POST", "/threads", new("water"), status=403)


def test_lists_are_narrowed_and_paged(site: Site, database: Database) -> None:
    with database.transaction() as session:
        place = making.category(session)
        ids = [making.thread(session, place=place, tags=["valve"]).id for _ in range(5)]
        making.thread(session, place=place, kind="discussion")
    path: str | None = f"/threads?category={place.slug}&tag=Valve&kind=question&state=open&sort=newest&limit=2"
    found = []
    while path:
        page = site.nobody("GET", path)
        found += [item["id"] for item in page["items"]]
        link = site.nobody.answer.headers.get("link")
        assert (link is None) == (page["next"] is None)
        path = link and link.split(">")[0].removeprefix(f"<{HERE}/api/v1")
    assert found == ids[::-1]


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "sort=best", "state=odd", "cursor=%21", "kind=riddle"])
def test_arguments_that_cannot_be_used(site: Site, query: str) -> None:
    problem = site.nobody("GET", f"/threads?{query}", status=422)
    assert [error["field"] for error in problem["errors"]] == [query.split("=", maxsplit=1)[0]]


def test_a_thread_is_changed_against_its_revision(site: Site, database: Database) -> None:
    with database.transaction() as session:
        author = making.member(session)
        opened, place = making.thread(session, author), making.category(session)
    caller, path = site.as_(author), f"/threads/{opened.id}"
    change = {"title": "The grinder stops: solved", "tags": ["Motor", "steam"], "category": place.slug, "revision": 1}
    changed = caller("PATCH", path, change)
    assert (changed["title"], changed["tags"], changed["category"], changed["revision"]) == (
        "The grinder stops: solved", ["motor", "steam"], place.slug, 2,
    )  # fmt: skip
    problem = caller("PATCH", path, {"title": "Somebody else's title", "revision": 1}, status=409)
    assert problem["type"] == "urn:loggia:problem:conflict"


def test_closing_and_opening_is_a_decision_in_the_public_log(site: Site, database: Database) -> None:
    from moderation.tables import Decision

    with database.transaction() as session:
        opened, moderator = making.thread(session), making.moderator(session)
        peer = making.member(session)
    caller, path = site.as_(moderator), f"/threads/{opened.id}"
    caller("PATCH", path, {"state": "closed"}, status=422)
    closed = caller("PATCH", path, {"state": "closed", "comment": "The product is no longer made."})
    assert (closed["closed"], closed["closed_reason"]) == (True, "The product is no longer made.")
    assert caller("PATCH", path, {"state": "closed"})["closed"]
    site.as_(peer)("POST", f"{path}/posts", {"body": making.REPLY}, status=403)
    site.as_(peer)("PATCH", path, {"state": "open", "comment": "It is made again."}, status=403)
    assert not caller("PATCH", path, {"state": "open", "comment": "It is made again."})["closed"]
    with database.reading() as connection:
        actions = connection.scalars(select(Decision.action).order_by(Decision.number)).all()
    assert actions[-2:] == ["close-thread", "reopen-thread"]


def test_following_is_put_and_deleted(site: Site, database: Database) -> None:
    with database.transaction() as session:
        opened, reader = making.thread(session), making.member(session)
    caller, path = site.as_(reader), f"/threads/{opened.id}"
    for method, following in (("PUT", True), ("PUT", True), ("DELETE", False), ("DELETE", False)):
        assert caller(method, f"{path}/subscription", status=204) is None
        assert caller("GET", path)["following"] is following
    site.nobody("PUT", f"{path}/subscription", status=401)


def test_a_post_that_is_sent_twice_takes_effect_once(site: Site, database: Database) -> None:
    with database.transaction() as session:
        author, other, place = making.member(session), making.member(session), making.category(session)
    caller = site.as_(author)
    said = new(place.slug)
    first = caller("POST", "/threads", said, status=201, idempotency_key="a-1")
    again = caller("POST", "/threads", said, status=201, idempotency_key="a-1")
    assert again["id"] == first["id"]
    assert caller("POST", "/threads", said, status=201, idempotency_key="a-2")["id"] != first["id"]
    assert site.as_(other)("POST", "/threads", said, status=201, idempotency_key="a-1")["id"] != first["id"]
    problem = caller("POST", "/threads", new(place.slug, tags=[]), status=422, idempotency_key="a-1")
    assert [error["field"] for error in problem["errors"]] == ["Idempotency-Key"]
    caller("POST", "/threads", said, status=422, idempotency_key="x" * 256)


def test_a_refused_post_leaves_its_key_free(site: Site, database: Database) -> None:
    with database.transaction() as session:
        author, place = making.member(session), making.category(session)
    caller = site.as_(author)
    caller("POST", "/threads", new(place.slug, title="short"), status=422, idempotency_key="b-1")
    caller("POST", "/threads", new(place.slug), status=201, idempotency_key="b-1")


def test_the_same_post_sent_many_times_at_once_takes_effect_once(site: Site, database: Database) -> None:
    from concurrent.futures import ThreadPoolExecutor

    from web.api import idempotency
    from web.api.threads import NewThread

    with database.transaction() as session:
        author, place = making.member(session), making.category(session)
    data = NewThread(kind="question", category=place.slug, title=making.TITLE, body=making.BODY)
    request = FakeRequest()

    def send(_number: int) -> int:
        with database.transaction() as session:
            return idempotency.once(request, session, author, data, lambda: making.thread(session, author, place).id)  # type: ignore[arg-type]

    with ThreadPoolExecutor(8) as pool:
        made = set(pool.map(send, range(24)))
    assert len(made) == 1
    with database.reading() as connection:
        page = connection.scalars(select(Thread.id).where(Thread.category_id == place.id)).all()
    assert set(page) == made


class FakeRequest:
    """As much of a request as tells one sending from another."""

    method = "POST"
    url = SimpleNamespace(path="/api/v1/threads")
    scope: ClassVar[dict[str, Any]] = {
        "state": {"visit": SimpleNamespace(headers={b"idempotency-key": b"at-once"})},
    }
