"""The administration over the API: people and their roles, groups, invitations, receipts. For tokens of scope administer."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from litestar import Response, delete, get, patch, post, put
from litestar.params import FromPath, JSONBody
from msgspec import Meta
from sqlalchemy.orm import Session

from forum.kernel.access import Actor
from forum.kernel.paging import encode_cursor
from forum.members import group_pages, groups, inviting, managing, people, receipts
from forum.members.group_pages import GroupLine
from forum.members.inviting import InvitationLine
from forum.members.people import PersonLine, Role, State
from forum.members.receipts import AuditLine
from web.api import idempotency
from web.api.calls import AnyRequest, Items, Listing, absolute, answer_list, reading, writing
from web.api.describing import described
from web.arguments import path_id, query
from web.bodies import Body

GroupKind = Literal["manual", "company", "claim", "trust", "staff", "moderators"]


class PersonShape(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody with what only administrators see. `address` is the confirmed one, else what they say is theirs."""

    handle: str
    name: str
    url: str
    role: str
    team: str
    address: str
    confirmed: bool
    points: int
    trust_level: int
    bot: bool
    imported: bool
    created_at: datetime
    silenced_until: datetime | None
    suspended_until: datetime | None
    deactivated_at: datetime | None


class GroupShape(msgspec.Struct, frozen=True, kw_only=True):
    """A group; `people` is how many are in it."""

    id: int
    name: str
    kind: str
    description: str
    claim: str
    level: int
    people: int


class InvitationShape(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation. `link` is told once, in the answer that made it; null ever after."""

    id: int
    note: str
    role: str
    group: str | None
    most: int
    used: int
    by: str | None
    created_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    link: str | None = None


class ReceiptShape(msgspec.Struct, frozen=True, kw_only=True):
    """The receipt of a privileged action. `by` is null where the command line or a job acted."""

    id: int
    at: datetime
    by: str | None
    voice: str
    action: str
    subject: str
    detail: dict[str, Any]


class PeopleListing(Listing, frozen=True, kw_only=True):
    """Whom; `q` is the beginning of a handle or an address, or a part of a name, `group` an id."""

    q: Annotated[str, Meta(max_length=100)] = ""
    role: Role = ""
    group: Annotated[int, Meta(ge=0)] = 0
    state: State = ""


class ReceiptListing(Listing, frozen=True, kw_only=True):
    """Which receipts; `by` and `about` are handles, `subject` a kind or a kind and an id ("group:7")."""

    by: Annotated[str, Meta(max_length=60)] = ""
    about: Annotated[str, Meta(max_length=60)] = ""
    action: Annotated[str, Meta(max_length=60)] = ""
    subject: Annotated[str, Meta(max_length=60)] = ""


class PersonChange(Body, frozen=True, kw_only=True):
    """What is to be different. With a `team` they belong to the company, with an empty one no longer; `bot`: a program writes with it."""

    role: Literal["member", "moderator", "administrator"] | None = None
    team: str | None = None
    title: str = ""
    bot: bool | None = None


class NewGroup(Body, frozen=True, kw_only=True):
    """A group to make."""

    name: str
    kind: GroupKind = "manual"
    description: str = ""
    claim: str = ""
    level: Annotated[int, Meta(ge=0, le=4)] = 0


class GroupChange(Body, frozen=True, kw_only=True):
    """What is to be different; what is left out stays, and so does the kind."""

    name: str | None = None
    description: str | None = None
    claim: str | None = None
    level: Annotated[int, Meta(ge=0, le=4)] | None = None


class NewInvitation(Body, frozen=True, kw_only=True):
    """An invitation to make: for `most` people, within `days`."""

    note: str = ""
    role: Literal["member", "moderator", "administrator"] = "member"
    group: int | None = None
    most: int = 1
    days: int = 7


@get(
    "/api/v1/people",
    action="admin.read",
    sync_to_thread=True,
    operation_class=described(PeopleListing),
    summary="People",
)
def list_people(request: AnyRequest) -> Response[Items[PersonShape]]:
    asked = query(request, PeopleListing)
    wanted = people.Wanted(words=asked.q, role=asked.role, group_id=asked.group, state=asked.state)
    with reading(request) as (connection, actor):
        page = people.people_list(connection, actor, wanted, cursor=asked.cursor, limit=asked.limit)
    return answer_list(request, page, lambda line: _person(request, line))


@get(
    "/api/v1/people/{handle:str}",
    action="admin.read",
    sync_to_thread=True,
    operation_class=described(),
    summary="One of the people",
)
def read_person(request: AnyRequest, handle: FromPath[str]) -> Response[PersonShape]:
    with reading(request) as (connection, actor):
        return Response(_person(request, people.person_page(connection, actor, handle=handle).line))


@patch(
    "/api/v1/people/{handle:str}",
    action="admin.roles",
    sync_to_thread=True,
    operation_class=described(),
    summary="Change a role, who belongs to the company, or what is a program",
)
def change_person(request: AnyRequest, handle: FromPath[str], data: JSONBody[PersonChange]) -> Response[PersonShape]:
    with writing(request) as (session, actor):
        key = managing.id_of(session, actor, handle)
        if data.role is not None:
            managing.give_role(session, actor, member_id=key, role=data.role)
        if data.bot is not None:
            managing.mark_bot(session, actor, member_id=key, is_bot=data.bot)
        if data.team:
            managing.affiliate(session, actor, member_id=key, team=data.team, title=data.title)
        elif data.team is not None:
            managing.end_affiliation(session, actor, member_id=key)
        session.flush()
        found = people.person_page(session.connection(), actor, handle=handle)
    return Response(_person(request, found.line))


def _person(request: AnyRequest, line: PersonLine) -> PersonShape:
    return PersonShape(
        handle=line.handle,
        name=line.name,
        url=absolute(request, f"/m/{line.handle}"),
        role=line.role,
        team=line.team,
        address=line.address,
        confirmed=line.is_confirmed,
        points=line.points,
        trust_level=line.trust_level,
        bot=line.is_bot,
        imported=line.is_imported,
        created_at=line.created_at,
        silenced_until=line.silenced_until,
        suspended_until=line.suspended_until,
        deactivated_at=line.deactivated_at,
    )


@get("/api/v1/groups", action="admin.read", sync_to_thread=True, operation_class=described(), summary="The groups")
def list_groups(request: AnyRequest) -> Response[Items[GroupShape]]:
    with reading(request) as (connection, actor):
        found = group_pages.group_list(connection, actor)
    return Response(Items(items=[_group(line) for line in found], next=None))


@post("/api/v1/groups", action="group.manage", sync_to_thread=True, operation_class=described(), summary="Make a group")
def make_group(request: AnyRequest, data: JSONBody[NewGroup]) -> Response[GroupShape]:
    given = msgspec.structs.asdict(data)
    with writing(request) as (session, actor):
        made = idempotency.once(request, session, actor, data, lambda: groups.create(session, actor, **given).id)
        found, _ = group_pages.group_page(session.connection(), actor, group_id=made, limit=1)
    return Response(_group(found), status_code=201)


@patch(
    "/api/v1/groups/{group_id:str}",
    action="group.manage",
    sync_to_thread=True,
    operation_class=described(),
    summary="Change a group",
)
def change_group(request: AnyRequest, group_id: FromPath[str], data: JSONBody[GroupChange]) -> Response[GroupShape]:
    with writing(request) as (session, actor):
        key = path_id(group_id)
        groups.edit(session, actor, group_id=key, **msgspec.structs.asdict(data))
        found, _ = group_pages.group_page(session.connection(), actor, group_id=key, limit=1)
    return Response(_group(found))


@delete(
    "/api/v1/groups/{group_id:str}",
    action="group.manage",
    sync_to_thread=True,
    operation_class=described(),
    summary="Do away with a group",
)
def delete_group(request: AnyRequest, group_id: FromPath[str]) -> None:
    with writing(request) as (session, actor):
        groups.delete(session, actor, group_id=path_id(group_id))


@put(
    "/api/v1/groups/{group_id:str}/people/{handle:str}",
    action="group.manage",
    sync_to_thread=True,
    operation_class=described(),
    status_code=204,
    summary="Put somebody into a group",
)
def put_in(request: AnyRequest, group_id: FromPath[str], handle: FromPath[str]) -> None:
    with writing(request) as (session, actor):
        groups.add(session, actor, group_id=path_id(group_id), handle=handle)


@delete(
    "/api/v1/groups/{group_id:str}/people/{handle:str}",
    action="group.manage",
    sync_to_thread=True,
    operation_class=described(),
    summary="Take somebody out of a group",
)
def take_out(request: AnyRequest, group_id: FromPath[str], handle: FromPath[str]) -> None:
    with writing(request) as (session, actor):
        groups.remove(session, actor, group_id=path_id(group_id), handle=handle)


def _group(line: GroupLine) -> GroupShape:
    return GroupShape(**msgspec.structs.asdict(line))


@get(
    "/api/v1/invitations",
    action="admin.read",
    sync_to_thread=True,
    operation_class=described(Listing),
    summary="Invitations, the newest first",
)
def list_invitations(request: AnyRequest) -> Response[Items[InvitationShape]]:
    asked = query(request, Listing)
    with reading(request) as (connection, actor):
        page = inviting.invitation_list(connection, actor, cursor=asked.cursor, limit=asked.limit)
    return answer_list(request, page, _invitation)


@post(
    "/api/v1/invitations",
    action="people.manage",
    sync_to_thread=True,
    operation_class=described(),
    summary="Make an invitation; its link is told this once",
)
def make_invitation(request: AnyRequest, data: JSONBody[NewInvitation]) -> Response[InvitationShape]:
    with writing(request) as (session, actor):
        keys: list[str] = []
        made = idempotency.once(request, session, actor, data, lambda: _invited(session, actor, data, keys))
        just = inviting.invitation_list(session.connection(), actor, cursor=encode_cursor(made + 1), limit=1).items[0]
    link = (
        absolute(request, f"/invitation/{keys[0]}") if keys else None
    )  # sent again, the request gets no second look at it
    shape = msgspec.structs.replace(_invitation(just), link=link)
    return Response(shape, status_code=201, headers={"cache-control": "no-store"})


def _invited(session: Session, actor: Actor, data: NewInvitation, keys: list[str]) -> int:
    about: dict[str, Any] = {
        "note": data.note,
        "role": data.role,
        "group_id": data.group,
        "most": data.most,
        "days": data.days,
    }
    keys.append(inviting.make(session, actor, **about))
    return inviting.look(session.connection(), key=keys[0]).id


@delete(
    "/api/v1/invitations/{invitation_id:str}",
    action="people.manage",
    sync_to_thread=True,
    operation_class=described(),
    summary="Take an invitation back",
)
def revoke_invitation(request: AnyRequest, invitation_id: FromPath[str]) -> None:
    with writing(request) as (session, actor):
        inviting.revoke(session, actor, invitation_id=path_id(invitation_id))


def _invitation(line: InvitationLine) -> InvitationShape:
    return InvitationShape(**msgspec.structs.asdict(line))


@get(
    "/api/v1/receipts",
    action="admin.read",
    sync_to_thread=True,
    operation_class=described(ReceiptListing),
    summary="Receipts of privileged actions, the newest first",
)
def list_receipts(request: AnyRequest) -> Response[Items[ReceiptShape]]:
    asked = query(request, ReceiptListing)
    wanted = receipts.Wanted(by=asked.by, about=asked.about, action=asked.action, subject=asked.subject)
    with reading(request) as (connection, actor):
        page = receipts.audit_list(connection, actor, wanted, cursor=asked.cursor, limit=asked.limit)
    return answer_list(request, page, _receipt)


def _receipt(line: AuditLine) -> ReceiptShape:
    return ReceiptShape(
        id=line.id,
        at=line.at,
        by=line.by or None,
        voice=line.voice,
        action=line.action,
        subject=line.subject,
        detail=line.detail,
    )


routes = [
    *(list_people, read_person, change_person),
    *(list_groups, make_group, change_group, delete_group, put_in, take_out),
    *(list_invitations, make_invitation, revoke_invitation, list_receipts),
]
