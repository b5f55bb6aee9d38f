"""Identities over the API: one's own accounts elsewhere, and, for administrators, the providers they are at."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import Response, delete, get
from litestar.params import FromPath

from forum.kernel.paging import Page
from forum.members import claims, identities, managing, people, providers
from forum.members.claims import Claim
from forum.members.identities import IdentityLine
from forum.members.providers import ProviderRow
from web.api.calls import AnyRequest, Items, answer_list, reading, writing
from web.api.describing import described
from web.arguments import path_id
from web.identity import current_member
from web.installation import installation_of


class IdentityShape(msgspec.Struct, frozen=True, kw_only=True):
    """An account elsewhere that leads into one's own. `address` is what the provider said last, or null."""

    id: int
    provider: str
    name: str
    issuer: str
    subject: str
    address: str | None
    connected_at: datetime
    last_used_at: datetime | None


class ProviderShape(msgspec.Struct, frozen=True, kw_only=True):
    """An identity provider. Its secret is never told. `people`: how many are connected."""

    id: int
    slug: str
    name: str
    issuer: str
    client_id: str
    has_secret: bool
    scopes: list[str]
    group_claim: str
    staff_group: str
    opens_accounts: bool
    enabled: bool
    from_environment: bool
    people: int


class ClaimShape(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider said of somebody at their last sign-in there: that they are `staff`, and of how many `groups`.

    It ends at `ends_at` unless they sign in there before; null where claims never end.
    """

    handle: str
    provider: str
    staff: bool
    groups: int
    renewed_at: datetime
    ends_at: datetime | None


@get(
    "/api/v1/me/identities",
    action="account.read",
    sync_to_thread=True,
    operation_class=described(),
    summary="The accounts elsewhere that one signs in with",
)
def own_identities(request: AnyRequest) -> Response[Items[IdentityShape]]:
    with reading(request) as (connection, _):
        found = identities.identity_list(connection, current_member(request, connection))
    return answer_list(request, Page(items=tuple(found)), _identity)


@get(
    "/api/v1/providers",
    action="admin.read",
    sync_to_thread=True,
    operation_class=described(),
    summary="The identity providers, for administrators",
)
def list_providers(request: AnyRequest) -> Response[Items[ProviderShape]]:
    settings = installation_of(request).settings
    with reading(request) as (connection, _):
        found = providers.provider_list(connection, current_member(request, connection), settings)
    return answer_list(request, Page(items=tuple(found)), _provider)


@get(
    "/api/v1/people/{handle:str}/identities",
    action="admin.read",
    sync_to_thread=True,
    operation_class=described(),
    summary="The accounts elsewhere that somebody signs in with, for administrators",
)
def identities_of(request: AnyRequest, handle: FromPath[str]) -> Response[Items[IdentityShape]]:
    with reading(request) as (connection, actor):
        key = people.person_page(connection, actor, handle=handle).line.id
        found = identities.identities_of(connection, actor, member_id=key)
    return answer_list(request, Page(items=tuple(found)), _identity)


@delete(
    "/api/v1/people/{handle:str}/identities/{identity_id:str}",
    action="people.manage",
    sync_to_thread=True,
    operation_class=described(),
    summary="Disconnect an account elsewhere from somebody's, and sign them out",
)
def disconnect(request: AnyRequest, handle: FromPath[str], identity_id: FromPath[str]) -> None:
    domains = installation_of(request).settings.staff_domains
    with writing(request) as (session, actor):
        key = managing.id_of(session, actor, handle)
        identities.disconnect_for(
            session, actor, member_id=key, identity_id=path_id(identity_id), staff_domains=domains
        )


@get(
    "/api/v1/claims",
    action="admin.read",
    sync_to_thread=True,
    operation_class=described(),
    summary="What providers said of people and have not said again for long, for administrators",
)
def list_claims(request: AnyRequest) -> Response[Items[ClaimShape]]:
    with reading(request) as (connection, actor):
        found = claims.old_claims(connection, actor)
    return answer_list(request, Page(items=found), _claim)


def _claim(claim: Claim) -> ClaimShape:
    return ClaimShape(
        handle=claim.handle,
        provider=claim.provider,
        staff=claim.is_staff,
        groups=claim.groups,
        renewed_at=claim.renewed_at,
        ends_at=claim.ends_at,
    )


def _identity(line: IdentityLine) -> IdentityShape:
    return IdentityShape(
        id=line.id,
        provider=line.provider,
        name=line.name,
        issuer=line.issuer,
        subject=line.subject,
        address=line.address or None,
        connected_at=line.linked_at,
        last_used_at=line.last_used_at,
    )


def _provider(row: ProviderRow) -> ProviderShape:
    return ProviderShape(
        id=row.id,
        slug=row.slug,
        name=row.name,
        issuer=row.issuer,
        client_id=row.client_id,
        has_secret=row.has_secret,
        scopes=row.scopes.split(),
        group_claim=row.group_claim,
        staff_group=row.staff_group,
        opens_accounts=row.opens_accounts,
        enabled=row.is_enabled,
        from_environment=row.is_from_environment,
        people=row.people,
    )


routes = [own_identities, list_providers, identities_of, disconnect, list_claims]
