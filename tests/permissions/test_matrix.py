"""Every subject asks every route for every action in every state; the policy table says what must come of it.

The table is the oracle, the routes are what is tested: pages with a session's cookie, the API with a token.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from sqlalchemy import func, select

from forum.kernel.db import Database
from forum.threads.tables import Post, Vote
from tests.permissions.asking import ELSEWHERE, WAYS, Key
from tests.permissions.client import Answer, Asker
from tests.permissions.requests import Cell, asked, cells_of, comes_here
from tests.permissions.world import NOWHERE, Person, Thing, World
from web.policy.lint import actions_of
from web.policy.table import TABLE
from web.routes import ROUTES

_UNLIKE = re.compile(r'name="(csrf|carried|q)" value="[^"]*"|"instance":"[^"]*"')
_ALSO_FOR_PROGRAMS = ("", "public", "group", "hidden thread")
"""Where tokens with fewer scopes ask in the short run, on SQLite alone; in the long one they ask everywhere, on both."""
_NOTHING_TO_DO = {
    "post.hide": "hidden post", "case.keep": "hidden post", "answer.accept": "hidden post", "answer.official": "hidden post",
    "thread.hide": "hidden thread", "thread.needs-info": "closed",
}  # fmt: skip
_UNDOES = {"post.restore": "hidden post", "thread.restore": "hidden thread"}


def test_every_route_is_asked_for_each_of_its_actions() -> None:
    named = {
        (method, path.replace(":str}", "}")): set(actions_of(handler))
        for handler in ROUTES
        for path in handler.paths
        for method in handler.http_methods - {"OPTIONS", "HEAD"}
    }
    asked_for = {key: {way.action for way in ways} for key, ways in WAYS.items()}
    missing = {key: actions for key, actions in named.items() if asked_for.get(key) != actions and key not in ELSEWHERE}
    assert missing == {}, "say in tests/permissions/asking.py what a sound request to these looks like"
    assert {*asked_for, *ELSEWHERE} <= set(named)


@pytest.mark.long
@pytest.mark.parametrize("key", list(WAYS), ids=" ".join)
def test_a_route_answers_as_the_table_says(
    asker: Asker, world: World, database: Database, key: Key, amount: Callable[[int, int], int],
    record_property: Callable[[str, object], None],
) -> None:  # fmt: skip
    also = _ALSO_FOR_PROGRAMS if database.is_sqlite else ()
    wrong: list[str] = []
    sound: set[str] = set()
    cells, before = 0, asker.asked
    for cell in cells_of(key):
        for person in world.people.values():
            if comes_here(person, key) and amount(not person.is_program or cell.state in also, True):
                cells += 1
                said = asked(asker, world, person, cell, world.things[cell.state or "public"])
                sound |= {cell.action.name} if said.status < 400 else set()
                wrong += _wrong(asker, world, person, cell, said)
    record_property("cells", cells)
    record_property("requests", asker.asked - before)
    assert wrong == []
    assert sound == {way.action for way in WAYS[key]}, "nobody could do this at all, so the request is not sound"


def _wrong(asker: Asker, world: World, person: Person, cell: Cell, said: Answer) -> list[str]:
    """What is not as the table says, in a sentence; nothing where it is."""
    expected = cell.expected(person)
    thing = world.things[cell.state or "public"]
    if _fits(expected, cell, said, lambda: _same(said, thing, asked(asker, world, person, cell, NOWHERE))):
        return []
    where = f"{' '.join(cell.key)} ({cell.action.name}, {cell.state or 'anywhere'})"
    return [f"{person.name} at {where}: the table says {expected}, the answer is {said.status} {said.location}"]


def _fits(expected: str, cell: Cell, said: Answer, is_as_of_nothing: Callable[[], bool]) -> bool:
    refused = said.status == 403 or said.asks_to_sign_in
    if expected == "yes":
        return (said.status < 400 and not said.asks_to_sign_in) or (said.status in (409, 422) and _is_idle(cell))
    if expected == "unseen":
        return (said.status >= 400 or said.asks_to_sign_in) and is_as_of_nothing()
    if expected == "gone":
        return said.status == 410 or refused or (said.status == 404 and is_as_of_nothing())
    return refused or (said.status == 404 and is_as_of_nothing())


def _is_idle(cell: Cell) -> bool:
    """Whether it is so already, or there is nothing to undo, so that even who may is told so."""
    name, path = cell.action.name, cell.key[1]
    if name == "thread.close":
        return path.endswith("/close") == (cell.state == "closed")
    return _NOTHING_TO_DO.get(name) == cell.state or _UNDOES.get(name, cell.state) != cell.state


def _same(said: Answer, thing: Thing, of_nothing: Answer) -> bool:
    """Whether nobody could tell the answer from the one about a thing that does not exist, but for the address that they wrote."""
    return (said.status, _plain(said.text, thing)) == (of_nothing.status, _plain(of_nothing.text, NOWHERE))


def _plain(text: str, thing: Thing) -> str:
    for word in (thing.slug, thing.idea_slug, thing.article_slug, thing.category):
        text = text.replace(word, "nowhere")
    return _UNLIKE.sub("", re.sub(r"\d+", "N", text))


def test_nothing_of_it_stays(asker: Asker, world: World, database: Database) -> None:
    counts = select(
        select(func.count()).select_from(Post).scalar_subquery(),
        select(func.count()).select_from(Vote).scalar_subquery(),
    )
    with database.reading() as connection:
        before = connection.execute(counts).one()
    for cell in [*cells_of(("POST", "/p/{post_id}/vote")), *cells_of(("POST", "/api/v1/threads/{thread_id}/posts"))]:
        assert asked(asker, world, world.people["trusted"], cell, world.things["public"]).status < 400
    with database.reading() as connection:
        assert connection.execute(counts).one() == before


def test_the_table_says_yes_and_no_of_everything_that_not_everybody_may(world: World) -> None:
    cells = [cell for key in WAYS for cell in cells_of(key)]
    for name in {cell.action.name for cell in cells} - {row.name for row in TABLE.values() if "anonymous" in row.who}:
        said = {cell.expected(person) for cell in cells if cell.action.name == name for person in world.people.values()}
        assert {"yes", "no"} <= said, name
