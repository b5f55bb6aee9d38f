"""What the edge knows about one request: gathered once at the door, read by every layer and by handlers."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

from sqlalchemy import Connection
from sqlalchemy.orm import Session

if TYPE_CHECKING:
    from litestar.types import HTTPScope

    from forum.kernel.access import Actor

Version = int | str | tuple[int | str, ...]
"""What a page's content had when it was read: equal versions mean the same page."""


@dataclass(slots=True)
class Keep:
    """A handler's word that its answer may be kept for everybody who is not signed in; see `web.edge.cache.keep`."""

    address: str
    version: Version
    version_of: Callable[[Connection], Version]


@dataclass(slots=True)
class Visit:
    """One request. Fields are filled by the layer named beside them."""

    # requests.Requests
    id: str
    peer: str
    started: float = field(default_factory=time.perf_counter)
    path: str = ""  # the address asked for, with its query, as a link would spell it
    label: str = ""  # the route as logs and metrics name it
    cache: str = ""  # "hit" or "kept", for the log

    # heads.Heads
    headers: dict[bytes, bytes] = field(default_factory=dict)
    cookies: dict[str, str] = field(default_factory=dict)
    client: str = ""  # the address of who asks, past trusted proxies
    direct: bool = True  # no proxy stands between, as far as the request says
    locale: str = "en"
    theme: str = ""
    https: bool = False  # as the site is configured

    # heads.Heads, through sessions.read_credentials
    token: str | None = None  # the session cookie, not looked up yet
    bearer: str | None = None
    form_key: str | None = None  # the pre-session of an anonymous form page

    # whoever gives or takes a cookie; sent by sessions.Sessions
    new_cookies: list[bytes] = field(default_factory=list)
    afterwards: Callable[[Session], None] | None = None  # a small write for when the answer has left

    # csrf.Csrf
    seal: Callable[[Visit], str] | None = None

    # web.identity
    actor: Actor | None = None

    # the handler
    keep: Keep | None = None
    site_version: int = 0  # of the site's settings that the page was made with
    personal: bool = False  # the answer holds something of this visitor's own, whatever `keep` says


class HasScope(Protocol):
    """A Litestar request, or anything else that carries the scope of one."""

    @property
    def scope(self) -> Any: ...


def visit_of(request: HasScope) -> Visit:
    """The visit that a handler's request belongs to."""
    return visit_in(request.scope)


def visit_in(scope: HTTPScope) -> Visit:
    """The visit of a raw scope, for layers."""
    visit: Visit = scope["state"]["visit"]
    return visit
