"""What the company says of ideas."""

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.ideas import statuses
from forum.ideas.tables import Idea, IdeaStatusChange
from forum.kernel.access import Actor
from forum.kernel.errors import Conflict, Invalid, NotAllowed, NotFound
from forum.threads import asking
from tests.forum import making

WHY = "Many of you **asked**, so it comes with the spring release."


def set_status(session: Session, actor: Actor, thread_id: int, status: str, comment: str = "") -> IdeaStatusChange:
    decision = making.decision(session)
    return statuses.set_status(session, actor, thread_id=thread_id, status=status, comment=comment, decision=decision)


def test_each_status_stays_on_record_with_its_public_answer(session: Session) -> None:
    idea, employee = making.thread(session, kind="idea"), making.staff(session, team="Product")
    set_status(session, employee, idea.id, "under_review")
    change = set_status(session, employee, idea.id, "planned", WHY)
    assert (change.before, change.after, change.team) == ("under_review", "planned", "Product")
    assert "<strong>asked</strong>" in change.html
    assert session.get_one(Idea, idea.id).status == "planned"
    assert session.scalars(select(IdeaStatusChange.after).order_by(IdeaStatusChange.id)).all() == [
        "under_review", "planned",
    ]  # fmt: skip
    assert making.facts(session)[-2:] == ["IdeaStatusChanged", "IdeaStatusChanged"]


def test_an_administrator_may_only_as_staff(session: Session) -> None:
    idea = making.thread(session, kind="idea")
    with pytest.raises(NotAllowed, match="Only staff"):
        set_status(session, making.administrator(session), idea.id, "planned", WHY)
    assert set_status(session, making.staff(session, role="administrator"), idea.id, "shipped", WHY).after == "shipped"


@pytest.mark.parametrize("status", sorted(statuses.ANSWERED))
@pytest.mark.parametrize("comment", ["", "  ", "ok"])
def test_a_promise_or_refusal_needs_a_public_answer(session: Session, status: str, comment: str) -> None:
    idea = making.thread(session, kind="idea")
    with pytest.raises(Invalid) as refusal:
        set_status(session, making.staff(session), idea.id, status, comment)
    assert set(refusal.value.fields) == {"comment"}


@pytest.mark.parametrize("status", ["duplicate", "perhaps"])
def test_a_status_that_cannot_be_chosen(session: Session, status: str) -> None:
    with pytest.raises(Invalid) as refusal:
        set_status(session, making.staff(session), making.thread(session, kind="idea").id, status, WHY)
    assert set(refusal.value.fields) == {"status"}


def test_other_refusals(session: Session) -> None:
    idea, question = making.thread(session, kind="idea"), making.thread(session)
    employee = making.staff(session)
    with pytest.raises(NotAllowed, match="Only staff can say"):
        set_status(session, making.moderator(session), idea.id, "planned", WHY)
    with pytest.raises(Conflict, match="Only an idea"):
        set_status(session, employee, question.id, "planned", WHY)
    with pytest.raises(Conflict, match="already"):
        set_status(session, employee, idea.id, "new")
    with pytest.raises(NotFound):
        set_status(session, employee, 404, "planned", WHY)


def test_an_idea_is_never_opened_without_its_status(session: Session) -> None:
    place = making.category(session)
    with pytest.raises(ValueError, match="proposing"):
        asking.ask(
            session, making.member(session), kind="idea", category=place.slug, title=making.TITLE, body=making.BODY
        )
