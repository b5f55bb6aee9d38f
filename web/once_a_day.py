"""Telling the same person on the same day, without keeping who it was."""

from __future__ import annotations

import hashlib
import hmac

from forum.kernel.access import Actor
from forum.kernel.clock import now
from web.edge.limits import network_of
from web.edge.visit import visit_of
from web.installation import AnyConnection, installation_of


def person_today(request: AnyConnection, actor: Actor) -> str:
    """A digest that is the same for one member, or for visitors of one network, until midnight (UTC), and says nothing without the site's key."""
    who = f"member {actor.member_id}" if actor.is_signed_in else f"network {network_of(visit_of(request).client)}"
    key = installation_of(request).settings.secret_key.encode()
    return hmac.digest(key, f"once a day\0{now().date()}\0{who}".encode(), hashlib.sha256).hex()[:32]
