"""Who may do what with ideas, beyond what holds for every thread."""

from forum.kernel.access import Actor, Verdict, denied
from forum.kernel.errors import N_
from forum.threads.policies import may_take_part


def may_set_status(actor: Actor) -> Verdict:
    """Say for the company what becomes of an idea."""
    verdict = may_take_part(actor)
    if verdict.allowed and not actor.can("idea:decide"):
        return denied(N_("Only staff can say what becomes of an idea."))
    return verdict
