"""The single door: who may decide what, what a decision writes, and that nothing disappears without one."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from forum.kernel import clock
from forum.kernel.access import ANONYMOUS, Actor
from forum.kernel.errors import Conflict, Gone, Invalid, NotAllowed, NotFound
from forum.members import groups
from forum.members.actors import SYSTEM
from forum.threads import categories, editing
from forum.threads.categories import Admitted
from forum.threads.tables import Category, Post, Thread
from moderation import decisions, flagging
from moderation.decisions import Ruling, decide
from moderation.pages import decision_page, log_list
from moderation.tables import Decision, DecisionHead, DecisionText, Flag
from moderation.verifying import verify
from tests.forum import making as make
from tests.moderation.deciding import WHY, decided

STAFF_MODERATOR = {"role": "moderator", "team": "Support"}


def post(session: Session, **fields: Any) -> Post:
    return make.reply(session, make.thread(session), **fields)


def critical(session: Session) -> Thread:
    thread = make.thread(session, title="Fourteen weeks for a spare part")
    thread.is_critical = True
    session.flush()
    return thread


def test_a_decision_writes_its_entry_and_takes_effect(session: Session) -> None:
    moderator, removed = make.moderator(session), post(session)
    before = clock.now()
    entry = decided(session, moderator, "hide-post", removed)
    assert removed.hidden_at is not None
    assert removed.hidden_by == entry.id
    assert (entry.action, entry.rule, entry.reason_code, entry.role, entry.automated, entry.target_kind) == (
        "hide-post", "4", "personal-data", "moderator", False, "post",
    )  # fmt: skip
    assert before <= entry.at <= clock.now()
    side = session.get_one(DecisionText, entry.id)
    assert (side.text, side.target_id, side.thread_id) == (WHY, removed.id, removed.thread_id)
    assert (side.by_member_id, side.about_member_id) == (moderator.member_id, removed.author_id)


def test_entries_are_numbered_from_one_and_each_holds_the_hash_before_it(session: Session) -> None:
    moderator, removed = make.moderator(session), post(session)
    entries = [decided(session, moderator, action, removed) for action in ("hide-post", "restore-post", "hide-post")]
    assert [entry.number for entry in entries] == [1, 2, 3]
    assert [entry.previous for entry in entries] == [bytes(32), entries[0].hash, entries[1].hash]
    head = session.get_one(DecisionHead, 1)
    assert (head.number, head.hash) == (3, entries[2].hash)


def test_what_undoes_a_decision_names_it(session: Session) -> None:
    moderator, thread = make.moderator(session), make.thread(session)
    hidden = decided(session, moderator, "hide-thread", thread)
    closed = decided(session, moderator, "close-thread", thread)
    assert decided(session, moderator, "restore-thread", thread).about_number == hidden.number
    assert decided(session, moderator, "reopen-thread", thread).about_number == closed.number
    assert (hidden.about_number, closed.about_number) == (None, None)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"text": "Too short"}, "text"),
        ({"text": "          x          "}, "text"),
        ({"text": "x" * 2_001}, "text"),
        ({"rule": "99"}, "rule"),
        ({"reason_code": "mood"}, "reason"),
    ],
)
def test_a_decision_without_words_rule_or_reason_is_refused(
    session: Session, changes: dict[str, str], field: str
) -> None:
    with pytest.raises(Invalid) as refused:
        decided(session, make.moderator(session), "hide-post", post(session), **changes)
    assert list(refused.value.fields) == [field]
    assert session.scalars(select(Decision)).all() == []


@pytest.mark.parametrize(("action", "kind"), [("erase-post", "post"), ("hide-post", "thread"), ("", "post")])
def test_there_is_no_such_decision(session: Session, action: str, kind: str) -> None:
    given = Ruling(action=action, target_kind=kind, target_id=post(session).id, rule="4", reason_code="spam", text=WHY)
    with pytest.raises(Invalid) as refused:
        decide(session, make.moderator(session), given)
    assert "action" in refused.value.fields


def test_what_is_so_already_is_a_conflict_and_leaves_no_entry(session: Session) -> None:
    moderator, removed = make.moderator(session), post(session)
    decided(session, moderator, "hide-post", removed)
    with pytest.raises(Conflict, match="already"), session.begin_nested():
        decided(session, moderator, "hide-post", removed)
    assert [entry.number for entry in session.scalars(select(Decision))] == [1]
    assert session.get_one(DecisionHead, 1, populate_existing=True).number == 1


@pytest.mark.parametrize("action", ["hide-post", "restore-post"])
def test_what_is_not_there_cannot_be_decided_on(session: Session, action: str) -> None:
    with pytest.raises(NotFound):
        decide(session, make.moderator(session), Ruling(action=action, target_kind="post", target_id=404, text=WHY))


def test_what_its_author_deleted_is_gone_already(session: Session) -> None:
    author = make.member(session)
    deleted = post(session, author=author)
    editing.delete_post(session, author, post_id=deleted.id)
    with pytest.raises(Gone):
        decided(session, make.moderator(session), "hide-post", deleted)


def test_a_moderator_decides_nothing_on_what_they_cannot_see(session: Session) -> None:
    house = make.category(session, audience=2, openers=2)
    inside = make.reply(session, make.thread(session, make.staff(session), house), make.staff(session))
    with pytest.raises(NotFound):
        decided(session, make.moderator(session), "hide-post", inside)
    decided(session, make.administrator(session), "hide-post", inside)


@pytest.mark.parametrize("action", ["hide-post", "restore-post", "hide-thread", "restore-thread", "close-thread"])
def test_nobody_else_decides(session: Session, action: str) -> None:
    subject = post(session)
    target = subject if action.endswith("post") else session.get_one(Thread, subject.thread_id)
    for actor in (make.member(session), make.staff(session), ANONYMOUS):
        with pytest.raises(NotAllowed):
            decided(session, actor, action, target)


def test_five_hundred_points_close_and_open_but_remove_nothing(session: Session) -> None:
    member, thread = make.member(session, privileges=("thread:close",)), make.thread(session)
    assert decided(session, member, "close-thread", thread, rule="6", reason_code="duplicate").role == "member"
    decided(session, member, "reopen-thread", thread, rule="0", reason_code="reconsidered")
    with pytest.raises(NotAllowed, match="Only moderators"):
        decided(session, member, "hide-thread", thread)


# Nobody of the company removes criticism of the company alone


@pytest.mark.parametrize("action", ["hide-post", "hide-thread", "close-thread"])
@pytest.mark.parametrize("role", ["moderator", "administrator"])
def test_staff_do_not_remove_criticism(session: Session, action: str, role: str) -> None:
    thread = critical(session)
    target = make.reply(session, thread) if action == "hide-post" else thread
    with pytest.raises(NotAllowed, match="concerns the company itself"):
        decided(session, make.staff(session, role=role), action, target, rule="1", reason_code="abuse")
    assert session.scalars(select(Decision)).all() == []
    decided(session, make.moderator(session), action, target, rule="1", reason_code="abuse")


@pytest.mark.parametrize("action", ["hide-post", "hide-thread", "close-thread"])
def test_staff_do_not_remove_from_their_own_thread(session: Session, action: str) -> None:
    opener = make.staff(session, role="moderator")
    thread = make.thread(session, opener)
    target = make.reply(session, thread) if action == "hide-post" else thread
    with pytest.raises(NotAllowed, match="concerns the company itself"):
        decided(session, opener, action, target, rule="1", reason_code="abuse")


@pytest.mark.parametrize(("reason", "rule"), [("personal-data", "4"), ("malware", "5"), ("illegal", "5")])
def test_staff_act_at_once_where_waiting_would_harm(session: Session, reason: str, rule: str) -> None:
    reply = make.reply(session, critical(session))
    decided(session, make.staff(session, role="moderator"), "hide-post", reply, rule=rule, reason_code=reason)
    assert reply.hidden_at is not None


def test_staff_moderate_elsewhere_like_everybody(session: Session) -> None:
    reply = post(session)
    assert decided(session, make.staff(session, role="moderator"), "hide-post", reply).role == "staff-moderator"


# One's own words


@pytest.mark.parametrize("action", ["restore-post", "restore-thread"])
def test_nobody_brings_back_their_own_words(session: Session, action: str) -> None:
    author = make.moderator(session)
    thread = make.thread(session, author)
    target = make.reply(session, thread, author) if action == "restore-post" else thread
    decided(session, make.moderator(session), action.replace("restore", "hide"), target)
    with pytest.raises(NotAllowed, match="Somebody else"):
        decided(session, author, action, target)
    decided(session, make.moderator(session), action, target, rule="0", reason_code="reconsidered")


# Nothing disappears without an entry


@pytest.mark.parametrize("table", ["post", "thread"])
@pytest.mark.parametrize("hidden_by", ["NULL", "404"])
def test_the_database_hides_nothing_without_an_entry(session: Session, table: str, hidden_by: str) -> None:
    removed = post(session)
    key = removed.id if table == "post" else removed.thread_id
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(text(f"UPDATE {table} SET hidden_at = 1, hidden_by = {hidden_by} WHERE id = {key}"))


def test_an_entry_that_hides_something_cannot_be_deleted(session: Session) -> None:
    removed = post(session)
    entry = decided(session, make.moderator(session), "hide-post", removed)
    session.flush()
    session.execute(text("DELETE FROM decision_text WHERE decision_id = :key"), {"key": entry.id})
    with pytest.raises(IntegrityError), session.begin_nested():
        session.execute(text("DELETE FROM decision WHERE id = :key"), {"key": entry.id})


# Flags close with the decision


def test_hiding_agrees_with_those_who_reported_and_keeping_does_not(session: Session) -> None:
    moderator, thread = make.moderator(session), make.thread(session)
    removed, kept = make.reply(session, thread), make.reply(session, thread)
    for subject in (removed, kept, make.opening(session, thread)):
        flagging.raise_flag(session, make.member(session), post_id=subject.id, reason="spam")
    entry = decided(session, moderator, "hide-post", removed)
    flagging.keep(session, moderator, post_id=kept.id)
    whole = decided(session, moderator, "hide-thread", thread)
    outcomes = session.execute(select(Flag.outcome, Flag.decision_id).order_by(Flag.id)).all()
    assert [tuple(row) for row in outcomes] == [("agreed", entry.id), ("disagreed", None), ("agreed", whole.id)]
    with pytest.raises(Conflict):
        flagging.keep(session, moderator, post_id=kept.id)


# Redaction


def test_redaction_deletes_words_and_target_for_good(session: Session) -> None:
    entry = decided(session, make.moderator(session), "hide-post", post(session))
    redaction = decisions.redact(session, make.administrator(session), number=entry.number, text="It named a person.")
    assert session.get(DecisionText, entry.id) is None
    shown = decision_page(session.connection(), SYSTEM, number=entry.number)
    assert (shown.state, shown.text, shown.target_id, shown.thread_id, shown.salt) == ("redacted", "", None, None, "")
    assert (shown.action, shown.rule, shown.hash) == ("hide-post", "4", entry.hash.hex())
    assert (redaction.action, redaction.about_number) == ("redact", entry.number)


def test_what_cannot_be_redacted(session: Session) -> None:
    administrator = make.administrator(session)
    entry = decided(session, make.moderator(session), "hide-post", post(session))
    redaction = decisions.redact(session, administrator, number=entry.number, text="It named a person.")
    for number, refusal in ((entry.number, Conflict), (redaction.number, Conflict), (404, NotFound)):
        with pytest.raises(refusal):
            decisions.redact(session, administrator, number=number, text="It named a person.")
    with pytest.raises(Invalid):
        decisions.redact(session, administrator, number=entry.number, text="No.")


@pytest.mark.parametrize("who", ["moderator", "staff", "member", "nobody"])
def test_only_administrators_redact(session: Session, who: str) -> None:
    entry = decided(session, make.moderator(session), "hide-post", post(session))
    actors: dict[str, Actor] = {
        "moderator": make.moderator(session),
        "staff": make.staff(session),
        "member": make.member(session),
        "nobody": ANONYMOUS,
    }
    with pytest.raises(NotAllowed):
        decisions.redact(session, actors[who], number=entry.number, text="It named a person.")


def test_the_time_of_an_entry_is_kept_to_the_microsecond(session: Session) -> None:
    moment = clock.now().replace(microsecond=123_456) - timedelta(days=3)
    with clock.at(moment):
        entry = decided(session, make.moderator(session), "hide-post", post(session))
    session.expire(entry)
    assert entry.at == moment


def test_the_log_says_when_a_moderator_is_of_the_company(session: Session) -> None:
    """Readers who look for what the company decided find all of it, and the chain still holds."""
    voices = {}
    for role, team in (
        ("moderator", "Support"),
        ("administrator", "Support"),
        ("moderator", ""),
        ("administrator", ""),
    ):
        entry = decided(session, make.member(session, role=role, team=team), "hide-post", post(session))
        voices[entry.role] = entry.number
    assert list(voices) == ["staff-moderator", "staff-administrator", "moderator", "administrator"]
    for role, found in {
        "staff": ["staff-moderator", "staff-administrator"],
        "moderator": ["staff-moderator", "moderator"],
        "administrator": ["staff-administrator", "administrator"],
        "staff-moderator": ["staff-moderator"],
        "nobody": [],
    }.items():
        listed = log_list(session.connection(), ANONYMOUS, role=role).items
        assert {entry.number for entry in listed} == {voices[voice] for voice in found}, role
    assert all(finding.is_sound for finding in verify(session.connection()))


# Letting fewer people see a category


def narrow(session: Session, actor: Actor, place: Category, **changes: Any) -> None:
    given = {"audience": 2, "text": WHY, "rule": "4", "reason": "personal-data", **changes}
    decisions.change_category(session, actor, category_id=place.id, **given)


def test_what_stands_in_a_category_goes_out_of_sight_by_a_decision_alone(session: Session) -> None:
    """The words are for everybody; which category it is, for those who still see it."""
    place, admin = make.category(session), make.administrator(session)
    decisions.change_category(session, admin, category_id=place.id, audience=1)  # nothing stands there yet
    decisions.change_category(session, admin, category_id=place.id, audience=0)
    make.thread(session, place=place)
    for refused in (categories.edit, decisions.change_category):
        with pytest.raises(Invalid) as refusal:
            refused(session, admin, category_id=place.id, audience=2)
        assert str(refusal.value.fields["text"]).startswith("Fewer people will see what stands here.")
    assert session.scalars(select(Decision)).all() == []
    narrow(session, admin, place)
    (entry,) = session.scalars(select(Decision))
    assert (entry.action, entry.rule, entry.role, place.audience) == ("narrow-category", "4", "administrator", 2)
    outside, inside = (
        decision_page(session.connection(), reader, number=entry.number) for reader in (ANONYMOUS, make.staff(session))
    )
    assert (outside.text, outside.category_slug, outside.target_id, outside.salt) == (WHY, "", None, "")
    assert (inside.text, inside.category_slug, inside.target_id) == (WHY, place.slug, place.id)
    assert all(finding.is_sound for finding in verify(session.connection()))
    decisions.change_category(session, admin, category_id=place.id, audience=1, name="Wider again")
    assert len(session.scalars(select(Decision)).all()) == 1


def test_a_group_less_is_fewer_people(session: Session) -> None:
    admin = make.administrator(session)
    one, two = (Admitted(groups.create(session, admin, name=name).id) for name in ("Bench", "Counter"))
    place = make.category(session, audience=3, groups=[one])
    make.thread(session, admin, place)
    decisions.change_category(session, admin, category_id=place.id, groups=[one, two])
    with pytest.raises(Invalid, match="mending"):
        decisions.change_category(session, admin, category_id=place.id, groups=[two])


def test_the_company_alone_puts_no_criticism_out_of_sight_by_its_category(session: Session) -> None:
    thread = critical(session)
    place = session.get_one(Category, thread.category_id)
    with pytest.raises(NotAllowed, match="not of the company"):
        narrow(session, make.staff(session, role="administrator"), place, reason="other")
    assert place.audience == 0
    narrow(session, make.administrator(session), place, reason="other")
    assert place.audience == 2
