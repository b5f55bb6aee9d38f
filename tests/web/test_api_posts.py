"""Posts, votes and marks over the API."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.threads import hiding
from tests.forum import making
from tests.web.calling import HERE, Site, calling
from web.api import tables
from web.api.tables import IdempotencyKey


@pytest.fixture(scope="module")
def site(settings: Settings, database: Database) -> Iterator[Site]:
    yield from calling(settings, database)


def test_replies_and_comments_are_added_and_listed_in_order(site: Site, database: Database) -> None:
    with database.transaction() as session:
        opened = making.thread(session)
        peer, employee = making.member(session), making.staff(session, team="Repairs")
    path = f"/threads/{opened.id}/posts"
    reply = site.as_(peer)("POST", path, {"body": making.REPLY}, status=201)
    word = site.as_(employee)("POST", path, {"body": making.REPLY, "statement": True}, status=201)
    comment = site.as_(peer)("POST", path, {"body": "Thank you, both.", "parent": word["id"]}, status=201)
    assert word["author"] == {
        "handle": employee.handle, "name": employee.name, "bot": False, "company": True, "team": "Repairs", "title": "Engineer",
        "affiliation": None,
    }  # fmt: skip
    assert (word["statement"], comment["comment"], comment["parent"]) == (True, True, word["id"])
    assert reply["url"] == f"{HERE}/p/{reply['id']}"
    first, second = site.nobody("GET", f"{path}?limit=3"), None
    second = site.nobody("GET", f"{path}?limit=3&cursor={first['next']}")
    assert [item["number"] for page in (first, second) for item in page["items"]] == [1, 2, 3, 4]
    assert second["next"] is None
    site.nobody("GET", f"{path}?cursor=WyJhIl0", status=422)


def test_replies_that_are_refused(site: Site, database: Database) -> None:
    with database.transaction() as session:
        opened, other, peer = making.thread(session), making.thread(session), making.member(session)
        elsewhere = making.reply(session, other)
    caller, path = site.as_(peer), f"/threads/{opened.id}/posts"
    caller("POST", path, {"body": making.REPLY, "statement": True}, status=403)
    caller("POST", path, {"body": making.REPLY, "parent": elsewhere.id}, status=422)
    caller("POST", path, {"body": making.REPLY, "author": "ada"}, status=422)
    caller("POST", path, {"body": "\u200b"}, status=422)
    caller("POST", path, {"body": 5}, status=422)
    caller("POST", "/threads/404404/posts", {"body": making.REPLY}, status=404)
    site.nobody("POST", path, {"body": making.REPLY}, status=401)


def test_a_post_is_edited_with_visible_versions_and_taken_back(site: Site, database: Database) -> None:
    with database.transaction() as session:
        author = making.member(session)
        post = making.reply(session, making.thread(session), author)
    caller, path = site.as_(author), f"/posts/{post.id}"
    assert [version["body"] for version in caller("GET", f"{path}/revisions")["items"]] == [making.REPLY]
    edited = caller("PATCH", path, {"body": "It was the chute, after all.", "revision": 1, "comment": "Clearer"})
    assert (edited["revision"], edited["body"], edited["edited_at"] is not None) == (
        2,
        "It was the chute, after all.",
        True,
    )
    caller("PATCH", path, {"body": "Something else.", "revision": 1}, status=409)
    versions = site.nobody("GET", f"{path}/revisions?limit=1")
    assert versions["next"] is not None
    last = site.nobody("GET", f"{path}/revisions?cursor={versions['next']}")["items"]
    assert [(each["number"], each["comment"], each["role"]) for each in last] == [(2, "Clearer", "author")]
    site.nobody("DELETE", path, status=401)
    caller("DELETE", path, status=204)
    for method, rest in (("GET", ""), ("GET", "/revisions"), ("DELETE", "")):
        assert caller(method, path + rest, status=410)["type"] == "urn:loggia:problem:gone"
    gone = site.nobody("GET", f"/threads/{post.thread_id}/posts")["items"][1]
    assert (gone["body"], gone["html"], gone["deleted_at"] is not None) == (None, None, True)


def test_hidden_words_reach_their_author_alone(site: Site, database: Database) -> None:
    with database.transaction() as session:
        author, stranger = making.member(session), making.member(session)
        post = making.reply(session, making.thread(session), author)
        hiding.hide_post(session, post_id=post.id, decision=making.decision(session))
    path = f"/threads/{post.thread_id}/posts"
    assert site.as_(stranger)("GET", path)["items"][1]["body"] is None
    assert site.as_(author)("GET", path)["items"][1]["body"] == making.REPLY
    for rest in ("", "/revisions"):
        site.as_(stranger)("GET", f"/posts/{post.id}{rest}", status=404)
        site.as_(author)("GET", f"/posts/{post.id}{rest}")


def test_a_vote_is_put(site: Site, database: Database) -> None:
    with database.transaction() as session:
        author, voter, employee = making.member(session), making.member(session), making.staff(session)
        post = making.reply(session, making.thread(session), author)
    path, vote = f"/posts/{post.id}/vote", site.as_(voter)
    for value, score in ((1, 1), (1, 1), (0, 0), (1, 1)):
        assert vote("PUT", path, {"value": value})["score"] == score
    counted = site.as_(employee)("PUT", path, {"value": 1})
    assert (counted["score"], counted["up"], counted["staff_up"]) == (1, 1, 1)
    assert vote("GET", f"/posts/{post.id}")["my_vote"] == 1
    vote("PUT", path, {"value": 2}, status=422)
    vote("PUT", path, {"value": -1}, status=403)
    vote("PUT", path, {"value": 1, "as": "ada"}, status=422)
    site.as_(author)("PUT", path, {"value": 1}, status=403)
    site.nobody("PUT", path, {"value": 1}, status=401)
    vote("PUT", "/posts/404404/vote", {"value": 1}, status=404)


def test_the_mark_of_the_accepted_answer_is_put_moved_and_taken_away(site: Site, database: Database) -> None:
    with database.transaction() as session:
        asker, peer = making.member(session), making.member(session)
        opened = making.thread(session, asker)
        one, other = making.reply(session, opened), making.reply(session, opened)
        elsewhere = making.reply(session, making.thread(session, asker))
    caller, path = site.as_(asker), f"/threads/{opened.id}/accepted"
    assert caller("PUT", path, {"post": one.id})["accepted"] == [one.id]
    moved = caller("PUT", path, {"post": other.id})
    assert (moved["accepted"], moved["solved_at"] is not None) == ([other.id], True)
    caller("PUT", path, {"post": elsewhere.id}, status=404)
    site.as_(peer)("PUT", path, {"post": one.id}, status=403)
    site.as_(peer)("DELETE", path, status=403)
    caller("DELETE", f"{path}?post={one.id}", status=204)
    assert site.nobody("GET", f"/threads/{opened.id}")["accepted"] == [other.id]
    caller("DELETE", path, status=204)
    assert not site.nobody("GET", f"/threads/{opened.id}")["solved"]


def test_the_official_answer_is_put_and_taken_away(site: Site, database: Database) -> None:
    with database.transaction() as session:
        employee, peer, opened = making.staff(session), making.member(session), making.thread(session)
        reply = making.reply(session, opened, peer)
    caller, path = site.as_(employee), f"/threads/{opened.id}/official"
    site.as_(peer)("PUT", path, {"post": reply.id}, status=403)
    assert caller("PUT", path, {"post": reply.id})["official_post"] == reply.id
    assert site.nobody("GET", f"/threads/{opened.id}")["official"]
    for _ in range(2):
        caller("DELETE", path, status=204)
    assert not site.nobody("GET", f"/threads/{opened.id}")["official"]


def test_the_status_of_an_idea_is_a_decision(site: Site, database: Database) -> None:
    with database.transaction() as session:
        employee, peer = making.staff(session), making.member(session)
        idea, question = making.thread(session, kind="idea"), making.thread(session)
    caller, path = site.as_(employee), f"/threads/{idea.id}/idea-status"
    first = caller("PUT", path, {"status": "under_review"})
    second = caller("PUT", path, {"status": "planned", "comment": "It comes with the spring release."})
    assert second["decision"] == first["decision"] + 1
    assert site.nobody("GET", f"/threads/{idea.id}")["idea_status"] == "planned"
    caller("PUT", path, {"status": "shipped"}, status=422)
    caller("PUT", path, {"status": "duplicate"}, status=422)
    caller("PUT", path, {"status": "planned", "comment": "It comes with the spring release."}, status=409)
    caller("PUT", f"/threads/{question.id}/idea-status", {"status": "under_review"}, status=409)
    caller("PUT", "/threads/404404/idea-status", {"status": "under_review"}, status=404)
    site.as_(peer)("PUT", path, {"status": "under_review"}, status=403)


def test_old_idempotency_keys_are_forgotten(database: Database) -> None:
    with database.transaction() as session:
        member_id = making.member(session).member_id or 0
        ages = {"old": tables.REMEMBERED + timedelta(minutes=1), "young": timedelta(minutes=1)}
        for key, age in ages.items():
            row = IdempotencyKey(member_id=member_id, key=key, digest="", made_id=1, created_at=now() - age)
            session.add(row)
    tables.prune(database)
    with database.transaction() as session:
        kept = [key for key in ages if session.get(IdempotencyKey, (member_id, key)) is not None]
    assert kept == ["young"]
