"""Carries what somebody typed past the sign-in page, so that nothing is lost to a wall. Nothing is kept here meanwhile.

The form that met the wall travels in a hidden field of the sign-in form. Once the visitor is somebody, a page shows what they
wrote, with one button that brings it back into its own form.
"""

from __future__ import annotations

import re
from typing import Any

import msgspec
from litestar import Request, Response

from web.edge.csrf import FIELD
from web.edge.visit import visit_of
from web.forms import MOST_FIELDS, Pairs
from web.identity import current_actor
from web.installation import db_of
from web.pages.frame import framed, shown

_FORMS = re.compile(r"/ask|/t/[1-9][0-9]{0,18}/[a-z0-9-]{1,100}/reply")
_LEFT_OUT = frozenset({FIELD, "do", "password"})
LONGEST = 100_000


class Carried(msgspec.Struct, frozen=True):
    """A form on its way: where it goes, and its fields."""

    to: str
    fields: tuple[tuple[str, str], ...]

    def value(self, field: str) -> str:
        """What was typed into a field."""
        return next((value for name, value in self.fields if name == field), "")


def packed(to: str, pairs: Pairs) -> str:
    """A form as the value of a hidden field; nothing where it is none of those that are carried, or too large."""
    fields = tuple(
        (name, value) for name, values in pairs.items() if name not in _LEFT_OUT for value in values if value
    )
    text = msgspec.json.encode(Carried(to, fields)).decode()
    return text if _FORMS.fullmatch(to) and len(text) <= LONGEST else ""


def unpacked(text: str) -> Carried | None:
    """The form in such a value. It comes from a browser, so anything that is none of ours counts as nothing."""
    if not text or len(text) > LONGEST:
        return None
    try:
        carried = msgspec.json.decode(text, type=Carried)
    except msgspec.MsgspecError:
        return None
    return carried if _FORMS.fullmatch(carried.to) and len(carried.fields) <= MOST_FIELDS else None


def resumed(request: Request[Any, Any, Any], carried: Carried, *, token: str) -> Response[bytes]:
    """The page that gives back what was carried, to the member whose session this token has just begun."""
    visit = visit_of(request)
    visit.token = token  # the page's form is bound to the new session
    with db_of(request).reading() as connection:
        page = framed(request, connection, current_actor(request, connection), robots="noindex")
    return shown("resumed.html", page, carried=carried)
