"""The world that every subject is sent through: people in every relation, and a thread with replies in every state."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from crm_sync import connections
from forum.articles.tables import Article
from forum.exchange import sources
from forum.kernel import clock
from forum.kernel.access import ANONYMOUS, GROUPS, MEMBERS, STAFF, Actor
from forum.kernel.clock import now
from forum.members import groups, inviting, signing_in, tokens
from forum.members.actors import SYSTEM, actor_of
from forum.members.consenting import PURPOSES
from forum.members.passwords import hashed
from forum.members.tables import (
    ApiToken,
    Credential,
    Identity,
    IdentityProvider,
    Invitation,
    MailAddress,
    MailDelivery,
    Member,
    SignIn,
)
from forum.threads import answers, categories, editing
from forum.threads.tables import Category, Thread
from moderation import flagging
from moderation.decisions import Ruling, change_category, decide
from tests.crm_sync import make as crm
from tests.forum import making as make
from web.policy.states import STATES

Parts = dict[str, int | str]
ALL: Final = frozenset({"read", "write", "moderate", "administer"})
PASSWORD: Final = "a sentence that nobody else says"
LONG_AGO: Final = timedelta(days=9)
"""Older than the week in which the choice of an answer is the asker's alone."""


@dataclass
class Person:
    """A subject: who, in which relations to every thing of this world, and with what they come."""

    name: str
    actor: Actor
    relations: frozenset[str]
    cookie: str = ""
    bearer: str = ""
    scopes: frozenset[str] = ALL
    csrf: str = ""
    own: dict[str, int | str] = field(default_factory=dict)

    @property
    def is_program(self) -> bool:
        return bool(self.bearer) and not self.cookie


@dataclass(frozen=True, kw_only=True)
class Thing:
    """What addresses and forms are made of, for one state."""

    state: str
    thread_id: int
    opening_id: int
    slug: str
    post_id: int
    accepted_id: int
    unsolved_id: int
    idea_id: int
    idea_slug: str
    category: str
    other: str
    article_id: int
    article_slug: str


@dataclass
class World:
    people: dict[str, Person]
    things: dict[str, Thing]
    house: Parts

    @property
    def tells(self) -> list[Parts]:
        """What addresses are made of, for all that is there."""
        public = {**asdict(self.things["public"]), "tag": "boiler"}
        named = {"thread_slug": "slug", "category_slug": "category"}
        return [self.house, public | {name: public[word] for name, word in named.items()}]


PROGRAMS: Final = (
    ("member", "read"), ("member", "read write"), ("author", "read"), ("author", "read write"), ("trusted", "read write"),
    ("trusted", "read write moderate"), ("staff", "read write"), ("asker", "read write"),
    ("staff", "read"), ("moderator", "read"), ("moderator", "read write"), ("moderator", "read moderate"),
    ("category-moderator", "read write"), ("category-moderator", "read moderate"), ("insider", "read write"),
    ("administrator", "read write moderate"), ("administrator", "read administer"), ("suspended moderator", "read write moderate"),
)  # fmt: skip
NOWHERE: Final = Thing(
    state="", thread_id=777_000_001, opening_id=777_000_006, slug="nowhere", post_id=777_000_002, accepted_id=777_000_003, unsolved_id=777_000_007, idea_id=777_000_004,
    idea_slug="nowhere", category="nowhere", other="nowhere", article_id=777_000_005, article_slug="nowhere",
)  # fmt: skip
AUDIENCES: Final = {"members": MEMBERS, "group": GROUPS, "staff": STAFF}
SPEAKERS: Final = {"group speaks": {"openers": GROUPS, "repliers": GROUPS}, "staff opens": {"openers": STAFF}}
_PRIVILEGES: Final = ("vote:down", "post:edit-any", "thread:retag", "thread:close")


def built(session: Session, secret_key: str) -> World:
    """Everything, in one transaction. What is older than a week is written then."""
    with clock.at(now() - LONG_AGO):
        people = _people(session)
        make.administrator(session)  # the last one may not leave
        house = _neighbours(session, people)
        things = {state.name: _thing(session, people, state.name, house) for state in STATES if state.name != "draft"}
        things["draft"] = _with_draft(session, things["public"])
    _imported(session, people, things)
    password_hash = hashed(PASSWORD)
    for person in people.values():
        _equip(session, person, password_hash)
    _suspend(session, people)
    people |= {person.name: person for person in _programs(session, people)}
    return World(people, things, house | _house(session, people, things, secret_key))


def _imported(session: Session, people: dict[str, Person], things: dict[str, Thing]) -> None:
    """As if all of it had come from elsewhere under the same names, so that old addresses lead to it."""
    places = session.execute(
        select(Category.slug, Category.id).where(Category.slug.in_(one.category for one in things.values()))
    )
    host = "forum.example.org"
    sources.remember(session, host, sources.SOFTWARE, {sources.DISCOURSE: 0})
    sources.remember(session, host, sources.CATEGORY, {row.slug: row.id for row in places})
    sources.remember(session, host, sources.THREAD, {one.thread_id: one.thread_id for one in things.values()})
    members = {one.actor.handle: one.actor.member_id for one in people.values() if one.actor.member_id is not None}
    sources.remember(session, host, sources.USER, members)


def _people(session: Session) -> dict[str, Person]:
    made = {
        "member": make.member(session), "asker": make.member(session), "author": make.member(session),
        "trusted": make.member(session, privileges=_PRIVILEGES), "insider": make.member(session), "staff": make.staff(session),
        "category-moderator": make.member(session), "elsewhere-moderator": make.member(session),
        "moderator": make.moderator(session), "administrator": make.administrator(session),
        "unverified": _unverified(session), "silenced": make.member(session, privileges=_PRIVILEGES),
        "suspended": make.member(session, privileges=_PRIVILEGES),
        "suspended moderator": make.member(session, role="moderator"),
        "suspended staff": make.staff(session),
    }  # fmt: skip
    people = {name: Person(name, actor, _relations(name)) for name, actor in made.items()}
    return {"anonymous": Person("anonymous", ANONYMOUS, frozenset({"anonymous"})), **people}


def _unverified(session: Session) -> Actor:
    """Somebody who has an address and has not confirmed it."""
    member = make.member(session)
    address = "unverified@example.com"
    session.add(MailAddress(member_id=member.member_id or 0, address=address, address_key=address, created_at=now()))
    session.flush()
    return actor_of(session, member.member_id)


def _neighbours(session: Session, people: dict[str, Person]) -> Parts:
    """A group, and somebody who moderates a category that nothing else happens in."""
    group = groups.create(session, SYSTEM, name="Pilots")
    session.flush()
    groups.add(session, SYSTEM, group_id=group.id, handle=people["insider"].actor.handle)
    make.category(session, moderators=[people["elsewhere-moderator"].actor.handle])
    return {"group_id": group.id}


def _relations(name: str) -> frozenset[str]:
    """Who is suspended moderates nothing, but stays of the company."""
    words = set(name.split())
    return frozenset({"member", *words} - ({"moderator"} if "suspended" in words else set()))


def _thing(session: Session, people: dict[str, Person], state: str, house: Parts) -> Thing:
    """A question with a reply and an accepted one, one that is not solved, and an idea, which then come into the state."""
    asker, author, moderator = (people[name].actor for name in ("asker", "author", "moderator"))
    place, other = make.category(session), make.category(session)
    question = make.thread(session, asker, place, tags=["boiler"])
    unsolved = make.thread(session, asker, place)
    post, accepted = make.reply(session, question, author), make.reply(session, question, author)
    idea = make.thread(session, asker, place, kind="idea", title="A boiler that says when it is warm")
    with clock.at(now() + timedelta(days=8)):
        answers.accept(session, moderator, post_id=accepted.id)
    flagging.raise_flag(session, make.member(session), post_id=post.id, reason="abuse", note="It is rude.")
    article = _article(session, place, question, "published")
    made = Thing(
        state=state, thread_id=question.id, opening_id=make.opening(session, question).id, slug=question.slug, post_id=post.id, accepted_id=accepted.id, unsolved_id=unsolved.id, idea_id=idea.id,
        idea_slug=idea.slug, category=place.slug, other=other.slug, article_id=article.id, article_slug=article.slug,
    )  # fmt: skip
    narrowed(session, people, state, [made.category, made.other], int(house["group_id"]))
    _into(session, state, made, moderator, author)
    return made


def narrowed(session: Session, people: dict[str, Person], state: str, slugs: list[str], group_id: int) -> None:
    """Give the categories their moderator, and let fewer see them or speak there, as the state wants."""
    changes: dict[str, Any] = {"audience": AUDIENCES[state]} if state in AUDIENCES else SPEAKERS.get(state, {})
    admitted = [categories.Admitted(group_id)] if GROUPS in changes.values() else []
    for category_id in session.scalars(select(Category.id).where(Category.slug.in_(slugs))).all():
        change_category(
            session, SYSTEM, text="Not for everybody.", category_id=category_id, groups=admitted,
            moderators=[people["category-moderator"].actor.handle], **changes,
        )  # fmt: skip


def _into(session: Session, state: str, thing: Thing, moderator: Actor, author: Actor) -> None:
    if state == "closed":
        for thread_id in (thing.thread_id, thing.unsolved_id, thing.idea_id):
            _decided(session, moderator, "close-thread", "thread", thread_id)
    elif state == "hidden thread":
        for thread_id in (thing.thread_id, thing.unsolved_id, thing.idea_id):
            _decided(session, moderator, "hide-thread", "thread", thread_id)
    elif state == "hidden post":
        _decided(session, moderator, "hide-post", "post", thing.post_id)
        _decided(session, moderator, "hide-post", "post", thing.accepted_id)
    elif state == "deleted post":
        editing.delete_post(session, author, post_id=thing.post_id)


def _decided(session: Session, moderator: Actor, action: str, kind: str, target_id: int) -> None:
    decide(
        session, moderator, Ruling(action=action, target_kind=kind, target_id=target_id, text="It had to be so, alas.")
    )


def _article(session: Session, place: Category, about: Thread, state: str) -> Article:
    made = Article(
        category_id=place.id, thread_id=about.id, title="How to warm a boiler", slug="how-to-warm-a-boiler", source="Slowly.",
        html="<p>Slowly.</p>", renderer=1, state=state, created_at=now(), changed_at=now(), published_at=now(),
    )  # fmt: skip
    session.add(made)
    session.flush()
    return made


def _with_draft(session: Session, public: Thing) -> Thing:
    place = make.category(session)
    draft = _article(session, place, make.thread(session, None, place), "draft")
    return replace(public, state="draft", article_id=draft.id)


def _equip(session: Session, person: Person, password_hash: str) -> None:
    """A session, a token for everything, and a second of each to be ended."""
    person.own = {"sign_in_id": 1, "token_id": 1}
    if person.actor.member_id is None:
        return
    member_id = person.actor.member_id
    person.cookie = signing_in.sign_in(session, member_id=member_id)
    person.bearer = tokens.create(session, person.actor, name="A program", scopes=sorted(ALL))
    session.add(Credential(member_id=member_id, password_hash=password_hash, changed_at=now()))
    signing_in.sign_in(session, member_id=member_id)
    tokens.create(session, person.actor, name="Another program", scopes=["read"])
    session.flush()
    for part, table in (("sign_in_id", SignIn), ("token_id", ApiToken)):
        person.own[part] = session.scalars(select(table.id).where(table.member_id == member_id)).all()[-1]


def _programs(session: Session, people: dict[str, Person]) -> Iterator[Person]:
    """Tokens that are good for less than their owner."""
    for name, words in PROGRAMS:
        owner = people[name]
        scopes = words.split()
        bearer = tokens.create(session, owner.actor, name="A smaller program", scopes=scopes)
        yield Person(
            f"{name} by a token to {words}",
            owner.actor,
            owner.relations,
            bearer=bearer,
            scopes=frozenset(scopes),
            own=owner.own,
        )


def _suspend(session: Session, people: dict[str, Person]) -> None:
    for person in people.values():
        if person.relations & {"suspended", "silenced"}:
            until = now() + timedelta(days=30)
            session.execute(
                update(Member)
                .where(Member.id == person.actor.member_id)
                .values({f"{person.name.split()[0]}_until": until})
            )
            person.actor = actor_of(session, person.actor.member_id)


def _invitation(session: Session) -> int:
    inviting.make(session, SYSTEM, note="Friends")
    return session.scalars(select(Invitation.id)).one()


def _house(session: Session, people: dict[str, Person], things: dict[str, Thing], secret_key: str) -> Parts:
    """What is there once."""
    given = {"url": "https://crm.example.com/hook"}
    made = connections.connect(
        session, SYSTEM, name="hook", connector="webhook", config=given, secret_key=secret_key, budget=60
    )
    row = crm.delivery(
        connection_id=made.connection_id,
        local_id=things["public"].thread_id,
        state="parked",
        reason="refused",
        attempt=2,
    )
    # A private address, which is refused without a call: so it can be tested where nothing answers.
    provider = IdentityProvider(
        slug="desk", name="Desk", issuer="http://127.0.0.1:9", client_id="loggia", created_at=now()
    )  # fmt: skip
    mail = MailDelivery(
        kind="verify",
        address="nils@post.example",
        cause="parked",
        state="parked",
        not_before=now(),
        created_at=now(),
        settled_at=now(),
    )
    session.add_all([row, provider, mail])
    session.flush()
    identity = Identity(
        member_id=people["member"].actor.member_id or 0, provider_id=provider.id, issuer=provider.issuer, subject="m",
        linked_at=now(),
    )  # fmt: skip
    session.add(identity)
    session.flush()
    return {
        "category_id": session.scalars(select(Category.id).where(Category.slug == things["public"].category)).one(),
        "connection_id": made.connection_id, "provider_id": provider.id, "identity_id": identity.id, "delivery_id": row.id, "mail_id": mail.id, "number": 1, "handle": people["member"].actor.handle,
        "key": "boiler", "name": "boiler", "step": "mail", "purpose": next(iter(PURPOSES)), "group_id": groups.create(session, SYSTEM, name="Friends").id, "invitation_id": _invitation(session), "unconfirmed": people["unverified"].actor.handle,
    }  # fmt: skip
