"""The connections to the company's systems, and what is on its way through them: for administrators."""

from __future__ import annotations

from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, RawBody
from msgspec import Meta
from sqlalchemy import Connection

from crm_sync import connections, pages, replaying
from crm_sync.tables import STATES
from crm_sync.words import KINDS
from crm_sync.words import STATES as STATE_WORDS
from forum.kernel.access import Actor
from forum.kernel.errors import N_, Conflict, Invalid, Text
from web import forms
from web.arguments import path_id, query
from web.identity import current_member
from web.installation import db_of, installation_of
from web.pages import crm_view as view
from web.pages.frame import address_of, framed, led_to, shown
from web.pages.parts import Page, Pager

AnyRequest = Request[Any, Any, Any]
Problems = tuple[tuple[str, Text], ...]
CONNECTIONS, DELIVERIES = "/admin/connections", "/admin/deliveries"
_MOST_ROUNDS: Final = 20  # of 500 deliveries each, that one press of a button takes up


class ConnectForm(msgspec.Struct, frozen=True):
    """A webhook to connect."""

    name: str = ""
    url: Annotated[str, Meta(max_length=2000)] = ""
    secret: Annotated[str, Meta(max_length=200)] = ""
    budget: Annotated[int, Meta(le=1_000_000)] | None = None


class Asked(msgspec.Struct, frozen=True):
    """Which deliveries are shown, from where on."""

    state: Literal["", "dead", "waiting", "running", "unsure", "done", "held", "parked"] = ""
    connection: Annotated[int, Meta(ge=0)] = 0
    cursor: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a form: what needs mending, or a secret that is shown this once, and of which connection."""

    problems: Problems = ()
    secret: str = ""
    of: str = ""

    def problem(self, field: str) -> Text | str:
        """The sentence under a field."""
        return next((text for name, text in self.problems if name == field), "")


PLAIN: Final = Answer()


@get(CONNECTIONS, action="connection.read", sync_to_thread=True, include_in_schema=False)
def overview(request: AnyRequest) -> Response[bytes]:
    """How each connection does, and what waits for a person."""
    return _overview(request, PLAIN)


@post(CONNECTIONS, action="connection.manage", sync_to_thread=True, include_in_schema=False)
def connect(request: AnyRequest, body: RawBody) -> Response[bytes]:
    """Connect a webhook. Its secret stands in this answer and nowhere else, so this form leads to no other address."""
    pairs = forms.pairs_of(body)
    typed = forms.shown(pairs)
    try:
        answer = _connected(request, forms.read(pairs, ConnectForm))
    except Invalid as refusal:
        return _overview(request, Answer(problems=tuple(refusal.fields.items())), typed, status=422)
    except Conflict as refusal:
        return _overview(request, Answer(problems=(("name", refusal.text),)), typed, status=409)
    return _overview(request, answer)


def _connected(request: AnyRequest, form: ConnectForm) -> Answer:
    with db_of(request).transaction() as session:
        made = connections.connect(
            session,
            current_member(request, session.connection()),
            name=form.name,
            connector="webhook",
            config={"url": form.url},
            secret_key=installation_of(request).settings.secret_key,
            secret=form.secret or None,
            budget=form.budget,
        )
    return Answer(secret=made.secret or "", of=form.name)


@post(
    "/admin/connections/{connection_id:str}/hold",
    action="connection.manage",
    sync_to_thread=True,
    include_in_schema=False,
)
def hold(request: AnyRequest, connection_id: FromPath[str]) -> Response[bytes]:
    """Call that system no more until somebody resumes."""
    with db_of(request).transaction() as session:
        connections.hold(session, current_member(request, session.connection()), connection_id=path_id(connection_id))
    return led_to(request, CONNECTIONS, "connection-paused")


@post(
    "/admin/connections/{connection_id:str}/resume",
    action="connection.manage",
    sync_to_thread=True,
    include_in_schema=False,
)
def resume(request: AnyRequest, connection_id: FromPath[str]) -> Response[bytes]:
    """Call it again, at once."""
    with db_of(request).transaction() as session:
        connections.resume(session, current_member(request, session.connection()), connection_id=path_id(connection_id))
    return led_to(request, CONNECTIONS, "connection-resumed")


@post(
    "/admin/connections/{connection_id:str}/secret",
    action="connection.manage",
    sync_to_thread=True,
    include_in_schema=False,
)
def rotate(request: AnyRequest, connection_id: FromPath[str]) -> Response[bytes]:
    """Give it a new secret, which stands in this answer and nowhere else."""
    key = path_id(connection_id)
    with db_of(request).transaction() as session:
        actor = current_member(request, session.connection())
        secret_key = installation_of(request).settings.secret_key
        secret = connections.rotate_secret(session, actor, connection_id=key, secret_key=secret_key)
        names = {one.id: one.name for one in pages.connections_page(session.connection(), actor).connections}
    return _overview(request, Answer(secret=secret, of=names[key]))


@get(DELIVERIES, action="connection.read", sync_to_thread=True, include_in_schema=False)
def deliveries(request: AnyRequest) -> Response[bytes]:
    """What was, is and will be on its way."""
    asked = query(request, Asked)
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        found = pages.deliveries_list(
            connection, actor, state=asked.state, connection_id=asked.connection, cursor=asked.cursor or None
        )
        of = pages.connections_page(connection, actor).connections
        page = _page(request, connection, actor)
    narrowed: dict[str, str | int] = {"state": asked.state, "connection": asked.connection}
    return shown(
        "crm_deliveries.html",
        page,
        lines=[view.line(one) for one in found.items],
        asked=asked,
        states=[("", Text(N_("All"))), ("dead", Text(N_("Waits for a person"))), *_states()],
        of=[("", Text(N_("Everywhere"))), *((str(one.id), one.name) for one in of)],
        pager=Pager(
            first=address_of(DELIVERIES, **narrowed) if asked.cursor else "",
            older=address_of(DELIVERIES, **narrowed, cursor=found.next) if found.next else "",
        ),
    )


def _states() -> list[tuple[str, Text]]:
    return [(state, Text(STATE_WORDS[state])) for state in STATES]


@get("/admin/deliveries/{delivery_id:str}", action="connection.read", sync_to_thread=True, include_in_schema=False)
def delivery(request: AnyRequest, delivery_id: FromPath[str]) -> Response[bytes]:
    """One delivery, step by step."""
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        found = pages.delivery_page(connection, actor, delivery_id=path_id(delivery_id))
        page = _page(request, connection, actor, title=_title(found.delivery))
    return shown("crm_delivery.html", page, found=found, line=view.line(found.delivery), steps=view.steps(found))


def _title(line: pages.DeliveryLine) -> Text | str:
    return line.title or Text(KINDS[line.kind])


@post(
    "/admin/deliveries/{delivery_id:str}/replay",
    action="connection.manage",
    sync_to_thread=True,
    include_in_schema=False,
)
def replay(request: AnyRequest, delivery_id: FromPath[str]) -> Response[bytes]:
    """Try it again from the start, under the same key."""
    key = path_id(delivery_id)
    with db_of(request).transaction() as session:
        replaying.replay(session, current_member(request, session.connection()), delivery_id=key)
    return led_to(request, f"{DELIVERIES}/{key}", "delivery-replayed")


@post(
    "/admin/deliveries/{delivery_id:str}/let-go",
    action="connection.manage",
    sync_to_thread=True,
    include_in_schema=False,
)
def let_go(request: AnyRequest, delivery_id: FromPath[str]) -> Response[bytes]:
    """Give it up for good."""
    key = path_id(delivery_id)
    with db_of(request).transaction() as session:
        replaying.let_go(session, current_member(request, session.connection()), delivery_id=key)
    return led_to(request, f"{DELIVERIES}/{key}", "delivery-let-go")


@post("/admin/deliveries/replay", action="connection.manage", sync_to_thread=True, include_in_schema=False)
def replay_dead(request: AnyRequest) -> Response[bytes]:
    """Try all again that wait for a person. Of very many, the rest stays for the next press."""
    for _ in range(_MOST_ROUNDS):
        with db_of(request).transaction() as session:
            if not replaying.replay_dead(session, current_member(request, session.connection())):
                break
    return led_to(request, CONNECTIONS, "deliveries-replayed")


def _overview(
    request: AnyRequest, answer: Answer, typed: dict[str, str] | None = None, *, status: int = 200
) -> Response[bytes]:
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        found = pages.connections_page(connection, actor)
        page = _page(request, connection, actor)
    response = shown(
        "crm.html",
        page,
        status=status,
        cards=[view.card(one) for one in found.connections],
        dead=[view.line(one) for one in found.dead],
        dead_count=found.dead_count,
        answer=answer,
        typed=view.Typed(**{name: (typed or {}).get(name, "") for name in ("name", "url", "secret", "budget")}),
    )
    if answer.secret:
        response.headers["cache-control"] = "no-store"  # it must not come back with the browser's “back”
    return response


def _page(request: AnyRequest, connection: Connection, actor: Actor, title: Text | str = "") -> Page:
    return framed(request, connection, actor, title=title, robots="noindex")


routes = [
    *(overview, connect, hold, resume, rotate),
    *(deliveries, replay_dead, delivery, replay, let_go),
]
