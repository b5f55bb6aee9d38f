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

from forum.articles.pages import public_addresses, shelves
from forum.kernel.access import ANONYMOUS
from forum.kernel.errors import N_, NotFound, Text
from forum.members.site import Site
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
# Whether there is anything on them is for their pages to say.
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
_READING = (
    "Words on these pages are by customers unless a badge says that their author belongs to the company, or to a partner. A"
    " duplicate names the thread that goes on. Each page says in JSON-LD what it is."
)
_FEEDS = (
    ("What is new", "latest"),
    ("Questions without an answer", "unanswered"),
    ("Announcements of the company", "announcements"),
    ("Ideas", "ideas"),
    ("Help articles", "help"),
    ("Decisions of the moderators", "transparency"),
)
MODELS = (
    *("GPTBot", "ClaudeBot", "anthropic-ai", "Google-Extended", "Applebot-Extended", "CCBot", "Bytespider"),
    *("meta-externalagent", "Amazonbot", "cohere-ai", "PerplexityBot", "Diffbot", "omgili"),
)
"""Crawlers that gather words for language models, as their makers name them."""
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
    categories = [f"/c/{place.slug}" for place in category_list(connection, ANONYMOUS) if place.thread_count]
    helped = [f"/help?category={shelf.slug}" for shelf in shelves(connection, ANONYMOUS)]
    tags = [tag_label(tag.key).href for tag in tag_list(connection, limit=_MOST_TAGS)]
    return [(path, None) for path in (*_PLACES, *categories, *helped, *tags)]


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


@get("/robots.txt", action="site.describe", sync_to_thread=True, include_in_schema=False)
def robots(request: AnyRequest) -> Response[str]:
    """What crawlers may read, and where the sitemap is; nothing is for those of language models where they are refused."""
    base = installation_of(request).settings.base_url.rstrip("/")
    refused = MODELS if _site(request).models == "refused" else ()
    lines = [
        *(f"User-agent: {name}" for name in refused),
        *(("Disallow: /", "") if refused else ()),
        "User-agent: *",
        *(f"Disallow: {path}" for path in _PRIVATE),
        "",
        f"Sitemap: {base}/sitemap.xml",
        "",
    ]
    return Response("\n".join(lines), media_type="text/plain")


def _site(request: AnyRequest) -> Site:
    with db_of(request).reading() as connection:
        return installation_of(request).sites.now(connection)


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
    """What a language model that visits should know: what this is, and where things are in a form it reads well.

    Raises:
        NotFound: language models are not welcome here.
    """
    here = installation_of(request)
    base = here.settings.base_url.rstrip("/")
    with db_of(request).reading() as connection:
        places, site = category_list(connection, ANONYMOUS), here.sites.now(connection)
    if site.models == "refused":
        raise NotFound()
    lines = [
        *(f"# {site.name}", "", f"> {site.description}" if site.description else _ABOUT, ""),
        *(_READING, ""),
        *([f"Licence of what people write here: {site.licence}", ""] if site.licence else []),
        *("## Where the knowledge stands", ""),
        f"- [Help centre]({base}/help): reviewed articles; as JSON with Markdown under {base}/api/v1/articles",
        f"- [Search]({base}/api/v1/search?q=): threads and articles as JSON; type what you look for after `q=`",
        f"- [Threads]({base}/api/v1/threads?state=solved): as JSON; `{base}/api/v1/threads/ID` is one, its posts as Markdown and HTML",
        f"- [Ideas]({base}/ideas) and [roadmap]({base}/ideas/roadmap): what people wish for, and what the company answered",
        f"- [Public log]({base}/transparency): every decision of the moderators",
        *("", "## Categories", ""),
        *(f"- [{place.name}]({base}/c/{place.slug}): {place.description}".rstrip(": ") for place in places),
        *("", "## For programs", ""),
        f"- [API]({base}/api/openapi.json): the whole API, described in OpenAPI 3.1",
        *(f"- [{name}]({base}/feeds/{path}): Atom" for name, path in _FEEDS),
        f"- [Sitemap]({base}/sitemap.xml)",
        "",
    ]
    return Response("\n".join(lines), media_type="text/plain")


routes = [sitemap, robots, opensearch, llms]
