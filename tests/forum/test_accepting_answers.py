"""The accepted answer and the official one: given, moved, taken away, and by whom."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.kernel import clock
from forum.kernel.errors import Conflict, Gone, NotAllowed, NotFound
from forum.threads import answers, editing, hiding, official, ranking
from forum.threads.tables import Acceptance, OfficialMark
from tests.forum import making

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)
WEEK = timedelta(days=7)


def open_ones(session: Session) -> list[int]:
    return list(session.scalars(select(Acceptance.post_id).where(Acceptance.withdrawn_at.is_(None))))


def test_the_asker_accepts(session: Session) -> None:
    asker = making.member(session)
    opened = making.thread(session, asker)
    reply = making.reply(session, opened)
    accepted = answers.accept(session, asker, post_id=reply.id)
    assert (accepted.by_member_id, accepted.as_role, accepted.withdrawn_at) == (asker.member_id, "author", None)
    assert opened.solved_at == reply.accepted_at == accepted.at
    assert reply.rank == ranking.ACCEPTED
    assert making.facts(session)[-1:] == ["AnswerAccepted"]


def test_accepting_again_changes_nothing(session: Session) -> None:
    asker = making.member(session)
    opened = making.thread(session, asker)
    reply = making.reply(session, opened)
    first = answers.accept(session, asker, post_id=reply.id)
    version = opened.version
    assert answers.accept(session, asker, post_id=reply.id) is first
    assert opened.version == version
    assert making.facts(session).count("AnswerAccepted") == 1


def test_another_choice_moves_the_mark_and_both_facts_are_told(session: Session) -> None:
    asker = making.member(session)
    opened = making.thread(session, asker)
    one, other = making.reply(session, opened), making.reply(session, opened)
    answers.accept(session, asker, post_id=one.id)
    answers.accept(session, asker, post_id=other.id)
    assert open_ones(session) == [other.id]
    assert (one.accepted_at, one.rank) == (None, 0.0)
    assert opened.solved_at == other.accepted_at
    assert making.facts(session)[-3:] == ["AnswerAccepted", "AnswerWithdrawn", "AnswerAccepted"]


def test_several_solutions_where_the_category_allows_them(session: Session) -> None:
    asker = making.member(session)
    opened = making.thread(session, asker, making.category(session, several_solutions=True))
    one, other = making.reply(session, opened), making.reply(session, opened)
    answers.accept(session, asker, post_id=one.id)
    answers.accept(session, asker, post_id=other.id)
    assert sorted(open_ones(session)) == [one.id, other.id]
    with pytest.raises(Conflict, match="Several replies are accepted"):
        answers.withdraw(session, asker, thread_id=opened.id)
    answers.withdraw(session, asker, thread_id=opened.id, post_id=one.id)
    assert open_ones(session) == [other.id]
    assert opened.solved_at == other.accepted_at


def test_did_not_work_opens_the_question_again(session: Session) -> None:
    asker = making.member(session)
    opened = making.thread(session, asker)
    reply = making.reply(session, opened)
    accepted = answers.accept(session, asker, post_id=reply.id)
    for _ in range(2):
        answers.withdraw(session, asker, thread_id=opened.id)
    assert (opened.solved_at, reply.accepted_at, reply.rank) == (None, None, 0.0)
    assert (accepted.withdrawn_at is not None, accepted.withdrawn_as) == (True, "author")
    assert making.facts(session).count("AnswerWithdrawn") == 1


@pytest.mark.parametrize("who", ["staff", "moderator"])
def test_others_accept_after_a_week_without_the_askers_word(session: Session, who: str) -> None:
    helper = {"staff": making.staff, "moderator": making.moderator}[who](session)
    with clock.at(NOON):
        opened = making.thread(session)
        reply = making.reply(session, opened)
    with clock.at(NOON + WEEK - timedelta(seconds=1)), pytest.raises(NotAllowed, match="For 7 days only"):
        answers.accept(session, helper, post_id=reply.id)
    with clock.at(NOON + WEEK):
        assert answers.accept(session, helper, post_id=reply.id).as_role == who


def test_the_askers_later_choice_wins(session: Session) -> None:
    asker, helper = making.member(session), making.staff(session)
    with clock.at(NOON):
        opened = making.thread(session, asker)
        one, other = making.reply(session, opened), making.reply(session, opened)
    with clock.at(NOON + WEEK):
        answers.accept(session, helper, post_id=one.id)
        answers.accept(session, asker, post_id=other.id)
        assert open_ones(session) == [other.id]
    with clock.at(NOON + 5 * WEEK):
        with pytest.raises(NotAllowed, match="their choice stands"):
            answers.accept(session, helper, post_id=one.id)
        with pytest.raises(NotAllowed, match="their choice stands"):
            answers.withdraw(session, helper, thread_id=opened.id)


def test_the_asker_can_confirm_what_others_accepted(session: Session) -> None:
    asker, helper = making.member(session), making.staff(session)
    with clock.at(NOON):
        opened = making.thread(session, asker)
        reply = making.reply(session, opened)
    with clock.at(NOON + WEEK):
        answers.accept(session, helper, post_id=reply.id)
        assert answers.accept(session, asker, post_id=reply.id).as_role == "author"
    assert open_ones(session) == [reply.id]
    assert reply.accepted_at == opened.solved_at == NOON + WEEK


def test_after_did_not_work_others_wait_another_week(session: Session) -> None:
    asker, helper = making.member(session), making.staff(session)
    with clock.at(NOON):
        opened = making.thread(session, asker)
        reply = making.reply(session, opened)
    with clock.at(NOON + WEEK):
        answers.accept(session, helper, post_id=reply.id)
    with clock.at(NOON + 2 * WEEK):
        answers.withdraw(session, asker, thread_id=opened.id)
    with clock.at(NOON + 3 * WEEK - timedelta(seconds=1)), pytest.raises(NotAllowed, match="For 7 days only"):
        answers.accept(session, helper, post_id=reply.id)
    with clock.at(NOON + 3 * WEEK):
        answers.accept(session, helper, post_id=reply.id)


def test_only_a_reply_to_a_question_that_is_in_sight_can_be_accepted(session: Session) -> None:
    asker = making.member(session)
    opened = making.thread(session, asker)
    with pytest.raises(Conflict, match="Only a reply"):
        answers.accept(session, asker, post_id=making.opening(session, opened).id)
    comment = making.reply(session, opened)
    comment.is_comment = True
    session.flush()
    with pytest.raises(Conflict, match="Only a reply"):
        answers.accept(session, asker, post_id=comment.id)
    idea = making.thread(session, asker, kind="idea")
    with pytest.raises(Conflict, match="Only a question"):
        answers.accept(session, asker, post_id=making.reply(session, idea).id)
    own = making.reply(session, opened, asker)
    hiding.hide_post(session, post_id=own.id, decision=making.decision(session))
    with pytest.raises(Conflict, match="out of sight"):
        answers.accept(session, asker, post_id=own.id)
    hidden = making.reply(session, opened)
    hiding.hide_post(session, post_id=hidden.id, decision=making.decision(session))
    with pytest.raises(NotFound):
        answers.accept(session, asker, post_id=hidden.id)
    author = making.member(session)
    deleted = making.reply(session, opened, author)
    editing.delete_post(session, author, post_id=deleted.id)
    with pytest.raises(Gone):
        answers.accept(session, asker, post_id=deleted.id)
    with pytest.raises(NotAllowed, match="Only the person who asked can accept"):
        answers.accept(session, making.member(session), post_id=making.reply(session, opened).id)


def test_staff_mark_one_official_answer_beside_the_accepted_one(session: Session) -> None:
    asker, employee = making.member(session), making.staff(session, team="Repairs")
    opened = making.thread(session, asker)
    one, other = making.reply(session, opened), making.reply(session, opened)
    answers.accept(session, asker, post_id=one.id)
    official.mark(session, employee, post_id=one.id)
    assert one.rank == ranking.ACCEPTED + ranking.OFFICIAL
    marked = official.mark(session, employee, post_id=other.id)
    assert official.mark(session, employee, post_id=other.id) is marked
    assert (one.official_at, other.official_at, marked.team) == (None, opened.official_at, "Repairs")
    assert one.rank > other.rank > 0
    standing = select(OfficialMark.post_id).where(OfficialMark.withdrawn_at.is_(None))
    assert session.scalars(standing).all() == [other.id]
    for _ in range(2):
        official.withdraw(session, employee, thread_id=opened.id)
    assert (other.official_at, opened.official_at) == (None, None)
    assert making.facts(session)[-4:] == ["OfficialMarked", "OfficialWithdrawn", "OfficialMarked", "OfficialWithdrawn"]


def test_what_cannot_be_the_official_answer(session: Session) -> None:
    opened, employee = making.thread(session), making.staff(session)
    reply = making.reply(session, opened)
    with pytest.raises(NotAllowed, match="Only staff can speak"):
        official.mark(session, making.moderator(session), post_id=reply.id)
    with pytest.raises(NotAllowed, match="Only staff can speak"):
        official.withdraw(session, making.member(session), thread_id=opened.id)
    with pytest.raises(Conflict, match="Only a reply"):
        official.mark(session, employee, post_id=making.opening(session, opened).id)
    own = making.reply(session, opened, employee)
    hiding.hide_post(session, post_id=own.id, decision=making.decision(session))
    with pytest.raises(Conflict, match="out of sight"):
        official.mark(session, employee, post_id=own.id)


def test_a_marked_reply_that_is_hidden_solves_nothing_until_it_is_back(session: Session) -> None:
    asker, employee = making.member(session), making.staff(session)
    opened = making.thread(session, asker)
    reply = making.reply(session, opened)
    answers.accept(session, asker, post_id=reply.id)
    official.mark(session, employee, post_id=reply.id)
    marks = opened.solved_at, opened.official_at
    decision = making.decision(session)
    hiding.hide_post(session, post_id=reply.id, decision=decision)
    assert (opened.solved_at, opened.official_at) == (None, None)
    hiding.restore_post(session, post_id=reply.id, decision=decision)
    assert (opened.solved_at, opened.official_at) == marks
