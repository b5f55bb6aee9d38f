"""Settings: what the company's own systems may receive under one's name, and what they hold."""

from __future__ import annotations

from typing import Final

import msgspec
from litestar import Response, get, post
from litestar.params import RawBody

from crm_sync.pages import OwnShare, own_shares
from forum.kernel.errors import N_, Text
from forum.members import consenting
from web import forms
from web.identity import current_account
from web.installation import db_of
from web.pages.frame import led_to
from web.pages.settings.frame import AnyRequest, setting

KINDS: Final = {"case": Text(N_("Case")), "idea": Text(N_("Idea"))}
_PURPOSE_OF: Final = {"case": consenting.CASES, "idea": consenting.IDEAS}


class ConsentForm(msgspec.Struct, frozen=True):
    """One switch for each purpose of `forum.members.consenting`."""

    cases: bool = False
    ideas: bool = False


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A purpose with its words, and one's own word on it."""

    name: Text
    says: Text
    line: consenting.ConsentLine


class Shared(msgspec.Struct, frozen=True, kw_only=True):
    """What was shared, as what, and whether under one's name."""

    share: OwnShare
    kind: Text
    is_named: bool


@get("/settings/consent", action="settings.own", sync_to_thread=True, include_in_schema=False)
def consent(request: AnyRequest) -> Response[bytes]:
    """The switches, and what was shared so far."""
    with db_of(request).reading() as connection:
        actor = current_account(request, connection)
        lines = consenting.consents(connection, actor)
        given = {line.purpose for line in lines if line.is_given}
        shared = [
            # who speaks for the company is named always
            Shared(share=share, kind=KINDS[share.kind], is_named=actor.is_staff or _PURPOSE_OF[share.kind] in given)
            for share in own_shares(connection, actor)
        ]
        asked = [Asked(name=purpose.name, says=purpose.says, line=line) for purpose, line in _with_words(lines)]
        return setting(request, connection, actor, "consent", asked=asked, shared=shared, is_staff=actor.is_staff)


def _with_words(
    lines: tuple[consenting.ConsentLine, ...],
) -> list[tuple[consenting.Purpose, consenting.ConsentLine]]:
    return [(consenting.PURPOSES[line.purpose], line) for line in lines]


@post("/settings/consent", action="settings.consent", sync_to_thread=True, include_in_schema=False)
def save_consent(request: AnyRequest, body: RawBody) -> Response[bytes]:
    """Keep one's word on each."""
    form = forms.parse(body, ConsentForm)
    with db_of(request).transaction() as session:
        actor = current_account(request, session.connection())
        for purpose, is_given in msgspec.structs.asdict(form).items():
            consenting.decide(session, actor, purpose=purpose, is_given=is_given)
    return led_to(request, "/settings/consent", "settings-saved")


routes = [consent, save_consent]
