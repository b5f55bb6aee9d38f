"""`loggia reputation rebuild` mends whatever differs from what is, and says what that was."""

import pytest
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from forum.kernel.access import Actor
from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.members.tables import Member
from forum.threads import answers, voting
from forum.threads.tables import ImportedVotes, Post, Vote
from reputation.rebuilding import Difference, rebuild
from reputation.tables import LedgerEntry
from tests.forum import making as make
from tests.installing import deliver_all


class Community:
    """Two people with points: an answerer who was voted up twice and accepted, and the asker."""

    def __init__(self, db: Database) -> None:
        self.db = db
        with db.transaction() as session:
            self.asker, self.peer, self.voter = (make.member(session) for _ in range(3))
            thread = make.thread(session, self.asker)
            self.reply = make.reply(session, thread, self.peer).id
            for voter in (self.voter, make.member(session)):
                voting.vote(session, voter, post_id=self.reply, value=1)
            answers.accept(session, self.asker, post_id=self.reply)
        deliver_all(db)

    def points(self, actor: Actor) -> tuple[int, int]:
        """The total as stored, and the sum of the ledger."""
        with self.db.reading() as connection:
            stored = connection.execute(select(Member.points).where(Member.id == actor.member_id)).scalar_one()
            entries = select(func.sum(LedgerEntry.points)).where(LedgerEntry.member_id == actor.member_id)
            return stored, int(connection.execute(entries).scalar_one() or 0)

    def entries(self) -> int:
        with self.db.reading() as connection:
            return connection.execute(select(func.count()).select_from(LedgerEntry)).scalar_one()


@pytest.fixture
def community(fresh_database: Database) -> Community:
    return Community(fresh_database)


def test_nothing_differs_where_all_was_told(community: Community) -> None:
    before = community.entries()
    assert rebuild(community.db) == []
    assert community.entries() == before
    assert community.points(community.peer) == (35, 35)


def test_a_total_that_is_wrong_is_set_right_and_named(community: Community) -> None:
    with community.db.transaction() as session:
        session.execute(update(Member).where(Member.id == community.peer.member_id).values(points=9_999))
    assert rebuild(community.db) == [Difference(community.peer.handle, 9_999, 35)]
    assert community.points(community.peer) == (35, 35)
    assert rebuild(community.db) == []


def test_entries_that_are_lacking_are_made(community: Community) -> None:
    with community.db.transaction() as session:
        session.execute(delete(LedgerEntry))
        session.execute(update(Member).values(points=0))
    rebuild(community.db)
    assert (community.points(community.peer), community.points(community.asker)) == ((35, 35), (2, 2))


def test_a_vote_that_went_untold_is_taken_out_of_the_ledger(community: Community) -> None:
    """Only the ledger still knows of it."""
    with community.db.transaction() as session:
        session.execute(delete(Vote).where(Vote.post_id == community.reply))
    rebuild(community.db)
    assert community.points(community.peer) == (15, 15)


def test_an_entry_for_a_vote_that_never_was_gets_its_inverse(community: Community) -> None:
    with community.db.transaction() as session:
        post = session.get_one(Post, community.reply)
        session.add(
            LedgerEntry(
                member_id=post.author_id, post_id=post.id, reason="upvoted", points=10, turn=0,
                cause=f"vote:{post.id}:{community.asker.member_id}", day=now().date(), at=now(),
            )
        )  # fmt: skip
    rebuild(community.db)
    assert community.points(community.peer) == (35, 35)
    assert rebuild(community.db) == []


def test_imported_votes_count_once_without_a_cap(community: Community) -> None:
    with community.db.transaction() as session:
        day = now().date()
        session.add(ImportedVotes(post_id=community.reply, day=day, up=41, down=3))
    expected = 35 + 41 * 10 - 3 * 2
    assert rebuild(community.db) == [Difference(community.peer.handle, 35, expected)]
    assert rebuild(community.db) == []
    assert community.points(community.peer) == (expected, expected)
    assert "vote:down" in _privileges(community, community.peer)


def test_progress_is_told(community: Community) -> None:
    done: list[int] = []
    rebuild(community.db, progress=done.append)
    assert sum(done) == 1


def _privileges(community: Community, actor: Actor) -> list[str]:
    with community.db.transaction() as session:
        return _member(session, actor).privileges


def _member(session: Session, actor: Actor) -> Member:
    return session.get_one(Member, actor.member_id)
