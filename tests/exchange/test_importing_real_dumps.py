"""Real dumps come in whole, once, and come in again without a change."""

import hashlib
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import psutil
import pytest
from sqlalchemy import func, select

from forum.exchange.stackexchange.importing import import_dump
from forum.exchange.stackexchange.reader import Dump
from forum.exchange.stackexchange.rows import CommentRow, PostRow, TagRow, UserRow
from forum.kernel.db import Database
from forum.kernel.outbox import OutboxDelivery, OutboxEvent
from forum.members.tables import ImportedBadge, Member
from forum.threads import recounting
from forum.threads.tables import (
    Acceptance,
    Attribution,
    ImportedVotes,
    Post,
    Revision,
    Tag,
    Thread,
    ThreadLink,
)
from tests.exchange.dumps import NAMES, real_dump
from tests.shared import ROOT
from web.tables import METADATA

# Posts whose HTML says what Markdown cannot: words straight inside a list, a link to a host with blanks in its name.
UNLIKE = {"se-beer-postsonly": {"https://beer.stackexchange.com/a/6322", "https://beer.stackexchange.com/a/6346"}}


def told_by_source(directory: Path) -> dict[str, int]:
    """The counts that the dump's own description gives."""
    text = (directory / "SOURCE.md").read_text().replace(",", "")
    named = {
        "questions": r"questions (\d+)",
        "answers": r"answers (\d+)",
        "tag_texts": r"tag wiki/excerpt (\d+)",
        "other_posts": r"other (\d+)",
        "accepted": r"an accepted answer (\d+)",
        "closed": r"closed (\d+)",
        "users": r"Users (\d+)",
        "votes": r"votes (\d+)",
        "comments": r"comments (\d+)",
        "links": r"post links (\d+)",
        "duplicates": r"LinkTypeId 3: (\d+)",
        "tags": r"\| Tags.xml.xz \|.*\| (\d+) \|",
        "badges": r"\| Badges.xml.xz \|.*\| (\d+) \|",
        "history": r"\| PostHistory.xml.xz \|.*\| (\d+) \|",
    }
    found = {kind: re.search(pattern, text) for kind, pattern in named.items()}
    return {kind: int(match[1]) for kind, match in found.items() if match is not None and match[1] != "0"}


def counts(database: Database) -> dict[str, int]:
    """How many of each kind are in the tables."""
    p, t = Post.__table__.c, Thread.__table__.c
    is_answer = (~p.is_comment, p.number > 1)
    statements = {
        "users": select(func.count()).where(Member.is_imported, Member.deleted_at.is_(None)),
        "questions": select(func.count()).where(t.kind == "question"),
        "answers": select(func.count()).where(*is_answer),
        "comments": select(func.count()).where(p.is_comment),
        "accepted": select(func.count()).where(Acceptance.withdrawn_at.is_(None)),
        "solved": select(func.count()).where(t.solved_at.is_not(None)),
        "closed": select(func.count()).where(t.closed_before_import, t.closed_at.is_not(None)),
        "badges": select(func.count()).select_from(ImportedBadge),
        "tags": select(func.count()).select_from(Tag),
        "attributions": select(func.count()).select_from(Attribution),
        "links": select(func.count()).select_from(ThreadLink),
        "revisions": select(func.count()).select_from(Revision),
        "up": select(func.coalesce(func.sum(ImportedVotes.up), 0)),
        "down": select(func.coalesce(func.sum(ImportedVotes.down), 0)),
        "events": select(select(func.count()).select_from(OutboxEvent).scalar_subquery() + select(func.count()).select_from(OutboxDelivery).scalar_subquery()),
    }  # fmt: skip
    with database.reading() as connection:
        return {kind: connection.execute(statement).scalar_one() for kind, statement in statements.items()}


def everything(database: Database) -> dict[str, str]:
    """A sum over all rows of each table."""
    sums = {}
    with database.reading() as connection:
        for table in METADATA.sorted_tables:
            rows = connection.execute(select(table)).all()
            lines = sorted(repr(tuple(row)) for row in rows)
            sums[table.name] = hashlib.sha256("\n".join(lines).encode()).hexdigest()
    return sums


def expected(directory: Path) -> dict[str, int]:
    """What the tables must hold, by the rows of the dump."""
    dump = Dump(directory)
    posts = {row.id: row for _number, row in dump.rows(PostRow) if isinstance(row, PostRow)}
    said = [row for row in posts.values() if row.post_type_id in (PostRow.QUESTION, PostRow.ANSWER)]
    comments = [row for _number, row in dump.rows(CommentRow) if isinstance(row, CommentRow)]
    comments = [row for row in comments if posts[row.post_id] in said]
    owners = {row.owner_user_id for row in said} - {None}
    users = {row.id for _number, row in dump.rows(UserRow) if isinstance(row, UserRow)}
    tags = {tag for row in said for tag in row.tag_names}
    tags |= {row.tag_name for _number, row in dump.rows(TagRow) if isinstance(row, TagRow)}
    return {
        "users": len(owners | users),
        "tags": len(tags),
        "comments": len(comments),
        "score": sum(row.score for row in said) + sum(row.score for row in comments),
        "posts": len(said) + len(comments),
    }


# Each of the others has on PostgreSQL what these have, and more.
_ENOUGH = {"se-cardano", "se-conlang-meta-small"}
_ON_BOTH = [
    name if name in _ENOUGH else pytest.param(name, marks=pytest.mark.long(only=True, on="postgresql"))
    for name in NAMES
]


@pytest.mark.parametrize("name", _ON_BOTH)
def test_a_dump_comes_in_whole_and_a_second_time_changes_nothing(name: str, fresh_database: Database) -> None:
    directory = real_dump(name)
    told, wanted = told_by_source(directory), expected(directory)

    report = import_dump(fresh_database, directory, workers=0)

    assert report.found == told
    assert report.bad_rows == []
    assert set(report.unlike) == UNLIKE.get(name, set())
    held = counts(fresh_database)
    assert {kind: held[kind] for kind in ("questions", "answers", "accepted", "closed")} == {
        kind: told[kind] for kind in ("questions", "answers", "accepted", "closed")
    }
    assert held["badges"] == told.get("badges", 0)
    assert (held["users"], held["tags"], held["comments"]) == (wanted["users"], wanted["tags"], wanted["comments"])
    assert held["up"] - held["down"] == wanted["score"]
    assert held["attributions"] == wanted["posts"]
    assert held["solved"] == held["accepted"]
    assert held["events"] == 0
    with fresh_database.transaction() as session:
        assert recounting.rebuild(session) == 0

    before = everything(fresh_database)
    again = import_dump(fresh_database, directory, workers=0)
    assert everything(fresh_database) == before
    assert +again.added == Counter()


KILLED = """
import sys
from pathlib import Path
from forum.exchange.stackexchange.importing import import_dump
from forum.kernel.db import Database

def told(step, done, total):
    print(step, done, flush=True)

if __name__ == "__main__":
    import_dump(Database(sys.argv[1]), Path(sys.argv[2]), progress=told, workers=1)
"""


@pytest.mark.long(only=True, on="postgresql")
def test_killed_halfway_and_run_again_it_completes(fresh_database: Database, tmp_path: Path) -> None:
    directory = real_dump("se-french-meta")
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    url = fresh_database.url.render_as_string(hide_password=False)
    with subprocess.Popen(
        [sys.executable, str(script), url, str(directory)], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
    ) as running:  # fmt: skip
        assert running.stdout is not None
        for line in running.stdout:
            if line.startswith("threads"):
                break
        children = psutil.Process(running.pid).children(recursive=True)
        running.send_signal(signal.SIGKILL)
    _gone, alive = psutil.wait_procs(children, timeout=30)
    assert alive == []
    halfway = counts(fresh_database)
    assert 0 < halfway["questions"] < 274

    report = import_dump(fresh_database, directory, workers=0)

    assert report.added["questions"] == 274 - halfway["questions"]
    held = counts(fresh_database)
    assert (held["questions"], held["answers"], held["comments"], held["accepted"]) == (274, 487, 1305, 86)
    assert held["attributions"] == 274 + 487 + 1305
    with fresh_database.transaction() as session:
        assert recounting.rebuild(session) == 0
