"""Moderation over the API: reporting, the review queue, deciding, and the public log with all that is needed to check it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

import msgspec
from litestar import Response, get, post
from litestar.params import JSONBody
from msgspec import Meta
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from forum.kernel.access import Actor
from forum.kernel.errors import N_, Invalid
from forum.kernel.paging import Page
from forum.members import people_held
from moderation import flagging
from moderation.decisions import KINDS, Ruling, decide
from moderation.guidelines import HOUSE_RULE
from moderation.pages import LogEntry, decision_page, log_list
from moderation.queue import QueueItem, queue_list
from web.api import idempotency
from web.api.calls import AnyRequest, Items, Listing, absolute, answer_list, reading, writing
from web.api.describing import described
from web.api.shapes import Person
from web.arguments import query
from web.bodies import Body
from web.identity import current_member

Id = Annotated[int, Meta(ge=1, le=2**63 - 1)]
KEPT = 0
"""What stands for the number of an entry where a post was kept, which the log does not tell."""


class NewFlag(Body, frozen=True, kw_only=True):
    """A report. Only moderators read the note, and who reported."""

    post: Id
    reason: str
    note: str = ""


class FlagShape(msgspec.Struct, frozen=True, kw_only=True):
    """That one has reported a post."""

    post: int


class QueueShape(msgspec.Struct, frozen=True, kw_only=True):
    """A reported post that waits for a decision. `weight` is the sum of the reporters' weights."""

    post: int
    number: int
    thread: int
    title: str
    url: str
    category: str
    critical: bool
    author: Person
    html: str
    reports: int
    weight: float
    oldest_at: datetime
    reasons: list[str]
    notes: list[str]


class NewDecision(Body, frozen=True, kw_only=True):
    """What is decided about a post or thread (`target` is its id). All but `keep-post` goes into the public log.

    People are named by their handle in `member` instead; suspending and silencing last for so many `days`.
    """

    action: Literal[
        "keep-post", "hide-post", "restore-post", "hide-thread", "restore-thread", "close-thread", "reopen-thread",
        "suspend", "unsuspend", "silence", "unsilence",
    ]  # fmt: skip
    target: Id | None = None
    member: str = ""
    days: Annotated[int, Meta(ge=0, le=36_500)] = 0
    rule: str = HOUSE_RULE.code
    reason: str = "other"
    text: str = ""


class EntryShape(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the public log. Hashes, salt and commitment are hexadecimal.

    `salt`, `text` and `target` are null where the entry is redacted, or where what it is about is not for this caller. `undoes`
    is the number of the entry that this one undoes or redacts.
    """

    number: int
    url: str
    previous: str
    hash: str
    at: datetime
    action: str
    rule: str
    reason: str
    role: str
    automated: bool
    target_kind: str
    commitment: str
    redacted: bool
    salt: str | None
    text: str | None
    target: int | None
    thread: int | None
    title: str | None
    undoes: int | None


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it; `entry` is null where a post was kept."""

    entry: EntryShape | None


class LogListing(Listing, frozen=True, kw_only=True):
    """Which entries; what is left out narrows nothing."""

    action: str = ""
    rule: str = ""
    role: str = ""


@post("/api/v1/flags", action="post.report", sync_to_thread=True, operation_class=described(), summary="Report a post")
def raise_flag(request: AnyRequest, data: JSONBody[NewFlag]) -> Response[FlagShape]:
    with writing(request) as (session, actor):

        def flag() -> int:
            flagging.raise_flag(session, actor, post_id=data.post, reason=data.reason, note=data.note)
            return data.post

        made = idempotency.once(request, session, actor, data, flag)
    return Response(FlagShape(post=made), status_code=201)


@get(
    "/api/v1/moderation/queue",
    action="case.list",
    sync_to_thread=True,
    operation_class=described(Listing),
    summary="Reported posts, those that wait longest first",
)
def list_queue(request: AnyRequest) -> Response[Items[QueueShape]]:
    asked = query(request, Listing)
    with reading(request) as (connection, actor):
        current_member(request, connection)
        found = queue_list(connection, actor, cursor=asked.cursor, limit=asked.limit)
    return answer_list(request, found, lambda item: _queued(request, item))


def _queued(request: AnyRequest, item: QueueItem) -> QueueShape:
    return QueueShape(
        post=item.post_id,
        number=item.post_number,
        thread=item.thread_id,
        title=item.thread_title,
        url=absolute(request, f"/p/{item.post_id}"),
        category=item.category,
        critical=item.is_critical,
        author=Person(handle=item.author_handle, name=item.author_name),
        html=item.html,
        reports=item.reports,
        weight=item.weight,
        oldest_at=item.oldest_at,
        reasons=list(item.reasons),
        notes=list(item.notes),
    )


@post(
    "/api/v1/moderation/actions",
    action=(
        "case.keep",
        "post.hide",
        "post.restore",
        "thread.hide",
        "thread.restore",
        "thread.close",
        "member.sanction",
    ),
    sync_to_thread=True,
    operation_class=described(),
    summary="Decide about a post, a thread or a person",
)
def act(request: AnyRequest, data: JSONBody[NewDecision]) -> Response[Decided]:
    with writing(request) as (session, actor):
        number = idempotency.once(request, session, actor, data, lambda: _decided(session, actor, data))
        entry = None if number == KEPT else _entry_of(request, session.connection(), actor, number)
    return Response(Decided(entry=entry), status_code=201)


def _decided(session: Session, actor: Actor, data: NewDecision) -> int:
    about_person = KINDS.get(data.action) == "member"
    if about_person == (data.target is not None) or about_person != bool(data.member):
        raise Invalid(
            {"member" if about_person else "target": N_("Name a post or thread by its id, a person by their handle.")}
        )
    target = people_held.held(session.connection(), handle=data.member).id if about_person else data.target or 0
    if data.action == "keep-post":
        flagging.keep(session, actor, post_id=target)
        return KEPT
    ruling = Ruling(
        action=data.action,
        target_kind=KINDS[data.action],
        target_id=target,
        days=data.days,
        rule=data.rule,
        reason_code=data.reason,
        text=data.text,
    )
    return decide(session, actor, ruling).number


def _entry_of(request: AnyRequest, connection: Connection, actor: Actor, number: int) -> EntryShape:
    return entry_shape(request, decision_page(connection, actor, number=number))


@get(
    "/api/v1/moderation/log",
    action="log.read",
    sync_to_thread=True,
    operation_class=described(LogListing),
    summary="The public log, the newest entry first",
)
def list_log(request: AnyRequest) -> Response[Items[EntryShape]]:
    asked = query(request, LogListing)
    with reading(request) as (connection, actor):
        found: Page[LogEntry] = log_list(
            connection,
            actor,
            action=asked.action,
            rule=asked.rule,
            role=asked.role,
            cursor=asked.cursor,
            limit=asked.limit,
        )
    return answer_list(request, found, lambda entry: entry_shape(request, entry))


def entry_shape(request: AnyRequest, entry: LogEntry) -> EntryShape:
    return EntryShape(
        number=entry.number,
        url=absolute(request, f"/transparency/{entry.number}"),
        previous=entry.previous,
        hash=entry.hash,
        at=entry.at,
        action=entry.action,
        rule=entry.rule,
        reason=entry.reason_code,
        role=entry.role,
        automated=entry.automated,
        target_kind=entry.target_kind,
        commitment=entry.commitment,
        redacted=entry.state == "redacted",
        salt=entry.salt or None,
        text=entry.text if entry.is_shown or entry.text else None,
        target=entry.target_id,
        thread=entry.thread_id,
        title=entry.thread_title or None,
        undoes=entry.about,
    )


routes = [raise_flag, list_queue, act, list_log]
