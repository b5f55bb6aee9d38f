"""`verify` finds whatever was done to the log behind its back, and lets pass what was redacted in the open."""

import pytest
from sqlalchemy import delete, select, text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from moderation import chain, decisions
from moderation.tables import Decision, DecisionHead, DecisionText
from moderation.verifying import Finding, verify
from tests.forum import making as make
from tests.moderation.deciding import decided
from web.cli.moderation import _verdict

ENTRIES = 5


@pytest.fixture
def log(session: Session) -> list[Decision]:
    """A log of five entries about one post, which goes and comes back."""
    moderator, post = make.moderator(session), make.reply(session, make.thread(session))
    actions = ("hide-post", "restore-post") * 3
    return [
        decided(session, moderator, action, post, text=f"Reason number {n}.")
        for n, action in enumerate(actions[:ENTRIES])
    ]


def found(session: Session) -> list[Finding]:
    session.flush()
    return list(verify(session.connection()))


def wrong(session: Session) -> dict[int, str]:
    return {finding.number: finding.state for finding in found(session) if not finding.is_sound}


def change(session: Session, entry: int, **values: object) -> None:
    session.execute(update(Decision).where(Decision.number == entry).values(**values))


def test_a_log_as_it_was_written_is_sound(session: Session, log: list[Decision]) -> None:
    assert [finding.state for finding in found(session)] == ["sound"] * ENTRIES
    assert [finding.hash for finding in found(session)] == [entry.hash.hex() for entry in log]


def test_an_empty_log_is_sound(session: Session) -> None:
    assert found(session) == []


@pytest.mark.parametrize(
    "values",
    [
        {"action": "restore-post"},
        {"rule": "1"},
        {"reason_code": "abuse"},
        {"role": "administrator"},
        {"automated": True},
        {"target_kind": "thread"},
        {"commitment": bytes(32)},
        {"hash": bytes(32)},
    ],
    ids=lambda values: next(iter(values)),
)
def test_a_changed_field_is_found(session: Session, log: list[Decision], values: dict[str, object]) -> None:
    change(session, 3, **values)
    assert 3 in wrong(session)


def test_a_changed_time_is_found(session: Session, log: list[Decision]) -> None:
    session.execute(text("UPDATE decision SET at = at + 1 WHERE number = 3"))
    assert wrong(session) == {3: "its hash does not fit what it says"}


def test_a_changed_text_is_found(session: Session, log: list[Decision]) -> None:
    session.execute(update(DecisionText).where(DecisionText.decision_id == log[2].id).values(text="Something milder."))
    assert wrong(session) == {3: "its text is not the one that was committed to"}


def test_a_changed_target_is_found(session: Session, log: list[Decision]) -> None:
    session.execute(update(DecisionText).where(DecisionText.decision_id == log[2].id).values(target_id=10**6))
    assert wrong(session) == {3: "its text is not the one that was committed to"}


def test_a_change_with_a_hash_that_fits_breaks_the_next_link(session: Session, log: list[Decision]) -> None:
    """Who changes an entry and its hash would have to change every later one, and the copies that others hold."""
    change(session, 3, rule="1")
    row = session.execute(select(Decision).where(Decision.number == 3)).scalar_one()
    session.refresh(row)
    fields = (
        "number",
        "previous",
        "at",
        "action",
        "rule",
        "reason_code",
        "role",
        "automated",
        "target_kind",
        "commitment",
    )
    change(session, 3, hash=chain.entry_hash(chain.Entry(**{name: getattr(row, name) for name in fields})))
    assert wrong(session) == {4: "it does not follow the entry before it"}


def test_swapped_entries_are_found(session: Session, log: list[Decision]) -> None:
    for number, other in ((2, -1), (3, 2), (-1, 3)):
        change(session, number, number=other)
    assert {2, 3} <= set(wrong(session))


def test_a_deleted_entry_is_found_and_named_alone(session: Session, log: list[Decision]) -> None:
    session.execute(delete(DecisionText).where(DecisionText.decision_id == log[2].id))
    session.execute(text("UPDATE post SET hidden_by = NULL, hidden_at = NULL"))
    session.execute(delete(Decision).where(Decision.number == 3))
    assert wrong(session) == {4: "number 3 is missing"}


@pytest.mark.parametrize("number", [1, ENTRIES])
def test_a_log_cut_at_either_end_is_found(session: Session, log: list[Decision], number: int) -> None:
    entry = log[number - 1]
    session.execute(text("UPDATE post SET hidden_by = NULL, hidden_at = NULL"))
    session.execute(delete(DecisionText).where(DecisionText.decision_id == entry.id))
    session.execute(delete(Decision).where(Decision.id == entry.id))
    said = wrong(session)
    assert said in ({2: "number 1 is missing"}, {ENTRIES: "the head does not fit the last entry"})


def test_a_text_that_is_gone_without_a_redaction_is_found(session: Session, log: list[Decision]) -> None:
    session.execute(delete(DecisionText).where(DecisionText.decision_id == log[2].id))
    assert wrong(session) == {3: "its text is gone without a redaction"}


def test_a_fork_is_found(session: Session, log: list[Decision]) -> None:
    """A second entry that also follows the fourth, in place of the fifth."""
    change(session, 5, previous=log[2].hash)
    assert wrong(session) == {5: "it does not follow the entry before it"}


def test_an_entry_beside_the_head_is_found(session: Session, log: list[Decision]) -> None:
    session.execute(update(DecisionHead).values(number=ENTRIES - 1, hash=log[-2].hash))
    assert wrong(session) == {ENTRIES - 1: "the head does not fit the last entry"}


def test_the_database_keeps_numbers_unique(session: Session, log: list[Decision]) -> None:
    with pytest.raises(IntegrityError), session.begin_nested():
        change(session, 5, number=4)


@pytest.mark.parametrize("number", range(1, ENTRIES + 1))
def test_redaction_keeps_the_chain_whole(session: Session, log: list[Decision], number: int) -> None:
    entry = decisions.redact(session, make.administrator(session), number=number, text="It named a person.")
    states = [finding.state for finding in found(session)]
    assert states == ["redacted" if n == number else "sound" for n in range(1, ENTRIES + 2)]
    assert (entry.number, entry.action, entry.about_number) == (ENTRIES + 1, "redact", number)


def test_a_redaction_that_names_another_entry_excuses_nothing(session: Session, log: list[Decision]) -> None:
    decisions.redact(session, make.administrator(session), number=1, text="It named a person.")
    session.execute(delete(DecisionText).where(DecisionText.decision_id == log[2].id))
    assert wrong(session) == {3: "its text is gone without a redaction"}


def test_the_command_line_says_it_in_one_line(session: Session, log: list[Decision]) -> None:
    decisions.redact(session, make.administrator(session), number=2, text="It named a person.")
    all_found = found(session)
    said = _verdict(len(all_found), 1, 0, all_found[-1].hash)
    assert said == f"The chain is whole: 6 entries, 1 of them redacted. It ends in {all_found[-1].hash}."
