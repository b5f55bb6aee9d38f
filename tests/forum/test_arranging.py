"""The order of categories, and what of them is read where they are arranged."""

import pytest
from sqlalchemy import delete
from sqlalchemy.orm import Session

from forum.kernel.access import ANONYMOUS
from forum.kernel.errors import NotAllowed, NotFound
from forum.members.actors import SYSTEM
from forum.threads import arranging
from forum.threads.tables import Category
from tests.forum import making as make


def order(session: Session) -> list[str]:
    session.flush()
    return [one.slug for one in arranging.details_list(session.connection(), SYSTEM)]


@pytest.fixture
def three(session: Session) -> list[Category]:
    session.execute(delete(Category))
    return [make.category(session, slug=slug) for slug in ("one", "two", "three")]


def test_a_category_changes_places_with_its_neighbour(session: Session, three: list[Category]) -> None:
    """They all have the same position at first, as if they had been made without any."""
    arranging.move(session, SYSTEM, category_id=three[2].id, to="up")
    assert order(session) == ["one", "three", "two"]
    arranging.move(session, SYSTEM, category_id=three[0].id, to="down")
    assert order(session) == ["three", "one", "two"]


def test_at_the_ends_nothing_moves(session: Session, three: list[Category]) -> None:
    arranging.move(session, SYSTEM, category_id=three[0].id, to="up")
    arranging.move(session, SYSTEM, category_id=three[2].id, to="down")
    assert order(session) == ["one", "two", "three"]


def test_a_new_one_goes_behind_the_last(session: Session, three: list[Category]) -> None:
    three[1].position = 7
    assert arranging.next_position(session) == 8


def test_only_administrators_move_what_is_there(session: Session, three: list[Category]) -> None:
    for actor in (ANONYMOUS, make.moderator(session)):
        with pytest.raises(NotAllowed):
            arranging.move(session, actor, category_id=three[0].id, to="down")
    with pytest.raises(NotFound):
        arranging.move(session, SYSTEM, category_id=404_404, to="down")


def test_who_cannot_see_a_category_reads_nothing_of_it(session: Session, three: list[Category]) -> None:
    hidden = make.category(session, slug="hidden", audience=2, openers=2)
    session.flush()
    assert [one.slug for one in arranging.details_list(session.connection(), ANONYMOUS)] == ["one", "two", "three"]
    with pytest.raises(NotFound):
        arranging.details_of(session.connection(), ANONYMOUS, hidden.id)
