"""Whoever loses a right has lost it at the very next request, with the session and the token that they came with before."""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest

from forum.kernel.access import GROUPS, PUBLIC, STAFF, Actor
from forum.kernel.db import Database
from forum.members import groups, managing, tokens
from forum.members.actors import SYSTEM, actor_of
from forum.threads import categories, following
from forum.threads.categories import Admitted
from forum.threads.tables import Thread
from moderation.decisions import Ruling, decide
from tests.forum import making as make
from tests.installing import deliver_all
from tests.security.conftest import People
from tests.web.pages.visiting import FROM_HERE, Site, Visitor

WORD = "canaryinside"


@dataclass
class Inside:
    """Somebody who belongs to a group, with a session and a token, and the thread that its people alone see."""

    member: Actor
    group_id: int
    thread: Thread
    reply_id: int
    browser: Visitor
    bearer: str

    @property
    def page(self) -> str:
        return f"/t/{self.thread.id}/{self.thread.slug}"

    def program(self, method: str, path: str, body: object = None) -> tuple[int, str]:
        headers = {"authorization": f"Bearer {self.bearer}"}
        answer = self.browser.client.request(method, f"/api/v1{path}", json=body, headers=headers)
        return answer.status_code, answer.text


@pytest.fixture
def inside(site: Site, database: Database) -> Inside:
    with database.transaction() as session:
        member, author = make.member(session), make.member(session)
        group = groups.create(session, SYSTEM, name=f"Friends of {member.handle}")
        for one in (member, author):
            groups.add(session, SYSTEM, group_id=group.id, handle=one.handle)
        place = make.category(session, audience=GROUPS, groups=[Admitted(group.id)])
        author = actor_of(session, author.member_id)
        thread = make.thread(session, author, place, title=f"Why does the {WORD} hum", tags=[WORD])
        following.follow(session, actor_of(session, member.member_id), thread_id=thread.id)
        reply = make.reply(session, thread, author)
        bearer = tokens.create(session, member, name="A program", scopes=["read", "write"])
        made = Inside(member, group.id, thread, reply.id, site.anybody(), bearer)
    deliver_all(database)
    made.browser = site.as_(made.member)
    return made


READS = (
    "/",
    "/tags/{word}",
    "/search?q={word}",
    "/ask/similar?title={word}",
    "/notifications",
    "{page}",
    "/p/{reply}/history",
)
CALLS = (
    "/threads", "/threads/{thread}", "/threads/{thread}/posts", "/posts/{reply}", "/posts/{reply}/revisions", "/search?q={word}",
    "/similar?title={word}", "/notifications", "/categories",
)  # fmt: skip


def test_who_leaves_a_group_is_outside_at_the_next_request(database: Database, inside: Inside) -> None:
    named = {"word": WORD, "page": inside.page, "reply": inside.reply_id, "thread": inside.thread.id}
    assert WORD in inside.browser.get("/notifications").text
    assert WORD in inside.browser.get(inside.page).text
    assert inside.program("GET", f"/threads/{inside.thread.id}")[0] == 200
    with database.transaction() as session:
        groups.remove(session, SYSTEM, group_id=inside.group_id, handle=inside.member.handle)
    for path in (read.format(**named) for read in READS):
        said = inside.browser.client.get(path)
        assert WORD not in said.text or WORD in path, path
        assert inside.thread.title not in said.text, path
    for path in (call.format(**named) for call in CALLS):
        assert inside.thread.title not in inside.program("GET", path)[1], path
    assert inside.program("GET", f"/threads/{inside.thread.id}")[0] == 404
    writes = [
        ("POST", f"/threads/{inside.thread.id}/posts", {"body": "Let me in again, I was here before."}),
        ("PUT", f"/posts/{inside.reply_id}/vote", {"value": 1}),
        ("PUT", f"/threads/{inside.thread.id}/subscription", None),
        ("POST", "/flags", {"post": inside.reply_id, "reason": "spam", "note": "It sells."}),
    ]
    assert [inside.program(*write)[0] for write in writes] == [404] * len(writes)
    form = {"csrf": inside.browser.csrf, "body": "Let me in again, I was here before."}
    assert inside.browser.client.post(f"{inside.page}/reply", data=form, headers=FROM_HERE).status_code == 404


def test_who_is_suspended_keeps_no_group_on_any_channel(database: Database, inside: Inside) -> None:
    inside.browser.get(inside.page)
    with database.transaction() as session:
        said = Ruling(
            action="suspend",
            target_kind="member",
            target_id=inside.member.member_id or 0,
            text="It had to be so, alas.",
            days=3,
        )
        decide(session, SYSTEM, said)
    inside.browser.get(inside.page, status=404)
    assert inside.program("GET", f"/threads/{inside.thread.id}")[0] == 404
    assert inside.thread.title not in inside.program("GET", "/threads")[1]


@pytest.mark.parametrize("right", ["moderator", "moderator of the category", "staff", "administrator"])
def test_a_right_over_others_is_gone_at_the_next_request(
    site: Site, database: Database, people: People, right: str
) -> None:
    with database.transaction() as session:
        person = make.member(
            session,
            role=right if right in ("moderator", "administrator") else "member",
            team="Desk" if right == "staff" else "",
        )
        make.administrator(session)  # the last one stays one
        place = make.category(session, audience=STAFF if right == "staff" else PUBLIC)
        if "category" in right:
            categories.edit(session, SYSTEM, category_id=place.id, moderators=[person.handle])
        thread = make.thread(session, people.staff, place, title="What was said to nobody")
        if right != "staff":
            said = Ruling(
                action="hide-thread", target_kind="thread", target_id=thread.id, text="It had to be so, alas."
            )
            decide(session, people.moderator, said)
        bearer = tokens.create(session, person, name="A program", scopes=["read", "write", "moderate", "administer"])
        page, member_id, place_id = f"/t/{thread.id}/{thread.slug}", person.member_id or 0, place.id
    browser, program = site.as_(person), site.anybody()
    browser.get(page)
    program.get(f"/api/v1/threads/{thread.id}", authorization=f"Bearer {bearer}")
    with database.transaction() as session:
        if right == "staff":
            managing.end_affiliation(session, SYSTEM, member_id=member_id)
        elif "category" in right:
            categories.edit(session, SYSTEM, category_id=place_id, moderators=[])
        else:
            managing.give_role(session, SYSTEM, member_id=member_id, role="member")
    assert browser.client.get(page).status_code == 404
    site.as_(person).get(page, status=404)
    program.get(f"/api/v1/threads/{thread.id}", status=404, authorization=f"Bearer {bearer}")


def test_a_token_that_was_revoked_and_a_session_that_was_ended_are_nobodys(
    site: Site, database: Database, inside: Inside
) -> None:
    with database.transaction() as session:
        managing.end_sessions(session, SYSTEM, member_id=inside.member.member_id or 0)
    assert inside.program("GET", "/me")[0] == 401
    assert "/login" in inside.browser.get("/settings", status=303).leads_to


@pytest.mark.parametrize(
    "address", ["/t/{thread}", "/t/{thread}/no-such-words", "/p/{post}", "/p/{post}/history", "/feeds/t/{thread}"]
)
def test_what_is_not_seen_costs_and_says_what_nothing_does(site: Site, inside: Inside, address: str) -> None:
    """The way from a number to its address tells no slug, and no more is looked up than for a number that nothing has."""
    stranger, told = site.anybody(), []
    for thread, post in ((inside.thread.id, inside.reply_id), (777_000_001, 777_000_002)):
        path = address.format(thread=thread, post=post)
        with site.counting() as statements:
            answer = stranger.client.get(path)
        asked = [one for one in statements if re.search(r"FROM (thread|post)\b", one)]  # not what is known for a while
        told.append((answer.status_code, answer.headers.get("location"), answer.text.replace(path, ""), asked))
    assert told[0][:2] == (404, None)
    assert told[0][3] == told[1][3] != []
    assert _without_numbers(told[0][2]) == _without_numbers(told[1][2])


def _without_numbers(text: str) -> str:
    return re.sub(r"\d+", "N", text)
