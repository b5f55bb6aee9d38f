"""What administrators do: connect, hold, resume, change secrets, try again, let go. And what others may not."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from crm_sync import connections, pages, replaying, sealing
from crm_sync.claiming import step
from crm_sync.reactions import REACTIONS, tell
from crm_sync.tables import Connection, CrmDelivery, RemoteLink, packed
from forum.events import AnswerAccepted
from forum.kernel.access import ANONYMOUS, Actor, rights_of
from forum.kernel.errors import Conflict, Invalid, NotAllowed, NotFound, Text
from forum.members.actors import SYSTEM
from forum.members.tables import AuditEntry
from tests.crm_sync import make
from tests.installing import SECRET_KEY

ADMIN = Actor(member_id=None, role="administrator", rights=rights_of("administrator", is_staff=False))
MODERATOR = Actor(member_id=None, role="moderator", rights=rights_of("moderator", is_staff=False))


def _connect(session: Session, **given: Any) -> connections.Connected:
    usual: dict[str, Any] = {
        "name": "desk", "connector": "webhook", "config": {"url": "https://crm.example.com/hook"}, "secret_key": SECRET_KEY
    }  # fmt: skip
    return connections.connect(session, ADMIN, **usual | given)


def _secrets(session: Session, connection_id: int) -> list[sealing.Secret]:
    row = session.get_one(Connection, connection_id)
    return sealing.unseal(row.secrets, secret_key=SECRET_KEY, bound_to=row.name)


def test_a_webhook_gets_a_secret_that_is_shown_once_and_kept_sealed(session: Session) -> None:
    connected = _connect(session)
    row = session.get_one(Connection, connected.connection_id)
    assert connected.secret is not None
    assert connected.secret.startswith("whsec_")
    assert connected.secret not in (row.secrets or "")
    assert connected.secret not in repr(connected)
    assert connected.secret not in repr(_secrets(session, row.id))
    assert [secret.value for secret in _secrets(session, row.id)] == [connected.secret]


def test_what_is_sealed_opens_only_with_its_key_and_for_its_connection() -> None:
    sealed = sealing.seal([sealing.Secret("s")], secret_key=SECRET_KEY, bound_to="desk")
    assert sealing.unseal(sealed, secret_key=SECRET_KEY, bound_to="desk") == [sealing.Secret("s")]
    damaged = sealed[:10] + ("A" if sealed[10] != "A" else "B") + sealed[11:]
    for text, secret_key, name in (
        (sealed, "f" * 64, "desk"),
        (sealed, SECRET_KEY, "other"),
        (damaged, SECRET_KEY, "desk"),
        ("1:AAAA", SECRET_KEY, "desk"),
        ("1:", SECRET_KEY, "desk"),
        ("not base64!", SECRET_KEY, "desk"),
    ):
        with pytest.raises(sealing.CannotOpen):
            sealing.unseal(text, secret_key=secret_key, bound_to=name)
    assert sealing.unseal(None, secret_key=SECRET_KEY, bound_to="desk") == []
    assert sealed != sealing.seal([sealing.Secret("s")], secret_key=SECRET_KEY, bound_to="desk")


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"name": "No Spaces"}, "name"),
        ({"name": ""}, "name"),
        ({"connector": "pigeon"}, "connector"),
        ({"config": {}}, "url"),
        ({"config": {"url": "ftp://crm.example.com"}}, "url"),
        ({"config": {"url": "https://user:word@crm.example.com"}}, "url"),
        ({"config": {"url": "https://[::1"}}, "url"),
        ({"secret": "short"}, "secret"),
        ({"budget": 0}, "budget"),
    ],
)
def test_what_cannot_be_used_is_said_by_field(session: Session, given: dict[str, Any], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        _connect(session, **given)
    assert list(refused.value.fields) == [field]


def test_names_are_taken_once(session: Session) -> None:
    _connect(session)
    with pytest.raises(Conflict):
        _connect(session)


def test_the_default_connection_is_made_once_and_all_share_one_name_in_keys(session: Session) -> None:
    first = connections.ensure_default_connection(session)
    assert connections.ensure_default_connection(session) == first
    second = _connect(session).connection_id
    names = set(session.scalars(select(Connection.installation)))
    assert len(names) == 1
    assert second != first


def test_a_new_secret_signs_beside_the_old_for_a_day_and_a_third_leaves_two(session: Session) -> None:
    connection_id = _connect(session, secret=make.SECRET).connection_id
    second = connections.rotate_secret(session, ADMIN, connection_id=connection_id, secret_key=SECRET_KEY)
    kept = _secrets(session, connection_id)
    until = kept[1].until
    assert until is not None
    assert sealing.valid(kept, until - timedelta(seconds=1)) == (second, make.SECRET)
    assert sealing.valid(kept, until) == (second,)
    third = connections.rotate_secret(session, ADMIN, connection_id=connection_id, secret_key=SECRET_KEY)
    assert [secret.value for secret in _secrets(session, connection_id)] == [third, second]


def test_a_secret_sealed_under_a_lost_key_is_replaced(session: Session) -> None:
    connection_id = _connect(session).connection_id
    fresh = connections.rotate_secret(session, ADMIN, connection_id=connection_id, secret_key="f" * 64)
    row = session.get_one(Connection, connection_id)
    assert [each.value for each in sealing.unseal(row.secrets, secret_key="f" * 64, bound_to=row.name)] == [fresh]


def test_a_secret_that_cannot_be_used_is_refused_and_the_journal_has_none(session: Session) -> None:
    connection_id = _connect(session).connection_id
    with pytest.raises(Invalid):
        connections.rotate_secret(session, ADMIN, connection_id=connection_id, secret_key=SECRET_KEY, secret="x")
    journal = connections.ensure_default_connection(session)
    with pytest.raises(Conflict):
        connections.rotate_secret(session, ADMIN, connection_id=journal, secret_key=SECRET_KEY)


def test_holding_and_resuming(session: Session) -> None:
    connection_id = _connect(session).connection_id
    connections.hold(session, ADMIN, connection_id=connection_id)
    assert session.get_one(Connection, connection_id).state == "held"
    connections.resume(session, ADMIN, connection_id=connection_id)
    assert session.get_one(Connection, connection_id).state == "ok"


def test_every_change_leaves_a_receipt_without_secrets(session: Session) -> None:
    connection_id = _connect(session, secret=make.SECRET).connection_id
    connections.hold(session, ADMIN, connection_id=connection_id)
    connections.hold(session, ADMIN, connection_id=connection_id)
    connections.resume(session, ADMIN, connection_id=connection_id)
    connections.rotate_secret(session, ADMIN, connection_id=connection_id, secret_key=SECRET_KEY)
    entries = session.scalars(select(AuditEntry).where(AuditEntry.subject == f"crm_connection:{connection_id}")).all()
    assert [entry.action for entry in entries] == [
        "connection:connected", "connection:held", "connection:resumed", "connection:secret-changed"
    ]  # fmt: skip
    assert all("whsec" not in str(entry.detail) for entry in entries)


Verb = Callable[[Session, Actor], object]
VERBS: list[Verb] = [
    lambda session, actor: connections.connect(
        session, actor, name="x", connector="journal", config={}, secret_key=SECRET_KEY
    ),
    lambda session, actor: connections.hold(session, actor, connection_id=1),
    lambda session, actor: connections.resume(session, actor, connection_id=1),
    lambda session, actor: connections.rotate_secret(session, actor, connection_id=1, secret_key=SECRET_KEY),
    lambda session, actor: replaying.replay(session, actor, delivery_id=1),
    lambda session, actor: replaying.replay_dead(session, actor),
    lambda session, actor: replaying.let_go(session, actor, delivery_id=1),
    lambda session, actor: pages.connections_page(session.connection(), actor),
    lambda session, actor: pages.deliveries_list(session.connection(), actor),
    lambda session, actor: pages.delivery_page(session.connection(), actor, delivery_id=1),
]


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("actor", [ANONYMOUS, MODERATOR])
def test_only_administrators_manage_connections(session: Session, verb: Verb, actor: Actor) -> None:
    with pytest.raises(NotAllowed, match="Only an administrator"):
        verb(session, actor)


# Deliveries that wait for a person


def _dead(session: Session, state: str = "parked", **columns: Any) -> CrmDelivery:
    connection_id = columns.pop("connection_id", None) or _connect(session, name=f"c{next(_names)}").connection_id
    row = make.delivery(
        connection_id=connection_id,
        state=state,
        attempt=12,
        reason="refused",
        why=packed(Text("Too long.")),
        tried_since=make.NOON,
        digest="d",
        as_of=make.NOON,
        **columns,
    )
    session.add(row)
    session.flush()
    step(session, row, "written", make.NOON)
    step(session, row, "refused", make.NOON, Text("The receiver answered %(status)s: %(said)s", status=422, said="no"))
    session.flush()
    return row


_names = iter(range(1, 10_000))


@pytest.mark.parametrize("state", ["parked", "held"])
def test_trying_again_begins_anew_under_the_same_key(session: Session, state: str) -> None:
    row = _dead(session, state)
    replaying.replay(session, ADMIN, delivery_id=row.id)
    assert (row.state, row.attempt, row.reason, row.why, row.tried_since) == ("waiting", 0, None, None, None)
    assert (row.digest, row.as_of) == ("d", make.NOON)  # what was said keeps its id, so that it is not taken twice
    assert row.settled_at is None


@pytest.mark.parametrize("state", ["waiting", "running", "unsure", "done"])
def test_what_is_on_its_way_cannot_be_tried_again_or_let_go(session: Session, state: str) -> None:
    row = _dead(session, state)
    for verb in (replaying.replay, replaying.let_go):
        with pytest.raises(Conflict):
            verb(session, ADMIN, delivery_id=row.id)


def test_all_that_are_dead_are_tried_again_of_one_connection_or_of_all(session: Session) -> None:
    one, two = _dead(session), _dead(session, "held")
    assert replaying.replay_dead(session, ADMIN, connection_id=one.connection_id) == 1
    assert (one.state, two.state) == ("waiting", "held")
    assert replaying.replay_dead(session, SYSTEM) == 1
    assert replaying.replay_dead(session, SYSTEM) == 0


def test_letting_go_ends_it(session: Session) -> None:
    row = _dead(session)
    replaying.let_go(session, ADMIN, delivery_id=row.id)
    assert (row.state, row.reason) == ("done", "let-go")


# Pages


def test_the_connections_page_tells_health_lag_and_what_is_dead(session: Session) -> None:
    well = connections.ensure_default_connection(session)
    dead = _dead(session)
    waiting = make.delivery(connection_id=dead.connection_id, local_id=8)
    session.add_all([waiting, make.delivery(connection_id=well, state="done", settled_at=make.NOON)])
    connections.hold(session, ADMIN, connection_id=dead.connection_id)
    session.flush()
    page = pages.connections_page(session.connection(), ADMIN)
    by_id = {each.id: each for each in page.connections}
    assert (by_id[well].health, by_id[well].oldest_waiting_at, by_id[well].delivered_in_a_day) == ("well", None, 0)
    held = by_id[dead.connection_id]
    assert (held.health, held.oldest_waiting_at, held.target) == ("held", make.NOON, "https://crm.example.com/hook")
    assert dict(held.counts) == {"waiting": 1, "running": 0, "unsure": 0, "held": 0, "parked": 1}
    assert page.dead_count == 1
    assert [line.id for line in page.dead] == [dead.id]


def test_lists_page_by_key_without_gap_or_overlap(session: Session) -> None:
    connection_id = _connect(session).connection_id
    rows = [make.delivery(connection_id=connection_id, local_id=number) for number in range(1, 8)]
    session.add_all(rows)
    session.flush()
    found, cursor = [], None
    while True:
        page = pages.deliveries_list(
            session.connection(), ADMIN, connection_id=connection_id, state="waiting", cursor=cursor, limit=3
        )
        found += [line.id for line in page.items]
        cursor = page.next
        if cursor is None:
            break
    assert found == sorted((row.id for row in rows), reverse=True)
    assert pages.deliveries_list(session.connection(), ADMIN, connection_id=connection_id, state="dead").items == ()
    with pytest.raises(Invalid):
        pages.deliveries_list(session.connection(), ADMIN, cursor="nonsense")


def test_one_delivery_is_told_step_by_step(session: Session) -> None:
    asked = make.question(session)
    row = _dead(session, local_id=asked.thread_id)
    link = RemoteLink(
        connection_id=row.connection_id,
        kind="case",
        local_id=asked.thread_id,
        remote_id="r1",
        url="https://crm/1",
        updated_at=make.NOON,
    )
    session.add(link)
    session.flush()
    page = pages.delivery_page(session.connection(), ADMIN, delivery_id=row.id)
    assert page.delivery.title == "Pump is silent"
    assert page.delivery.key.endswith(f":case:{asked.thread_id}")
    assert str(page.delivery.why) == "Too long."
    assert page.delivery.is_dead
    assert [each.what for each in page.steps] == ["written", "refused"]
    assert str(page.steps[1].note) == "The receiver answered 422: no"
    assert (page.remote_id, page.remote_url) == ("r1", "https://crm/1")
    with pytest.raises(NotFound):
        pages.delivery_page(session.connection(), ADMIN, delivery_id=10**9)


def test_a_thread_says_with_whom_it_is_shared(session: Session) -> None:
    connection_id = _connect(session).connection_id
    link = RemoteLink(connection_id=connection_id, kind="case", local_id=77, updated_at=make.NOON)
    session.add(link)
    session.flush()
    assert pages.shares_of(session.connection(), thread_id=77) == ()
    link.remote_id = "r1"
    session.flush()
    (share,) = pages.shares_of(session.connection(), thread_id=77)
    assert (share.connection, share.kind, share.at) == ("desk", "case", make.NOON)
    link.withdrawn = True
    session.flush()
    assert pages.shares_of(session.connection(), thread_id=77) == ()


def test_no_page_makes_more_than_six_selects(session: Session) -> None:
    row = _dead(session)
    connection, statements = session.connection(), []
    listener = lambda *given: statements.append(given[2])  # noqa: E731 (removed by identity below)
    event.listen(connection, "before_cursor_execute", listener)
    try:
        pages.connections_page(connection, ADMIN)
        assert len(statements) <= 6
        statements.clear()
        pages.delivery_page(connection, ADMIN, delivery_id=row.id)
        assert len(statements) <= 6
    finally:
        event.remove(connection, "before_cursor_execute", listener)


def test_each_connection_is_told_and_a_fact_told_twice_leaves_one_to_deliver(session: Session) -> None:
    one, two = connections.ensure_default_connection(session), _connect(session).connection_id
    asked = make.question(session)
    for _ in range(2):
        REACTIONS[AnswerAccepted](session, AnswerAccepted(thread_id=asked.thread_id, acceptance_id=1))
    session.flush()
    rows = session.scalars(select(CrmDelivery).where(CrmDelivery.local_id == asked.thread_id)).all()
    assert sorted((row.connection_id, row.state) for row in rows) == [
        (one, "done"), (one, "waiting"), (two, "done"), (two, "waiting")
    ]  # fmt: skip


@pytest.mark.parametrize("state", ["running", "unsure"])
def test_what_runs_or_is_unsure_is_never_superseded(session: Session, state: str) -> None:
    connection_id = connections.ensure_default_connection(session)
    row = make.delivery(connection_id=connection_id, local_id=5, state=state)
    session.add(row)
    session.flush()
    tell(session, "case", 5, cause="ThreadEdited", known_only=True)
    session.flush()
    assert row.state == state


def test_nothing_is_told_twice_to_who_never_heard_of_it(session: Session) -> None:
    connections.ensure_default_connection(session)
    assert tell(session, "case", 999_999, cause="ThreadEdited", known_only=True) == 0
