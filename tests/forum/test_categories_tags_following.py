"""Categories and tags and who changes them; following threads."""

from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.kernel.access import ANONYMOUS
from forum.kernel.errors import Invalid, NotAllowed, NotFound
from forum.members.tables import AuditEntry
from forum.threads import categories, following, tags
from forum.threads.tables import Subscription
from tests.forum import making


def test_a_category_is_made_and_changed_with_a_receipt(session: Session) -> None:
    admin = making.administrator(session)
    place = categories.create(session, admin, slug="water", name="Water", kinds=["question"])
    categories.edit(session, admin, category_id=place.id, name="Water and milk", peers_first_hours=24)
    assert (place.name, place.peers_first_hours, place.kinds) == ("Water and milk", 24, ["question"])
    session.flush()
    receipts = session.scalars(select(AuditEntry.action).where(AuditEntry.member_id == admin.member_id)).all()
    assert receipts == ["category.create", "category.edit"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("slug", "Water"), ("slug", "a--b"), ("slug", "taken"), ("slug", "w" * 61), ("name", " "), ("name", "n" * 81),
        ("description", "d" * 301), ("kinds", []), ("kinds", ["riddle"]), ("audience", 3), ("openers", 0),
        ("peers_first_hours", -1), ("peers_first_hours", 337),
    ],
)  # fmt: skip
def test_a_field_that_needs_mending(session: Session, field: str, value: Any) -> None:
    making.category(session, slug="taken")
    place = making.category(session)
    with pytest.raises(Invalid) as refusal:
        making.category(session, **{field: value})
    assert field in refusal.value.fields
    with pytest.raises(Invalid):
        categories.edit(session, making.administrator(session), category_id=place.id, **{field: value})


def test_only_administrators_change_categories(session: Session) -> None:
    place = making.category(session)
    for actor in (making.moderator(session), making.staff(session), ANONYMOUS):
        with pytest.raises(NotAllowed, match="Only an administrator"):
            categories.create(session, actor, slug="water", name="Water", kinds=["question"])
        with pytest.raises(NotAllowed, match="Only an administrator"):
            categories.edit(session, actor, category_id=place.id, name="Water")
    with pytest.raises(NotFound):
        categories.edit(session, making.administrator(session), category_id=404, name="Water")


def test_tags_are_described(session: Session) -> None:
    making.thread(session, tags=["motor"])
    retagger = making.member(session, privileges=("thread:retag",))
    tag = tags.describe(session, retagger, name="Motor", description="What *turns*.")
    assert "<em>turns</em>" in tag.description_html
    with pytest.raises(NotAllowed):
        tags.describe(session, making.member(session), name="motor", description="")
    with pytest.raises(NotFound):
        tags.describe(session, retagger, name="steam", description="")
    with pytest.raises(Invalid):
        tags.describe(session, retagger, name="motor", description="d" * 2_001)


def test_following_and_leaving_twice_is_the_same_as_once(session: Session) -> None:
    opened, reader = making.thread(session), making.member(session)
    mine = select(Subscription.since).where(Subscription.member_id == reader.member_id)
    for _ in range(2):
        following.follow(session, reader, thread_id=opened.id)
        assert len(session.scalars(mine).all()) == 1
    for _ in range(2):
        following.unfollow(session, reader, thread_id=opened.id)
        assert session.scalars(mine).all() == []


def test_who_cannot_follow(session: Session) -> None:
    opened = making.thread(session, making.staff(session), making.category(session, audience=2, openers=2))
    with pytest.raises(NotAllowed, match="Sign in"):
        following.follow(session, ANONYMOUS, thread_id=opened.id)
    with pytest.raises(NotAllowed):
        following.unfollow(session, ANONYMOUS, thread_id=opened.id)
    with pytest.raises(NotFound):
        following.follow(session, making.member(session), thread_id=opened.id)
