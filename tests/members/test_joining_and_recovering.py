"""Mailed keys end to end: confirming an address, a new password, another address, and what becomes of strangers' tries."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.kernel import clock
from forum.kernel.db import Database
from forum.kernel.errors import Gone, Invalid, NotAllowed
from forum.members import (
    accounts,
    addresses,
    joining,
    leaving,
    mailed_keys,
    mailing,
    recovering,
    signing_in,
    tokens,
)
from forum.members.actors import actor_of, actor_signed_in
from forum.members.tables import MailDelivery, MailedToken
from tests.forum import making as make
from tests.members import mails
from tests.members.mails import NEW, PASSWORD, Box, actor, confirmed, join, send_all, settled

box, database = mails.box, mails.database


# Confirming


def test_whoever_joins_reads_only_until_they_follow_the_link(database: Database, box: Box) -> None:
    member_id = join(database)
    before = actor(database, member_id)
    assert (before.unverified, before.clearance, before.can("thread:ask")) == (True, 0, False)
    with database.transaction() as session:
        place = make.category(session)
        with pytest.raises(NotAllowed, match="Confirm your mail address first"):
            make.thread(session, before, place)
    send_all(database, box)
    with database.transaction() as session:
        assert joining.confirm(session, key=box.key("verify")) == member_id
    after = actor(database, member_id)
    assert (after.unverified, after.clearance, after.can("thread:ask")) == (False, 1, True)
    assert confirmed(database, member_id) == ["marta@post.example"]


def test_to_look_at_what_a_link_does_changes_nothing(database: Database, box: Box) -> None:
    member_id = join(database)
    send_all(database, box)
    with database.reading() as connection:
        for _ in range(3):
            found = mailed_keys.look(connection, purpose="verify", key=box.key("verify"))
    assert (found.member_id, found.address) == (member_id, "marta@post.example")
    assert actor(database, member_id).unverified


def test_of_fifty_who_come_with_one_key_one_succeeds(database: Database, box: Box) -> None:
    join(database)
    send_all(database, box)
    key = box.key("verify")

    def come(_: int) -> bool:
        try:
            with database.transaction() as session:
                joining.confirm(session, key=key)
        except Gone:
            return False
        return True

    with ThreadPoolExecutor(16) as crowd:
        assert sum(crowd.map(come, range(50))) == 1


def test_an_address_is_whose_who_confirms_first(database: Database, box: Box) -> None:
    first, second = join(database, "marta", "shared@post.example"), join(database, "jonas", "SHARED@post.example")
    send_all(database, box)
    keys = [mail.text.split("/mailed/verify/")[1].split()[0] for mail in box.mails]
    with database.transaction() as session:
        joining.confirm(session, key=keys[1])
    with pytest.raises(Gone), database.transaction() as session:
        joining.confirm(session, key=keys[0])
    assert (confirmed(database, first), confirmed(database, second)) == ([], ["SHARED@post.example"])
    assert actor(database, first).unverified


# Strangers


def test_a_taken_address_is_answered_like_any_other_and_its_owner_is_told(database: Database, box: Box) -> None:
    owner = settled(database, "owner", "Owner@post.example")
    with database.transaction() as session:
        guest = joining.join(session, handle="guest", mail="owner@POST.example", password=PASSWORD)
        stranger = joining.join(session, handle="stranger", mail="free@post.example", password=PASSWORD)
        assert [guest.handle, stranger.handle] == ["guest", "stranger"]
        states = [(row.kind, row.state, row.member_id is None) for row in session.scalars(select(MailDelivery))]
        assert states == [("verify", "waiting", False)] * 2
    send_all(database, box)
    told = {mail.to: mail for mail in box.mails}
    assert set(told) == {"Owner@post.example", "free@post.example"}
    assert "belongs to your account already" in told["Owner@post.example"].text
    assert "/mailed/" not in told["Owner@post.example"].text
    assert "guest" not in told["Owner@post.example"].text
    assert confirmed(database, owner) == ["Owner@post.example"]


@pytest.mark.parametrize(
    "typed",
    [
        "marta@post.example, evil@evil.example",
        "marta@post.example;evil@evil.example",
        "marta@post.example\nevil@evil.example",
        "marta@post.example\r\nBcc: evil@evil.example",
        "marta@post.example evil@evil.example",
        '"marta@post.example"@evil.example.',
        "marta@post.example\x00@evil.example",
        "<marta@post.example>",
        "marta@evil.example@post.example",
    ],
)
def test_what_is_not_one_address_sends_nothing(database: Database, box: Box, typed: str) -> None:
    settled(database)
    with pytest.raises(Invalid), database.transaction() as session:
        recovering.ask(session, mail=typed)
    send_all(database, box)
    assert box.mails == []


@pytest.mark.parametrize("typed", ["MARTA@POST.EXAMPLE", " marta@post.example ", "Marta@Post.Example"])
def test_however_an_address_is_spelled_the_mail_goes_to_the_stored_one(
    database: Database, box: Box, typed: str
) -> None:
    settled(database)
    with database.transaction() as session:
        recovering.ask(session, mail=typed)
    send_all(database, box)
    assert [mail.to for mail in box.mails] == ["marta@post.example"]


@pytest.mark.parametrize("typed", ["mаrta@post.example", "marta@pοst.example", "marta@post.exampıe"])
def test_an_address_that_only_looks_the_same_gets_nothing(database: Database, box: Box, typed: str) -> None:
    settled(database)
    try:
        with database.transaction() as session:
            recovering.ask(session, mail=typed)
    except Invalid:
        pass
    send_all(database, box)
    assert box.mails == []


def test_a_thousand_tries_at_one_address_send_three_mails(database: Database, box: Box) -> None:
    settled(database)
    spellings = ("marta@post.example", "MARTA@post.example", "Marta@POST.example")
    asked = 0
    for number in range(1_000):
        with database.transaction() as session:
            asked += mailing.queue_typed(session, kind="reset", address=spellings[number % 3])
    send_all(database, box)
    assert (asked, len(box.mails)) == (3, 3)
    with clock.at(clock.now() + timedelta(days=1, minutes=1)), database.transaction() as session:
        assert mailing.queue_typed(session, kind="reset", address="marta@post.example")


def test_registering_and_resetting_share_what_one_address_gets(database: Database, box: Box) -> None:
    for number in range(5):
        join(database, f"guest{number}", "stranger@post.example")
        with database.transaction() as session:
            recovering.ask(session, mail="stranger@post.example")
    send_all(database, box)
    assert len(box.mails) == 3


# A new password


def test_a_mailed_key_sets_a_new_password_and_ends_everything_else(database: Database, box: Box) -> None:
    member_id = settled(database)
    with database.transaction() as session:
        cookie = signing_in.sign_in(session, member_id=member_id)
        program = tokens.create(session, actor_of(session, member_id), name="A program", scopes=["read"])
        recovering.ask(session, mail="marta@post.example")
    send_all(database, box)
    key = box.key("reset")
    with pytest.raises(Invalid), database.transaction() as session:
        recovering.reset(session, key=key, new="short")
    with database.transaction() as session:
        assert recovering.reset(session, key=key, new=NEW) == member_id
    with database.reading() as connection:
        assert signing_in.member_by_password(connection, login="marta", password=NEW) == member_id
        assert actor_signed_in(connection, cookie) is None
        assert tokens.member_by_token(connection, program) is None
    with pytest.raises(Gone), database.transaction() as session:
        recovering.reset(session, key=key, new=NEW)
    send_all(database, box)
    assert box.mails[-1].subject.startswith("Your password was changed")


def test_programs_keep_their_keys_if_asked(database: Database, box: Box) -> None:
    member_id = settled(database)
    with database.transaction() as session:
        program = tokens.create(session, actor_of(session, member_id), name="A program", scopes=["read"])
        accounts.change_password(session, actor_of(session, member_id), current=PASSWORD, new=NEW, keep_tokens=True)
    with database.reading() as connection:
        assert tokens.member_by_token(connection, program) is not None


def test_a_reset_confirms_the_address_that_it_went_to(database: Database, box: Box) -> None:
    member_id = join(database)
    with database.transaction() as session:
        recovering.ask(session, mail="marta@post.example")
    send_all(database, box)
    with database.transaction() as session:
        recovering.reset(session, key=box.key("reset"), new=NEW)
    assert not actor(database, member_id).unverified


def test_an_address_that_nobody_has_gets_no_mail(database: Database, box: Box) -> None:
    with database.transaction() as session:
        recovering.ask(session, mail="nobody@post.example")
    send_all(database, box)
    assert box.mails == []
    with database.transaction() as session:
        (row,) = session.scalars(select(MailDelivery)).all()
        assert (row.state, row.address, row.reason) == ("done", "", "nobody has this address")


# What ends a key


def ask_reset(database: Database, box: Box) -> str:
    with database.transaction() as session:
        recovering.ask(session, mail="marta@post.example")
    send_all(database, box)
    return box.key("reset")


def _new_password(session: Session, member_id: int) -> None:
    accounts.change_password(session, actor_of(session, member_id), current=PASSWORD, new=NEW)


def _deactivated(session: Session, member_id: int) -> None:
    leaving.deactivate(session, actor_of(session, member_id), password=PASSWORD)


def _deleted(session: Session, member_id: int) -> None:
    leaving.delete(session, actor_of(session, member_id), handle="marta", password=PASSWORD)


@pytest.mark.parametrize("change", [_new_password, _deactivated, _deleted])
def test_a_key_dies_with_what_it_was_for(database: Database, box: Box, change: Callable[[Session, int], None]) -> None:
    member_id = settled(database)
    key = ask_reset(database, box)
    with database.transaction() as session:
        change(session, member_id)
    with pytest.raises(Gone), database.transaction() as session:
        recovering.reset(session, key=key, new=NEW)


def test_a_newer_key_ends_the_older(database: Database, box: Box) -> None:
    settled(database)
    older, newer = ask_reset(database, box), ask_reset(database, box)
    assert older != newer
    with pytest.raises(Gone), database.transaction() as session:
        recovering.reset(session, key=older, new=NEW)
    with database.transaction() as session:
        recovering.reset(session, key=newer, new=NEW)


def test_a_key_is_good_for_its_purpose_and_its_time(database: Database, box: Box) -> None:
    settled(database)
    key = ask_reset(database, box)
    for purpose in set(mailed_keys.LIVES) - {"reset"}:
        with pytest.raises(Gone), database.transaction() as session:
            mailed_keys.use(session, purpose=purpose, key=key)
    late = clock.now() + mailed_keys.LIVES["reset"] + timedelta(minutes=1)
    with clock.at(late), database.transaction() as session, pytest.raises(Gone):
        recovering.reset(session, key=key, new=NEW)


def test_no_key_is_stored(database: Database, box: Box) -> None:
    settled(database)
    key = ask_reset(database, box)
    with database.transaction() as session:
        kept = [str(vars(row)) for table in (MailDelivery, MailedToken) for row in session.scalars(select(table))]
    assert not any(key in row for row in kept)


# Another address


def ask_change(database: Database, member_id: int, mail: str = "new@post.example") -> bool:
    with database.transaction() as session:
        return addresses.change(session, actor_of(session, member_id), mail=mail, password=PASSWORD)


def test_another_address_confirms_and_the_old_one_is_told(database: Database, box: Box) -> None:
    member_id = settled(database)
    reset = ask_reset(database, box)
    assert ask_change(database, member_id)
    send_all(database, box)
    assert (box.mails[-1].to, confirmed(database, member_id)) == ("new@post.example", ["marta@post.example"])
    with database.transaction() as session:
        addresses.confirm_change(session, key=box.key("change"))
    assert confirmed(database, member_id) == ["new@post.example"]
    send_all(database, box)
    assert box.mails[-1].to == "marta@post.example"
    assert "another one belongs to it" in box.mails[-1].text
    with pytest.raises(Gone), database.transaction() as session:
        recovering.reset(session, key=reset, new=NEW)


def test_the_old_address_takes_the_account_back_whatever_happened_since(database: Database, box: Box) -> None:
    member_id = settled(database)
    for address in ("thief@post.example", "thief2@post.example"):
        ask_change(database, member_id, address)
        send_all(database, box)
        with database.transaction() as session:
            addresses.confirm_change(session, key=box.key("change"))
    with database.transaction() as session:
        _new_password(session, member_id)
        cookie = signing_in.sign_in(session, member_id=member_id)
    send_all(database, box)
    own = next(mail for mail in box.mails if mail.to == "marta@post.example" and "/mailed/revert/" in mail.text)
    thief = next(mail for mail in box.mails if mail.to == "thief@post.example" and "/mailed/revert/" in mail.text)
    with database.transaction() as session:
        addresses.take_back(session, key=own.text.split("/mailed/revert/")[1].split()[0])
    assert confirmed(database, member_id) == ["marta@post.example"]
    with database.reading() as connection:
        assert actor_signed_in(connection, cookie) is None
        with pytest.raises(Invalid):
            signing_in.member_by_password(connection, login="marta", password=NEW)
    with pytest.raises(Gone), database.transaction() as session:
        addresses.take_back(session, key=thief.text.split("/mailed/revert/")[1].split()[0])
    send_all(database, box)
    with database.transaction() as session:
        recovering.reset(session, key=box.key("reset"), new="a third sentence, mine")


def test_nobody_learns_that_the_new_address_is_somebody_s(database: Database, box: Box) -> None:
    member_id = settled(database)
    settled(database, "owner")
    assert ask_change(database, member_id, "owner@post.example")
    send_all(database, box)
    assert (box.mails[-1].to, "/mailed/" in box.mails[-1].text) == ("owner@post.example", False)


@pytest.mark.parametrize(
    ("mail", "password", "field"),
    [
        ("new@post.example", "wrong sentence", "password"),
        ("nowhere", PASSWORD, "mail"),
        ("MARTA@post.example", PASSWORD, "mail"),
    ],
)
def test_an_address_that_is_not_changed(database: Database, mail: str, password: str, field: str) -> None:
    member_id = settled(database)
    with pytest.raises(Invalid) as refused, database.transaction() as session:
        addresses.change(session, actor_of(session, member_id), mail=mail, password=password)
    assert list(refused.value.fields) == [field]


def test_who_mistyped_their_first_address_names_another(database: Database, box: Box) -> None:
    member_id = join(database, mail="mistyped@post.example")
    assert ask_change(database, member_id, "right@post.example")
    send_all(database, box)
    assert [mail.to for mail in box.mails] == ["right@post.example"]
    with database.transaction() as session:
        joining.confirm(session, key=box.key("verify"))
    assert confirmed(database, member_id) == ["right@post.example"]


# Leaving by mail


def test_a_mailed_key_opens_a_closed_account_or_deletes_an_open_one(database: Database, box: Box) -> None:
    member_id = settled(database)
    with database.transaction() as session:
        _deactivated(session, member_id)
    send_all(database, box)
    with database.transaction() as session:
        assert leaving.come_back(session, key=box.key("restore")) == member_id
    with database.transaction() as session:
        leaving.ask_for_key(session, actor_of(session, member_id))
    send_all(database, box)
    key = box.key("delete")
    with pytest.raises(Invalid), database.transaction() as session:
        leaving.delete_by_key(session, key=key, handle="jonas")
    with database.transaction() as session:
        leaving.delete_by_key(session, key=key, handle="marta")
    assert not actor(database, member_id).is_signed_in
    send_all(database, box)
    assert (box.mails[-1].to, box.mails[-1].subject[:23]) == ("marta@post.example", "Your account is deleted")
