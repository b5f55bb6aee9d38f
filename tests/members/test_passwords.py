"""Passwords: what may be set, and that asking costs the same whatever is asked for."""

import threading
from typing import Any

import pytest

from forum.kernel.errors import Invalid, TooMany
from forum.members import passwords

GOOD = "a sentence is good"


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """What argon2 was given to verify: which hash, and how much to hash. The library is watched, not replaced."""
    seen: list[tuple[str, int]] = []
    real = passwords._hasher

    class Watched:
        def verify(self, hashed: str, password: str) -> Any:
            seen.append((hashed, len(password)))
            return real.verify(hashed, password)

        hash = real.hash

    monkeypatch.setattr(passwords, "_hasher", Watched())
    return seen


def test_a_password_fits_its_own_hash_alone() -> None:
    hashed = passwords.hashed(GOOD)
    assert hashed.startswith("$argon2id$")
    assert GOOD not in hashed
    assert passwords.matches(hashed, GOOD)
    assert not passwords.matches(hashed, GOOD + " ")
    assert not passwords.matches(hashed, "")
    assert passwords.hashed(GOOD) != hashed


@pytest.mark.parametrize("password", ["", "123456789", "a" * 129, "é" * 65])
def test_what_may_not_be_set(password: str) -> None:
    with pytest.raises(Invalid) as refused:
        passwords.checked(password)
    assert list(refused.value.fields) == ["password"]


@pytest.mark.parametrize("password", ["1234567890", "a" * 128, "é" * 64, "  spaces count  "])
def test_what_may_be_set(password: str) -> None:
    assert passwords.checked(password) == password
    assert passwords.matches(passwords.hashed(password), password)


def test_where_there_is_no_account_the_same_work_is_done(work: list[tuple[str, int]]) -> None:
    hashed = passwords.hashed(GOOD)
    assert not passwords.matches(None, GOOD)
    assert not passwords.matches(hashed, "another sentence!!")
    (nobody, _), (somebody, _) = work
    settings = [each.split("$")[1:4] for each in (nobody, somebody)]
    assert settings[0] == settings[1]  # the same algorithm, memory, passes and lanes


def test_nobody_has_the_password_that_stands_for_nobody() -> None:
    assert not passwords.matches(None, "nobody has this password")


def test_a_password_beyond_the_cap_is_never_hashed_but_costs_the_same(work: list[tuple[str, int]]) -> None:
    long = "x" * 1_000_000
    hashed = passwords.hashed(GOOD)
    assert not passwords.matches(hashed, long)
    assert [length for _, length in work] == [0]


def test_a_broken_hash_fits_nothing() -> None:
    assert not passwords.matches("$argon2id$broken", GOOD)


def test_few_hash_at_once_and_the_others_are_asked_to_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(passwords, "_PATIENCE", 0.05)
    release, inside = threading.Event(), threading.Semaphore(0)

    def hold() -> None:
        with passwords._turn():
            inside.release()
            release.wait(10)

    holders = [threading.Thread(target=hold) for _ in range(passwords._AT_ONCE)]
    for holder in holders:
        holder.start()
    for _ in holders:
        assert inside.acquire(timeout=10)
    try:
        with pytest.raises(TooMany) as refused:
            passwords.matches(None, GOOD)
    finally:
        release.set()
        for holder in holders:
            holder.join()
    assert refused.value.retry_after > 0
    assert not passwords.matches(None, GOOD)  # and then there is room again
