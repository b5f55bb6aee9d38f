"""One world for a module on each database. How much was asked of it is told at the end of the run, by tests/conftest.py."""

from collections.abc import Iterator

import pytest

from crm_sync.connections import ensure_default_connection
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from tests.installing import deliver_all
from tests.permissions.client import Asker
from tests.permissions.haunting import Canaries, haunted
from tests.permissions.world import World, built


@pytest.fixture(scope="module")
def world(database: Database, settings: Settings) -> World:
    with database.transaction() as session:
        return built(session, settings.secret_key)


@pytest.fixture(scope="module")
def asker(settings: Settings, world: World) -> Iterator[Asker]:
    opened = Asker(settings, forgets=True)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def canaries(database: Database, settings: Settings, world: World) -> Canaries:
    with database.transaction() as session:
        ensure_default_connection(session)
        made = haunted(session, world, settings.secret_key)
    deliver_all(database)
    return made
