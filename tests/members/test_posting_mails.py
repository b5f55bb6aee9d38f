"""The rounds that send mails: what a lost worker costs, what is sent again, given up, dropped and forgotten."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from forum.kernel import clock
from forum.kernel.db import Database
from forum.kernel.mailer import NotSent
from forum.members import (
    joining,
    mailed_keys,
    mailing,
    posting,
)
from forum.members.tables import MailDelivery, MailedToken
from tests.members import mails
from tests.members.mails import Box, actor, join, postman, send_all

box, database = mails.box, mails.database


# The rounds themselves


def lose_worker(database: Database, box: Box) -> None:
    """What is left when a worker is killed with the key committed and the mail not sent: a lease that runs out."""
    box.failures.append(SystemExit())
    with pytest.raises(SystemExit):
        postman(database, box).run_once()
    with database.transaction() as session:
        session.execute(update(MailDelivery).values(lease_until=clock.now() - timedelta(minutes=5)))


def test_a_worker_that_dies_between_key_and_socket_costs_nothing(database: Database, box: Box) -> None:
    member_id = join(database)
    lose_worker(database, box)
    lose_worker(database, box)
    assert box.mails == []
    send_all(database, box)
    with database.transaction() as session:
        assert session.scalar(select(func.count()).select_from(MailedToken)) == 1
        assert session.scalar(select(MailDelivery.attempt)) == 3
        joining.confirm(session, key=box.key("verify"))
    assert len(box.mails) == 1
    assert not actor(database, member_id).unverified


def test_a_mail_that_arrived_is_not_sent_again_once_its_link_was_used(database: Database, box: Box) -> None:
    join(database)
    send_all(database, box)
    with database.transaction() as session:
        joining.confirm(session, key=box.key("verify"))
        lost = {"state": "running", "lease_token": "x", "lease_until": clock.now() - timedelta(minutes=5)}
        session.execute(update(MailDelivery).values(address="marta@post.example", **lost))
    send_all(database, box)
    assert len(box.mails) == 1


def test_a_mail_that_is_sent_again_is_the_same_mail(database: Database, box: Box) -> None:
    join(database)
    box.failures.append(NotSent("Lost.", unsure=True))
    sends = postman(database, box)
    sends.run_once()
    with database.transaction() as session:
        first = mailed_keys.key_of(sends.secret_key, session.scalars(select(MailDelivery)).one())
        session.execute(update(MailDelivery).values(not_before=clock.now() - timedelta(minutes=5)))
    send_all(database, box)
    assert box.key("verify") == first


def test_a_mail_that_never_leaves_is_parked_and_counted(database: Database, box: Box) -> None:
    join(database)
    box.failures.append(NotSent("No such mailbox.", permanent=True))
    send_all(database, box)
    with database.reading() as connection:
        assert mailing.counts(connection) == {"waiting": 0, "running": 0, "parked": 1}
    with database.transaction() as session:
        row = session.scalars(select(MailDelivery)).one()
        assert (row.state, row.reason, row.address) == ("parked", "No such mailbox.", "marta@post.example")


def test_a_mail_that_comes_too_late_is_not_sent(database: Database, box: Box) -> None:
    join(database)
    with clock.at(clock.now() + timedelta(days=1, minutes=1)):
        send_all(database, box)
    assert box.mails == []
    with database.transaction() as session:
        assert session.scalars(select(MailDelivery.reason)).one() == "too old to be of use"


def test_what_is_done_keeps_no_address_and_is_forgotten(database: Database, box: Box) -> None:
    join(database)
    send_all(database, box)
    with database.transaction() as session:
        assert session.scalars(select(MailDelivery.address)).one() == ""
    with clock.at(clock.now() + posting.KEPT + timedelta(days=1)):
        posting.prune(database)
    with database.transaction() as session:
        left = [session.scalar(select(func.count()).select_from(table)) for table in (MailDelivery, MailedToken)]
    assert left == [0, 0]


def test_mails_speak_the_reader_s_language_and_link_to_the_configured_address_alone(
    database: Database, box: Box
) -> None:
    join(database, "evil.example", "reader@post.example", locale="it")
    send_all(database, box)
    (mail,) = box.mails
    assert mail.subject.startswith("Conferma il tuo indirizzo")
    assert mail.html is not None
    for said in (mail.text, mail.html):
        assert "evil.example" not in said
        assert "evil.\u200bexample" in said
        assert set(_links(said)) <= {"https://square.example"}
    assert "<img" not in mail.html


def _links(said: str) -> list[str]:
    import re

    return re.findall(r"https?://[\w.:-]+", said)
