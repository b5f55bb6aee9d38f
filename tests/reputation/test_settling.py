"""The ledger follows what is: votes, acceptances, what goes out of sight. Everything is told twice, and changes nothing then."""

from collections.abc import Iterable
from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from forum.kernel import clock
from forum.kernel.access import Actor
from forum.kernel.clock import now
from forum.kernel.outbox import OutboxEvent, Relay
from forum.members import site
from forum.members.actors import actor_of
from forum.members.tables import FIRST_PRIVILEGES, Member
from forum.threads import answers, editing, voting
from forum.threads.tables import Post, Thread
from reputation import demands
from reputation.reactions import REACTIONS
from reputation.tables import LedgerEntry
from tests.forum import making as make
from tests.moderation.deciding import decided

Line = tuple[str, int]


def settle(session: Session) -> None:
    """Tell reputation all that happened, and then all of it again."""
    relay = Relay(None, {"reputation": REACTIONS})  # type: ignore[arg-type]  # nothing is read outside the session
    for _ in range(2):
        for fact in session.scalars(select(OutboxEvent)):
            fact.fanned_out_at = None
        session.flush()
        relay.deliver_within(session)
    for member_id, points in session.execute(select(Member.id, Member.points)):
        assert points == total(session, member_id)


def total(session: Session, member_id: int | None) -> int:
    found = select(func.coalesce(func.sum(LedgerEntry.points), 0)).where(LedgerEntry.member_id == member_id)
    return int(session.scalar(found) or 0)


def ledger(session: Session, actor: Actor) -> list[Line]:
    found = select(LedgerEntry.reason, LedgerEntry.points).where(LedgerEntry.member_id == actor.member_id)
    return [(row.reason, row.points) for row in session.execute(found.order_by(LedgerEntry.id))]


def points(session: Session, actor: Actor) -> int:
    return int(session.scalar(select(Member.points).where(Member.id == actor.member_id)) or 0)


def upvote(session: Session, posts: Iterable[Post], voter: Actor | None = None) -> None:
    for post in posts:
        voting.vote(session, voter or make.member(session), post_id=post.id, value=1)


def test_votes_on_questions_and_answers(session: Session) -> None:
    asker, peer = make.member(session), make.member(session)
    critic = make.member(session, privileges=("vote:down",))
    thread = make.thread(session, asker)
    reply = make.reply(session, thread, peer)
    upvote(session, [make.opening(session, thread), reply])
    voting.vote(session, critic, post_id=reply.id, value=-1)
    voting.vote(session, critic, post_id=make.opening(session, thread).id, value=-1)
    settle(session)
    assert ledger(session, asker) == [("upvoted", 10), ("downvoted", -2)]
    assert sorted(ledger(session, peer)) == [("downvoted", -2), ("upvoted", 10)]
    assert ledger(session, critic) == [("downvoting", -1)]


def test_a_vote_that_is_taken_back_leaves_its_exact_inverse(session: Session) -> None:
    peer, voter = make.member(session), make.member(session)
    reply = make.reply(session, make.thread(session), peer)
    for value in (1, 0, 1):
        voting.vote(session, voter, post_id=reply.id, value=value)
        settle(session)
    assert ledger(session, peer) == [("upvoted", 10), ("upvoted", -10), ("upvoted", 10)]


def test_a_vote_that_turns_around(session: Session) -> None:
    peer, voter = make.member(session), make.member(session, privileges=("vote:down",))
    reply = make.reply(session, make.thread(session), peer)
    for value in (1, -1):
        voting.vote(session, voter, post_id=reply.id, value=value)
        settle(session)
    assert ledger(session, peer) == [("upvoted", 10), ("upvoted", -10), ("downvoted", -2)]
    assert points(session, voter) == -1


def test_an_answer_that_solved_it(session: Session) -> None:
    asker, peer = make.member(session), make.member(session)
    thread = make.thread(session, asker)
    answers.accept(session, asker, post_id=make.reply(session, thread, peer).id)
    settle(session)
    assert (ledger(session, peer), ledger(session, asker)) == ([("accepted", 15)], [("accepting", 2)])


def test_an_acceptance_that_is_withdrawn(session: Session) -> None:
    asker, peer = make.member(session), make.member(session)
    thread = make.thread(session, asker)
    answers.accept(session, asker, post_id=make.reply(session, thread, peer).id)
    settle(session)
    answers.withdraw(session, asker, thread_id=thread.id)
    settle(session)
    assert ledger(session, peer) == [("accepted", 15), ("accepted", -15)]
    assert ledger(session, asker) == [("accepting", 2), ("accepting", -2)]


@pytest.mark.parametrize("is_told_between", [True, False])
def test_a_replaced_answer_loses_its_credit(session: Session, is_told_between: bool) -> None:
    asker, first, second = (make.member(session) for _ in range(3))
    thread = make.thread(session, asker)
    for author in (first, second):
        answers.accept(session, asker, post_id=make.reply(session, thread, author).id)
        if is_told_between:
            settle(session)
    settle(session)
    assert (points(session, first), points(session, second), points(session, asker)) == (0, 15, 2)


def test_solving_one_s_own_question_brings_nothing(session: Session) -> None:
    asker = make.member(session)
    thread = make.thread(session, asker)
    answers.accept(session, asker, post_id=make.reply(session, thread, asker).id)
    settle(session)
    assert ledger(session, asker) == []


def test_a_moderator_who_accepts_for_the_asker_earns_the_asker_nothing(session: Session) -> None:
    asker, peer = make.member(session), make.member(session)
    with clock.at(clock.now() - timedelta(days=8)):
        thread = make.thread(session, asker)
        reply = make.reply(session, thread, peer)
    answers.accept(session, make.moderator(session), post_id=reply.id)
    settle(session)
    assert (points(session, peer), ledger(session, asker)) == (15, [])


# The company


def test_staff_earn_nothing(session: Session) -> None:
    asker, staff = make.member(session), make.staff(session)
    thread = make.thread(session, asker)
    reply = make.reply(session, thread, staff)
    upvote(session, [reply])
    answers.accept(session, asker, post_id=reply.id)
    own = make.thread(session, staff)
    answers.accept(session, staff, post_id=make.reply(session, own, make.member(session)).id)
    settle(session)
    assert ledger(session, staff) == []
    assert points(session, asker) == 2


def test_votes_of_staff_bring_and_cost_nothing(session: Session) -> None:
    peer = make.member(session)
    staff = make.staff(session, privileges=("vote:down",))
    reply = make.reply(session, make.thread(session), peer)
    for value in (1, -1):
        voting.vote(session, staff, post_id=reply.id, value=value)
        settle(session)
    assert (ledger(session, peer), ledger(session, staff)) == ([], [])


def test_a_vote_for_an_idea_is_a_wish_and_no_praise(session: Session) -> None:
    author, peer = make.member(session), make.member(session)
    idea = make.thread(session, author, kind="idea")
    upvote(session, [make.opening(session, idea), make.reply(session, idea, peer)])
    settle(session)
    assert (points(session, author), points(session, peer)) == (0, 10)


# The day's cap


def day_of_votes(session: Session, author: Actor, count: int) -> list[tuple[Actor, Post]]:
    with clock.at(clock.now().replace(hour=12)):
        given = []
        for _ in range(count):
            voter, reply = make.member(session), make.reply(session, make.thread(session), author)
            upvote(session, [reply], voter)
            given.append((voter, reply))
    return given


def test_votes_bring_two_hundred_a_day_at_most_and_acceptance_is_exempt(session: Session) -> None:
    author = make.member(session)
    given = day_of_votes(session, author, 22)
    thread = session.get_one(Thread, given[0][1].thread_id)
    asker = session.get_one(Member, thread.author_id)
    answers.accept(session, actor_of(session, asker.id), post_id=given[0][1].id)
    settle(session)
    assert points(session, author) == 215
    assert [line for line in ledger(session, author) if line == ("upvoted", 0)] == [("upvoted", 0)] * 2


def test_the_next_day_has_room_again(session: Session) -> None:
    author = make.member(session)
    day_of_votes(session, author, 21)
    with clock.at(clock.now() + timedelta(days=1)):
        upvote(session, [make.reply(session, make.thread(session), author)])
    settle(session)
    assert points(session, author) == 210


@pytest.mark.parametrize("is_told_between", [True, False])
def test_a_vote_that_found_no_room_gets_it_when_another_goes(session: Session, is_told_between: bool) -> None:
    author = make.member(session)
    given = day_of_votes(session, author, 22)
    if is_told_between:
        settle(session)
        assert points(session, author) == 200
    for voter, reply in given[:3]:
        voting.vote(session, voter, post_id=reply.id, value=0)
        if is_told_between:
            settle(session)
    settle(session)
    assert points(session, author) == 190


def test_losses_count_in_full(session: Session) -> None:
    author = make.member(session)
    given = day_of_votes(session, author, 21)
    with clock.at(clock.now().replace(hour=13)):
        for _ in range(3):
            critic = make.member(session, privileges=("vote:down",))
            voting.vote(session, critic, post_id=given[0][1].id, value=-1)
    settle(session)
    assert points(session, author) == 194


# Out of sight


def test_what_is_hidden_loses_what_it_earned_and_gets_it_back(session: Session) -> None:
    asker, peer, moderator = make.member(session), make.member(session), make.moderator(session)
    thread = make.thread(session, asker)
    reply = make.reply(session, thread, peer)
    upvote(session, [reply])
    settle(session)
    decided(session, moderator, "hide-post", reply)
    settle(session)
    assert points(session, peer) == 0
    decided(session, moderator, "restore-post", reply)
    settle(session)
    assert ledger(session, peer) == [("upvoted", 10), ("upvoted", -10), ("upvoted", 10)]


def test_a_hidden_thread_takes_all_its_points_along(session: Session) -> None:
    asker, peer, moderator = make.member(session), make.member(session), make.moderator(session)
    thread = make.thread(session, asker)
    reply = make.reply(session, thread, peer)
    upvote(session, [make.opening(session, thread), reply])
    answers.accept(session, asker, post_id=reply.id)
    settle(session)
    assert (points(session, asker), points(session, peer)) == (12, 25)
    decided(session, moderator, "hide-thread", thread)
    settle(session)
    assert (points(session, asker), points(session, peer)) == (0, 0)
    decided(session, moderator, "restore-thread", thread)
    settle(session)
    assert (points(session, asker), points(session, peer)) == (12, 25)


def test_what_its_author_deletes_earns_nothing_any_more(session: Session) -> None:
    peer = make.member(session)
    reply = make.reply(session, make.thread(session), peer)
    upvote(session, [reply])
    settle(session)
    editing.delete_post(session, peer, post_id=reply.id)
    settle(session)
    assert points(session, peer) == 0


def test_points_bring_privileges_and_take_them(session: Session) -> None:
    author = make.member(session)
    given = day_of_votes(session, author, 13)
    settle(session)
    member = session.get_one(Member, author.member_id)
    assert {"post:suggest-edit", "vote:down", "vote:up"} <= set(member.privileges)
    voter, reply = given[0]
    voting.vote(session, voter, post_id=reply.id, value=0)
    settle(session)
    session.refresh(member)
    assert "vote:down" not in member.privileges
    assert "post:suggest-edit" in member.privileges


def test_what_privileges_cost_follows_the_site_at_once(session: Session) -> None:
    """For everybody by the points they have, for whoever earns some afterwards, and back again; nobody loses what all have."""
    boss, author, guest = make.administrator(session), make.member(session), make.member(session)
    gone = make.member(session, privileges=("vote:down",))
    session.get_one(Member, gone.member_id).deleted_at = now()
    given = day_of_votes(session, author, 6)
    settle(session)

    def rights(actor: Actor) -> set[str]:
        session.expire_all()
        return set(session.get_one(Member, actor.member_id).privileges) - set(FIRST_PRIVILEGES)

    def ask_for(demanded: str) -> None:
        demands.follow(session, site.change(session, boss, {"demands": demanded}))

    assert rights(author) == set()
    ask_for("low")
    assert rights(author) == {"post:suggest-edit", "vote:down", "thread:retag"}
    assert rights(guest) == set()
    voter, reply = given[0]
    for value, expected in ((0, {"post:suggest-edit", "vote:down", "thread:retag"}), (-1, {"post:suggest-edit"})):
        session.get_one(Member, voter.member_id).privileges = [*FIRST_PRIVILEGES, "vote:down"]
        session.flush()
        voting.vote(session, actor_of(session, voter.member_id), post_id=reply.id, value=value)
        settle(session)
        assert rights(author) == expected
    ask_for("high")
    assert rights(author) == set()
    assert rights(gone) == {"vote:down"}
    assert set(FIRST_PRIVILEGES) <= set(session.get_one(Member, author.member_id).privileges)
