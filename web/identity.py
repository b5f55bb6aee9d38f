"""Who is asking: a session cookie or a bearer token becomes a member's id, and `actor_of` makes the Actor.

The look-up happens when a handler first asks, in its own thread and on its own connection, and once per request.
"""

from __future__ import annotations

import time
from functools import partial

from sqlalchemy import Connection

from forum.kernel.access import ANONYMOUS, Actor
from forum.kernel.errors import N_
from forum.members import signing_in, tokens
from forum.members.actors import actor_of, with_scopes
from web.edge.sessions import take_back
from web.edge.visit import Visit, visit_of
from web.errors import SignInNeeded
from web.installation import AnyConnection, Installation, installation_of

TOKEN_NOTED_EVERY = 60.0  # seconds


def current_actor(request: AnyConnection, connection: Connection) -> Actor:
    """Whoever asks, with what they may do now. A session that is over makes them anonymous and takes the cookie back.

    Raises:
        SignInNeeded: a bearer token that is not, or no longer, good; such a program must not believe that it is known.
    """
    visit = visit_of(request)
    if visit.actor is None:
        visit.actor = _found(visit, connection, installation_of(request))
    return visit.actor


def current_member(request: AnyConnection, connection: Connection) -> Actor:
    """Whoever asks, if somebody is signed in.

    Raises:
        SignInNeeded: nobody is. People are led to the sign-in page and back.
    """
    actor = current_actor(request, connection)
    if not actor.is_signed_in:
        raise SignInNeeded()
    return actor


def _found(visit: Visit, connection: Connection, house: Installation) -> Actor:
    if visit.bearer is not None:
        return _by_bearer(visit, visit.bearer, connection, house)
    if visit.token is None:
        return ANONYMOUS
    return _by_session(visit, visit.token, connection, house)


def _by_session(visit: Visit, token: str, connection: Connection, house: Installation) -> Actor:
    found = signing_in.member_by_token(connection, token)
    actor = ANONYMOUS if found is None else actor_of(connection, found[0])
    if found is None or not actor.is_signed_in:
        take_back(visit)
        return ANONYMOUS
    member_id, seen_is_due = found
    house.known.note(token, member_id)
    if seen_is_due:
        visit.afterwards = partial(signing_in.seen, token=token)
    return actor


def _by_bearer(visit: Visit, token: str, connection: Connection, house: Installation) -> Actor:
    found = tokens.member_by_token(connection, token)
    actor = ANONYMOUS if found is None else actor_of(connection, found[0])
    if found is None or not actor.is_signed_in:
        raise SignInNeeded(N_("This token is not valid, or no longer."))
    member_id, scopes = found
    house.known.note(token, member_id)
    if house.known.is_due(token, time.monotonic(), every=TOKEN_NOTED_EVERY):
        visit.afterwards = partial(tokens.used, token=token)
    return with_scopes(actor, scopes)
