"""What is worth how many points: pure rules."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reputation import rules
from reputation.rules import Due, due_for_acceptance, due_for_vote

AUTHOR, VOTER, ASKER = 1, 2, 3


@pytest.mark.parametrize("is_answer", [True, False])
def test_a_vote_up_brings_ten_within_the_cap(is_answer: bool) -> None:
    due = due_for_vote(value=1, author_id=AUTHOR, voter_id=VOTER, is_answer=is_answer)
    assert due == [Due(AUTHOR, "upvoted", 10, is_capped=True)]


def test_a_vote_down_on_an_answer_costs_its_voter_a_point() -> None:
    due = due_for_vote(value=-1, author_id=AUTHOR, voter_id=VOTER, is_answer=True)
    assert due == [Due(AUTHOR, "downvoted", -2), Due(VOTER, "downvoting", -1)]


def test_a_vote_down_on_a_question_costs_its_voter_nothing() -> None:
    assert due_for_vote(value=-1, author_id=AUTHOR, voter_id=VOTER, is_answer=False) == [Due(AUTHOR, "downvoted", -2)]


def test_an_accepted_answer_brings_fifteen_and_the_asker_two() -> None:
    due = due_for_acceptance(answerer_id=AUTHOR, asker_id=ASKER, by_asker=True)
    assert due == [Due(AUTHOR, "accepted", 15), Due(ASKER, "accepting", 2)]


def test_who_did_not_accept_themselves_earns_nothing_by_it() -> None:
    due = due_for_acceptance(answerer_id=AUTHOR, asker_id=ASKER, by_asker=False)
    assert due == [Due(AUTHOR, "accepted", 15)]


def test_solving_one_s_own_question_brings_nothing() -> None:
    assert due_for_acceptance(answerer_id=ASKER, asker_id=ASKER, by_asker=True) == []


@given(st.integers(0, 500))
def test_no_day_brings_more_than_the_cap(gained: int) -> None:
    more = rules.within_cap(10, gained_that_day=gained)
    assert 0 <= more <= 10
    assert gained + more <= max(200, gained)
    assert more == 10 or gained + more >= 200


@pytest.mark.parametrize(
    ("points", "privileges"),
    [
        (0, []),
        (99, []),
        (100, ["post:suggest-edit"]),
        (125, ["post:suggest-edit", "vote:down"]),
        (500, ["post:suggest-edit", "vote:down", "thread:close", "thread:retag"]),
        (1_000, ["post:suggest-edit", "vote:down", "thread:close", "thread:retag", "post:edit-any"]),
        (-3, []),
    ],
)
def test_points_earn_privileges(points: int, privileges: list[str]) -> None:
    assert rules.privileges_at(points) == privileges


def test_imported_votes_are_worth_the_same() -> None:
    assert rules.imported_points(up=7, down=3) == 64
