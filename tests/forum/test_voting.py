"""Votes: what they change, what they do not, and what is refused."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.kernel.access import ANONYMOUS
from forum.kernel.errors import Gone, Invalid, NotAllowed, NotFound
from forum.threads import editing, ranking, voting
from forum.threads.tables import Post, Vote
from tests.forum import making


def counts(post: Post) -> tuple[int, int, int, int]:
    return post.up, post.down, post.staff_up, post.staff_down


def test_a_vote_can_be_given_turned_around_and_taken_back(session: Session) -> None:
    post = making.reply(session, making.thread(session))
    voter = making.member(session, privileges=("vote:down",))
    seen = []
    for value in (1, 1, -1, 0, 0, 1):
        voting.vote(session, voter, post_id=post.id, value=value)
        seen.append(counts(post))
        assert post.rank == ranking.wilson(post.up, post.down)
    assert seen == [(1, 0, 0, 0), (1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 0, 0), (0, 0, 0, 0), (1, 0, 0, 0)]
    assert making.facts(session).count("VoteCast") == 4
    assert session.scalars(select(Vote.value)).all() == [1]


def test_the_score_of_a_thread_is_that_of_its_first_post(session: Session) -> None:
    opened = making.thread(session)
    answer = making.reply(session, opened)
    for _ in range(2):
        voting.vote(session, making.member(session), post_id=making.opening(session, opened).id, value=1)
    voting.vote(session, making.member(session), post_id=answer.id, value=1)
    assert (opened.score, answer.score) == (2, 1)


def test_votes_of_staff_are_counted_apart_and_never_into_a_score(session: Session) -> None:
    opened = making.thread(session)
    first = making.opening(session, opened)
    employee = making.staff(session, privileges=("vote:down",))
    voting.vote(session, employee, post_id=first.id, value=1)
    assert counts(first) == (0, 0, 1, 0)
    voting.vote(session, employee, post_id=first.id, value=-1)
    assert counts(first) == (0, 0, 0, 1)
    assert (opened.score, first.rank) == (0, 0.0)


def test_a_vote_leaves_as_what_it_came(session: Session) -> None:
    """Somebody joins the company after they voted: their old vote counted as a customer's."""
    from dataclasses import replace

    post = making.reply(session, making.thread(session))
    voter = making.member(session)
    voting.vote(session, voter, post_id=post.id, value=1)
    voting.vote(session, replace(voter, is_staff=True), post_id=post.id, value=0)
    assert counts(post) == (0, 0, 0, 0)


def test_a_vote_does_not_raise_a_thread_in_the_lists(session: Session) -> None:
    opened = making.thread(session)
    before = opened.last_activity_at, opened.version
    voting.vote(session, making.member(session), post_id=making.opening(session, opened).id, value=1)
    assert (opened.last_activity_at, opened.version) == (before[0], before[1] + 1)


def test_refusals(session: Session) -> None:
    author = making.member(session)
    post = making.reply(session, making.thread(session), author)
    voter = making.member(session)
    with pytest.raises(NotAllowed, match="your own post"):
        voting.vote(session, author, post_id=post.id, value=1)
    with pytest.raises(NotAllowed, match="more reputation to vote down"):
        voting.vote(session, voter, post_id=post.id, value=-1)
    with pytest.raises(NotAllowed, match="Sign in"):
        voting.vote(session, ANONYMOUS, post_id=post.id, value=1)
    with pytest.raises(Invalid):
        voting.vote(session, voter, post_id=post.id, value=2)
    with pytest.raises(NotFound):
        voting.vote(session, voter, post_id=post.id + 1, value=1)
    editing.delete_post(session, author, post_id=post.id)
    with pytest.raises(Gone):
        voting.vote(session, voter, post_id=post.id, value=1)
    assert counts(post) == (0, 0, 0, 0)
