"""One world for a module on each database, and the figures of how much was asked, told at the end of the run."""

from collections import Counter
from collections.abc import Iterator

import pytest

from crm_sync.connections import ensure_default_connection
from forum.kernel.db import Database
from forum.kernel.settings import Settings
from tests.installing import deliver_all
from tests.permissions.client import Asker
from tests.permissions.haunting import Canaries, haunted
from tests.permissions.world import World, built

FIGURES = ("cells", "requests", "leak probes")


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


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """How much was compared with the policy table. Reports carry it, so that several processes can be summed up."""
    counted: Counter[str] = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            for name, value in getattr(report, "user_properties", ()):
                if name in FIGURES and report.when == "call":
                    counted[name] += value
    if counted:
        told = ", ".join(f"{counted[name]:,} {name}" for name in FIGURES if counted[name])
        terminalreporter.write_line(f"permissions: {told}")
