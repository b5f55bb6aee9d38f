"""What the handlers of the API share: who calls, in which transaction, and how a list is answered."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Annotated, Any, Generic, TypeVar
from urllib.parse import parse_qsl, urlencode

import msgspec
from litestar import Request, Response
from msgspec import Meta
from sqlalchemy import Connection
from sqlalchemy.orm import Session

from forum.kernel.access import Actor
from forum.kernel.paging import Page
from web.identity import current_actor, current_member
from web.installation import db_of, installation_of

AnyRequest = Request[Any, Any, Any]
F = TypeVar("F")
T = TypeVar("T")
Limit = Annotated[int, Meta(ge=1, le=100)]


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of every list."""

    cursor: str = ""
    limit: Limit = 20


class Items(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A list: its items, and the cursor of the next page or null."""

    items: list[T]
    next: str | None


@contextmanager
def reading(request: AnyRequest) -> Iterator[tuple[Connection, Actor]]:
    """A connection for selects, and who asks; it may be nobody in particular."""
    with db_of(request).reading() as connection:
        yield connection, current_actor(request, connection)


@contextmanager
def writing(request: AnyRequest) -> Iterator[tuple[Session, Actor]]:
    """One transaction, and the member who acts in it.

    Raises:
        SignInNeeded: nobody is signed in.
    """
    with db_of(request).transaction() as session:
        yield session, current_member(request, session.connection())


def answer_list(request: AnyRequest, page: Page[F], shape: Callable[[F], T]) -> Response[Items[T]]:
    """A page of a list, with the address of the next one in a `Link` header too."""
    items = Items(items=[shape(item) for item in page.items], next=page.next)
    headers = {} if page.next is None else {"link": f'<{_next(request, page.next)}>; rel="next"'}
    return Response(items, headers=headers)


def absolute(request: AnyRequest, path: str) -> str:
    """The whole address of a path on this site."""
    return installation_of(request).settings.base_url + path


def _next(request: AnyRequest, cursor: str) -> str:
    asked = parse_qsl(request.scope["query_string"].decode(), keep_blank_values=True)
    kept = [(name, value) for name, value in asked if name != "cursor"]
    return absolute(request, request.url.path) + "?" + urlencode([*kept, ("cursor", cursor)])
