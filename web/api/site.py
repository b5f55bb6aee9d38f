"""The settings of the site over the API: everybody reads what everybody sees anyway, administrators change them."""

from __future__ import annotations

from typing import Literal

import msgspec
from litestar import Response, get, patch
from litestar.params import JSONBody
from sqlalchemy import Connection

from forum.kernel.clock import now
from forum.members import site
from reputation import demands
from web.api.calls import AnyRequest, reading, writing
from web.api.describing import described
from web.bodies import Body
from web.installation import installation_of


class BannerShape(msgspec.Struct, frozen=True, kw_only=True):
    """The announcement on every page. It ends by itself after the day `until` (UTC), if there is one."""

    text: str
    level: str
    until: str | None


class SiteShape(msgspec.Struct, frozen=True, kw_only=True):
    """What this place is. `registration`: who may open an account; `demands`: how many points privileges cost (low, medium, high); `models`: whether crawlers
    of language models are welcome or refused; `licence`: of what people write.

    `claim_days`: for how many days what an identity provider says of somebody holds, or "never" where it never ends.
    """

    name: str
    tagline: str
    description: str
    contact: str
    default_locale: str
    registration: str
    demands: str
    models: str
    licence: str
    claim_days: str
    banner: BannerShape | None


class SiteChange(Body, frozen=True, kw_only=True):
    """What is to be different; what is left out stays, and an empty text is the default again."""

    name: str | None = None
    tagline: str | None = None
    description: str | None = None
    contact: str | None = None
    default_locale: str | None = None
    registration: Literal["open", "invitation", "closed"] | None = None
    demands: Literal["low", "medium", "high"] | None = None
    models: Literal["welcome", "refused"] | None = None
    licence: str | None = None
    claim_days: Literal["30", "90", "180", "365", "never"] | None = None
    banner: str | None = None
    banner_level: Literal["info", "warning", "danger"] | None = None
    banner_until: str | None = None


@get("/api/v1/site", action="site.look", sync_to_thread=True, operation_class=described(), summary="What this place is")
def read_site(request: AnyRequest) -> Response[SiteShape]:
    with reading(request) as (connection, _):
        return Response(_shape(request, connection))


@patch(
    "/api/v1/site",
    action="site.manage",
    sync_to_thread=True,
    operation_class=described(),
    summary="Change the settings of the site",
)
def change_site(request: AnyRequest, data: JSONBody[SiteChange]) -> Response[SiteShape]:
    given = {name: value for name, value in msgspec.structs.asdict(data).items() if value is not None}
    with writing(request) as (session, actor):
        demands.follow(session, site.change(session, actor, given))
        session.flush()
        answer = _shape(request, session.connection())
    installation_of(request).sites.forget()
    return Response(answer)


def _shape(request: AnyRequest, connection: Connection) -> SiteShape:
    found = site.read(connection, installation_of(request).settings)
    shown = found.has_banner(now())
    return SiteShape(
        name=found.name,
        tagline=found.tagline,
        description=found.description,
        contact=found.contact,
        default_locale=found.default_locale,
        registration=found.registration,
        demands=found.demands,
        models=found.models,
        licence=found.licence,
        claim_days=found.claim_days,
        banner=BannerShape(text=found.banner, level=found.banner_level, until=found.banner_until or None)
        if shown
        else None,
    )


routes = [read_site, change_site]
