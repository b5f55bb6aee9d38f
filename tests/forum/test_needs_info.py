"""A question that waits for its asker: off the work lists, told once, and back when the asker speaks."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.kernel.errors import Conflict, NotAllowed
from forum.notifications.tables import Notification
from forum.threads import answers, editing, needs_info, replying
from forum.threads.lists import Wanted, thread_list, waiting_longest
from forum.threads.tables import Thread
from tests.forum import making as make
from tests.installing import deliver_all


def unanswered(session: Session, actor: Actor) -> set[int]:
    connection = session.connection()
    session.flush()
    listed = {line.id for line in thread_list(connection, actor, Wanted(sort="unanswered"), limit=100).items}
    assert {line.id for line in waiting_longest(connection, actor, limit=100)} == listed
    return listed


def test_it_leaves_the_work_lists_until_the_asker_speaks(session: Session) -> None:
    asker, staff = make.member(session), make.staff(session)
    thread = make.thread(session, asker)
    assert thread.id in unanswered(session, staff)
    needs_info.ask(session, staff, thread_id=thread.id)
    assert thread.id not in unanswered(session, staff)
    needs_info.settle(session, staff, thread_id=thread.id)
    assert thread.id in unanswered(session, staff)


def test_the_asker_ends_it_by_a_word_or_an_edit_and_nobody_else_does(session: Session) -> None:
    asker, staff = make.member(session), make.staff(session)
    thread = make.thread(session, asker)
    replied = partial(replying.reply, session, asker, thread_id=thread.id, body="It is the model of last year.")
    opening = make.opening(session, thread).id
    edited = partial(
        editing.edit_post, session, asker, post_id=opening, body="It is the model of last year, the blue one."
    )
    for speak in (replied, edited):
        needs_info.ask(session, staff, thread_id=thread.id)
        make.reply(session, thread, make.member(session))
        assert _waits(thread)
        speak()
        assert not _waits(thread)


def _waits(thread: Thread) -> bool:
    return thread.needs_info_at is not None


def test_who_asks_for_details_looks_after_threads(session: Session) -> None:
    asker = make.member(session)
    thread = make.thread(session, asker)
    for who in (asker, make.member(session)):
        with pytest.raises(NotAllowed):
            needs_info.ask(session, who, thread_id=thread.id)
    needs_info.ask(session, make.moderator(session), thread_id=thread.id)


def test_what_is_solved_or_no_question_waits_for_nobody(session: Session) -> None:
    asker, staff = make.member(session), make.staff(session)
    solved, talk = make.thread(session, asker), make.thread(session, asker, kind="discussion")
    answers.accept(session, asker, post_id=make.reply(session, solved).id)
    for thread in (solved, talk):
        with pytest.raises(Conflict):
            needs_info.ask(session, staff, thread_id=thread.id)


def test_the_asker_is_told_once(database: Database) -> None:
    with database.transaction() as session:
        asker, staff = make.member(session), make.staff(session)
        thread = make.thread(session, asker)
        for _ in range(2):
            needs_info.ask(session, staff, thread_id=thread.id)
    deliver_all(database)
    with database.transaction() as session:
        news = session.execute(
            select(Notification.kind, Notification.by_member_id).where(Notification.member_id == asker.member_id)
        ).all()
        assert [tuple(one) for one in news] == [("needs-info", staff.member_id)]
        assert session.get_one(Thread, thread.id).needs_info_at is not None
