"""Opening threads and replying: what comes of it, and what is refused."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.ideas.tables import Idea
from forum.kernel import clock
from forum.kernel.errors import Invalid, NotAllowed, NotFound
from forum.threads import asking, replying
from forum.threads.tables import Post, Subscription, Tag, Thread
from tests.forum import making

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def test_a_question_is_a_thread_with_its_first_post(session: Session) -> None:
    author = making.member(session)
    place = making.category(session)
    opened = asking.ask(
        session, author, kind="question", category=place.slug, title="  The  grinder stops\u202e at once ",
        body="It *stops* after ten seconds.\r\nWhy?", tags=["Motore", "Caffè Moka", "motore"],
    )  # fmt: skip
    post = making.opening(session, opened)
    assert (opened.title, opened.slug) == ("The grinder stops at once", "the-grinder-stops-at-once")
    assert (post.number, post.author_id, post.source) == (
        1, author.member_id, "It *stops* after ten seconds.\nWhy?",
    )  # fmt: skip
    assert "<em>stops</em>" in post.html
    tags = session.execute(select(Tag.name, Tag.thread_count).order_by(Tag.name)).all()
    assert [tuple(tag) for tag in tags] == [("caffe-moka", 1), ("motore", 1)]
    assert session.get(Subscription, (opened.id, author.member_id)) is not None
    assert making.facts(session) == ["ThreadOpened"]


def test_an_idea_is_new(session: Session) -> None:
    opened = making.thread(session, kind="idea")
    assert session.get_one(Idea, opened.id).status == "new"


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("title", {"title": "Too short"}),
        ("title", {"title": "x" * 301}),
        ("title", {"title": "\u200d" * 20}),
        ("title", {"title": "A grinder with\0 a NUL in it"}),
        ("body", {"body": "Broken."}),
        ("body", {"body": "A half \ud800 of a pair of characters"}),
        ("tags", {"tags": ["a", "b", "c", "d", "e", "f"]}),
        ("tags", {"tags": ["water/coffee"]}),
        ("tags", {"tags": ["w" * 41]}),
        ("kind", {"kind": "announcement"}),
        ("category", {"category": "nowhere"}),
    ],
)
def test_what_needs_mending_is_said_by_field(session: Session, field: str, changes: dict[str, Any]) -> None:
    place = making.category(session, kinds=["question"])
    with pytest.raises(Invalid) as refusal:
        making.thread(session, place=place, **changes)
    assert set(refusal.value.fields) == {field}


def test_everything_that_needs_mending_is_said_at_once(session: Session) -> None:
    with pytest.raises(Invalid) as refusal:
        making.thread(session, title="", body="", tags=["?"], category="nowhere")
    assert set(refusal.value.fields) == {"title", "body", "tags", "category"}


def test_a_category_that_cannot_be_seen_does_not_exist(session: Session) -> None:
    inner = making.category(session, audience=2, openers=2)
    with pytest.raises(Invalid) as refusal:
        making.thread(session, place=inner)
    assert set(refusal.value.fields) == {"category"}
    assert making.thread(session, making.staff(session), inner).category_id == inner.id


def test_only_staff_open_threads_where_the_category_says_so(session: Session) -> None:
    news = making.category(session, openers=2)
    with pytest.raises(NotAllowed, match="Only staff can open threads"):
        making.thread(session, place=news, kind="announcement")
    opened = making.thread(session, making.staff(session, team="Product"), news, kind="announcement")
    post = making.opening(session, opened)
    assert (post.is_company, post.badge_team, post.is_statement) == (True, "Product", True)


def test_a_reply_is_counted_and_its_author_follows(session: Session) -> None:
    with clock.at(NOON):
        opened = making.thread(session)
    author = making.member(session)
    with clock.at(NOON + timedelta(hours=1)):
        first = making.reply(session, opened, author)
        second = making.reply(session, opened)
    assert (first.number, second.number) == (2, 3)
    assert (opened.post_count, opened.reply_count, opened.version) == (3, 2, 3)
    assert opened.last_activity_at == NOON + timedelta(hours=1)
    assert session.get(Subscription, (opened.id, author.member_id)) is not None
    assert making.facts(session) == ["ThreadOpened", "PostAdded", "PostAdded"]


def test_the_badge_that_was_worn_stays(session: Session) -> None:
    employee = making.staff(session, team="Repairs")
    post = making.reply(session, making.thread(session), employee, as_statement=True)
    assert (post.is_company, post.badge_team, post.badge_title, post.is_statement) == (
        True,
        "Repairs",
        "Engineer",
        True,
    )
    assert not making.reply(session, making.thread(session), employee).is_statement


def test_only_staff_speak_for_the_company(session: Session) -> None:
    with pytest.raises(NotAllowed, match="Only staff can speak for the company"):
        making.reply(session, making.thread(session), as_statement=True)


def test_staff_hold_back_where_peers_answer_first(session: Session) -> None:
    place = making.category(session, peers_first_hours=24)
    employee = making.staff(session)
    with clock.at(NOON):
        opened = making.thread(session, place=place)
    refused = pytest.raises(NotAllowed, match="Customers answer first here: staff can reply 24 hours")
    with clock.at(NOON + timedelta(hours=23)), refused:
        making.reply(session, opened, employee)
    with clock.at(NOON + timedelta(hours=24)):
        assert making.reply(session, opened, employee).is_company


def test_staff_need_not_hold_back_once_a_peer_has_replied(session: Session) -> None:
    place = making.category(session, peers_first_hours=24)
    asker, employee = making.member(session), making.staff(session)
    with clock.at(NOON):
        opened = making.thread(session, asker, place)
        making.reply(session, opened, asker)
        with pytest.raises(NotAllowed):
            making.reply(session, opened, employee)
        making.reply(session, opened)
        assert making.reply(session, opened, employee).number == 4


def test_staff_need_not_hold_back_when_it_is_urgent(session: Session) -> None:
    opened = making.thread(session, place=making.category(session, peers_first_hours=24))
    opened.is_urgent = True
    session.flush()
    assert making.reply(session, opened, making.staff(session)).number == 2


def test_nobody_replies_to_what_they_cannot_see(session: Session) -> None:
    opened = making.thread(session, making.staff(session), making.category(session, audience=2, openers=2))
    with pytest.raises(NotFound):
        making.reply(session, opened)
    with pytest.raises(NotFound):
        replying.reply(session, making.member(session), thread_id=opened.id + 1, body=making.REPLY)


def test_a_refused_reply_leaves_nothing(session: Session) -> None:
    opened = making.thread(session)
    with pytest.raises(Invalid):
        making.reply(session, opened, body="  \u200b ")
    assert session.scalars(select(Post.number).where(Post.thread_id == opened.id)).all() == [1]
    assert session.scalars(select(Thread.reply_count).where(Thread.id == opened.id)).one() == 0
