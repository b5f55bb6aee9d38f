"""One clock, which tests and the demo can set for themselves without anybody else noticing."""

import threading
from datetime import UTC, datetime, timedelta, timezone

import pytest

from forum.kernel import clock

THEN = datetime(2026, 3, 2, 12, 0, 0, 123456, tzinfo=UTC)


def test_now_is_in_utc_and_goes_on() -> None:
    first, second = clock.now(), clock.now()
    assert first.tzinfo is UTC
    assert second >= first


def test_within_a_block_it_is_the_moment_given_and_afterwards_it_is_now_again() -> None:
    with clock.at(THEN):
        assert clock.now() == THEN
        with clock.at(THEN + timedelta(days=1)):
            assert clock.now() == THEN + timedelta(days=1)
        assert clock.now() == THEN
    assert clock.now() != THEN


def test_a_moment_of_another_zone_is_told_in_utc() -> None:
    rome = timezone(timedelta(hours=1))
    with clock.at(datetime(2026, 3, 2, 13, 0, tzinfo=rome)):
        assert (clock.now().tzinfo, clock.now().hour) == (UTC, 12)


def test_a_moment_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="time zone"), clock.at(datetime(2026, 3, 2)):  # noqa: DTZ001 (what is refused)
        pass


def test_other_threads_keep_their_own_time() -> None:
    seen: list[datetime] = []
    with clock.at(THEN):
        thread = threading.Thread(target=lambda: seen.append(clock.now()))
        thread.start()
        thread.join()
    assert seen[0] != THEN
