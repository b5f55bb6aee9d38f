"""A site over the module's database, and a community's worth of people on it."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from forum.kernel.access import Actor
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from tests.forum import making as make
from tests.security.town import Town, built
from tests.security.wire import Wire
from web.app import create_app
from web.edge.limits import Limits


@dataclass(frozen=True)
class People:
    asker: Actor
    peer: Actor
    staff: Actor
    moderator: Actor


@pytest.fixture(scope="module")
def people(database: Database) -> People:
    with database.transaction() as session:
        return People(
            asker=make.member(session),
            peer=make.member(session),
            staff=make.staff(session, team="Service"),
            moderator=make.moderator(session),
        )


@pytest.fixture(scope="module")
def wire(settings: Settings) -> Iterator[Wire]:
    """The site without its limits, for tests that ask very often."""
    opened = Wire(create_app(settings, limits=Limits(None, None, None)))
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def town(database: Database) -> Town:
    """A community in which every kind of person and thing exists."""
    return built(database)
