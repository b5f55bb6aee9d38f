"""The people of another community become members without credentials: nobody can sign in as them."""

import unicodedata
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from slugify import slugify
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.exchange import sources
from forum.exchange.bodies import Body
from forum.kernel import bulk
from forum.kernel.clock import now
from forum.members.keys import RESERVED, handle_key
from forum.members.tables import FIRST_PRIVILEGES, Member

# Whoever the source does not name: people whose account was deleted there, and visitors.
NOBODY = "nobody"
# The site's own user, which edits and asks as a program.
PROGRAM = -1
_NAME_LENGTH = 60
_HANDLE_LENGTH = 30
_M = Member.__table__.c


class Person(msgspec.Struct, frozen=True):
    """What is needed to make a member. `key` is the id there, or `NOBODY`."""

    key: str
    name: str
    since: datetime
    bio: Body = Body("", "")
    # What they were called in addresses; made from the name where there is none.
    handle: str = ""
    is_program: bool = False


def stranger(host: str, user_id: int | None, name: str | None, seen_at: datetime) -> Person:
    """Somebody who wrote, but of whom the source tells no more."""
    if user_id is None:
        return nobody(host, seen_at)
    return Person(key=str(user_id), name=name or f"user{user_id}", since=seen_at, is_program=user_id == PROGRAM)


def nobody(host: str, seen_at: datetime) -> Person:
    """Whoever is not named."""
    return Person(key=NOBODY, name=host, since=seen_at)


def add_people(session: Session, host: str, people: Sequence[Person]) -> dict[str, int]:
    """Make members of people who are not there yet; returns their ids by key."""
    handles = _handles(session, people)
    rows = [_member(person, handle) for person, handle in zip(people, handles, strict=True)]
    ids = bulk.add_numbered(session, Member, rows)
    added = {person.key: member_id for person, member_id in zip(people, ids, strict=True)}
    sources.remember(session, host, sources.USER, added)
    return added


def members_of(session: Session, host: str, people: Iterable[Person]) -> dict[str, int]:
    """The member of each person by key; strangers are made on the way, as they were when first seen."""
    by_key: dict[str, Person] = {}
    for person in sorted(people, key=lambda person: person.since):
        by_key.setdefault(person.key, person)
    found = sources.known(session, host, sources.USER, by_key)
    return found | add_people(session, host, [person for key, person in by_key.items() if key not in found])


def names_of(session: Session, member_ids: Iterable[int]) -> dict[int, str]:
    """The names that members go by here."""
    rows = session.execute(select(_M.id, _M.name).where(_M.id.in_(sorted(set(member_ids)))))
    return {row.id: row.name for row in rows}


def _member(person: Person, handle: str) -> dict[str, Any]:
    return {
        "handle": handle,
        "handle_key": handle_key(handle),
        "name": _name(person),
        "bio": person.bio.source,
        "bio_html": person.bio.html,
        "privileges": list(FIRST_PRIVILEGES),
        "is_bot": person.is_program,
        "is_imported": True,
        "created_at": person.since,
        "deleted_at": now() if person.key == NOBODY else None,
    }


def _name(person: Person) -> str:
    """The display name on one line, without what cannot be seen."""
    seen = "".join(char for char in person.name if unicodedata.category(char)[0] != "C" or char.isspace())
    name = " ".join(unicodedata.normalize("NFC", seen).split())
    return name[:_NAME_LENGTH].strip() or f"user{person.key}"


def _handles(session: Session, people: Sequence[Person]) -> list[str]:
    """A handle for each that nobody has: the name's letters, with the id behind them where they are taken."""
    wanted = [_plain_handle(person) for person in people]
    numbered = [_with_suffix(handle, _told(person)) for handle, person in zip(wanted, people, strict=True)]
    taken = set(session.scalars(select(_M.handle_key).where(_M.handle_key.in_({*wanted, *numbered})))) | RESERVED
    handles = []
    for first, second in zip(wanted, numbered, strict=True):
        handle, turn = first if first not in taken else second, 1
        while handle in taken or (turn > 1 and _is_taken(session, handle)):
            turn += 1
            handle = _with_suffix(second, str(turn))
        taken.add(handle)
        handles.append(handle)
    return handles


def _plain_handle(person: Person) -> str:
    handle = slugify(person.handle or _name(person), max_length=_HANDLE_LENGTH)
    return handle if len(handle) > 1 else f"user{_told(person)}"


def _told(person: Person) -> str:
    """What tells somebody from others of the same name: the id there, if it is one."""
    return person.key.lstrip("-") if person.key.lstrip("-").isdecimal() else "2"


def _with_suffix(handle: str, suffix: str) -> str:
    return f"{handle[: _HANDLE_LENGTH - len(suffix) - 1].rstrip('-')}-{suffix}"


def _is_taken(session: Session, handle: str) -> bool:
    return session.scalar(select(_M.id).where(_M.handle_key == handle_key(handle))) is not None
