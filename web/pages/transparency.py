"""The public log: the list, one decision with its proof, and taking words out of it again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, RawBody

from forum.kernel.access import Actor
from forum.kernel.clock import now
from forum.kernel.errors import N_, Conflict, Invalid, Text
from moderation.decisions import redact
from moderation.guidelines import HOUSE_RULE, REASONS, RULES
from moderation.pages import Around, LogEntry, around, decision_page, log_figures, log_head, log_list
from moderation.policies import may_redact
from web import forms
from web.arguments import path_id, query
from web.identity import current_actor, current_member
from web.installation import db_of
from web.pages.frame import address_of, framed, led_to, shown
from web.pages.keeping import keep_list, version_before
from web.pages.parts import Pager
from web.pages.rows import thread_href
from web.pages.rulings import Told, told

AnyRequest = Request[Any, Any, Any]
Options = list[tuple[str, Text | str]]

ACTIONS: Final = {
    "hide-post": (Text(N_("Post removed")), "danger"),
    "restore-post": (Text(N_("Post restored")), "solved"),
    "hide-thread": (Text(N_("Thread removed")), "danger"),
    "restore-thread": (Text(N_("Thread restored")), "solved"),
    "close-thread": (Text(N_("Thread closed")), "plain"),
    "reopen-thread": (Text(N_("Thread opened again")), "solved"),
    "idea-status": (Text(N_("Idea answered by the company")), "house"),
    "narrow-category": (Text(N_("Category shown to fewer people")), "danger"),
    "suspend": (Text(N_("Member suspended")), "danger"),
    "unsuspend": (Text(N_("Suspension ended")), "solved"),
    "silence": (Text(N_("Member silenced")), "danger"),
    "unsilence": (Text(N_("Silence ended")), "solved"),
    "redact": (Text(N_("Entry redacted")), "plain"),
}
"""What each action is called once it is done, and the colour of its link in the chain."""
_EFFECTS: Final = {
    "hide-post": Text(N_("The post is hidden. Its author keeps a copy, and what it earned is taken back.")),
    "restore-post": Text(N_("The post is back, with what it earned.")),
    "hide-thread": Text(N_("The thread is hidden with every reply.")),
    "restore-thread": Text(N_("The thread is back.")),
    "close-thread": Text(N_("The thread stays readable. Nobody can reply.")),
    "reopen-thread": Text(N_("Everybody can reply again.")),
    "idea-status": Text(N_("The idea bears a new status, and who voted for it was told.")),
    "narrow-category": Text(N_("Fewer people see the category, and every thread that stands in it.")),
    "suspend": Text(N_("A member reads what visitors read, for a while. They were told, with the reason.")),
    "unsuspend": Text(N_("The member is back.")),
    "silence": Text(N_("A member reads on and writes nothing, for a while. They were told, with the reason.")),
    "unsilence": Text(N_("The member may write again.")),
    "redact": Text(N_("The words and the target of the entry are deleted. That it was made stays.")),
}
ROLES: Final[Options] = [
    ("", Text(N_("Anyone"))),
    ("moderator", Text(N_("Moderators"))),
    ("administrator", Text(N_("Administrators"))),
    ("staff", Text(N_("Company"))),
    ("member", Text(N_("Members"))),
]
A_MONTH: Final = timedelta(days=30)


class Asked(msgspec.Struct, frozen=True):
    """Which entries. What is not known matches none."""

    action: str = ""
    rule: str = ""
    role: str = ""
    cursor: str = ""


class RedactionForm(msgspec.Struct, frozen=True):
    """Why the words must go."""

    text: str = ""


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """An entry as a link of the chain."""

    entry: LogEntry
    told: Told
    word: Text
    state: str
    reason: Text
    target: str

    @property
    def short_hash(self) -> str:
        return shortened(self.entry.hash)

    @property
    def short_previous(self) -> str:
        return shortened(self.entry.previous)


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """A decision's page. `later` are the entries that undo or redact this one."""

    link: Link
    effect: Text
    around: Around
    later: tuple[tuple[Text, str, int], ...]
    may_redact: bool
    problem: Text | str


def shortened(digest: str) -> str:
    """The two ends of a hash, enough to compare links at a glance."""
    return f"{digest[:4]}…{digest[-4:]}"


def linked(entry: LogEntry) -> Link:
    """An entry in words."""
    word, state = ACTIONS.get(entry.action, (Text(N_("Decision")), "plain"))
    return Link(
        entry=entry,
        told=told(entry),
        word=word,
        state=state,
        reason=Text(REASONS.get(entry.reason_code, REASONS["other"])),
        target=_target(entry),
    )


def _target(entry: LogEntry) -> str:
    if entry.target_kind == "decision" and entry.target_id:
        return f"/transparency/{entry.target_id}"
    if entry.target_kind == "post" and entry.target_id:
        return f"/p/{entry.target_id}"
    if entry.category_slug:
        return f"/c/{entry.category_slug}"
    return thread_href(entry.thread_id, entry.thread_slug) if entry.thread_id else ""


@get("/transparency", action="log.read", sync_to_thread=True, include_in_schema=False)
def public_log(request: AnyRequest) -> Response[bytes]:
    """The log, the newest entry first."""
    asked = query(request, Asked)
    address = _address(asked, asked.cursor)
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        version = version_before(request, connection, actor)
        found = log_list(connection, actor, action=asked.action, rule=asked.rule, role=asked.role, cursor=asked.cursor)
        answer = shown(
            "transparency.html",
            framed(
                request,
                connection,
                actor,
                address=address if asked.cursor else "/transparency",
                robots="noindex, follow" if asked.cursor else "",
            ),
            links=[linked(entry) for entry in found.items],
            head=log_head(connection),
            figures=log_figures(connection, since=now() - A_MONTH),
            asked=asked,
            is_narrowed=bool(asked.action or asked.rule or asked.role),
            actions=[("", Text(N_("All"))), *((action, word) for action, (word, _) in ACTIONS.items())],
            rules=_rules(),
            roles=ROLES,
            pager=Pager(
                first=_address(asked) if asked.cursor else "",
                older=_address(asked, found.next) if found.next else "",
            ),
        )
    keep_list(request, actor, address=address, version=version)
    return answer


def _address(asked: Asked, cursor: str = "") -> str:
    return address_of("/transparency", action=asked.action, rule=asked.rule, role=asked.role, cursor=cursor)


def _rules() -> Options:
    return [
        ("", Text(N_("All"))),
        *(
            (rule.code, Text(N_("%(number)s %(name)s"), number=rule.code, name=Text(rule.name)))
            for rule in (*RULES.values(), HOUSE_RULE)
        ),
    ]


@get("/transparency/{number:str}", action="log.read", sync_to_thread=True, include_in_schema=False)
def decision(request: AnyRequest, number: FromPath[str]) -> Response[bytes]:
    """One decision: what, why, by whom, and how to prove it."""
    return _decision_page(request, path_id(number), "")


@post("/transparency/{number:str}/redact", action="log.redact", sync_to_thread=True, include_in_schema=False)
def redact_entry(request: AnyRequest, number: FromPath[str], body: RawBody) -> Response[bytes]:
    """Delete an entry's words and target. The fact stays, and a new entry tells of it."""
    key, form = path_id(number), forms.parse(body, RedactionForm)
    try:
        with db_of(request).transaction() as session:
            redact(session, current_member(request, session.connection()), number=key, text=form.text)
    except Invalid as refusal:
        return _decision_page(request, key, refusal.fields["text"], typed=form.text)
    except Conflict as refusal:
        return _decision_page(request, key, refusal.text, typed=form.text)
    return led_to(request, f"/transparency/{key}", "redacted")


def _decision_page(request: AnyRequest, number: int, problem: Text | str, *, typed: str = "") -> Response[bytes]:
    address = f"/transparency/{number}"
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        version = version_before(request, connection, actor)
        entry = decision_page(connection, actor, number=number)
        whole = _whole(actor, entry, around(connection, entry), problem)
        title = Text(N_("%(word)s, %(number)s"), word=whole.link.word, number=entry.label)
        page = framed(request, connection, actor, title=title, address=address)
        answer = shown("decision.html", page, status=422 if problem else 200, whole=whole, typed=typed)
    if request.method == "GET":
        keep_list(request, actor, address=address, version=version)
    return answer


def _whole(actor: Actor, entry: LogEntry, neighbours: Around, problem: Text | str) -> Whole:
    can_redact = entry.state == "sound" and entry.action != "redact" and may_redact(actor).allowed
    return Whole(
        link=linked(entry),
        effect=_EFFECTS.get(entry.action, Text(N_("It stands as it says."))),
        around=neighbours,
        later=tuple(
            (ACTIONS[action][0] if action in ACTIONS else Text(N_("Decision")), f"/transparency/{number}", number)
            for number, action in neighbours.later
        ),
        may_redact=can_redact,
        problem=problem,
    )


routes = [public_log, decision, redact_entry]
