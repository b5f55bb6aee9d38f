"""A site on loopback that shows the specimens under the site's own policy, and answers what the scripts ask."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs

from tests.web import specimens
from web import assets, rendering
from web.pages.parts import Vote

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)


class SpecimenSite:
    """`posted` holds the forms that came, by path. Paths: /en and /it show every component; others answer forms."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.posted: list[tuple[str, dict[str, str]]] = []
        self.refused = False  # answer posts with the 403 page
        self.lost = False  # answer posts with a page that lacks what was asked for

    def get(self, path: str) -> tuple[int, str, bytes]:
        if path.startswith("/static/"):
            asset = assets.shelf().files[path.removeprefix("/static/")]
            return 200, asset.kind, asset.body
        if path == "/ask/similar":
            return 200, "text/html", b"<p>Something like it</p>"
        if path in ("/en", "/it"):
            return 200, "text/html; charset=utf-8", components(path[1:])
        return 200, "text/html; charset=utf-8", plain()

    def post(self, path: str, form: dict[str, str]) -> tuple[int, str, bytes]:
        self.posted.append((path, form))
        if path == "/preview":
            return 200, "text/html", f"<p>Preview of <em>{len(form['body'])}</em></p>".encode()
        if self.refused:
            return 403, "text/html; charset=utf-8", refusal()
        if self.lost:
            return 200, "text/html; charset=utf-8", plain()
        return (200, "text/html; charset=utf-8", components("en")) if path == "/vote" else (200, "text/html", plain())


def components(locale: str) -> bytes:
    context = specimens.context(locale) | {"vote": Vote("/vote", 12, 1)}
    context["page"] = specimens.page(locale, title="Components", notices=())
    return rendering.environment(locale).from_string(specimens.SOURCE).render(context).encode()


def plain() -> bytes:
    return rendering.render("base.html", "en", page=specimens.page(title="Plain", notices=()))


def refusal() -> bytes:
    page = specimens.page(title="", notices=())
    return rendering.render(
        "errors/403.html", "en", page=page, text="Only the person who asked can do that.", number=""
    )


@contextmanager
def running() -> Iterator[SpecimenSite]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(*site.get(self.path.partition("?")[0]))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"])).decode()
            self._answer(*site.post(self.path, {name: values[-1] for name, values in parse_qs(body).items()}))

        def _answer(self, status: int, kind: str, body: bytes) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(body)))
            self.send_header("content-security-policy", POLICY)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that http.server gives it
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    site = SpecimenSite(f"http://127.0.0.1:{server.server_port}")
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield site
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
