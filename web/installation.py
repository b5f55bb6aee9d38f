"""What handlers find when they need the house: settings, database, limits. One per application, reached from any request."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, cast

from litestar.connection import ASGIConnection

from forum.kernel.db import Database
from forum.kernel.settings import Settings
from forum.members.oidc.directory import Directory
from web.edge.buckets import MemoryStore, Store
from web.edge.limits import LOOPBACK_LIMITS, Limits
from web.edge.sessions import KnownTokens
from web.metrics import Metrics
from web.site import Sites

STATE_KEY = "loggia"
AnyConnection = ASGIConnection[Any, Any, Any, Any]


@dataclass(frozen=True, slots=True)
class Installation:
    """Made once by `create_app`."""

    settings: Settings
    db: Database
    limits: Limits = LOOPBACK_LIMITS
    buckets: Store = field(default_factory=MemoryStore)
    known: KnownTokens = field(default_factory=KnownTokens)
    metrics: Metrics = field(default_factory=Metrics)
    directory: Directory = field(default_factory=Directory)  # of identity providers
    sites: Sites = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "sites", Sites(self.settings))


def installation_of(request: AnyConnection) -> Installation:
    """The installation that a request came to."""
    return cast("Installation", request.app.state[STATE_KEY])


def db_of(request: AnyConnection) -> Database:
    """The database: `with db_of(request).transaction() as session`."""
    return installation_of(request).db
