"""Many people at once: nothing is lost, nothing counted twice."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from sqlalchemy import func, select

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.kernel.outbox import OutboxEvent
from forum.threads import answers, recounting, voting
from forum.threads.finding import held_post, visible_post
from forum.threads.tables import Acceptance, Post, Tag, Thread, Vote
from tests.forum import making

AT_ONCE = 50


def at_once(tasks: list[Callable[[], object]]) -> list[object]:
    with ThreadPoolExecutor(8) as pool:
        return [future.result() for future in [pool.submit(task) for task in tasks]]


def test_fifty_votes_at_once_are_fifty_votes(database: Database) -> None:
    with database.transaction() as session:
        opened = making.thread(session)
        first = making.opening(session, opened)
        voters = [making.member(session) for _ in range(AT_ONCE)]

    def vote(voter: Actor) -> None:
        for value in (1, 0, 1):
            with database.transaction() as session:
                voting.vote(session, voter, post_id=first.id, value=value)

    at_once([partial(vote, voter) for voter in voters])
    with database.transaction() as session:
        post, thread = session.get_one(Post, first.id), session.get_one(Thread, opened.id)
        assert (post.up, thread.score, thread.version) == (AT_ONCE, AT_ONCE, 1 + 3 * AT_ONCE)
        assert session.scalar(select(func.count()).where(Vote.post_id == first.id)) == AT_ONCE
        assert recounting.rebuild(session) == 0


def test_one_member_voting_from_many_windows_has_one_vote(database: Database) -> None:
    with database.transaction() as session:
        post = making.reply(session, making.thread(session))
        voter = making.member(session)

    def vote() -> None:
        with database.transaction() as session:
            voting.vote(session, voter, post_id=post.id, value=1)

    at_once([vote] * AT_ONCE)
    with database.transaction() as session:
        assert session.get_one(Post, post.id).up == 1
        cast = select(func.count()).select_from(OutboxEvent)
        assert (
            session.scalar(cast.where(OutboxEvent.payload == {"post_id": post.id, "member_id": voter.member_id})) == 1
        )


def test_of_fifty_acceptances_at_once_one_stands(database: Database) -> None:
    with database.transaction() as session:
        asker = making.member(session)
        opened = making.thread(session, asker)
        replies = [making.reply(session, opened).id for _ in range(10)]

    def accept(post_id: int) -> None:
        with database.transaction() as session:
            answers.accept(session, asker, post_id=post_id)

    at_once([partial(accept, replies[number % 10]) for number in range(AT_ONCE)])
    with database.transaction() as session:
        standing = select(Acceptance).where(Acceptance.thread_id == opened.id, Acceptance.withdrawn_at.is_(None))
        accepted = session.scalars(standing).one()
        marked = select(Post.id).where(Post.thread_id == opened.id, Post.accepted_at.is_not(None))
        assert session.scalars(marked).all() == [accepted.post_id]
        assert session.get_one(Thread, opened.id).solved_at == accepted.at
        assert recounting.rebuild(session) == 0


def test_fifty_replies_at_once_have_fifty_numbers(database: Database) -> None:
    with database.transaction() as session:
        opened = making.thread(session)
        authors = [making.member(session) for _ in range(AT_ONCE)]

    def reply(author: Actor) -> int:
        with database.transaction() as session:
            return making.reply(session, opened, author).number

    numbers = at_once([partial(reply, author) for author in authors])
    assert sorted(map(str, numbers)) == sorted(map(str, range(2, AT_ONCE + 2)))
    with database.transaction() as session:
        assert session.get_one(Thread, opened.id).reply_count == AT_ONCE
        assert recounting.rebuild(session) == 0


def test_new_tags_in_any_order_are_made_once(database: Database) -> None:
    with database.transaction() as session:
        author, place = making.member(session), making.category(session)

    def ask(number: int) -> None:
        names = ["crema", "puck", "tamper"]
        with database.transaction() as session:
            making.thread(session, author, place, tags=names if number % 2 else names[::-1])

    at_once([partial(ask, number) for number in range(20)])
    with database.transaction() as session:
        found = session.scalars(select(Tag).where(Tag.name.in_(["crema", "puck", "tamper"])).order_by(Tag.name)).all()
        assert [(tag.name, tag.thread_count) for tag in found] == [("crema", 20), ("puck", 20), ("tamper", 20)]


def test_what_changed_while_waiting_for_the_lock_is_seen(database: Database) -> None:
    """The session read the post before somebody else voted on it; once it holds the thread it must know."""
    if database.is_sqlite:
        return  # one writer at a time: nothing can change between reading and locking
    with database.transaction() as session:
        post = making.reply(session, making.thread(session))
        reader, voter = making.member(session), making.member(session)
    with database.transaction() as session:
        assert visible_post(session, reader, post.id).up == 0
        with database.transaction() as other:
            voting.vote(other, voter, post_id=post.id, value=1)
        held, thread, _ = held_post(session, reader, post.id)
        assert (held.up, thread.version) == (1, 3)
