"""The order of replies: the formula, and what comes before it."""

from dataclasses import dataclass
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forum.threads import ranking

AT = datetime(2026, 3, 2, tzinfo=UTC)
votes = st.integers(0, 100_000)


@dataclass
class Marked:
    up: int = 0
    down: int = 0
    accepted_at: datetime | None = None
    official_at: datetime | None = None


@pytest.mark.parametrize("up", [0, 1, 2, 10, 1000])
def test_with_votes_of_one_kind_the_bound_is_a_plain_share(up: int) -> None:
    assert ranking.wilson(up, 0) == pytest.approx(up / (up + ranking.Z**2))
    assert ranking.wilson(0, up) == 0.0


def test_few_votes_count_less_than_many_of_the_same_share() -> None:
    assert ranking.wilson(90, 10) > ranking.wilson(9, 1) > ranking.wilson(2, 0) > ranking.wilson(1, 0)


@given(votes, votes)
def test_the_bound_is_where_the_interval_is_defined_to_end(up: int, down: int) -> None:
    bound, n = ranking.wilson(up, down), up + down
    assert 0.0 <= bound <= 1.0
    if n:
        share = up / n
        assert (share - bound) ** 2 == pytest.approx(ranking.Z**2 * bound * (1 - bound) / n, rel=1e-6, abs=1e-9)
        assert bound <= share


@given(votes, votes)
def test_a_vote_up_never_lowers_and_a_vote_down_never_raises(up: int, down: int) -> None:
    assert ranking.wilson(up + 1, down) >= ranking.wilson(up, down) >= ranking.wilson(up, down + 1)


@given(votes, votes, votes, votes)
def test_marks_come_before_votes(up: int, down: int, other_up: int, other_down: int) -> None:
    plain = Marked(other_up, other_down)
    official = Marked(up, down, official_at=AT)
    accepted = Marked(up, down, accepted_at=AT)
    both = Marked(up, down, accepted_at=AT, official_at=AT)
    places = [ranking.rank(post) for post in (plain, official, accepted, both)]
    assert places == sorted(places)
    assert len(set(places)) == 4
