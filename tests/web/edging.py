"""A small site behind the real edge, for tests of the edge: pages that are kept, forms, errors of every kind."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, cast

import sqlalchemy.exc
from litestar import Request, Response, get, post, put
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, JSONBody, RawBody
from litestar.testing import TestClient
from litestar.types import Scope
from msgspec import Meta, Struct

from forum.kernel.db import Database
from forum.kernel.errors import Conflict, Gone, Invalid, NotAllowed, NotFound, TooMany, Unavailable
from forum.kernel.settings import Settings
from forum.members import accounts
from tests.installing import settings_for
from web.app import Edge, create_app
from web.arguments import path_id, query
from web.bodies import Body
from web.edge.cache import keep
from web.edge.csrf import form_token
from web.edge.limits import Limits
from web.edge.visit import visit_of
from web.identity import current_actor, current_member
from web.installation import db_of

AnyRequest = Request[Any, Any, Any]
HERE = "http://127.0.0.1:8000"
FROM_HERE = {"sec-fetch-site": "same-origin", "origin": HERE}


class Echo(Body, frozen=True, kw_only=True):
    text: str
    number: int = 0
    anything: Any = None


class Listing(Struct, frozen=True):
    page: Annotated[int, Meta(ge=1, le=1000)] = 1


@dataclass
class Site:
    """The site's own state, which a test turns; counts how often each page was made."""

    version: int = 1
    made: int = 0
    looked: int = 0
    fails: Callable[[], None] = field(default=lambda: None)

    def look(self, _connection: object) -> int:
        self.looked += 1
        self.fails()
        return self.version

    def handlers(self) -> list[HTTPRouteHandler]:
        return [*self._kept(), *_signing(), *_machines(), failing]

    def _kept(self) -> list[HTTPRouteHandler]:
        @get("/kept/{name:str}", sync_to_thread=True)
        def kept(request: AnyRequest, name: FromPath[str]) -> Response[str]:
            self.made += 1
            page = query(request, Listing).page
            own = f"/kept/{name}" + (f"?page={page}" if page > 1 else "")
            keep(request, address=own, version=self.version, version_of=self.look)
            said = (
                f"<p>{name} page {page} version {self.version} in {visit_of(request).locale} {visit_of(request).theme}"
            )
            return Response(said + "." * 500, media_type="text/html", headers=_asked_for(request))

        @get("/kept-form", sync_to_thread=True)
        def kept_form(request: AnyRequest) -> Response[str]:
            keep(request, address="/kept-form", version=1, version_of=self.look)
            return Response(form_token(request), media_type="text/html")

        @get("/kept-gone", sync_to_thread=True)
        def kept_gone(request: AnyRequest) -> Response[str]:
            keep(request, address="/kept-gone", version=1, version_of=self.look)
            raise NotFound()

        @get("/kept-moved", sync_to_thread=True)
        def kept_moved(request: AnyRequest) -> Response[str]:
            keep(request, address="/kept-moved", version=1, version_of=self.look)
            return Response("", status_code=302, headers={"location": "/kept/x"}, media_type="text/html")

        @get("/kept-cookie", sync_to_thread=True)
        def kept_cookie(request: AnyRequest) -> Response[str]:
            self.made += 1
            keep(request, address="/kept-cookie", version=1, version_of=self.look)
            return Response("<p>", media_type="text/html", headers={"set-cookie": "a=b"})

        return [kept, kept_form, kept_gone, kept_moved, kept_cookie]


def _asked_for(request: AnyRequest) -> dict[str, str]:
    """Lets a test make a handler do what no kept page may."""
    return {"cache-control": "private"} if "private" in request.url.path else {}


def _signing() -> list[HTTPRouteHandler]:
    @get("/me", sync_to_thread=True)
    def me(request: AnyRequest) -> Response[str]:
        with db_of(request).reading() as connection:
            actor = current_actor(request, connection)
        return Response(f"{actor.handle}\n{form_token(request)}", media_type="text/plain")

    @get(["/mine", "/api/mine"], sync_to_thread=True)
    def mine(request: AnyRequest) -> Response[str]:
        with db_of(request).reading() as connection:
            return Response(current_member(request, connection).handle, media_type="text/plain")

    @put("/api/mine", sync_to_thread=True)
    def mine_again(request: AnyRequest) -> Response[str]:
        with db_of(request).transaction() as session:
            return Response(current_member(request, session.connection()).handle, media_type="text/plain")

    @post(["/change", "/api/change"], sync_to_thread=True)
    def change(request: AnyRequest, body: RawBody) -> Response[bytes]:
        return Response(body, status_code=200, media_type="application/octet-stream")

    return [me, mine, mine_again, change]


def _machines() -> list[HTTPRouteHandler]:
    @post("/api/echo", sync_to_thread=True, status_code=200)
    def echo(data: JSONBody[Echo]) -> Echo:
        return data

    @put("/api/things/{thing_id:str}", sync_to_thread=True)
    def thing(thing_id: FromPath[str]) -> dict[str, int]:
        return {"id": path_id(thing_id)}

    @get("/things/{thing_id:str}", sync_to_thread=True)
    def page(request: AnyRequest, thing_id: FromPath[str]) -> Response[str]:
        return Response(f"{path_id(thing_id)} {query(request, Listing).page}", media_type="text/html")

    return [echo, thing, page]


ERRORS: dict[str, Callable[[], Exception]] = {
    "not-found": NotFound,
    "not-allowed": NotAllowed,
    "conflict": Conflict,
    "gone": Gone,
    "invalid": lambda: Invalid({"title": "A title needs words."}),
    "too-many": lambda: TooMany(retry_after=7),
    "unavailable": Unavailable,
    "away": lambda: sqlalchemy.exc.OperationalError("select", {}, OSError("refused")),
    "pool": lambda: sqlalchemy.exc.TimeoutError("no connection"),
    "bug": lambda: ZeroDivisionError("secret detail"),
}


@get(["/fail/{name:str}", "/api/fail/{name:str}"], sync_to_thread=True)
def failing(name: FromPath[str]) -> None:
    raise ERRORS[name]()


PASSWORD = "correct horse battery staple"


def registered(database: Database, *handles: str) -> list[int]:
    """Accounts with `PASSWORD`; their ids."""
    with database.transaction() as session:
        return [
            accounts.register(session, handle=handle, mail=f"{handle}@example.com", password=PASSWORD).id
            for handle in handles
        ]


def csrf_in(page: str) -> str:
    """The hidden field of a page's form."""
    found = re.search(r'name="csrf" value="([\w-]{36})"', page)
    assert found, page
    return found[1]


def sign_in(browser: TestClient[Any], handle: str) -> str:
    """Through the real form; returns the session's token."""
    form = {"csrf": csrf_in(browser.get("/login").text), "login": handle, "password": PASSWORD}
    answer = browser.post("/login", data=form, headers=FROM_HERE)
    assert answer.status_code == 303, answer.text
    return str(browser.cookies["session"])


class Opener:
    """Opens sites and browsers on them, and closes the databases behind them at the end."""

    def __init__(self) -> None:
        self._open: list[Edge] = []

    def __call__(
        self, settings: Settings, site: Site | None = None, *, limits: Limits | None = None, base_url: str = HERE
    ) -> TestClient[Any]:
        """A browser that keeps cookies and follows nothing by itself, on a site of its own."""
        app = create_app(settings, handlers=(site or Site()).handlers(), limits=limits)
        self._open.append(app)
        client: TestClient[Any] = TestClient(app, base_url=base_url)
        client.follow_redirects = False
        return client

    def another(self, browser: TestClient[Any]) -> TestClient[Any]:
        """A browser on the same site, with a jar of its own."""
        client: TestClient[Any] = TestClient(browser.app, base_url=str(browser.base_url))
        client.follow_redirects = False
        return client

    def close(self) -> None:
        for app in self._open:
            app.site.state["loggia"].db.dispose()


def opening() -> Iterator[Opener]:
    """The body of a fixture."""
    opener = Opener()
    yield opener
    opener.close()


def embedded(folder: Path, **variables: str) -> Settings:
    """Settings over a database file that nothing is in."""
    url = variables.pop("database_url", f"sqlite:///{folder / 'empty.sqlite'}")
    return settings_for(url, folder, **variables)


@dataclass(frozen=True)
class RawAnswer:
    status: int
    headers: list[tuple[bytes, bytes]]
    body: bytes

    def header(self, name: str) -> str:
        return ", ".join(value.decode() for key, value in self.headers if key == name.encode())


def raw(
    app: Edge,
    path: str,
    *headers: tuple[bytes, bytes],
    method: str = "GET",
    query: bytes = b"",
    chunks: Sequence[bytes] = (b"",),
) -> RawAnswer:
    """A request exactly as given, past what a client would tidy up."""
    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "root_path": "",
        "method": method,
        "path": path,
        "raw_path": path.encode("utf-8", "replace"),
        "query_string": query,
        "headers": list(headers),
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }
    return asyncio.run(_ask(app, scope, list(chunks)))


async def _ask(app: Edge, scope: dict[str, Any], chunks: list[bytes]) -> RawAnswer:
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        if not chunks:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    await app(cast("Scope", scope), receive, send)
    body = b"".join(message.get("body", b"") for message in sent[1:])
    return RawAnswer(sent[0]["status"], list(sent[0]["headers"]), body)


OUR_HOST = (b"host", HERE.removeprefix("http://").encode())
