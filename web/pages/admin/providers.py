"""Identity providers: from where people may sign in, what is believed of what they say, and whether they answer."""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from litestar import Request, Response, get, post
from litestar.params import FromPath, RawBody
from msgspec import Meta

from forum.kernel.access import require
from forum.kernel.errors import Conflict, Invalid, NotFound, Text
from forum.members import claims, providers
from forum.members.oidc import Away
from forum.members.oidc.directory import Metadata
from forum.members.oidc.flow import redirect_uri
from forum.members.policies import may_administer
from forum.members.providers import Described, ProviderRow
from web import forms
from web.arguments import path_id
from web.identity import current_member
from web.installation import db_of, installation_of
from web.pages.entering import Secret
from web.pages.frame import framed, led_to, shown

AnyRequest = Request[Any, Any, Any]
PROVIDERS: Final = "/admin/providers"


class ProviderForm(msgspec.Struct, frozen=True, kw_only=True):
    """A provider as it is typed. A secret that is left empty stays as it is."""

    name: str = ""
    slug: str = ""
    issuer: str = ""
    client_id: str = ""
    secret: Annotated[Secret, Meta(max_length=1_000)] = ""
    scopes: str = "openid email profile"
    group_claim: str = ""
    staff_group: str = ""
    opens_accounts: bool = False


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """How a test of the connection went. `door` is what would let us in, where a private network is in the way."""

    found: Metadata | None = None
    reason: Text | str = ""
    door: str = ""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The form's page: of which provider (none: a new one), as typed, what needs mending, and how a test went."""

    of: ProviderRow | None
    form: ProviderForm
    problems: tuple[tuple[str, Text], ...] = ()
    verdict: Verdict | None = None

    def problem(self, field: str) -> Text | str:
        """The sentence under a field."""
        return next((text for name, text in self.problems if name == field), "")


@get(PROVIDERS, action="admin.read", sync_to_thread=True, include_in_schema=False)
def overview(request: AnyRequest) -> Response[bytes]:
    """All of them."""
    house = installation_of(request)
    with house.db.reading() as connection:
        actor = current_member(request, connection)
        rows = providers.provider_list(connection, actor, house.settings)
        old = claims.old_claims(connection, actor)
        page = framed(request, connection, actor, robots="noindex")
    return shown("admin/providers.html", page, rows=rows, old=old, domains=house.settings.staff_domains)


@get(PROVIDERS + "/new", action="admin.read", sync_to_thread=True, include_in_schema=False)
def begin(request: AnyRequest) -> Response[bytes]:
    """An empty form."""
    return _form(request, Asked(of=None, form=ProviderForm(opens_accounts=True)))


@post(PROVIDERS + "/new", action="provider.manage", sync_to_thread=True, include_in_schema=False)
def add(request: AnyRequest, body: RawBody) -> Response[bytes]:
    """Add one, switched on."""
    pairs, house = forms.pairs_of(body), installation_of(request)
    try:
        form = forms.read(pairs, ProviderForm)
        with house.db.transaction() as session:
            actor = current_member(request, session.connection())
            row = providers.add(session, actor, house.settings, slug=form.slug, wanted=_described(form))
            place = f"{PROVIDERS}/{row.id}"
    except Invalid as refusal:
        return _form(request, Asked(of=None, form=_typed(pairs), problems=tuple(refusal.fields.items())))
    return led_to(request, place, "provider-added")


@get(PROVIDERS + "/{provider_id:str}", action="admin.read", sync_to_thread=True, include_in_schema=False)
def change(request: AnyRequest, provider_id: FromPath[str]) -> Response[bytes]:
    """The form, filled in."""
    found = _found(request, provider_id)
    return _form(request, Asked(of=found, form=_filled(found)))


@post(PROVIDERS + "/{provider_id:str}", action="provider.manage", sync_to_thread=True, include_in_schema=False)
def save(request: AnyRequest, provider_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """Keep what was changed; what was remembered of providers is asked anew."""
    pairs, house = forms.pairs_of(body), installation_of(request)
    try:
        form = forms.read(pairs, ProviderForm)
        with house.db.transaction() as session:
            actor = current_member(request, session.connection())
            providers.change(
                session, actor, house.settings, provider_id=path_id(provider_id), wanted=_described(form)
            )  # fmt: skip
    except Invalid as refusal:
        found = _found(request, provider_id)
        return _form(request, Asked(of=found, form=_typed(pairs), problems=tuple(refusal.fields.items())))
    house.directory.forget()
    return led_to(request, PROVIDERS, "provider-saved")


@post(PROVIDERS + "/{provider_id:str}/switch", action="provider.manage", sync_to_thread=True, include_in_schema=False)
def switch(request: AnyRequest, provider_id: FromPath[str], body: RawBody) -> Response[bytes]:
    """On or off."""
    on = forms.shown(forms.pairs_of(body)).get("on") == "1"
    with db_of(request).transaction() as session:
        actor = current_member(request, session.connection())
        providers.switch(session, actor, provider_id=path_id(provider_id), on=on)
    return led_to(request, PROVIDERS, "provider-on" if on else "provider-off")


@post(PROVIDERS + "/{provider_id:str}/test", action="provider.manage", sync_to_thread=True, include_in_schema=False)
def test(request: AnyRequest, provider_id: FromPath[str]) -> Response[bytes]:
    """Ask the provider who it is, now, and show what it says. Nothing is changed."""
    found, house = _found(request, provider_id), installation_of(request)
    try:
        with house.db.transaction() as session:
            actor = current_member(request, session.connection())
            provider = providers.described(session, house.settings, actor, provider_id=found.id)
        verdict = Verdict(found=house.directory.look(provider, house.settings.egress_allow))
    except Conflict as refusal:
        verdict = Verdict(reason=refusal.text)
    except Away as away:
        verdict = Verdict(reason=away.reason, door=away.door)
    return _form(request, Asked(of=found, form=_filled(found), verdict=verdict))


def _found(request: AnyRequest, provider_id: str) -> ProviderRow:
    house, wanted = installation_of(request), path_id(provider_id)
    with house.db.reading() as connection:
        rows = providers.provider_list(connection, current_member(request, connection), house.settings)
    row = next((row for row in rows if row.id == wanted), None)
    if row is None:
        raise NotFound()
    return row


def _described(form: ProviderForm) -> Described:
    names = Described.__struct_fields__
    return Described(**{name: getattr(form, name) for name in names})


def _filled(row: ProviderRow) -> ProviderForm:
    names = [name for name in ProviderForm.__struct_fields__ if name != "secret"]
    return ProviderForm(**{name: getattr(row, name) for name in names})


def _typed(pairs: forms.Pairs) -> ProviderForm:
    """As it was typed, but the secret, which is typed again."""
    typed = forms.shown(pairs)
    names = [name for name in ProviderForm.__struct_fields__ if name not in ("secret", "opens_accounts")]
    return ProviderForm(**{name: typed.get(name, "") for name in names}, opens_accounts="opens_accounts" in typed)


def _form(request: AnyRequest, asked: Asked) -> Response[bytes]:
    house = installation_of(request)
    with house.db.reading() as connection:
        actor = current_member(request, connection)
        require(may_administer(actor))
        page = framed(request, connection, actor, robots="noindex")
    slug = asked.of.slug if asked.of else asked.form.slug or "…"
    status = 422 if asked.problems else 200
    return shown(
        "admin/provider.html", page, status=status, asked=asked, redirect_uri=redirect_uri(house.settings, slug)
    )


routes = [overview, begin, add, change, save, switch, test]
