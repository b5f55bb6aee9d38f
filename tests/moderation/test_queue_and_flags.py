"""Reporting posts, and the queue in which they wait."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from forum.kernel import clock
from forum.kernel.access import ANONYMOUS, Actor
from forum.kernel.errors import Invalid, NotAllowed, NotFound
from forum.threads import editing
from forum.threads.tables import Post
from moderation import flagging
from moderation.queue import case_page, queue_list, waiting_count
from moderation.tables import Flag
from tests.forum import making as make
from tests.moderation.deciding import decided


def reported(
    session: Session, *, hours: int = 1, by: Actor | None = None, post: Post | None = None, note: str = ""
) -> Post:
    post = post or make.reply(session, make.thread(session))
    with clock.at(clock.now() - timedelta(hours=hours)):
        flagging.raise_flag(session, by or make.member(session), post_id=post.id, reason="spam", note=note)
    return post


def test_a_second_report_by_the_same_member_changes_nothing(session: Session) -> None:
    member = make.member(session)
    post = reported(session, by=member)
    flagging.raise_flag(session, member, post_id=post.id, reason="abuse")
    assert session.execute(select(Flag.reason, func.count()).group_by(Flag.reason)).all() == [("spam", 1)]
    assert flagging.own_report(session, member, post.id) == "open"
    assert flagging.own_report(session, make.member(session), post.id) is None


def test_who_may_report(session: Session) -> None:
    author = make.member(session)
    post = make.reply(session, make.thread(session), author)
    suspended = make.member(session, suspended_until=clock.now() + timedelta(days=1))
    for actor, said in ((author, "your own"), (ANONYMOUS, "Sign in"), (suspended, "just now")):
        with pytest.raises(NotAllowed, match=said):
            flagging.raise_flag(session, actor, post_id=post.id, reason="spam")
    hidden = make.reply(session, make.thread(session))
    decided(session, make.moderator(session), "hide-post", hidden)
    with pytest.raises(NotFound):
        flagging.raise_flag(session, make.member(session), post_id=hidden.id, reason="spam")


@pytest.mark.parametrize(
    ("reason", "note", "field"), [("mood", "", "reason"), ("", "", "reason"), ("spam", "x" * 501, "note")]
)
def test_a_report_wants_a_reason(session: Session, reason: str, note: str, field: str) -> None:
    post = make.reply(session, make.thread(session))
    with pytest.raises(Invalid) as refused:
        flagging.raise_flag(session, make.member(session), post_id=post.id, reason=reason, note=note)
    assert list(refused.value.fields) == [field]


def test_a_report_weighs_as_much_as_its_reporter_is_trusted(session: Session) -> None:
    post = reported(session, by=make.member(session, trust_level=3))
    reported(session, post=post)
    (item,) = queue_list(session.connection(), make.moderator(session)).items
    assert (item.reports, item.weight) == (2, 5.0)


def test_what_waits_longest_comes_first_page_by_page(session: Session) -> None:
    moderator = make.moderator(session)
    posts = [reported(session, hours=hours) for hours in (3, 9, 1, 9)]
    reported(session, hours=1, post=posts[1])  # a later report does not move it back
    expected = [posts[1].id, posts[3].id, posts[0].id, posts[2].id]
    seen: list[int] = []
    cursor = ""
    for _ in range(4):
        page = queue_list(session.connection(), moderator, cursor=cursor, limit=1)
        seen += [item.post_id for item in page.items]
        cursor = page.next or ""
    assert (seen, cursor) == (expected, "")
    assert waiting_count(session.connection(), moderator) == 4


def test_what_is_out_of_sight_or_decided_does_not_wait(session: Session) -> None:
    moderator, author = make.moderator(session), make.member(session)
    kept, hidden, within, deleted = (make.reply(session, make.thread(session), author) for _ in range(4))
    for post in (kept, hidden, within, deleted):
        reported(session, post=post)
    flagging.keep(session, moderator, post_id=kept.id)
    decided(session, moderator, "hide-post", hidden)
    decided(session, moderator, "hide-thread", session.get_one(type(make.thread(session)), within.thread_id))
    editing.delete_post(session, author, post_id=deleted.id)
    session.flush()
    assert queue_list(session.connection(), moderator).items == ()
    assert waiting_count(session.connection(), moderator) == 0


def test_the_queue_is_for_moderators(session: Session) -> None:
    post = reported(session)
    for actor in (ANONYMOUS, make.member(session), make.staff(session)):
        for asked in (queue_list, waiting_count):
            with pytest.raises(NotAllowed):
                asked(session.connection(), actor)
        with pytest.raises(NotAllowed):
            case_page(session.connection(), actor, kind="post", target_id=post.id)
        with pytest.raises(NotAllowed):
            flagging.keep(session, actor, post_id=post.id)


def test_a_customer_moderator_sees_nothing_of_the_house(session: Session) -> None:
    house = make.category(session, audience=2, openers=2)
    inside = make.reply(session, make.thread(session, make.staff(session), house), make.staff(session))
    reported(session, by=make.staff(session), post=inside)
    assert queue_list(session.connection(), make.moderator(session)).items == ()
    with pytest.raises(NotFound):
        case_page(session.connection(), make.moderator(session), kind="post", target_id=inside.id)
    assert len(queue_list(session.connection(), make.administrator(session)).items) == 1


def test_a_case_says_what_there_is_to_know(session: Session) -> None:
    moderator, author = make.moderator(session), make.member(session, points=14)
    thread = make.thread(session)
    removed, post = make.reply(session, thread, author), make.reply(session, thread, author)
    entry = decided(session, moderator, "hide-post", removed)
    reporter = make.member(session)
    reported(session, by=reporter, post=post, note="A shop window")
    case = case_page(session.connection(), moderator, kind="post", target_id=post.id)
    assert (case.author_name, case.author_points, case.author_posts, case.author_removed) == (author.name, 14, 2, 1)
    assert [(report.reason, report.note, report.by) for report in case.reports] == [
        ("spam", "A shop window", reporter.name)
    ]
    assert (case.is_hidden, case.standing, case.href) == (False, None, f"/p/{post.id}")
    hidden = case_page(session.connection(), moderator, kind="post", target_id=removed.id)
    assert (hidden.is_hidden, hidden.standing) == (True, entry.number)
    closed = decided(session, moderator, "close-thread", thread)
    session.flush()
    whole = case_page(session.connection(), moderator, kind="thread", target_id=thread.id)
    assert (whole.id, whole.is_hidden, whole.is_closed, whole.standing) == (thread.id, False, True, closed.number)
