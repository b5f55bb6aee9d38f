"""Making a browser somebody's: the one way in, whatever proved who they are."""

from __future__ import annotations

from typing import Any

from litestar import Request

from forum.members import signing_in
from web.edge import sessions
from web.edge.visit import visit_of
from web.installation import db_of


def sign_in_here(request: Request[Any, Any, Any], member_id: int) -> str:
    """Whatever session the browser came with ends here; the new one has a new token."""
    visit = visit_of(request)
    with db_of(request).transaction() as session:
        if visit.token is not None:
            signing_in.sign_out(session, visit.token)
        agent = visit.headers.get(b"user-agent", b"").decode("latin-1")
        token = signing_in.sign_in(session, member_id=member_id, user_agent=agent)
    sessions.issue(request, token)
    return token
