"""Who may do what with threads and posts. Asked by the verb that does it and by the page that offers it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from forum.kernel.access import ALLOWED, GROUPS, Actor, Verdict, denied
from forum.kernel.errors import N_
from forum.members.policies import CONFIRM_FIRST
from forum.visibility import HasAudience, is_for_some, is_wider, keeps_in_sight

ASKERS_TIME = timedelta(days=7)
"""How long the choice of the accepted answer is the asker's alone."""
_CRITICAL = denied(N_("This thread is critical of the company, so nobody of the company edits what others say in it."))


class HasReplyRules(Protocol):
    """What a category says of replies."""

    @property
    def id(self) -> int: ...
    @property
    def repliers(self) -> int: ...
    @property
    def peers_first_hours(self) -> int: ...


class HasOpeningRules(Protocol):
    """What a category says of opening threads."""

    @property
    def id(self) -> int: ...
    @property
    def openers(self) -> int: ...


class HasCategoryRules(HasOpeningRules, HasReplyRules, HasAudience, Protocol):
    """All that a category says of who may do what."""

    @property
    def kinds(self) -> Collection[str]: ...


class HasAuthor(Protocol):
    @property
    def author_id(self) -> int: ...


class HasTone(HasAuthor, Protocol):
    @property
    def is_critical(self) -> bool: ...


class HasThreadState(HasAuthor, Protocol):
    @property
    def created_at(self) -> datetime: ...
    @property
    def closed_at(self) -> datetime | None: ...
    @property
    def hidden_at(self) -> datetime | None: ...
    @property
    def is_urgent(self) -> bool: ...


class HasProblem(HasAuthor, Protocol):
    @property
    def kind(self) -> str: ...
    @property
    def solved_at(self) -> datetime | None: ...
    @property
    def closed_at(self) -> datetime | None: ...


class HasPostState(HasAuthor, Protocol):
    @property
    def number(self) -> int: ...
    @property
    def is_company(self) -> bool: ...
    @property
    def accepted_at(self) -> datetime | None: ...
    @property
    def official_at(self) -> datetime | None: ...


class HasRole(Protocol):
    @property
    def as_role(self) -> str: ...


@dataclass(frozen=True, slots=True)
class AskersWord:
    """When the asker last said what solves the thread (or opened it), and whether that choice stands now."""

    at: datetime
    stands: bool


def may_take_part(actor: Actor) -> Verdict:
    """Anything that leaves a trace: signed in, with an address that is theirs, and neither suspended nor silenced."""
    if not actor.is_signed_in:
        return denied(N_("Sign in to take part."))
    if actor.suspended:
        return denied(N_("Your account is suspended, so you can read but not take part."))
    if actor.silenced:
        return denied(N_("You may read, but not write for a while. The reason is among your notifications."))
    if actor.unverified:
        return CONFIRM_FIRST
    return ALLOWED


def may_say_me_too(actor: Actor, thread: HasProblem) -> Verdict:
    """Say that one has the problem too, while there is one: a question of somebody else's, not solved and not closed."""
    verdict = may_take_part(actor)
    if not verdict.allowed:
        return verdict
    if thread.kind != "question":
        return denied(N_("Only a question asks about a problem that you may have too."))
    if actor.member_id == thread.author_id:
        return denied(N_("You asked this question, so you are counted already."))
    if thread.solved_at is not None:
        return denied(N_("This question is solved. If the answer does not help you, ask a question of your own."))
    if thread.closed_at is not None:
        return denied(N_("This thread is closed, so nobody can be added to it any more."))
    return ALLOWED


def may_ask_for_details(actor: Actor, thread: HasAuthor) -> Verdict:
    """Let a question of somebody else's wait for its asker, or wait no longer: whoever looks after the threads of others."""
    verdict = may_take_part(actor)
    if not verdict.allowed:
        return verdict
    if actor.member_id == thread.author_id:
        return denied(N_("You asked this question. Reply or edit it, and nobody waits for you any more."))
    if actor.can("post:official") or actor.can(
        "moderate"
    ):  # staff, and not a token that speaks in its owner's name alone
        return ALLOWED
    return _with_right(actor, "thread:retag", N_("You need more reputation to ask for details in the name of all."))


def may_manage_categories(actor: Actor) -> Verdict:
    """The command line, which acts for the house itself, may too."""
    return ALLOWED if actor.can("administer") else denied(N_("Only an administrator can change the categories."))


def may_describe_tags(actor: Actor) -> Verdict:
    return _with_right(actor, "thread:retag", N_("You need more reputation to describe tags."))


def may_ask(actor: Actor, category: HasOpeningRules) -> Verdict:
    """Open a thread in a category that this actor sees."""
    verdict = _with_right(actor, "thread:ask", N_("You may not open threads at present."))
    return _may_open(actor, category) if verdict.allowed else verdict


def _may_open(actor: Actor, category: HasOpeningRules) -> Verdict:
    """Whether a category lets this actor open threads, whatever else they may; of somebody who signs in first, a member is asked.

    Openers are everybody who sees the category, staff, or those whose groups may; administrators always.
    """
    if _is_among(actor, category.openers, category.id in actor.opens_in):
        return ALLOWED
    if category.openers == GROUPS:
        return denied(N_("Only certain groups can open threads in this category."))
    return denied(N_("Only staff can open threads in this category."))


def _is_among(actor: Actor, these: int, by_group: bool) -> bool:
    """Whether the actor is one of those whom a category's rule names; `by_group`: one of their groups lets them."""
    if these == GROUPS:
        return by_group or actor.clearance >= GROUPS
    return actor.clearance >= these


def may_reply(
    actor: Actor, thread: HasThreadState, category: HasReplyRules, *, peer_replied: bool, at: datetime
) -> Verdict:
    """Answer a thread. Staff hold back where peers answer first, unless it is urgent or a peer already has."""
    verdict = _with_right(actor, "thread:answer", N_("You may not reply at present."))
    if not verdict.allowed:
        return verdict
    if not _is_among(actor, category.repliers, category.id in actor.replies_in):
        return denied(N_("In this category not everybody who reads can reply."))
    if thread.closed_at is not None:
        return denied(N_("This thread is closed, so nobody can reply any more."))
    if thread.hidden_at is not None:
        return denied(N_("This thread is out of sight after a moderation decision, so nobody can reply to it."))
    if actor.is_staff and not peer_replied and peers_first_until(thread, category) > at:
        return denied(
            N_(
                "Customers answer first here: staff can reply %(hours)s hours after the question, or once it is urgent."
            ),
            hours=category.peers_first_hours,
        )
    return ALLOWED


def peers_first_until(thread: HasThreadState, category: HasReplyRules) -> datetime:
    """Until when staff hold back; a moment in the past where the rule does not apply."""
    hours = 0 if thread.is_urgent else category.peers_first_hours
    return thread.created_at + timedelta(hours=hours)


def may_speak_officially(actor: Actor) -> Verdict:
    """Make a post an official statement, or mark one as the official answer."""
    return _with_right(actor, "post:official", N_("Only staff can speak for the company."))


def may_edit_post(actor: Actor, post: HasPostState, *, is_critical: bool) -> Verdict:
    """One's own, or anybody's with the privilege. What the company said is changed by the company alone, and what is said of
    the company, in a thread that is marked critical, never by it."""
    verdict = may_take_part(actor)
    if not verdict.allowed or actor.member_id == post.author_id:
        return verdict
    if actor.is_staff and is_critical and not post.is_company:
        return _CRITICAL
    if post.is_company and not actor.is_staff:
        return denied(N_("Only staff can edit what staff wrote."))
    return _with_right(actor, "post:edit-any", N_("You need more reputation to edit what others wrote."))


def may_delete_post(actor: Actor, post: HasPostState) -> Verdict:
    """Take back one's own reply, as long as nothing rests on it."""
    verdict = may_take_part(actor)
    if not verdict.allowed:
        return verdict
    if actor.member_id != post.author_id:
        return denied(N_("Only its author can delete a post. If it breaks a rule, report it."))
    if post.number == 1:
        return denied(N_("The first post stays with its thread. You can still edit it."))
    if post.accepted_at is not None or post.official_at is not None:
        return denied(N_("This reply is marked as an answer, so it stays. You can still edit it."))
    return ALLOWED


def may_retag(actor: Actor, thread: HasTone) -> Verdict:
    """Change tags or category."""
    verdict = may_take_part(actor)
    if not verdict.allowed or actor.member_id == thread.author_id:
        return verdict
    if actor.is_staff and thread.is_critical:
        return _CRITICAL
    return _with_right(actor, "thread:retag", N_("You need more reputation to retag the threads of others."))


def may_move(actor: Actor, thread: HasTone, *, before: HasCategoryRules, after: HasCategoryRules) -> Verdict:
    """Move a thread to another category, never out of the sight of people who see it now: that is a moderation decision. Out of
    a place for some people what others said there leaves only by somebody who moderates it. The new place is asked too.
    """
    here = actor.within(before.id)
    verdict = may_retag(here, thread)
    if not verdict.allowed:
        return verdict
    if not keeps_in_sight(before=before, after=after):
        return denied(N_("Fewer people see that category, so moving a thread there is a moderation decision."))
    if is_for_some(before) and is_wider(after, before) and not here.can("moderate"):
        return denied(N_("More people see that category, so only a moderator can move a thread out of this one."))
    return may_ask(actor, after)


def may_vote(actor: Actor, post: HasAuthor, value: int) -> Verdict:
    """Vote up (1), down (-1), or take a vote back (0)."""
    verdict = may_take_part(actor)
    if not verdict.allowed:
        return verdict
    if actor.member_id == post.author_id:
        return denied(N_("You cannot vote on your own post."))
    if value > 0:
        return _with_right(actor, "vote:up", N_("You may not vote at present."))
    if value < 0:
        return _with_right(actor, "vote:down", N_("You need more reputation to vote down."))
    return ALLOWED


def may_accept(actor: Actor, thread: HasAuthor, *, word: AskersWord, at: datetime) -> Verdict:
    """Say which reply solved it: whoever asked; others for them, but only after a week without their word."""
    verdict = may_take_part(actor)
    if not verdict.allowed or actor.member_id == thread.author_id:
        return verdict
    if not actor.can("thread:accept-any"):
        return denied(N_("Only the person who asked can accept an answer."))
    if word.stands:
        return denied(N_("The person who asked has chosen, and their choice stands."))
    if at < word.at + ASKERS_TIME:
        return denied(N_("For %(days)s days only the person who asked can accept an answer."), days=ASKERS_TIME.days)
    return ALLOWED


def may_withdraw(actor: Actor, thread: HasAuthor, acceptance: HasRole) -> Verdict:
    """Take an acceptance away: whoever asked ("did not work"); others only what was not the asker's own choice."""
    verdict = may_take_part(actor)
    if not verdict.allowed or actor.member_id == thread.author_id:
        return verdict
    if not actor.can("thread:accept-any"):
        return denied(N_("Only the person who asked can say that an answer did not work."))
    if acceptance.as_role == "author":
        return denied(N_("The person who asked has chosen, and their choice stands."))
    return ALLOWED


def _with_right(actor: Actor, right: str, otherwise: str) -> Verdict:
    verdict = may_take_part(actor)
    if verdict.allowed and not actor.can(right):
        return denied(otherwise)
    return verdict
