"""The state machine of a delivery, with rows built by hand: no database, no clock, no network."""

from datetime import timedelta

import pytest

from crm_sync import transitions
from crm_sync.ports import Ambiguous, Conflict, Gone, Later, Receipt, Refused, Scope, Unauthorised, Unsure
from crm_sync.tables import Connection, CrmDelivery, RemoteLink, unpacked
from tests.crm_sync import make
from tests.crm_sync.make import NOON

SECOND = timedelta(seconds=1)


def _running() -> CrmDelivery:
    delivery = make.delivery()
    transitions.claimed(delivery, token="t", until=NOON + timedelta(seconds=120))
    return delivery


def _called(delivery: CrmDelivery) -> RemoteLink:
    link = RemoteLink(connection_id=1, kind="case", local_id=7, updated_at=NOON)
    transitions.called(delivery, link, digest="d1", moment=NOON)
    return link


def test_a_claim_counts_the_attempt_before_the_work() -> None:
    delivery = _running()
    assert (delivery.state, delivery.attempt, delivery.lease_token, delivery.called_at) == ("running", 1, "t", None)


def test_a_receipt_settles_it_and_the_link_knows_what_was_said() -> None:
    delivery, connection = _running(), make.connection(failures=3)
    link = _called(delivery)
    transitions.succeeded(connection, delivery, link, Receipt(remote_id="r9", outcome="created", version="v1"), NOON)
    assert (delivery.state, delivery.reason, delivery.settled_at, delivery.lease_token) == (
        "done",
        "created",
        NOON,
        None,
    )
    assert (link.remote_id, link.version, link.digest, link.unsure_since) == ("r9", "v1", "d1", None)
    assert (connection.failures, connection.last_success_at) == (0, NOON)
    assert transitions.needs_no_call(link, "d1")
    assert not transitions.needs_no_call(link, "d2")


def test_nothing_is_called_unchanged_while_a_call_is_unanswered() -> None:
    delivery = _running()
    link = _called(delivery)
    link.digest = "d1"
    assert not transitions.needs_no_call(link, "d1")


def test_silence_is_unsure_and_stays_with_the_link() -> None:
    delivery, connection = _running(), make.connection()
    link = _called(delivery)
    transitions.surely_not_done(link, Unsure(), unsure_before=None)
    transitions.failed(connection, delivery, Unsure(), NOON)
    assert (delivery.state, delivery.reason) == ("unsure", "unsure")
    assert delivery.not_before >= NOON + 4 * SECOND
    assert link.unsure_since == NOON
    assert connection.failures == 1


def test_an_answer_ends_the_doubt_about_its_own_call_only() -> None:
    delivery = _running()
    link = _called(delivery)
    transitions.surely_not_done(link, Later(), unsure_before=NOON - SECOND)
    assert link.unsure_since == NOON - SECOND
    transitions.surely_not_done(link, Refused(), unsure_before=None)
    assert link.unsure_since is None


def test_a_worker_lost_before_the_call_leaves_it_waiting_and_after_it_unsure() -> None:
    before, after = _running(), _running()
    _called(after)
    transitions.lost(before, NOON)
    transitions.lost(after, NOON)
    assert (before.state, after.state) == ("waiting", "unsure")
    assert before.not_before == after.not_before == NOON


def test_work_that_kills_its_worker_ends_parked() -> None:
    delivery = make.delivery()
    for _ in range(12):
        transitions.claimed(delivery, token="t", until=NOON)
        transitions.lost(delivery, NOON)
    assert (delivery.state, delivery.reason) == ("parked", "lost")


@pytest.mark.parametrize("scope", ["record", "endpoint"])
def test_later_waits_as_long_as_the_remote_says(scope: Scope) -> None:
    delivery = _running()
    transitions.failed(make.connection(), delivery, Later(after=timedelta(seconds=7), scope=scope), NOON)
    assert (delivery.state, delivery.not_before, delivery.attempt) == ("waiting", NOON + 7 * SECOND, 1)


def test_later_for_the_whole_connection_pauses_it_and_costs_no_attempt() -> None:
    delivery, connection = _running(), make.connection()
    transitions.failed(connection, delivery, Later(after=timedelta(seconds=7), scope="connection"), NOON)
    assert (delivery.state, delivery.attempt) == ("waiting", 0)
    assert not connection.may_call(NOON + 6 * SECOND)
    assert connection.may_call(NOON + 7 * SECOND)


def test_waiting_grows_and_ends_after_twelve_tries() -> None:
    delivery, connection = make.delivery(), make.connection()
    waits = []
    for _ in range(12):
        transitions.claimed(delivery, token="t", until=NOON)
        transitions.failed(connection, delivery, Later(), NOON)
        waits.append((delivery.not_before - NOON).total_seconds())
    assert delivery.state == "parked"
    assert 4 <= waits[0] <= 6
    assert 8 <= waits[1] <= 12
    assert max(waits) <= 3600 * 1.2


def test_a_day_of_trying_is_enough() -> None:
    delivery = _running()
    _called(delivery)
    transitions.failed(make.connection(), delivery, Later(), NOON + timedelta(hours=24))
    assert (delivery.state, delivery.reason) == ("parked", "later")


def test_a_refused_key_holds_the_connection_and_nothing_is_lost() -> None:
    delivery, connection = _running(), make.connection()
    transitions.failed(connection, delivery, Unauthorised("Key revoked."), NOON)
    assert (delivery.state, delivery.attempt) == ("waiting", 0)
    assert connection.state == "held"
    assert str(unpacked(connection.why)) == "Key revoked."
    assert not connection.may_call(NOON + timedelta(days=1))
    connection.resume()
    assert connection.may_call(NOON)


@pytest.mark.parametrize(
    ("failure", "state", "reason"),
    [
        (Refused("Too long."), "parked", "refused"),
        (Gone(), "held", "gone"),
        (Conflict(), "held", "conflict"),
        (Ambiguous(), "held", "ambiguous"),
        (ZeroDivisionError("division by zero"), "parked", "fault"),
    ],
)
def test_what_a_person_must_decide_stops(failure: Exception, state: str, reason: str) -> None:
    delivery, connection = _running(), make.connection(failures=4)
    transitions.failed(connection, delivery, failure, NOON)
    assert (delivery.state, delivery.reason, delivery.settled_at, delivery.lease_token) == (state, reason, NOON, None)
    assert connection.failures == 0


def _fail(connection: Connection, delivery: CrmDelivery, failure: Exception) -> None:
    transitions.claimed(delivery, token="t", until=NOON)
    transitions.failed(connection, delivery, failure, NOON)


def test_five_silences_in_a_row_open_the_breaker_and_probes_cost_nothing() -> None:
    connection, delivery = make.connection(), make.delivery()
    for _ in range(5):
        assert connection.may_call(NOON)
        _fail(connection, delivery, Later(scope="endpoint"))
    assert delivery.attempt == 5
    assert not connection.may_call(NOON + 29 * SECOND)
    assert connection.may_call(NOON + 30 * SECOND)
    connection.note_call(NOON + 30 * SECOND, timedelta(seconds=120))
    assert not connection.may_call(NOON + 31 * SECOND)  # one probe at a time
    _fail(connection, delivery, Unsure())
    assert (delivery.attempt, delivery.state) == (5, "unsure")
    assert not connection.may_call(NOON + 59 * SECOND)
    assert connection.may_call(NOON + 60 * SECOND)


def test_the_breaker_waits_ten_minutes_at_most_and_closes_with_the_first_answer() -> None:
    connection, delivery = make.connection(), make.delivery()
    for _ in range(40):
        _fail(connection, delivery, Later(scope="endpoint"))
    assert connection.may_call(NOON + timedelta(minutes=10))
    assert delivery.state == "waiting"
    _fail(connection, delivery, Refused())
    assert connection.may_call(NOON)


def test_the_budget_is_kept_and_comes_back_with_the_next_minute() -> None:
    connection = make.connection(budget=2)
    for _ in range(2):
        assert connection.may_call(NOON)
        connection.note_call(NOON, timedelta(seconds=120))
    assert not connection.may_call(NOON + 59 * SECOND)
    assert connection.may_call(NOON + 60 * SECOND)
