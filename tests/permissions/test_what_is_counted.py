"""A thing that somebody cannot see changes nothing of what they are shown: no count, no order, no total, not a letter.

Everything is read before and after; the two must be the same, whatever was hidden or written elsewhere in between. Points are
left out: they are the person's, wherever they were earned, and the ledger shows a line without its place.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest
from sqlalchemy.orm import Session

from forum.articles.tables import Article
from forum.kernel.access import ANONYMOUS, GROUPS, MEMBERS, STAFF, Actor
from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.members import groups, signing_in
from forum.members.actors import SYSTEM, actor_of
from forum.threads import answers, categories, editing, following, official, replying
from forum.threads.places import recount_categories
from forum.threads.tables import Category, Thread
from moderation import flagging
from moderation.decisions import Ruling, change_category, decide
from tests.forum import making as make
from tests.installing import deliver_all
from tests.permissions.client import Asker
from web.worker import reckon_the_week

UNLIKE = re.compile(r'name="(csrf|carried)" value="[^"]*"|"instance":"[^"]*"')
LISTS = (
    "/", "/?sort=newest", "/?sort=unanswered", "/c/square", "/ideas", "/ideas/roadmap", "/tags", "/tags/pump", "/tags?q=pu", "/help",
    "/search?q=pump", "/search?q=pumq", "/search?q=pump+zebra", "/ask", "/ask/similar?title=The+pump+is+stuck", "/feeds/latest", "/feeds/c/square",
    "/feeds/tags/pump", "/feeds/unanswered", "/feeds/top", "/feeds/ideas", "/feeds/announcements", "/feeds/help", "/llms.txt", "/sitemap.xml", "/sitemap.xml?part=places", "/sitemap.xml?part=articles", "/sitemap.xml?part=threads",
    "/api/v1/threads", "/api/v1/threads?tag=pump", "/api/v1/threads?sort=top&limit=2", "/api/v1/categories", "/api/v1/articles",
    "/api/v1/search?q=pump", "/api/v1/similar?title=The+pump+is+stuck", "/notifications", "/api/v1/notifications",
)  # fmt: skip
OF_LOG = ("/transparency", "/api/v1/moderation/log", "/feeds/transparency")
Deed = Callable[[Session, "Square"], None]


@dataclass
class Square:
    """Two of the company and two customers, who are known for what everybody sees, and the readers who look on."""

    asker: Actor
    helper: Actor
    customer: Actor
    moderator: Actor
    readers: dict[str, str]
    watched: Thread
    place: Category
    places: dict[str, Category]
    deeds: int = 0
    kept: dict[str, tuple[int, dict[str, str]]] = field(default_factory=dict)
    """What a reader saw last, and after how many deeds."""

    @property
    def addresses(self) -> Iterator[str]:
        yield from LISTS
        yield from OF_LOG
        yield from (f"/t/{self.watched.id}/{self.watched.slug}", f"/api/v1/threads/{self.watched.id}")
        for actor in (self.helper, self.customer):
            yield from (f"/m/{actor.handle}{tab}" for tab in ("", "?tab=answers"))
            yield f"/api/v1/members/{actor.handle}"
        yield f"/m/{self.asker.handle}?tab=questions"
        yield f"/m/{self.customer.handle}?tab=ideas"


def squared(session: Session) -> Square:
    asker, helper = make.staff(session, team="Pumps"), make.staff(session, team="Wheels")
    customer, moderator, insider = make.member(session), make.moderator(session), make.member(session)
    readers = {"anonymous": ANONYMOUS, "member": make.member(session), "staff": make.staff(session)}
    group = groups.create(session, SYSTEM, name="The mill")
    groups.add(session, SYSTEM, group_id=group.id, handle=insider.handle)
    place = make.category(session, slug="square", name="Square")
    admitted = [categories.Admitted(group.id)]
    places = {
        "group": make.category(session, slug="mill", audience=GROUPS, openers=GROUPS, repliers=GROUPS, groups=admitted),
        "staff": make.category(session, slug="office", audience=STAFF, openers=STAFF),
        "members": make.category(session, slug="club", audience=MEMBERS),
    }
    for actor in (asker, helper, customer):
        groups.add(session, SYSTEM, group_id=group.id, handle=actor.handle)
        make.thread(session, actor, place, kind="idea", title="A pump with a window", tags=["pump"])
    watched = make.thread(session, asker, place, title="The pump is stuck", tags=["pump"])
    make.reply(session, watched, helper)
    make.reply(session, watched, customer)
    closed = make.thread(session, customer, place, kind="discussion", title="What did you make of it")
    said = Ruling(action="close-thread", target_kind="thread", target_id=closed.id, text="It was said, all of it.")
    decide(session, moderator, said)  # so that the week has decisions of which there may be more
    for reader in [readers["member"], readers["staff"]]:
        following.follow(session, reader, thread_id=watched.id)
    cookies = {name: _cookie(session, actor) for name, actor in readers.items()}
    fresh = [_again(session, actor) for actor in (asker, helper, customer)]
    return Square(fresh[0], fresh[1], fresh[2], moderator, cookies, watched, place, places)


def _cookie(session: Session, actor: Actor) -> str:
    return signing_in.sign_in(session, member_id=actor.member_id) if actor.member_id else ""


def _again(session: Session, actor: Actor) -> Actor:
    return actor_of(session, actor.member_id)


def _discussed(session: Session, square: Square, place: Category) -> list[Thread]:
    """A solved question, an unanswered one and an idea, as much like the public ones as can be.

    One has a word that elsewhere would be put right, one a word that is said nowhere else.
    """
    customer = square.asker if place.audience == STAFF else square.customer
    solved = make.thread(session, square.asker, place, title="The pump is stuck again", tags=["pump", "valve"])
    answer = make.reply(session, solved, square.helper, body="The pump wants oil.")
    replying.comment(session, customer, post_id=answer.id, body="The pump of mine too.")
    make.reply(session, solved, customer, body="My pump did not, said the zebra.")
    answers.accept(session, square.asker, post_id=answer.id)
    official.mark(session, square.helper, post_id=answer.id)
    waiting = make.thread(session, customer, place, title="The pumq is stuck for good", tags=["pump"])
    idea = make.thread(session, customer, place, kind="idea", title="A pump with two windows", tags=["pump"])
    return [solved, waiting, idea]


def in_place(name: str) -> Deed:
    def deed(session: Session, square: Square) -> None:
        _discussed(session, square, square.places[name])

    return deed


def hidden(session: Session, square: Square) -> None:
    for thread in _discussed(session, square, square.place):
        said = Ruling(action="hide-thread", target_kind="thread", target_id=thread.id, text="It had to be so, alas.")
        decide(session, square.moderator, said)


def made_private(session: Session, square: Square) -> None:
    """What stood in public for a while, in a place that then became the company's."""
    place = make.category(session)
    _discussed(session, square, place)
    change_category(session, SYSTEM, text="Not for everybody.", category_id=place.id, audience=STAFF)


def drafted(session: Session, square: Square) -> None:
    for state in ("draft", "withdrawn"):
        session.add(
            Article(
                category_id=square.place.id, title="The pump", slug="the-pump", source="A pump.", html="<p>A pump.</p>", renderer=1, state=state,
                created_at=now(), changed_at=now(),
            )
        )  # fmt: skip
    session.flush()


def reported(session: Session, square: Square) -> None:
    for actor in (square.customer, square.helper):
        post_id = make.opening(session, square.watched).id
        flagging.raise_flag(session, actor, post_id=post_id, reason="other", note="The pump is rude.")


def taken_back(session: Session, square: Square) -> None:
    """A reply that nobody saw for long. The thread says that there was one, so it is another thread that is looked at."""
    thread = make.thread(session, square.customer, square.places["group"], title="The pump is out", tags=["pump"])
    reply = make.reply(session, thread, square.helper)
    editing.delete_post(session, square.helper, post_id=reply.id)


DEEDS: dict[str, tuple[Deed, tuple[str, ...]]] = {
    "in a group's category": (in_place("group"), ("anonymous", "member", "staff")),
    "in the company's category": (in_place("staff"), ("anonymous", "member")),
    "in a category for members": (in_place("members"), ("anonymous",)),
    "made private": (made_private, ("anonymous", "member")),
    "hidden": (hidden, ("anonymous", "member", "staff")),
    "articles not published": (drafted, ("anonymous", "member")),
    "reports": (reported, ("anonymous", "member", "staff")),
    "taken back": (taken_back, ("anonymous", "member", "staff")),
}


@pytest.fixture(scope="module")
def square(database: Database) -> Square:
    with database.transaction() as session:
        made = squared(session)
    _settle(database)
    return made


@pytest.fixture(scope="module")
def asker(settings: Settings, square: Square) -> Iterator[Asker]:
    opened = Asker(settings, forgets=True)
    yield opened
    opened.close()


def _settle(database: Database) -> None:
    """Everything that reacts or is reckoned each minute is done."""
    deliver_all(database, times=1)
    recount_categories(database)
    reckon_the_week(database)


@pytest.mark.parametrize("name", list(DEEDS))
def test_what_is_not_seen_changes_nothing_that_is(
    database: Database, square: Square, asker: Asker, name: str, record_property: Callable[[str, object], None]
) -> None:
    deed, readers = DEEDS[name]
    left_out = OF_LOG if name in ("hidden", "made private") else ()
    before = {reader: _seen(asker, square, reader) for reader in readers}
    square.deeds += 1
    with database.transaction() as session:
        deed(session, square)
    _settle(database)
    differs = [
        f"{reader} at {path}: {_first_difference(before[reader][path], text)}"
        for reader in readers
        for path, text in _seen(asker, square, reader).items()
        if path not in left_out and _without_log(before[reader][path]) != _without_log(text)
    ]
    record_property("answers compared", sum(map(len, before.values())))
    assert differs == []


def _seen(asker: Asker, square: Square, reader: str) -> dict[str, str]:
    """What every address says to a reader after the latest deed, none of it from memory."""
    if square.kept.get(reader, (-1, {}))[0] != square.deeds:
        square.kept[reader] = (square.deeds, _read(asker, square, reader))
    return square.kept[reader][1]


def _read(asker: Asker, square: Square, reader: str) -> dict[str, str]:
    cookie = square.readers[reader]
    headers = {"cookie": f"session={cookie}"} if cookie else {"x-requested-with": "a test"}
    seen: dict[str, str] = {}
    for path in square.addresses:
        said = asker.ask("GET", path, headers)
        assert said.status < 500, path
        seen[path] = f"{said.status} {said.location}\n{UNLIKE.sub('', said.text)}"
    return seen


def _without_log(text: str) -> str:
    """Without how many decisions were taken this week, which is public as the log is."""
    return re.sub(r'href="/transparency">\d+</a>', "", text)


def _first_difference(before: str, after: str) -> str:
    at = next((n for n, (one, other) in enumerate(zip(before, after, strict=False)) if one != other), 0)
    return f"{before[at - 40 : at + 60]!r} became {after[at - 40 : at + 60]!r}"
