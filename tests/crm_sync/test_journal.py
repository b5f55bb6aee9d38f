"""The journal's files: whole lines, each push once, whatever happens to those who write them."""

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from crm_sync.connectors import open_remote
from crm_sync.connectors.journal import Journal
from crm_sync.ports import Later
from forum.kernel.egress import Client
from forum.kernel.settings import Settings
from tests.crm_sync import make
from tests.installing import settings_for
from tests.shared import ROOT


@pytest.fixture
def journal(tmp_path: Path) -> Journal:
    return Journal(tmp_path / "crm")


def lines(folder: Path, name: str = "cases.ndjson") -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / name).read_text().splitlines()]


def test_each_kind_has_its_file_that_people_can_read(journal: Journal) -> None:
    journal.put_case(make.case(), None, make.key())
    journal.put_idea(make.idea(), None, make.key(8, kind="idea"))
    journal.put_article(make.article(), None, make.key(3, kind="article"))
    assert sorted(file.name for file in journal.folder.iterdir()) == ["articles.ndjson", "cases.ndjson", "ideas.ndjson"]
    assert "«valvola»" in (journal.folder / "cases.ndjson").read_text()
    (line,) = lines(journal.folder)
    assert line["key"] == "loggia-1a2b:case:7"
    assert line["outcome"] == "created"
    assert line["at"] == "2026-03-02T12:00:00Z"
    assert line["record"]["answers"][0]["by"] == {"handle": "giulia", "name": "Giulia Ferri", "is_staff": True}


def test_the_same_push_twice_is_written_once(journal: Journal) -> None:
    first = journal.put_case(make.case(), None, make.key())
    second = journal.put_case(make.case(), None, make.key())
    assert (first.outcome, second.outcome, len(lines(journal.folder))) == ("created", "unchanged", 1)


def test_back_to_an_earlier_state_is_a_new_line(journal: Journal) -> None:
    for event in ("e1", "e2", "e3"):
        journal.put_case(make.case(title=f"Title {event}"), None, make.key(event=event))
    assert [line["outcome"] for line in lines(journal.folder)] == ["created", "updated", "updated"]


def test_taking_back_leaves_a_line_without_words(journal: Journal) -> None:
    journal.put_case(make.case(), None, make.key())
    receipt = journal.withdraw("case", None, make.key(event="e2"))
    assert receipt.outcome == "withdrawn"
    assert lines(journal.folder)[-1] == {
        "key": "loggia-1a2b:case:7", "event": "e2", "at": "2026-03-02T12:00:00Z", "outcome": "withdrawn"
    }  # fmt: skip


def test_a_new_process_knows_what_was_written(journal: Journal) -> None:
    journal.put_case(make.case(), None, make.key())
    again = Journal(journal.folder)
    assert again.put_case(make.case(), None, make.key()).outcome == "unchanged"
    assert [found.remote_id for found in again.find("case", make.key())] == ["loggia-1a2b:case:7"]
    assert again.find("case", make.key(99)) == []


def test_a_write_that_was_cut_short_is_taken_away_and_comes_again(journal: Journal) -> None:
    journal.put_case(make.case(), None, make.key())
    file = journal.folder / "cases.ndjson"
    whole = file.read_bytes()
    for cut in (1, len(whole) // 2, len(whole) - 2):
        file.write_bytes(whole + whole.replace(b'"e1"', b'"e2"')[:cut])
        assert Journal(journal.folder).put_case(make.case(), None, make.key(event="e2")).outcome == "updated"
        assert [line["event"] for line in lines(journal.folder)] == ["e1", "e2"]


def test_a_line_that_lacks_only_its_end_is_kept(journal: Journal) -> None:
    journal.put_case(make.case(), None, make.key())
    file = journal.folder / "cases.ndjson"
    file.write_bytes(file.read_bytes().rstrip(b"\n"))
    assert Journal(journal.folder).put_case(make.case(), None, make.key()).outcome == "unchanged"
    journal.put_case(make.case(), None, make.key(event="e2"))
    assert [line["event"] for line in lines(journal.folder)] == ["e1", "e2"]


def test_remarks_of_people_and_a_removed_file_do_no_harm(journal: Journal) -> None:
    journal.put_case(make.case(), None, make.key())
    file = journal.folder / "cases.ndjson"
    with file.open("a") as opened:
        opened.write("# checked by Rosa\n\n")
    assert journal.put_case(make.case(), None, make.key()).outcome == "unchanged"
    file.unlink()
    assert journal.put_case(make.case(), None, make.key()).outcome == "created"
    assert len(lines(journal.folder)) == 1


def test_threads_do_not_mix_their_lines(journal: Journal) -> None:
    def write(start: int) -> None:
        for number in range(start, start + 25):
            Journal(journal.folder).put_case(make.case(text="x" * 20_000), None, make.key(number, event=f"e{number}"))

    threads = [threading.Thread(target=write, args=(start,)) for start in (0, 100, 200)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({line["key"] for line in lines(journal.folder)}) == len(lines(journal.folder)) == 75


_WRITER = """
import sys
from pathlib import Path
from crm_sync.connectors.journal import Journal
from tests.crm_sync import make
journal, number = Journal(Path(sys.argv[1])), 0
while True:
    number += 1
    journal.put_case(make.case(text="x" * 50_000), None, make.key(number, event=f"e{number}"))
    print(number, flush=True)
"""


@pytest.mark.long
def test_processes_that_are_killed_leave_whole_lines_and_lose_nothing_that_was_acknowledged(
    tmp_path: Path, amount: Callable[[int, int], int]
) -> None:
    acknowledged = set()
    for _ in range(amount(1, 40)):
        pair = [
            subprocess.Popen([sys.executable, "-c", _WRITER, str(tmp_path)], stdout=subprocess.PIPE, cwd=ROOT)
            for _ in range(2)
        ]
        for process in pair:
            assert process.stdout is not None
            acknowledged.add(int(process.stdout.readline()))
            process.send_signal(signal.SIGKILL)
            acknowledged |= {int(line) for line in process.communicate()[0].split()}
    Journal(tmp_path).put_case(make.case(), None, make.key(10**6))
    written = [line["key"] for line in lines(tmp_path)]
    assert {f"loggia-1a2b:case:{number}" for number in acknowledged} <= set(written)
    assert len(written) == len(set(written))


def test_a_disk_that_refuses_is_later_and_names_the_file(tmp_path: Path) -> None:
    (tmp_path / "crm").write_text("a file where the folder should be")
    with pytest.raises(Later) as refused:
        Journal(tmp_path / "crm").put_case(make.case(), None, make.key())
    assert refused.value.scope == "endpoint"
    assert "cases.ndjson" in str(refused.value.text)


def test_a_disk_that_is_full_in_the_middle_of_a_line_leaves_no_half_line(
    journal: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal.put_case(make.case(), None, make.key())
    real, room = os.write, 40

    def short_of_room(file: int, content: bytes) -> int:
        nonlocal room
        if not room:
            raise OSError(28, "No space left on device")
        written, room = real(file, content[:room]), 0
        return written

    with monkeypatch.context() as disk:
        disk.setattr(os, "write", short_of_room)
        with pytest.raises(Later, match="No space left"):
            journal.put_case(make.case(), None, make.key(event="e2"))
    assert [line["event"] for line in lines(journal.folder)] == ["e1"]
    assert journal.put_case(make.case(), None, make.key(event="e2")).outcome == "updated"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return settings_for(f"sqlite:///{tmp_path / 'unused.sqlite'}", tmp_path)


def test_the_default_journal_lies_under_var_and_others_in_folders_of_their_own(
    tmp_path: Path, settings: Settings
) -> None:
    egress = Client(settings)
    default = open_remote("journal", make.setup(tmp_path, egress, name="journal"))
    other = open_remote("journal", make.setup(tmp_path, egress, name="second"))
    default.put_case(make.case(), None, make.key())
    other.put_case(make.case(), None, make.key())
    assert len(lines(tmp_path / "crm")) == len(lines(tmp_path / "crm" / "second")) == 1
    assert str(tmp_path) in str(default.check().text)
