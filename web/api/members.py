"""People over the API: a member, their reputation and badges, oneself, one's news."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec
from litestar import Response, get, post
from litestar.params import FromPath, JSONBody
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from forum.kernel.access import Actor
from forum.members.pages import account_page
from forum.notifications import reading as news
from forum.notifications.reading import News
from forum.threads import profiles
from forum.threads.profiles import BadgeLine, Profile
from reputation.pages import LedgerLine, ledger_page
from web.api import idempotency
from web.api.calls import AnyRequest, Items, Listing, absolute, answer_list, reading, writing
from web.api.describing import described
from web.arguments import query
from web.bodies import Body
from web.identity import current_member
from web.pages.notifications import KINDS


class MemberShape(msgspec.Struct, frozen=True, kw_only=True):
    """A member as everybody may see them. `company` marks who belongs to it; `bio` is Markdown."""

    handle: str
    name: str
    url: str
    role: str
    company: bool
    team: str
    title: str
    bio: str
    picture: str | None
    bot: bool
    imported: bool
    created_at: datetime
    points: int
    trust_level: int
    answers: int
    accepted: int
    questions: int
    ideas: int


class Me(MemberShape, frozen=True, kw_only=True):
    """Oneself, with what nobody else sees. `privileges` are those that this token can use."""

    mail: str
    locale: str
    time_zone: str
    unlisted: bool
    hides_activity: bool
    privileges: list[str]
    unread: int


class MovementShape(msgspec.Struct, frozen=True, kw_only=True):
    """A movement of points and the total after it. `undo`: it takes back an earlier one.

    `post` is null where the thread is not for this caller. What votes down cost a member is told to them alone: for others
    these movements are left out, and the totals leave them out too.
    """

    id: int
    reason: str
    undo: bool
    points: int
    total: int
    at: datetime
    post: int | None
    thread: int | None
    title: str | None


class BadgeShape(msgspec.Struct, frozen=True, kw_only=True):
    """A badge that was brought along by an import. `grade` is 1 (gold), 2 (silver) or 3 (bronze)."""

    name: str
    grade: int
    times: int


class NewsShape(msgspec.Struct, frozen=True, kw_only=True):
    """Something that happened to what one follows. `status` is an idea's new status, else null."""

    id: int
    kind: str
    at: datetime
    read: bool
    thread: int
    title: str
    post: int | None
    by: str | None
    status: str | None


class NewsListing(Listing, frozen=True, kw_only=True):
    """Which news: all, what the company said, or decisions on what one wrote."""

    which: Literal["all", "company", "decisions"] = "all"


class NewsRead(Body, frozen=True, kw_only=True):
    """What was read: one piece of news, or everything up to and with one; without either, everything."""

    id: int | None = None
    up_to: int | None = None


@get(
    "/api/v1/members/{handle:str}",
    action="member.read",
    sync_to_thread=True,
    operation_class=described(),
    summary="A member",
)
def read_member(request: AnyRequest, handle: FromPath[str]) -> Response[MemberShape]:
    with reading(request) as (connection, actor):
        return Response(_member(request, profiles.profile_page(connection, actor, handle=handle)))


def _member(request: AnyRequest, profile: Profile) -> MemberShape:
    return MemberShape(
        handle=profile.handle,
        name=profile.name,
        url=absolute(request, f"/m/{profile.handle}"),
        role=profile.role,
        company=profile.is_staff,
        team=profile.team or "",
        title=profile.title or "",
        bio=profile.bio,
        picture=absolute(request, f"/avatars/{profile.avatar}-240.webp") if profile.avatar else None,
        bot=profile.is_bot,
        imported=profile.is_imported,
        created_at=profile.created_at,
        points=profile.points,
        trust_level=profile.trust_level,
        answers=profile.answers,
        accepted=0 if profile.is_staff else profile.accepted,
        questions=profile.questions,
        ideas=profile.ideas,
    )


@get(
    "/api/v1/members/{handle:str}/reputation",
    action="member.activity",
    sync_to_thread=True,
    operation_class=described(Listing),
    summary="The ledger of a member's reputation",
)
def list_reputation(request: AnyRequest, handle: FromPath[str]) -> Response[Items[MovementShape]]:
    asked = query(request, Listing)
    with reading(request) as (connection, actor):
        found = ledger_page(connection, actor, handle=handle, cursor=asked.cursor, limit=asked.limit)
    return answer_list(request, found.lines, _movement)


def _movement(line: LedgerLine) -> MovementShape:
    return MovementShape(
        id=line.id,
        reason=line.reason,
        undo=line.is_inverse,
        points=line.points,
        total=line.total,
        at=line.at,
        post=line.post_id,
        thread=line.thread_id,
        title=line.thread_title or None,
    )


@get(
    "/api/v1/members/{handle:str}/badges",
    action="member.read",
    sync_to_thread=True,
    operation_class=described(),
    summary="The badges of a member",
)
def list_badges(request: AnyRequest, handle: FromPath[str]) -> Response[Items[BadgeShape]]:
    with reading(request) as (connection, actor):
        profile = profiles.profile_page(connection, actor, handle=handle)
        found = profiles.badge_list(connection, member_id=profile.id)
    return Response(Items(items=[_badge(line) for line in found], next=None))


def _badge(line: BadgeLine) -> BadgeShape:
    return BadgeShape(name=line.name, grade=line.grade, times=line.times)


@get(
    "/api/v1/me", action="account.read", sync_to_thread=True, operation_class=described(), summary="Whose token this is"
)
def read_me(request: AnyRequest) -> Response[Me]:
    with reading(request) as (connection, actor):
        current_member(request, connection)
        return Response(me_shape(request, connection, actor))


def me_shape(request: AnyRequest, connection: Connection, actor: Actor) -> Me:
    """Oneself, as one is now."""
    account = account_page(connection, actor)
    shown = _member(request, profiles.profile_page(connection, actor, handle=actor.handle))
    return Me(
        **msgspec.structs.asdict(shown),
        mail=account.mail,
        locale=account.locale,
        time_zone=account.time_zone,
        unlisted=account.is_unlisted,
        hides_activity=account.hides_activity,
        privileges=sorted(actor.privileges | actor.rights),
        unread=news.unread_count(connection, actor),
    )


@get(
    "/api/v1/notifications",
    action="news.read",
    sync_to_thread=True,
    operation_class=described(NewsListing),
    summary="One's news, the newest first",
)
def list_news(request: AnyRequest) -> Response[Items[NewsShape]]:
    asked = query(request, NewsListing)
    with reading(request) as (connection, actor):
        current_member(request, connection)
        found = news.news_list(connection, actor, kinds=KINDS[asked.which], cursor=asked.cursor, limit=asked.limit)
    return answer_list(request, found, _news)


def _news(line: News) -> NewsShape:
    return NewsShape(
        id=line.id,
        kind=line.kind,
        at=line.at,
        read=line.is_read,
        thread=line.thread_id,
        title=line.thread_title,
        post=line.post_id,
        by=line.by_handle or None,
        status=line.status or None,
    )


@post(
    "/api/v1/notifications/read",
    action="news.mark",
    sync_to_thread=True,
    operation_class=described(),
    status_code=204,
    summary="Mark news as read",
)
def mark_news(request: AnyRequest, data: JSONBody[NewsRead]) -> None:
    with writing(request) as (session, actor):
        idempotency.once(request, session, actor, data, lambda: _marked(session, actor, data))


def _marked(session: Session, actor: Actor, data: NewsRead) -> int:
    """Sent once more under its key, it must not mark what came since."""
    if data.id is not None:
        news.mark_one_read(session, actor, news_id=data.id)
    elif data.up_to is not None:
        news.mark_read(session, actor, up_to=data.up_to)
    else:
        news.mark_read(session, actor)
    return 0


routes = [read_member, list_reputation, list_badges, read_me, list_news, mark_news]
