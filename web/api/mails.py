"""Mails that could not be sent, over the API: which, and sending them again or giving them up. For administrators."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath
from sqlalchemy.orm import Session

from forum.kernel.access import Actor
from forum.members import unsent
from forum.members.unsent import UnsentMail
from web.api import idempotency
from web.api.calls import AnyRequest, Items, Listing, answer_list, reading, writing
from web.api.describing import described
from web.arguments import path_id, query
from web.edge.visit import visit_of
from web.translations import translate


class UnsentMailShape(msgspec.Struct, frozen=True, kw_only=True):
    """A mail that waits for a person. `to` is masked; `member` is a handle, null where the account is gone.

    `too_old`: nobody would have any use of it, and it cannot be sent again.
    """

    id: int
    kind: str
    to: str
    member: str | None
    attempt: int
    reason: str
    created_at: datetime
    parked_at: datetime
    too_old: bool


class MailListing(Listing, frozen=True, kw_only=True):
    """From where on, and how many."""


class MailDone(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a mail: `waiting` to be sent again, or `done`."""

    id: int
    state: str


class Nothing(msgspec.Struct, frozen=True, kw_only=True):
    """Neither call takes words of its own."""


@get(
    "/api/v1/mails",
    action="admin.read",
    sync_to_thread=True,
    operation_class=described(MailListing),
    summary="Mails that could not be sent, the newest first",
)
def list_mails(request: AnyRequest) -> Response[Items[UnsentMailShape]]:
    asked = query(request, MailListing)
    with reading(request) as (connection, actor):
        page = unsent.unsent_list(connection, actor, cursor=asked.cursor, limit=asked.limit)
    return answer_list(request, page, lambda mail: _shape(request, mail))


@post(
    "/api/v1/mails/{mail_id:str}/replay",
    action="mail.manage",
    sync_to_thread=True,
    operation_class=described(),
    status_code=200,
    summary="Send a mail again",
)
def replay(request: AnyRequest, mail_id: FromPath[str]) -> Response[MailDone]:
    with writing(request) as (session, actor):
        key = path_id(mail_id)
        idempotency.once(request, session, actor, Nothing(), lambda: _replayed(session, actor, key))
    return Response(MailDone(id=key, state="waiting"))


@post(
    "/api/v1/mails/{mail_id:str}/give-up",
    action="mail.manage",
    sync_to_thread=True,
    operation_class=described(),
    status_code=200,
    summary="Give a mail up, and forget its address",
)
def give_up(request: AnyRequest, mail_id: FromPath[str]) -> Response[MailDone]:
    with writing(request) as (session, actor):
        key = path_id(mail_id)
        idempotency.once(request, session, actor, Nothing(), lambda: _given_up(session, actor, key))
    return Response(MailDone(id=key, state="done"))


def _replayed(session: Session, actor: Actor, mail_id: int) -> int:
    unsent.send_again(session, actor, mail_id=mail_id)
    return mail_id


def _given_up(session: Session, actor: Actor, mail_id: int) -> int:
    unsent.give_up(session, actor, mail_id=mail_id)
    return mail_id


def _shape(request: AnyRequest, mail: UnsentMail) -> UnsentMailShape:
    return UnsentMailShape(
        id=mail.id,
        kind=mail.kind,
        to=mail.to,
        member=mail.handle or None,
        attempt=mail.attempt,
        reason=translate(mail.reason, visit_of(request).locale),
        created_at=mail.created_at,
        parked_at=mail.parked_at,
        too_old=mail.is_too_old,
    )


routes = [list_mails, replay, give_up]
