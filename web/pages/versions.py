"""A post's history, and changing a post: with every version kept, and two people's changes never lost in each other."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, RawBody
from markupsafe import Markup
from msgspec import Meta
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from forum.kernel.access import Actor, require
from forum.kernel.errors import N_, Conflict, Invalid, NotFound, Text
from forum.threads import editing
from forum.threads.places import category_list
from forum.threads.policies import may_edit_post, may_retag
from forum.threads.versions import Source, Version, opening_source, source_of, versions_of
from web import forms
from web.arguments import path_id
from web.identity import current_actor, current_member
from web.installation import db_of
from web.pages.differences import Patience, Piece, compared
from web.pages.frame import framed, led_to, moved_to, shown
from web.pages.parts import Person
from web.pages.private_details import NO_NUDGE, Choice, Nudge, as_chosen, nudge
from web.pages.rows import thread_href
from web.pages.rulings import unreadable
from web.pages.threads import previewed

AnyRequest = Request[Any, Any, Any]


class EditForm(msgspec.Struct, frozen=True):
    """The form of an edit. `revision` is the version that it was begun on; title, tags and category of an opening post alone."""

    body: Annotated[str, Meta(extra={"verbatim": True})] = ""
    title: str = ""
    tags: str = ""
    category: str = ""
    comment: str = ""
    revision: int = 0
    details: Choice | None = None
    do: Literal["write", "preview"] | None = None


class Editing(msgspec.Struct, frozen=True, kw_only=True):
    """What the page of an edit shows. `theirs`: what somebody else changed since it was begun."""

    of: Source
    form: EditForm
    categories: list[tuple[str, Text | str]]
    may_rewrite: bool
    is_own: bool
    problems: tuple[tuple[str, Text], ...] = ()
    preview: Markup | None = None
    theirs: tuple[Piece, ...] = ()
    nudge: Nudge = NO_NUDGE

    def problem(self, field: str) -> Text | str:
        """The sentence under a field."""
        return next((problem for name, problem in self.problems if name == field), "")


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A version in the history, with what it changed. The first one has nothing to be compared with."""

    version: Version
    by: Person
    as_role: Text | None
    body: tuple[Piece, ...]
    title: tuple[Piece, ...]
    tags_in: tuple[str, ...]
    tags_out: tuple[str, ...]
    is_first: bool


_ROLES = {
    "moderator": Text(N_("as a moderator")),
    "administrator": Text(N_("as an administrator")),
    "staff": Text(N_("for the company")),
    "staff-moderator": Text(N_("as a moderator of the company")),
    "staff-administrator": Text(N_("as an administrator of the company")),
    "member": Text(N_("as a member with the right to edit")),
}


@get("/t/{thread_id:str}/{slug:str}/history", action="thread.read", sync_to_thread=True, include_in_schema=False)
def thread_history(request: AnyRequest, thread_id: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """What became of a thread's title, tags and first post."""
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        of = opening_source(connection, actor, thread_id=path_id(thread_id))
        if slug != of.slug:
            return moved_to(thread_href(of.thread_id, of.slug) + "/history")
        return _history(request, connection, actor, of)


@get("/p/{post_id:str}/history", action="post.history", sync_to_thread=True, include_in_schema=False)
def post_history(request: AnyRequest, post_id: FromPath[str]) -> Response[bytes]:
    """The versions of a post."""
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        return _history(request, connection, actor, source_of(connection, actor, post_id=path_id(post_id)))


def _history(request: AnyRequest, connection: Connection, actor: Actor, of: Source) -> Response[bytes]:
    _check_readable(connection, actor, of)
    versions = versions_of(connection, of)
    older = [*versions[1:], None]
    patience = Patience()  # one for the whole page, the newest versions first
    steps = [_step(version, before, patience) for version, before in zip(versions, older, strict=True)]
    page = framed(request, connection, actor, title=Text(N_("History: %(title)s"), title=of.title), robots="noindex")
    return shown("thread/history.html", page, of=of, steps=steps, href=f"/p/{of.id}")


def _check_readable(connection: Connection, actor: Actor, of: Source) -> None:
    """What is illegal or harmful is not handed out again, not even to its author."""
    if unreadable(connection, actor, [of.hidden_by]):
        raise NotFound()


def _step(version: Version, before: Version | None, patience: Patience) -> Step:
    was, is_now = set((before.tags if before else None) or ()), set(version.tags or ())
    return Step(
        version=version,
        by=Person(
            name=version.by_name,
            handle=version.by_handle,
            is_staff=version.is_company,
            team=version.badge_team,
            bond=version.badge_kind,
            bond_is_confirmed=version.badge_is_confirmed,
            is_bot=version.by_bot,
        ),
        as_role=_ROLES.get(version.as_role),
        body=compared(before.source, version.source, patience) if before else (Piece("same", version.source),),
        title=_title(version, before, patience),
        tags_in=tuple(sorted(is_now - was)) if before else (),
        tags_out=tuple(sorted(was - is_now)) if before else (),
        is_first=before is None,
    )


def _title(version: Version, before: Version | None, patience: Patience) -> tuple[Piece, ...]:
    if version.title is None or before is None or before.title == version.title:
        return ()
    return compared(before.title or "", version.title, patience)


@get("/p/{post_id:str}/edit", action="post.edit", sync_to_thread=True, include_in_schema=False)
def edit_page(request: AnyRequest, post_id: FromPath[str]) -> Response[bytes]:
    """The form, with the post as it is now."""
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        of = _editable(connection, actor, path_id(post_id))
        return _page(request, connection, actor, of, _begun(of))


def _editable(connection: Connection, actor: Actor, post_id: int) -> Source:
    """A post that this member may change, or whose thread they may retag.

    Raises:
        NotAllowed: neither.
    """
    of = source_of(connection, actor, post_id=post_id)
    _check_readable(connection, actor, of)
    verdict = may_edit_post(actor.within(of.category_id), of, is_critical=of.is_critical)
    if not verdict.allowed and not _may_retag(actor, of):
        require(verdict)
    return of


def _may_retag(actor: Actor, of: Source) -> bool:
    return (
        of.number == 1 and may_retag(actor.within(of.category_id), _Thread(of.thread_author_id, of.is_critical)).allowed
    )


class _Thread(msgspec.Struct, frozen=True):
    author_id: int
    is_critical: bool


def _begun(of: Source) -> EditForm:
    return EditForm(body=of.source, title=of.title, tags=", ".join(of.tags), category=of.category, revision=of.revision)


@post("/p/{post_id:str}/edit", action=("post.edit", "thread.retag"), sync_to_thread=True, include_in_schema=False)
def edit(request: AnyRequest, post_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """Save the change; or show how it will look, what needs mending, or what somebody else changed meanwhile."""
    number, form = path_id(post_id), forms.parse(body, EditForm)
    if form.do is not None:
        return _again(request, number, form)
    try:
        with db_of(request).transaction() as session:
            actor = current_member(request, session.connection())
            before = _editable(session.connection(), actor, number)
            if before.revision != form.revision:
                raise _Overtaken
            known = f"{before.title}\n{before.source}"
            told = nudge(form.details, *_rewritten(actor, before, form), known=known)
            if told.found:
                raise _Private(told)
            changed = _saved(session, actor, before, _as_chosen(form, known))
    except _Private as found:
        return _again(request, number, form, told=found.told)
    except _Overtaken:
        return _again(request, number, form, status=409)
    except Invalid as refusal:
        return _again(request, number, form, problems=tuple(refusal.fields.items()), status=422)
    except Conflict as refusal:
        return _again(request, number, form, problems=(("", refusal.text),), status=409)
    return led_to(request, f"/p/{number}", "edited" if changed else "unchanged")


class _Private(Exception):
    """Something private was added, and its writer has not chosen what becomes of it."""

    def __init__(self, told: Nudge) -> None:
        super().__init__()
        self.told = told


def _rewritten(actor: Actor, before: Source, form: EditForm) -> tuple[str, ...]:
    """The words of the form that will be saved."""
    if not may_edit_post(actor.within(before.category_id), before, is_critical=before.is_critical).allowed:
        return ()
    return (form.title, form.body) if before.number == 1 else (form.body,)


def _as_chosen(form: EditForm, known: str) -> EditForm:
    title, body = (as_chosen(form.details, text, known=known) for text in (form.title, form.body))
    return msgspec.structs.replace(form, title=title, body=body)


class _Overtaken(Exception):
    """Somebody else has changed the post since the form was begun."""


def _saved(session: Session, actor: Actor, before: Source, form: EditForm) -> bool:
    """Save title, tags and category of an opening post, then the text; whether anything was different."""
    problems: dict[str, Text] = {}
    if before.number == 1:
        try:
            _save_head(session, actor, before, form)
        except Invalid as refusal:
            problems |= refusal.fields
    if may_edit_post(actor.within(before.category_id), before, is_critical=before.is_critical).allowed:
        try:
            _save_body(session, actor, before, form)
        except Invalid as refusal:
            problems |= refusal.fields
    if problems:
        raise Invalid(problems)
    return source_of(session.connection(), actor, post_id=before.id).revision != before.revision


def _save_head(session: Session, actor: Actor, before: Source, form: EditForm) -> None:
    rewrites = may_edit_post(actor.within(before.category_id), before, is_critical=before.is_critical).allowed
    moved = form.category if form.category and form.category != before.category else None
    editing.edit_thread(
        session,
        actor,
        thread_id=before.thread_id,
        title=form.title if rewrites else None,
        tags=form.tags.split(",") if "," in form.tags else form.tags.split(),
        category=moved,
        revision=form.revision,
        comment=form.comment,
    )


def _save_body(session: Session, actor: Actor, before: Source, form: EditForm) -> None:
    """The text. If the title was just changed as well, that is a version of our own, and the thread is locked since."""
    own = source_of(session.connection(), actor, post_id=before.id).revision - before.revision
    editing.edit_post(
        session, actor, post_id=before.id, body=form.body, revision=form.revision + own, comment=form.comment
    )


def _again(
    request: AnyRequest,
    post_id: int,
    form: EditForm,
    *,
    problems: tuple[tuple[str, Text], ...] = (),
    told: Nudge = NO_NUDGE,
    status: int = 200,
) -> Response[bytes]:
    """The form with everything that was typed. Where somebody was quicker, their change stands beside it."""
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        of = _editable(connection, actor, post_id)
        overtaken = status == 409 and form.revision != of.revision
        theirs = _theirs(connection, of, form.revision) if overtaken else ()
        form = msgspec.structs.replace(form, revision=of.revision) if overtaken else form
        return _page(request, connection, actor, of, form, problems=problems, theirs=theirs, told=told, status=status)


def _theirs(connection: Connection, of: Source, revision: int) -> tuple[Piece, ...]:
    begun_on = next((one for one in versions_of(connection, of) if one.number == revision), None)
    return compared(begun_on.source if begun_on else "", of.source)


def _page(
    request: AnyRequest,
    connection: Connection,
    actor: Actor,
    of: Source,
    form: EditForm,
    *,
    problems: tuple[tuple[str, Text], ...] = (),
    theirs: tuple[Piece, ...] = (),
    told: Nudge = NO_NUDGE,
    status: int = 200,
) -> Response[bytes]:
    page = framed(request, connection, actor, title=Text(N_("Edit: %(title)s"), title=of.title), robots="noindex")
    fitting = [place for place in category_list(connection, actor) if of.kind in place.kinds] if of.number == 1 else []
    shown_form = Editing(
        of=of,
        form=form,
        categories=[(place.slug, page.places.name(place.slug, place.name)) for place in fitting],
        may_rewrite=may_edit_post(actor.within(of.category_id), of, is_critical=of.is_critical).allowed,
        is_own=of.author_id == actor.member_id,
        problems=problems,
        preview=previewed(form.body, below=1 if of.number == 1 else 2) if form.do == "preview" else None,
        theirs=theirs,
        nudge=told if told.is_shown else Nudge(choice=form.details),
    )
    return shown("thread/edit.html", page, status=status, editing=shown_form)


routes = [thread_history, post_history, edit_page, edit]
