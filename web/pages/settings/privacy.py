"""Settings: who finds one's profile, and what it gathers."""

from __future__ import annotations

import msgspec
from litestar import Response, get, post
from litestar.params import RawBody

from forum.members import pages, preferences
from web import forms
from web.identity import current_member
from web.installation import db_of
from web.pages.frame import led_to
from web.pages.settings.frame import AnyRequest, setting


class PrivacyForm(msgspec.Struct, frozen=True):
    """The two switches."""

    unlisted: bool = False
    hides_activity: bool = False


@get("/settings/privacy", action="settings.read", sync_to_thread=True, include_in_schema=False)
def privacy(request: AnyRequest) -> Response[bytes]:
    """Both switches, and what others see in any case."""
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        account = pages.account_page(connection, actor)
        return setting(request, connection, actor, "privacy", account=account)


@post("/settings/privacy", action="settings.preferences", sync_to_thread=True, include_in_schema=False)
def save_privacy(request: AnyRequest, body: RawBody) -> Response[bytes]:
    """Keep them."""
    form = forms.parse(body, PrivacyForm)
    with db_of(request).transaction() as session:
        actor = current_member(request, session.connection())
        preferences.choose_privacy(session, actor, is_unlisted=form.unlisted, hides_activity=form.hides_activity)
    return led_to(request, "/settings/privacy", "settings-saved")


routes = [privacy, save_privacy]
