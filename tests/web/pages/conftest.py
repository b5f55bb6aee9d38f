"""A community's worth of people."""

from dataclasses import dataclass

import pytest

from forum.kernel.access import Actor
from forum.kernel.db import Database
from tests.forum import making as make


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
