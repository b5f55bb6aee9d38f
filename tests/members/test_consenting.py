"""Consent: nothing is agreed to by silence, every word is kept, the newest counts."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.kernel.access import ANONYMOUS
from forum.kernel.errors import NotAllowed, NotFound
from forum.members import consenting
from forum.members.tables import Consent, Member
from tests.forum import making as make


def given(session: Session, member_id: int | None, purpose: str) -> bool:
    condition = consenting.is_given_by(Member.__table__.c, purpose)
    return bool(session.execute(select(condition).where(Member.id == member_id)).scalar_one())


def test_silence_is_no_consent(session: Session) -> None:
    marta = make.member(session)
    assert [(line.is_given, line.at) for line in consenting.consents(session.connection(), marta)] == [
        (False, None)
    ] * 2
    assert not given(session, marta.member_id, consenting.CASES)


def test_every_word_is_kept_and_the_newest_counts(session: Session) -> None:
    marta, other = make.member(session), make.member(session)
    for is_given in (True, True, False, True):
        consenting.decide(session, marta, purpose=consenting.CASES, is_given=is_given)
        session.flush()
        assert given(session, marta.member_id, consenting.CASES) is is_given
    said = session.scalars(select(Consent.is_given).where(Consent.member_id == marta.member_id).order_by(Consent.id))
    assert list(said) == [True, False, True]
    cases, ideas = consenting.consents(session.connection(), marta)
    assert (cases.is_given, ideas.is_given) == (True, False)
    assert cases.at is not None
    assert not given(session, marta.member_id, consenting.IDEAS)
    assert not given(session, other.member_id, consenting.CASES)
    assert make.facts(session).count("ConsentChanged") == 3


def test_saying_no_first_writes_nothing(session: Session) -> None:
    marta = make.member(session)
    assert not consenting.decide(session, marta, purpose=consenting.IDEAS, is_given=False)
    assert session.scalars(select(Consent.id).where(Consent.member_id == marta.member_id)).all() == []


def test_only_a_member_can_say_it_and_only_of_what_there_is(session: Session) -> None:
    with pytest.raises(NotAllowed):
        consenting.decide(session, ANONYMOUS, purpose=consenting.CASES, is_given=True)
    with pytest.raises(NotFound):
        consenting.decide(session, make.member(session), purpose="everything", is_given=True)
