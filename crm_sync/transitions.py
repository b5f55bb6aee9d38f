"""What an answer, or its absence, does to a delivery, its connection and its link. Pure: no database, no clock of its own.

Each of the seven failures has one way through here. Attempts were counted when the delivery was claimed; a try that taught
nothing about the record (the connection as a whole was refused, paused or down) gives its attempt back.
"""

from datetime import datetime, timedelta

from crm_sync.ports import Ambiguous, Conflict, Failure, Gone, Later, Receipt, Refused, Unauthorised, Unsure
from crm_sync.tables import Connection, CrmDelivery, RemoteLink, packed
from forum.kernel.errors import N_, Text
from forum.kernel.jobs import MOST_ATTEMPTS, backoff

LONGEST_TRYING = timedelta(hours=24)
WITHDRAWN = "withdrawn"  # stands for the digest of a record that was taken back

FAULT_OF_OURS = N_("A fault in this software: %(error)s. It was logged.")
WORKER_LOST = N_("The worker that had this was lost.")


def claimed(delivery: CrmDelivery, *, token: str, until: datetime) -> None:
    """A worker takes it: counted before anything is done, so that what kills its worker ends parked."""
    delivery.state, delivery.lease_token, delivery.lease_until = "running", token, until
    delivery.attempt += 1
    delivery.called_at = None


def called(delivery: CrmDelivery, link: RemoteLink, *, digest: str, moment: datetime) -> None:
    """The socket is about to open. From here on, silence means unsure."""
    if delivery.digest != digest:
        delivery.digest, delivery.as_of = digest, moment
    delivery.called_at = moment
    delivery.tried_since = delivery.tried_since or moment
    link.unsure_since = moment


def needs_no_call(link: RemoteLink | None, digest: str) -> bool:
    """Whether the remote surely says this already."""
    return link is not None and link.unsure_since is None and link.digest == digest


def succeeded(
    connection: Connection, delivery: CrmDelivery, link: RemoteLink, receipt: Receipt, moment: datetime
) -> None:
    """A receipt came: the link says what the remote has now."""
    connection.answered(moment, success=True)
    link.remote_id, link.version, link.url = receipt.remote_id, receipt.version, receipt.url or link.url
    link.digest, link.withdrawn = delivery.digest, delivery.digest == WITHDRAWN
    link.unsure_since, link.updated_at = None, moment
    delivery.receipt = {"remote_id": receipt.remote_id, "outcome": receipt.outcome, "url": receipt.url}
    settled(delivery, "done", receipt.outcome, None, moment)


def settled(delivery: CrmDelivery, state: str, reason: str, why: Text | None, moment: datetime) -> None:
    """It leaves the queue: done, held for a person's choice, or parked."""
    _let_go_of_lease(delivery, state, reason, why)
    delivery.settled_at = moment


def failed(connection: Connection, delivery: CrmDelivery, failure: Exception, moment: datetime) -> None:
    """No receipt came. `failure` is one of the seven, or a fault of ours."""
    if isinstance(failure, Unsure):
        _unanswered(connection, delivery, failure, moment)
    elif isinstance(failure, Later):
        _later(connection, delivery, failure, moment)
    elif isinstance(failure, Unauthorised):
        connection.hold(failure.text)
        _wait(delivery, "unauthorised", failure.text, until=moment, free=True)
    else:
        connection.answered(moment, success=False)
        _stopped(delivery, failure, moment)


def surely_not_done(link: RemoteLink, failure: Exception, *, unsure_before: datetime | None) -> None:
    """This call was not done, says the remote; an earlier call that nobody answered stays what it is."""
    if isinstance(failure, Failure) and not isinstance(failure, Unsure):
        link.unsure_since = unsure_before


def lost(delivery: CrmDelivery, moment: datetime) -> None:
    """Its lease ran out. After the call went out it is unsure; before, it simply waits again."""
    if delivery.called_at is not None:
        _again(delivery, "unsure", "unsure", Text(WORKER_LOST), moment, wait=timedelta(0))
    else:
        _again(delivery, "waiting", "lost", Text(WORKER_LOST), moment, wait=timedelta(0))


def _unanswered(connection: Connection, delivery: CrmDelivery, failure: Unsure, moment: datetime) -> None:
    free = connection.breaker_until is not None
    connection.did_not_answer(moment)
    if free:
        _wait(delivery, "unsure", failure.text, until=moment, free=True, state="unsure")
    else:
        _again(delivery, "unsure", "unsure", failure.text, moment, wait=backoff(delivery.attempt))


def _later(connection: Connection, delivery: CrmDelivery, failure: Later, moment: datetime) -> None:
    if failure.scope == "connection":
        connection.paused_until = moment + (failure.after or backoff(delivery.attempt))
        _wait(delivery, "later", failure.text, until=moment, free=True)
        return
    probing = connection.breaker_until is not None
    if failure.scope == "endpoint":
        connection.did_not_answer(moment)
    else:
        connection.answered(moment, success=False)
    if failure.scope == "endpoint" and probing:
        _wait(delivery, "later", failure.text, until=moment, free=True)
    else:
        _again(delivery, "waiting", "later", failure.text, moment, wait=failure.after or backoff(delivery.attempt))


def _stopped(delivery: CrmDelivery, failure: Exception, moment: datetime) -> None:
    words: dict[type[Exception], tuple[str, str]] = {
        Refused: ("parked", "refused"),
        Gone: ("held", "gone"),
        Conflict: ("held", "conflict"),
        Ambiguous: ("held", "ambiguous"),
    }
    state, reason = words.get(type(failure), ("parked", "fault"))
    why = (
        failure.text
        if isinstance(failure, Failure)
        else Text(FAULT_OF_OURS, error=f"{type(failure).__name__}: {failure}"[:300])
    )
    settled(delivery, state, reason, why, moment)


def _again(delivery: CrmDelivery, state: str, reason: str, why: Text, moment: datetime, *, wait: timedelta) -> None:
    """One more try, unless twelve tries or a day of trying are over."""
    tried_for = moment - (delivery.tried_since or moment)
    if delivery.attempt >= MOST_ATTEMPTS or tried_for >= LONGEST_TRYING:
        settled(delivery, "parked", reason, why, moment)
    else:
        _wait(delivery, reason, why, until=moment + wait, free=False, state=state)


def _wait(
    delivery: CrmDelivery, reason: str, why: Text, *, until: datetime, free: bool, state: str = "waiting"
) -> None:
    _let_go_of_lease(delivery, state, reason, why)
    delivery.not_before = until
    if free:
        delivery.attempt -= 1


def _let_go_of_lease(delivery: CrmDelivery, state: str, reason: str, why: Text | None) -> None:
    delivery.state, delivery.reason = state, reason
    delivery.why = None if why is None else packed(why)
    delivery.lease_token = delivery.lease_until = None
