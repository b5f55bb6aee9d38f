"""Identity providers: where people may sign in from elsewhere. The first comes from the environment, others from administrators."""

from __future__ import annotations

import re
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from sqlalchemy import Connection, String, bindparam, func, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from forum.kernel import sealing
from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.db import locked
from forum.kernel.errors import N_, Conflict, Invalid, NotFound, Text
from forum.kernel.settings import Settings
from forum.members import audit, belonging
from forum.members.oidc import Trusted
from forum.members.oidc.directory import is_safe
from forum.members.policies import may_administer
from forum.members.tables import Affiliation, Identity, IdentityProvider

FIRST: Final = "company"
"""The short name of the provider that the environment describes; a part of the address that is registered there."""
_SLUG = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?", re.ASCII)
_SCOPE = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+", re.ASCII)  # RFC 6749, section 3.3
_PURPOSE: Final = "providers"
_P = IdentityProvider.__table__.c


class ProviderLine(msgspec.Struct, frozen=True, kw_only=True):
    """A provider as people see it: a button."""

    slug: str
    name: str
    issuer: str


class ProviderRow(msgspec.Struct, frozen=True, kw_only=True):
    """A provider as administrators see it. Whether there is a secret, never which."""

    id: int
    slug: str
    name: str
    issuer: str
    client_id: str
    has_secret: bool
    scopes: str
    group_claim: str
    staff_group: str
    opens_accounts: bool
    is_enabled: bool
    is_from_environment: bool
    people: int


class Described(msgspec.Struct, frozen=True, kw_only=True):
    """What an administrator says of a provider. An empty `secret` keeps the one that is there; it is never shown."""

    name: str
    issuer: str
    client_id: str
    secret: str = ""
    scopes: str = "openid email profile"
    group_claim: str = ""
    staff_group: str = ""
    opens_accounts: bool = True


_ENABLED = select(_P.slug, _P.name, _P.issuer).where(_P.is_enabled).order_by(_P.is_from_environment.desc(), _P.id)
_ONE = select(IdentityProvider.__table__).where(_P.slug == bindparam("slug", type_=String), _P.is_enabled)

_PEOPLE = (
    select(func.count()).where(Identity.__table__.c.provider_id == _P.id).correlate(IdentityProvider.__table__)
).scalar_subquery()  # fmt: skip
_ALL = select(*IdentityProvider.__table__.c, _PEOPLE.label("people")).order_by(_P.is_from_environment.desc(), _P.id)


def enabled(connection: Connection) -> list[ProviderLine]:
    """Those that people can use, the environment's first."""
    return [ProviderLine(slug=row.slug, name=row.name, issuer=row.issuer) for row in connection.execute(_ENABLED)]


def trusted(connection: Connection | Session, settings: Settings, *, slug: str) -> Trusted:
    """A provider that people can use, with its secret.

    Raises:
        NotFound: there is none of this name, or it is switched off.
        Conflict: its secret cannot be opened, because the installation's key is another than when it was sealed.
    """
    row = connection.execute(_ONE, {"slug": slug}).one_or_none()
    if row is None:
        raise NotFound()
    return _trusted(row, settings)


def described(session: Session, settings: Settings, actor: Actor, *, provider_id: int) -> Trusted:
    """Any provider, with its secret, for an administrator who tests the connection.

    Raises:
        NotAllowed, NotFound, Conflict: as elsewhere here.
    """
    require(may_administer(actor))
    row = session.execute(select(IdentityProvider.__table__).where(_P.id == provider_id)).one_or_none()
    if row is None:
        raise NotFound()
    return _trusted(row, settings)


def _trusted(row: Any, settings: Settings) -> Trusted:
    return Trusted(
        id=row.id,
        slug=row.slug,
        name=row.name,
        issuer=row.issuer,
        client_id=row.client_id,
        secret=(settings.oidc_client_secret or "") if row.is_from_environment else _opened(row, settings),
        scopes=row.scopes,
        group_claim=row.group_claim,
        staff_group=row.staff_group,
        opens_accounts=row.opens_accounts,
        is_from_environment=row.is_from_environment,
    )


def _opened(row: Any, settings: Settings) -> str:
    if not row.sealed_secret:
        return ""
    try:
        return sealing.unseal(
            row.sealed_secret, secret_key=settings.secret_key, purpose=_PURPOSE, bound_to=row.slug
        ).decode()
    except sealing.CannotOpen as error:
        raise Conflict(
            Text(
                N_("The secret of %(name)s cannot be opened any more. An administrator has to type it again."),
                name=row.name,
            )
        ) from error


def follow_environment(session: Session, settings: Settings) -> None:
    """Have the first provider be what the environment says now. Without its variables it is switched off, and kept."""
    row = session.scalar(select(IdentityProvider).where(IdentityProvider.is_from_environment))
    if settings.oidc_issuer is None or settings.oidc_client_id is None:
        if row is not None:
            row.is_enabled, row.client_id = False, ""
        return
    if row is None:
        host = urlsplit(settings.oidc_issuer).hostname or settings.oidc_issuer
        row = IdentityProvider(
            slug=FIRST, name=host[:60], issuer="", client_id="", is_from_environment=True, created_at=now()
        )  # fmt: skip
        session.add(row)
    if not row.client_id:  # new, or back again; one that an administrator switched off stays so
        row.is_enabled = True
    row.issuer, row.client_id = settings.oidc_issuer, settings.oidc_client_id


def add(session: Session, actor: Actor, settings: Settings, *, slug: str, wanted: Described) -> IdentityProvider:
    """Add a provider, switched on.

    Raises:
        NotAllowed: only administrators may.
        Invalid: with a sentence for each field that needs mending.
    """
    require(may_administer(actor))
    problems = _problems(wanted)
    if not _SLUG.fullmatch(slug):
        problems["slug"] = Text(N_("Use up to 40 letters a to z, digits and single hyphens between."))
    elif slug == FIRST:
        problems["slug"] = Text(N_("This short name is kept for the provider of the environment."))
    if problems:
        raise Invalid(problems)
    row = IdentityProvider(slug=slug, name="", issuer="", client_id="", created_at=now())
    _write(row, wanted, settings)
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError:
        raise Invalid({"slug": N_("Another provider has this short name.")}) from None
    audit.record(session, actor, "provider.create", f"provider:{slug}", **_told(row))
    return row


def change(session: Session, actor: Actor, settings: Settings, *, provider_id: int, wanted: Described) -> None:
    """Change a provider. Of the environment's, issuer, client and secret stay what the environment says.

    Raises:
        NotAllowed, NotFound, Invalid: as `add`.
    """
    require(may_administer(actor))
    row = locked(session, IdentityProvider, provider_id)
    if row.is_from_environment:
        wanted = msgspec.structs.replace(wanted, issuer=row.issuer, client_id=row.client_id, secret="")
    problems = _problems(wanted)
    if problems:
        raise Invalid(problems)
    before, old_proof = _told(row), belonging.proof_of(row)
    _write(row, wanted, settings)
    _rename_proof(session, old_proof, belonging.proof_of(row))
    audit.record(
        session, actor, "provider.edit", f"provider:{row.slug}",
        before=before, after=_told(row), new_secret=bool(wanted.secret) or None,
    )  # fmt: skip


def switch(session: Session, actor: Actor, *, provider_id: int, on: bool) -> None:
    """Let people use a provider, or no more. Whoever is signed in stays so, and what is connected stays connected.

    Raises:
        NotAllowed: only administrators may.
        NotFound: there is none with this id.
        Conflict: the environment does not describe it any more.
    """
    require(may_administer(actor))
    row = locked(session, IdentityProvider, provider_id)
    if on and not row.client_id:
        raise Conflict(N_("The environment does not describe this provider any more."))
    if row.is_enabled != on:
        row.is_enabled = on
        audit.record(session, actor, "provider.enable" if on else "provider.disable", f"provider:{row.slug}")


def _problems(wanted: Described) -> dict[str, Text]:
    problems: dict[str, str] = {}
    if not 1 <= len(wanted.name.strip()) <= 60:
        problems["name"] = N_("Use 1 to 60 characters.")
    if len(wanted.issuer) > 300 or not is_safe(wanted.issuer) or "?" in wanted.issuer:
        problems["issuer"] = N_("An address that begins with https://, as the provider writes it, without a query.")
    if not 1 <= len(wanted.client_id) <= 200 or not wanted.client_id.isprintable():
        problems["client_id"] = N_("Use 1 to 200 characters.")
    if len(wanted.secret) > 1_000:
        problems["secret"] = N_("Use at most 1000 characters.")
    words = wanted.scopes.split()
    if "openid" not in words or len(wanted.scopes) > 200 or not all(_SCOPE.fullmatch(word) for word in words):
        problems["scopes"] = N_("Words with spaces between; “openid” must be one of them.")
    if len(wanted.group_claim) > 60:
        problems["group_claim"] = N_("Use at most 60 characters.")
    if len(wanted.staff_group) > 120:
        problems["staff_group"] = N_("Use at most 120 characters.")
    elif wanted.staff_group and not wanted.group_claim:
        problems["group_claim"] = N_("Name the claim that holds the groups, or nobody is ever in that one.")
    return {name: Text(sentence) for name, sentence in problems.items()}


def _write(row: IdentityProvider, wanted: Described, settings: Settings) -> None:
    row.name, row.issuer, row.client_id = wanted.name.strip(), wanted.issuer, wanted.client_id
    row.scopes, row.opens_accounts = " ".join(wanted.scopes.split()), wanted.opens_accounts
    row.group_claim, row.staff_group = wanted.group_claim, wanted.staff_group
    if wanted.secret:
        row.sealed_secret = sealing.seal(
            wanted.secret.encode(), secret_key=settings.secret_key, purpose=_PURPOSE, bound_to=row.slug
        )


def _told(row: IdentityProvider) -> dict[str, Any]:
    """What receipts tell of a provider."""
    names = ("name", "issuer", "client_id", "scopes", "group_claim", "staff_group", "opens_accounts")
    return {name: getattr(row, name) for name in names}


def _rename_proof(session: Session, old: str, new: str) -> None:
    """Who is staff by this provider stays so under its new name."""
    if old != new:
        session.execute(
            update(Affiliation).where(Affiliation.proof == old, Affiliation.until.is_(None)).values(proof=new)
        )


def provider_list(connection: Connection, actor: Actor, settings: Settings) -> list[ProviderRow]:
    """All providers, with how many people are connected.

    Raises:
        NotAllowed: only administrators may.
    """
    require(may_administer(actor))
    return [_row(row, settings) for row in connection.execute(_ALL)]


def _row(row: Any, settings: Settings) -> ProviderRow:
    kept = bool(settings.oidc_client_secret) if row.is_from_environment else bool(row.sealed_secret)
    own = {name: getattr(row, name) for name in ProviderRow.__struct_fields__ if name != "has_secret"}
    return ProviderRow(has_secret=kept, **own)
