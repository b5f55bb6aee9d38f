"""An export put in order, on disk: topics with their posts and their Markdown, people, and what is known of categories.

Files come in any order, topics in several parts, Markdown apart from its topic. They are read once into a temporary SQLite
file, so that memory stays flat, and handed out topic by topic.
"""

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from forum.exchange.discourse.raw import split
from forum.exchange.discourse.rows import CategoryRow, PostRow, TopicRow

_SCHEMA = """
    CREATE TABLE topic (id INTEGER PRIMARY KEY, category TEXT, solved INTEGER, file TEXT, row INTEGER, closed_at REAL, data BLOB);
    CREATE TABLE post (topic INTEGER, number INTEGER, id INTEGER UNIQUE, file TEXT, row INTEGER, data BLOB, PRIMARY KEY (topic, number))
        WITHOUT ROWID;
    CREATE TABLE raw (topic INTEGER PRIMARY KEY, text TEXT);
    CREATE TABLE person (key TEXT PRIMARY KEY, data BLOB, since REAL) WITHOUT ROWID;
    CREATE TABLE category (key TEXT PRIMARY KEY, data BLOB) WITHOUT ROWID;
"""
_ADD_PERSON = """
    INSERT INTO person VALUES (?, ?, ?) ON CONFLICT (key) DO UPDATE SET since = min(since, excluded.since)
"""
_USES = "SELECT category, count(*), sum(solved > 0), max(solved) FROM topic GROUP BY category ORDER BY min(id)"


class StagedPost(msgspec.Struct, frozen=True):
    """A post, where it stands in the files, and what its author typed."""

    file: str
    row: int
    post: PostRow
    markdown: str | None


class StagedTopic(msgspec.Struct, frozen=True):
    """A topic with its posts in their order, the first one first. `closed_at` is when it was said to be closed."""

    topic: TopicRow
    posts: list[StagedPost]
    closed_at: datetime | None


class StagedPerson(msgspec.Struct, frozen=True):
    username: str
    name: str
    is_program: bool


class Use(msgspec.Struct, frozen=True):
    """How a category is used: how many topics it has, how many of them are solved, and the most solutions of one."""

    category: str
    topics: int
    solved: int
    most_solutions: int


class Staging:
    """The temporary file, a context manager. Fill it, call `finish`, then read."""

    def __init__(self, path: Path) -> None:
        self._file = sqlite3.connect(path, isolation_level=None)
        # Nothing here outlives the import, so nothing needs to survive a crash.
        self._file.executescript("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF;" + _SCHEMA + "BEGIN")
        self._encode = msgspec.msgpack.Encoder().encode

    def __enter__(self) -> "Staging":
        return self

    def __exit__(self, *_error: object) -> None:
        self._file.close()

    def add_topic(self, file: str, row: int, topic: TopicRow) -> bool:
        """Keep a topic; False if it was there already, as when a long one comes in parts."""
        values = (topic.id, topic.category, file, row, self._encode(topic))
        return self._add("INSERT OR IGNORE INTO topic VALUES (?, ?, 0, ?, ?, NULL, ?)", values)

    def add_post(self, topic_id: int, file: str, row: int, post: PostRow) -> bool:
        """Keep a post; False if its id or its place was there already."""
        values = (topic_id, post.post_number, post.id, file, row, self._encode(post))
        return self._add("INSERT OR IGNORE INTO post VALUES (?, ?, ?, ?, ?, ?)", values)

    def has_post(self, topic_id: int, number: int) -> bool:
        found = self._file.execute("SELECT 1 FROM post WHERE topic = ? AND number = ?", (topic_id, number))
        return found.fetchone() is not None

    def add_solution(self, topic_id: int) -> None:
        self._file.execute("UPDATE topic SET solved = solved + 1 WHERE id = ?", (topic_id,))

    def add_closing(self, topic_id: int, at: datetime) -> None:
        """A topic was closed; the last time counts."""
        closing = "UPDATE topic SET closed_at = max(coalesce(closed_at, 0), ?) WHERE id = ?"
        self._file.execute(closing, (at.timestamp(), topic_id))

    def add_raw(self, topic_id: int, text: str) -> None:
        """Keep the Markdown of a topic; of a long one it may come in parts."""
        add = "INSERT INTO raw VALUES (?, ?) ON CONFLICT (topic) DO UPDATE SET text = text || char(10) || excluded.text"
        self._file.execute(add, (topic_id, text))

    def add_person(self, person: StagedPerson, at: datetime) -> None:
        values = (person.username.lower(), self._encode(person), at.timestamp())
        self._file.execute(_ADD_PERSON, values)

    def add_category(self, category: CategoryRow) -> None:
        self._add("INSERT OR IGNORE INTO category VALUES (?, ?)", (str(category.id), self._encode(category)))

    def finish(self) -> None:
        self._file.execute("COMMIT")

    def count(self, table: str) -> int:
        """How many topics, posts or persons there are."""
        count: int = self._file.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - of this module alone
        return count

    def uses(self) -> list[Use]:
        """How each category is used, in the order of their first topics."""
        return [Use(*row) for row in self._file.execute(_USES)]

    def category(self, key: str) -> CategoryRow | None:
        found = self._file.execute("SELECT data FROM category WHERE key = ?", (key,)).fetchone()
        return None if found is None else _decode_category(found[0])

    def people(self) -> Iterator[tuple[StagedPerson, datetime]]:
        """Everybody with the time when they were first seen, who came first being first."""
        rows = self._file.execute("SELECT data, since FROM person ORDER BY since, key")
        for data, since in rows:
            yield _decode_person(data), datetime.fromtimestamp(since, UTC)

    def topics(self, most: int) -> Iterator[list[StagedTopic]]:
        """All topics in the order of their ids, at most so many at a time."""
        last = 0
        while True:
            select = "SELECT id, closed_at, data FROM topic WHERE id > ? ORDER BY id LIMIT ?"
            rows = self._file.execute(select, (last, most)).fetchall()
            if not rows:
                return
            last = rows[-1][0]
            yield [self._topic(*row) for row in rows]

    def _topic(self, id_: int, closed_at: float | None, data: bytes) -> StagedTopic:
        found = self._file.execute("SELECT text FROM raw WHERE topic = ?", (id_,)).fetchone()
        typed = {} if found is None else split(found[0])
        posts = self._file.execute("SELECT file, row, data FROM post WHERE topic = ? ORDER BY number", (id_,))
        staged = [
            StagedPost(file, row, post := _decode_post(kept), typed.get(post.post_number)) for file, row, kept in posts
        ]
        at = None if closed_at is None else datetime.fromtimestamp(closed_at, UTC)
        return StagedTopic(_decode_topic(data), staged, at)

    def _add(self, statement: str, values: tuple[object, ...]) -> bool:
        return self._file.execute(statement, values).rowcount == 1


_decode_topic = msgspec.msgpack.Decoder(TopicRow).decode
_decode_post = msgspec.msgpack.Decoder(PostRow).decode
_decode_person = msgspec.msgpack.Decoder(StagedPerson).decode
_decode_category = msgspec.msgpack.Decoder(CategoryRow).decode
