"""Settings: what one says of oneself, and the picture that one wears."""

from __future__ import annotations

from typing import Annotated, Final

import msgspec
from litestar import Response, get, post
from litestar.params import RawBody
from msgspec import Meta
from sqlalchemy import Connection

from forum.kernel.access import Actor, require
from forum.kernel.errors import N_, Conflict, Invalid, Text
from forum.members import accounts, affiliations, avatars, pages
from forum.members.policies import may_edit_profile
from web import forms
from web.identity import current_member
from web.installation import db_of, installation_of
from web.pages.frame import led_to
from web.pages.settings.frame import PLAIN, Answer, AnyRequest, mending, setting
from web.uploads import OVERHEAD, file_in

BOND_KINDS: Final = {
    "partner": Text(N_("A partner")),
    "reseller": Text(N_("A reseller")),
    "contractor": Text(N_("On contract")),
}


class ProfileForm(msgspec.Struct, frozen=True):
    """What one says of oneself."""

    name: str = ""
    bio: Annotated[str, Meta(max_length=accounts.LONGEST_BIO)] = ""


class BondForm(msgspec.Struct, frozen=True):
    """How one is bound to the company without belonging to it; `none` says: no more."""

    kind: str = ""
    organisation: str = ""
    none: bool = False


@get("/settings", action="settings.read", sync_to_thread=True, include_in_schema=False)
def profile(request: AnyRequest) -> Response[bytes]:
    """What one says of oneself."""
    return _page(request)


@post("/settings/profile", action="settings.profile", sync_to_thread=True, include_in_schema=False)
def save_profile(request: AnyRequest, body: RawBody) -> Response[bytes]:
    """Keep it."""
    pairs = forms.pairs_of(body)
    try:
        form = forms.read(pairs, ProfileForm)
        with db_of(request).transaction() as session:
            actor = current_member(request, session.connection())
            accounts.edit_profile(session, actor, member_id=actor.member_id or 0, name=form.name, bio=form.bio)
    except Invalid as refusal:
        return _page(request, mending(refusal), forms.shown(pairs))
    return led_to(request, "/settings", "profile-saved")


@post(
    "/settings/picture",
    action="settings.profile",
    sync_to_thread=True,
    include_in_schema=False,
    request_max_body_size=avatars.LARGEST_FILE + OVERHEAD,
)
def save_picture(request: AnyRequest, body: RawBody) -> Response[bytes]:
    """Draw the picture anew, which takes a moment and no connection, and wear it."""
    folder = installation_of(request).settings.uploads_dir
    try:
        with db_of(request).reading() as connection:
            actor = current_member(request, connection)
            require(may_edit_profile(actor, pages.account_page(connection, actor)))
        picture = avatars.store(folder, avatars.draw(file_in(request, body, "picture", most=avatars.LARGEST_FILE)))
    except Invalid as refusal:
        return _page(request, mending(refusal))
    _wear(request, picture)
    return led_to(request, "/settings", "picture-saved")


@post("/settings/picture/remove", action="settings.profile", sync_to_thread=True, include_in_schema=False)
def remove_picture(request: AnyRequest) -> Response[bytes]:
    """Wear none."""
    _wear(request, "")
    return led_to(request, "/settings", "picture-removed")


@post("/settings/bond", action="settings.profile", sync_to_thread=True, include_in_schema=False)
def save_bond(request: AnyRequest, body: RawBody) -> Response[bytes]:
    """Say what one is to the company, or that one is nothing of it any more."""
    pairs = forms.pairs_of(body)
    try:
        form = forms.read(pairs, BondForm)
        with db_of(request).transaction() as session:
            actor = current_member(request, session.connection())
            if form.none:
                affiliations.withdraw(session, actor)
            else:
                affiliations.declare(session, actor, kind=form.kind, organisation=form.organisation)
    except Invalid as refusal:
        return _page(request, mending(refusal), forms.shown(pairs))
    except Conflict as refusal:
        return _page(request, Answer(problems=(("", refusal.text),)), forms.shown(pairs))
    return led_to(request, "/settings", "profile-saved")


def _wear(request: AnyRequest, picture: str) -> None:
    """The one worn before is taken away once the change is certain, unless somebody else wears the same."""
    with db_of(request).transaction() as session:
        before = avatars.wear(session, current_member(request, session.connection()), picture=picture)
    with db_of(request).reading() as connection:
        avatars.discard(connection, installation_of(request).settings.uploads_dir, before)


def _page(request: AnyRequest, answer: Answer = PLAIN, typed: dict[str, str] | None = None) -> Response[bytes]:
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        return _shown(request, connection, actor, answer, typed or {})


def _shown(
    request: AnyRequest, connection: Connection, actor: Actor, answer: Answer, typed: dict[str, str]
) -> Response[bytes]:
    account = pages.account_page(connection, actor)
    kept = {name: value for name, value in typed.items() if name in ("name", "bio")}
    account = msgspec.structs.replace(account, **kept)
    bond = affiliations.bond_of(connection, member_id=account.id)
    return setting(
        request,
        connection,
        actor,
        "profile",
        answer,
        account=account,
        megabytes=avatars.LARGEST_FILE // 2**20,
        bond=bond,
        kinds=[("", Text(N_("Choose"))), *BOND_KINDS.items()],
        kind=typed.get("kind", bond.kind if bond else ""),
        organisation=typed.get("organisation", bond.organisation if bond else ""),
    )


routes = [profile, save_profile, save_picture, remove_picture, save_bond]
