"""Suspending and silencing people from their profile, and the page that tells somebody suspended why."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, RawBody
from sqlalchemy import Connection

from forum.kernel.access import Actor, require
from forum.kernel.errors import N_, Conflict, Invalid, Text
from forum.members import people_held
from forum.members.people_held import Held
from moderation.decisions import Ruling, decide
from moderation.guidelines import REASONS, RULES
from moderation.pages import LogEntry, sanction_of
from moderation.policies import may_sanction
from moderation.sanctions import without_length
from web import forms
from web.identity import current_account, current_member
from web.installation import db_of, installation_of
from web.pages.frame import framed, led_to, shown
from web.pages.rulings import Told, told

AnyRequest = Request[Any, Any, Any]
FOR_GOOD: Final = 36_500
_LENGTHS: Final = (1, 3, 7, 14, 30, 90, 365)


class SanctionForm(msgspec.Struct, frozen=True):
    """What is decided about a person."""

    do: str = ""
    days: int = 7
    rule: str = ""
    reason: str = ""
    text: str = ""


class Sanctioning(msgspec.Struct, frozen=True, kw_only=True):
    """The form as it was typed, and what needs mending."""

    person: Held
    form: SanctionForm
    choices: tuple[tuple[str, Text, Text], ...]
    lengths: list[tuple[str, Text]]
    rules: list[tuple[str, Text]]
    reasons: list[tuple[str, Text]]
    problems: tuple[tuple[str, Text], ...] = ()

    def problem(self, field: str) -> Text | str:
        """The sentence under a field."""
        return next((text for name, text in self.problems if name == field), "")


_SUSPEND = ("suspend", Text(N_("Suspend.")), Text(N_("They read what visitors read, and nothing else.")))
_SILENCE = ("silence", Text(N_("Silence.")), Text(N_("They read on as before, and write nothing.")))
_UNSUSPEND = ("unsuspend", Text(N_("End the suspension.")), Text(N_("They are back at once.")))
_UNSILENCE = ("unsilence", Text(N_("End the silence.")), Text(N_("They may write again at once.")))
_LONG: Final = [
    *((str(days), Text(N_("%(days)s days") if days > 1 else N_("%(days)s day"), days=days)) for days in _LENGTHS),
    (str(FOR_GOOD), Text(N_("For good"))),
]
_RULE_CHOICES: Final = [
    ("", Text(N_("Choose a rule"))),
    *((rule.code, Text(N_("%(number)s %(name)s"), number=rule.code, name=Text(rule.name))) for rule in RULES.values()),
]
_REASON_CHOICES: Final = [
    ("", Text(N_("Choose a reason"))),
    *(
        (code, Text(name))
        for code, name in REASONS.items()
        if code not in ("answer", "erasure", "duplicate", "resolved")
    ),
]


@get("/suspended", action="sanction.read", sync_to_thread=True, include_in_schema=False)
def suspended(request: AnyRequest) -> Response[bytes]:
    """Why, by which rule, until when, and how to appeal. Who is not suspended is led to the front page."""
    with db_of(request).reading() as connection:
        actor = current_account(request, connection)
        if not actor.suspended:
            return led_to(request, "/")
        held = people_held.held(connection, handle=actor.handle)
        entry = sanction_of(connection, member_id=held.id, action="suspend")
        why = _told_to_them(entry) if entry is not None else None
        page = framed(request, connection, actor, title=Text(N_("Your account is suspended")), robots="noindex")
        contact = installation_of(request).sites.now(connection).contact
    return shown("suspended.html", page, why=why, until=held.suspended_until, contact=contact)


def _told_to_them(entry: LogEntry) -> Told:
    """The page says until when in a line of its own."""
    whole = told(entry)
    return msgspec.structs.replace(whole, why=without_length(whole.why))


@get("/m/{handle:str}/sanction", action="member.sanction", sync_to_thread=True, include_in_schema=False)
def sanction_page(request: AnyRequest, handle: FromPath[str]) -> Response[bytes]:
    """The form."""
    return _page(request, handle, SanctionForm())


@post("/m/{handle:str}/sanction", action="member.sanction", sync_to_thread=True, include_in_schema=False)
def sanction(request: AnyRequest, handle: FromPath[str], body: RawBody) -> Response[bytes]:
    """Decide in public."""
    form = forms.parse(body, SanctionForm)
    try:
        with db_of(request).transaction() as session:
            actor = current_member(request, session.connection())
            person = people_held.held(session.connection(), handle=handle)
            decide(session, actor, _ruling(person, form))
    except Invalid as refusal:
        fields = {"do" if name == "action" else name: text for name, text in refusal.fields.items()}
        return _page(request, handle, form, problems=tuple(fields.items()), status=422)
    except Conflict as refusal:
        return _page(request, handle, form, problems=(("", refusal.text),), status=409)
    return led_to(request, f"/m/{person.handle}", "decided")


def _ruling(person: Held, form: SanctionForm) -> Ruling:
    return Ruling(
        action=form.do, target_kind="member", target_id=person.id, rule=form.rule, reason_code=form.reason,
        text=form.text, days=form.days,
    )  # fmt: skip


def _page(
    request: AnyRequest,
    handle: str,
    form: SanctionForm,
    *,
    problems: tuple[tuple[str, Text], ...] = (),
    status: int = 200,
) -> Response[bytes]:
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        person = _sanctionable(connection, actor, handle)
        title = Text(N_("Decide about %(name)s"), name=person.name)
        page = framed(request, connection, actor, title=title, robots="noindex")
    sanctioning = Sanctioning(
        person=person, form=form, choices=_choices(person), lengths=_LONG, rules=_RULE_CHOICES, reasons=_REASON_CHOICES,
        problems=problems,
    )  # fmt: skip
    return shown("sanction.html", page, status=status, sanctioning=sanctioning)


def _sanctionable(connection: Connection, actor: Actor, handle: str) -> Held:
    person = people_held.held(connection, handle=handle)
    require(may_sanction(actor, person, is_critic=False, reason_code="other"))  # the verb asks again with the reason
    return person


def _choices(person: Held) -> tuple[tuple[str, Text, Text], ...]:
    return (
        _UNSUSPEND if person.suspended_until else _SUSPEND,
        *(() if person.suspended_until else (_UNSILENCE if person.silenced_until else _SILENCE,)),
    )


routes = [suspended, sanction_page, sanction]
