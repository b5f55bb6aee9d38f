"""Who is asking: a session cookie or a bearer token becomes a member's id, and `actor_of` makes the Actor.

The look-up happens when a handler first asks, in its own thread and on its own connection, and once per request.
"""

from __future__ import annotations

import time
from functools import partial

from sqlalchemy import Connection

from forum.kernel.access import ANONYMOUS, Actor
from forum.kernel.errors import N_, NotAllowed
from forum.members import signing_in, tokens
from forum.members.actors import actor_of, actor_signed_in, with_scopes
from web.edge.cookies import SESSION
from web.edge.csrf import SAFE
from web.edge.sessions import KnownTokens, take_back
from web.edge.visit import Visit, visit_of
from web.errors import SignInNeeded
from web.installation import AnyConnection, installation_of
from web.problems import wants_problem

TOKEN_NOTED_EVERY = 60.0  # seconds


def current_actor(request: AnyConnection, connection: Connection) -> Actor:
    """Whoever asks, with what they may do now. A session that is over makes them anonymous and takes the cookie back.

    Raises:
        SignInNeeded: a bearer token that is not, or no longer, good; such a program must not believe that it is known.
        NotAllowed: a bearer token without the scope "write", or at a page's form, is used for something else than reading.
    """
    visit = visit_of(request)
    if visit.actor is None:
        visit.actor = _found(request, visit, connection)
    return visit.actor


def current_member(request: AnyConnection, connection: Connection) -> Actor:
    """Whoever asks, if somebody is signed in.

    Raises:
        SignInNeeded: nobody is. People are led to the sign-in page and back.
        NotAllowed: they are suspended, and have what visitors have.
    """
    actor = current_account(request, connection)
    if actor.suspended:
        raise NotAllowed(
            N_("Your account is suspended. The page of your suspension says why, until when, and how to appeal.")
        )
    return actor


def current_account(request: AnyConnection, connection: Connection) -> Actor:
    """Whoever asks, if somebody is signed in, be they suspended: for leaving, for one's own data, and for being told why.

    Raises:
        SignInNeeded: nobody is.
    """
    actor = current_actor(request, connection)
    if not actor.is_signed_in:
        raise SignInNeeded()
    return actor


def _found(request: AnyConnection, visit: Visit, connection: Connection) -> Actor:
    known = installation_of(request).known
    if visit.bearer is not None:
        actor, scopes = _by_bearer(visit, visit.bearer, connection, known)
        if request.scope.get("method") not in SAFE:
            _check_change(visit, scopes)
        return with_scopes(actor, scopes)
    return ANONYMOUS if visit.token is None else _by_session(visit, visit.token, connection, known)


def _check_change(visit: Visit, scopes: list[str]) -> None:
    """A page's form is no way in for a token: in the settings it could make itself a stronger one."""
    if "write" not in scopes:
        raise NotAllowed(N_("This token may only read."))
    if not wants_problem(visit.path):
        raise NotAllowed(N_("Tokens are for the API. Pages want a browser that is signed in."))


def _by_session(visit: Visit, token: str, connection: Connection, known: KnownTokens) -> Actor:
    found = actor_signed_in(connection, token)
    if found is None:
        take_back(visit)
        return ANONYMOUS
    actor, seen_is_due = found
    known.note(token, actor.member_id or 0)
    if seen_is_due:
        # The row lives longer from now on, and so must the cookie.
        visit.new_cookies.append(SESSION.spelled(token, https=visit.https))
        visit.afterwards = partial(signing_in.seen, token=token)
    return actor


def _by_bearer(visit: Visit, token: str, connection: Connection, known: KnownTokens) -> tuple[Actor, list[str]]:
    found = tokens.member_by_token(connection, token)
    actor = ANONYMOUS if found is None else actor_of(connection, found[0])
    if found is None or not actor.is_signed_in:
        raise SignInNeeded(N_("This token is not valid, or no longer."))
    member_id, scopes = found
    known.note(token, member_id)
    if known.is_due(token, time.monotonic(), every=TOKEN_NOTED_EVERY):
        visit.afterwards = partial(tokens.used, token=token)
    return actor, scopes
