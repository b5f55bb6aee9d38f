"""What machines read to find their way: the sitemap, `robots.txt`, the search description for browsers, `llms.txt`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any, Literal
from xml.etree import ElementTree as ET

import msgspec
from litestar import Request, Response, get
from msgspec import Meta
from sqlalchemy import Connection

from forum.articles.pages import public_addresses
from forum.kernel.access import ANONYMOUS
from forum.kernel.errors import N_, NotFound, Text
from forum.threads import syndication
from forum.threads.places import category_list, tag_list
from web.arguments import query
from web.edge.cache import keep
from web.edge.visit import visit_of
from web.feeds.atom import clean, document
from web.installation import db_of, installation_of
from web.pages.rows import tag_label
from web.translations import translate
from web.wording import iso

AnyRequest = Request[Any, Any, Any]
SITEMAP = "http://www.sitemaps.org/schemas/sitemap/0.9"
SHARE = 2_500
"""Ids of threads that one page of the sitemap covers: small enough to be kept in memory, far below the 50,000 allowed."""
_PLACES = ("/", "/ideas", "/ideas/roadmap", "/tags", "/help", "/transparency", "/about", "/privacy")
_MOST_TAGS = 1_000
_PRIVATE = (
    *(
        "/search",
        "/ask",
        "/login",
        "/logout",
        "/register",
        "/settings",
        "/notifications",
        "/moderation",
        "/admin",
        "/insights",
    ),
    *("/api/", "/help/review", "/*/edit", "/*?sort=", "/*&sort="),
)
_ABOUT = (
    "> A support community: customers and the company answer questions in the open. Accepted answers solved the asker's"
    " problem; official answers are the company's word."
)
Url = tuple[str, datetime | None]


class Part(msgspec.Struct, frozen=True):
    """Which part of the sitemap; without any, the index of all parts."""

    part: Literal["places", "articles", "threads"] | None = None
    page: Annotated[int, Meta(ge=0, le=10**12)] = 0


@get("/sitemap.xml", action="site.describe", sync_to_thread=True, include_in_schema=False, opt={"slow": True})
def sitemap(request: AnyRequest) -> Response[bytes]:
    """The index of the sitemap's parts, or one of them."""
    asked, db = query(request, Part), db_of(request)
    address = _address(asked)
    with db.reading() as connection:
        version = db.last_change(connection)
        body = _map(connection, installation_of(request).settings.base_url.rstrip("/"), asked)
    keep(request, address=address, version=version, version_of=db.last_change)
    return Response(body, media_type="application/xml")


def _address(asked: Part) -> str:
    if asked.part is None:
        return "/sitemap.xml"
    return f"/sitemap.xml?part={asked.part}" + (f"&page={asked.page}" if asked.part == "threads" else "")


def _map(connection: Connection, base: str, asked: Part) -> bytes:
    if asked.part is None:
        return _listed("sitemapindex", "sitemap", base, _parts(connection))
    urls = {"places": _places, "articles": _articles, "threads": _threads}[asked.part](connection, asked.page)
    if not urls:
        raise NotFound()
    return _listed("urlset", "url", base, urls)


def _parts(connection: Connection) -> list[Url]:
    parts: list[Url] = [("/sitemap.xml?part=places", None)]
    articles = public_addresses(connection)
    if articles:
        changed = max(one.changed_at for one in articles)
        parts.append(("/sitemap.xml?part=articles", changed))
    shares = syndication.shares(connection, size=SHARE)
    return parts + [(f"/sitemap.xml?part=threads&page={share}", changed) for share, changed in shares]


def _places(connection: Connection, _page: int) -> list[Url]:
    categories = [f"/c/{place.slug}" for place in category_list(connection, ANONYMOUS)]
    tags = [tag_label(tag.key).href for tag in tag_list(connection, limit=_MOST_TAGS)]
    return [(path, None) for path in (*_PLACES, *categories, *tags)]


def _articles(connection: Connection, _page: int) -> list[Url]:
    return [(f"/help/{one.id}/{one.slug}", one.changed_at) for one in public_addresses(connection)]


def _threads(connection: Connection, page: int) -> list[Url]:
    found = syndication.addresses(connection, share=page, size=SHARE)
    return [(f"/t/{one.id}/{one.slug}", one.changed_at) for one in found]


def _listed(root_name: str, name: str, base: str, urls: Iterable[Url]) -> bytes:
    root = ET.Element(root_name, {"xmlns": SITEMAP})
    for path, changed in urls:
        node = ET.SubElement(root, name)
        ET.SubElement(node, "loc").text = base + path
        if changed is not None:
            ET.SubElement(node, "lastmod").text = iso(changed)
    return document(root)


@get("/robots.txt", action="site.describe", sync_to_thread=False, include_in_schema=False)
def robots(request: AnyRequest) -> Response[str]:
    """What crawlers may read, and where the sitemap is."""
    base = installation_of(request).settings.base_url.rstrip("/")
    lines = ["User-agent: *", *(f"Disallow: {path}" for path in _PRIVATE), "", f"Sitemap: {base}/sitemap.xml", ""]
    return Response("\n".join(lines), media_type="text/plain")


@get("/opensearch.xml", action="site.describe", sync_to_thread=False, include_in_schema=False)
def opensearch(request: AnyRequest) -> Response[bytes]:
    """How a browser searches this site from its own bar (OpenSearch 1.1)."""
    here, locale = installation_of(request), visit_of(request).locale
    base, name = here.settings.base_url.rstrip("/"), here.sites.known.name
    root = ET.Element("OpenSearchDescription", {"xmlns": "http://a9.com/-/spec/opensearch/1.1/"})
    ET.SubElement(root, "ShortName").text = clean(name)[:16]
    about = translate(Text(N_("Search questions, ideas and help of %(site)s"), site=name), locale)
    ET.SubElement(root, "Description").text = clean(about)[:1024]
    ET.SubElement(root, "InputEncoding").text = "UTF-8"
    ET.SubElement(root, "Url", {"type": "text/html", "template": f"{base}/search?q={{searchTerms}}"})
    own = {"type": "application/opensearchdescription+xml", "rel": "self", "template": f"{base}/opensearch.xml"}
    ET.SubElement(root, "Url", own)
    return Response(document(root), media_type="application/opensearchdescription+xml")


@get("/llms.txt", action="site.describe", sync_to_thread=True, include_in_schema=False)
def llms(request: AnyRequest) -> Response[str]:
    """What a language model that visits should know: what this is, and where things are in a form it reads well."""
    here = installation_of(request)
    base = here.settings.base_url.rstrip("/")
    with db_of(request).reading() as connection:
        places, site = category_list(connection, ANONYMOUS), here.sites.now(connection)
    lines = [
        f"# {site.name}",
        "",
        site.description or _ABOUT,
        "",
        "## Where things are",
        "",
        f"- [Search]({base}/api/v1/search?q=): threads and articles as JSON; `{base}/api/openapi.json` describes the whole API",
        f"- [Help centre]({base}/help): reviewed articles; as JSON with Markdown under {base}/api/v1/articles",
        f"- [Public log]({base}/transparency): every decision of the moderators",
        f"- [Sitemap]({base}/sitemap.xml)",
        "",
        "## Categories",
        "",
        *(f"- [{place.name}]({base}/c/{place.slug}): {place.description}".rstrip(": ") for place in places),
        "",
    ]
    return Response("\n".join(lines), media_type="text/plain")


routes = [sitemap, robots, opensearch, llms]
