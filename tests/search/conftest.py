"""A site over the module's database, and a place of its own for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from forum.kernel.db import Database
from forum.kernel.settings import Settings
from tests.web.pages.visiting import Site


@pytest.fixture(scope="module")
def site(settings: Settings, database: Database) -> Iterator[Site]:
    opened = Site(settings, database)
    yield opened
    opened.close()
