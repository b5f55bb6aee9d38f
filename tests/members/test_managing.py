"""What administrators do with other people's accounts, and the administrator who is always left."""

from collections.abc import Callable
from threading import Barrier, Thread

import pytest
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from forum.kernel.access import ANONYMOUS, Actor
from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.kernel.errors import Conflict, Invalid, LoggiaError, NotAllowed
from forum.members import accounts, joining, managing, people, signing_in, tokens
from forum.members.actors import SYSTEM, actor_of
from forum.members.people import Wanted
from forum.members.tables import Affiliation, AuditEntry, MailDelivery, Member
from tests.forum import making as make

PASSWORD = "a sentence is good"


def receipts(session: Session) -> list[str]:
    return list(session.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))


def only_administrator(session: Session) -> Actor:
    for member in session.scalars(select(Member).where(Member.role == "administrator")):
        member.role = "member"
    session.flush()
    return make.administrator(session)


def test_a_role_is_given_and_taken_with_a_receipt_and_new_sessions(session: Session) -> None:
    boss, member = make.administrator(session), make.member(session)
    signing_in.sign_in(session, member_id=member.member_id or 0)
    managing.give_role(session, boss, member_id=member.member_id or 0, role="moderator")
    assert actor_of(session, member.member_id).role == "moderator"
    assert people.person_page(session.connection(), boss, handle=member.handle).sessions == 0
    managing.give_role(session, boss, member_id=member.member_id or 0, role="moderator")
    managing.give_role(session, boss, member_id=member.member_id or 0, role="member")
    assert receipts(session) == ["member.role", "member.role"]
    with pytest.raises(Invalid):
        managing.give_role(session, boss, member_id=member.member_id or 0, role="king")


def test_nobody_takes_the_role_from_themselves(session: Session) -> None:
    boss = only_administrator(session)
    make.administrator(session)
    with pytest.raises(Conflict):
        managing.give_role(session, boss, member_id=boss.member_id or 0, role="member")
    with pytest.raises(Conflict):
        managing.promote(session, boss, handle=boss.handle, place="moderator")


def test_the_last_administrator_stays(session: Session) -> None:
    """Not even the command line takes the role away; somebody who has left does not count."""
    boss, gone = only_administrator(session), make.administrator(session)
    session.get_one(Member, gone.member_id).deactivated_at = now()
    session.flush()
    with pytest.raises(Conflict):
        managing.give_role(session, SYSTEM, member_id=boss.member_id or 0, role="member")
    with pytest.raises(Conflict):
        managing.promote(session, SYSTEM, handle=boss.handle, place="member")
    other = make.administrator(session)
    managing.give_role(session, other, member_id=boss.member_id or 0, role="member")
    assert actor_of(session, boss.member_id).role == "member"


def test_of_two_who_take_it_from_each_other_one_stays(fresh_database: Database) -> None:
    with fresh_database.transaction() as session:
        two = [make.administrator(session), make.administrator(session)]
    begin, refused = Barrier(2), []

    def take(actor: Actor, other: Actor) -> None:
        begin.wait()
        try:
            with fresh_database.transaction() as session:
                managing.give_role(
                    session, actor_of(session, actor.member_id), member_id=other.member_id or 0, role="member"
                )
        except LoggiaError as error:
            refused.append(error)

    threads = [Thread(target=take, args=pair) for pair in (two, reversed(two))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with fresh_database.transaction() as session:
        assert session.scalar(select(func.count()).where(Member.role == "administrator")) == 1
    assert len(refused) == 1


def test_belonging_to_the_company_begins_and_ends(session: Session) -> None:
    boss, member = make.administrator(session), make.member(session)
    key = member.member_id or 0
    managing.affiliate(session, boss, member_id=key, team=" Service  desk ", title="Lead")
    actor = actor_of(session, key)
    assert (actor.is_staff, actor.team, actor.title) == (True, "Service desk", "Lead")
    managing.end_affiliation(session, boss, member_id=key)
    assert not actor_of(session, key).is_staff
    assert session.scalars(select(Affiliation.proof)).all() == ["administrator"]
    with pytest.raises(Invalid) as refused:
        managing.affiliate(session, boss, member_id=key, team="", title="t" * 81)
    assert set(refused.value.fields) == {"team", "title"}


def test_signing_somebody_out_ends_tokens_too(session: Session) -> None:
    boss, member = make.administrator(session), make.member(session)
    signing_in.sign_in(session, member_id=member.member_id or 0)
    tokens.create(session, member, name="A program", scopes=["read"])
    managing.end_sessions(session, boss, member_id=member.member_id or 0)
    found = people.person_page(session.connection(), boss, handle=member.handle)
    assert (found.sessions, found.tokens) == (0, 0)


def test_an_address_is_confirmed_by_hand(session: Session) -> None:
    boss = make.administrator(session)
    joined = joining.join(session, handle="nils", mail="nils@post.example", password=PASSWORD)
    session.execute(delete(MailDelivery))
    managing.mail_again(session, boss, member_id=joined.id)
    assert session.scalars(select(MailDelivery.kind)).all() == ["verify"]
    managing.verify(session, boss, member_id=joined.id, staff_domains=())
    assert not actor_of(session, joined.id).unverified
    with pytest.raises(Conflict):
        managing.verify(session, boss, member_id=joined.id, staff_domains=())
    with pytest.raises(Conflict):
        managing.mail_again(session, boss, member_id=joined.id)
    assert receipts(session) == ["member.mail-again", "member.verify"]


def test_a_confirmed_address_of_the_company_makes_staff(session: Session) -> None:
    boss = make.administrator(session)
    joined = joining.join(session, handle="nils", mail="nils@house.example", password=PASSWORD)
    managing.verify(session, boss, member_id=joined.id, staff_domains=("house.example",))
    assert actor_of(session, joined.id).is_staff


def test_only_administrators_manage_people(session: Session) -> None:
    member = make.member(session)
    key = member.member_id or 0
    for actor in (ANONYMOUS, member, make.staff(session), make.moderator(session)):
        acts: list[Callable[[Actor], object]] = [
            lambda by: managing.give_role(session, by, member_id=key, role="moderator"),
            lambda by: managing.affiliate(session, by, member_id=key, team="A", title=""),
            lambda by: managing.end_affiliation(session, by, member_id=key),
            lambda by: managing.end_sessions(session, by, member_id=key),
            lambda by: managing.verify(session, by, member_id=key, staff_domains=()),
            lambda by: managing.mail_again(session, by, member_id=key),
            lambda by: managing.id_of(session, by, member.handle),
            lambda by: people.people_list(session.connection(), by, Wanted()),
            lambda by: people.person_page(session.connection(), by, handle=member.handle),
        ]
        for act in acts:
            with pytest.raises(NotAllowed):
                act(actor)
    assert receipts(session) == []


def found(session: Session, boss: Actor, **wanted: object) -> set[str]:
    page = people.people_list(session.connection(), boss, Wanted(**wanted), limit=100)  # type: ignore[arg-type]
    return {line.handle for line in page.items}


def test_people_are_found_by_what_is_known_of_them(session: Session) -> None:
    boss = make.administrator(session)
    accounts.register(session, handle="Lotte", mail="private@post.example", password=PASSWORD, name="Charlotte B")
    joining.join(session, handle="nils", mail="nils@post.example", password=PASSWORD)
    staff = make.staff(session)
    session.flush()
    for words in ("lot", "@LOTTE", "harlot", "private@post", "PRIVATE@POST.EXAMPLE"):
        assert found(session, boss, words=words) == {"lotte"}, words
    assert found(session, boss, words="%") >= {"lotte", "nils"}
    assert found(session, boss, words="100%_") == set()
    assert found(session, boss, state="unconfirmed") == {"nils"}
    assert staff.handle in found(session, boss, role="staff")
    assert boss.handle in found(session, boss, role="administrator")
    assert found(session, boss, group_id=404) == set()


def test_the_list_goes_on_by_key(session: Session) -> None:
    boss = make.administrator(session)
    for _ in range(7):
        make.member(session)
    seen: list[str] = []
    cursor = ""
    while True:
        page = people.people_list(session.connection(), boss, Wanted(role="member"), cursor=cursor, limit=3)
        seen += [line.handle for line in page.items]
        if page.next is None:
            break
        cursor = page.next
    assert len(seen) == len(set(seen)) == session.scalar(select(func.count()).where(Member.role == "member"))
