"""What the pages of the settings share: the frame around them, and a form that comes back with what needs mending."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response
from sqlalchemy import Connection

from forum.kernel.access import Actor
from forum.kernel.errors import Invalid, Text
from forum.members import identities, providers, proving
from forum.members.providers import ProviderLine
from web.edge.visit import visit_of
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


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """How whoever asks can show that it is they: with a password, by having just come in (`is_fresh`), or by coming in once more
    through one of `doors`, from which they are led `back`.
    """

    has_password: bool
    is_fresh: bool = False
    doors: tuple[ProviderLine, ...] = ()
    back: str = "/"


PLAIN = Answer()


def mending(refusal: Invalid) -> Answer:
    """The form once more, with a sentence for each field."""
    return Answer(problems=tuple(refusal.fields.items()))


def proof_of(request: AnyRequest, connection: Connection, actor: Actor, *, back: str) -> Proof:
    """What a form that gives the account away, or ends it, asks for."""
    member_id = actor.member_id or 0
    if proving.has_password(connection, member_id):
        return Proof(has_password=True)
    own = {line.provider for line in identities.identity_list(connection, actor)}
    return Proof(
        has_password=False,
        is_fresh=proving.came_just_now(connection, member_id, visit_of(request).token),
        doors=tuple(door for door in providers.enabled(connection) if door.slug in own),
        back=back,
    )


def setting(
    request: AnyRequest, connection: Connection, actor: Actor, place: str, answer: Answer = PLAIN, **context: object
) -> Response[bytes]:
    """The page called `place` in the navigation, drawn by `templates/settings/<place>.html`; 422 if something needs mending."""
    page = framed(request, connection, actor, robots="noindex")
    status = 422 if answer.problems else 200
    return shown(
        f"settings/{place}.html", page, status=status, entries=entries_for(actor), place=place, answer=answer, **context
    )
