"""Identities over the API: one's own accounts elsewhere, and, for administrators, the providers they are at."""

from __future__ import annotations

from datetime import datetime

import msgspec
from litestar import Response, get

from forum.kernel.paging import Page
from forum.members import identities, providers
from forum.members.identities import IdentityLine
from forum.members.providers import ProviderRow
from web.api.calls import AnyRequest, Items, answer_list, reading
from web.api.describing import described
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


routes = [own_identities, list_providers]
