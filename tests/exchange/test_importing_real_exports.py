"""Real Discourse sites come in whole, once, and come in again without a change."""

import json
import os
import re
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from forum.exchange.discourse.importing import import_export
from forum.kernel.db import Database
from forum.threads import recounting
from tests.exchange.test_importing_real_dumps import counts, everything
from tests.shared import ROOT, shared_data


def told_by_source(directory: Path, names: dict[str, str]) -> dict[str, int]:
    """The counts that the data's own description gives: of each kind, by the word behind its number."""
    text = (directory / "SOURCE.md").read_text().replace(",", "")
    found = {kind: re.search(rf"\b(\d+) {name}", text) for kind, name in names.items()}
    return {kind: int(match[1]) for kind, match in found.items() if match is not None}


def test_ideas_come_in_whole_and_a_second_time_changes_nothing(fresh_database: Database) -> None:
    directory = shared_data("data/redash-ideas")
    told = told_by_source(directory, {"topics": "ideas", "posts": "posts", "users": "authors", "likes": "likes"})
    assert len(told) == 4

    report = import_export(fresh_database, [directory], workers=0)

    assert {kind: report.found[kind] for kind in told} == told
    # three rows are the empty places of posts that the archive could not read
    assert {row.file for row in report.bad_rows} == {"ideas.jsonl.xz"}
    assert report.added["ideas"] + report.added["answers"] + report.bad_count == told["posts"]
    assert (report.added["ideas"], report.added["users"], report.added["votes"]) == (
        told["topics"],
        told["users"],
        told["likes"],
    )
    assert (report.site, report.unlike) == ("discuss.redash.io", [])
    held = counts(fresh_database)
    assert (held["up"], held["events"], held["attributions"]) == (told["likes"], 0, told["posts"] - report.bad_count)
    with fresh_database.transaction() as session:
        assert recounting.rebuild(session) == 0
    before = everything(fresh_database)
    assert +import_export(fresh_database, [directory], workers=0).added == Counter()
    assert everything(fresh_database) == before


def test_a_few_topics_of_a_forum(fresh_database: Database) -> None:
    directory = shared_data("data/discourse-urho3d") / "sample"
    topics = [json.loads(path.read_text()) for path in sorted(directory.glob("*.json"))]
    posts = [post for topic in topics for post in topic["post_stream"]["posts"] if post["post_type"] != 3]

    report = import_export(fresh_database, [directory], workers=0)

    held = counts(fresh_database)
    assert (held["questions"], held["answers"]) == (len(topics), len(posts) - len(topics))
    assert held["accepted"] == held["solved"] == sum(post["accepted_answer"] for post in posts) == len(topics)
    assert held["users"] == len({post["username"] for post in posts})
    assert held["up"] == sum(
        action["count"] for post in posts for action in post["actions_summary"] if action["id"] == 2
    )
    assert (report.site, report.bad_rows, report.unlike) == ("discourse.urho3d.io", [], [])
    assert held["events"] == 0


@pytest.mark.long(only=True)
@pytest.mark.timeout(1_800)
def test_a_whole_forum(fresh_database: Database) -> None:
    directory = shared_data("data/discourse-urho3d")
    names = {"topics": "topics", "posts": "posts", "users": "authors", "accepted": "accepted answers", "likes": "likes"}
    told = told_by_source(directory, names | {"categories": "categories"})
    assert len(told) == 6

    report = import_export(fresh_database, [directory])

    assert {kind: report.found[kind] for kind in told} == told
    assert report.bad_rows == []
    # pictures and videos that Markdown cannot say, lists whose items are quotes
    assert report.unlike_count < told["posts"] / 500
    held = counts(fresh_database)
    assert held["attributions"] == told["posts"] - report.left_out["actions"]
    assert (held["users"], held["accepted"], held["up"]) == (told["users"], told["accepted"], told["likes"])
    with fresh_database.transaction() as session:
        assert recounting.rebuild(session) == 0
    before = everything(fresh_database)
    assert +import_export(fresh_database, [directory]).added == Counter()
    assert everything(fresh_database) == before


KILLED = """
import sys
from pathlib import Path
from forum.exchange.discourse.importing import import_export
from forum.kernel.db import Database

def told(step, done, total):
    print(step, done, flush=True)

if __name__ == "__main__":
    import_export(Database(sys.argv[1]), [Path(sys.argv[2])], progress=told, workers=1)
"""


def test_killed_halfway_and_run_again_it_completes(fresh_database: Database, tmp_path: Path) -> None:
    directory = shared_data("data/redash-ideas")
    script = tmp_path / "killed.py"
    script.write_text(KILLED)
    url = fresh_database.url.render_as_string(hide_password=False)
    with subprocess.Popen(
        [sys.executable, str(script), url, str(directory)], cwd=ROOT, env=os.environ | {"PYTHONPATH": str(ROOT)}, stdout=subprocess.PIPE, text=True
    ) as running:  # fmt: skip
        assert running.stdout is not None
        for line in running.stdout:
            if line.startswith("topics"):
                break
        running.send_signal(signal.SIGKILL)
    halfway = counts(fresh_database)
    assert 0 < halfway["attributions"] < 849

    report = import_export(fresh_database, [directory], workers=0)

    assert report.added["ideas"] + report.added["answers"] == 849 - halfway["attributions"]
    held = counts(fresh_database)
    assert (held["attributions"], held["users"], held["up"]) == (849, 339, 332)
    with fresh_database.transaction() as session:
        assert recounting.rebuild(session) == 0
