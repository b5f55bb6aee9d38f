"""Problem details for machines (RFC 9457): the kinds of problem with their stable names, and their spelling as JSON.

A kind's `type` is part of the interface: programs compare it. Titles and details are sentences and may change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import msgspec

from forum.kernel.errors import N_, Text

MEDIA_TYPE: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of problem: its HTTP status, the last part of its `type`, and its title (a message id)."""

    status: int
    name: str
    title: str

    @property
    def type(self) -> str:
        return f"urn:loggia:problem:{self.name}"


BAD_REQUEST = Kind(400, "bad-request", N_("The request cannot be read"))
WRONG_HOST = Kind(400, "wrong-host", N_("This is not the address of this site"))
SIGN_IN_NEEDED = Kind(401, "sign-in-needed", N_("Sign in first"))
NOT_ALLOWED = Kind(403, "not-allowed", N_("You may not do that"))
FORGED = Kind(403, "cross-site", N_("This form was not sent from this site"))
NOT_FOUND = Kind(404, "not-found", N_("There is nothing here"))
METHOD_NOT_ALLOWED = Kind(405, "method-not-allowed", N_("This cannot be done at this address"))
NOT_ACCEPTABLE = Kind(406, "not-acceptable", N_("There is no such representation"))
TOO_SLOW = Kind(408, "too-slow", N_("That came too slowly"))
CONFLICT = Kind(409, "conflict", N_("That cannot be done now"))
GONE = Kind(410, "gone", N_("This is no longer here"))
TOO_LARGE = Kind(413, "too-large", N_("That is too large"))
URI_TOO_LONG = Kind(414, "address-too-long", N_("The address is too long"))
UNSUPPORTED_MEDIA_TYPE = Kind(415, "unsupported-media-type", N_("That kind of content is not read here"))
INVALID = Kind(422, "invalid", N_("Something needs mending"))
TOO_MANY = Kind(429, "too-many-requests", N_("One moment, please"))
HEADERS_TOO_LARGE = Kind(431, "head-too-large", N_("The request’s head is too large"))
INTERNAL = Kind(500, "internal", N_("Something went wrong on our side"))
UNAVAILABLE = Kind(503, "unavailable", N_("Back in a moment"))

BY_STATUS: Final = {
    kind.status: kind
    for kind in (
        *(BAD_REQUEST, SIGN_IN_NEEDED, NOT_ALLOWED, NOT_FOUND, METHOD_NOT_ALLOWED, NOT_ACCEPTABLE, CONFLICT, GONE),
        *(TOO_LARGE, URI_TOO_LONG, UNSUPPORTED_MEDIA_TYPE, INVALID, TOO_MANY, HEADERS_TOO_LARGE, INTERNAL, UNAVAILABLE),
    )
}


def kind_for(status: int) -> Kind:
    """The kind that fits a bare status; an unknown one is a bad request, or our fault from 500 on."""
    return BY_STATUS.get(status) or (INTERNAL if status >= 500 else BAD_REQUEST)


class Refused(Exception):
    """The edge or the framework refuses a request, before the forum was asked."""

    def __init__(self, kind: Kind, text: Text, *, headers: dict[str, str] | None = None) -> None:
        self.kind = kind
        self.text = text
        self.headers = headers or {}
        super().__init__(str(text))


class FieldProblem(msgspec.Struct, frozen=True):
    """What is wrong with one field of what was sent."""

    field: str
    detail: str


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """A problem as it is sent. `instance` names the request, for whoever asks about it."""

    type: str
    title: str
    status: int
    detail: str = ""
    instance: str = ""
    errors: list[FieldProblem] = msgspec.field(default_factory=list)


def spelled(problem: Problem) -> bytes:
    return msgspec.json.encode(problem)


def wants_problem(path: str) -> bool:
    """Whether an address belongs to programs."""
    return path == "/api" or path.startswith("/api/")
