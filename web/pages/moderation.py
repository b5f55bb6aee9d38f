"""Reporting a post, and deciding: the review queue, and the one form through which posts and threads are removed and restored."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, RawBody
from markupsafe import Markup
from sqlalchemy import Connection

from forum.kernel.access import Actor, Denied, require
from forum.kernel.errors import N_, Conflict, Invalid, NotFound, Text
from forum.threads.finding import visible_post
from moderation import flagging
from moderation.decisions import Ruling, decide
from moderation.guidelines import HOUSE_RULE, REASONS, RULES
from moderation.policies import may_flag, may_keep, may_moderate, may_restore
from moderation.queue import Case, QueueItem, case_page, queue_list
from web import forms
from web.arguments import path_id
from web.identity import current_member
from web.installation import db_of
from web.pages.frame import framed, led_to, shown

AnyRequest = Request[Any, Any, Any]
Options = list[tuple[str, Text | str]]
Kind = Literal["post", "thread"]


class ReportForm(msgspec.Struct, frozen=True):
    """What is wrong with a post."""

    reason: str = ""
    note: str = ""


class DecisionForm(msgspec.Struct, frozen=True):
    """What is decided. `keep` needs nothing more; everything else stands in the public log."""

    do: str = ""
    rule: str = ""
    reason: str = ""
    text: str = ""


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that can be decided here, in words."""

    do: str
    word: Text
    more: Text


class Mending(msgspec.Struct, frozen=True, kw_only=True):
    """The form as it was typed, and what needs mending."""

    form: DecisionForm
    problems: tuple[tuple[str, Text], ...] = ()

    def problem(self, field: str) -> Text | str:
        """The sentence under a field."""
        return next((text for name, text in self.problems if name == field), "")


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """A line of the queue; its reasons in words."""

    item: QueueItem
    reasons: tuple[Text, ...]


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """A report in words."""

    reason: Text
    note: str
    by: str


class Desk(msgspec.Struct, frozen=True, kw_only=True):
    """A case on the moderator's desk. With a `refusal` this moderator can at most let it stand."""

    case: Case
    reports: tuple[Said, ...]
    html: Markup
    choices: tuple[Choice, ...]
    refusal: Text | None
    action: str


CHOICES: Final = {
    "keep": Choice(do="keep", word=Text(N_("Keep it.")), more=Text(N_("The reports are closed, nothing is logged."))),
    "hide-post": Choice(
        do="hide-post",
        word=Text(N_("Remove it.")),
        more=Text(N_("Logged in public. The author still sees it, with the reason.")),
    ),
    "restore-post": Choice(
        do="restore-post", word=Text(N_("Bring it back.")), more=Text(N_("Logged in public, with the reason."))
    ),
    "hide-thread": Choice(
        do="hide-thread",
        word=Text(N_("Remove the thread.")),
        more=Text(N_("With every reply. Logged in public.")),
    ),
    "restore-thread": Choice(
        do="restore-thread",
        word=Text(N_("Bring the thread back.")),
        more=Text(N_("Logged in public, with the reason.")),
    ),
    "close-thread": Choice(
        do="close-thread", word=Text(N_("Close it to replies.")), more=Text(N_("It stays readable. Logged in public."))
    ),
    "reopen-thread": Choice(
        do="reopen-thread", word=Text(N_("Open it again.")), more=Text(N_("Logged in public, with the reason."))
    ),
}
_RULE_CHOICES: Final[Options] = [
    ("", Text(N_("Choose a rule"))),
    *(
        (rule.code, Text(N_("%(number)s %(name)s"), number=rule.code, name=Text(rule.name)))
        for rule in (*RULES.values(), HOUSE_RULE)
    ),
]
_REASON_CHOICES: Final[Options] = [
    ("", Text(N_("Choose a reason"))),
    *((code, Text(name)) for code, name in REASONS.items() if code not in ("answer", "erasure")),
]
_FLAG_CHOICES: Final[list[tuple[str, Text]]] = [(code, Text(REASONS[code])) for code in flagging.FLAG_REASONS]


@get("/p/{post_id:str}/report", action="post.report", sync_to_thread=True, include_in_schema=False, opt={"slow": True})
def report_page(request: AnyRequest, post_id: FromPath[str]) -> Response[bytes]:
    """Say what is wrong with a post."""
    return _report_page(request, path_id(post_id), ReportForm(), ())


@post("/p/{post_id:str}/report", action="post.report", sync_to_thread=True, include_in_schema=False)
def report(request: AnyRequest, post_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """Send it to the moderators."""
    number, form = path_id(post_id), forms.parse(body, ReportForm)
    try:
        with db_of(request).transaction() as session:
            actor = current_member(request, session.connection())
            flagging.raise_flag(session, actor, post_id=number, reason=form.reason, note=form.note)
    except Invalid as refusal:
        return _report_page(request, number, form, tuple(refusal.fields.items()))
    return led_to(request, f"/p/{number}", "reported")


def _report_page(
    request: AnyRequest, post_id: int, form: ReportForm, problems: tuple[tuple[str, Text], ...]
) -> Response[bytes]:
    with db_of(request).transaction() as session:
        connection = session.connection()
        actor = current_member(request, connection)
        found = visible_post(session, actor, post_id)
        require(may_flag(actor, author_id=found.author_id))
        return shown(
            "report.html",
            framed(request, connection, actor, robots="noindex"),
            status=422 if problems else 200,
            post_id=post_id,
            html=Markup(found.html),  # noqa: S704 - sanitised when it was written
            reasons=_FLAG_CHOICES,
            form=form,
            problems=problems,
            outcome=flagging.own_report(session, actor, post_id) or "",
        )


@get("/moderation", action="case.list", sync_to_thread=True, include_in_schema=False)
def queue(request: AnyRequest) -> Response[bytes]:
    """The review queue; the post that waits longest lies on the desk."""
    with db_of(request).reading() as connection:
        return _queue_page(request, connection, current_member(request, connection), None, None)


@get("/moderation/posts/{post_id:str}", action="case.post", sync_to_thread=True, include_in_schema=False)
def post_case(request: AnyRequest, post_id: FromPath[str]) -> Response[bytes]:
    """Any post, reported or not."""
    return _case_answer(request, "post", path_id(post_id))


@get("/moderation/threads/{thread_id:str}", action="case.thread", sync_to_thread=True, include_in_schema=False)
def thread_case(request: AnyRequest, thread_id: FromPath[str]) -> Response[bytes]:
    """A thread as a whole."""
    return _case_answer(request, "thread", path_id(thread_id))


@post(
    "/moderation/posts/{post_id:str}",
    action=("case.keep", "post.hide", "post.restore"),
    sync_to_thread=True,
    include_in_schema=False,
)
def decide_post(request: AnyRequest, post_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """Keep a post, remove it or bring it back."""
    return _decided(request, "post", path_id(post_id), forms.parse(body, DecisionForm))


@post(
    "/moderation/threads/{thread_id:str}",
    action=("thread.hide", "thread.restore", "thread.close"),
    sync_to_thread=True,
    include_in_schema=False,
)
def decide_thread(request: AnyRequest, thread_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """Remove a thread, close it, or undo that."""
    return _decided(request, "thread", path_id(thread_id), forms.parse(body, DecisionForm))


def _decided(request: AnyRequest, kind: Kind, target_id: int, form: DecisionForm) -> Response[bytes]:
    try:
        with db_of(request).transaction() as session:
            actor = current_member(request, session.connection())
            if form.do == "keep" and kind == "post":
                flagging.keep(session, actor, post_id=target_id)
                return led_to(request, "/moderation", "kept")
            decide(session, actor, _ruling(kind, target_id, form))
    except Invalid as refusal:
        fields = {"do" if name == "action" else name: text for name, text in refusal.fields.items()}
        mending = Mending(form=form, problems=tuple(fields.items()))
    except Conflict as refusal:
        mending = Mending(form=form, problems=(("", refusal.text),))
    else:
        return led_to(request, "/moderation", "decided")
    return _case_answer(request, kind, target_id, mending)


def _ruling(kind: Kind, target_id: int, form: DecisionForm) -> Ruling:
    return Ruling(
        action=form.do if form.do in CHOICES else "",
        target_kind=kind,
        target_id=target_id,
        rule=form.rule,
        reason_code=form.reason,
        text=form.text,
    )


def _case_answer(request: AnyRequest, kind: Kind, target_id: int, mending: Mending | None = None) -> Response[bytes]:
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        case = case_page(connection, actor, kind=kind, target_id=target_id)
        return _queue_page(request, connection, actor, case, mending)


def _queue_page(
    request: AnyRequest, connection: Connection, actor: Actor, case: Case | None, mending: Mending | None
) -> Response[bytes]:
    waiting = queue_list(connection, actor).items
    if case is None and waiting:
        case = _first(connection, actor, waiting)
    return shown(
        "moderation.html",
        framed(request, connection, actor, robots="noindex"),
        status=422 if mending else 200,
        waiting=[Waiting(item=item, reasons=tuple(map(_reason, item.reasons))) for item in waiting],
        desk=_desk(actor, case) if case is not None else None,
        rules=_RULE_CHOICES,
        reasons=_REASON_CHOICES,
        mending=mending or Mending(form=DecisionForm()),
    )


def _first(connection: Connection, actor: Actor, waiting: Sequence[QueueItem]) -> Case | None:
    """The post that waits longest, unless it went while we looked."""
    try:
        return case_page(connection, actor, kind="post", target_id=waiting[0].post_id)
    except NotFound:
        return None


def _desk(actor: Actor, case: Case) -> Desk:
    actor = actor.within(case.category_id)
    refusal = _refusal(actor, case)
    possible = _possible(case) if refusal is None else ["keep"] if case.reports else []
    if not may_keep(actor, author_id=case.author_id, category_id=case.category_id).allowed:
        possible = [
            do for do in possible if do != "keep"
        ]  # to let criticism stand is always allowed, but not one's own words
    return Desk(
        case=case,
        reports=tuple(Said(reason=_reason(each.reason), note=each.note, by=each.by) for each in case.reports),
        html=Markup(case.html),  # noqa: S704 - sanitised when it was written
        choices=tuple(CHOICES[do] for do in possible),
        refusal=refusal,
        action=f"/moderation/{case.kind}s/{case.id}",
    )


def _reason(code: str) -> Text:
    return Text(REASONS.get(code, code))


def _possible(case: Case) -> list[str]:
    if case.kind == "post":
        return ["restore-post"] if case.is_hidden else [*(["keep"] if case.reports else []), "hide-post"]
    if case.is_hidden:
        return ["restore-thread"]
    return ["reopen-thread" if case.is_closed else "close-thread", "hide-thread"]


class _Thread(msgspec.Struct, frozen=True):
    author_id: int
    is_critical: bool


def _refusal(actor: Actor, case: Case) -> Text | None:
    """Why this moderator cannot decide here, whatever the reason; the verb asks again with the reason."""
    if case.is_hidden:
        verdict = may_restore(actor, author_id=case.author_id)
        if isinstance(verdict, Denied):
            return verdict.text
    thread = _Thread(case.thread_author_id, case.is_critical)
    verdict = may_moderate(actor, thread=thread, reason_code="personal-data")
    return verdict.text if isinstance(verdict, Denied) else None


routes = [report_page, report, queue, post_case, thread_case, decide_post, decide_thread]
