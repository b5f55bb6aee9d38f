"""One script of verbs on SQLite and PostgreSQL: the same answers, the same refusals, the same numbers, the same ledger.

Hypothesis writes the scripts. After each, everything that is stored twice is counted anew and must have been right.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from forum.kernel import clock
from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.kernel.errors import LoggiaError
from forum.kernel.outbox import Relay
from forum.members.actors import actor_of
from forum.members.tables import Member
from forum.threads import answers, editing, hiding, official, ranking, recounting, replying, voting
from forum.threads.tables import Post, Thread
from reputation.reactions import REACTIONS
from reputation.tables import LedgerEntry
from tests.forum import making
from tests.installing import copy_of_sqlite
from tests.servers import postgres

Verb = Callable[["World", Session], object]
PEOPLE = 5
THREAD = ("post_count", "reply_count", "score", "version", "solved_at", "official_at", "last_activity_at")
POST = (
    "number", "up", "down", "staff_up", "staff_down", "rank", "accepted_at", "official_at", "deleted_at", "revision",
    "source", "is_company",
)  # fmt: skip


class World:
    """A community in one of the databases; its rows are known by their place in these lists, not by id."""

    def __init__(self, db: Database) -> None:
        self.db = db
        self.relay = Relay(db, {"reputation": REACTIONS})
        self.threads: list[int] = []
        self.posts: list[int] = []
        with db.transaction() as session:
            people = [
                making.member(session), making.member(session), making.member(session, privileges=("vote:down",)),
                making.staff(session), making.moderator(session),
            ]  # fmt: skip
            self.people = [person.member_id or 0 for person in people]
            places = making.category(session), making.category(session, several_solutions=True, peers_first_hours=24)
            self.places = [place.slug for place in places]

    def actor(self, session: Session, person: int) -> Actor:
        return actor_of(session, self.people[person])

    def does(self, verb: Verb) -> str:
        """What came of a verb: "done", or the refusal."""
        try:
            with self.db.transaction() as session:
                verb(self, session)
        except LoggiaError as refusal:
            return f"{type(refusal).__name__}: {refusal}"
        return "done"

    def deliver(self) -> None:
        while self.relay.run_once():
            pass

    def shown(self) -> dict[str, list[tuple[Any, ...]]]:
        with self.db.transaction() as session:
            threads = [session.get_one(Thread, key) for key in self.threads]
            posts = [session.get_one(Post, key) for key in self.posts]
            people = [session.get_one(Member, key) for key in self.people]
            return {
                "threads": [tuple(getattr(each, name) for name in THREAD) for each in threads],
                "posts": [tuple(getattr(each, name) for name in POST) for each in posts],
                "people": [(each.points, sorted(each.privileges)) for each in people],
                "ledger": sorted(self._ledger(session)),
            }

    def _ledger(self, session: Session) -> Iterator[tuple[Any, ...]]:
        for row in session.scalars(select(LedgerEntry).where(LedgerEntry.member_id.in_(self.people))):
            yield (
                self.people.index(row.member_id), self.posts.index(row.post_id or 0), row.reason, row.turn, row.points,
                row.day,
            )  # fmt: skip


people, values = st.integers(0, PEOPLE - 1), st.sampled_from([-1, 0, 1])
kinds = st.sampled_from(["question", "question", "discussion"])
STAFF, MODERATOR = 3, 4
SEVERAL = 1  # the place where several replies may be accepted


@dataclass
class Said:
    """A post as the script knows it: who said it in which thread, and whether it can bear a mark."""

    thread: int
    author: int
    is_reply: bool


class Communities(RuleBasedStateMachine):
    """Two worlds that live through the same things, and a plain count of votes to hold them against."""

    databases: tuple[Database, Database]

    def __init__(self) -> None:
        super().__init__()
        self.at = datetime(2026, 3, 2, 12, tzinfo=UTC)
        self.votes: dict[tuple[int, int], int] = {}
        self.askers: list[int] = []
        self.places: list[int] = []
        self.said: list[Said] = []
        with clock.at(self.at):
            self.worlds = [World(database) for database in self.databases]

    def both(self, verb: Verb) -> bool:
        self.at += timedelta(seconds=1)
        with clock.at(self.at):
            one, other = (world.does(verb) for world in self.worlds)
        assert one == other
        return one == "done"

    def a_reply(self, data: st.DataObject) -> int:
        """Mostly a reply; any post where there is none."""
        replies = [key for key, post in enumerate(self.said) if post.is_reply]
        post: int = data.draw(st.sampled_from([*replies * 3, *range(len(self.said))]), label="post")
        return post

    def mostly(self, data: st.DataObject, person: int) -> int:
        """Mostly the one who may; sometimes anybody."""
        chosen: int = data.draw(st.sampled_from([person] * 3 * PEOPLE + list(range(PEOPLE))), label="person")
        return chosen

    def on(self, post: int, person: int, verb: Callable[[Session, Actor, int], object]) -> bool:
        return self.both(lambda world, session: verb(session, world.actor(session, person), world.posts[post]))

    @initialize()
    def begin(self) -> None:
        """Two questions with two replies each, so that scripts have something to vote on and accept from the start."""
        for place in (0, 1):
            self.ask(0, "question", place)
            for person in (1, 2):
                self.add_reply(place, person)

    @rule(person=people, kind=kinds, place=st.integers(0, 1))
    def ask(self, person: int, kind: str, place: int) -> None:
        def verb(world: World, session: Session) -> None:
            author = world.actor(session, person)
            opened = making.thread(session, author, kind=kind, category=world.places[place], tags=["motor"])
            world.threads.append(opened.id)
            world.posts.append(making.opening(session, opened).id)

        if self.both(verb):
            self.said.append(Said(len(self.askers), person, is_reply=False))
            self.askers.append(person)
            self.places.append(place)

    @rule(data=st.data(), person=people)
    def reply(self, data: st.DataObject, person: int) -> None:
        self.add_reply(data.draw(st.integers(0, len(self.askers) - 1), label="thread"), person)

    def add_reply(self, thread: int, person: int) -> None:
        def verb(world: World, session: Session) -> None:
            actor = world.actor(session, person)
            post = replying.reply(session, actor, thread_id=world.threads[thread], body=making.REPLY)
            world.posts.append(post.id)

        if self.both(verb):
            self.said.append(Said(thread, person, is_reply=True))

    @rule(data=st.data(), person=people)
    def comment(self, data: st.DataObject, person: int) -> None:
        under = self.a_reply(data)

        def verb(world: World, session: Session) -> None:
            post = replying.comment(
                session, world.actor(session, person), post_id=world.posts[under], body="Thank you, that was it."
            )
            world.posts.append(post.id)

        if self.both(verb):
            self.said.append(Said(self.said[under].thread, person, is_reply=False))

    @rule(data=st.data(), person=people, value=values)
    def vote(self, data: st.DataObject, person: int, value: int) -> None:
        post = data.draw(st.integers(0, len(self.said) - 1), label="post")
        if self.on(post, person, lambda session, actor, key: voting.vote(session, actor, post_id=key, value=value)):
            self.votes[post, person] = value

    @rule(data=st.data())
    def accept(self, data: st.DataObject) -> None:
        post = self.a_reply(data)
        person = self.mostly(data, self.askers[self.said[post].thread])
        self.on(post, person, lambda session, actor, key: answers.accept(session, actor, post_id=key))

    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        def verb(session: Session, actor: Actor, post_id: int) -> None:
            thread_id = session.get_one(Post, post_id).thread_id
            answers.withdraw(session, actor, thread_id=thread_id, post_id=post_id)

        post = self.a_reply(data)
        self.on(post, self.mostly(data, self.askers[self.said[post].thread]), verb)

    @rule(data=st.data())
    def mark_official(self, data: st.DataObject) -> None:
        post, person = self.a_reply(data), self.mostly(data, STAFF)
        self.on(post, person, lambda session, actor, key: official.mark(session, actor, post_id=key))

    @rule(data=st.data())
    def withdraw_official(self, data: st.DataObject) -> None:
        def verb(session: Session, actor: Actor, post_id: int) -> None:
            official.withdraw(session, actor, thread_id=session.get_one(Post, post_id).thread_id)

        self.on(self.a_reply(data), self.mostly(data, STAFF), verb)

    @rule(data=st.data())
    def delete(self, data: st.DataObject) -> None:
        post = self.a_reply(data)
        person = self.mostly(data, self.said[post].author)
        self.on(post, person, lambda session, actor, key: editing.delete_post(session, actor, post_id=key))

    @rule(data=st.data(), words=st.integers(0, 1))
    def edit(self, data: st.DataObject, words: int) -> None:
        body = ("It was the chute, cleaned with a brush.", making.REPLY)[words]

        def verb(session: Session, actor: Actor, post_id: int) -> None:
            editing.edit_post(session, actor, post_id=post_id, body=body, comment="Shorter")

        post = self.a_reply(data)
        self.on(post, self.mostly(data, self.said[post].author), verb)

    @rule(data=st.data())
    def hide(self, data: st.DataObject) -> None:
        self.decide(self.a_reply(data), hiding.hide_post)

    @rule(data=st.data())
    def restore(self, data: st.DataObject) -> None:
        self.decide(self.a_reply(data), hiding.restore_post)

    def decide(self, post: int, effect: Callable[..., bool]) -> None:
        def verb(session: Session, _actor: Actor, post_id: int) -> None:
            effect(session, post_id=post_id, decision=making.decision(session))

        self.on(post, MODERATOR, verb)

    @rule(days=st.integers(1, 8))
    def days_go_by(self, days: int) -> None:
        self.at += timedelta(days=days)

    @rule()
    def deliver(self) -> None:
        with clock.at(self.at):
            for world in self.worlds:
                world.deliver()
        self.both_show_the_same()

    def both_show_the_same(self) -> None:
        one, other = (world.shown() for world in self.worlds)
        assert one == other
        marks: dict[int, list[int]] = {}
        for post, stored in enumerate(one["posts"]):
            given = [value for (on, person), value in self.votes.items() if on == post and person != STAFF]
            assert stored[1:3] == (given.count(1), given.count(-1))
            marks.setdefault(self.said[post].thread, []).append(stored[6] is not None)
        for thread, accepted in marks.items():
            assert sum(accepted) <= 1 or self.places[thread] == SEVERAL

    def teardown(self) -> None:
        self.deliver()
        for world in self.worlds:
            with world.db.transaction() as session:
                assert (recounting.rebuild(session), ranking.rebuild(session)) == (0, 0)
                total = select(LedgerEntry.member_id, func.sum(LedgerEntry.points)).group_by(LedgerEntry.member_id)
                sums: dict[int, int] = {row[0]: row[1] for row in session.execute(total)}
                points = {key: session.get_one(Member, key).points for key in world.people}
                assert points == {key: sums.get(key, 0) for key in world.people}
        super().teardown()


@contextmanager
def both_databases(sqlite_template: Path, server: postgres.Server, template: str, folder: Path) -> Iterator[Any]:
    name = server.create(template)
    databases = Database(copy_of_sqlite(sqlite_template, folder)), Database(server.url_of(name))
    yield databases
    for database in databases:
        database.dispose()
    server.drop(name)


@pytest.mark.long
@pytest.mark.timeout(3600)
def test_both_databases_give_the_same_answers(
    sqlite_template: Path,
    postgres_server: postgres.Server,
    postgres_template: str,
    tmp_path: Path,
    amount: Callable[[int, int], int],
) -> None:
    settings = hypothesis.settings(max_examples=amount(12, 1_000), stateful_step_count=50)
    with both_databases(sqlite_template, postgres_server, postgres_template, tmp_path) as databases:
        machine = type("OfThisRun", (Communities,), {"databases": databases})
        run_state_machine_as_test(machine, settings=settings)
