"""What a Discourse export becomes: threads of their kinds, people, marks and receipts, in both databases."""

import lzma
import tarfile
from collections import Counter
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from forum.exchange.discourse.importing import import_export
from forum.exchange.reporting import Report
from forum.ideas.tables import Idea
from forum.kernel.access import STAFF
from forum.kernel.db import Database
from forum.kernel.errors import Invalid
from forum.kernel.outbox import OutboxEvent
from forum.members.tables import Credential, Member
from forum.threads import recounting
from forum.threads.tables import Acceptance, Attribution, Category, ImportedVotes, Post, Tag, Thread
from tests.exchange.exports import SITE, said, topic, typed, write
from tests.exchange.test_importing import one, rows
from tests.exchange.test_importing_real_dumps import everything

HIDDEN = "<p>This post was flagged by the community and is temporarily hidden.</p>"


@pytest.fixture
def taken(fresh_database: Database, tmp_path: Path) -> Callable[..., Report]:
    """Imports a small export with the given topics."""

    def take(*topics: Any, ideas: tuple[str, ...] = (), licence: str = "", **files: Any) -> Report:
        folder = write(tmp_path / "export", *topics, **files)
        return import_export(fresh_database, [folder], ideas=ideas, licence=licence, workers=0)

    return take


def test_a_topic_with_its_posts(fresh_database: Database, taken: Callable[..., Report]) -> None:
    report = taken(
        topic(
            7,
            said(1, likes=2),
            said(2, username="Bo.B", name="", user_id=6, accepted_answer=True, likes=1),
            said(3, "", post_type=3, action_code="closed.enabled", cooked="", username="system", user_id=-1),
            said(5, version=2),
            title="Why so dry?",
            tags=["Oven", "baking"],
            closed=True,
        ),
        licence="CC BY-NC-SA 3.0",
        raw={7: typed("*Post* 1.", "Post 2.")},
    )

    thread = one(fresh_database, Thread)
    assert (thread.id, thread.kind, thread.title, thread.slug) == (7, "question", "Why so dry?", "why-so-dry")
    assert (thread.post_count, thread.reply_count, thread.score) == (5, 2, 2)
    assert (thread.closed_before_import, thread.closed_at) == (True, datetime(2021, 5, 3, 10, tzinfo=UTC))
    posts = rows(fresh_database, Post)
    assert [(post.id, post.number, post.source, post.up) for post in posts] == [
        (701, 1, "*Post* 1.", 2),
        (702, 2, "Post 2.", 1),
        (705, 5, "Post 5.", 0),
    ]
    assert [post.edited_at is None for post in posts] == [True, True, False]
    accepted = one(fresh_database, Acceptance)
    assert (accepted.post_id, accepted.by_member_id, accepted.as_role) == (702, None, "")
    assert thread.solved_at == accepted.at == posts[1].accepted_at
    assert [(row.post_id, row.up, row.day.day) for row in rows(fresh_database, ImportedVotes)] == [
        (701, 2, 1),
        (702, 1, 2),
    ]
    assert {row.name for row in rows(fresh_database, Tag)} == {"oven", "baking"}
    kept = rows(fresh_database, Attribution)
    assert (kept[0].url, kept[2].url) == (f"https://{SITE}/t/title-of-7/7", f"https://{SITE}/t/title-of-7/7/5")
    assert (kept[1].author_name, kept[1].author_url) == ("Bo.B", f"https://{SITE}/u/Bo.B")
    assert {row.licence for row in kept} == {"CC BY-NC-SA 3.0"}
    assert (report.found["posts"], report.left_out["actions"], report.added["answers"]) == (4, 1, 2)
    assert rows(fresh_database, OutboxEvent) == []
    with fresh_database.transaction() as session:
        assert recounting.rebuild(session) == 0


def test_kinds_follow_what_a_category_is_for(fresh_database: Database, taken: Callable[..., Report]) -> None:
    solved = [topic(id_, said(1), said(2, accepted_answer=True), category_id=1) for id_ in (1, 2)]
    chat = [topic(id_, category_id=2) for id_ in range(10, 21)]
    chat.append(topic(21, said(1), said(2, accepted_answer=True), said(3, accepted_answer=True), category_id=2))
    wishes = [
        topic(30, said(1), said(2, accepted_answer=True), category_id=4, tags=["in-progress"]),
        topic(31, category_id=2, can_vote=True),
        topic(32, category_id=5),
    ]
    report = taken(
        *solved,
        topic(3, category_id=1),
        *chat,
        *wishes,
        ideas=("Dreams",),
        categories={"category_list": {"categories": [
            {"id": 4, "name": "Feature Requests", "slug": "features", "description_text": "Wish."},
            {"id": 9, "name": "More", "slug": "more", "subcategory_list": [{"id": 5, "name": "Dreams", "slug": "dreams", "read_restricted": True}]},
        ]}},
    )  # fmt: skip

    kinds = {row.id: row.kind for row in rows(fresh_database, Thread)}
    assert {kinds[id_] for id_ in (1, 2, 3, 21)} == {"question"}
    assert {kinds[id_] for id_ in range(10, 21)} == {"discussion"}
    assert {kinds[id_] for id_ in (30, 31, 32)} == {"idea"}
    assert {row.thread_id: row.status for row in rows(fresh_database, Idea)} == {
        30: "in_progress",
        31: "new",
        32: "new",
    }
    places = {row.slug: row for row in rows(fresh_database, Category)}
    assert {slug: row.name for slug, row in places.items()} == {
        "cookies-1": "Cookies 1",
        "cookies-2": "Cookies 2",
        "features": "Feature Requests",
        "dreams": "Dreams",
    }
    assert [row.several_solutions for row in places.values()] == [False, True, False, False]
    assert (places["features"].description, places["features"].kinds) == ("Wish.", ["idea"])
    assert [places["dreams"].audience, places["features"].audience] == [STAFF, 0]
    assert (report.added["accepted"], report.left_out["accepted"]) == (4, 1)
    with fresh_database.transaction() as session:
        assert recounting.rebuild(session) == 0


def test_what_not_everybody_saw_does_not_come(fresh_database: Database, taken: Callable[..., Report]) -> None:
    report = taken(
        topic(1, said(1), said(2, "whispered", post_type=4), said(3, "gone", deleted_at="2021-06-01T00:00:00Z"), said(4, cooked=HIDDEN, hidden=True)),
        topic(2, archetype="private_message"),
        topic(3, visible=False),
        topic(4, deleted_at="2021-06-01T00:00:00Z"),
        raw={1: typed("Post 1.", "whispered", "gone", "This post was flagged by the community and is temporarily hidden.\n\nbad")},
    )  # fmt: skip

    assert [row.title for row in rows(fresh_database, Thread)] == ["Title of 1"]
    assert [row.html for row in rows(fresh_database, Post)] == ["<p>Post 1.</p>\n", f"{HIDDEN}\n"]
    names = ("whispers", "deleted_posts", "private_messages", "unlisted_topics", "deleted_topics")
    assert [report.left_out[name] for name in names] == [1, 1, 1, 1, 1]


def test_people_cannot_sign_in_and_have_no_rights(fresh_database: Database, taken: Callable[..., Report]) -> None:
    taken(
        topic(
            1,
            said(1, username="Ada_L", name="Ada", admin=True, moderator=True, staff=True),
            said(2, username="ADA_L", name="Ada"),
            said(3, username="system", name="system", user_id=-1),
            said(4, username=None, name=None, user_id=None, created_at=None),
        )
    )

    members = {row.name: row for row in rows(fresh_database, Member)}
    assert set(members) == {"Ada", "system", SITE}
    assert (members["Ada"].handle, members["Ada"].role, members["Ada"].is_imported) == ("ada-l", "member", True)
    assert [members["system"].is_bot, members["system"].handle] == [True, "system-2"]
    assert members[SITE].deleted_at is not None
    assert rows(fresh_database, Post)[3].created_at == datetime(2021, 5, 3, 10, tzinfo=UTC)
    assert rows(fresh_database, Credential) == []


def test_what_cannot_be_read_is_named_and_the_rest_comes(
    fresh_database: Database, taken: Callable[..., Report], tmp_path: Path
) -> None:
    (tmp_path / "export").mkdir()
    (tmp_path / "export" / "broken.json").write_text('{"id": 1, "title": ')
    (tmp_path / "export" / "cut.json.xz").write_bytes(lzma.compress(b"[]")[:-9])
    (tmp_path / "export" / "lines.jsonl").write_text('{"topic_id": 50, "title": "Fine", "posts": [{"n": 1, "cooked": "<p>a</p>"}, {"n": null}]}\n\n{"topic_id": 51}\n[1]\n{"topic_id": 52, "title": ""}\n')  # fmt: skip
    report = taken(
        topic(7, said(1), said(2, created_at="never"), said(3, "x" * 70_000)),
        topic(8, title=None),
        topic(9, said(1, username="a\0b"), said(2) | {"id": 701}),
    )

    bad = sorted((row.file, row.row) for row in report.bad_rows)
    assert bad == [
        ("broken.json", 1),
        ("cut.json.xz", 1),
        ("lines.jsonl", 1),
        ("lines.jsonl", 4),
        ("lines.jsonl", 5),
        ("title-of-7.7.json", 2),
        ("title-of-7.7.json", 3),
        ("title-of-8.8.json", 1),
        ("title-of-9.9.json", 1),
        ("title-of-9.9.json", 2),
    ]
    assert sorted(row.title for row in rows(fresh_database, Thread)) == ["Fine", "Title of 7"]
    assert len(rows(fresh_database, Post)) == 2


def test_a_second_time_changes_nothing_and_a_later_export_adds(
    fresh_database: Database, taken: Callable[..., Report]
) -> None:
    first = [topic(7, said(1), said(2)), topic(8)]
    taken(*first)
    before = everything(fresh_database)
    assert +taken(*first).added == Counter()
    assert everything(fresh_database) == before

    report = taken(topic(7, said(1), said(2), said(4, accepted_answer=True)), topic(9))

    assert (report.added["answers"], report.added["accepted"]) == (1, 1)
    grown = next(row for row in rows(fresh_database, Thread) if row.id == 7)
    assert (grown.post_count, grown.reply_count, grown.solved_at) == (4, 2, datetime(2021, 5, 4, 10, tzinfo=UTC))
    with fresh_database.transaction() as session:
        assert recounting.rebuild(session) == 0


def test_stopped_halfway_it_goes_on(fresh_database: Database, tmp_path: Path) -> None:
    folder = write(tmp_path / "export", *(topic(id_, said(1), said(2)) for id_ in range(1, 101)))

    def stop(step: str, done: int, total: int) -> None:
        if step == "topics" and done < total:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        import_export(fresh_database, [folder], progress=stop, workers=0)
    halfway = len(rows(fresh_database, Thread))
    assert 0 < halfway < 100

    report = import_export(fresh_database, [folder], workers=0)

    assert report.added["discussions"] == 100 - halfway
    assert len(rows(fresh_database, Thread)) == 100
    assert len(rows(fresh_database, Post)) == 200


def test_numbers_that_somebody_has_are_not_taken(fresh_database: Database, tmp_path: Path) -> None:
    tea, cake = write(tmp_path / "tea.example.org", topic(7)), write(tmp_path / "cake.example.org", topic(7), topic(8))
    import_export(fresh_database, [tea], workers=0)
    import_export(fresh_database, [cake], workers=0)

    assert [row.id for row in rows(fresh_database, Thread)] == [7, 8, 9]
    assert [row.id for row in rows(fresh_database, Post)] == [701, 801, 802]
    assert {row.site for row in rows(fresh_database, Attribution)} == {"tea.example.org", "cake.example.org"}


def test_packed_files_and_topics_in_parts(fresh_database: Database, tmp_path: Path) -> None:
    folder = write(tmp_path / "unpacked", topic(7, said(1)), raw={7: typed("Post 1.", "See:\n\n* *Post* 2.")})
    with tarfile.open(tmp_path / "all.tar.xz", "w:xz") as archive:
        archive.add(folder, arcname="topics")
    rest = write(
        tmp_path / "rest", topic(7, said(1), said(2, cooked="<p>See:</p>\n<ul>\n<li><em>Post</em> 2.</li>\n</ul>"))
    )

    report = import_export(fresh_database, [rest, tmp_path / "all.tar.xz"], workers=0)

    assert [row.source for row in rows(fresh_database, Post)] == ["Post 1.", "See:\n\n* *Post* 2."]
    assert (report.found["topics"], report.found["posts"], report.site) == (1, 2, SITE)


def test_the_site_must_be_known_and_topics_there(fresh_database: Database, tmp_path: Path) -> None:
    silent = write(tmp_path / "silent", topic(7, said(1, avatar_template=None)))
    with pytest.raises(Invalid) as refused:
        import_export(fresh_database, [silent], workers=0)
    assert "site" in refused.value.fields
    with pytest.raises(Invalid):
        import_export(fresh_database, [silent], site="no host", workers=0)
    assert import_export(fresh_database, [silent], site="Tea.example.org", workers=0).site == "tea.example.org"
    (tmp_path / "empty").mkdir()
    with pytest.raises(Invalid) as refused:
        import_export(fresh_database, [tmp_path / "empty"], workers=0)
    assert "paths" in refused.value.fields
    with fresh_database.reading() as connection:
        assert connection.execute(select(func.count()).select_from(Thread)).scalar() == 1
