"""Who may flag, decide and look into the queue."""

from typing import Protocol

from forum.kernel.access import ALLOWED, Actor, Verdict, denied
from forum.kernel.errors import N_
from moderation.guidelines import WITHOUT_SECOND_PERSON


class Delicate(Protocol):
    """What there is to know about a thread before somebody decides on it."""

    @property
    def author_id(self) -> int: ...
    @property
    def is_critical(self) -> bool: ...


def may_flag(actor: Actor, *, author_id: int) -> Verdict:
    """Every member, but not one's own words."""
    if not actor.is_signed_in:
        return denied(N_("Sign in to report a post."))
    if not actor.can("post:flag"):
        return denied(N_("You cannot report posts just now."))
    if actor.member_id == author_id:
        return denied(N_("This is your own post. You can edit or delete it instead."))
    return ALLOWED


def may_see_queue(actor: Actor) -> Verdict:
    """Moderators and administrators; who moderates one category sees what waits there."""
    return (
        ALLOWED if actor.can("moderate") or actor.moderates else denied(N_("Only moderators can see the review queue."))
    )


def may_keep(actor: Actor, *, author_id: int, category_id: int) -> Verdict:
    """Set reports aside, where one moderates; not those of one's own words."""
    if not actor.can_in("moderate", category_id):
        return denied(N_("Only moderators can decide that."))
    if author_id == actor.member_id:
        return denied(N_("These are your own words. Somebody else must look at the reports."))
    return ALLOWED


def may_moderate(actor: Actor, *, thread: Delicate, reason_code: str) -> Verdict:
    """Moderators; but nobody of the company removes criticism of the company alone (rule 7 of the transparent company)."""
    if not actor.can("moderate"):
        return denied(N_("Only moderators can decide that."))
    delicate = thread.is_critical or thread.author_id == actor.member_id
    if actor.is_staff and delicate and reason_code not in WITHOUT_SECOND_PERSON:
        return denied(
            N_(
                "This concerns the company itself. A moderator who is not of the company must decide; until then it stays."
            )
        )
    return ALLOWED


class Sanctionable(Protocol):
    """A person whom a decision is about."""

    @property
    def id(self) -> int: ...
    @property
    def role(self) -> str: ...


_RANKS = {"member": 0, "moderator": 1, "administrator": 2}


def may_sanction(actor: Actor, person: Sanctionable, *, is_critic: bool, reason_code: str) -> Verdict:
    """Suspend or silence somebody, or end that: site moderators, and administrators; nobody themselves, or a peer, or whoever stands
    above them; and nobody of the company alone whoever criticised it. The command line, which acts for the house, ranks above all.
    """
    if not actor.can("moderate"):
        return denied(N_("Only moderators can decide that."))
    if person.id == actor.member_id:
        return denied(N_("Nobody decides about themselves."))
    if actor.member_id is not None and _RANKS.get(person.role, 0) >= _RANKS.get(actor.role, 0):
        return denied(N_("This person has your role or a higher one, so it is not yours to decide about them."))
    if actor.is_staff and is_critic and reason_code not in WITHOUT_SECOND_PERSON:
        return denied(
            N_(
                "This person criticised the company. A moderator who is not of the company must decide; until then it stays."
            )
        )
    return ALLOWED


def may_restore(actor: Actor, *, author_id: int) -> Verdict:
    """Not one's own words: somebody else looks at them again."""
    if author_id == actor.member_id:
        return denied(N_("These are your own words. Somebody else must decide whether they come back."))
    return ALLOWED


def may_decide_idea(actor: Actor) -> Verdict:
    """The company answers for ideas: staff alone, administrators too only as staff."""
    return ALLOWED if actor.can("idea:decide") else denied(N_("Only the company can answer for an idea."))


def may_close(actor: Actor) -> Verdict:
    """Moderators, and members whose standing brings the privilege."""
    return ALLOWED if actor.can("thread:close") else denied(N_("Closing threads takes 500 points, or a moderator."))


def may_narrow(actor: Actor, *, holds_criticism: bool, reason_code: str) -> Verdict:
    """Let fewer people see a category with what stands in it: administrators, but those of the company not where it is criticised."""
    if not actor.can("administer"):
        return denied(N_("Only administrators can change who sees a category."))
    if actor.is_staff and holds_criticism and reason_code not in WITHOUT_SECOND_PERSON:
        return denied(
            N_(
                "A thread that is critical of the company stands here. An administrator who is not of the company must decide; until then it stays."
            )
        )
    return ALLOWED


def may_redact(actor: Actor) -> Verdict:
    """Administrators only: it removes words from the public log, though never the fact."""
    return ALLOWED if actor.can("administer") else denied(N_("Only an administrator can redact the log."))
