"""One call to a remote system, with what must surround it: look before writing when unsure, follow a merge. No database."""

from dataclasses import dataclass, field, replace
from datetime import timedelta

from crm_sync.ports import Ambiguous, Document, Gone, Key, Later, Link, Receipt, Remote, put
from forum.kernel.errors import N_, Text

LOOKED_NOTHING = N_("Looked: it is not there.")
LOOKED_FOUND = N_("Looked: it is there already, as %(record)s.")
MERGED = N_("The record was merged over there into %(record)s.")
NOT_THERE_YET = N_("It is not to be seen over there yet. We look once more before we write.")


@dataclass(slots=True, kw_only=True)
class Push:
    """What is to be said about one subject. `document` None takes the record back.

    `unsure_for` is how long ago an earlier call went out that nobody answered; None when there is none. `trail` collects what
    was learnt on the way, for the timeline.
    """

    key: Key
    document: Document | None
    at: Link | None
    unsure_for: timedelta | None
    trail: list[tuple[str, Text]] = field(default_factory=list)

    def note(self, what: str, msgid: str, **values: str) -> None:
        self.trail.append((what, Text(msgid, **values)))


def perform(remote: Remote, push: Push) -> Receipt | None:
    """Make the remote say it, once. Returns None when there was nothing over there to take back.

    Raises:
        Failure: one of the seven.
    """
    adopted = None
    if push.at is None and push.unsure_for is not None and remote.traits.looks_first:
        adopted = push.at = _looked(remote, push, push.unsure_for)
        if adopted is None and push.document is None:
            return None
    receipt = _followed(remote, push)
    return replace(receipt, outcome="adopted") if adopted is not None else receipt


def _looked(remote: Remote, push: Push, unsure_for: timedelta) -> Link | None:
    found = remote.find(push.key.kind, push.key)
    if len(found) > 1:
        raise Ambiguous(candidates=found)
    if found:
        push.note("found", LOOKED_FOUND, record=found[0].remote_id)
        return Link(kind=push.key.kind, remote_id=found[0].remote_id, version=found[0].version)
    settle = remote.traits.settle_time
    if unsure_for < settle:
        raise Later(NOT_THERE_YET, after=settle - unsure_for)
    push.note("looked", LOOKED_NOTHING)
    return None


def _followed(remote: Remote, push: Push) -> Receipt:
    try:
        return _said(remote, push, push.at)
    except Gone as gone:
        if gone.merged_into is None and push.document is None and push.at is not None:
            return Receipt(
                remote_id=push.at.remote_id, outcome="withdrawn"
            )  # somebody was quicker: that is what we wanted
        if gone.merged_into is None or push.at is None:
            raise
        push.note("merged", MERGED, record=gone.merged_into)
        return _said(remote, push, Link(kind=push.key.kind, remote_id=gone.merged_into))


def _said(remote: Remote, push: Push, at: Link | None) -> Receipt:
    if push.document is None:
        return remote.withdraw(push.key.kind, at, push.key)
    return put(remote, push.document, at, push.key)
