"""Groups: people who are treated alike, filled by hand, by a provider's word, or by a rule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, RawBody
from msgspec import Meta
from sqlalchemy.orm import Session

from forum.kernel.access import Actor, require
from forum.kernel.errors import N_, Conflict, Invalid, NotFound, Text
from forum.members import group_pages, groups
from forum.members.group_pages import GroupLine
from forum.members.policies import may_administer
from web import forms
from web.arguments import path_id, query
from web.identity import current_member
from web.installation import db_of
from web.pages.frame import address_of, framed, led_to, shown
from web.pages.parts import Pager

AnyRequest = Request[Any, Any, Any]
Problems = tuple[tuple[str, Text], ...]
GROUPS: Final = "/admin/groups"
_ADDRESS: Final = "/admin/groups/{group_id:str}"
KINDS: Final = {
    "manual": Text(N_("By hand")),
    "company": Text(N_("A customer’s company, by hand")),
    "claim": Text(N_("By what a provider says")),
    "trust": Text(N_("By trust level")),
    "staff": Text(N_("Everybody of the company")),
    "moderators": Text(N_("Everybody who moderates")),
}


class GroupForm(msgspec.Struct, frozen=True, kw_only=True):
    """A group as it is typed; its kind cannot be changed later."""

    name: Annotated[str, Meta(max_length=60)] = ""
    kind: str = "manual"
    description: Annotated[str, Meta(max_length=300)] = ""
    claim: Annotated[str, Meta(max_length=120)] = ""
    level: int = 0


class PersonForm(msgspec.Struct, frozen=True):
    """Somebody to put in or take out."""

    handle: Annotated[str, Meta(max_length=60)] = ""
    out: bool = False


class Asked(msgspec.Struct, frozen=True):
    """From where on its people are shown."""

    cursor: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The form as typed, and what needs mending."""

    name: str = ""
    kind: str = "manual"
    description: str = ""
    claim: str = ""
    level: str = "0"
    problems: Problems = ()

    def problem(self, field: str) -> Text | str:
        """The sentence under a field."""
        return next((text for name, text in self.problems if name == field), "")


@get(GROUPS, action="admin.read", sync_to_thread=True, include_in_schema=False)
def overview(request: AnyRequest) -> Response[bytes]:
    """All of them, and the form for another."""
    return _overview(request, Answer())


@post(GROUPS, action="group.manage", sync_to_thread=True, include_in_schema=False)
def make(request: AnyRequest, body: RawBody) -> Response[bytes]:
    """Make a group; one that fills itself is filled at once."""
    pairs = forms.pairs_of(body)
    try:
        form = forms.read(pairs, GroupForm)
        with db_of(request).transaction() as session:
            actor = current_member(request, session.connection())
            made = groups.create(session, actor, **msgspec.structs.asdict(form)).id
    except Invalid as refusal:
        return _overview(request, _mending(pairs, refusal), status=422)
    return led_to(request, f"{GROUPS}/{made}", "group-made")


@get(_ADDRESS, action="admin.read", sync_to_thread=True, include_in_schema=False)
def group(request: AnyRequest, group_id: FromPath[str]) -> Response[bytes]:
    """One of them with its people."""
    return _page(request, path_id(group_id), None)


@post(_ADDRESS, action="group.manage", sync_to_thread=True, include_in_schema=False)
def save(request: AnyRequest, group_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """Keep what was changed."""
    pairs, key = forms.pairs_of(body), path_id(group_id)

    def do(session: Session, actor: Actor) -> None:
        form = forms.read(pairs, GroupForm)
        sent = {name: value for name, value in msgspec.structs.asdict(form).items() if name in pairs and name != "kind"}
        groups.edit(session, actor, group_id=key, **sent)

    return _done(request, key, "group-saved", do, pairs)


@post(f"{_ADDRESS}/people", action="group.manage", sync_to_thread=True, include_in_schema=False)
def people(request: AnyRequest, group_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """Put somebody in, or take somebody out."""
    key, form = path_id(group_id), forms.parse(body, PersonForm)
    handle = form.handle.strip().removeprefix("@")

    def do(session: Session, actor: Actor) -> None:
        require(may_administer(actor))
        group_pages.group_page(session.connection(), actor, group_id=key, limit=1)  # one that is not there is not found
        try:
            (groups.remove if form.out else groups.add)(session, actor, group_id=key, handle=handle)
        except NotFound as refusal:
            raise Invalid({"handle": refusal.text}) from None

    return _done(request, key, "group-person-out" if form.out else "group-person-in", do)


@post(f"{_ADDRESS}/delete", action="group.manage", sync_to_thread=True, include_in_schema=False)
def delete(request: AnyRequest, group_id: FromPath[str]) -> Response[bytes]:
    """Do away with it."""
    key = path_id(group_id)
    answer = _done(request, key, "group-deleted", lambda session, actor: groups.delete(session, actor, group_id=key))
    if answer.status_code == 303:
        answer.headers["location"] = GROUPS
    return answer


def _done(
    request: AnyRequest,
    group_id: int,
    notice: str,
    do: Callable[[Session, Actor], object],
    pairs: forms.Pairs | None = None,
) -> Response[bytes]:
    try:
        with db_of(request).transaction() as session:
            do(session, current_member(request, session.connection()))
    except Invalid as refusal:
        return _page(request, group_id, _mending(pairs or {}, refusal), status=422)
    except Conflict as refusal:
        return _page(request, group_id, Answer(problems=(("", refusal.text),)), status=409)
    return led_to(request, f"{GROUPS}/{group_id}", notice)


def _mending(pairs: forms.Pairs, refusal: Invalid) -> Answer:
    typed = {name: value for name, value in forms.shown(pairs).items() if name in GroupForm.__struct_fields__}
    return Answer(**typed, problems=tuple(refusal.fields.items()))


def _overview(request: AnyRequest, answer: Answer, *, status: int = 200) -> Response[bytes]:
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        rows = group_pages.group_list(connection, actor)
        page = framed(request, connection, actor, robots="noindex")
    return shown(
        "admin/groups.html",
        page,
        status=status,
        answer=answer,
        rows=[(row, KINDS[row.kind]) for row in rows],
        kinds=list(KINDS.items()),
    )


def _page(request: AnyRequest, group_id: int, answer: Answer | None, *, status: int = 200) -> Response[bytes]:
    asked = query(request, Asked)
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        found, inside = group_pages.group_page(connection, actor, group_id=group_id, cursor=asked.cursor)
        page = framed(request, connection, actor, title=found.name, robots="noindex")
    path = f"{GROUPS}/{group_id}"
    return shown(
        "admin/group.html",
        page,
        status=status,
        group=found,
        kind=KINDS[found.kind],
        answer=_filled(found, answer),
        is_by_hand=found.kind not in groups.AUTOMATIC,
        inside=inside.items,
        pager=Pager(
            first=path if asked.cursor else "", older=address_of(path, cursor=inside.next) if inside.next else ""
        ),
    )


def _filled(found: GroupLine, answer: Answer | None) -> Answer:
    """What is kept, unless something else was typed."""
    kept = Answer(
        name=found.name, kind=found.kind, description=found.description, claim=found.claim, level=str(found.level)
    )
    if answer is None or not answer.name:
        return msgspec.structs.replace(kept, problems=answer.problems if answer else ())
    return msgspec.structs.replace(answer, kind=found.kind)


routes = [overview, make, group, save, people, delete]
