"""Facts may be told in any order, several times, early or late: the ledger comes out the same."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from forum.kernel import clock
from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.kernel.errors import LoggiaError
from forum.kernel.outbox import OutboxEvent
from forum.members.tables import Member
from forum.threads import answers, voting
from forum.threads.tables import Post, Thread
from reputation.reactions import REACTIONS
from reputation.tables import LedgerEntry
from tests.forum import making as make
from tests.moderation.deciding import decided

NOON = datetime(2026, 11, 12, 12, tzinfo=UTC)
KINDS = {event.__name__: event for event in REACTIONS}
VOTERS, REPLIES, SO_FAR = 3, 3, 19
Move = tuple[str, int, int, int]
Summary = dict[tuple[int, str], int]

moves = st.lists(
    st.tuples(
        st.sampled_from(["vote", "vote", "vote", "accept", "withdraw", "hide", "restore"]),
        st.integers(0, VOTERS - 1),
        st.integers(0, REPLIES - 1),
        st.sampled_from([1, 1, 0, -1]),
    ),
    min_size=1,
    max_size=10,
)


@dataclass
class World:
    """A question with three replies by one author, who has had nineteen votes up today: the twentieth fills the day."""

    session: Session
    told: int = 0
    replies: list[Post] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.author, self.asker = make.member(self.session), make.member(self.session)
        self.moderator = make.moderator(self.session)
        self.voters: list[Actor] = [make.member(self.session, privileges=("vote:down",)) for _ in range(VOTERS)]
        self.thread: Thread = make.thread(self.session, self.asker)
        self.replies = [make.reply(self.session, self.thread, self.author) for _ in range(REPLIES)]
        for _ in range(SO_FAR):
            voting.vote(self.session, make.member(self.session), post_id=self.replies[0].id, value=1)
        self.tell(self.untold())

    def untold(self) -> list[OutboxEvent]:
        found = select(OutboxEvent).where(OutboxEvent.id > self.told).order_by(OutboxEvent.id)
        rows = list(self.session.scalars(found))
        self.told = rows[-1].id if rows else self.told
        return rows

    def tell(self, facts: list[OutboxEvent]) -> None:
        for fact in facts:
            event = KINDS.get(fact.kind)
            if event is not None:
                REACTIONS[event](self.session, event(**fact.payload))

    def does(self, move: Move) -> None:
        """A move that cannot be made is none."""
        verb, voter, reply, value = move
        try:
            with self.session.begin_nested():
                self._do(verb, self.voters[voter], self.replies[reply], value)
        except LoggiaError:
            return

    def _do(self, verb: str, voter: Actor, reply: Post, value: int) -> None:
        if verb == "vote":
            voting.vote(self.session, voter, post_id=reply.id, value=value)
        elif verb == "accept":
            answers.accept(self.session, self.asker, post_id=reply.id)
        elif verb == "withdraw":
            answers.withdraw(self.session, self.asker, thread_id=self.thread.id)
        else:
            decided(self.session, self.moderator, f"{verb}-post", reply)

    def summary(self) -> Summary:
        """What each member has by each reason; inverses have cancelled what they undo."""
        found = select(LedgerEntry.member_id, LedgerEntry.reason, func.sum(LedgerEntry.points))
        rows = self.session.execute(found.group_by(LedgerEntry.member_id, LedgerEntry.reason)).all()
        order = [self.author.member_id, self.asker.member_id, *(voter.member_id for voter in self.voters)]
        return {(order.index(key), reason): int(points) for key, reason, points in rows if key in order and points}

    def check_totals(self) -> None:
        sums = select(LedgerEntry.member_id, func.sum(LedgerEntry.points)).group_by(LedgerEntry.member_id)
        totals = {key: int(points) for key, points in self.session.execute(sums)}
        for key, points in self.session.execute(select(Member.id, Member.points)):
            assert points == totals.get(key, 0)


@pytest.fixture(scope="module")
def world(database: Database) -> Iterator[World]:
    """One world, made once; each script is undone behind it."""
    with database.engine.connect() as connection, connection.begin() as transaction, clock.at(NOON):
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as session:
            yield World(session)
        transaction.rollback()


@contextmanager
def undone(world: World) -> Iterator[World]:
    told = world.told
    with clock.at(NOON):
        trial = world.session.begin_nested()
        try:
            yield world
        finally:
            trial.rollback()
            world.session.expire_all()
            world.told = told


def in_order(world: World, script: list[Move]) -> Summary:
    with undone(world):
        for move in script:
            world.does(move)
            world.tell(world.untold())
        world.check_totals()
        return world.summary()


@pytest.mark.long(only=True, on="postgresql")
@given(script=moves, data=st.data())
def test_the_order_does_not_matter(world: World, script: list[Move], data: st.DataObject) -> None:
    expected = in_order(world, script)
    with undone(world):
        for move in script:
            world.does(move)
        facts = world.untold()
        again = data.draw(st.lists(st.sampled_from(facts), max_size=4)) if facts else []
        world.tell(data.draw(st.permutations(facts + again)))
        world.check_totals()
        assert world.summary() == expected


@pytest.mark.long(only=True, on="postgresql")
@given(script=moves, data=st.data())
def test_being_told_late_does_not_matter(world: World, script: list[Move], data: st.DataObject) -> None:
    """Some facts reach reputation when others have happened already, and some reach it twice."""
    expected = in_order(world, script)
    with undone(world):
        waiting: list[OutboxEvent] = []
        for move in script:
            world.does(move)
            waiting += world.untold()
            world.tell(data.draw(st.lists(st.sampled_from(waiting), max_size=3)) if waiting else [])
        world.tell(waiting)
        world.check_totals()
        assert world.summary() == expected


def test_the_world_starts_one_vote_short_of_the_cap(world: World) -> None:
    assert world.summary() == {(0, "upvoted"): SO_FAR * 10}
