"""A category for certain groups: who sees it, who speaks there, and that nothing of it is seen anywhere else.

A word that stands in everything of the category is looked for in all that the other readers are shown.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from crm_sync.documents import document_of
from forum.articles import pages as articles
from forum.articles.drafting import level
from forum.articles.reviewing import publish
from forum.articles.tables import Article
from forum.ideas import pages as ideas
from forum.kernel.access import ANONYMOUS, GROUPS, PUBLIC, Actor
from forum.kernel.db import Database
from forum.kernel.errors import NotAllowed, NotFound
from forum.members import groups
from forum.members.actors import SYSTEM, actor_of
from forum.notifications import reading as news
from forum.search import pages as search
from forum.threads import (
    answers,
    categories,
    editing,
    following,
    lists,
    pages,
    places,
    profiles,
    replying,
    resources,
    syndication,
    versions,
    voting,
)  # fmt: skip
from forum.threads.categories import Admitted
from forum.threads.tables import Category, Post, Tag, Thread
from moderation import queue
from moderation.decisions import change_category
from moderation.flagging import raise_flag
from moderation.pages import log_list
from reputation.pages import ledger_page
from tests.forum import making as make
from tests.installing import deliver_all
from tests.moderation.deciding import decided

CANARY = "quetzalcoatl"


@dataclass(frozen=True)
class Mill:
    """A customer company's own category, with everything in it that a category can hold."""

    place: Category
    thread: Thread
    idea: Thread
    reply: Post
    author: Actor
    insider: Actor
    outsiders: dict[str, Actor]


@pytest.fixture(scope="module")
def mill(database: Database) -> Mill:
    with database.transaction() as session:
        group = groups.create(session, SYSTEM, name=f"The people of {CANARY}", kind="company")
        author, insider = (_inside(session, group.id) for _ in range(2))
        place = make.category(
            session, slug=f"{CANARY}-mill", name=f"{CANARY} mill", description=f"All of {CANARY}.",
            audience=GROUPS, openers=GROUPS, repliers=GROUPS, groups=[Admitted(group.id)],
        )  # fmt: skip
        author, insider = (actor_of(session, each.member_id) for each in (author, insider))
        said = {"title": f"The {CANARY} wheel is stuck", "body": f"It is {CANARY} that is stuck.", "tags": [CANARY]}
        thread = make.thread(session, author, place, **said)
        idea = make.thread(session, author, place, kind="idea", **said)
        reply = make.reply(session, thread, insider, body=f"Free the {CANARY} wheel by hand, twice.")
        answers.accept(session, author, post_id=reply.id)
        voting.vote(session, author, post_id=reply.id, value=1)
        outsiders = {
            "anonymous": ANONYMOUS, "member": make.member(session), "staff": make.staff(session),
            "moderator": make.moderator(session), "former insider": _inside(session, group.id),
        }  # fmt: skip
        former = outsiders["former insider"]
        following.follow(session, former, thread_id=thread.id)
        replying.reply(session, insider, thread_id=thread.id, body=f"And the other {CANARY} wheel too.")
        raise_flag(session, author, post_id=reply.id, reason="other", note=f"About {CANARY}.")
        decided(session, SYSTEM, "close-thread", thread, text=f"The {CANARY} matter is done with.")
        level(session, thread_id=thread.id)
        session.flush()
        article = session.query(Article).filter_by(thread_id=thread.id).one()
        publish(
            session, SYSTEM, article_id=article.id, title=f"The {CANARY} wheel",
            body=f"How the {CANARY} wheel turns again.", version=article.version,
        )  # fmt: skip
        groups.remove(session, SYSTEM, group_id=group.id, handle=former.handle)
        outsiders["former insider"] = actor_of(session, former.member_id)
        insider = actor_of(session, insider.member_id)
    deliver_all(database)
    return Mill(place, thread, idea, reply, author, insider, outsiders)


def _inside(session: Session, group_id: int) -> Actor:
    person = make.member(session)
    groups.add(session, SYSTEM, group_id=group_id, handle=person.handle)
    return actor_of(session, person.member_id)


Read = Callable[[Connection, Actor, Mill], Any]
LISTS: dict[str, Read] = {
    "categories": lambda c, a, m: places.category_list(c, a),
    "threads": lambda c, a, m: lists.thread_list(c, a, lists.Wanted()),
    "threads of the category": lambda c, a, m: lists.thread_list(c, a, lists.Wanted(category_id=m.place.id)),
    "threads of the tag": lambda c, a, m: lists.thread_list(c, a, lists.Wanted(tag=CANARY)),
    "threads of the author": lambda c, a, m: lists.thread_list(c, a, lists.Wanted(author_id=m.author.member_id or 0)),
    "threads by their ids": lambda c, a, m: lists.threads_by_id(c, a, [m.thread.id, m.idea.id]),
    "search": lambda c, a, m: search.search_page(c, a, search.Asked(typed="wheel")),
    "search by a misspelt word": lambda c, a, m: search.search_page(c, a, search.Asked(typed=CANARY[:-1])),
    "similar": lambda c, a, m: search.similar(c, a, title=f"A {CANARY} wheel"),
    "ideas": lambda c, a, m: ideas.idea_list(c, a),
    "answers of a member": lambda c, a, m: profiles.answer_list(c, a, member_id=m.insider.member_id or 0),
    "best answers": lambda c, a, m: profiles.best_list(c, a, member_id=m.insider.member_id or 0),
    "profile": lambda c, a, m: profiles.profile_page(c, a, handle=m.insider.handle),
    "ledger": lambda c, a, m: ledger_page(c, a, handle=m.insider.handle),
    "help centre": lambda c, a, m: articles.shelves(c, a),
    "articles": lambda c, a, m: articles.article_list(c, a),
    "public log": lambda c, a, m: log_list(c, a),
}
FOR_ALL: dict[str, Read] = {
    "tags": lambda c, a, m: places.tag_list(c),
    "tags that begin so": lambda c, a, m: places.tag_list(c, prefix=CANARY[:3]),
    "feed": lambda c, a, m: syndication.threads(c),
    "feed of the category": lambda c, a, m: syndication.threads(c, category=m.place.slug),
    "feed of the tag": lambda c, a, m: syndication.threads(c, tag=CANARY),
    "sitemap": lambda c, a, m: syndication.addresses(c, share=0, size=10_000),
    "sitemap of articles": lambda c, a, m: articles.public_addresses(c),
}
ONES: dict[str, Read] = {
    "category": lambda c, a, m: places.category_named(c, a, m.place.slug),
    "tag": lambda c, a, m: places.tag_named(c, a, CANARY),
    "thread": lambda c, a, m: pages.thread_page(c, a, thread_id=m.thread.id),
    "details": lambda c, a, m: resources.thread_details(c, a, thread_id=m.thread.id),
    "posts": lambda c, a, m: resources.post_list(c, a, thread_id=m.thread.id),
    "post": lambda c, a, m: resources.post_named(c, a, post_id=m.reply.id),
    "place of a post": lambda c, a, m: pages.post_place(c, a, post_id=m.reply.id),
    "versions": lambda c, a, m: resources.version_list(c, a, post_id=m.reply.id),
    "source": lambda c, a, m: versions.source_of(c, a, post_id=m.reply.id),
    "source of the opening": lambda c, a, m: versions.opening_source(c, a, thread_id=m.thread.id),
    "article": lambda c, a, m: articles.article_page(c, a, article_id=_article(c, m)),
}


def _article(connection: Connection, mill: Mill) -> int:
    table = Article.__table__
    return int(connection.execute(table.select().where(table.c.thread_id == mill.thread.id)).one().id)


def told(what: Any) -> str:
    return msgspec.json.encode(what, enc_hook=repr).decode().lower()


@pytest.mark.parametrize("surface", [*LISTS, *FOR_ALL])
def test_a_list_tells_nothing_of_it(database: Database, mill: Mill, surface: str) -> None:
    with database.reading() as connection:
        for who, actor in mill.outsiders.items():
            found = told((LISTS | FOR_ALL)[surface](connection, actor, mill))
            # what was asked for is said again, which tells nothing
            assert CANARY not in found.replace(f'"tag":"{CANARY}"', "").replace(f'"{CANARY[:-1]}"', ""), who


@pytest.mark.parametrize("surface", LISTS)
def test_a_list_tells_its_own_people(database: Database, mill: Mill, surface: str) -> None:
    with database.reading() as connection:
        for actor in (mill.insider, SYSTEM):
            found = told(LISTS[surface](connection, actor, mill))
            counted = surface == "profile" and '"answers"' not in found  # a profile counts, and names nothing
            assert counted or CANARY in found


@pytest.mark.parametrize("surface", ONES)
def test_what_stands_there_is_not_to_be_found(database: Database, mill: Mill, surface: str) -> None:
    with database.reading() as connection:
        for who, actor in mill.outsiders.items():
            with pytest.raises(NotFound) as refusal:
                ONES[surface](connection, actor, mill)
            assert CANARY not in str(refusal.value), who
        for actor in (mill.insider, SYSTEM):
            assert ONES[surface](connection, actor, mill) is not None


def test_a_profile_counts_what_its_reader_finds(database: Database, mill: Mill) -> None:
    with database.reading() as connection:
        counts = {who: LISTS["profile"](connection, actor, mill).answers for who, actor in mill.outsiders.items()}
        assert set(counts.values()) == {0}
        assert LISTS["profile"](connection, mill.insider, mill).answers == 2


def test_news_of_it_do_not_reach_who_left(database: Database, mill: Mill) -> None:
    former = mill.outsiders["former insider"]
    with database.reading() as connection:
        assert (news.news_list(connection, former).items, news.unread_count(connection, former)) == ((), 0)
        assert CANARY in told(news.news_list(connection, mill.author))


def test_a_moderator_who_does_not_see_it_finds_nothing_to_decide(database: Database, mill: Mill) -> None:
    moderator = mill.outsiders["moderator"]
    with database.reading() as connection:
        assert CANARY not in told(queue.queue_list(connection, moderator))
        assert CANARY in told(queue.queue_list(connection, SYSTEM))
        for kind, target in (("post", mill.reply.id), ("thread", mill.thread.id)):
            with pytest.raises(NotFound):
                queue.case_page(connection, moderator, kind=kind, target_id=target)


def test_nothing_of_it_leaves_for_the_company(database: Database, mill: Mill) -> None:
    with database.transaction() as session:
        for kind, local_id in (("case", mill.thread.id), ("idea", mill.idea.id)):
            assert document_of(session, kind, local_id, base_url="") is None  # type: ignore[arg-type]
        assert document_of(session, "article", _article(session.connection(), mill), base_url="") is None


ACTS: dict[str, Callable[[Session, Actor, Mill], Any]] = {
    "reply": lambda s, a, m: replying.reply(s, a, thread_id=m.thread.id, body=make.REPLY),
    "comment": lambda s, a, m: replying.comment(s, a, post_id=m.reply.id, body=make.REPLY),
    "edit": lambda s, a, m: editing.edit_post(s, a, post_id=m.reply.id, body=make.REPLY, comment="so"),
    "retag": lambda s, a, m: editing.edit_thread(s, a, thread_id=m.thread.id, tags=["x"]),
    "delete": lambda s, a, m: editing.delete_post(s, a, post_id=m.reply.id),
    "vote": lambda s, a, m: voting.vote(s, a, post_id=m.reply.id, value=1),
    "accept": lambda s, a, m: answers.accept(s, a, post_id=m.reply.id),
    "withdraw": lambda s, a, m: answers.withdraw(s, a, thread_id=m.thread.id),
    "flag": lambda s, a, m: raise_flag(s, a, post_id=m.reply.id, reason="other"),
    "hide": lambda s, a, m: decided(s, a, "hide-post", m.reply),
    "reopen": lambda s, a, m: decided(s, a, "reopen-thread", m.thread),
}


@pytest.mark.parametrize("act", ACTS)
def test_nobody_acts_on_what_they_do_not_see(session: Session, mill: Mill, act: str) -> None:
    for actor in (*mill.outsiders.values(), make.member(session, privileges=("post:edit-any", "thread:close"))):
        if actor.is_signed_in:
            with pytest.raises(NotFound):
                ACTS[act](session, actor, mill)


def test_nobody_opens_where_they_do_not_see(session: Session, mill: Mill) -> None:
    for actor in mill.outsiders.values():
        with pytest.raises(Exception) as refusal:
            make.thread(session, actor, mill.place)
        assert CANARY not in str(refusal.value)
        with pytest.raises(NotFound):
            categories.by_slug(session, actor, mill.place.slug)


def test_where_some_may_speak_the_others_read(session: Session) -> None:
    group = groups.create(session, SYSTEM, name="Speakers")
    listener_group = groups.create(session, SYSTEM, name="Listeners")
    speaker, listener = _inside(session, group.id), _inside(session, listener_group.id)
    place = make.category(
        session, openers=GROUPS, repliers=GROUPS, groups=[Admitted(group.id), Admitted(listener_group.id, False, False)]
    )
    speaker, listener = (actor_of(session, each.member_id) for each in (speaker, listener))
    thread = make.thread(session, speaker, place)
    for silent in (listener, make.member(session), make.staff(session), make.moderator(session)):
        assert pages.thread_page(session.connection(), silent, thread_id=thread.id).head.id == thread.id
        with pytest.raises(NotAllowed, match="certain groups"):
            make.thread(session, silent, place)
        with pytest.raises(NotAllowed, match="not everybody who reads"):
            make.reply(session, thread, silent)
    make.reply(session, thread, speaker)
    make.reply(session, thread, make.administrator(session))


def test_leaving_a_group_holds_from_the_next_look(session: Session) -> None:
    group = groups.create(session, SYSTEM, name="Mill owners")
    anna = _inside(session, group.id)
    place = make.category(session, audience=GROUPS, groups=[Admitted(group.id)])
    anna = actor_of(session, anna.member_id)
    thread = make.thread(session, anna, place)
    groups.remove(session, SYSTEM, group_id=group.id, handle=anna.handle)
    # even with what was known of her before: that she belongs is asked of the database
    with pytest.raises(NotFound):
        make.reply(session, thread, anna)


def counted(session: Session) -> int:
    return session.query(Tag).filter_by(name_key="valve").one().thread_count


def test_a_tag_counts_what_everybody_finds(session: Session) -> None:
    house, square = make.category(session, audience=1), make.category(session)
    thread = make.thread(session, make.administrator(session), house, tags=["valve"])
    shown = make.thread(session, place=square, tags=["valve"])
    session.expire_all()
    assert counted(session) == 1
    editing.edit_thread(session, make.administrator(session), thread_id=thread.id, category=square.slug)
    session.expire_all()
    assert counted(session) == 2
    decided(session, make.moderator(session), "hide-thread", shown)
    session.expire_all()
    assert counted(session) == 1
    change_category(session, SYSTEM, text="Not for everybody.", category_id=square.id, audience=1)
    session.expire_all()
    assert counted(session) == 0
    categories.edit(session, SYSTEM, category_id=square.id, audience=PUBLIC)
    session.expire_all()
    assert counted(session) == 1


def test_a_history_does_not_name_the_place_that_a_thread_came_from(session: Session) -> None:
    house, square = make.category(session, slug=f"{CANARY}-house", audience=1), make.category(session)
    asker = make.member(session)
    thread = make.thread(session, asker, house)
    editing.edit_thread(session, asker, thread_id=thread.id, category=square.slug)
    opening = make.opening(session, thread)
    history = resources.version_list(session.connection(), ANONYMOUS, post_id=opening.id)
    assert [version.comment for version in history.items] == ["", f"→ {square.slug}"]
