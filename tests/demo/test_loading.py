"""The demo community comes to life through the verbs, once, and what it shows fits together."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
import msgspec
import pytest
from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from crm_sync.tables import CrmDelivery
from forum.articles.tables import Article
from forum.ideas.tables import Idea
from forum.kernel import clock
from forum.kernel.db import Base, Database
from forum.kernel.outbox import OutboxEvent, Relay
from forum.members import passwords
from forum.members.tables import Credential, Member
from forum.notifications.tables import Notification
from forum.threads.tables import Acceptance, Category, OfficialMark, Post, Revision, Tag, Thread, Vote
from moderation.tables import Decision, Flag
from moderation.verifying import verify
from reputation.tables import LedgerEntry
from tests.installing import settings_for
from web.cli.demo import as_demo
from web.demo import installing
from web.demo.blocks import Names
from web.demo.checks import checked_community
from web.demo.content import Community
from web.demo.loading import fill, passwords_of
from web.wiring import SUBSCRIBERS

NOW = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
SECRET = "a secret of this installation alone"


@pytest.fixture(scope="module")
def community() -> Community:
    return checked_community()


@pytest.fixture(scope="module")
def filled(database: Database, community: Community) -> Database:
    with clock.at(NOW):
        assert fill(database, community, passwords_of(community, SECRET), Relay(database, SUBSCRIBERS).deliver_within)
    return database


@pytest.fixture
def reading(filled: Database) -> Iterator[Session]:
    with filled.transaction() as session:
        yield session


def count(session: Session, table: type[Base], *conditions: ColumnElement[bool]) -> int:
    return session.execute(select(func.count()).select_from(table).where(*conditions)).scalar_one()


def pairs(session: Session, selected: Select[Any, Any]) -> dict[Any, Any]:
    return {row[0]: row[1] for row in session.execute(selected)}


def test_everything_in_the_files_is_there(reading: Session, community: Community) -> None:
    posts = [post for thread in community.threads for post in thread.posts]
    assert count(reading, Member) == len(community.people)
    assert count(reading, Category) == len(community.categories)
    assert count(reading, Thread) == len(community.threads)
    assert count(reading, Post) == len(posts)
    assert count(reading, Vote) == sum(len(post.up) + len(post.down) for post in posts)
    assert count(reading, Acceptance, Acceptance.withdrawn_at.is_(None)) == sum(
        len(thread.accepted) for thread in community.threads
    )
    assert count(reading, Revision) == sum(len(post.edits) + 1 for post in posts if post.edits)
    assert count(reading, Tag) == len({tag for thread in community.threads for tag in thread.tags})


def test_the_company_spoke_and_decided(reading: Session, community: Community) -> None:
    replies = [reply for thread in community.threads for reply in thread.replies]
    assert count(reading, OfficialMark) == len([reply for reply in replies if reply.official is not None])
    assert count(reading, Flag) == sum(len(reply.flags) for reply in replies)
    statuses = pairs(reading, select(Idea.thread_id, Idea.status))
    titles = pairs(reading, select(Thread.title, Thread.id))
    for thread in community.threads:
        if thread.kind == "idea":
            assert statuses[titles[thread.title]] == thread.status


def test_one_reply_is_out_of_sight_and_the_log_is_whole(filled: Database, community: Community) -> None:
    with filled.transaction() as session:
        assert count(session, Post, Post.hidden_at.is_not(None)) == 1
        assert count(session, Thread, Thread.closed_at.is_not(None)) == 1
        closing = [ruling for thread in community.threads for ruling in thread.rulings]
        hiding = [ruling for thread in community.threads for reply in thread.replies for ruling in reply.rulings]
        changes = [change for thread in community.threads for change in thread.changes]
        assert count(session, Decision) == len(closing) + len(hiding) + len(changes)
    with filled.reading() as connection:
        states = {finding.state for finding in verify(connection)}
    assert states == {"sound"}


def test_help_articles_are_published_and_others_wait(reading: Session, community: Community) -> None:
    states = [thread.article for thread in community.threads if thread.article]
    assert count(reading, Article, Article.state == "published") == len(states)
    assert count(reading, Article, Article.state == "draft") >= 10


def test_reputation_is_the_sum_of_the_ledger(reading: Session) -> None:
    sums = pairs(reading, select(LedgerEntry.member_id, func.sum(LedgerEntry.points)).group_by("member_id"))
    points = pairs(reading, select(Member.id, Member.points))
    assert points == {member_id: sums.get(member_id, 0) for member_id in points}
    assert max(points.values()) >= 500


def test_everybody_was_told_and_the_crm_has_work(reading: Session) -> None:
    assert count(reading, OutboxEvent, OutboxEvent.fanned_out_at.is_(None)) == 0
    assert count(reading, Notification) >= 300
    assert count(reading, CrmDelivery) >= 40


def test_nothing_happens_in_the_future_nor_before_its_time(reading: Session) -> None:
    for column in (Post.created_at, Thread.last_activity_at, Vote.at, Acceptance.at, Decision.at, LedgerEntry.at):
        assert reading.execute(select(func.max(column))).scalar_one() <= NOW
    early = select(Post.id).join(Member, Member.id == Post.author_id).where(Post.created_at < Member.created_at)
    assert reading.scalars(early).all() == []
    sooner = select(Vote.post_id).join(Post, Post.id == Vote.post_id).where(Vote.at < Post.created_at)
    assert reading.scalars(sooner).all() == []


def test_links_between_threads_lead_somewhere(reading: Session) -> None:
    sources = list(reading.scalars(select(Post.source)))
    assert not [source for source in sources if "](thread:" in source or "](article:" in source]
    for thread in reading.scalars(select(Thread)):
        sources = [source.replace(f"](/t/{thread.id}/{thread.slug})", "") for source in sources]
    assert not [source for source in sources if "](/t/" in source]


def test_a_second_filling_changes_nothing(filled: Database, community: Community) -> None:
    assert not fill(filled, community, passwords_of(community, SECRET), Relay(filled, SUBSCRIBERS).deliver_within)


def test_four_people_can_sign_in(reading: Session, community: Community) -> None:
    made = passwords_of(community, SECRET)
    assert count(reading, Credential) == 4
    for person in community.people:
        if person.signs_in_as:
            member = reading.scalars(select(Member).where(Member.handle == person.handle)).one()
            kept = reading.get_one(Credential, member.id).password_hash
            assert passwords.matches(kept, made[person.handle])
            assert member.role == person.role


# Passwords and installing


def test_passwords_are_an_installations_own(community: Community) -> None:
    ours, theirs = passwords_of(community, SECRET), passwords_of(community, "another secret")
    assert ours == passwords_of(community, SECRET)
    assert not set(ours.values()) & set(theirs.values())
    assert len(set(ours.values())) == 4


def test_an_interrupted_filling_leaves_nothing_behind(
    community: Community, sqlite_template: Path, tmp_path: Path
) -> None:
    settings = settings_for(f"sqlite:///{tmp_path / 'loggia.sqlite'}", tmp_path)
    (tmp_path / "loggia.sqlite").write_bytes(sqlite_template.read_bytes())
    (tmp_path / "loggia.sqlite.filling").write_text("what a killed filling left")

    assert installing.ensure(settings, small(community))
    assert not installing.ensure(settings, small(community))
    assert sorted(path.name for path in tmp_path.glob("loggia*")) == ["loggia.sqlite"]
    database = Database(settings.database_url)
    with database.transaction() as session:
        assert list(session.scalars(select(Thread.title))) == [thread.title for thread in small(community).threads]
    database.dispose()


def small(community: Community) -> Community:
    """Two people and what they say to each other, for tests that fill once more."""
    thread = msgspec.structs.replace(community.thread("drain-kit-corner-cabinet"), up=Names())
    people = (community.person(thread.by), community.person("ilse"))
    return msgspec.structs.replace(community, people=people, threads=(thread,))


def test_a_fault_while_telling_undoes_the_day(fresh_database: Database, community: Community) -> None:
    def fail(session: Session) -> None:
        raise RuntimeError("a subscriber cannot be told")

    with pytest.raises(RuntimeError):
        fill(fresh_database, small(community), passwords_of(community, SECRET), fail)
    with fresh_database.transaction() as session:
        assert count(session, Category) == 0


# The command


def test_the_demo_is_for_this_machine_alone(tmp_path: Path) -> None:
    given = settings_for(f"sqlite:///{tmp_path / 'loggia.sqlite'}", tmp_path)
    shown = as_demo(given, 8123)
    assert (shown.base_url, shown.site_name) == ("http://127.0.0.1:8123", "Alzaia Community")

    with pytest.raises(click.UsageError):
        as_demo(replace(given, base_url="https://community.example"), 8123)


def test_a_name_that_was_chosen_stays(tmp_path: Path) -> None:
    given = settings_for(f"sqlite:///{tmp_path / 'loggia.sqlite'}", tmp_path, site_name="Our Bench")
    assert as_demo(given, 8123).site_name == "Our Bench"
