"""One's sessions over the API: where one is signed in. To end one takes a browser that is signed in itself."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import Response, get

from forum.members.pages import SignInLine, sign_in_list
from web.api.calls import AnyRequest, Items, reading
from web.api.describing import described
from web.edge.visit import visit_of
from web.identity import current_member


class SessionShape(msgspec.Struct, frozen=True, kw_only=True):
    """A browser that is signed in, by what it calls itself. `current`: it is the one that asks."""

    id: int
    user_agent: str
    created_at: datetime
    last_seen_at: datetime
    current: bool


@get(
    "/api/v1/me/sessions", action="settings.read", sync_to_thread=True, operation_class=described(),
    summary="Where one is signed in, the latest use first",
)  # fmt: skip
def list_sessions(request: AnyRequest) -> Response[Items[SessionShape]]:
    with reading(request) as (connection, _):
        found = sign_in_list(connection, current_member(request, connection), token=visit_of(request).token)
    return Response(Items(items=[_shape(line) for line in found], next=None))


def _shape(line: SignInLine) -> SessionShape:
    return SessionShape(
        id=line.id,
        user_agent=line.user_agent,
        created_at=line.created_at,
        last_seen_at=line.last_seen_at,
        current=line.is_this,
    )


routes = [list_sessions]
