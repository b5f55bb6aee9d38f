"""Somebody who moderates one category: a moderator there, and a member like any other everywhere else."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.kernel.access import GROUPS, Actor
from forum.kernel.errors import Invalid, NotAllowed, NotFound
from forum.members import groups
from forum.members.actors import SYSTEM, actor_of
from forum.members.tables import AuditEntry
from forum.notifications import reading as news
from forum.threads import categories, editing, hiding, pages, resources, versions
from forum.threads.categories import Admitted
from forum.threads.tables import Category, Post, Revision, Thread
from moderation import flagging, queue
from moderation.decisions import decide
from moderation.policies import may_see_queue
from tests.forum import making as make
from tests.moderation.deciding import decided, ruling

HERE, THERE = "here", "there"


class House:
    """Two categories, each with a thread and a reported reply; `keeper` moderates the first."""

    def __init__(self, session: Session) -> None:
        person = make.member(session)
        self.places = {
            HERE: make.category(session, moderators=[person.handle]), THERE: make.category(session)
        }  # fmt: skip
        self.threads = {where: make.thread(session, place=place) for where, place in self.places.items()}
        self.replies = {where: make.reply(session, thread) for where, thread in self.threads.items()}
        self.keeper = actor_of(session, person.member_id)
        for post in self.replies.values():
            flagging.raise_flag(session, make.member(session), post_id=post.id, reason="spam")


@pytest.fixture
def house(session: Session) -> House:
    return House(session)


def test_the_queue_holds_what_waits_there_alone(session: Session, house: House) -> None:
    connection = session.connection()
    assert may_see_queue(house.keeper).allowed
    assert [item.post_id for item in queue.queue_list(connection, house.keeper).items] == [house.replies[HERE].id]
    assert queue.waiting_count(connection, house.keeper) == 1
    assert queue.case_page(connection, house.keeper, kind="post", target_id=house.replies[HERE].id).reports
    for kind, target in (("post", house.replies[THERE].id), ("thread", house.threads[THERE].id)):
        with pytest.raises(NotFound):
            queue.case_page(connection, house.keeper, kind=kind, target_id=target)
    with pytest.raises(NotAllowed):
        queue.queue_list(connection, make.member(session))


DECISIONS: dict[str, Callable[[House, str], Post | Thread]] = {
    "hide-post": lambda house, where: house.replies[where],
    "hide-thread": lambda house, where: house.threads[where],
    "close-thread": lambda house, where: house.threads[where],
}


@pytest.mark.parametrize("action", DECISIONS)
def test_a_decision_is_theirs_there_alone(session: Session, house: House, action: str) -> None:
    entry = decided(session, house.keeper, action, DECISIONS[action](house, HERE))
    assert entry.role == "moderator"
    with pytest.raises(NotAllowed):
        decided(session, house.keeper, action, DECISIONS[action](house, THERE))


@pytest.mark.parametrize("action", ["restore-post", "restore-thread", "reopen-thread"])
def test_undoing_is_theirs_there_alone(session: Session, house: House, action: str) -> None:
    doing = {"restore-post": "hide-post", "restore-thread": "hide-thread", "reopen-thread": "close-thread"}[action]
    for where in (HERE, THERE):
        decided(session, make.moderator(session), doing, DECISIONS[doing](house, where))
    decided(session, house.keeper, action, DECISIONS[doing](house, HERE))
    # what is out of sight is out of theirs too, elsewhere
    with pytest.raises(NotFound if doing.startswith("hide") else NotAllowed):
        decided(session, house.keeper, action, DECISIONS[doing](house, THERE))


def test_reports_are_set_aside_there_alone(session: Session, house: House) -> None:
    flagging.keep(session, house.keeper, post_id=house.replies[HERE].id)
    with pytest.raises(NotAllowed):
        flagging.keep(session, house.keeper, post_id=house.replies[THERE].id)


def test_hidden_words_are_read_there_alone(session: Session, house: House) -> None:
    for where in (HERE, THERE):
        hiding.hide_post(session, post_id=house.replies[where].id, decision=make.decision(session))
    session.flush()
    connection, keeper = session.connection(), house.keeper
    for where, seen in ((HERE, True), (THERE, False)):
        (reply,) = pages.thread_page(connection, keeper, thread_id=house.threads[where].id).replies
        assert (reply.html is not None) == seen
        listed = resources.post_list(connection, keeper, thread_id=house.threads[where].id).items[1]
        assert (listed.source is not None) == seen
    assert versions.source_of(connection, keeper, post_id=house.replies[HERE].id).source == make.REPLY
    for read in (versions.source_of, resources.post_named):
        with pytest.raises(NotFound):
            read(connection, keeper, post_id=house.replies[THERE].id)
    assert news.unread_count(connection, keeper) == 0


def test_words_and_tags_are_changed_there_alone(session: Session, house: House) -> None:
    editing.edit_post(session, house.keeper, post_id=house.replies[HERE].id, body=make.BODY, comment="Clearer.")
    editing.edit_thread(session, house.keeper, thread_id=house.threads[HERE].id, tags=["valve"])
    roles = select(Revision.as_role).where(Revision.author_id == house.keeper.member_id)
    assert set(session.scalars(roles)) == {"moderator"}
    with pytest.raises(NotAllowed):
        editing.edit_post(session, house.keeper, post_id=house.replies[THERE].id, body=make.BODY, comment="Clearer.")
    with pytest.raises(NotAllowed):
        editing.edit_thread(session, house.keeper, thread_id=house.threads[THERE].id, tags=["valve"])


def test_a_thread_moves_out_of_there_and_not_in(session: Session, house: House) -> None:
    editing.edit_thread(session, house.keeper, thread_id=house.threads[HERE].id, category=house.places[THERE].slug)
    with pytest.raises(NotAllowed):
        editing.edit_thread(session, house.keeper, thread_id=house.threads[THERE].id, category=house.places[HERE].slug)
    # it is theirs no longer once it stands elsewhere
    with pytest.raises(NotAllowed):
        decided(session, house.keeper, "hide-thread", house.threads[HERE])


def test_a_place_that_one_does_not_see_takes_nothing_in(session: Session, house: House) -> None:
    mill = groups.create(session, SYSTEM, name="Mill owners")
    inner = make.category(session, audience=GROUPS, groups=[Admitted(mill.id)])
    house_only = make.category(session, audience=2, openers=2)
    for place in (inner, house_only):
        with pytest.raises(NotFound):
            editing.edit_thread(session, house.keeper, thread_id=house.threads[HERE].id, category=place.slug)


def test_a_place_where_only_staff_open_takes_nothing_in(session: Session, house: House) -> None:
    announcements = make.category(session, openers=2)
    with pytest.raises(NotAllowed, match="Only staff can open"):
        editing.edit_thread(session, house.keeper, thread_id=house.threads[HERE].id, category=announcements.slug)


def test_naming_a_moderator_lets_nobody_see_more(session: Session) -> None:
    mill = groups.create(session, SYSTEM, name="Mill owners")
    insider = make.member(session)
    groups.add(session, SYSTEM, group_id=mill.id, handle=insider.handle)
    keeper = make.member(session)
    place = make.category(session, audience=GROUPS, groups=[Admitted(mill.id)], moderators=[keeper.handle])
    thread = make.thread(session, actor_of(session, insider.member_id), place)
    with pytest.raises(NotFound):
        decided(session, actor_of(session, keeper.member_id), "hide-thread", thread)
    groups.add(session, SYSTEM, group_id=mill.id, handle=keeper.handle)
    assert decided(session, actor_of(session, keeper.member_id), "hide-thread", thread).role == "moderator"


def test_who_moderates_no_longer_does_not(session: Session, house: House) -> None:
    categories.edit(session, SYSTEM, category_id=house.places[HERE].id, moderators=[])
    with pytest.raises(NotAllowed):
        decided(session, actor_of(session, house.keeper.member_id), "hide-post", house.replies[HERE])
    with pytest.raises(NotAllowed):
        queue.queue_list(session.connection(), actor_of(session, house.keeper.member_id))


def test_naming_somebody_leaves_a_receipt_and_nobody_else_is_named(session: Session) -> None:
    admin, keeper = make.administrator(session), make.member(session)
    place = categories.create(session, admin, slug="mill", name="Mill", kinds=["question"], moderators=[keeper.handle])
    session.flush()
    detail = session.scalars(select(AuditEntry.detail).where(AuditEntry.member_id == admin.member_id)).one()
    assert detail["moderators"] == [keeper.handle]
    with pytest.raises(Invalid) as refusal:
        categories.edit(session, admin, category_id=place.id, moderators=["nobody-here"])
    assert "moderators" in refusal.value.fields


def test_the_rule_of_the_company_holds_for_them_too(session: Session) -> None:
    keeper = make.staff(session)
    place = make.category(session, moderators=[keeper.handle])
    thread = make.thread(session, place=place)
    thread.is_critical = True
    keeper = actor_of(session, keeper.member_id)
    with pytest.raises(NotAllowed, match="concerns the company itself"):
        decide(session, keeper, ruling("hide-thread", thread, rule="1", reason_code="abuse"))


def test_elsewhere_they_are_who_they_were(session: Session, house: House) -> None:
    keeper: Actor = house.keeper
    there: Category = house.places[THERE]
    assert (keeper.within(there.id), keeper.role, keeper.can("moderate")) == (keeper, "member", False)
    assert keeper.can_in("moderate", house.places[HERE].id)
    values: list[Any] = [keeper.within(house.places[HERE].id).clearance, keeper.clearance]
    assert values[0] == values[1]
