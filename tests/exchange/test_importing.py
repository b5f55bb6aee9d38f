"""What a dump's rows become: people, threads, marks and receipts, in both databases."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Row, select

from forum.exchange.reporting import Report
from forum.exchange.stackexchange.importing import import_dump
from forum.kernel.db import Base, Database
from forum.kernel.errors import Invalid
from forum.members.keys import checked_handle
from forum.members.tables import Credential, ImportedBadge, Member
from forum.threads import recounting
from forum.threads.tables import (
    Acceptance,
    Attribution,
    Category,
    ImportedVotes,
    Post,
    Revision,
    Tag,
    Thread,
    ThreadLink,
    ThreadTag,
)
from reputation import rebuilding
from reputation.tables import LedgerEntry
from tests.exchange.dumps import badge, comment, dump, history, link, post, tag, user, vote

SITE = "cookies.stackexchange.com"
DAY = datetime(2021, 5, 3, tzinfo=UTC)


@pytest.fixture
def taken(fresh_database: Database, tmp_path: Path) -> Callable[..., Report]:
    """Imports a small dump with the given files."""

    def take(**files: Any) -> Report:
        return import_dump(fresh_database, dump(tmp_path / SITE, **files), workers=0)

    return take


def rows(database: Database, table: type[Base]) -> list[Row[Any]]:
    with database.reading() as connection:
        return list(connection.execute(select(table.__table__).order_by(*table.__table__.primary_key)))


def one(database: Database, table: type[Base]) -> Row[Any]:
    [row] = rows(database, table)
    return row


def test_a_question_with_its_answers_and_comments(fresh_database: Database, taken: Callable[..., Report]) -> None:
    taken(
        Users=[user(1, DisplayName="Ada"), user(2, DisplayName="Bo")],
        Posts=[
            post(5, Title="Why so dry?", Tags="<baking><oven>", AcceptedAnswerId=7, LastEditDate="2021-05-09T08:00:00.000"),
            post(6, ParentId=5, OwnerUserId=2, CreationDate="2021-05-01T11:00:00.000"),
            post(7, ParentId=5, OwnerUserId=2, CreationDate="2021-05-03T12:00:00.000"),
        ],
        Comments=[comment(9, 6, Score=4, Text="**Use** `butter`. See <b>"), comment(8, 5, CreationDate="2021-05-01T10:30:00.000")],
        Votes=[vote(1, 5, 2), vote(2, 5, 2), vote(3, 5, 3), vote(4, 7, 2, "2021-05-04"), vote(5, 7, 1), vote(6, 5, 5)],
    )  # fmt: skip

    thread = one(fresh_database, Thread)
    assert (thread.kind, thread.title, thread.slug) == ("question", "Why so dry?", "why-so-dry")
    assert (thread.post_count, thread.reply_count, thread.score) == (5, 2, 1)
    assert thread.last_activity_at == datetime(2021, 5, 3, 12, tzinfo=UTC)
    posts = {row.number: row for row in rows(fresh_database, Post)}
    assert [posts[number].source for number in sorted(posts)] == [
        "Body of 5.",
        "Comment 8",
        "Body of 6.",
        "**Use** `butter`. See <b>",
        "Body of 7.",
    ]
    assert [posts[number].is_comment for number in sorted(posts)] == [False, True, False, True, False]
    assert (posts[2].parent_id, posts[4].parent_id) == (posts[1].id, posts[3].id)
    assert "<strong>Use</strong> <code>butter</code>" in posts[4].html
    assert "&lt;b&gt;" in posts[4].html
    assert (posts[1].up, posts[1].down, posts[4].up, posts[5].up) == (2, 1, 4, 1)
    assert posts[1].edited_at == datetime(2021, 5, 9, 8, tzinfo=UTC)
    assert {row.name for row in rows(fresh_database, Tag)} == {"baking", "oven"}
    assert len(rows(fresh_database, ThreadTag)) == 2
    accepted = one(fresh_database, Acceptance)
    assert (accepted.post_id, accepted.as_role, accepted.by_member_id) == (posts[5].id, "author", posts[1].author_id)
    # accepted on the day it was written, though the day began before
    assert accepted.at == posts[5].accepted_at == thread.solved_at == posts[5].created_at
    with fresh_database.transaction() as session:
        assert recounting.rebuild(session) == 0


def test_votes_are_kept_by_the_day_and_count_for_reputation(
    fresh_database: Database, taken: Callable[..., Report]
) -> None:
    report = taken(
        Users=[user(1), user(2)],
        Posts=[post(5), post(6, ParentId=5, OwnerUserId=2)],
        Comments=[comment(9, 6, Score=3, UserId=2)],
        Votes=[vote(1, 6, 2), vote(2, 6, 2, "2021-05-04"), vote(3, 6, 2, "2021-05-04"), vote(4, 6, 3), vote(5, 99, 2)],
    )

    answer = next(row for row in rows(fresh_database, Post) if row.source == "Body of 6.")
    days = [(row.day.day, row.up, row.down) for row in rows(fresh_database, ImportedVotes) if row.post_id == answer.id]
    assert days == [(3, 1, 1), (4, 2, 0)]
    assert report.found["votes"] == 5
    rebuilding.rebuild(fresh_database)
    entries = rows(fresh_database, LedgerEntry)
    # votes on comments bring no points, as they did not where they were cast
    assert sorted((entry.reason, entry.points) for entry in entries) == [("imported", 8), ("imported", 20)]


def test_without_votes_the_score_stands_for_them(fresh_database: Database, taken: Callable[..., Report]) -> None:
    taken(Posts=[post(5, Score=7), post(6, ParentId=5, Score=-2)])

    votes = rows(fresh_database, ImportedVotes)
    assert [(row.up, row.down) for row in votes] == [(7, 0), (0, 2)]
    assert one(fresh_database, Thread).score == 7


def test_people_come_without_a_way_to_sign_in(fresh_database: Database, taken: Callable[..., Report]) -> None:
    taken(
        Users=[
            user(-1, DisplayName="Community"),
            user(1, DisplayName="Zoë Ü. Łukasz", AboutMe="<p>I <b>bake</b>.</p>"),
            user(2, DisplayName="zoe u lukasz"),
            user(3, DisplayName="admin"),
            user(4, DisplayName="东京"),
            user(5, DisplayName="\u202e!"),
            user(6, DisplayName="x" * 90),
            user(7, DisplayName="X" * 90),
        ],
        Posts=[post(5)],
    )

    members = {row.name: row for row in rows(fresh_database, Member)}
    handles = [row.handle for row in members.values()]
    assert members["Zoë Ü. Łukasz"].handle == "zoe-u-lukasz"
    assert members["zoe u lukasz"].handle == "zoe-u-lukasz-2"
    assert members["admin"].handle == "admin-3"
    assert members["Zoë Ü. Łukasz"].bio == "I **bake**."
    assert [checked_handle(handle) for handle in handles] == handles
    assert len(set(handles)) == len(handles) == 8
    assert all(row.is_imported for row in members.values())
    assert [row.name for row in members.values() if row.is_bot] == ["Community"]
    assert rows(fresh_database, Credential) == []


def test_a_handle_of_somebody_here_is_not_taken(fresh_database: Database, taken: Callable[..., Report]) -> None:
    with fresh_database.transaction() as session:
        at = datetime(2020, 1, 1, tzinfo=UTC)
        session.add(Member(handle="ada", handle_key="ada", name="Ada", created_at=at))
        session.add(Member(handle="ada-1", handle_key="ada-1", name="Ada too", created_at=at))
        session.add(Member(handle="ada-1-2", handle_key="ada-1-2", name="Ada three", created_at=at))

    taken(Users=[user(1, DisplayName="Ada")], Posts=[post(5)])

    assert [row.handle for row in rows(fresh_database, Member)] == ["ada", "ada-1", "ada-1-2", "ada-1-3"]


def test_who_is_not_named_stays_apart_from_people(fresh_database: Database, taken: Callable[..., Report]) -> None:
    nobody = {"OwnerUserId": "", "OwnerDisplayName": "visitor 77"}
    rows_ = [post(5, AcceptedAnswerId=6, **nobody).replace('OwnerUserId="" ', ""), post(6, ParentId=5, OwnerUserId=3)]
    taken(Posts=rows_)

    members = {row.id: row for row in rows(fresh_database, Member)}
    question, answer = rows(fresh_database, Post)
    assert members[question.author_id].deleted_at is not None
    assert (members[answer.author_id].name, members[answer.author_id].deleted_at) == ("user3", None)
    asked, answered = rows(fresh_database, Attribution)
    assert (asked.author_name, asked.author_url) == ("visitor 77", "")
    assert (answered.author_name, answered.author_url) == ("user3", f"https://{SITE}/users/3")
    assert one(fresh_database, Acceptance).by_member_id is None


def test_source_and_licence_are_kept(fresh_database: Database, taken: Callable[..., Report]) -> None:
    old = {"CreationDate": "2015-05-01T10:00:00.000", "ContentLicense": ""}
    taken(
        Users=[user(1, DisplayName="Ada")],
        Posts=[post(5, ContentLicense="CC BY-SA 4.0"), post(6, ParentId=5, **old).replace('ContentLicense="" ', "")],
        Comments=[comment(9, 6)],
    )

    kept = {row.url: row for row in rows(fresh_database, Attribution)}
    assert {url: row.licence for url, row in kept.items()} == {
        f"https://{SITE}/q/5": "CC BY-SA 4.0",
        f"https://{SITE}/a/6": "CC BY-SA 3.0",
        f"https://{SITE}/q/5#comment9_6": "CC BY-SA 4.0",
    }
    assert {(row.site, row.author_name) for row in kept.values()} == {(SITE, "Ada")}


def test_closed_and_duplicate_questions(fresh_database: Database, taken: Callable[..., Report]) -> None:
    report = taken(
        Posts=[post(5), post(6, ClosedDate="2021-06-01T00:00:00.000"), post(7), post(8, ParentId=7)],
        PostHistory=[history(1, 6, 10, '{"Voters":[]}', Comment="101")],
        PostLinks=[link(1, 6, 5, 1), link(2, 6, 5, 3), link(3, 5, 8, 1), link(4, 8, 7, 1), link(5, 5, 99, 1)],
    )

    first, closed, third = rows(fresh_database, Thread)
    assert (closed.closed_before_import, closed.closed_reason, closed.closed_by) == (True, "duplicate", None)
    assert closed.closed_at == datetime(2021, 6, 1, tzinfo=UTC)
    assert closed.duplicate_of_id == first.id
    assert not first.closed_before_import
    links = {(row.thread_id, row.related_id, row.kind) for row in rows(fresh_database, ThreadLink)}
    assert links == {(closed.id, first.id, "duplicate"), (first.id, third.id, "related")}
    assert report.left_out["links"] == 2


def test_versions_of_a_post(fresh_database: Database, taken: Callable[..., Report]) -> None:
    taken(
        Users=[user(1), user(2)],
        Posts=[post(5, Title="New title", Body="<p>It is <em>wet</em>.</p>"), post(6, ParentId=5)],
        PostHistory=[
            history(1, 5, 2, "It was dry.\r\n", RevisionGUID="a"),
            history(2, 5, 1, "Old title", RevisionGUID="a"),
            history(3, 5, 3, "<water>", RevisionGUID="a"),
            history(4, 5, 5, "It is *wet*.", RevisionGUID="b", UserId=2, Comment="rain", CreationDate="2021-05-02T00:00:00.000"),
            history(5, 5, 4, "New title", RevisionGUID="c"),
            history(6, 5, 16, "", RevisionGUID="d"),
            history(7, 6, 2, "<sub>never</sub> taken"),
        ],
    )  # fmt: skip

    question, answer = rows(fresh_database, Post)
    assert (question.source, question.revision) == ("It is *wet*.", 3)
    assert (answer.source, answer.revision) == ("Body of 6.", 1)
    versions = rows(fresh_database, Revision)
    assert [(row.number, row.source.strip(), row.title, row.tags) for row in versions] == [
        (1, "It was dry.", "Old title", ["water"]),
        (2, "It is *wet*.", None, None),
        (3, "It is *wet*.", "New title", None),
    ]
    assert [(row.as_role, row.comment) for row in versions] == [("author", ""), ("member", "rain"), ("author", "")]


def test_tags_with_what_is_said_about_them(fresh_database: Database, taken: Callable[..., Report]) -> None:
    with fresh_database.transaction() as session:
        session.add(Tag(name="oven", name_key="oven", description="Ours.", description_html="<p>Ours.</p>"))
    texts = [
        post(11, PostTypeId=4, Body="For a < b and <water>."),
        post(12, PostTypeId=5, Body="<p>All about <em>water</em>.</p>"),
        post(13, PostTypeId=4, Body="For ovens."),
        post(14, PostTypeId=5, Body=""),
    ]
    report = taken(
        Posts=[post(5, Tags="<water><oven>"), *texts],
        Tags=[
            tag(1, "water", ExcerptPostId=11, WikiPostId=12),
            tag(2, "oven", ExcerptPostId=13, WikiPostId=14),
            tag(3, "unused"),
        ],
    )

    tags = {row.name: row for row in rows(fresh_database, Tag)}
    assert tags["water"].description == (
        f"For a < b and \\<water>.\n\nAll about *water*.\n\n[{SITE}](https://{SITE}/tags/water/info), CC BY-SA 4.0"
    )
    assert "<em>water</em>" in tags["water"].description_html
    assert tags["oven"].description == "Ours."
    assert (tags["water"].thread_count, tags["unused"].thread_count) == (1, 0)
    assert report.found["tag_texts"] == 4


def test_a_badge_given_twice_in_a_moment_is_kept_twice(fresh_database: Database, taken: Callable[..., Report]) -> None:
    report = taken(
        Users=[user(1)], Posts=[post(5)], Badges=[badge(1, 1, "Guru"), badge(2, 1, "Guru"), badge(3, 9, "Guru")]
    )

    assert [(row.name, row.grade) for row in rows(fresh_database, ImportedBadge)] == [("Guru", 2), ("Guru", 2)]
    assert report.left_out["badges"] == 1


def test_what_cannot_be_taken_is_named_and_never_half_written(
    fresh_database: Database, taken: Callable[..., Report]
) -> None:
    huge = "<p>" + "word " * 14_000 + "</p>"
    report = taken(
        Posts=[
            post(5, Body=huge),
            post(6, ParentId=5),
            post(7),
            post(8, ParentId=7, Body="<blockquote>" * 3000),
            post(9, ParentId=99),
            post(7, Title="Again"),
            post(10, CreationDate="never"),
            post(11, ParentId=7),
            post(12, ParentId=7, Body="<p>a</p><![>"),
        ],
        Comments=[comment(1, 6), comment(2, 8), comment(3, 9), comment(4, 99), comment(5, 11)],
    )

    bad = sorted((row.file, row.row) for row in report.bad_rows)
    assert bad == [
        *(("Comments", row) for row in (1, 2, 3, 4)),
        *(("Posts", row) for row in (1, 2, 4, 5, 6, 9)),
        ("Posts.xml", 7),
    ]
    assert report.bad_count == len(bad)
    assert [row.title for row in rows(fresh_database, Thread)] == ["Title of 7"]
    assert [row.source for row in rows(fresh_database, Post)] == ["Body of 7.", "Body of 11.", "Comment 5"]


def test_a_later_dump_adds_what_is_new(fresh_database: Database, taken: Callable[..., Report]) -> None:
    first = [post(5), post(6, ParentId=5)]
    taken(Users=[user(1)], Posts=first)
    at = "2021-07-01T00:00:00.000"

    report = taken(
        Users=[user(1), user(2)],
        Posts=[first[0].replace("<row", '<row AcceptedAnswerId="7"'), first[1], post(7, ParentId=5, CreationDate=at)],
        Comments=[comment(9, 6, CreationDate="2021-06-01T00:00:00.000")],
    )

    assert (report.added["users"], report.added["questions"], report.added["answers"]) == (1, 0, 1)
    posts = {row.source: row for row in rows(fresh_database, Post)}
    assert (posts["Comment 9"].number, posts["Body of 7."].number) == (3, 4)
    assert posts["Comment 9"].parent_id == posts["Body of 6."].id
    thread = one(fresh_database, Thread)
    assert (thread.post_count, thread.reply_count, thread.solved_at) == (4, 2, datetime(2021, 7, 1, tzinfo=UTC))
    with fresh_database.transaction() as session:
        assert recounting.rebuild(session) == 0


def test_the_site_is_told_by_option_directory_or_posts(fresh_database: Database, tmp_path: Path) -> None:
    linking = '<a href="https://tea.stackexchange.com/questions/5/how-long-to-steep-green-tea">x</a>'
    told = dump(tmp_path / "mine", Posts=[post(5, Title="How long to steep green tea?", Body=linking)])

    assert import_dump(fresh_database, told, workers=0).site == "tea.stackexchange.com"
    assert (
        import_dump(fresh_database, told, site="Coffee.stackexchange.com", workers=0).site == "coffee.stackexchange.com"
    )
    assert [row.slug for row in rows(fresh_database, Category)] == ["tea", "coffee"]

    silent = dump(tmp_path / "silent", Posts=[post(5)])
    with pytest.raises(Invalid) as refused:
        import_dump(fresh_database, silent, workers=0)
    assert "site" in refused.value.fields
    with pytest.raises(Invalid):
        import_dump(fresh_database, silent, site="no host", workers=0)


def test_a_directory_without_posts_is_refused(fresh_database: Database, tmp_path: Path) -> None:
    with pytest.raises(Invalid) as refused:
        import_dump(fresh_database, tmp_path, workers=0)
    assert "directory" in refused.value.fields


def test_processes_give_what_one_gives(fresh_database: Database, tmp_path: Path) -> None:
    body = "<p>" + "<em>many</em> words " * 300 + "</p>"
    told: list[tuple[str, int, int]] = []
    directory = dump(tmp_path / SITE, Posts=[post(id, Body=body) for id in range(1, 200)])

    report = import_dump(fresh_database, directory, workers=2, progress=lambda *step: told.append(step))

    assert report.added["questions"] == 199
    assert {row.source for row in rows(fresh_database, Post)} == {("*many* words " * 300).strip()}
    assert [step for step in told if step[0] == "threads"][-1] == ("threads", 199, 199)
