"""What the pages of the settings share: the frame around them, and a form that comes back with what needs mending."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response
from sqlalchemy import Connection

from forum.kernel.access import Actor
from forum.kernel.errors import Invalid, Text
from web.pages.frame import framed, shown
from web.pages.settings.navigation import entries_for

AnyRequest = Request[Any, Any, Any]
Problems = tuple[tuple[str, Text], ...]


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A form as it is shown: what needs mending, and a secret that is shown this once."""

    problems: Problems = ()
    token: str = ""

    def problem(self, field: str) -> Text | str:
        """The sentence under a field."""
        return next((text for name, text in self.problems if name == field), "")


PLAIN = Answer()


def mending(refusal: Invalid) -> Answer:
    """The form once more, with a sentence for each field."""
    return Answer(problems=tuple(refusal.fields.items()))


def setting(
    request: AnyRequest, connection: Connection, actor: Actor, place: str, answer: Answer = PLAIN, **context: object
) -> Response[bytes]:
    """The page called `place` in the navigation, drawn by `templates/settings/<place>.html`; 422 if something needs mending."""
    page = framed(request, connection, actor, robots="noindex")
    status = 422 if answer.problems else 200
    return shown(
        f"settings/{place}.html", page, status=status, entries=entries_for(actor), place=place, answer=answer, **context
    )
