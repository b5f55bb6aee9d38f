"""Stylesheet, script and pictures of the interface under `/static/`, by names that carry a hash of their content.

What the build made lies in `web/frontend/dist`, named by its `manifest.json`. Without it (a machine that has no Node) the
stylesheet is put together from its sources, so the site looks the same, and there is no script, which no page needs.
"""

from __future__ import annotations

import gzip
import hashlib
import re
from collections.abc import Iterator
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import msgspec
from litestar import Request, Response, get
from litestar.params import FromPath
from markupsafe import Markup

from forum.kernel.errors import N_, NotFound

FRONTEND = Path(__file__).parent / "frontend"
_IMPORT = re.compile(r'@import "([\w.-]+)";')
_KINDS = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".txt": "text/plain",
}
_NO_WEIGHT = re.compile(r"\s*q\s*=\s*0(\.0*)?\s*")
_FOR_A_YEAR = "public, max-age=31536000, immutable"


class Asset:
    """One file as it is sent, and its gzipped twin, made once."""

    def __init__(self, name: str, body: bytes) -> None:
        self.name = name
        self.body = body
        self.kind = _KINDS[Path(name).suffix]

    @cached_property
    def gzipped(self) -> bytes:
        return gzip.compress(self.body, 9, mtime=0)


class Shelf:
    """All assets of one state of the frontend: `names` maps the plain name to the one with the hash."""

    def __init__(self, names: dict[str, str], files: dict[str, Asset]) -> None:
        self.names = names
        self.files = files


@cache
def shelf() -> Shelf:
    """What is served, read into memory once."""
    return shelf_of(FRONTEND, built=FRONTEND / "dist")


def shelf_of(frontend: Path, *, built: Path) -> Shelf:
    """What the build left in `built`, or else what the sources under `frontend` give without it."""
    manifest = built / "manifest.json"
    if not manifest.exists():
        return _unbuilt(frontend)
    names = msgspec.json.decode(manifest.read_bytes(), type=dict[str, str])
    return Shelf(names, {name: Asset(name, (built / name).read_bytes()) for name in names.values()})


def _unbuilt(frontend: Path) -> Shelf:
    assets = {name: Asset(_hashed(name, body), body) for name, body in _sources(frontend)}
    return Shelf({name: made.name for name, made in assets.items()}, {made.name: made for made in assets.values()})


def _sources(frontend: Path) -> Iterator[tuple[str, bytes]]:
    styles = _IMPORT.findall((frontend / "css" / "site.css").read_text("utf-8"))
    yield "site.css", b"\n".join((frontend / "css" / name).read_bytes() for name in styles)
    for picture in sorted((frontend / "img").iterdir()):
        yield picture.name, picture.read_bytes()


def _hashed(name: str, body: bytes) -> str:
    path = Path(name)
    return f"{path.stem}.{hashlib.sha256(body).hexdigest()[:10]}{path.suffix}"


def url(name: str) -> str:
    """The address of an asset by its plain name; empty where this installation has no such file (script, unbuilt)."""
    made = shelf().names.get(name)
    return f"/static/{made}" if made else ""


@cache
def icon(name: str) -> Markup:
    """The picture of that name from the sprite, silent to screen readers: a word always stands beside it."""
    return Markup('<svg class="i" aria-hidden="true"><use href="{}#{}"/></svg>').format(url("icons.svg"), name)


@get("/static/{name:str}", action="site.look", sync_to_thread=False, include_in_schema=False)
def static(request: Request[Any, Any, Any], name: FromPath[str]) -> Response[bytes]:
    """One asset. Its name changes with its content, so whoever has it need not ask again."""
    asset = shelf().files.get(name)
    if asset is None:
        raise NotFound(N_("There is no file of this name."))
    headers = {"cache-control": _FOR_A_YEAR, "vary": "accept-encoding", "x-content-type-options": "nosniff"}
    if _takes_gzip(request.headers.get("accept-encoding", "")):
        return Response(asset.gzipped, media_type=asset.kind, headers={**headers, "content-encoding": "gzip"})
    return Response(asset.body, media_type=asset.kind, headers=headers)


def _takes_gzip(accept_encoding: str) -> bool:
    """Whether the header names gzip without refusing it (RFC 9110, section 12.5.3)."""
    for part in accept_encoding.lower().split(","):
        name, _, weight = part.partition(";")
        if name.strip() == "gzip":
            return not _NO_WEIGHT.fullmatch(weight)
    return False


routes = [static]
