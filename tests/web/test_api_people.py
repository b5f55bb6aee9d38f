"""People over the API: members, their ledger and badges, oneself, one's news."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from forum.kernel.access import Actor
from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.members import accounts
from forum.members.actors import actor_of
from forum.members.tables import ImportedBadge
from forum.threads import answers, voting
from tests.forum import making
from tests.installing import deliver_all
from tests.web.calling import HERE, Site, calling


@pytest.fixture(scope="module")
def site(settings: Settings, database: Database) -> Iterator[Site]:
    yield from calling(settings, database)


@pytest.fixture(scope="module")
def jonas(database: Database) -> Actor:
    """Somebody whose answer was accepted and voted up by three."""
    with database.transaction() as session:
        member = accounts.register(session, handle="jonas", mail="jonas@post.example", password="a sentence is good")
        session.flush()
        jonas, asker = actor_of(session, member.id), making.member(session)
        thread = making.thread(session, asker)
        reply = making.reply(session, thread, jonas)
        for _ in range(3):
            voting.vote(session, making.member(session), post_id=reply.id, value=1)
        answers.accept(session, asker, post_id=reply.id)
        making.thread(session, jonas, kind="idea")
        session.add(ImportedBadge(member_id=member.id, name="Teacher", grade=3, awarded_at=now()))
    deliver_all(database)
    return jonas


def test_a_member_is_shown_to_everybody(site: Site, jonas: Actor) -> None:
    read = site.nobody("GET", "/members/jonas")
    assert (read["handle"], read["url"], read["role"], read["company"]) == ("jonas", f"{HERE}/m/jonas", "member", False)
    assert (read["points"], read["answers"], read["accepted"], read["questions"], read["ideas"]) == (45, 1, 1, 0, 1)
    assert "mail" not in read
    assert read["created_at"].endswith("Z")


def test_staff_are_shown_with_team_and_title(site: Site, database: Database) -> None:
    with database.transaction() as session:
        staff = making.staff(session)
    read = site.nobody("GET", f"/members/{staff.handle}")
    assert (read["company"], read["team"], read["title"]) == (True, "Support", "Engineer")


def test_the_ledger_is_a_list_with_a_link(site: Site, jonas: Actor) -> None:
    first = site.nobody("GET", "/members/jonas/reputation?limit=3")
    assert site.nobody.answer.headers["link"].startswith(f"<{HERE}/api/v1/members/jonas/reputation?limit=3&cursor=")
    rest = site.nobody("GET", f"/members/jonas/reputation?limit=3&cursor={first['next']}")
    assert "link" not in site.nobody.answer.headers
    lines = first["items"] + rest["items"]
    assert [line["total"] for line in lines] == [45, 30, 20, 10]
    assert {line["reason"] for line in lines} == {"upvoted", "accepted"}
    assert set(lines[0]) == {"id", "reason", "undo", "points", "total", "at", "post", "thread", "title"}
    assert rest["next"] is None


def test_badges(site: Site, jonas: Actor) -> None:
    assert site.nobody("GET", "/members/jonas/badges") == {
        "items": [{"name": "Teacher", "grade": 3, "times": 1}],
        "next": None,
    }


@pytest.mark.parametrize(
    "path", ["/members/nobody-here", "/members/nobody-here/reputation", "/members/nobody-here/badges"]
)
def test_nobody_has_this_handle(site: Site, path: str) -> None:
    assert site.nobody("GET", path, status=404)["type"].endswith("not-found")


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "cursor=abc", "limit=two"])
def test_a_list_that_cannot_be_asked_for(site: Site, jonas: Actor, query: str) -> None:
    site.nobody("GET", f"/members/jonas/reputation?{query}", status=422)


def test_oneself(site: Site, jonas: Actor) -> None:
    read = site.as_(jonas, "read", "write")("GET", "/me")
    assert (read["handle"], read["mail"], read["unread"]) == ("jonas", "jonas@post.example", 1)
    assert "vote:up" in read["privileges"]
    assert site.as_(jonas, "read")("GET", "/me")["privileges"] == []
    site.nobody("GET", "/me", status=401)


def test_one_s_news_and_marking_them(site: Site, database: Database) -> None:
    with database.transaction() as session:
        reader = making.member(session)
        thread = making.thread(session, reader)
        posts = [making.reply(session, thread).id for _ in range(3)]
    deliver_all(database)
    caller = site.as_(reader, "read", "write")
    page = caller("GET", "/notifications?limit=2")
    assert [(line["kind"], line["post"], line["read"]) for line in page["items"]] == [
        ("reply", posts[2], False), ("reply", posts[1], False),
    ]  # fmt: skip
    assert 'rel="next"' in caller.answer.headers["link"]
    newest, middle = (line["id"] for line in page["items"])
    assert caller("POST", "/notifications/read", {"id": newest}, status=204) is None
    assert [line["read"] for line in caller("GET", "/notifications")["items"]] == [True, False, False]
    caller("POST", "/notifications/read", {"up_to": middle}, status=204)
    assert [line["read"] for line in caller("GET", "/notifications")["items"]] == [True, True, True]
    assert caller("GET", "/notifications?which=company")["items"] == []
    caller("POST", "/notifications/read", {"all": True}, status=422)
    site.as_(reader, "read")("POST", "/notifications/read", {}, status=403)
    site.nobody("GET", "/notifications", status=401)
