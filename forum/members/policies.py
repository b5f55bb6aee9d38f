"""Who may do what with accounts."""

from typing import Protocol

from forum.kernel.access import ALLOWED, Actor, Verdict, denied
from forum.kernel.errors import N_


class HasId(Protocol):
    """A member, as an entity or as a row."""

    @property
    def id(self) -> int: ...


CONFIRM_FIRST = denied(
    N_("Confirm your mail address first: follow the link we sent you. Your settings can send it once more.")
)


class HasActivity(HasId, Protocol):
    """A member with their choice of privacy."""

    @property
    def hides_activity(self) -> bool: ...


def may_see_activity(actor: Actor, member: HasActivity) -> Verdict:
    """Whether what a member wrote is gathered for this reader: for all unless they chose otherwise, for moderators always."""
    if not member.hides_activity or actor.member_id == member.id or actor.can("moderate"):
        return ALLOWED
    return denied(N_("This member chose not to have their activity gathered in one place."))


def may_edit_profile(actor: Actor, member: HasId) -> Verdict:
    """Everybody their own, once they are somebody: a profile is a page that all can read."""
    if actor.member_id == member.id and actor.unverified:
        return CONFIRM_FIRST
    if actor.member_id == member.id and not (actor.suspended or actor.silenced):
        return ALLOWED
    return denied(N_("You can only change your own profile."))


def may_administer(actor: Actor) -> Verdict:
    """Whether the installation itself is this actor's business."""
    if actor.can("administer"):
        return ALLOWED
    return denied(N_("Only an administrator can do that."))


def may_sign_in_settings(actor: Actor) -> Verdict:
    """Whether there is an account whose settings could be shown."""
    return ALLOWED if actor.is_signed_in else denied(N_("Sign in first."))
