"""What this place is, its rules, and what is kept of whoever comes here."""

from __future__ import annotations

from typing import Any

from litestar import Request, Response, get

from forum.kernel.errors import Text
from forum.members.pages import company_list
from moderation.guidelines import RULES
from reputation import rules as points
from web.identity import current_actor
from web.installation import db_of, installation_of
from web.pages.frame import framed, shown
from web.pages.keeping import keep_list, version_before
from web.pages.parts import Person

AnyRequest = Request[Any, Any, Any]


@get("/about", action="site.look", sync_to_thread=True, include_in_schema=False)
def about(request: AnyRequest) -> Response[bytes]:
    """What this is, who answers for the company, the rules, how points work, accessibility."""
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        version = version_before(request, connection, actor)
        company = [
            Person(
                name=line.name, handle=line.handle, is_staff=True, team=line.team, title=line.title, avatar=line.avatar
            )
            for line in company_list(connection)
        ]
        answer = shown(
            "about.html",
            framed(request, connection, actor, address="/about"),
            company=company,
            site=installation_of(request).sites.now(connection),
            rules=[(rule.code, Text(rule.name), Text(rule.says)) for rule in RULES.values()],
            points=points,
        )
    keep_list(request, actor, address="/about", version=version)
    return answer


@get("/privacy", action="site.look", sync_to_thread=True, include_in_schema=False)
def privacy(request: AnyRequest) -> Response[bytes]:
    """In plain words: cookies, what is kept, what leaves."""
    with db_of(request).reading() as connection:
        actor = current_actor(request, connection)
        version = version_before(request, connection, actor)
        answer = shown("privacy.html", framed(request, connection, actor, address="/privacy"))
    keep_list(request, actor, address="/privacy", version=version)
    return answer


routes = [about, privacy]
