"""The single door: whoever does something with a right over others comes through `decide`.

It writes the public log's entry first and hands its id to the forum, which hides and closes for no one else. Entry and effect
are one transaction.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from forum.events import MemberSanctioned
from forum.ideas import statuses
from forum.kernel import outbox
from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.errors import N_, Conflict, Invalid, NotFound, Text
from forum.threads import categories, closing, finding, hiding
from forum.threads.policies import may_manage_categories
from forum.threads.tables import Post, Thread
from forum.visibility import DecisionId
from moderation import chain, sanctions
from moderation.guidelines import HOUSE_RULE, REASONS, RULES
from moderation.policies import (
    may_close,
    may_decide_idea,
    may_moderate,
    may_narrow,
    may_redact,
    may_restore,
    may_sanction,
)
from moderation.tables import Decision, DecisionHead, DecisionText, Flag

LONGEST_TEXT = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruling:
    """What is decided and why. `text` is public: the reason in words that everybody may read."""

    action: str
    target_kind: str
    target_id: int
    rule: str = HOUSE_RULE.code
    reason_code: str = "other"
    text: str = ""
    automated: bool = False
    status: str = ""
    comment: str = ""
    days: int = 0
    """For how long, where a person is suspended or silenced."""
    changes: Mapping[str, Any] = field(default_factory=dict)
    """What becomes of a category that fewer people are to see, as `forum.threads.categories.edit` takes it."""


@dataclass(frozen=True, slots=True)
class _Subject:
    """What a ruling is about, found before anything is written."""

    thread: Thread
    about_member_id: int
    stands_by: int | None = None
    """The decision that a restoring or reopening one undoes."""


Effect = Callable[[Session, Actor, Ruling, DecisionId], bool]


def _hide_post(session: Session, actor: Actor, ruling: Ruling, decision: DecisionId) -> bool:
    return hiding.hide_post(session, post_id=ruling.target_id, decision=decision)


def _restore_post(session: Session, actor: Actor, ruling: Ruling, decision: DecisionId) -> bool:
    return hiding.restore_post(session, post_id=ruling.target_id, decision=decision)


def _hide_thread(session: Session, actor: Actor, ruling: Ruling, decision: DecisionId) -> bool:
    return hiding.hide_thread(session, thread_id=ruling.target_id, decision=decision)


def _restore_thread(session: Session, actor: Actor, ruling: Ruling, decision: DecisionId) -> bool:
    return hiding.restore_thread(session, thread_id=ruling.target_id, decision=decision)


def _close(session: Session, actor: Actor, ruling: Ruling, decision: DecisionId) -> bool:
    return closing.close(session, thread_id=ruling.target_id, reason=ruling.text, decision=decision)


def _reopen(session: Session, actor: Actor, ruling: Ruling, decision: DecisionId) -> bool:
    return closing.reopen(session, thread_id=ruling.target_id, decision=decision)


def _set_status(session: Session, actor: Actor, ruling: Ruling, decision: DecisionId) -> bool:
    statuses.set_status(
        session, actor, thread_id=ruling.target_id, status=ruling.status, comment=ruling.comment, decision=decision
    )
    return True


NARROW = "narrow-category"
EFFECTS: dict[str, tuple[str, Effect]] = {
    "hide-post": ("post", _hide_post),
    "restore-post": ("post", _restore_post),
    "hide-thread": ("thread", _hide_thread),
    "restore-thread": ("thread", _restore_thread),
    "close-thread": ("thread", _close),
    "reopen-thread": ("thread", _reopen),
    "idea-status": ("thread", _set_status),
}
"""Action → what it is about, and what it does."""
KINDS = {action: kind for action, (kind, _) in EFFECTS.items()} | dict.fromkeys(sanctions.DOINGS, "member")
KINDS[NARROW] = "category"
"""Of what kind is decided with each action."""
RESTORING = frozenset({"restore-post", "restore-thread"})
UNDOING = RESTORING | {"reopen-thread"}


def decide(session: Session, actor: Actor, ruling: Ruling) -> Decision:
    """Decide in public: write the entry, then do it.

    Raises:
        Invalid: no such action, rule or reason, or no words for it.
        NotFound: there is no such post or thread, or this actor cannot see it.
        NotAllowed: this actor may not decide that, or not alone.
        Conflict: it is so already.
    """
    _check(ruling)
    if ruling.target_kind == "member":
        return _decide_about_person(session, actor, ruling)
    if ruling.target_kind == "category":
        return _decide_about_category(session, actor, ruling)
    subject = _subject(session, actor, ruling)
    actor = actor.within(subject.thread.category_id)
    _require_right(actor, ruling, subject)
    about = _undone(session, ruling, subject)
    entry = _write(session, actor, ruling, thread_id=subject.thread.id, member_id=subject.about_member_id, about=about)
    if not EFFECTS[ruling.action][1](session, actor, ruling, DecisionId(entry.id)):
        raise Conflict(N_("It is so already. Somebody else may have decided it meanwhile."))
    _close_flags(session, ruling, entry)
    return entry


def _decide_about_person(session: Session, actor: Actor, ruling: Ruling) -> Decision:
    """The entry tells everybody that and why; whom it is about only that person and moderators."""
    person = sanctions.held_person(session, ruling.target_id)
    require(may_sanction(actor, person, is_critic=sanctions.is_critic(session, person), reason_code=ruling.reason_code))
    starting = ruling.action in sanctions.STARTING
    kept = replace(ruling, text=sanctions.with_length(ruling.text, ruling.days)) if starting else ruling
    about = None if starting else _newest_about(session, person.id, sanctions.ENDING[ruling.action])
    entry = _write(session, actor, kept, thread_id=None, member_id=person.id, about=about)
    if not sanctions.take_effect(session, ruling.action, person, ruling.days, DecisionId(entry.id)):
        raise Conflict(N_("It is so already. Somebody else may have decided it meanwhile."))
    outbox.record(session, MemberSanctioned(member_id=person.id, decision_number=entry.number, action=ruling.action))
    return entry


def _decide_about_category(session: Session, actor: Actor, ruling: Ruling) -> Decision:
    """Fewer people see a place and all that stands in it. The words are for everybody; which place, for those who still see it."""
    criticism = categories.holds_criticism(session, ruling.target_id)
    require(may_narrow(actor, holds_criticism=criticism, reason_code=ruling.reason_code))
    entry = _write(session, actor, ruling, thread_id=None, member_id=None, about=None)
    categories.edit(session, actor, category_id=ruling.target_id, decision=DecisionId(entry.id), **ruling.changes)
    return entry


def change_category(
    session: Session,
    actor: Actor,
    *,
    category_id: int,
    rule: str = HOUSE_RULE.code,
    reason: str = "other",
    text: str = "",
    **changes: Any,
) -> None:
    """Change a category; where fewer people would see threads that stand there, by a decision with rule, reason and words.

    Raises:
        NotAllowed: only administrators may, and not those of the company alone where it is criticised.
        NotFound: there is no such category.
        Invalid: a field needs mending, or fewer people would see it and nobody says why.
    """
    require(may_manage_categories(actor))
    if not categories.narrows(session, category_id=category_id, **_about_readers(changes)):
        categories.edit(session, actor, category_id=category_id, **changes)
        return
    if not text.strip():
        raise Invalid({"text": categories.NARROWING})
    decide(
        session,
        actor,
        Ruling(
            action=NARROW, target_kind="category", target_id=category_id, rule=rule, reason_code=reason, text=text,
            changes=changes,
        ),
    )  # fmt: skip


def _about_readers(changes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: changes[name] for name in ("audience", "groups") if name in changes}


def _newest_about(session: Session, member_id: int, action: str) -> int | None:
    """The number of the newest entry of this kind about a person."""
    found = (
        select(Decision.number)
        .join(DecisionText, DecisionText.decision_id == Decision.id)
        .where(Decision.target_kind == "member", Decision.action == action, DecisionText.target_id == member_id)
    )
    return session.scalar(found.order_by(Decision.id.desc()).limit(1))


def _check(ruling: Ruling) -> None:
    problems: dict[str, Text | str] = {}
    if KINDS.get(ruling.action) != ruling.target_kind:
        problems["action"] = N_("There is no such decision.")
    if ruling.action in sanctions.STARTING and not 1 <= ruling.days <= sanctions.LONGEST_DAYS:
        problems["days"] = N_("Say for how many days.")
    if ruling.rule not in RULES and ruling.rule != HOUSE_RULE.code:
        problems["rule"] = N_("Choose the rule that this goes by.")
    if ruling.reason_code not in REASONS:
        problems["reason"] = N_("Choose a reason.")
    problems |= _faults_of(ruling.text)
    if problems:
        raise Invalid(problems)


def _faults_of(text: str) -> dict[str, str]:
    if 10 <= len(text.strip()) <= LONGEST_TEXT:
        return {}
    return {"text": N_("Say why, in 10 to 2,000 characters. Everybody can read it.")}


def _subject(session: Session, actor: Actor, ruling: Ruling) -> _Subject:
    """What the ruling is about, its thread locked: two who decide at once do so one after the other."""
    if ruling.target_kind == "post":
        post, thread, _ = finding.held_post(session, actor, ruling.target_id)
        return _Subject(thread, post.author_id, post.hidden_by)
    thread, _ = finding.held_thread(session, actor, ruling.target_id)
    return _Subject(
        thread, thread.author_id, thread.closed_by if ruling.action == "reopen-thread" else thread.hidden_by
    )


def _require_right(actor: Actor, ruling: Ruling, subject: _Subject) -> None:
    if ruling.action == "idea-status":
        require(may_decide_idea(actor))
        return
    if ruling.action in ("close-thread", "reopen-thread"):
        require(may_close(actor))
        if not actor.is_staff:
            return
    if ruling.action in RESTORING:
        require(may_restore(actor, author_id=subject.about_member_id))
    require(may_moderate(actor, thread=subject.thread, reason_code=ruling.reason_code))


def _undone(session: Session, ruling: Ruling, subject: _Subject) -> int | None:
    """The number of the entry that this one undoes."""
    if ruling.action not in UNDOING or subject.stands_by is None:
        return None
    return session.scalar(select(Decision.number).where(Decision.id == subject.stands_by))


def redact(session: Session, actor: Actor, *, number: int, text: str) -> Decision:
    """Take words and target out of a log entry; the fact stays, verification still holds, and a new entry tells of it.

    Raises:
        NotAllowed: only administrators may.
        Invalid: no words for it.
        NotFound: there is no such entry.
        Conflict: it is redacted already, or is itself about a redaction.
    """
    require(may_redact(actor))
    if faults := _faults_of(text):
        raise Invalid(faults)
    entry = session.scalar(select(Decision).where(Decision.number == number))
    if entry is None:
        raise NotFound()
    if entry.action == "redact":
        raise Conflict(N_("The entry about a redaction cannot be redacted itself."))
    deleted = session.execute(
        delete(DecisionText).where(DecisionText.decision_id == entry.id).returning(DecisionText.thread_id)
    ).one_or_none()
    if deleted is None:
        raise Conflict(N_("That entry is redacted already."))
    if deleted.thread_id is not None:
        closing.forget_words(session, thread_id=deleted.thread_id, decision_id=entry.id)
    ruling = Ruling(action="redact", target_kind="decision", target_id=number, reason_code="erasure", text=text)
    return _write(session, actor, ruling, thread_id=None, member_id=None, about=number)


def _write(
    session: Session, actor: Actor, ruling: Ruling, *, thread_id: int | None, member_id: int | None, about: int | None
) -> Decision:
    """Append to the chain. The head row is locked until the commit, so numbers have no gap and the chain no fork."""
    head = _locked_head(session)
    salt, text = chain.new_salt(), ruling.text.strip()
    public = chain.Entry(
        number=head.number + 1,
        previous=head.hash,
        at=now(),
        action=ruling.action,
        rule=ruling.rule,
        reason_code=ruling.reason_code,
        role=actor.voice,
        automated=ruling.automated,
        target_kind=ruling.target_kind,
        commitment=chain.commitment(salt=salt, text=text, target_kind=ruling.target_kind, target_id=ruling.target_id),
    )
    entry = _entry(public, about)
    session.add(entry)
    head.number, head.hash = entry.number, entry.hash
    session.flush()
    session.add(
        DecisionText(
            decision_id=entry.id,
            salt=salt,
            text=text,
            target_id=ruling.target_id,
            thread_id=thread_id,
            by_member_id=actor.member_id,
            about_member_id=member_id,
        )
    )
    session.flush()
    return entry


def _entry(public: chain.Entry, about: int | None) -> Decision:
    return Decision(
        number=public.number,
        previous=public.previous,
        hash=chain.entry_hash(public),
        at=public.at,
        action=public.action,
        rule=public.rule,
        reason_code=public.reason_code,
        role=public.role,
        automated=public.automated,
        target_kind=public.target_kind,
        commitment=public.commitment,
        about_number=about,
    )


def _locked_head(session: Session) -> DecisionHead:
    """The head row, made by the migration that made the table."""
    return session.scalars(
        select(DecisionHead).where(DecisionHead.id == 1).with_for_update().execution_options(populate_existing=True)
    ).one()


def _close_flags(session: Session, ruling: Ruling, entry: Decision) -> None:
    """Hiding agrees with those who flagged; restoring disagrees. A thread that goes takes its opening post along."""
    outcome = {"hide": "agreed", "restore": "disagreed"}.get(ruling.action.partition("-")[0])
    if outcome is None:
        return
    reported = select(Post.id).where(
        Post.id == ruling.target_id
        if ruling.target_kind == "post"
        else (Post.thread_id == ruling.target_id) & (Post.number == 1)
    )
    session.execute(
        update(Flag)
        .where(Flag.post_id.in_(reported), Flag.outcome == "open")
        .values(outcome=outcome, decision_id=entry.id)
        .execution_options(synchronize_session=False)
    )
