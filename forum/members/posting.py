"""The rounds that send mails. Three short transactions around each, and the sending itself outside of them.

1. claim: the attempt is counted. 2. what it says now, with its key noted and committed before the socket opens. 3. settle, only
if the lease is still ours. A worker may die between any two: the mail is sent again with the same Message-ID and the same key.
"""

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol
from urllib.parse import urlsplit

import structlog
from sqlalchemy import delete, select, text
from sqlalchemy.exc import SQLAlchemyError

from forum.kernel import jobs
from forum.kernel.clock import now
from forum.kernel.db import Database, database_moment
from forum.kernel.mailer import Mail, NotSent
from forum.members import mailed_keys
from forum.members.addressing import Dropped, letter_of
from forum.members.mailing import Letter, MailRenderer
from forum.members.tables import MailDelivery

LEASE = timedelta(seconds=90)  # longer than a mail server may take for all its answers
KEPT = timedelta(days=30)
_UNSETTLED = text("mail_delivery.state IN ('waiting', 'running')")  # spelled out, so that the index of what is due fits
_log = structlog.get_logger("loggia.mail")


class Sends(Protocol):
    """What of the mailer matters here."""

    def send(self, mail: Mail) -> None: ...


@dataclass(frozen=True, slots=True)
class Postman:
    """Sends what is due. Safe to run in as many workers at once as wanted."""

    db: Database
    mailer: Sends
    render: MailRenderer
    secret_key: str
    base_url: str
    going_on: Callable[[], bool] = lambda: True

    def run_once(self) -> int:
        """Send the next mail; returns 1, or 0 where none is due."""
        if not self.going_on() or not self._is_one_due():
            return 0
        with self.db.transaction() as session:
            claims = jobs.claim(session, MailDelivery, limit=1, lease=LEASE)
        for claimed in claims:
            self._send(claimed)
        return len(claims)

    def _is_one_due(self) -> bool:
        """Most rounds find nothing due, and looking needs no transaction."""
        with self.db.reading() as connection:
            at = database_moment(connection)
            due = select(MailDelivery.id).where(_UNSETTLED, MailDelivery.not_before <= at).limit(1)
            return connection.execute(due).first() is not None

    def _send(self, claimed: jobs.Claim) -> None:
        try:
            prepared = self._prepared(claimed)
            if prepared is not None:
                self.mailer.send(prepared)
                self._settle(claimed)
        except SQLAlchemyError:
            raise  # the database is away: the lease runs out, and the mail is sent again
        except Dropped as why:
            self._settle(claimed, str(why))
        except NotSent as failure:
            self._failed(claimed, failure.text.msgid % failure.text.values, forever=failure.permanent)
        except Exception as fault:  # noqa: BLE001 - counted and in the end parked, so that others go on
            _log.exception("a mail could not be made", delivery=claimed.key)
            self._failed(claimed, f"{type(fault).__name__}: {fault}")

    def _prepared(self, claimed: jobs.Claim) -> Mail | None:
        with self.db.transaction() as session:
            row = jobs.still_ours(session, MailDelivery, claimed)
            if row is None:
                return None
            letter, cause = letter_of(session, row, secret_key=self.secret_key), row.cause
        return self._mail(letter, cause)

    def _mail(self, letter: Letter, cause: str) -> Mail:
        written = self.render(letter)
        named = hashlib.sha256(cause.encode()).hexdigest()[:32]
        host = urlsplit(self.base_url).hostname or "localhost"
        return Mail(
            to=letter.address,
            subject=written.subject,
            text=written.text,
            html=written.html,
            message_id=f"{named}@{host.replace(':', '.')}",
            headers={"Reply-To": written.reply_to} if written.reply_to else {},
            from_name=written.from_name or None,
        )

    def _settle(self, claimed: jobs.Claim, reason: str | None = None) -> None:
        """A mail that is done keeps no address: whom it went to is nobody's business any more."""
        with self.db.transaction() as session:
            row = jobs.still_ours(session, MailDelivery, claimed)
            if row is not None:
                jobs.settle(session, row, reason=reason)
                row.address, row.values = "", {}

    def _failed(self, claimed: jobs.Claim, reason: str, *, forever: bool = False) -> None:
        with self.db.transaction() as session:
            row = jobs.still_ours(session, MailDelivery, claimed)
            if row is not None:
                (jobs.park if forever else jobs.postpone)(session, row, reason=reason)
        _log.warning("a mail was not sent", delivery=claimed.key, attempt=claimed.attempt, reason=reason)


def prune(db: Database) -> None:
    """Forget mails that are done, those that nobody cared about for as long, and keys that are no longer good."""
    with db.transaction() as session:
        old = (MailDelivery.state.in_(("done", "parked")), MailDelivery.created_at < now() - KEPT)
        session.execute(delete(MailDelivery).where(*old).execution_options(synchronize_session=False))
        mailed_keys.prune(session)
