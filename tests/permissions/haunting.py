"""Canaries: words of our own, one for each field of each private thing, and who may hear which."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta

from sqlalchemy.orm import Session

from crm_sync import connections
from crm_sync.tables import CrmDelivery
from forum.articles.tables import Article
from forum.kernel import clock
from forum.kernel.access import Actor
from forum.kernel.clock import now
from forum.kernel.errors import Text
from forum.members import audit, inviting, signing_in, tokens
from forum.members.actors import SYSTEM
from forum.members.tables import MailAddress
from forum.threads import answers, editing, replying
from forum.threads.tables import Category, Post, Thread
from moderation import flagging
from moderation.decisions import Ruling, decide
from tests.crm_sync import make as crm
from tests.forum import making as make
from tests.permissions.world import AUDIENCES, Parts, World, narrowed
from web.policy.states import STATES
from web.policy.table import sees

PRIVATE = ("members", "group", "staff", "hidden thread", "hidden post", "deleted post")


@dataclass
class Canaries:
    """Each word with the names of those who may come across it, and the addresses of the things that hold them."""

    readers: dict[str, frozenset[str]] = field(default_factory=dict)
    parts: list[Parts] = field(default_factory=list)

    def word(self, *names: str, readers: frozenset[str]) -> str:
        """A new canary, a word that a search finds, an address spells and a tag bears."""
        made = "canary" + "".join(names).replace(" ", "")
        self.readers[made] = readers
        return made

    def kept_from(self, name: str) -> list[str]:
        return [word for word, readers in self.readers.items() if name not in readers]


def haunted(session: Session, world: World, secret_key: str) -> Canaries:
    """Fill the world with private things."""
    canaries = Canaries()
    with clock.at(now() - timedelta(days=1)):
        for state in PRIVATE:
            canaries.parts.append(_discussion(session, world, canaries, state))
    canaries.parts += [_unpublished(session, world, canaries, state) for state in ("draft", "withdrawn")]
    _personal(session, world, canaries)
    _administrative(session, world, canaries, secret_key)
    return canaries


def _readers(world: World, state: str) -> frozenset[str]:
    """Those who see it, by the table."""
    (found,) = [one for one in STATES if one.name == state]
    return frozenset(person.name for person in world.people.values() if sees(found, person.relations, person.scopes))


@dataclass(frozen=True)
class _Stage:
    """One state in the making: `seeing` see the reply, `around` the thread about it, `placed` the category."""

    session: Session
    world: World
    canaries: Canaries
    state: str
    seeing: frozenset[str]
    around: frozenset[str]
    placed: frozenset[str]

    def say(self, what: str, readers: frozenset[str]) -> str:
        return self.canaries.word(self.state, what, readers=readers)

    def actor(self, name: str) -> Actor:
        return self.world.people[name].actor


def _stage(session: Session, world: World, canaries: Canaries, state: str) -> _Stage:
    everybody, seeing = frozenset(world.people), _readers(world, state)
    around = everybody if state in ("hidden post", "deleted post") else seeing
    placed = seeing if state in AUDIENCES else everybody
    if state == "deleted post":
        seeing = frozenset(name for name in world.people if name.startswith(("author", "moderator", "administrator")))
    return _Stage(session, world, canaries, state, seeing, around, placed)


def _discussion(session: Session, world: World, canaries: Canaries, state: str) -> Parts:
    """A category, a thread with everything that can hang on one, an idea and an article, which then come into the state."""
    on = _stage(session, world, canaries, state)
    place = make.category(
        session, slug=on.say("slug", on.placed), name=on.say("category", on.placed), description=f"About {on.say('about', on.placed)}.",
    )  # fmt: skip
    article = _article(
        session, place, f"How the {on.say('article', on.placed)} works", f"It turns with {on.say('contents', on.placed)}.", "published"
    )  # fmt: skip
    made: Parts = {
        "state": state, "category_slug": place.slug, "category_id": place.id, "article_id": article.id, "article_slug": article.slug,
        "tag": f"canary{state.replace(' ', '')}tag", **_question(on, place), **_idea(on, place),
    }  # fmt: skip
    narrowed(session, world.people, state, [place.slug], int(world.house["group_id"]))
    _into(session, state, made, on.actor("moderator"), on.actor("author"))
    return made


def _question(on: _Stage, place: Category) -> Parts:
    session, asker, around = on.session, on.actor("asker"), on.around
    thread = make.thread(
        session, asker, place, title=f"Why does the {on.say('title', around)} hum", tags=[on.say("tag", around)],
        body=f"Since Monday the {on.say('first', around)} hums at night.",
    )  # fmt: skip
    opening = make.opening(session, thread)
    body = f"Since Monday the {on.say('body', around)} hums at night."
    editing.edit_post(session, asker, post_id=opening.id, body=body, comment=on.say("edit", around))
    post = _reply(on, thread)
    replying.comment(session, on.actor("member"), post_id=post.id, body=f"The {on.say('remark', around)} is mine too.")
    marked = make.reply(session, thread, on.actor("staff"), body=f"The {on.say('company', around)} must be new.")
    answers.accept(session, asker, post_id=marked.id)
    return {"thread_id": thread.id, "thread_slug": thread.slug, "opening_id": opening.id, "post_id": post.id}


def _reply(on: _Stage, thread: Thread) -> Post:
    """A reply that was edited, where it is not taken back, and that somebody reported."""
    session, author = on.session, on.actor("author")
    post = make.reply(session, thread, author, body=f"Try the {on.say('reply', on.seeing)} first of all.")
    if on.state != "deleted post":
        body = f"Try the {on.say('better', on.seeing)} first of all."
        editing.edit_post(session, author, post_id=post.id, body=body, comment=on.say("why", on.seeing))
    note = f"Says {on.say('note', _moderating(on.world) & on.seeing)}."
    flagging.raise_flag(session, on.actor("trusted"), post_id=post.id, reason="abuse", note=note)
    return post


def _idea(on: _Stage, place: Category) -> Parts:
    """An idea that the company has answered, and that a moderator closed."""
    session, around = on.session, on.around
    title, body = f"A quieter {on.say('idea', around)} please", f"With {on.say('wish', around)}."
    idea = make.thread(session, on.actor("asker"), place, kind="idea", title=title, body=body)
    said = Ruling(
        action="idea-status", target_kind="thread", target_id=idea.id, text=f"Because of the {on.say('status', around)}.",
        status="planned", comment=f"In spring, with {on.say('response', around)}.",
    )  # fmt: skip
    decide(session, on.actor("staff"), said)
    _rule(
        session,
        on.actor("moderator"),
        "close-thread",
        "thread",
        idea.id,
        f"It belongs to {on.say('closing', around)}, which is full.",
    )
    return {"idea_id": idea.id, "idea_slug": idea.slug}


def _moderating(world: World) -> frozenset[str]:
    return frozenset(
        person.name
        for person in world.people.values()
        if person.relations & {"category-moderator", "moderator", "administrator"}
        and "moderate" in person.scopes
        and "suspended" not in person.relations
    )


def _rule(session: Session, by: Actor, action: str, kind: str, target_id: int, text: str) -> None:
    decide(session, by, Ruling(action=action, target_kind=kind, target_id=target_id, text=text))


def _into(session: Session, state: str, made: Parts, moderator: Actor, author: Actor) -> None:
    if state == "hidden thread":
        for part in ("thread_id", "idea_id"):
            _rule(session, moderator, "hide-thread", "thread", int(made[part]), "It had to be so, alas.")
    elif state == "hidden post":
        _rule(session, moderator, "hide-post", "post", int(made["post_id"]), "It had to be so, alas.")
    elif state == "deleted post":
        editing.delete_post(session, author, post_id=int(made["post_id"]))


def _article(session: Session, place: Category, title: str, body: str, state: str) -> Article:
    made = Article(
        category_id=place.id, title=title, slug=title.lower().replace(" ", "-"), source=body, html=f"<p>{body}</p>", renderer=1,
        state=state, created_at=now(), changed_at=now(), published_at=now() if state == "published" else None,
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def _unpublished(session: Session, world: World, canaries: Canaries, state: str) -> Parts:
    readers = _readers(world, "draft")
    title, body = (canaries.word(state, what, readers=readers) for what in ("title", "body"))
    place = make.category(session)
    made = _article(session, place, f"What the {title} does", f"It does {body} and no more.", state)
    return {
        "state": state,
        "article_id": made.id,
        "article_slug": made.slug,
        "category_slug": place.slug,
        "category_id": place.id,
    }


def _personal(session: Session, world: World, canaries: Canaries) -> None:
    """What belongs to the asker alone, and to whoever runs the installation where it is told."""
    asker = world.people["asker"].actor
    member_id = asker.member_id or 0
    own = frozenset(name for name in world.people if name.split(" by ")[0] == "asker")
    kept = own | {name for name in world.people if name.startswith("administrator")}
    tokens.create(session, asker, name=canaries.word("token", readers=own), scopes=["read"])
    signing_in.sign_in(session, member_id=member_id, user_agent=f"Mozilla/5.0 {canaries.word('browser', readers=own)}")
    address = f"{canaries.word('address', readers=kept)}@example.com"
    session.add(
        MailAddress(member_id=member_id, address=address, address_key=address, created_at=now(), verified_at=now())
    )


def _administrative(session: Session, world: World, canaries: Canaries, secret_key: str) -> None:
    readers = frozenset(name for name in world.people if name.startswith("administrator"))
    names = {
        what: canaries.word(what, readers=readers)
        for what in ("hook", "host", "subject", "detail", "why", "invitation")
    }
    nobody = canaries.word("secret", readers=frozenset())
    made = connections.connect(
        session, SYSTEM, name=names["hook"], connector="webhook", secret_key=secret_key, budget=60,
        config={"url": f"https://{names['host']}.example.com/"}, secret=nobody + "0" * 32,
    )  # fmt: skip
    session.add(_delivery(made.connection_id, session, names["why"]))
    audit.record(session, SYSTEM, "test", names["subject"], what=names["detail"])
    inviting.make(
        session,
        world.people["administrator"].actor,
        note=names["invitation"],
        role="member",
        group_id=None,
        most=1,
        days=7,
    )


def _delivery(connection_id: int, session: Session, why: str) -> CrmDelivery:
    from crm_sync.tables import packed

    asked = crm.question(session)
    said = packed(Text("The receiver answered %(status)s: %(said)s", status=422, said=why))
    return crm.delivery(
        connection_id=connection_id, local_id=asked.thread_id, state="parked", reason="refused", why=said, attempt=2
    )
