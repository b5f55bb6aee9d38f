"""Pages that are kept for visitors: none holds what visitors may not read, and what becomes private is gone with the next look."""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy.orm import Session

from forum.articles import reviewing
from forum.articles.tables import Article
from forum.kernel.access import STAFF
from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.members.actors import SYSTEM, actor_of
from forum.threads import categories, editing
from forum.threads.tables import Post, Thread
from moderation.decisions import Ruling, change_category, decide
from tests.forum import making as make
from tests.installing import deliver_all
from tests.security.conftest import People
from tests.web.pages.visiting import Site
from web.edge.cache import LOOK_AGAIN, PageCache

WORDS = ("canaryhidden", "canaryplace", "canaryreply", "canarytaken", "canaryedited", "canaryarticle", "canarytag")
NEVER = "canarynever"


@dataclass
class Shown:
    """What everybody reads at first; each holds the word of what will become of it."""

    hidden: Thread
    placed: Thread
    spoken: Thread
    reply: Post
    taken: Post
    edited: Post
    article_id: int
    article_slug: str

    @property
    def addresses(self) -> Iterator[str]:
        yield from (
            "/",
            "/c/house",
            "/c/room",
            "/tags",
            "/tags/canarytag",
            "/help",
            "/ideas",
            "/transparency",
            "/llms.txt",
        )
        yield from ("/feeds/latest", "/feeds/c/house", "/feeds/c/room", "/feeds/tags/canarytag", "/m/speaker")
        yield from ("/sitemap.xml?part=threads&page=0", "/sitemap.xml?part=articles", "/sitemap.xml?part=places")
        yield f"/help/{self.article_id}/{self.article_slug}"
        for thread in (self.hidden, self.placed, self.spoken):
            yield from (f"/t/{thread.id}/{thread.slug}", f"/feeds/t/{thread.id}")


@pytest.fixture(scope="module")
def shown(database: Database, people: People) -> Shown:
    with database.transaction() as session:
        made = _written(session, people)
    deliver_all(database)
    return made


def _written(session: Session, people: People) -> Shown:
    speaker = make.member(session, handle="speaker")
    house, room = make.category(session, slug="house"), make.category(session, slug="room")
    office = make.category(session, slug="office", audience=STAFF)
    hidden = make.thread(session, speaker, house, title="The canaryhidden hums", tags=["canarytag"])
    placed = make.thread(session, speaker, room, title="The canaryplace hums")
    spoken = make.thread(session, speaker, house, kind="idea", title="What is it that hums")
    replies = [make.reply(session, spoken, speaker, body=f"The {word} does.") for word in WORDS[2:5]]
    make.thread(session, people.staff, office, title=f"The {NEVER} hums", tags=[NEVER])
    article_id, slug = _article(session, house.id)
    return Shown(hidden, placed, spoken, replies[0], replies[1], replies[2], article_id, slug)


def _article(session: Session, category_id: int) -> tuple[int, str]:
    made = Article(
        category_id=category_id, title="How the canaryarticle works", slug="how-it-works", source="Well.", html="<p>Well.</p>", renderer=1,
        state="published", created_at=now(), changed_at=now(), published_at=now(),
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made.id, made.slug


class Later:
    """The clock of the layer that keeps pages, which the test moves on."""

    def __init__(self) -> None:
        self.seconds = 1_000.0

    def __call__(self) -> float:
        return self.seconds


def cache_of(site: Site) -> PageCache:
    layer: Any = site.app._layers
    while not isinstance(layer, PageCache):
        layer = layer.app
    return layer


def kept_words(cache: PageCache, words: tuple[str, ...]) -> set[str]:
    """Those of the words that stand in any page that is kept."""
    pages = [gzip.decompress(page.gzipped).decode() for page in cache.pages._pages.values()]
    return {word for word in words for page in pages if word in page}


def test_what_becomes_private_is_gone_from_kept_pages_with_the_next_look(
    site: Site, database: Database, people: People, shown: Shown
) -> None:
    cache, later = cache_of(site), Later()
    cache._clock = later
    visitor = site.anybody()
    for path in shown.addresses:
        site.as_(people.staff).get(path)
        visitor.get(path)
        visitor.get(path)
    assert kept_words(cache, (*WORDS, NEVER)) == set(WORDS)
    with database.transaction() as session:
        _out_of_sight(session, people, shown)
    deliver_all(database)
    later.seconds += LOOK_AGAIN
    for path in shown.addresses:
        said = visitor.client.get(path).text
        assert [word for word in WORDS if word in said and word not in path] == [], path
    gone = [f"/t/{shown.hidden.id}/{shown.hidden.slug}", f"/feeds/t/{shown.placed.id}", "/c/room"]
    assert [visitor.client.get(path).status_code for path in gone] == [404, 404, 404]


def _out_of_sight(session: Session, people: People, shown: Shown) -> None:
    for action, target in (("hide-thread", shown.hidden.id), ("hide-post", shown.reply.id)):
        said = Ruling(action=action, target_kind=action[5:], target_id=target, text="It had to be so, alas.")
        decide(session, people.moderator, said)
    room = categories.by_slug(session, SYSTEM, "room")
    change_category(session, SYSTEM, text="Not for everybody.", category_id=room.id, audience=STAFF)
    author = actor_of(session, shown.taken.author_id)
    editing.delete_post(session, author, post_id=shown.taken.id)
    editing.edit_post(session, author, post_id=shown.edited.id, body="It is the pump.", comment="A slip")
    reviewing.withdraw(session, people.staff, article_id=shown.article_id)
