"""What people with a right over others do from a thread's page: close it, open it again, answer an idea. Each is a decision."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, RawBody
from msgspec import Meta

from forum.ideas.pages import answered
from forum.ideas.tables import STATUSES
from forum.kernel.access import require
from forum.kernel.errors import N_, Conflict, Invalid, NotFound, Text
from forum.threads.versions import Source, opening_source
from moderation.decisions import LONGEST_TEXT, Ruling, decide
from moderation.guidelines import HOUSE_RULE, REASONS, RULES
from moderation.policies import may_close, may_decide_idea
from web import forms
from web.arguments import path_id
from web.identity import current_member
from web.installation import db_of
from web.pages.frame import framed, language_of, led_to, shown
from web.pages.ideas import STATUS_NAMES
from web.pages.rows import thread_href
from web.translations import translate

AnyRequest = Request[Any, Any, Any]
_CLOSING_REASONS = ("duplicate", "resolved", "off-topic", "spam", "other")
_REOPENING_REASONS = ("reconsidered", "other")
_SAYS_ENOUGH = 10  # characters that the log wants
_OFFERED = tuple(status for status in STATUSES if status != "duplicate")  # an idea becomes one by being merged


class DecisionForm(msgspec.Struct, frozen=True):
    """Why a thread is closed or opened again, in words that everybody can read."""

    text: str = ""
    rule: str = HOUSE_RULE.code
    reason: str = "other"


class StatusForm(msgspec.Struct, frozen=True):
    """The company's answer to an idea."""

    status: str = ""
    comment: Annotated[str, Meta(extra={"verbatim": True})] = ""


class Deciding(msgspec.Struct, frozen=True, kw_only=True):
    """What the page of a decision shows."""

    of: Source
    form: DecisionForm
    reopens: bool
    rules: list[tuple[str, Text | str]]
    reasons: list[tuple[str, Text | str]]
    problems: tuple[tuple[str, Text], ...] = ()

    def problem(self, field: str) -> Text | str:
        """The sentence under a field."""
        return next((problem for name, problem in self.problems if name == field), "")


class Answering(msgspec.Struct, frozen=True, kw_only=True):
    """What the page of an idea's answer shows."""

    of: Source
    form: StatusForm
    now: str
    statuses: list[tuple[str, Text | str]]
    problems: tuple[tuple[str, Text], ...] = ()

    def problem(self, field: str) -> Text | str:
        """The sentence under a field."""
        return next((problem for name, problem in self.problems if name == field), "")


@get("/t/{thread_id:str}/{slug:str}/close", action="thread.close", sync_to_thread=True, include_in_schema=False)
def close_page(request: AnyRequest, thread_id: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """Why the thread shall be closed."""
    return _deciding(request, path_id(thread_id), DecisionForm(reason="resolved"), reopens=False)


@get("/t/{thread_id:str}/{slug:str}/reopen", action="thread.close", sync_to_thread=True, include_in_schema=False)
def reopen_page(request: AnyRequest, thread_id: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """Why the thread shall be open again."""
    return _deciding(request, path_id(thread_id), DecisionForm(reason="reconsidered"), reopens=True)


@post("/t/{thread_id:str}/{slug:str}/close", action="thread.close", sync_to_thread=True, include_in_schema=False)
def close(request: AnyRequest, thread_id: FromPath[str], slug: FromPath[str], body: RawBody) -> Response[bytes]:
    """Let nobody reply any more."""
    return _decided(request, path_id(thread_id), slug, forms.parse(body, DecisionForm), reopens=False)


@post("/t/{thread_id:str}/{slug:str}/reopen", action="thread.close", sync_to_thread=True, include_in_schema=False)
def reopen(request: AnyRequest, thread_id: FromPath[str], slug: FromPath[str], body: RawBody) -> Response[bytes]:
    """Let people reply again."""
    return _decided(request, path_id(thread_id), slug, forms.parse(body, DecisionForm), reopens=True)


def _decided(request: AnyRequest, thread_id: int, slug: str, form: DecisionForm, *, reopens: bool) -> Response[bytes]:
    ruling = Ruling(
        action="reopen-thread" if reopens else "close-thread",
        target_kind="thread",
        target_id=thread_id,
        rule=form.rule,
        reason_code=form.reason,
        text=form.text,
    )
    try:
        with db_of(request).transaction() as session:
            actor = current_member(request, session.connection())
            opening_source(session.connection(), actor, thread_id=thread_id)  # nobody decides on what they cannot see
            decide(session, actor, ruling)
    except Invalid as refusal:
        return _deciding(request, thread_id, form, reopens=reopens, problems=tuple(refusal.fields.items()), status=422)
    return led_to(request, thread_href(thread_id, slug), "reopened" if reopens else "closed")


def _deciding(
    request: AnyRequest,
    thread_id: int,
    form: DecisionForm,
    *,
    reopens: bool,
    problems: tuple[tuple[str, Text], ...] = (),
    status: int = 200,
) -> Response[bytes]:
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        of = opening_source(connection, actor, thread_id=thread_id)
        require(may_close(actor.within(of.category_id)))
        title = (
            Text(N_("Open again: %(title)s"), title=of.title)
            if reopens
            else Text(N_("Close: %(title)s"), title=of.title)
        )
        page = framed(request, connection, actor, title=title, robots="noindex")
    deciding = Deciding(
        of=of,
        form=form,
        reopens=reopens,
        rules=[(rule.code, Text(rule.name)) for rule in (HOUSE_RULE, *RULES.values())],
        reasons=[(reason, Text(REASONS[reason])) for reason in (_REOPENING_REASONS if reopens else _CLOSING_REASONS)],
        problems=problems,
    )
    return shown("thread/decide.html", page, status=status, deciding=deciding)


@get("/t/{thread_id:str}/{slug:str}/status", action="idea.answer", sync_to_thread=True, include_in_schema=False)
def status_page(request: AnyRequest, thread_id: FromPath[str], slug: FromPath[str]) -> Response[bytes]:
    """The company's answer to an idea: the form."""
    return _answering(request, path_id(thread_id), StatusForm())


@post("/t/{thread_id:str}/{slug:str}/status", action="idea.answer", sync_to_thread=True, include_in_schema=False)
def set_status(request: AnyRequest, thread_id: FromPath[str], slug: FromPath[str], body: RawBody) -> Response[bytes]:
    """Answer an idea for the company, in public."""
    number, form = path_id(thread_id), forms.parse(body, StatusForm)
    try:
        with db_of(request).transaction() as session:
            actor = current_member(request, session.connection())
            decide(session, actor, _ruling(number, form, language_of(request, actor)))
    except Invalid as refusal:
        return _answering(request, number, form, problems=tuple(refusal.fields.items()), status=422)
    except Conflict as refusal:
        return _answering(request, number, form, problems=(("status", refusal.text),), status=409)
    return led_to(request, thread_href(number, slug), "idea-status")


def _ruling(thread_id: int, form: StatusForm, locale: str) -> Ruling:
    """The entry of the public log: the company's words, or where it needs to say none, which status it is now."""
    words = " ".join(form.comment.split())
    short = Text(N_("The status is now: %(status)s."), status=STATUS_NAMES.get(form.status, form.status))
    return Ruling(
        action="idea-status",
        target_kind="thread",
        target_id=thread_id,
        reason_code="answer",
        text=words[:LONGEST_TEXT] if len(words) >= _SAYS_ENOUGH else f"{translate(short, locale)} {words}",
        status=form.status,
        comment=form.comment,
    )


def _answering(
    request: AnyRequest,
    thread_id: int,
    form: StatusForm,
    *,
    problems: tuple[tuple[str, Text], ...] = (),
    status: int = 200,
) -> Response[bytes]:
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        of = opening_source(connection, actor, thread_id=thread_id)
        require(may_decide_idea(actor))
        if of.kind != "idea":
            raise NotFound()
        now = answered(connection, thread_id).status
        page = framed(
            request,
            connection,
            actor,
            title=Text(N_("Answer: %(title)s"), title=of.title),
            robots="noindex",
            place="ideas",
        )
    answering = Answering(
        of=of,
        form=form,
        now=now,
        statuses=[("", Text(N_("Choose …"))), *((one, STATUS_NAMES[one]) for one in _OFFERED if one != now)],
        problems=problems,
    )
    return shown("ideas/answer.html", page, status=status, answering=answering)


routes = [close_page, reopen_page, close, reopen, status_page, set_status]
