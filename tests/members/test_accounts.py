"""Accounts: registering, changing what one says of oneself, passwords, roles."""

from functools import partial
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.kernel.access import Actor
from forum.kernel.errors import Invalid, NotAllowed, NotFound
from forum.members import accounts, managing, signing_in
from forum.members.actors import COMMAND_LINE, SYSTEM, actor_of, actor_signed_in
from forum.members.finding import member_of
from forum.members.tables import Affiliation, AuditEntry, Credential, MailAddress, Member, SignIn
from tests.forum import making as make

PASSWORD = "a sentence is good"


def registered(session: Session, handle: str = "marta", **changes: str) -> Actor:
    given: dict[str, Any] = {"mail": f"{handle}@post.example", "password": PASSWORD, **changes}
    member = accounts.register(session, handle=handle, **given)
    session.flush()
    return actor_of(session, member.id)


def test_who_registers_can_sign_in_with_handle_or_address(session: Session) -> None:
    marta = registered(session)
    for login in ("marta", "MARTA", " marta ", "marta@post.example", "Marta@Post.Example"):
        found = signing_in.member_by_password(session.connection(), login=login, password=PASSWORD)
        assert found == marta.member_id
    assert make.facts(session) == ["MemberRegistered"]


@pytest.mark.parametrize(
    ("login", "password"),
    [
        ("marta", "another sentence"),
        ("nobody", PASSWORD),
        ("nobody@post.example", PASSWORD),
        ("", PASSWORD),
        ("marta", ""),
    ],
)
def test_a_pair_that_does_not_belong_together_is_told_as_one(session: Session, login: str, password: str) -> None:
    registered(session)
    with pytest.raises(Invalid) as refused:
        signing_in.member_by_password(session.connection(), login=login, password=password)
    assert {name: str(text) for name, text in refused.value.fields.items()} == {
        "": "That name and password do not belong together."
    }


def test_the_password_is_stored_nowhere(session: Session) -> None:
    registered(session)
    (credential,) = session.scalars(select(Credential)).all()
    assert PASSWORD not in credential.password_hash


def test_everything_that_needs_mending_is_said_at_once(session: Session) -> None:
    with pytest.raises(Invalid) as refused:
        accounts.register(session, handle="!", mail="nowhere", name="x", password="short")
    assert set(refused.value.fields) == {"handle", "mail", "name", "password"}
    assert session.scalars(select(Member)).all() == []


@pytest.mark.parametrize("handle", ["a", "-x", "x-", "Ünal", "a b", "a" * 31, "support", "Admin", "me", "x/y", "x\ny"])
def test_handles_that_cannot_be(session: Session, handle: str) -> None:
    with pytest.raises(Invalid) as refused:
        registered(session, handle, mail="x@post.example", name="Somebody")
    assert list(refused.value.fields) == ["handle"]


@pytest.mark.parametrize(
    "mail",
    [
        "",
        "x",
        "x@",
        "@post.example",
        "a@b",
        "a b@post.example",
        "a@post.example\nb@c.example",
        "a@-x.example",
        "<a@post.example>",
    ],
)
def test_addresses_that_cannot_be_written_to(session: Session, mail: str) -> None:
    with pytest.raises(Invalid) as refused:
        registered(session, mail=mail)
    assert list(refused.value.fields) == ["mail"]


@pytest.mark.parametrize("name", ["x", "x" * 61, "a\u200bb", "a\u202eb", "\ue000\ue000"])
def test_names_that_deceive_or_cannot_be_seen(session: Session, name: str) -> None:
    with pytest.raises(Invalid) as refused:
        registered(session, name=name)
    assert list(refused.value.fields) == ["name"]


@pytest.mark.parametrize(
    ("handle", "mail", "field"), [("MARTA", "other@post.example", "handle"), ("other", "Marta@POST.example", "mail")]
)
def test_a_name_or_address_is_one_person_s(session: Session, handle: str, mail: str, field: str) -> None:
    registered(session)
    with pytest.raises(Invalid) as refused:
        registered(session, handle, mail=mail)
    assert list(refused.value.fields) == [field]
    assert len(session.scalars(select(MailAddress)).all()) == 1


def test_one_changes_what_one_says_of_oneself_and_nobody_else_s(session: Session) -> None:
    marta, stranger = registered(session), make.administrator(session)
    given = {"name": " Marta   Oliveira ", "bio": "Two *old* levers."}
    accounts.edit_profile(session, marta, member_id=marta.member_id or 0, **given)
    member = session.get_one(Member, marta.member_id)
    assert member.name == "Marta Oliveira"
    assert "<em>old</em>" in member.bio_html
    for actor in (stranger, SYSTEM):
        with pytest.raises(NotAllowed):
            accounts.edit_profile(session, actor, member_id=marta.member_id or 0, **given)


def test_a_bio_is_cleaned_and_capped(session: Session) -> None:
    marta = registered(session)
    accounts.edit_profile(session, marta, member_id=marta.member_id or 0, name="Marta", bio="<script>alert(1)</script>")
    assert "<script" not in session.get_one(Member, marta.member_id).bio_html
    with pytest.raises(Invalid) as refused:
        accounts.edit_profile(session, marta, member_id=marta.member_id or 0, name="Marta", bio="x" * 2_001)
    assert list(refused.value.fields) == ["bio"]


# Changing the password


def test_a_new_password_ends_every_session(session: Session) -> None:
    marta = registered(session)
    tokens = [signing_in.sign_in(session, member_id=marta.member_id or 0) for _ in range(2)]
    session.flush()
    accounts.change_password(session, marta, current=PASSWORD, new="another sentence")
    session.flush()
    assert [actor_signed_in(session.connection(), token) for token in tokens] == [None, None]
    found = signing_in.member_by_password(session.connection(), login="marta", password="another sentence")
    assert found == marta.member_id
    with pytest.raises(Invalid):
        signing_in.member_by_password(session.connection(), login="marta", password=PASSWORD)


@pytest.mark.parametrize(
    ("current", "new", "field"), [("wrong sentence", "another sentence", "current"), (PASSWORD, "short", "new")]
)
def test_a_password_that_is_not_changed_ends_nothing(session: Session, current: str, new: str, field: str) -> None:
    marta = registered(session)
    token = signing_in.sign_in(session, member_id=marta.member_id or 0)
    session.flush()
    with pytest.raises(Invalid) as refused:
        accounts.change_password(session, marta, current=current, new=new)
    assert list(refused.value.fields) == [field]
    assert actor_signed_in(session.connection(), token) is not None


# Roles


def test_staff_are_shown_as_such_until_they_leave(session: Session) -> None:
    registered(session)
    managing.promote(session, SYSTEM, handle="marta", place="staff", team="Support", title="Engineer")
    managing.promote(session, SYSTEM, handle="marta", place="staff", team="Product", title="Lead")
    session.flush()
    marta = actor_of(session, member_of(session, "marta").id)
    assert (marta.is_staff, marta.team, marta.title, marta.voice) == (True, "Product", "Lead", "staff")
    managing.promote(session, SYSTEM, handle="marta", place="member")
    session.flush()
    assert not actor_of(session, marta.member_id).is_staff
    assert [bool(row.until) for row in session.scalars(select(Affiliation).order_by(Affiliation.id))] == [True, True]


def test_a_promotion_ends_sessions_and_leaves_a_receipt(session: Session) -> None:
    marta, administrator = registered(session), make.administrator(session)
    token = signing_in.sign_in(session, member_id=marta.member_id or 0)
    managing.promote(session, administrator, handle="marta", place="moderator")
    session.flush()
    assert actor_signed_in(session.connection(), token) is None
    assert actor_of(session, marta.member_id).can("moderate")
    (receipt,) = session.scalars(select(AuditEntry)).all()
    assert (receipt.action, receipt.subject, receipt.member_id, receipt.voice, receipt.detail["after"]) == (
        "member.role", f"member:{marta.member_id}", administrator.member_id, "administrator", {"role": "moderator"},
    )  # fmt: skip


def test_the_command_line_takes_the_same_way_as_the_pages_and_says_so(session: Session) -> None:
    marta = registered(session)
    for place in ("moderator", "moderator", "staff", "member", "member"):
        managing.promote(session, COMMAND_LINE, handle="marta", place=place)
    session.flush()
    receipts = session.scalars(select(AuditEntry).order_by(AuditEntry.id)).all()
    assert [receipt.action for receipt in receipts] == [
        "member.role", "member.affiliate", "member.role", "member.end-affiliation",
    ]  # fmt: skip
    assert {(receipt.subject, receipt.member_id, receipt.voice) for receipt in receipts} == {
        (f"member:{marta.member_id}", None, "command line")
    }
    assert session.scalars(select(Affiliation.proof)).all() == ["command line"]


def test_an_account_made_by_hand_with_an_address_of_the_company_is_staff_s(session: Session) -> None:
    create = partial(managing.create, session, COMMAND_LINE, password=PASSWORD, staff_domains=("company.example",))
    own = create(handle="anna", mail="anna@company.example")
    other = create(handle="ben", mail="ben@post.example")
    session.flush()
    assert [actor_of(session, member.id).is_staff for member in (own, other)] == [True, False]
    proofs = session.scalars(select(Affiliation.proof)).all()
    assert proofs == ["mail domain company.example"]
    with pytest.raises(Invalid) as refused:
        create(handle="anna2", mail="anna+2@company.example")
    assert list(refused.value.fields) == ["mail"]


def test_only_administrators_promote(session: Session) -> None:
    registered(session)
    for actor in (make.member(session), make.staff(session), make.moderator(session)):
        with pytest.raises(NotAllowed):
            managing.promote(session, actor, handle="marta", place="administrator")
    with pytest.raises(Invalid):
        managing.promote(session, SYSTEM, handle="marta", place="king")
    with pytest.raises(NotFound, match="nobody called pedro"):
        managing.promote(session, SYSTEM, handle="pedro", place="moderator")


def test_no_session_survives_unseen(session: Session) -> None:
    marta = registered(session)
    token = signing_in.sign_in(session, member_id=marta.member_id or 0, user_agent="x" * 500)
    (row,) = session.scalars(select(SignIn)).all()
    assert (row.token_hash, len(row.user_agent)) == (signing_in.token_hash(token), 200)
    assert token not in repr(row)
