"""Whoever moderates does not do so in their own matters, and nobody of the company reworks criticism of it."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.kernel.access import Actor
from forum.kernel.errors import NotAllowed, NotFound
from forum.threads import editing
from forum.threads.tables import Thread
from moderation import flagging
from moderation.tables import Flag
from tests.forum import making as make


@pytest.fixture
def employee(session: Session) -> Actor:
    return make.staff(session, role="moderator")


@pytest.fixture
def criticism(session: Session) -> Thread:
    thread = make.thread(session, tags=["grinder"])
    thread.is_critical = True
    session.flush()
    return thread


# Letting reported words stand


def test_reports_of_ones_own_post_wait_for_somebody_else(session: Session) -> None:
    own, other = make.moderator(session), make.moderator(session)
    post = make.reply(session, make.thread(session), own)
    flagging.raise_flag(session, make.member(session), post_id=post.id, reason="abuse")
    with pytest.raises(NotAllowed):
        flagging.keep(session, own, post_id=post.id)
    assert session.scalars(select(Flag.outcome)).all() == ["open"]
    flagging.keep(session, other, post_id=post.id)
    assert session.scalars(select(Flag.outcome)).all() == ["disagreed"]


def test_reports_of_a_post_that_one_cannot_see_are_none_of_ones_business(session: Session) -> None:
    place = make.category(session, audience=2, openers=2)
    employee = make.staff(session)
    post = make.reply(session, make.thread(session, employee, place), make.staff(session))
    flagging.raise_flag(session, employee, post_id=post.id, reason="abuse")
    with pytest.raises(NotFound):
        flagging.keep(session, make.moderator(session), post_id=post.id)


# Editing criticism


def test_the_company_does_not_reword_criticism(session: Session, criticism: Thread, employee: Actor) -> None:
    opening, reply = make.opening(session, criticism), make.reply(session, criticism)
    for post in (opening, reply):
        with pytest.raises(NotAllowed):
            editing.edit_post(session, employee, post_id=post.id, body="All is well here, thank you.", comment="Tone")
    with pytest.raises(NotAllowed):
        editing.edit_thread(
            session, employee, thread_id=criticism.id, title="A very satisfied customer", comment="Tone"
        )


def test_the_company_does_not_put_criticism_elsewhere(session: Session, criticism: Thread, employee: Actor) -> None:
    place = make.category(session)
    with pytest.raises(NotAllowed):
        editing.edit_thread(session, employee, thread_id=criticism.id, category=place.slug)
    with pytest.raises(NotAllowed):
        editing.edit_thread(session, employee, thread_id=criticism.id, tags=["praise"])


def test_others_may_and_so_may_the_company_elsewhere(session: Session, criticism: Thread, employee: Actor) -> None:
    reply, moderator = make.reply(session, criticism), make.moderator(session)
    editing.edit_post(session, moderator, post_id=reply.id, body="Clearer words than before.", comment="Typing errors")
    editing.edit_thread(session, moderator, thread_id=criticism.id, tags=["motor"])
    own = make.reply(session, criticism, employee)
    editing.edit_post(session, employee, post_id=own.id, body="We looked at it and are sorry.")
    ordinary = make.reply(session, make.thread(session))
    editing.edit_post(
        session, employee, post_id=ordinary.id, body="Clearer words than before.", comment="Typing errors"
    )
