"""What becomes of an error: the one table from refusals to HTTP, and the two ways to say it.

Programs (under `/api`) get problem details, people get a page. Nothing here asks the database: the page for 500 has to come
when the database does not.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import sqlalchemy.exc
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, NotAuthorizedException, ValidationException
from litestar.types import HTTPScope, Send

from forum.kernel.errors import (
    N_,
    Conflict,
    Gone,
    Invalid,
    LoggiaError,
    NotAllowed,
    NotFound,
    Text,
    TooMany,
    Unavailable,
)
from web import problems
from web.edge.visit import Visit, visit_in
from web.problems import FieldProblem, Kind, Problem, Refused, wants_problem
from web.translations import translate

_log = structlog.get_logger("loggia.errors")

_KINDS: dict[type[Exception], Kind] = {
    NotFound: problems.NOT_FOUND,
    NotAllowed: problems.NOT_ALLOWED,
    Conflict: problems.CONFLICT,
    Invalid: problems.INVALID,
    Gone: problems.GONE,
    TooMany: problems.TOO_MANY,
    Unavailable: problems.UNAVAILABLE,
    LoggiaError: problems.CONFLICT,
}
_AWAY = (sqlalchemy.exc.OperationalError, sqlalchemy.exc.InterfaceError, sqlalchemy.exc.TimeoutError)
_AWAY_SECONDS = 5

_SAID_BY_STATUS = {
    400: Text(N_("The request could not be read.")),
    401: Text(N_("This needs an account. Sign in, then try again.")),
    403: Text(N_("You may not do that.")),
    404: Text(N_("There is no page at this address.")),
    405: Text(N_("This address cannot be used that way.")),
    413: Text(N_("That is larger than this site takes.")),
    415: Text(N_("That kind of content is not read here.")),
    422: Text(N_("Something needs mending before this can be saved.")),
}
_OURS = Text(N_("That is our fault, not yours. It has been written down under the number below."))
_UNREADABLE = Text(N_("What was sent holds something that cannot be stored."))


class SignInNeeded(NotAllowed):
    """Nobody is signed in, and this needs somebody. People are led to the sign-in page, programs get 401."""

    default = N_("This needs an account. Sign in, then try again.")


@dataclass(frozen=True, slots=True)
class Explained:
    """An error as it is told: what kind, in which words, with which header fields."""

    kind: Kind
    text: Text
    headers: Mapping[str, str] = field(default_factory=dict)
    fields: Mapping[str, Text] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer, ready for Litestar or for the bare protocol."""

    status: int
    headers: dict[str, str]
    body: bytes

    async def send(self, send: Send) -> None:
        fields = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in self.headers.items()]
        fields.append((b"content-length", str(len(self.body)).encode("ascii")))
        await send({"type": "http.response.start", "status": self.status, "headers": fields})
        await send({"type": "http.response.body", "body": self.body, "more_body": False})


def explain(error: Exception) -> Explained:
    """Find the row of the table for `error`. Whatever is not in it is our own fault, and 500."""
    if isinstance(error, Refused):
        return Explained(error.kind, error.text, error.headers)
    if isinstance(error, LoggiaError):
        return _explain_refusal(error)
    if isinstance(error, HTTPException):
        return _explain_framework(error)
    if isinstance(error, _AWAY):
        return Explained(problems.UNAVAILABLE, Unavailable().text, {"retry-after": str(_AWAY_SECONDS)})
    if isinstance(error, sqlalchemy.exc.DataError):
        return Explained(problems.BAD_REQUEST, _UNREADABLE)
    return Explained(problems.INTERNAL, _OURS)


def _explain_refusal(error: LoggiaError) -> Explained:
    if isinstance(error, SignInNeeded):
        return Explained(problems.SIGN_IN_NEEDED, error.text, {"www-authenticate": "Bearer"})
    kind = next(_KINDS[cls] for cls in type(error).__mro__ if cls in _KINDS)
    headers = {"retry-after": str(error.retry_after)} if isinstance(error, TooMany) else {}
    if isinstance(error, Unavailable):
        headers["retry-after"] = str(_AWAY_SECONDS)
    return Explained(kind, error.text, headers, error.fields if isinstance(error, Invalid) else {})


def _explain_framework(error: HTTPException) -> Explained:
    """Litestar's own refusals. Its English details are for developers, so people get sentences of ours."""
    if isinstance(error, ValidationException):
        return Explained(problems.INVALID, _SAID_BY_STATUS[422], fields=_framework_fields(error.extra))
    kind = problems.kind_for(error.status_code)
    if kind is problems.INTERNAL:
        return Explained(kind, _OURS)
    headers = {name.lower(): value for name, value in (error.headers or {}).items()}
    if isinstance(error, NotAuthorizedException):
        headers.setdefault("www-authenticate", "Bearer")
    return Explained(kind, _SAID_BY_STATUS.get(kind.status, Text(kind.title)), headers)


def _framework_fields(extra: object) -> dict[str, Text]:
    rows = extra if isinstance(extra, list) else []
    return {
        str(row["key"]): Text(str(row.get("message", "")).replace("%", "%%"))
        for row in rows
        if isinstance(row, dict) and row.get("key")
    }


ErrorPage = Callable[[Explained, Visit], bytes]
"""Makes the page for people. It may fail; then the plain one is sent."""


class Errors:
    """Turns errors into answers, in the reader's language."""

    def __init__(self, page: ErrorPage) -> None:
        self._page = page

    def answer(self, error: Exception, scope: HTTPScope) -> Answer:
        """The whole answer to an error, logged if the fault is ours."""
        visit = visit_in(scope)
        explained = explain(error)
        if explained.kind.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            _note(error, explained, visit)
        if wants_problem(scope["path"]):
            return _for_programs(explained, visit)
        if explained.kind is problems.SIGN_IN_NEEDED:
            return _to_sign_in(scope)
        return self._for_people(explained, visit)

    def handler(self, request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
        """The same as a Litestar exception handler."""
        answer = self.answer(error, request.scope)
        return Response(answer.body, status_code=answer.status, headers=answer.headers)

    def _for_people(self, explained: Explained, visit: Visit) -> Answer:
        try:
            body = self._page(explained, visit)
        except Exception:  # noqa: BLE001 - a page about an error must come, whatever is wrong with its template
            _log.exception("error page failed", request_id=visit.id)
            body = plain_page(explained, visit)
        headers = {**explained.headers, "content-type": "text/html; charset=utf-8", "cache-control": "no-store"}
        return Answer(explained.kind.status, headers, body)


def _note(error: Exception, explained: Explained, visit: Visit) -> None:
    if explained.kind is problems.INTERNAL:
        _log.error("failed", request_id=visit.id, exc_info=error)
    else:
        _log.warning("unavailable", request_id=visit.id, error=f"{type(error).__name__}: {error}"[:500])


def _for_programs(explained: Explained, visit: Visit) -> Answer:
    kind, locale = explained.kind, visit.locale
    problem = Problem(
        type=kind.type,
        title=translate(Text(kind.title), locale),
        status=kind.status,
        detail=translate(explained.text, locale),
        instance=f"urn:loggia:request:{visit.id}",
        errors=[FieldProblem(name, translate(text, locale)) for name, text in explained.fields.items()],
    )
    headers = {**explained.headers, "content-type": problems.MEDIA_TYPE, "cache-control": "no-store"}
    return Answer(kind.status, headers, problems.spelled(problem))


def _to_sign_in(scope: HTTPScope) -> Answer:
    """Lead to the sign-in page, and from there back; a form that was sent cannot be sent again, so from there to the front."""
    here = visit_in(scope).path if scope["method"] == "GET" else "/"
    headers = {"location": f"/login?next={quote(here, safe='/')}", "cache-control": "no-store"}
    return Answer(HTTPStatus.SEE_OTHER, headers, b"")


_PLAIN = """<!doctype html>
<html lang="{locale}"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><h1>{title}</h1><p>{text}</p><p><a href="/">{home}</a></p><p><small>{id}</small></p></html>
"""


def plain_page(explained: Explained, visit: Visit) -> bytes:
    """The page that stands when nothing else does: no template, no style, no picture."""
    from markupsafe import escape

    said = {
        "title": translate(Text(explained.kind.title), visit.locale),
        "text": translate(explained.text, visit.locale),
        "home": translate(Text(N_("To the front page")), visit.locale),
    }
    return _PLAIN.format(
        locale=visit.locale, id=visit.id, **{name: escape(value) for name, value in said.items()}
    ).encode()
