"""Who may look at the company's connections, and who may change them."""

from forum.kernel.access import ALLOWED, Actor, Verdict, denied
from forum.kernel.errors import N_


def may_see_connections(actor: Actor) -> Verdict:
    """Connections and deliveries name addresses of the company's systems."""
    return may_manage_connections(actor)


def may_manage_connections(actor: Actor) -> Verdict:
    """Connecting, holding, resuming, new secrets, and trying deliveries again."""
    if actor.can("administer"):
        return ALLOWED
    return denied(N_("Only an administrator can do this with connections."))
