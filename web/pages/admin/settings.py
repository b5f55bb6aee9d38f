"""What an administrator decides for the whole site, and what the environment decided already."""

from __future__ import annotations

from typing import Any, Final

import msgspec
from litestar import Request, Response, get, post
from litestar.params import RawBody

from forum.kernel.access import require
from forum.kernel.errors import N_, Invalid, Text
from forum.members import site
from forum.members.policies import may_administer
from reputation import demands
from reputation.rules import LADDERS
from web import forms
from web.identity import current_member
from web.installation import db_of, installation_of
from web.locales import LANGUAGE_NAMES, LOCALES
from web.pages.admin.variables import variables_of
from web.pages.frame import framed, led_to, shown

AnyRequest = Request[Any, Any, Any]
SETTINGS: Final = "/admin/settings"
REGISTRATION: Final = (
    ("open", Text(N_("Everybody"))),
    ("invitation", Text(N_("Whoever has an invitation"))),
    ("closed", Text(N_("Nobody"))),
)
DEMANDS: Final = (
    ("low", Text(N_("Low: for a small or a new place"))),
    ("medium", Text(N_("Medium"))),
    ("high", Text(N_("High: for a large place that is known"))),
)
CLAIM_DAYS: Final = (
    ("30", Text(N_("30 days"))),
    ("90", Text(N_("90 days"))),
    ("180", Text(N_("180 days"))),
    ("365", Text(N_("365 days"))),
    ("never", Text(N_("For ever"))),
)
PRIVILEGES: Final = {
    "post:suggest-edit": Text(N_("Suggest an edit of what others wrote")),
    "vote:down": Text(N_("Say that something did not help")),
    "thread:retag": Text(N_("Change the tags of others’ threads")),
    "thread:close": Text(N_("Close threads")),
    "post:edit-any": Text(N_("Edit what others wrote, at once")),
}
"""What points bring, in the order of the table that explains the setting."""
MODELS: Final = (
    ("welcome", Text(N_("May read what everybody reads"))),
    ("refused", Text(N_("Are asked to stay away"))),
)
LEVELS: Final = (
    ("info", Text(N_("For information"))),
    ("warning", Text(N_("Something is different"))),
    ("danger", Text(N_("Something is wrong"))),
)


class Values(msgspec.Struct, frozen=True, kw_only=True):
    """Every setting as the form shows it: set or typed; empty where the default holds."""

    name: str = ""
    tagline: str = ""
    description: str = ""
    contact: str = ""
    default_locale: str = ""
    registration: str = "open"
    demands: str = "medium"
    models: str = "welcome"
    licence: str = ""
    claim_days: str = "90"
    banner: str = ""
    banner_level: str = "info"
    banner_until: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """The form: its values, and what needs mending."""

    values: Values
    problems: tuple[tuple[str, Text], ...] = ()

    def problem(self, field: str) -> Text | str:
        """The sentence under a field."""
        return next((text for name, text in self.problems if name == field), "")


@get(SETTINGS, action="admin.read", sync_to_thread=True, include_in_schema=False)
def settings_page(request: AnyRequest) -> Response[bytes]:
    """The form, and the variables of the environment."""
    with db_of(request).reading() as connection:
        values = Values(**site.stored(connection))
    return _page(request, Answer(values=values))


@post(SETTINGS, action="site.manage", sync_to_thread=True, include_in_schema=False)
def save(request: AnyRequest, body: RawBody) -> Response[bytes]:
    """Keep what was changed; it holds for everybody within a second."""
    typed = forms.shown(forms.pairs_of(body))
    given = {name: typed[name] for name in site.SETTINGS if name in typed}
    try:
        with db_of(request).transaction() as session:
            demands.follow(session, site.change(session, current_member(request, session.connection()), given))
    except Invalid as refusal:
        return _page(request, Answer(values=Values(**given), problems=tuple(refusal.fields.items())), status=422)
    installation_of(request).sites.forget()
    return led_to(request, SETTINGS, "site-saved")


def _page(request: AnyRequest, answer: Answer, *, status: int = 200) -> Response[bytes]:
    here = installation_of(request)
    with db_of(request).reading() as connection:
        actor = current_member(request, connection)
        require(may_administer(actor))
        page = framed(request, connection, actor, robots="noindex")
    own = LANGUAGE_NAMES[here.settings.default_locale]
    return shown(
        "admin/settings.html",
        page,
        status=status,
        answer=answer,
        fallback=here.settings.site_name,
        languages=[
            ("", Text(N_("As in the environment: %(language)s"), language=own)),
            *((one, LANGUAGE_NAMES[one]) for one in LOCALES),
        ],
        registration=list(REGISTRATION),
        models=list(MODELS),
        levels=list(LEVELS),
        demands=list(DEMANDS),
        claim_days=list(CLAIM_DAYS),
        ladder=[(word, [LADDERS[one][name] for one in site.DEMANDS]) for name, word in PRIVILEGES.items()],
        variables=variables_of(here.settings),
    )


routes = [settings_page, save]
