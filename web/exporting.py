"""Everything that is kept about one person, as files they can take along: gathered over all floors, so it is put together here.

Keys, passwords and what only looks like data (hashes, leases) stay out. What others wrote, and who voted or reported, is theirs.
"""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator
from io import RawIOBase
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple

import msgspec
from sqlalchemy import BigInteger, Connection, String, Table, bindparam, case, cast, literal, or_, select, tuple_
from sqlalchemy.sql import Select

from crm_sync.pages import OWN_SHARES
from crm_sync.tables import Connection as Connections
from crm_sync.tables import RemoteLink
from forum.ideas.tables import IdeaStatusChange
from forum.kernel.access import Actor, require
from forum.kernel.db import Database
from forum.members import avatars
from forum.members.belonging import SECOND_ACCOUNT
from forum.members.policies import may_sign_in_settings
from forum.members.tables import (
    Affiliation,
    ApiToken,
    AuditEntry,
    Consent,
    Credential,
    Group,
    GroupMember,
    Identity,
    ImportedBadge,
    MailAddress,
    MailDelivery,
    Member,
    SignIn,
)
from forum.notifications.tables import Notification
from forum.threads.tables import Acceptance, Category, MeToo, OfficialMark, Post, Revision, Subscription, Thread, Vote
from forum.visibility import as_seen_by, category_seen, visible_to
from moderation.tables import Decision, DecisionText, Flag
from reputation.tables import LedgerEntry

_ME: Final = bindparam("member_id", type_=BigInteger)
_AT_ONCE = 500  # rows that are in memory at one time
_PLAIN = msgspec.json.Encoder()


class _Rows(NamedTuple):
    """A file's rows: the first portion of them, and each that comes after a row with given keys."""

    first: Select[Any]
    after: Select[Any]
    keys: tuple[str, ...]


def _by(found: Select[Any], *keys: Any) -> _Rows:
    """Rows in the order of their keys, which travel along under names of their own and stay out of the file."""
    names = tuple(f"key_{number}" for number in range(len(keys)))
    first = found.add_columns(*(key.label(name) for key, name in zip(keys, names, strict=True)))
    first = first.order_by(*keys).limit(_AT_ONCE)
    last = [bindparam(name, type_=key.type) for key, name in zip(keys, names, strict=True)]
    return _Rows(first, first.where(tuple_(*keys) > tuple_(*last)), names)


def _of(entity: Any, *names: str, by: str = "member_id") -> _Rows:
    """The named columns of the person's own rows."""
    table: Table = entity.__table__
    own = table.c[by] == _ME
    keys = [column for column in table.primary_key if column.name != by]
    return _by(select(*(table.c[name] for name in names)).where(own), *(keys or table.primary_key))


_T, _P, _C, _D, _X, _G, _GM = (
    table.__table__.c for table in (Thread, Post, Category, Decision, DecisionText, Group, GroupMember)
)
# Titles and reasons are words of others, and the place may be closed to the reader by now: only what they see today.
_TITLE = case((or_(_T.author_id == _ME, visible_to(_T, _C)), _T.title)).label("title")
_PLACE = case((category_seen(_C), _C.slug)).label("category")
_POSTS: Select[Any] = (
    select(
        _P.id, _P.thread_id, _P.number, _TITLE, _T.kind, _PLACE, _P.source, _P.is_comment, _P.locale,
        _P.created_at, _P.edited_at, _P.deleted_at, _P.hidden_at, _P.up, _P.down, _P.accepted_at, _P.official_at,
        _P.is_company, _P.badge_team, _P.badge_title, _P.badge_kind, _P.badge_is_confirmed,
    )
    .join_from(Post.__table__, Thread.__table__, _T.id == _P.thread_id)
    .join(Category.__table__, _C.id == _T.category_id)
    .where(_P.author_id == _ME)
)  # fmt: skip
_REASON = case((or_(_D.target_kind == "member", visible_to(_T, _C)), _X.text)).label("text")
_DECISIONS: Select[Any] = (
    select(_D.number, _D.at, _D.action, _D.rule, _D.reason_code, _D.role, _D.automated, _D.target_kind, _REASON)
    .join_from(Decision.__table__, DecisionText.__table__, _X.decision_id == _D.id)
    .outerjoin(Thread.__table__, _T.id == _X.thread_id)
    .outerjoin(Category.__table__, _C.id == _T.category_id)
    .where(_X.about_member_id == _ME)
)
_GROUPS: Select[Any] = (
    select(_G.name, _GM.since, _GM.source)
    .join(GroupMember.__table__, _GM.group_id == _G.id)
    .where(_GM.member_id == _ME)
)
_DECIDED: Select[Any] = (
    select(_D.number, _D.at, _D.action, _D.rule, _D.reason_code, _D.role, _D.target_kind)
    .join_from(Decision.__table__, DecisionText.__table__, _X.decision_id == _D.id)
    .where(_X.by_member_id == _ME)
)
_R, _L = AuditEntry.__table__.c, RemoteLink.__table__.c
_ABOUT_ME: Final = _R.subject == literal("member:") + cast(_ME, String)
# What was noticed about a second account names somebody else, too.
_RECEIPTS: Select[Any] = select(
    _R.at, _R.action, _R.subject, _R.voice, case((_R.action != SECOND_ACCOUNT, _R.detail)).label("detail")
).where(or_(_R.member_id == _ME, _ABOUT_ME))
_SHARED: Select[Any] = OWN_SHARES.with_only_columns(
    _L.kind, Connections.__table__.c.name.label("connection"), _L.updated_at.label("at"), _T.id.label("thread_id")
)
_FILES: tuple[tuple[str, _Rows], ...] = (
    (
        "profile",
        _of(
            Member, "id", "handle", "name", "role", "locale", "time_zone", "bio", "points", "trust_level", "privileges",
            "is_bot", "is_imported", "is_unlisted", "hides_activity", "created_at", "silenced_until", "suspended_until",
            by="id",
        ),
    ),
    ("addresses", _of(MailAddress, "address", "verified_at", "created_at")),
    ("password", _of(Credential, "changed_at")),
    ("sessions", _of(SignIn, "user_agent", "created_at", "last_seen_at", "expires_at", "revoked_at")),
    ("tokens", _of(ApiToken, "name", "scopes", "created_at", "expires_at", "last_used_at", "revoked_at")),
    ("identities", _of(Identity, "issuer", "subject", "address", "linked_at", "last_used_at")),
    ("consents", _of(Consent, "purpose", "is_given", "at")),
    ("groups", _by(_GROUPS, _G.id)),
    ("affiliations", _of(Affiliation, "team", "title", "kind", "proof", "since", "until")),
    ("badges", _of(ImportedBadge, "name", "grade", "awarded_at")),
    ("mails", _of(MailDelivery, "kind", "address", "state", "created_at", "settled_at")),
    ("posts", _by(_POSTS, _P.id)),
    ("versions", _of(Revision, "post_id", "number", "source", "title", "tags", "as_role", "is_company", "badge_team", "badge_title", "badge_kind",
        "badge_is_confirmed", "comment", "at", by="author_id")),
    ("votes", _of(Vote, "post_id", "value", "at")),
    ("following", _of(Subscription, "thread_id", "since")),
    ("me_too", _of(MeToo, "thread_id", "at")),
    ("accepted", _of(Acceptance, "thread_id", "post_id", "as_role", "at", "withdrawn_at", by="by_member_id")),
    ("official", _of(OfficialMark, "thread_id", "post_id", "team", "at", "withdrawn_at", by="by_member_id")),
    ("idea-statuses", _of(IdeaStatusChange, "thread_id", "before", "after", "source", "team", "at", by="by_member_id")),
    ("ledger", _of(LedgerEntry, "post_id", "reason", "points", "day", "at")),
    ("notifications", _of(Notification, "kind", "thread_id", "post_id", "values", "created_at", "read_at")),
    ("flags", _of(Flag, "post_id", "reason", "note", "created_at", "outcome")),
    ("decisions", _by(_DECISIONS, _D.number)),
    ("decided", _by(_DECIDED, _D.number)),
    ("receipts", _by(_RECEIPTS, _R.id)),
    ("shared-with-the-company", _by(_SHARED, _L.id)),
)  # fmt: skip


def personal_data(connection: Connection, actor: Actor) -> Iterator[tuple[str, bytes]]:
    """What is kept about whoever asks: names of files and their bytes, piece by piece; pieces of one file follow one another.

    Raises:
        NotAllowed: nobody is signed in.
    """
    require(may_sign_in_settings(actor))
    for name, found in _FILES:
        for piece in _listed(connection, found, as_seen_by(actor) | {"member_id": actor.member_id}):
            yield f"{name}.json", piece


def _listed(connection: Connection, found: _Rows, values: dict[str, Any]) -> Iterator[bytes]:
    """The rows as a JSON list, one to a line. Read in portions by key: no cursor stays open outside a transaction."""
    before, portion, last = b"[\n", found.first, dict[str, Any]()
    while rows := connection.execute(portion, values | last).mappings().all():
        last = {name: rows[-1][name] for name in found.keys}
        yield before + b",\n".join(
            _PLAIN.encode({name: value for name, value in row.items() if name not in last}) for row in rows
        )
        before, portion = b",\n", found.after
        if len(rows) < _AT_ONCE:
            break
    yield b"\n]\n" if last else b"[]\n"


class _Outlet(RawIOBase):
    """Where the archive is written to: what came is taken away before more comes, so it is never whole in memory."""

    def __init__(self) -> None:
        self._written: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._written.append(bytes(data))
        return len(data)

    def taken(self) -> bytes:
        whole = b"".join(self._written)
        self._written.clear()
        return whole


def archive(db: Database, actor_of: Callable[[Connection], Actor], *, uploads: Path) -> Iterator[bytes]:
    """The files of `personal_data` and the picture that is worn as one ZIP archive, to be streamed.

    Who asks is found out on the connection that reads. Pictures lie under `uploads`.
    """
    outlet = _Outlet()
    with db.reading() as connection, zipfile.ZipFile(outlet, "w", zipfile.ZIP_DEFLATED) as packed:
        actor = actor_of(connection)
        yield from _packed(packed, outlet, chain(personal_data(connection, actor), _picture(actor, uploads)))
    yield outlet.taken()


def _picture(actor: Actor, uploads: Path) -> Iterator[tuple[str, bytes]]:
    """The larger of its two squares, as it is shown."""
    kept = avatars.read(uploads, f"{actor.avatar}-{avatars.SIZES[-1]}.webp")
    if kept is not None:
        yield "picture.webp", kept


def _packed(packed: zipfile.ZipFile, outlet: _Outlet, pieces: Iterator[tuple[str, bytes]]) -> Iterator[bytes]:
    name, file = "", None
    for of, piece in pieces:
        if of != name:
            if file is not None:
                file.close()
            name, file = of, packed.open(of, "w")
        assert file is not None
        file.write(piece)
        yield outlet.taken()
    if file is not None:
        file.close()
