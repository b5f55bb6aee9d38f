"""Whom a fact concerns is told of it, once, and shown it only as long as they may see it."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.ideas import statuses
from forum.kernel.access import ANONYMOUS, Actor
from forum.kernel.errors import NotAllowed
from forum.kernel.outbox import OutboxEvent, Relay
from forum.notifications import reading
from forum.notifications.reactions import REACTIONS
from forum.notifications.reading import News
from forum.notifications.tables import Notification
from forum.threads import answers, following, official, voting
from forum.threads.tables import Thread
from moderation.decisions import Ruling, decide
from tests.forum import making as make
from tests.moderation.deciding import decided


def tell(session: Session, *, times: int = 2) -> None:
    """Tell all that happened, over and over."""
    relay = Relay(None, {"notifications": REACTIONS})  # type: ignore[arg-type]  # nothing is read outside the session
    for _ in range(times):
        for fact in session.scalars(select(OutboxEvent)):
            fact.fanned_out_at = None
        session.flush()
        relay.deliver_within(session)


def news(session: Session, of: Actor, **wanted: object) -> tuple[News, ...]:
    session.flush()
    return reading.news_list(session.connection(), of, **wanted).items  # type: ignore[arg-type]


def kinds(session: Session, of: Actor) -> list[str]:
    return [line.kind for line in news(session, of)]


def unread(session: Session, of: Actor) -> int:
    session.flush()
    return reading.unread_count(session.connection(), of)


def test_followers_hear_of_a_reply_once_and_its_author_does_not(session: Session) -> None:
    asker, peer, follower = (make.member(session) for _ in range(3))
    thread = make.thread(session, asker)
    following.follow(session, follower, thread_id=thread.id)
    make.reply(session, thread, peer)
    tell(session, times=3)
    for member in (asker, follower):
        (line,) = news(session, member)
        assert (line.kind, line.by_name, line.thread_title, line.is_read) == ("reply", peer.name, make.TITLE, False)
    assert news(session, peer) == ()


def test_whose_answer_solved_it_hears_that_and_no_second_time_as_a_follower(session: Session) -> None:
    asker, peer, follower = (make.member(session) for _ in range(3))
    thread = make.thread(session, asker)
    reply = make.reply(session, thread, peer)
    for member in (peer, follower):
        following.follow(session, member, thread_id=thread.id)
    answers.accept(session, asker, post_id=reply.id)
    tell(session)
    assert kinds(session, peer) == ["accepted"]
    assert kinds(session, follower) == ["solved", "reply"]
    assert kinds(session, asker) == ["reply"]


def test_an_acceptance_withdrawn_before_anybody_heard_is_no_news(session: Session) -> None:
    asker, peer = make.member(session), make.member(session)
    thread = make.thread(session, asker)
    answers.accept(session, asker, post_id=make.reply(session, thread, peer).id)
    answers.withdraw(session, asker, thread_id=thread.id)
    tell(session)
    assert kinds(session, peer) == []


def test_followers_hear_the_official_answer(session: Session) -> None:
    asker, staff = make.member(session), make.staff(session)
    thread = make.thread(session, asker)
    official.mark(session, staff, post_id=make.reply(session, thread, staff).id)
    tell(session)
    assert sorted(kinds(session, asker)) == ["official", "reply"]


def test_who_voted_for_an_idea_hears_each_answer_of_the_company_once(session: Session) -> None:
    author, voter, both = (make.member(session) for _ in range(3))
    idea = make.thread(session, author, kind="idea")
    for member in (voter, both):
        voting.vote(session, member, post_id=make.opening(session, idea).id, value=1)
    following.follow(session, both, thread_id=idea.id)
    for status in ("under_review", "planned"):
        decide(
            session, make.staff(session),
            Ruling(
                action="idea-status", target_kind="thread", target_id=idea.id, rule="0", reason_code="answer",
                text="We looked at it together.", status=status, comment="We will build it in spring.",
            ),
        )  # fmt: skip
    tell(session)
    for member in (author, voter, both):
        assert [(line.kind, line.status) for line in news(session, member)] == [
            ("idea-status", "planned"), ("idea-status", "under_review"),
        ]  # fmt: skip
    assert statuses.status_of(session.connection(), thread_id=idea.id) == "planned"


# Decisions about one's words


def test_the_author_hears_of_each_going_and_each_return_once(session: Session) -> None:
    moderator, author = make.moderator(session), make.member(session)
    thread = make.thread(session)
    reply = make.reply(session, thread, author)
    for action in ("hide-post", "restore-post", "hide-post", "restore-post"):
        decided(session, moderator, action, reply)
        tell(session)
        make.reply(session, thread)  # moves the thread on; telling it all again must still be no news
        tell(session)
    told = [kind for kind in kinds(session, author) if kind != "reply"]
    assert told == ["restored", "hidden", "restored", "hidden"]


def test_a_thread_that_goes_is_told_to_whoever_opened_it_once(session: Session) -> None:
    moderator, asker = make.moderator(session), make.member(session)
    thread = make.thread(session, asker)
    decided(session, moderator, "hide-thread", thread)
    tell(session)
    decided(session, moderator, "restore-thread", thread)
    tell(session)
    assert kinds(session, asker) == ["restored", "hidden"]


def test_an_opening_post_that_takes_its_thread_along_is_one_piece_of_news(session: Session) -> None:
    moderator, asker = make.moderator(session), make.member(session)
    thread = make.thread(session, asker)
    decided(session, moderator, "hide-post", make.opening(session, thread))
    tell(session)
    assert kinds(session, asker) == ["hidden"]
    decided(session, moderator, "restore-thread", thread)
    tell(session)
    assert kinds(session, asker) == ["restored", "hidden"]


def test_what_went_and_came_back_unheard_is_no_news(session: Session) -> None:
    moderator, author = make.moderator(session), make.member(session)
    reply = make.reply(session, make.thread(session), author)
    for action in ("hide-post", "restore-post"):
        decided(session, moderator, action, reply)
    tell(session)
    assert kinds(session, author) == []


def test_a_closed_thread_is_told_to_whoever_opened_it(session: Session) -> None:
    asker = make.member(session)
    thread = make.thread(session, asker)
    decided(session, make.moderator(session), "close-thread", thread)
    tell(session)
    assert kinds(session, asker) == ["closed"]


# Who may see it


def test_what_was_hidden_meanwhile_is_neither_shown_nor_counted(session: Session) -> None:
    asker, moderator = make.member(session), make.moderator(session)
    thread = make.thread(session, asker)
    reply = make.reply(session, thread)
    tell(session)
    assert unread(session, asker) == 1
    decided(session, moderator, "hide-post", reply)
    assert (news(session, asker), unread(session, asker)) == ((), 0)
    decided(session, moderator, "restore-post", reply)
    assert unread(session, asker) == 1


def test_a_thread_that_moved_into_the_house_is_shown_to_the_house_alone(session: Session) -> None:
    asker, staff = make.member(session), make.staff(session)
    thread = make.thread(session, asker)
    following.follow(session, staff, thread_id=thread.id)
    make.reply(session, thread)
    tell(session)
    session.get_one(Thread, thread.id).category_id = make.category(session, audience=2, openers=2).id
    assert (kinds(session, staff), unread(session, staff)) == (["reply"], 1)
    stranger = make.member(session)
    assert kinds(session, stranger) == []
    assert unread(session, asker) == 0


# Reading


@pytest.fixture
def reader(session: Session) -> Actor:
    """Somebody with three pieces of news."""
    asker = make.member(session)
    thread = make.thread(session, asker)
    for _ in range(3):
        make.reply(session, thread)
    tell(session)
    return asker


def test_marking_one_leaves_the_others(session: Session, reader: Actor) -> None:
    newest, middle, _ = news(session, reader)
    reading.mark_one_read(session, reader, news_id=middle.id)
    assert [line.is_read for line in news(session, reader)] == [False, True, False]
    reading.mark_read(session, reader, up_to=middle.id)
    assert [line.is_read for line in news(session, reader)] == [False, True, True]
    reading.mark_read(session, reader)
    assert unread(session, reader) == 0
    assert newest.thread_title == make.TITLE


def test_nobody_marks_the_news_of_another(session: Session, reader: Actor) -> None:
    stranger = make.member(session)
    reading.mark_one_read(session, stranger, news_id=news(session, reader)[0].id)
    reading.mark_read(session, stranger)
    assert unread(session, reader) == 3


def test_news_come_page_by_page_and_by_kind(session: Session, reader: Actor) -> None:
    first = reading.news_list(session.connection(), reader, limit=2)
    rest = reading.news_list(session.connection(), reader, limit=2, cursor=first.next or "")
    assert ([len(first.items), len(rest.items)], rest.next) == ([2, 1], None)
    assert news(session, reader, kinds=("hidden", "official")) == ()
    assert len(news(session, reader, kinds=("reply",))) == 3


def test_nobody_in_particular_has_no_news(session: Session) -> None:
    assert reading.unread_count(session.connection(), ANONYMOUS) == 0
    for act in (
        lambda: reading.news_list(session.connection(), ANONYMOUS),
        lambda: reading.mark_read(session, ANONYMOUS),
        lambda: reading.mark_one_read(session, ANONYMOUS, news_id=1),
    ):
        with pytest.raises(NotAllowed):
            act()


def test_a_row_holds_kinds_and_ids_and_no_words(session: Session, reader: Actor) -> None:
    for row in session.scalars(select(Notification)):
        assert (row.kind, row.values) == ("reply", {})
