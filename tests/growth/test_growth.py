"""A large community costs no more to read than a small one."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from forum.kernel.db import Database
from tests.benchmarks import community
from tests.growth.looking import SMALL, planning, reads, scanned, work

MOST = 1.2
SLACK = 300
"""Rows: PostgreSQL chooses among ways that are equally good, such as a category's own index or the one of all threads."""


@pytest.mark.long(only=True, on="postgresql")
@pytest.mark.timeout(3_000)
def test_pages_read_as_much_in_a_large_community_as_in_a_small_one(
    fresh_database: Database, amount: Callable[[int, int], int]
) -> None:
    small, large = amount(5_000, 10_000), amount(50_000, 1_000_000)
    made = community.filled(fresh_database, small)
    before = {what: work(fresh_database, read) for what, read in reads(made).items()}
    made = community.filled(fresh_database, large)
    after = {what: work(fresh_database, read) for what, read in reads(made).items()}
    slack = 0 if fresh_database.is_sqlite else SLACK
    grown = {what: (before[what], after[what]) for what in before if after[what] > before[what] * MOST + slack}
    assert grown == {}
    assert before["thread"] >= 20


@pytest.fixture(scope="module")
def made(database: Database) -> community.Community:
    return community.filled(database, 4_000)


def test_no_page_goes_through_a_table_from_end_to_end(database: Database, made: community.Community) -> None:
    with planning(database) as connection:
        found = {what: scanned(connection, read, on_sqlite=database.is_sqlite) for what, read in reads(made).items()}
    assert {what: tables for what, tables in found.items() if set(tables) - SMALL} == {}
