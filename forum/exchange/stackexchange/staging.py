"""A dump put in order, on disk: every thread with all that hangs on it.

The files of a dump are sorted by id, so what belongs to one thread lies scattered over all of them. They are read once,
each row as it comes, into a temporary SQLite file, and handed out thread by thread. So memory stays flat, a thread is
written whole or not at all, and its replies and comments are numbered in the order of their time.
"""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import msgspec

from forum.exchange.drafts import DayVotes
from forum.exchange.stackexchange.rows import CommentRow, HistoryRow, PostRow, VoteRow

_SCHEMA = """
    CREATE TABLE post (id INTEGER PRIMARY KEY, thread INTEGER, number INTEGER, data BLOB);
    CREATE TABLE comment (id INTEGER PRIMARY KEY, post INTEGER, number INTEGER, data BLOB);
    CREATE TABLE history (id INTEGER PRIMARY KEY, post INTEGER, data BLOB);
    CREATE TABLE vote (post INTEGER, day INTEGER, up INTEGER, down INTEGER, PRIMARY KEY (post, day)) WITHOUT ROWID;
    CREATE TABLE accepted (post INTEGER PRIMARY KEY, day INTEGER);
    CREATE TABLE text (id INTEGER PRIMARY KEY, data BLOB);
"""
_INDEXES = """
    CREATE INDEX post_thread ON post (thread);
    CREATE INDEX comment_post ON comment (post);
    CREATE INDEX history_post ON history (post);
"""
_ADD_VOTE = """
    INSERT INTO vote VALUES (?, ?, ?, ?)
    ON CONFLICT (post, day) DO UPDATE SET up = up + excluded.up, down = down + excluded.down
"""
_QUESTIONS = "SELECT id FROM post WHERE thread = id AND id > ? ORDER BY id LIMIT ?"
# What belongs to the questions between two ids. An answer whose question is not there has no thread.
_POSTS = """
    SELECT id, thread, number, data FROM post
    WHERE thread BETWEEN ? AND ? AND EXISTS (SELECT 1 FROM post q WHERE q.id = post.thread) ORDER BY id
"""
_COMMENTS = """
    SELECT c.post, c.number, c.data FROM comment c JOIN post ON post.id = c.post
    WHERE post.thread BETWEEN ? AND ? ORDER BY c.id
"""
_HISTORY = """
    SELECT h.post, h.data FROM history h JOIN post ON post.id = h.post
    WHERE post.thread BETWEEN ? AND ? ORDER BY h.id
"""
_VOTES = """
    SELECT v.post, v.day, v.up, v.down FROM vote v JOIN post ON post.id = v.post
    WHERE post.thread BETWEEN ? AND ? ORDER BY v.post, v.day
"""
_ACCEPTED = """
    SELECT a.post, a.day FROM accepted a JOIN post ON post.id = a.post WHERE post.thread BETWEEN ? AND ?
"""
_LONE_ANSWERS = """
    SELECT number FROM post WHERE NOT EXISTS (SELECT 1 FROM post q WHERE q.id = post.thread) ORDER BY number
"""
_LONE_COMMENTS = """
    SELECT c.number, EXISTS (SELECT 1 FROM text WHERE text.id = c.post) FROM comment c WHERE NOT EXISTS (
        SELECT 1 FROM post JOIN post q ON q.id = post.thread WHERE post.id = c.post
    ) ORDER BY c.number
"""
# How many votes are added up in memory before they are written.
_VOTES_KEPT = 20_000


class StagedPost(msgspec.Struct, kw_only=True):
    """A question or an answer with its row's number in the file and what the other files say about it."""

    number: int
    row: PostRow
    comments: list[tuple[int, CommentRow]] = msgspec.field(default_factory=list)
    history: list[HistoryRow] = msgspec.field(default_factory=list)
    votes: list[DayVotes] = msgspec.field(default_factory=list)
    accepted_on: date | None = None


class StagedThread(msgspec.Struct):
    """A question and its answers, in the order of their ids."""

    question: StagedPost
    answers: list[StagedPost]

    @property
    def posts(self) -> list[StagedPost]:
        return [self.question, *self.answers]


class Staging:
    """The temporary file, a context manager. Fill it, call `sort`, then read the threads."""

    def __init__(self, path: Path) -> None:
        self._file = sqlite3.connect(path, isolation_level=None)
        # Nothing here outlives the import, so nothing needs to survive a crash.
        self._file.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _SCHEMA + "BEGIN")
        self._encode = msgspec.msgpack.Encoder().encode
        self._votes: Counter[tuple[int, int, int]] = Counter()

    def __enter__(self) -> "Staging":
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def add_post(self, number: int, row: PostRow) -> bool:
        """Keep a question or an answer; False if its id was there already."""
        thread = row.id if row.post_type_id == PostRow.QUESTION else row.parent_id
        return self._add("INSERT OR IGNORE INTO post VALUES (?, ?, ?, ?)", (row.id, thread, number, self._encode(row)))

    def add_comment(self, number: int, row: CommentRow) -> bool:
        """Keep a comment; False if its id was there already."""
        values = (row.id, row.post_id, number, self._encode(row))
        return self._add("INSERT OR IGNORE INTO comment VALUES (?, ?, ?, ?)", values)

    def add_text(self, row: PostRow) -> None:
        """Keep what is said about a tag, or another post that belongs to no thread."""
        self._add("INSERT OR IGNORE INTO text VALUES (?, ?)", (row.id, self._encode(row)))

    def text(self, post_id: int | None) -> PostRow | None:
        """What is said about a tag in the post of that id."""
        found = self._file.execute("SELECT data FROM text WHERE id = ?", (post_id,)).fetchone()
        return None if found is None else _decode_post(found[0])

    def add_history(self, row: HistoryRow) -> None:
        self._add("INSERT OR IGNORE INTO history VALUES (?, ?, ?)", (row.id, row.post_id, self._encode(row)))

    def add_vote(self, row: VoteRow) -> None:
        """Count a vote up or down, or keep the day of an acceptance."""
        day = row.creation_date.toordinal()
        if row.vote_type_id == VoteRow.ACCEPTED:
            self._add("INSERT OR REPLACE INTO accepted VALUES (?, ?)", (row.post_id, day))
            return
        self._votes[row.post_id, day, row.vote_type_id] += 1
        if len(self._votes) >= _VOTES_KEPT:
            self._write_votes()

    def sort(self) -> None:
        """Finish filling."""
        self._write_votes()
        self._file.execute("COMMIT")
        self._file.executescript(_INDEXES)

    def questions(self) -> int:
        count: int = self._file.execute("SELECT count(*) FROM post WHERE thread = id").fetchone()[0]
        return count

    def threads(self, most: int) -> Iterator[list[StagedThread]]:
        """All threads in the order of their questions' ids, at most so many at a time."""
        last = -2
        while ids := [row[0] for row in self._file.execute(_QUESTIONS, (last, most))]:
            last = ids[-1]
            yield self._threads_between(ids[0], last)

    def lone_answers(self) -> list[int]:
        """The row number of every answer whose question is not there."""
        return [number for (number,) in self._file.execute(_LONE_ANSWERS)]

    def lone_comments(self) -> Iterator[tuple[int, bool]]:
        """The row number of every comment without question or answer, and whether it is about a text instead."""
        return self._file.execute(_LONE_COMMENTS)

    def _add(self, statement: str, values: tuple[object, ...]) -> bool:
        return self._file.execute(statement, values).rowcount == 1

    def _write_votes(self) -> None:
        rows = (
            (post, day, count * (kind == VoteRow.UP), count * (kind == VoteRow.DOWN))
            for (post, day, kind), count in self._votes.items()
        )
        self._file.executemany(_ADD_VOTE, rows)
        self._votes.clear()

    def _threads_between(self, first: int, last: int) -> list[StagedThread]:
        bounds = (first, last)
        staged: dict[int, StagedPost] = {}
        threads: dict[int, StagedThread] = {}
        # An answer may have a lower id than its question: the source can merge questions.
        for id_, thread, number, data in sorted(self._file.execute(_POSTS, bounds), key=_questions_first):
            staged[id_] = StagedPost(number=number, row=_decode_post(data))
            if id_ == thread:
                threads[id_] = StagedThread(staged[id_], [])
            else:
                threads[thread].answers.append(staged[id_])
        self._hang_on(staged, bounds)
        return list(threads.values())

    def _hang_on(self, staged: dict[int, StagedPost], bounds: tuple[int, int]) -> None:
        """Add to posts what the other files say; what belongs to an answer without a question is passed over."""
        for post_id, number, data in self._file.execute(_COMMENTS, bounds):
            if post_id in staged:
                staged[post_id].comments.append((number, _decode_comment(data)))
        for post_id, data in self._file.execute(_HISTORY, bounds):
            if post_id in staged:
                staged[post_id].history.append(_decode_history(data))
        for post_id, day, up, down in self._file.execute(_VOTES, bounds):
            if post_id in staged:
                staged[post_id].votes.append(DayVotes(date.fromordinal(day), up, down))
        for post_id, day in self._file.execute(_ACCEPTED, bounds):
            if post_id in staged:
                staged[post_id].accepted_on = date.fromordinal(day)


def _questions_first(row: tuple[int, int, int, bytes]) -> tuple[bool, int]:
    return row[0] != row[1], row[0]


_decode_post = msgspec.msgpack.Decoder(PostRow).decode
_decode_comment = msgspec.msgpack.Decoder(CommentRow).decode
_decode_history = msgspec.msgpack.Decoder(HistoryRow).decode
