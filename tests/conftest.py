"""Fixtures: servers that are started once, databases that are copied from a migrated template, browsers.

Every test of verbs, pages and migrations that asks for `database` or `session` runs twice, on SQLite and on PostgreSQL.
What a machine cannot have is skipped, and the summary at the end names it.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any, TypeVar

import hypothesis
import pytest
import structlog
from argon2 import PasswordHasher
from playwright.sync_api import Browser, BrowserContext, Page
from sqlalchemy.orm import Session

from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.members import passwords
from tests.installing import copy_of_sqlite, migrate, settings_for
from tests.servers import Missing, chromium, postgres, redis, smtp, webhooks
from tests.web.pages.visiting import Site, opened_site

S = TypeVar("S")
Kind = str
KINDS: tuple[Kind, ...] = ("sqlite", "postgresql")

hypothesis.settings.register_profile("short", max_examples=30, derandomize=True, deadline=None, database=None)
hypothesis.settings.register_profile("long", max_examples=2_000, deadline=None, print_blob=True)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--long", action="store_true", help="run what is marked long, with its full counts")


def pytest_configure(config: pytest.Config) -> None:
    hypothesis.settings.load_profile("long" if config.getoption("--long") else "short")
    if not config.getoption("--long"):
        _hash_cheaply()
    # Tracebacks without local variables: to show an entity whose session is gone fails, and hides the error itself.
    plain = structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[structlog.processors.add_log_level, plain])


def _hash_cheaply() -> None:
    """A real hash takes a fifth of a second of a core, and the usual run makes some thousands. Only its cost is another here."""
    passwords._hasher = PasswordHasher(time_cost=1, memory_cost=1_024, parallelism=1)
    passwords._nobody = passwords._shape_of_a_hash()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only `--long` runs, `on` one database or on both. Not skipped, because skipped means "this machine cannot"."""
    if config.getoption("--long"):
        return
    left_out = [item for item in items if any(_is_left_out(item, mark) for mark in item.iter_markers("long"))]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _is_left_out(item: pytest.Item, mark: pytest.Mark) -> bool:
    parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    kind = parameters.get("database_url", parameters.get("fresh_database"))
    return bool(mark.kwargs.get("only")) and mark.kwargs.get("on", kind) == kind


@pytest.fixture(scope="session")
def amount(pytestconfig: pytest.Config) -> Callable[[int, int], int]:
    """`amount(few, many)`: how many to try, few in `make test` and many in `make test-long`."""
    long = bool(pytestconfig.getoption("--long"))
    return lambda few, many: many if long else few


# Servers


def _or_skip(starting: AbstractContextManager[S]) -> Iterator[S]:
    with ExitStack() as running:
        try:
            server = running.enter_context(starting)
        except Missing as reason:
            pytest.skip(str(reason))
        yield server


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[postgres.Server]:
    yield from _or_skip(postgres.running())


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """One server for the whole run; a test that empties or stops Redis starts its own with `tests.servers.redis.running`."""
    yield from _or_skip(redis.running())


@pytest.fixture
def mails() -> Iterator[smtp.Sink]:
    yield from _or_skip(smtp.running())


@pytest.fixture
def receiver() -> Iterator[webhooks.Receiver]:
    yield from _or_skip(webhooks.running())


# Databases


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("template") / "loggia.sqlite"
    migrate(f"sqlite:///{file}")
    return file


@pytest.fixture(scope="session")
def postgres_template(postgres_server: postgres.Server) -> str:
    name = postgres_server.create()
    migrate(postgres_server.url_of(name))
    return name


def _copy(kind: Kind, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    if kind == "sqlite":
        yield copy_of_sqlite(request.getfixturevalue("sqlite_template"), folder)
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    name = server.create(request.getfixturevalue("postgres_template"))
    yield server.url_of(name)
    server.drop(name)


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    database = Database(url)
    try:
        yield database
    finally:
        database.dispose()


@pytest.fixture(scope="module", params=KINDS)
def database_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A migrated database for the tests of one module, which see what the others committed."""
    yield from _copy(request.param, request, tmp_path_factory.mktemp("database"))


@pytest.fixture(scope="module")
def database(database_url: str) -> Iterator[Database]:
    """The module's database. What is committed stays until the module ends."""
    with _opened(database_url) as opened:
        yield opened


@pytest.fixture(scope="module")
def settings(database_url: str, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Settings of an installation over the module's database. `tests.installing.settings_for` makes others."""
    return settings_for(database_url, tmp_path_factory.mktemp("var"))


@pytest.fixture(scope="module")
def site(settings: Settings, database: Database) -> Iterator[Site]:
    """A site over the module's database."""
    with opened_site(settings, database) as opened:
        yield opened


@pytest.fixture
def session(database: Database) -> Iterator[Session]:
    """A session whose commits and roll-backs are savepoints; at the end nothing of it remains.

    On SQLite it holds the one write lock: a test takes this or `database.transaction()`, never both.
    """
    with database.engine.connect() as connection, connection.begin() as transaction:
        with Session(connection, join_transaction_mode="create_savepoint", expire_on_commit=False) as opened:
            yield opened
        transaction.rollback()


@pytest.fixture(params=KINDS)
def fresh_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """A migrated database for this test alone."""
    for url in _copy(request.param, request, tmp_path):
        with _opened(url) as opened:
            yield opened


@pytest.fixture(params=KINDS)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a table, for this test alone."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.sqlite'}"
        return
    server: postgres.Server = request.getfixturevalue("postgres_server")
    name = server.create()
    yield server.url_of(name)
    server.drop(name)


# Browsers


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One browser for a module, not for the run: the loop that Playwright keeps would be in the way of other modules."""
    yield from _or_skip(chromium.running())


@pytest.fixture
def new_context(browser: Browser) -> Iterator[Callable[..., BrowserContext]]:
    """Makes a person's browser profile; takes the options of Playwright's `new_context`."""
    opened: list[BrowserContext] = []

    def make(**options: Any) -> BrowserContext:
        opened.append(browser.new_context(**options))
        return opened[-1]

    yield make
    for context in opened:
        context.close()


@pytest.fixture
def page(new_context: Callable[..., BrowserContext]) -> Page:
    return new_context().new_page()


FIGURES = ("cells", "requests", "leak probes", "answers compared", "steps of the model")


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
