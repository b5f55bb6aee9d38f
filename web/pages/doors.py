"""Doors to identity providers: leading a browser there, and the pages whose buttons may do so."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import structlog
from litestar import Request, Response

from forum.members import arriving, providers
from forum.members.oidc import Away, NotBelieved
from forum.members.oidc.flow import Flow
from forum.members.providers import ProviderLine
from web.edge.csrf import binding
from web.edge.headers import content_policy, origin_of
from web.edge.visit import visit_of
from web.identity import current_actor
from web.installation import db_of, installation_of
from web.pages.frame import framed, led_to, shown

log: Final = structlog.get_logger("loggia.providers")


def letting_out(
    request: Request[Any, Any, Any], page: Response[bytes], doors: Sequence[ProviderLine]
) -> Response[bytes]:
    """The page, whose forms may lead to these providers: browsers check where a form's answer sends them, too."""
    targets = list(dict.fromkeys(origin_of(door.issuer) for door in doors))
    policy = content_policy(https=installation_of(request).settings.is_https, form_targets=targets)
    page.headers["content-security-policy"] = policy
    return page


def browser_of(request: Request[Any, Any, Any]) -> str:
    """What is kept of this browser while somebody is away at a provider; "" where it can hold nothing."""
    bound_to = binding(visit_of(request))
    return arriving.browser_hash(bound_to) if bound_to else ""


def led_out(
    request: Request[Any, Any, Any], slug: str, *, to: str = "/", carried: str = "", member_id: int | None = None
) -> Response[bytes]:
    """Lead this browser to a provider, and from there to `to`. `member_id` is whoever connects it with their account.

    Raises:
        NotFound, Conflict: there is no such provider, or its secret is lost.
        Away: it cannot be reached.
    """
    house, state = installation_of(request), arriving.new_state()
    with house.db.reading() as connection:
        provider = providers.trusted(connection, house.settings, slug=slug)
    flow = Flow(settings=house.settings, directory=house.directory, provider=provider, state=state)
    address = flow.address()
    with house.db.transaction() as session:
        arriving.begin(
            session, state, provider_id=provider.id, browser=browser_of(request), to=to, carried=carried, member_id=member_id
        )  # fmt: skip
    if origin_of(address) == origin_of(provider.issuer):
        return led_to(request, address)
    return _with_a_link(request, provider.name, address)


def _with_a_link(request: Request[Any, Any, Any], name: str, address: str) -> Response[bytes]:
    """A provider whose sign-in page has another origin than its name: a form must not lead there, but a link may."""
    with db_of(request).reading() as connection:
        page = framed(request, connection, current_actor(request, connection), robots="noindex")
    return shown("gate/onward.html", page, name=name, address=address)


def noted(error: Away | NotBelieved, slug: str) -> Away | NotBelieved:
    """Write down why somebody could not come in by a provider; people are told less."""
    log.warning("sign-in by a provider failed", provider=slug, reason=str(error.reason))
    return error
