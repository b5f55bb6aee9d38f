"""Who reviews articles."""

from forum.kernel.access import ALLOWED, Actor, Verdict, denied
from forum.kernel.errors import N_


def may_review(actor: Actor) -> Verdict:
    """Moderators, and staff."""
    return ALLOWED if actor.can("article:review") else denied(N_("Only moderators and staff can review articles."))
