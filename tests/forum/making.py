"""People, categories, threads and posts for tests. Everything has a sensible default; a test spells out what matters to it."""

from itertools import count
from typing import Any

from sqlalchemy.orm import Session

from forum.ideas import proposing
from forum.kernel.access import Actor
from forum.kernel.clock import now
from forum.members.actors import SYSTEM, actor_of
from forum.members.tables import FIRST_PRIVILEGES, Affiliation, Member
from forum.threads import categories, replying
from forum.threads.tables import Category, Post, Thread
from forum.visibility import DecisionId

_numbers = count(1)
TITLE = "The grinder stops after ten seconds"
BODY = "It runs for ten seconds, then it stops and the light blinks twice."
REPLY = "Clean the chute: when it is blocked the motor protects itself."


def member(
    session: Session, *, role: str = "member", team: str = "", privileges: tuple[str, ...] = (), **fields: Any
) -> Actor:
    """A member who may do what their role and `privileges` bring; with a team, one of the company."""
    handle = fields.pop("handle", f"person{next(_numbers)}")
    person = Member(
        handle=handle, handle_key=handle, name=handle.title(), role=role, created_at=now(),
        privileges=[*FIRST_PRIVILEGES, *privileges], **fields,
    )  # fmt: skip
    session.add(person)
    session.flush()
    if team:
        session.add(Affiliation(member_id=person.id, team=team, title="Engineer", proof="command line", since=now()))
        session.flush()
    return actor_of(session, person.id)


def staff(session: Session, team: str = "Support", **fields: Any) -> Actor:
    return member(session, team=team, **fields)


def moderator(session: Session) -> Actor:
    return member(session, role="moderator")


def administrator(session: Session) -> Actor:
    return member(session, role="administrator")


def category(session: Session, **fields: Any) -> Category:
    slug = f"place-{next(_numbers)}"
    defaults = {"slug": slug, "name": slug.title(), "kinds": ["question", "idea", "discussion", "announcement"]}
    return categories.create(session, SYSTEM, **(defaults | fields))


def thread(session: Session, author: Actor | None = None, place: Category | None = None, **fields: Any) -> Thread:
    author = author or member(session)
    place = place or category(session)
    defaults = {"kind": "question", "title": TITLE, "body": BODY, "category": place.slug}
    return proposing.open_any(session, author, **(defaults | fields))


def reply(session: Session, on: Thread, author: Actor | None = None, **fields: Any) -> Post:
    author = author or member(session)
    return replying.reply(session, author, thread_id=on.id, **({"body": REPLY} | fields))


def opening(session: Session, of: Thread) -> Post:
    from forum.threads.finding import opening_post

    return opening_post(session, of)


def decision(session: Session) -> DecisionId:
    """An entry of the public log, as moderation would have written it just before."""
    from moderation.tables import Decision

    number = next(_numbers)
    entry = Decision(
        number=number, previous=bytes(32), hash=bytes(32), at=now(), action="hide", rule="kindness",
        reason_code="rude", role="moderator", target_kind="post", commitment=bytes(32),
    )  # fmt: skip
    session.add(entry)
    session.flush()
    return DecisionId(entry.id)


def facts(session: Session) -> list[str]:
    """The kinds of what was recorded in the outbox, in order."""
    from sqlalchemy import select

    from forum.kernel.outbox import OutboxEvent

    return list(session.scalars(select(OutboxEvent.kind).order_by(OutboxEvent.id)))
