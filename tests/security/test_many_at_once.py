"""Races of who somebody is and what they did: of fifty at once exactly as many succeed as may, and the keys in the database see to it."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import func, select

from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.kernel.errors import Gone, Invalid
from forum.members import accounts, mailed_keys
from forum.members.tables import MailAddress, MailedToken, Member
from forum.threads.tables import Post, Vote
from reputation.tables import LedgerEntry
from tests.forum import making as make
from tests.forum.test_races import AT_ONCE, at_once
from tests.installing import deliver_all
from tests.security.town import Town
from tests.security.wire import Wire

_SPELLINGS = ("Marta", "marta", "MARTA", "mArtA")


def _succeeds(task: Callable[[], object], refusal: type[Exception]) -> bool:
    try:
        task()
    except refusal:
        return False
    return True


def test_of_fifty_who_register_one_handle_one_has_it(fresh_database: Database) -> None:
    def register(number: int) -> bool:
        def once() -> None:
            with fresh_database.transaction() as session:
                spelled = _SPELLINGS[number % len(_SPELLINGS)]
                accounts.register(session, handle=spelled, mail=f"m{number}@example.com", password=None)

        return _succeeds(once, Invalid)

    assert sum(map(bool, at_once([partial(register, number) for number in range(AT_ONCE)]))) == 1
    with fresh_database.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(Member)) == 1
        assert connection.scalar(select(func.count()).select_from(MailAddress)) == 1


def test_of_fifty_who_register_one_proven_address_one_has_it(fresh_database: Database) -> None:
    def register(number: int) -> bool:
        def once() -> None:
            with fresh_database.transaction() as session:
                accounts.register(session, handle=f"marta{number}", mail="Marta@Example.com", password=None)

        return _succeeds(once, Invalid)

    assert sum(map(bool, at_once([partial(register, number) for number in range(AT_ONCE)]))) == 1
    with fresh_database.reading() as connection:
        assert connection.scalar(select(func.count()).select_from(Member)) == 1


def test_of_fifty_uses_of_a_mailed_key_one_counts(fresh_database: Database) -> None:
    purpose = next(iter(mailed_keys.LIVES))
    with fresh_database.transaction() as session:
        member = make.member(session)
        mailed_keys.keep(
            session,
            member_id=member.member_id or 0,
            purpose=purpose,
            address="a@example.com",
            key="the key",
            asked_at=now(),
        )

    def use() -> bool:
        def once() -> None:
            with fresh_database.transaction() as session:
                mailed_keys.use(session, purpose=purpose, key="the key")

        return _succeeds(once, Gone)

    assert sum(map(bool, at_once([use] * AT_ONCE))) == 1
    with fresh_database.reading() as connection:
        assert connection.scalar(select(func.count()).where(MailedToken.used_at.is_not(None))) == 1


@pytest.fixture
def post(database: Database) -> tuple[int, int]:
    """A reply and its author, who has no points from anywhere else."""
    with database.transaction() as session:
        author = make.member(session)
        return make.reply(session, make.thread(session), author).id, author.member_id or 0


def _vote(town: Town, role: str, post_id: int, value: int) -> tuple[str, str, dict[str, str], bytes]:
    headers = {**town.headers[role], "content-type": "application/json"}
    return "PUT", f"/api/v1/posts/{post_id}/vote", headers, json.dumps({"value": value}).encode()


def test_fifty_votes_of_one_member_over_the_api_are_one(
    wire: Wire, town: Town, database: Database, post: tuple[int, int]
) -> None:
    answers = wire.ask_at_once([_vote(town, "moderator", post[0], 1)] * AT_ONCE)
    assert {answer.status for answer in answers} == {200}
    with database.reading() as connection:
        assert connection.scalar(select(func.count()).where(Vote.post_id == post[0])) == 1
        assert connection.scalar(select(Post.up).where(Post.id == post[0])) == 1


def test_a_vote_that_is_replayed_very_often_counts_once(
    wire: Wire, town: Town, database: Database, post: tuple[int, int], amount: Callable[[int, int], int]
) -> None:
    """And the author's reputation is the sum of their ledger."""
    for turn in range(amount(60, 1_000)):
        assert wire.ask(*_vote(town, "moderator", post[0], (1, 0, 1)[turn % 3])).status == 200
    wire.ask(*_vote(town, "moderator", post[0], 1))
    deliver_all(database)
    with database.reading() as connection:
        assert connection.scalar(select(Post.up).where(Post.id == post[0])) == 1
        entries = select(func.sum(LedgerEntry.points)).where(LedgerEntry.member_id == post[1])
        assert connection.scalar(entries) == 10
        assert connection.scalar(select(Member.points).where(Member.id == post[1])) == 10
