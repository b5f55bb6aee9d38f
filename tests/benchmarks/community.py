"""A community to measure on, of any size: threads with twenty posts each, written a batch of rows at a time.

The same numbers give the same community on both databases, and a larger one begins like a smaller one. Few members write
much and most write little: of a thousand members the busiest has three posts of a hundred.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, insert, select, text, update
from sqlalchemy.orm import Session

from forum.kernel import markdown
from forum.kernel.db import Base, Database
from forum.members import tokens
from forum.members.actors import actor_of
from forum.members.tables import FIRST_PRIVILEGES, Member
from forum.search import rebuilding
from forum.threads import places, ranking
from forum.threads.tables import Acceptance, Category, Post, Tag, Thread, ThreadTag
from forum.threads.text import slug

POSTS_A_THREAD, POSTS_A_MEMBER = 20, 250
UNANSWERED, CLOSED = 31, 47  # every so many threads
_THREADS_AT_ONCE = 250
_BODIES = 200  # different ones; rendering each post would take longer than everything else
_BEGIN = datetime(2024, 1, 1, tzinfo=UTC)
WORDS = [
    "boiler",
    "pressure",
    "valve",
    "grinder",
    "burr",
    "portafilter",
    "basket",
    "gasket",
    "steam",
    "wand",
    "pump",
    "descale",
    "filter",
    "water",
    "hardness",
    "temperature",
    "shot",
    "crema",
    "extraction",
    "dose",
    "yield",
    "tamper",
    "puck",
    "channel",
    "espresso",
    "lever",
    "group",
    "head",
    "firmware",
    "display",
    "error",
    "code",
    "warranty",
    "order",
    "shipping",
    "cable",
    "fuse",
    "relay",
    "sensor",
    "thermostat",
    "leak",
    "drip",
    "tray",
    "drain",
    "hose",
    "clamp",
    "seal",
    "spring",
    "screw",
    "manual",
]

RARE_WORD = "pressostat"
CATEGORIES = ("machines", "grinders", "water", "orders", "spares", "house", "firmware", "beans")

Row = dict[str, Any]


@dataclass(frozen=True)
class Community:
    """What a benchmark needs to know of it. The average member wrote about as much as the average; the busiest is the first.

    `rare_word` stands in the title of one thread and nowhere else.
    """

    thread_ids: list[int]
    member_ids: list[int]
    average_id: int
    token: str
    rare_word: str = RARE_WORD

    @property
    def handle(self) -> str:
        return f"person{self.average_id}"


def filled(db: Database, posts: int = 6_000) -> Community:
    """Fill an empty database, search index and counters included, or let one that this function filled grow to `posts`."""
    before = _count(db, Thread)
    if not before:
        with db.transaction() as session:
            _write(session, Category, [_category(n, slug) for n, slug in enumerate(CATEGORIES, 1)])
            _write(session, Tag, [{"id": n, "name": word, "name_key": word} for n, word in enumerate(WORDS, 1)])
    people = max(24, posts // POSTS_A_MEMBER)
    with db.transaction() as session:
        _write(session, Member, [_member(n) for n in range(_count(db, Member) + 1, people + 1)])
    bodies = [_body(number) for number in range(_BODIES)]
    for first in range(before, posts // POSTS_A_THREAD, _THREADS_AT_ONCE):
        last = min(first + _THREADS_AT_ONCE, posts // POSTS_A_THREAD)
        with db.transaction() as session:
            _write_threads(session, [_Made(number, people, bodies) for number in range(first + 1, last + 1)])
    _finish(db)
    return _community(db, people)


def _community(db: Database, people: int) -> Community:
    with db.transaction() as session:
        token = tokens.create(session, actor_of(session, 2), name="benchmark", scopes=["read", "write"])
        wrote = select(Post.author_id, func.count().label("posts")).group_by(Post.author_id).subquery()
        nearest = func.abs(wrote.c.posts - POSTS_A_MEMBER)
        average = session.execute(select(wrote.c.author_id).order_by(nearest, wrote.c.author_id).limit(1)).scalar_one()
    step = max(1, _count(db, Thread) // 300)
    ids = (number for number in range(step, _count(db, Thread) + 1, step) if number % UNANSWERED and number % CLOSED)
    return Community(list(ids)[:250], list(range(1, people + 1)), average, token)


def _category(number: int, name: str) -> Row:
    return {"id": number, "slug": name, "name": name.title(), "kinds": ["question", "discussion"]}


def _member(number: int) -> Row:
    key = f"person{number}"
    return {
        "id": number,
        "handle": key,
        "handle_key": key,
        "name": f"Person {number}",
        "points": number,
        "privileges": FIRST_PRIVILEGES,
        "created_at": _BEGIN,
    }


class _Made:
    """One thread with its posts, tags and acceptance, as rows."""

    def __init__(self, number: int, people: int, bodies: list[tuple[str, str]]) -> None:
        self._chance = random.Random(number)
        self._people = people
        self.number = number
        self.began = _BEGIN + timedelta(minutes=number)
        self.is_question = number % 5 != 0
        places = 1 if number % UNANSWERED == 0 else POSTS_A_THREAD
        self.posts = [self._post(place, *bodies[self._chance.randrange(len(bodies))]) for place in range(places)]
        self.thread = self._thread()
        self.tags = [{"thread_id": number, "tag_id": tag} for tag in self._chance.sample(range(1, len(WORDS) + 1), 2)]

    def _post(self, place: int, source: str, html: str) -> Row:
        votes = _Votes(self._chance.randrange(8), self._chance.randrange(2))
        if place == 3 and self.is_question and self.number % 3 == 0:
            votes.accepted_at = self.began + timedelta(days=1)
        return {
            "id": (self.number - 1) * POSTS_A_THREAD + place + 1,
            "thread_id": self.number,
            "number": place + 1,
            "author_id": int(self._people * self._chance.random() ** 2) + 1,
            "source": source,
            "html": html,
            "renderer": markdown.RENDERER_VERSION,
            "created_at": self.began + timedelta(minutes=place * 7),
            "up": votes.up,
            "down": votes.down,
            "rank": ranking.rank(votes),
            "accepted_at": votes.accepted_at,
        }

    def _thread(self) -> Row:
        what = RARE_WORD if self.number == 101 else words(self.number, 3)
        title = f"The {what} stops after {self.number} seconds"
        return {
            "id": self.number,
            "kind": "question" if self.is_question else "discussion",
            "category_id": self.number % len(CATEGORIES) + 1,
            "author_id": self.posts[0]["author_id"],
            "title": title,
            "slug": slug(title),
            "created_at": self.began,
            "last_activity_at": self.posts[-1]["created_at"],
            "post_count": len(self.posts),
            "reply_count": len(self.posts) - 1,
            "score": self.posts[0]["up"] - self.posts[0]["down"],
            "solved_at": next((post["accepted_at"] for post in self.posts if post["accepted_at"]), None),
            "closed_at": self.began if self.number % CLOSED == 0 else None,
        }

    def acceptances(self) -> Iterator[Row]:
        for post in self.posts:
            if post["accepted_at"] is not None:
                yield {
                    "thread_id": self.number,
                    "post_id": post["id"],
                    "by_member_id": self.thread["author_id"],
                    "as_role": "author",
                    "at": post["accepted_at"],
                }


@dataclass
class _Votes:
    """What the place of a post depends on."""

    up: int
    down: int
    accepted_at: datetime | None = None
    official_at: datetime | None = None


def _write_threads(session: Session, made: list[_Made]) -> None:
    _write(session, Thread, [each.thread for each in made])
    _write(session, Post, [post for each in made for post in each.posts])
    _write(session, ThreadTag, [tag for each in made for tag in each.tags])
    _write(session, Acceptance, [row for each in made for row in each.acceptances()])


def _write(session: Session, table: type[Base], rows: list[Row]) -> None:
    if rows:
        session.connection().execute(insert(table), rows)


def _finish(db: Database) -> None:
    """What is counted elsewhere or by the database itself: tags, categories, the next ids, the index, the planner's figures."""
    used = select(func.count()).where(ThreadTag.tag_id == Tag.id).scalar_subquery()
    with db.transaction() as session:
        session.execute(update(Tag).values(thread_count=used).execution_options(synchronize_session=False))
        if not db.is_sqlite:
            for table in ("category", "tag", "member", "thread", "post"):
                session.execute(
                    text(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")
                )
    places.recount_categories(db)
    rebuilding.rebuild(db)
    if not db.is_sqlite:  # which nobody asks to analyse in an installation either: with figures it plans worse for us
        with db.transaction() as session:
            session.execute(text("ANALYZE"))


def _count(db: Database, table: type[Thread] | type[Member]) -> int:
    with db.reading() as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def _body(number: int) -> tuple[str, str]:
    """Some 450 characters of Markdown with a list, a bold word, a link and now and then code; and its HTML."""
    source = body(number)
    return source, markdown.render(source).html


def body(number: int) -> str:
    """The Markdown alone."""
    said = f"I would start with the **{words(number, 2)}**. {_sentence(number)} {_sentence(number + 1)}\n\n"
    said += f"- {_sentence(number + 2)}\n- {_sentence(number + 3)}\n\nSee [the manual](https://example.com/{number}).\n"
    return said + ("\n```\nE14 boiler sensor\n```\n" if number % 5 == 0 else "")


def _sentence(number: int) -> str:
    return f"Then the {words(number * 3 + 1, 6)} until it holds."


def words(number: int, count: int) -> str:
    """So many of the words, others for another number."""
    return " ".join(WORDS[(number * 7 + step * 13) % len(WORDS)] for step in range(count))
