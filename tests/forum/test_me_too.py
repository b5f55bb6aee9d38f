"""People who have a question's problem too: counted once each, following, and gone when they say so or leave."""

from __future__ import annotations

from functools import partial

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.kernel.errors import NotAllowed, NotFound
from forum.members import leaving
from forum.members.tables import Member
from forum.threads import answers, me_too, recounting
from forum.threads.tables import MeToo, Subscription, Thread
from tests.forum import making as make
from tests.forum.test_races import at_once
from tests.installing import deliver_all


def count(session: Session, thread_id: int) -> int:
    session.expire_all()
    return session.get_one(Thread, thread_id).me_too_count


def test_each_counts_once_and_follows(session: Session) -> None:
    thread, other = make.thread(session), make.member(session)
    version = thread.version
    for _ in range(2):
        me_too.say(session, other, thread_id=thread.id)
    assert count(session, thread.id) == 1
    assert session.get_one(Thread, thread.id).version == version + 1
    assert session.get(Subscription, (thread.id, other.member_id)) is not None
    for _ in range(2):
        me_too.take_back(session, other, thread_id=thread.id)
    assert count(session, thread.id) == 0
    assert session.get(Subscription, (thread.id, other.member_id)) is not None


def test_only_of_a_problem_that_others_have_and_that_stands(session: Session) -> None:
    asker, other = make.member(session), make.member(session)
    asked, talk = make.thread(session, asker), make.thread(session, asker, kind="discussion")
    for who, where in ((asker, asked), (other, talk)):
        with pytest.raises(NotAllowed):
            me_too.say(session, who, thread_id=where.id)
    answer = make.reply(session, asked, other)
    me_too.say(session, make.member(session), thread_id=asked.id)
    answers.accept(session, asker, post_id=answer.id)
    with pytest.raises(NotAllowed, match="solved"):
        me_too.say(session, make.member(session), thread_id=asked.id)


def test_who_cannot_see_the_thread_is_not_told_of_it(session: Session) -> None:
    inner = make.thread(session, make.staff(session), make.category(session, audience=2, openers=2))
    for verb in (me_too.say, me_too.take_back):
        with pytest.raises(NotFound):
            verb(session, make.member(session), thread_id=inner.id)


def test_of_fifty_at_once_all_are_counted(database: Database) -> None:
    with database.transaction() as session:
        thread = make.thread(session)
        people = [make.member(session) for _ in range(10)]

    def say(who: Actor) -> None:
        with database.transaction() as session:
            me_too.say(session, who, thread_id=thread.id)

    at_once([partial(say, who) for who in people for _ in range(5)])
    with database.transaction() as session:
        assert count(session, thread.id) == 10
        assert recounting.rebuild(session) == 0


def test_who_leaves_is_counted_no_more(database: Database) -> None:
    with database.transaction() as session:
        thread, other = make.thread(session), make.member(session)
        me_too.say(session, other, thread_id=thread.id)
        me_too.say(session, make.member(session), thread_id=thread.id)
        leaving.anonymise(session, session.get_one(Member, other.member_id))
    deliver_all(database)
    with database.transaction() as session:
        assert count(session, thread.id) == 1
        assert session.scalars(select(MeToo.member_id).where(MeToo.member_id == other.member_id)).all() == []
