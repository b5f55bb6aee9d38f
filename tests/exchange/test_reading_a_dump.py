"""Rows come out of a dump whole or not at all, whatever state its files are in."""

import lzma
import re
import tracemalloc
from datetime import UTC, datetime
from pathlib import Path

import pytest

from forum.exchange.reporting import BadRow
from forum.exchange.stackexchange import rows, xml_rows
from forum.exchange.stackexchange.reader import KINDS, Dump
from forum.exchange.stackexchange.rows import PostRow, UserRow, VoteRow
from tests.exchange.dumps import NAMES, post, real_dump, row, write_file, xml


def read(directory: Path, kind: type[rows.Row] = PostRow) -> list[tuple[int, rows.Row | BadRow]]:
    return list(Dump(directory).rows(kind))


def ids(found: list[tuple[int, rows.Row | BadRow]]) -> list[int]:
    return [entry.id for _number, entry in found if not isinstance(entry, BadRow)]


def bad(found: list[tuple[int, rows.Row | BadRow]]) -> list[int]:
    return [entry.row for _number, entry in found if isinstance(entry, BadRow)]


@pytest.mark.parametrize("name", NAMES)
def test_every_row_of_a_real_dump_is_read(name: str) -> None:
    directory = real_dump(name)
    table = re.findall(r"\| (\w+)\.xml\.xz \|.*\| ([\d,]+) \|", (directory / "SOURCE.md").read_text())
    told = {file: int(count.replace(",", "")) for file, count in table}

    found = {kind.file: read(directory, kind) for kind in KINDS}

    assert {file: len(entries) for file, entries in found.items() if entries} == told
    assert [entry for entries in found.values() for entry in entries if isinstance(entry[1], BadRow)] == []
    assert set(Dump(directory).missing()) == {kind.file for kind in KINDS} - set(told)


@pytest.mark.parametrize("packed", [False, True])
def test_a_row_becomes_a_typed_struct(tmp_path: Path, packed: bool) -> None:
    body = "<p>\u201cGrüße\u201d &amp; <code>a < b</code></p>\n"
    write_file(tmp_path, "Posts", [post(7, Body=body, Tags="<one><c++>", Score=-3)], packed=packed)

    [(number, entry)] = read(tmp_path)

    assert number == 1
    assert isinstance(entry, PostRow)
    assert (entry.id, entry.body, entry.score, entry.tag_names) == (7, body, -3, ("one", "c++"))
    assert rows.utc(entry.creation_date) == datetime(2021, 5, 1, 10, tzinfo=UTC)
    assert entry.parent_id is None


def test_tags_of_newer_dumps_are_separated_by_bars() -> None:
    assert rows.tag_names("|one|two|one|") == ("one", "two")


def test_the_plain_file_is_preferred_and_a_missing_one_is_no_rows(tmp_path: Path) -> None:
    write_file(tmp_path, "Posts", [post(1)], packed=True)
    write_file(tmp_path, "Posts", [post(2)])

    assert ids(read(tmp_path)) == [2]
    assert read(tmp_path, UserRow) == []


WHOLE = {"Id": 2, "PostTypeId": 1, "CreationDate": "2021-05-01T10:00:00.000", "Title": "t"}
BROKEN = {
    "angle": '  <row Id="2" PostTypeId="1" Title="raw < sign" />\n',
    "twice": '  <row Id="2" Id="3" PostTypeId="1" />\n',
    "control": '  <row Id="2" Title="a control \x01 character" />\n',
    "entity": '  <row Id="2" Title="an unknown &entity;" />\n',
    "reference": '  <row Id="2" Title="a reference to &#0; nothing" />\n',
    "endless": '  <row Id="2" Title="no end"\n',
    "id": row(**WHOLE | {"Id": "two"}),
    "date": row(**WHOLE | {"CreationDate": "yesterday"}),
    "title": row(**WHOLE | {"Title": " "}),
    "parent": row(**WHOLE | {"PostTypeId": 2}),
    "beyond 64 bit": row(**WHOLE | {"Id": 2**63}),
}


@pytest.mark.parametrize("broken", BROKEN.values(), ids=BROKEN)
def test_a_bad_row_is_named_and_the_others_are_read(tmp_path: Path, broken: str) -> None:
    write_file(tmp_path, "Posts", [post(1), broken, post(3), post(4)])

    found = read(tmp_path)

    assert ids(found) == [1, 3, 4]
    assert bad(found) == [2]


def test_rows_on_one_single_line_survive_a_bad_one(tmp_path: Path) -> None:
    line = (post(1) + '<row Id="2" & />' + post(3)).replace("\n", " ")
    (tmp_path / "Posts.xml").write_text(f"<posts>{line}</posts>")

    assert ids(read(tmp_path)) == [1, 3]


def test_a_document_type_is_refused(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE posts [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;">]>'
    content = xml("posts", [post(1, Title="x &b;").replace("&amp;", "&")])
    (tmp_path / "Posts.xml").write_text(content.replace("?>\n", "?>\n" + bomb))

    found = read(tmp_path)

    assert ids(found) == []
    assert bad(found) == [1]


def test_a_cut_archive_gives_what_it_has_and_says_so(tmp_path: Path) -> None:
    path = write_file(tmp_path, "Posts", [post(id, Body=f"<p>{id * 7919}</p>") for id in range(1, 5000)], packed=True)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])

    found = read(tmp_path)

    assert ids(found) == list(range(1, len(found)))
    assert bad(found) == [len(found)]


def test_a_file_that_is_no_archive_is_one_bad_row(tmp_path: Path) -> None:
    (tmp_path / "Posts.xml.xz").write_bytes(b"PK\x03\x04 something else")

    assert bad(read(tmp_path)) == [1]


def test_a_plain_file_that_ends_inside_a_row_is_reported(tmp_path: Path) -> None:
    content = xml("posts", [post(1), post(2)])
    (tmp_path / "Posts.xml").write_text(content[: content.rindex("Body of 2")])

    found = read(tmp_path)

    assert ids(found) == [1]
    assert bad(found) == [2]


def test_an_endless_row_is_given_up(tmp_path: Path) -> None:
    write_file(tmp_path, "Posts", [post(1), post(2, Body="x" * (6 << 20)), post(3)])

    found = read(tmp_path)

    assert ids(found) == [1, 3]
    assert bad(found) == [2]


def test_memory_stays_flat(tmp_path: Path) -> None:
    vote = {"PostId": 1, "VoteTypeId": 2, "CreationDate": "2021-04-27T00:00:00.000"}
    (tmp_path / "Votes.xml.xz").write_bytes(
        lzma.compress(xml("votes", (row(Id=id, **vote) for id in range(100_000))).encode(), preset=1)
    )

    tracemalloc.start()
    count = sum(1 for _entry in Dump(tmp_path).rows(VoteRow))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == 100_000
    assert peak < 8 << 20


def test_progress_is_told_in_bytes_of_the_file(tmp_path: Path) -> None:
    path = write_file(tmp_path, "Posts", [post(id) for id in range(1, 1000)], packed=True)
    told: list[tuple[str, int, int]] = []

    list(Dump(tmp_path, progress=lambda *step: told.append(step)).rows(PostRow))

    size = path.stat().st_size
    assert told[-1] == ("Posts", size, size)
    assert [done for _file, done, _total in told] == sorted(done for _file, done, _total in told)


def test_the_limit_of_a_row_leaves_room_for_every_body() -> None:
    """30,000 characters, each of at most six bytes when escaped, twice over."""
    assert xml_rows._LARGEST_ROW > 30_000 * 6 * 2
