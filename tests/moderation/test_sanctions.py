"""Suspending and silencing people: who may, what it takes away and from when on, and what the log tells whom."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from forum.kernel import clock
from forum.kernel.access import ANONYMOUS, Actor
from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from forum.members import accounts
from forum.members.actors import SYSTEM, actor_of
from forum.members.tables import Member
from forum.notifications import reading as news
from forum.threads import editing, following, pages, voting
from moderation import flagging
from moderation.decisions import Ruling, decide, redact
from moderation.pages import decision_page, log_list, sanction_of
from moderation.tables import Decision
from moderation.verifying import verify
from tests.forum import making as make
from tests.forum.test_races import at_once
from tests.installing import deliver_all

WHY = "You called three people names, and went on when you were asked to stop."


def ruled(session: Session, actor: Actor, action: str, person: Actor, **changes: Any) -> Decision:
    days = 7 if action in ("suspend", "silence") else 0
    given = {"rule": "1", "reason_code": "abuse", "text": WHY, "days": days, **changes}
    return decide(session, actor, Ruling(action=action, target_kind="member", target_id=person.member_id or 0, **given))


def again(session: Session, person: Actor) -> Actor:
    """The person at their next request."""
    session.flush()
    return actor_of(session, person.member_id)


WRITES: dict[str, Callable[[Session, Actor], Any]] = {
    "ask": lambda s, a: make.thread(s, a),
    "reply": lambda s, a: make.reply(s, make.thread(s), a),
    "vote": lambda s, a: voting.vote(s, a, post_id=make.reply(s, make.thread(s)).id, value=1),
    "flag": lambda s, a: flagging.raise_flag(s, a, post_id=make.reply(s, make.thread(s)).id, reason="spam"),
    "follow": lambda s, a: following.follow(s, a, thread_id=make.thread(s).id),
    "profile": lambda s, a: accounts.edit_profile(s, a, member_id=a.member_id or 0, name="Another", bio=""),
}


@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize("action", ["suspend", "silence"])
def test_nothing_is_written_from_the_next_request_on(session: Session, action: str, write: str) -> None:
    person = make.member(session)
    ruled(session, make.moderator(session), action, person)
    with pytest.raises(NotAllowed):
        WRITES[write](session, again(session, person))
    ruled(session, make.moderator(session), f"un{action}", person)
    WRITES[write](session, again(session, person))


def test_ones_own_words_are_edited_by_neither(session: Session) -> None:
    person = make.member(session)
    post = make.reply(session, make.thread(session), person)
    ruled(session, make.moderator(session), "silence", person)
    with pytest.raises(NotAllowed):
        editing.edit_post(session, again(session, person), post_id=post.id, body=make.BODY)


def test_the_suspended_read_what_visitors_read_and_the_silenced_what_they_did(session: Session) -> None:
    suspended, silenced = make.member(session), make.member(session)
    thread = make.thread(session, place=make.category(session, audience=1))
    ruled(session, SYSTEM, "suspend", suspended)
    ruled(session, SYSTEM, "silence", silenced)
    assert pages.thread_page(session.connection(), again(session, silenced), thread_id=thread.id).head.id == thread.id
    with pytest.raises(NotFound):
        pages.thread_page(session.connection(), again(session, suspended), thread_id=thread.id)


def test_it_ends_by_itself(session: Session) -> None:
    person = make.member(session)
    ruled(session, SYSTEM, "suspend", person, days=3)
    assert again(session, person).suspended
    with clock.at(now() + timedelta(days=3)):
        assert not again(session, person).suspended


def test_who_decides_over_others_loses_it_with_it(session: Session) -> None:
    for action in ("suspend", "silence"):
        moderator = make.moderator(session)
        ruled(session, make.administrator(session), action, moderator)
        assert not again(session, moderator).can("moderate")


PEOPLE: dict[str, Callable[[Session], Actor]] = {
    "member": make.member, "staff": make.staff, "moderator": make.moderator, "administrator": make.administrator,
}  # fmt: skip


@pytest.mark.parametrize(
    ("by", "of", "may"),
    [
        ("moderator", "member", True), ("moderator", "staff", True), ("administrator", "moderator", True),
        ("moderator", "moderator", False), ("moderator", "administrator", False), ("administrator", "administrator", False),
        ("member", "member", False), ("staff", "member", False),
    ],
)  # fmt: skip
def test_nobody_decides_about_a_peer_or_above(session: Session, by: str, of: str, may: bool) -> None:
    actor, person = PEOPLE[by](session), PEOPLE[of](session)
    if may:
        assert ruled(session, actor, "suspend", person).role == by
        return
    with pytest.raises(NotAllowed):
        ruled(session, actor, "suspend", person)
    assert not again(session, person).suspended


def test_nobody_decides_about_themselves_and_the_house_about_all(session: Session) -> None:
    moderator, administrator = make.moderator(session), make.administrator(session)
    with pytest.raises(NotAllowed, match="themselves"):
        ruled(session, moderator, "silence", moderator)
    ruled(session, SYSTEM, "suspend", administrator)
    assert again(session, administrator).suspended


def test_a_moderator_of_one_category_decides_about_nobody(session: Session) -> None:
    keeper = make.member(session)
    make.category(session, moderators=[keeper.handle])
    with pytest.raises(NotAllowed):
        ruled(session, again(session, keeper), "silence", make.member(session))


def test_the_company_does_not_silence_its_critics_alone(session: Session) -> None:
    critic = make.member(session)
    thread = make.thread(session, critic)
    thread.is_critical = True
    insider = make.member(session, role="moderator", team="Support")
    with pytest.raises(NotAllowed, match="criticised the company"):
        ruled(session, insider, "suspend", critic)
    ruled(session, insider, "suspend", critic, reason_code="illegal", rule="5")
    ruled(session, make.moderator(session), "unsuspend", critic)
    ruled(session, make.moderator(session), "silence", critic)


@pytest.mark.parametrize("days", [0, -1, 36_501])
def test_how_long_must_be_said(session: Session, days: int) -> None:
    with pytest.raises(Invalid) as refusal:
        ruled(session, SYSTEM, "suspend", make.member(session), days=days)
    assert "days" in refusal.value.fields


def test_what_is_so_already_is_said_once(session: Session) -> None:
    person = make.member(session)
    with pytest.raises(Conflict):
        ruled(session, SYSTEM, "unsuspend", person)
    with pytest.raises(NotFound):
        decide(session, SYSTEM, Ruling(action="suspend", target_kind="member", target_id=404, text=WHY, days=1))
    with pytest.raises(Invalid):
        decide(session, SYSTEM, Ruling(action="suspend", target_kind="post", target_id=1, text=WHY, days=1))


def test_the_log_tells_all_that_it_was_and_those_concerned_about_whom(session: Session) -> None:
    person, moderator = make.member(session), make.moderator(session)
    entry = ruled(session, moderator, "suspend", person)
    for reader, told in (
        (ANONYMOUS, False), (make.member(session), False), (make.staff(session), False),
        (make.moderator(session), True), (SYSTEM, True),
    ):  # fmt: skip
        read = decision_page(session.connection(), reader, number=entry.number)
        assert (read.action, read.rule, read.role) == ("suspend", "1", "moderator")
        assert (read.is_shown, read.text) == ((True, f"{WHY} (7 d)") if told else (False, ""))
        listed = log_list(session.connection(), reader).items[0]
        assert (listed.target_id == person.member_id) == told
    own = sanction_of(session.connection(), member_id=person.member_id or 0, action="suspend")
    assert own is not None
    assert own.text == f"{WHY} (7 d)"
    assert sanction_of(session.connection(), member_id=moderator.member_id or 0, action="suspend") is None


def test_the_chain_holds_also_when_words_are_redacted(session: Session) -> None:
    person = make.member(session)
    entry = ruled(session, SYSTEM, "silence", person)
    ended = ruled(session, make.moderator(session), "unsilence", person)
    assert ended.about_number == entry.number
    redact(session, SYSTEM, number=entry.number, text="It named somebody else besides.")
    states = {found.number: found.state for found in verify(session.connection())}
    assert (states[entry.number], states[ended.number]) == ("redacted", "sound")
    assert all(state in ("sound", "redacted") for state in states.values())


def test_the_person_is_told(database: Database) -> None:
    with database.transaction() as session:
        person = make.member(session)
        entry = ruled(session, SYSTEM, "silence", person)
    deliver_all(database)
    with database.reading() as connection:
        actor = actor_of(connection, person.member_id)
        (line,) = news.news_list(connection, actor).items
        assert (line.kind, line.number, news.unread_count(connection, actor)) == ("silence", entry.number, 1)


def test_of_ten_who_decide_at_once_each_has_its_entry_and_one_stands(database: Database) -> None:
    with database.transaction() as session:
        person = make.member(session)
        moderators = [make.moderator(session) for _ in range(10)]
        before = session.scalar(select(func.count()).select_from(Decision)) or 0

    def suspended(moderator: Actor, days: int) -> None:
        with database.transaction() as session:
            ruled(session, moderator, "suspend", person, days=days)

    at_once([partial(suspended, moderator, days) for days, moderator in enumerate(moderators, start=1)])
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(Decision)) == before + 10
        assert session.get_one(Member, person.member_id).suspended_until is not None
        assert all(found.is_sound for found in verify(session.connection()))
