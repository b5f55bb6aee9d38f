"""Many rows at once: numbered, with their defaults, and out of the way of rows that come one by one."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.kernel import bulk
from forum.members.tables import Member
from forum.threads.tables import Tag

AT = datetime(2021, 5, 3, 1, 2, 3, 4, tzinfo=UTC)


def values(handle: str) -> dict[str, object]:
    return {"handle": handle, "handle_key": handle, "name": 'A\tb\\N"\n', "privileges": ["ask"], "created_at": AT}


def test_rows_get_ids_defaults_and_their_types(session: Session) -> None:
    ids = bulk.add_numbered(session, Member, [values(f"many-{number}") for number in range(3)])

    rows = session.scalars(select(Member).where(Member.id.in_(ids)).order_by(Member.id)).all()
    assert [row.handle for row in rows] == ["many-0", "many-1", "many-2"]
    assert {(row.name, row.role, row.points, row.is_bot, row.avatar) for row in rows} == {
        ('A\tb\\N"\n', "member", 0, False, "")
    }
    assert [(row.privileges, row.created_at, row.deleted_at) for row in rows] == [(["ask"], AT, None)] * 3


def test_numbers_are_given_once(session: Session) -> None:
    first = bulk.add_numbered(session, Member, [values("before")])
    alone = Member(handle="alone", handle_key="alone", name="Alone", created_at=AT)
    session.add(alone)
    session.flush()
    later = bulk.add_numbered(session, Member, [values("after"), values("last")])

    numbers = [*first, alone.id, *later]
    assert numbers == sorted(set(numbers))


def test_a_number_of_something_that_is_gone_is_not_given_again(session: Session) -> None:
    [last] = bulk.add_numbered(session, Tag, [{"name": "gone", "name_key": "gone"}])
    session.delete(session.get_one(Tag, last))
    session.flush()
    assert bulk.add_numbered(session, Tag, [{"name": "new", "name_key": "new"}])[0] > last


def test_nothing_is_nothing(session: Session) -> None:
    assert bulk.add_numbered(session, Member, []) == []


def test_a_row_that_breaks_a_rule_is_refused(session: Session) -> None:
    with pytest.raises(Exception, match=r"(?i)unique") as refused:
        bulk.add_numbered(session, Member, [values("twice"), values("twice")])
    assert type(refused.value).__mro__[0].__name__ in ("IntegrityError", "UniqueViolation")
