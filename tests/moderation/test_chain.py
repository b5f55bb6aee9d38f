"""The log's format, which must never change: known entries have known hashes, and every field counts."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from moderation import chain
from moderation.chain import Entry

# Both digests were computed by hand from the description in docs/design.md, without this code.
FIRST = Entry(
    number=1,
    previous=chain.GENESIS,
    at=datetime(2026, 11, 14, 10, 20, 0, 123456, tzinfo=UTC),
    action="hide-post",
    rule="4",
    reason_code="personal-data",
    role="moderator",
    automated=False,
    target_kind="post",
    commitment=bytes.fromhex("f13eb0328cf90c7b1f015579f1ad8a2d87ad8c02ebafb0ed5d437b7f68bff996"),
)
FIRST_HASH = "50d4a08f7732b45786a1e20bec3224244f3858ef214733f1ff43b69cb386f6e1"
SECOND = Entry(
    number=2,
    previous=bytes.fromhex(FIRST_HASH),
    at=FIRST.at + timedelta(microseconds=1),
    action="reopen-thread",
    rule="0",
    reason_code="reconsidered",
    role="administrator",
    automated=True,
    target_kind="thread",
    commitment=bytes.fromhex("df10ad48ae28dc3b825bd3f2a7dcf7d922d6ea7145a30e40fbb4e808721a8ba7"),
)
SECOND_HASH = "a6286490cfd31f0f9ca85aca452a984117ca710985c4eb21c2b4c54e04bb367e"


def test_known_entries_have_known_hashes() -> None:
    assert chain.entry_hash(FIRST).hex() == FIRST_HASH
    assert chain.entry_hash(SECOND).hex() == SECOND_HASH


def test_known_words_have_known_commitments() -> None:
    text = "It gave the street and number where another member lives."
    made = chain.commitment(salt=bytes(range(32)), text=text, target_kind="post", target_id=42)
    assert made == FIRST.commitment
    salt = bytes(reversed(range(32)))
    made = chain.commitment(salt=salt, text="Riaperto: la domanda è un'altra. ✓", target_kind="thread", target_id=7)
    assert made == SECOND.commitment


@pytest.mark.parametrize(
    "changed",
    [
        {"number": 2},
        {"previous": bytes(31) + b"\1"},
        {"at": FIRST.at + timedelta(microseconds=1)},
        {"action": "restore-post"},
        {"rule": "5"},
        {"reason_code": "illegal"},
        {"role": "administrator"},
        {"automated": True},
        {"target_kind": "thread"},
        {"commitment": bytes(32)},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_every_field_counts(changed: dict[str, Any]) -> None:
    assert chain.entry_hash(replace(FIRST, **changed)) != chain.entry_hash(FIRST)


def test_the_zone_in_which_a_time_is_written_does_not_count() -> None:
    elsewhere = replace(FIRST, at=FIRST.at.astimezone(tz=None))
    assert chain.entry_hash(elsewhere).hex() == FIRST_HASH


@given(st.text(max_size=8), st.text(max_size=8), st.text(max_size=8), st.text(max_size=8))
def test_no_two_entries_run_into_each_other(action: str, rule: str, reason: str, role: str) -> None:
    one = replace(FIRST, action=action, rule=rule, reason_code=reason, role=role)
    moved = replace(FIRST, action=action + rule, rule="", reason_code=reason, role=role)
    assert (chain.entry_hash(one) == chain.entry_hash(moved)) == (one == moved)


@given(st.binary(min_size=32, max_size=32), st.text(max_size=40), st.integers(0, 2**62))
def test_a_commitment_is_bound_to_salt_text_and_target(salt: bytes, text: str, target: int) -> None:
    made = chain.commitment(salt=salt, text=text, target_kind="post", target_id=target)
    assert len(made) == 32
    assert made == chain.commitment(salt=salt, text=text, target_kind="post", target_id=target)
    assert made != chain.commitment(salt=bytes(32 * [salt[0] ^ 1]), text=text, target_kind="post", target_id=target)
    assert made != chain.commitment(salt=salt, text=text + ".", target_kind="post", target_id=target)
    assert made != chain.commitment(salt=salt, text=text, target_kind="post", target_id=target + 1)
    assert made != chain.commitment(salt=salt, text=text, target_kind="thread", target_id=target)


def test_each_salt_is_new() -> None:
    salts = {chain.new_salt() for _ in range(100)}
    assert len(salts) == 100
    assert {len(salt) for salt in salts} == {32}
