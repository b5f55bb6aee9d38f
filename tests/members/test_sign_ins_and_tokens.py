"""Sessions of browsers and keys of programs: how they begin, what they may, how they end."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.kernel import clock
from forum.kernel.access import ANONYMOUS, Actor
from forum.kernel.errors import Invalid, NotAllowed, NotFound
from forum.members import accounts, pages, signing_in, tokens
from forum.members.actors import actor_of, actor_signed_in, with_scopes
from forum.members.tables import ApiToken, AuditEntry, Member
from tests.forum import making as make


def signed_in(session: Session, actor: Actor, agent: str = "") -> str:
    token = signing_in.sign_in(session, member_id=actor.member_id or 0, user_agent=agent)
    session.flush()
    return token


def owner(session: Session, token: str) -> int | None:
    found = actor_signed_in(session.connection(), token)
    return found[0].member_id if found else None


def test_each_sign_in_is_a_new_token(session: Session) -> None:
    marta = make.member(session)
    made = {signed_in(session, marta) for _ in range(5)}
    assert len(made) == 5
    assert {owner(session, token) for token in made} == {marta.member_id}


def test_a_session_ends_a_month_after_its_last_use(session: Session) -> None:
    marta = make.member(session)
    token = signed_in(session, marta)
    for days, expected in ((29, marta.member_id), (31, None)):
        with clock.at(clock.now() + timedelta(days=days)):
            assert owner(session, token) == expected
    with clock.at(clock.now() + timedelta(days=20)):
        signing_in.seen(session, token)
    with clock.at(clock.now() + timedelta(days=45)):
        assert owner(session, token) == marta.member_id


def test_signing_out_ends_one_session_or_all(session: Session) -> None:
    marta, pedro = make.member(session), make.member(session)
    here, there, elsewhere, other = (
        signed_in(session, marta), signed_in(session, marta), signed_in(session, marta), signed_in(session, pedro),
    )  # fmt: skip
    signing_in.sign_out(session, here)
    assert [owner(session, token) for token in (here, there)] == [None, marta.member_id]
    signing_in.sign_out_everywhere(session, marta)
    assert [owner(session, token) for token in (there, elsewhere, other)] == [None, None, pedro.member_id]
    signing_in.seen(session, there)  # does not wake it
    assert owner(session, there) is None


def test_one_sees_where_one_is_signed_in_and_ends_each(session: Session) -> None:
    marta, pedro = make.member(session), make.member(session)
    here = signed_in(session, marta, "Firefox")
    with clock.at(clock.now() + timedelta(minutes=5)):
        there = signed_in(session, marta, "Chrome")
    signed_in(session, pedro)
    with clock.at(clock.now() - timedelta(days=40)):
        signed_in(session, marta, "long gone")
    lines = pages.sign_in_list(session.connection(), marta, token=here)
    assert [(line.user_agent, line.is_this) for line in lines] == [("Chrome", False), ("Firefox", True)]
    with pytest.raises(NotFound):
        signing_in.end(session, pedro, sign_in_id=lines[0].id)
    signing_in.end(session, marta, sign_in_id=lines[0].id)
    assert (owner(session, there), owner(session, here)) == (None, marta.member_id)
    with pytest.raises(NotFound):
        signing_in.end(session, marta, sign_in_id=lines[0].id)


def test_a_deleted_account_is_signed_in_nowhere(session: Session) -> None:
    marta = make.member(session)
    token, key = signed_in(session, marta), tokens.create(session, marta, name="x", scopes=["read"])
    session.get_one(Member, marta.member_id).deleted_at = clock.now()
    session.flush()
    assert owner(session, token) is None
    assert tokens.member_by_token(session.connection(), key) is None


# Keys of programs


def test_a_token_is_shown_once_and_kept_as_a_hash(session: Session) -> None:
    marta = make.member(session)
    token = tokens.create(session, marta, name=" Backup ", scopes=["write", "read", "read"])
    session.flush()
    assert token.startswith("loggia_")
    (row,) = session.scalars(select(ApiToken)).all()
    assert (row.name, row.scopes, row.token_hash) == ("Backup", ["read", "write"], signing_in.token_hash(token))
    assert tokens.member_by_token(session.connection(), token) == (marta.member_id, ["read", "write"])
    (receipt,) = session.scalars(select(AuditEntry)).all()
    assert receipt.detail == {"scopes": ["read", "write"], "days": None}  # the name is its owner's own note
    (line,) = pages.token_list(session.connection(), marta)
    assert (line.name, line.scopes, line.last_used_at) == ("Backup", ["read", "write"], None)
    tokens.used(session, token)
    (line,) = pages.token_list(session.connection(), marta)
    assert line.last_used_at is not None


def test_one_revokes_one_s_own_tokens_alone(session: Session) -> None:
    marta, pedro = make.member(session), make.member(session)
    token = tokens.create(session, marta, name="x", scopes=["read"])
    session.flush()
    (line,) = pages.token_list(session.connection(), marta)
    with pytest.raises(NotFound):
        tokens.revoke(session, pedro, token_id=line.id)
    tokens.revoke(session, marta, token_id=line.id)
    assert tokens.member_by_token(session.connection(), token) is None
    assert pages.token_list(session.connection(), marta) == ()
    with pytest.raises(NotFound):
        tokens.revoke(session, marta, token_id=line.id)


@pytest.mark.parametrize(
    ("name", "scopes", "field"),
    [
        ("", ["read"], "name"),
        ("  ", ["read"], "name"),
        ("x" * 81, ["read"], "name"),
        ("x", [], "scopes"),
        ("x", ["all"], "scopes"),
    ],
)
def test_a_token_wants_a_name_and_scopes(session: Session, name: str, scopes: list[str], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        tokens.create(session, make.member(session), name=name, scopes=scopes)
    assert list(refused.value.fields) == [field]


def test_nobody_in_particular_has_settings(session: Session) -> None:
    with pytest.raises(NotAllowed):
        tokens.create(session, ANONYMOUS, name="x", scopes=["read"])
    for read in (pages.account_page, pages.token_list):
        with pytest.raises(NotAllowed):
            read(session.connection(), ANONYMOUS)


@pytest.mark.parametrize(
    ("scopes", "can"),
    [
        (["read"], set()),
        (["read", "write"], {"vote:up"}),
        (
            ["read", "write", "moderate"],
            {"vote:up", "thread:accept-any", "moderate", "post:see-hidden", "thread:close"},
        ),
        (["read", "moderate"], {"moderate", "post:see-hidden"}),
        (["read", "write", "administer"], {"vote:up", "administer"}),
    ],
)
def test_what_the_scopes_leave_out_the_token_may_not(session: Session, scopes: list[str], can: set[str]) -> None:
    asked = {"vote:up", "thread:accept-any", "moderate", "post:see-hidden", "thread:close", "administer"}
    actor = with_scopes(make.administrator(session), scopes)
    assert {right for right in asked if actor.can(right)} == can


def test_without_moderate_somebody_acts_in_their_own_name_whatever_they_earned(session: Session) -> None:
    every = ("vote:down", "post:edit-any", "thread:retag", "thread:close")
    trusted, employee = make.member(session, privileges=every), make.staff(session)
    small, whole = (with_scopes(trusted, [*scopes, "write"]) for scopes in ([], ["moderate"]))
    assert [right for right in every if small.can(right)] == ["vote:down"]
    assert all(whole.can(right) for right in every)
    assert not with_scopes(employee, ["read", "write"]).rights
    assert with_scopes(employee, ["read", "write"]).is_staff
    assert [actor.has_rights_over_others for actor in (trusted, employee, small, make.member(session))] == [
        True, True, False, False,
    ]  # fmt: skip


def test_scopes_give_nobody_more_than_they_have(session: Session) -> None:
    member = make.member(session)
    assert with_scopes(member, list(tokens.SCOPES)) == member


def test_the_account_shows_its_own_address_to_its_owner(session: Session) -> None:
    made = accounts.register(session, handle="marta", mail="marta@post.example", password="a sentence is good")
    session.flush()
    account = pages.account_page(session.connection(), actor_of(session, made.id))
    assert (account.handle, account.mail, account.bio) == ("marta", "marta@post.example", "")
