"""Mails that wait for a person: what administrators are told of them, and what becomes of them."""

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest

from forum.kernel import clock
from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.kernel.errors import Conflict, NotAllowed
from forum.kernel.mailer import REFUSALS, NotSent
from forum.kernel.settings import Settings
from forum.members import joining, mailing, posting, site, unsent
from forum.members.tables import MailDelivery
from tests.forum import making as make
from tests.installing import SECRET_KEY, settings_for
from tests.members.mails import BASE, Box, send_all
from web import mails
from web.translations import translate

REFUSED = "The mail server answered 550: <marta@post.example> is nobody here"


@dataclass
class Desk:
    database: Database
    chief: Actor
    box: Box

    def park(self, handle: str = "marta", reason: str = REFUSED) -> int:
        """Somebody's first mail, refused for good."""
        with self.database.transaction() as session:
            joining.join(session, handle=handle, mail=f"{handle}@post.example", password="a sentence is good")
        self.box.failures.append(NotSent(reason, permanent=True))
        send_all(self.database, self.box)
        return self.found()[0].id

    def found(self, *, cursor: str = "", limit: int = 20) -> tuple[unsent.UnsentMail, ...]:
        with self.database.reading() as connection:
            return unsent.unsent_list(connection, self.chief, cursor=cursor, limit=limit).items

    def row(self, mail_id: int) -> MailDelivery:
        with self.database.transaction() as session:
            return session.get_one(MailDelivery, mail_id)


@pytest.fixture
def desk(fresh_database: Database) -> Desk:
    with fresh_database.transaction() as session:
        chief = make.administrator(session)
    return Desk(fresh_database, chief, Box())


def test_they_are_told_with_a_masked_address_and_a_reason_in_every_language(desk: Desk) -> None:
    desk.park("greta", reason="OSError: [Errno 5]")
    desk.park()
    newest, older = desk.found()
    assert (newest.kind, newest.to, newest.handle, newest.attempt) == ("verify", "m…a@post.example", "marta", 1)
    assert str(newest.reason) == "The mail server answered 550: <m…a@post.example> is nobody here"
    assert translate(newest.reason, "it").startswith("Il server di posta ha risposto 550")
    assert str(older.reason) == "A fault: OSError: [Errno 5]"
    with desk.database.reading() as connection:
        first = unsent.unsent_list(connection, desk.chief, limit=1)
        second = unsent.unsent_list(connection, desk.chief, limit=1, cursor=first.next or "")
    assert ([*first.items, *second.items], second.next) == ([newest, older], None)


def test_one_that_is_sent_again_arrives_and_one_that_is_given_up_never_does(desk: Desk) -> None:
    kept, lost = desk.park("greta"), desk.park()
    with desk.database.transaction() as session:
        unsent.send_again(session, desk.chief, mail_id=kept)
        unsent.give_up(session, desk.chief, mail_id=lost)
    send_all(desk.database, desk.box)
    assert [mail.to for mail in desk.box.mails] == ["greta@post.example"]
    assert (desk.row(lost).state, desk.row(lost).address, desk.row(lost).reason) == ("done", "", "given up")
    for verb in (unsent.send_again, unsent.give_up):
        with pytest.raises(Conflict), desk.database.transaction() as session:
            verb(session, desk.chief, mail_id=kept)


def test_one_that_is_of_no_use_any_more_is_not_sent_again(desk: Desk) -> None:
    old = desk.park()
    with clock.at(clock.now() + timedelta(days=2)):
        fresh = desk.park("greta")
        assert [one.is_too_old for one in desk.found()] == [False, True]
        with pytest.raises(Conflict), desk.database.transaction() as session:
            unsent.send_again(session, desk.chief, mail_id=old)
        with desk.database.transaction() as session:
            assert unsent.send_all_again(session, desk.chief) == 1
            assert unsent.send_all_again(session, desk.chief) == 0
    assert (desk.row(fresh).state, desk.row(old).state) == ("waiting", "parked")


def test_one_that_nobody_cared_about_is_forgotten_after_a_month(desk: Desk) -> None:
    desk.park()
    posting.prune(desk.database)
    assert len(desk.found()) == 1
    with clock.at(clock.now() + timedelta(days=31)):
        posting.prune(desk.database)
    assert desk.found() == ()


def test_they_are_the_administrators_alone(desk: Desk) -> None:
    mail_id = desk.park()
    with desk.database.transaction() as session:
        moderator = make.moderator(session)
    with desk.database.transaction() as session:
        with pytest.raises(NotAllowed):
            unsent.unsent_list(session.connection(), moderator)
        with pytest.raises(NotAllowed):
            unsent.send_again(session, moderator, mail_id=mail_id)
        with pytest.raises(NotAllowed):
            unsent.send_all_again(session, moderator)
        with pytest.raises(NotAllowed):
            unsent.give_up(session, moderator, mail_id=mail_id)
        assert unsent.unsent_count(session.connection(), moderator) == 0
        assert unsent.unsent_count(session.connection(), desk.chief) == 1


def test_every_sentence_of_the_mailer_is_recognised() -> None:
    for msgid in REFUSALS:
        said = msgid % {"name": "To", "why": "full", "host": "post", "code": 550, "said": "no"}
        assert unsent.reason_of(said).msgid == msgid


@pytest.mark.parametrize(
    ("address", "shown"),
    [("ab@post.example", "a…@post.example"), ("marta@post.example", "m…a@post.example"), ("", ""), ("odd", "…")],
)
def test_what_is_left_of_an_address(address: str, shown: str) -> None:
    assert unsent.masked(address) == shown


def given() -> Settings:
    return settings_for("sqlite:///never-opened", Path("/nowhere"), base_url=BASE)


@pytest.mark.parametrize("locale", ["en", "it"])
def test_every_mail_says_what_the_site_is_called_and_whom_an_answer_reaches(
    fresh_database: Database, locale: str
) -> None:
    render = mails.renderer(given(), mails.site_in(fresh_database, given()))
    with fresh_database.transaction() as session:
        chief = make.administrator(session)
        site.change(session, chief, {"name": "Bottega Alzaia", "contact": "help@alzaia.example"})
    for kind in mails.DRAFTS:
        letter = mailing.Letter(kind=kind, locale=locale, address="marta@post.example", handle="marta", key="k")
        written = render(letter)
        assert (written.from_name, written.reply_to) == ("Bottega Alzaia", "help@alzaia.example")
        assert written.subject.endswith("· Bottega Alzaia")
        for words in (written.text, written.html):
            assert "Bottega Alzaia" in words
            assert "help@alzaia.example" in words
            assert given().site_name not in words


def test_a_mail_of_a_site_without_a_contact_cannot_be_answered(fresh_database: Database) -> None:
    sends = posting.Postman(fresh_database, box := Box(), mails.renderer(given()), SECRET_KEY, BASE)
    with fresh_database.transaction() as session:
        joining.join(session, handle="marta", mail="marta@post.example", password="a sentence is good")
    sends.run_once()
    (mail,) = box.mails
    assert (dict(mail.headers), mail.from_name) == ({}, given().site_name)
    assert "It cannot be answered." in mail.text
