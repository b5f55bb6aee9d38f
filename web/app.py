"""The web application, put together. Reading `create_app` is reading what happens to a request."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from copy import copy
from functools import partial
from typing import TYPE_CHECKING, Any, cast

import structlog
from litestar import Litestar, Router
from litestar.concurrency import set_asyncio_executor, sync_to_thread
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.openapi import OpenAPIConfig
from litestar.types import HTTPScope, LifeSpanScope, Scope
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.orm import Session

from forum.kernel.db import Database
from forum.kernel.errors import LoggiaError
from forum.kernel.settings import Settings
from forum.members import providers
from web import logs, routes
from web.bodies import check_body
from web.description import Description
from web.edge.asgi import HTTPApp
from web.edge.buckets import MemoryStore
from web.edge.cache import PageCache
from web.edge.csrf import Csrf
from web.edge.headers import SecurityHeaders
from web.edge.heads import Heads
from web.edge.host import HeadAsGet, HostCheck, Proxies
from web.edge.limits import LIMITS, LOOPBACK_LIMITS, Deadline, Limits, RateLimit, Shedding
from web.edge.requests import Barrier, Requests
from web.edge.sessions import Sessions
from web.edge.stores import shared_store
from web.edge.visit import Version
from web.errors import Errors
from web.health import OPEN_PATHS
from web.installation import STATE_KEY, Installation
from web.lanes import QuickLane
from web.pages.failing import error_page
from web.policy import lint as policy
from web.problems import Refused

if TYPE_CHECKING:
    from web.worker import Listening

LARGEST_BODY = 2**20  # a megabyte; a route that takes uploads says so itself
_log = structlog.get_logger("loggia.web")


def create_app(settings: Settings, *, handlers: Sequence[HTTPRouteHandler] = (), limits: Limits | None = None) -> Edge:
    """The whole site as one ASGI application. `handlers` are added to the site's own routes, for tests and benchmarks.

    To be called before an event loop runs: the threads that handlers run in are set here.
    """
    logs.configure(settings.log_level)
    policy.check_routes(routes.ROUTES)
    db = Database(settings.database_url)
    house = Installation(settings, db, limits or limits_for(settings), shared_store(settings, db))
    # As many threads as connections: one more would only wait for a connection while holding a request.
    set_asyncio_executor(ThreadPoolExecutor(db.pool_size, thread_name_prefix="web"))
    lane = QuickLane()
    errors = Errors(error_page(house.sites))

    site = Litestar(
        route_handlers=[in_one_router([*routes.ROUTES, *handlers], db, lane)],
        lifespan=[lifespan(house)],
        state=State({STATE_KEY: house}),
        before_request=check_body,
        exception_handlers=dict.fromkeys((LoggiaError, Refused, HTTPException, Exception), errors.handler),
        request_max_body_size=LARGEST_BODY,
        openapi_config=OpenAPIConfig(
            "Loggia", "1", path="/api/openapi.json", render_plugins=[Description([*routes.ROUTES, *handlers])]
        ),
        logging_config=None,
    )
    return Edge(site, in_order(site, house, errors, lane))


def in_order(site: Litestar, house: Installation, errors: Errors, lane: QuickLane) -> HTTPApp:
    """The layers, the first to see a request first."""
    settings, db = house.settings, house.db
    https, base_url = settings.is_https, settings.base_url
    layers: list[Callable[[HTTPApp], HTTPApp]] = [
        partial(Requests, watch=house.metrics.note),
        partial(SecurityHeaders, https=https),
        partial(Barrier, errors=errors),
        partial(Heads, https=https, site=house.sites),
        partial(
            HostCheck, base_url=base_url, proxies=Proxies(settings.trusted_proxies), open_paths=open_paths(settings)
        ),
        HeadAsGet,
        # A page from memory costs less than counting who asked for it, so the cache stands before the limits.
        partial(PageCache, read_version=version_reader(db, lane)),
        partial(RateLimit, limits=house.limits, here=MemoryStore(), shared=house.buckets, known=house.known),
        Shedding,
        partial(Sessions, write=late_writer(db)),
        Deadline,
        partial(Csrf, secret_key=settings.secret_key, base_url=base_url),
    ]
    app = cast("HTTPApp", site)
    for layer in reversed(layers):
        app = layer(app)
    return app


class Edge:
    """Requests go through the layers; starting and stopping is the framework's own."""

    def __init__(self, site: Litestar, layers: HTTPApp) -> None:
        self.site = site
        self._layers = layers

    async def __call__(self, scope: Scope | LifeSpanScope, receive: Any, send: Any) -> None:
        kind = str(scope["type"])
        if kind == "http":
            await self._layers(cast("HTTPScope", scope), receive, send)
        elif kind == "websocket":
            await send({"type": "websocket.close", "code": 1000, "reason": ""})  # there are none here
        else:
            await self.site(cast("LifeSpanScope", scope), receive, send)


def in_one_router(handlers: Sequence[HTTPRouteHandler], db: Database, lane: QuickLane) -> Router:
    """The handlers, each set to run where it is quickest, in one router and once per path.

    Registered one by one, two handlers of one path, or one handler of two, would be prepared twice by the framework, and a
    handler that is prepared twice for its thread answers with a coroutine that nobody awaits.
    """
    return Router(
        "/", route_handlers=[placed(handler, path, db, lane) for handler in handlers for path in sorted(handler.paths)]
    )


def placed(handler: HTTPRouteHandler, path: str, db: Database, lane: QuickLane) -> HTTPRouteHandler:
    """A copy of the handler, set to run where it is quickest: a GET straight on the loop on SQLite, in the quick lane
    on PostgreSQL, all else in a thread.

    A read of the embedded database takes less time than handing it to a thread. What may write, and what says of itself
    that it is slow (`opt={"slow": True}`), is in a thread always. The original belongs to its module and stays as it is:
    the framework changes what it is given, and there may be a second application, on the other database.
    """
    own = copy(handler)
    own.paths = {path}
    reads = set(own.http_methods) <= {"GET", "HEAD"} and not own.opt.get("slow")
    if own.sync_to_thread and reads and db.is_sqlite:
        own.sync_to_thread = False
    elif own.sync_to_thread and reads:
        own.sync_to_thread = None  # what the lane leads is awaited already
        own(lane.led(own.fn))
    return own


def limits_for(settings: Settings) -> Limits:
    return LOOPBACK_LIMITS if settings.is_loopback else LIMITS


def open_paths(settings: Settings) -> frozenset[str]:
    return OPEN_PATHS | {"/metrics"} if settings.metrics_token else OPEN_PATHS


def version_reader(db: Database, lane: QuickLane) -> Callable[[Callable[[Connection], Version]], Any]:
    """How the page cache looks at the database."""

    def look(version_of: Callable[[Connection], Version]) -> Version:
        with db.reading() as connection:
            return version_of(connection)

    async def on_the_loop(version_of: Callable[[Connection], Version]) -> Version:
        return look(version_of)

    async def in_a_thread(version_of: Callable[[Connection], Version]) -> Version:
        return await lane.run(look, version_of)

    return on_the_loop if db.is_sqlite else in_a_thread


def late_writer(db: Database) -> Callable[[Callable[[Session], None]], Any]:
    """How small notes are written after an answer has left. Losing one is no harm, so trouble is only logged."""

    def write(note: Callable[[Session], None]) -> None:
        try:
            with db.transaction() as session:
                note(session)
        except SQLAlchemyError:
            _log.warning("note not written", exc_info=True)

    async def in_a_thread(note: Callable[[Session], None]) -> None:
        await sync_to_thread(write, note)

    return in_a_thread


def lifespan(house: Installation) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    """What starts with the site and stops with it: the embedded worker, where no broker is configured, and the pools."""

    @asynccontextmanager
    async def running(_site: Litestar) -> AsyncIterator[None]:
        await sync_to_thread(_follow_environment, house)
        worker = await sync_to_thread(_start_worker, house)
        try:
            yield
        finally:
            if worker is not None:
                await sync_to_thread(worker.stop)  # before the pool closes under it
            house.db.dispose()

    return running


def _follow_environment(house: Installation) -> None:
    """Another process may be doing the same just now; then it is done."""
    with suppress(IntegrityError), house.db.transaction() as session:
        providers.follow_environment(session, house.settings)


def _start_worker(house: Installation) -> Listening | None:
    from web import worker

    if house.settings.broker_url is None:
        return worker.start(house.settings, house.db)
    worker.ring_only(house.settings, house.db)
    return None
