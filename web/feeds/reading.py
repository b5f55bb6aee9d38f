"""The feeds that people subscribe to: the lists of the front page, ideas, announcements, a category, a tag, a thread, a member's
answers, the help centre, the public log.

They are the same for everybody: what a visitor may read.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote, urlsplit

from litestar import Request, Response, get
from litestar.params import FromPath
from sqlalchemy import Connection

from forum.articles.pages import PublicArticle, newest_articles
from forum.kernel.access import ANONYMOUS
from forum.kernel.errors import N_, NotFound, Text
from forum.members.policies import may_see_activity
from forum.threads import syndication
from forum.threads.places import category_named, slug_now, tag_named
from forum.threads.profiles import profile_page
from forum.threads.syndication import PublicAnswer, PublicPost, PublicThread, Syndicated
from moderation.pages import log_head, log_list
from web.arguments import path_id
from web.edge.visit import visit_of
from web.feeds.atom import By, Entry, Feed, atom
from web.installation import db_of, installation_of
from web.pages.frame import moved_to
from web.pages.keeping import keep_list
from web.pages.transparency import Link, linked
from web.translations import translate

AnyRequest = Request[Any, Any, Any]
MEDIA_TYPE = "application/atom+xml"
_BONDS = {"partner": N_("Partner"), "reseller": N_("Reseller"), "contractor": N_("Contractor")}


class House:
    """What every feed says of the site: its address, its name, the language it speaks to this reader."""

    def __init__(self, request: AnyRequest, connection: Connection) -> None:
        here = installation_of(request)
        self.base = here.settings.base_url.rstrip("/")
        site = here.sites.now(connection)
        self.name, self.version = site.name, site.version
        self.locale = visit_of(request).locale
        self.places = here.sites.places(self.locale)
        self._authority = urlsplit(self.base).hostname or "localhost"

    def say(self, text: Text) -> str:
        return translate(text, self.locale)

    def tag(self, since: Any, kind: str, key: int) -> str:
        """A name for ever (RFC 4151): of a thing that came to be on that day."""
        return f"tag:{self._authority},{since:%Y-%m-%d}:{kind}/{key}"

    def author(self, said: PublicThread | PublicPost) -> By:
        badge = self._badge(said)
        name = f"{said.author_name} ({badge})" if badge else said.author_name
        return By(name, f"{self.base}/m/{quote(said.author_handle)}")

    def _badge(self, said: PublicThread | PublicPost) -> str:
        """The badge that the author wore then, in words: a feed has no other place for it."""
        if said.is_company:
            return ", ".join(filter(None, (self.say(Text(N_("Company"))), said.badge_team)))
        if not said.badge_kind:
            return ""
        declared = "" if said.badge_is_confirmed else self.say(Text(N_("declared by themselves")))
        return ", ".join(filter(None, (self.say(Text(_BONDS[said.badge_kind])), said.badge_team, declared)))


def _answered(request: AnyRequest, address: str, make: Callable[[Connection, House], Feed]) -> Response[bytes]:
    """The feed, kept for everybody until anything is committed."""
    db = db_of(request)
    with db.reading() as connection:
        version = db.last_change(connection)
        house = House(request, connection)
        feed = make(connection, house)
    visit_of(request).site_version = house.version
    keep_list(request, ANONYMOUS, address=address, version=version)
    return Response(atom(feed), media_type=MEDIA_TYPE)


@get("/feeds/latest", action="thread.list", sync_to_thread=True, include_in_schema=False)
def latest(request: AnyRequest) -> Response[bytes]:
    """What is new everywhere."""
    return _listed(request, "/feeds/latest", "/", Text(N_("Latest")), order="latest")


@get("/feeds/unanswered", action="thread.list", sync_to_thread=True, include_in_schema=False)
def unanswered(request: AnyRequest) -> Response[bytes]:
    """The newest questions that wait for an answer."""
    return _listed(request, "/feeds/unanswered", "/?sort=unanswered", Text(N_("Unanswered")), order="unanswered")


@get("/feeds/top", action="thread.list", sync_to_thread=True, include_in_schema=False)
def top(request: AnyRequest) -> Response[bytes]:
    """What most people found helpful."""
    return _listed(request, "/feeds/top", "/?sort=top", Text(N_("Top")), order="top")


@get("/feeds/ideas", action="thread.list", sync_to_thread=True, include_in_schema=False)
def of_ideas(request: AnyRequest) -> Response[bytes]:
    """What is new among the ideas."""
    return _listed(request, "/feeds/ideas", "/ideas", Text(N_("Ideas")), kind="idea")


@get("/feeds/announcements", action="thread.list", sync_to_thread=True, include_in_schema=False)
def of_announcements(request: AnyRequest) -> Response[bytes]:
    """What the company announced."""
    return _listed(request, "/feeds/announcements", "/", Text(N_("Announcements")), kind="announcement")


def _listed(
    request: AnyRequest, path: str, page: str, name: Text, *, order: syndication.Order = "latest", kind: str = ""
) -> Response[bytes]:
    def make(connection: Connection, house: House) -> Feed:
        found = syndication.threads(connection, order=order, kind=kind)
        return _of_threads(house, f"{house.say(name)} · {house.name}", path, page, found)

    return _answered(request, path, make)


@get("/feeds/c/{slug:str}", action="category.feed", sync_to_thread=True, include_in_schema=False)
def of_category(request: AnyRequest, slug: FromPath[str]) -> Response[bytes]:
    """What is new in a category."""

    def make(connection: Connection, house: House) -> Feed:
        place = category_named(connection, ANONYMOUS, slug)
        found = syndication.threads(connection, category=place.slug)
        return _of_threads(
            house,
            f"{house.places.name(place.slug, place.name)} · {house.name}",
            f"/feeds/c/{place.slug}",
            f"/c/{place.slug}",
            found,
        )

    try:
        return _answered(request, f"/feeds/c/{quote(slug)}", make)
    except NotFound:
        with db_of(request).reading() as connection:
            return moved_to(f"/feeds/c/{slug_now(connection, ANONYMOUS, slug)}")


@get("/feeds/tags/{name:str}", action="tag.read", sync_to_thread=True, include_in_schema=False)
def of_tag(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
    """What is new under a tag."""

    def make(connection: Connection, house: House) -> Feed:
        tag = tag_named(connection, ANONYMOUS, name)
        path = f"/tags/{quote(tag.key, safe='+.-')}"
        found = syndication.threads(connection, tag=tag.key)
        return _of_threads(house, f"{tag.name} · {house.name}", f"/feeds{path}", path, found)

    return _answered(request, f"/feeds/tags/{quote(name, safe='+.-')}", make)


def _of_threads(house: House, title: str, path: str, page: str, threads: Iterable[PublicThread]) -> Feed:
    return Feed(
        title=title,
        address=house.base + path,
        page=house.base + page,
        base=house.base,
        locale=house.locale,
        entries=tuple(_thread(house, thread) for thread in threads),
    )


def _thread(house: House, thread: PublicThread) -> Entry:
    return Entry(
        id=house.tag(thread.created_at, "thread", thread.id),
        title=thread.title,
        address=f"{house.base}/t/{thread.id}/{thread.slug}",
        published=thread.created_at,
        updated=thread.last_activity_at,
        html=thread.html,
        locale=thread.locale,
        by=house.author(thread),
        category=(thread.category_slug, house.places.name(thread.category_slug, thread.category_name)),
    )


@get("/feeds/t/{thread_id:str}", action="thread.feed", sync_to_thread=True, include_in_schema=False)
def of_thread(request: AnyRequest, thread_id: FromPath[str]) -> Response[bytes]:
    """What was said last in a thread."""
    key = path_id(thread_id)

    def make(connection: Connection, house: House) -> Feed:
        thread = syndication.newest_posts(connection, thread_id=key)
        return Feed(
            title=f"{thread.title} · {house.name}",
            address=f"{house.base}/feeds/t/{key}",
            page=f"{house.base}/t/{key}/{thread.slug}",
            base=house.base,
            locale=house.locale,
            entries=tuple(_post(house, thread, post) for post in thread.posts),
        )

    return _answered(request, f"/feeds/t/{key}", make)


def _post(house: House, thread: Syndicated, post: PublicPost) -> Entry:
    title = Text(N_("%(name)s on “%(title)s”"), name=post.author_name, title=thread.title)
    return Entry(
        id=house.tag(post.created_at, "post", post.id),
        title=thread.title if post.number == 1 else house.say(title),
        address=f"{house.base}/p/{post.id}",
        published=post.created_at,
        updated=post.edited_at or post.created_at,
        html=post.html,
        locale=post.locale or thread.locale,
        by=house.author(post),
    )


@get("/feeds/m/{handle:str}", action="member.read", sync_to_thread=True, include_in_schema=False)
def of_member(request: AnyRequest, handle: FromPath[str]) -> Response[bytes]:
    """What somebody answered last; nothing of those who chose not to have it gathered."""

    def make(connection: Connection, house: House) -> Feed:
        who = profile_page(connection, ANONYMOUS, handle=handle)
        if not may_see_activity(ANONYMOUS, who).allowed:
            raise NotFound()
        by = By(who.name, f"{house.base}/m/{quote(who.handle)}")
        return Feed(
            title=f"{who.name} · {house.name}",
            address=f"{house.base}/feeds/m/{quote(who.handle)}",
            page=f"{house.base}/m/{quote(who.handle)}",
            base=house.base,
            locale=house.locale,
            entries=tuple(_answer(house, by, said) for said in syndication.answers_of(connection, member_id=who.id)),
        )

    return _answered(request, f"/feeds/m/{quote(handle)}", make)


def _answer(house: House, by: By, said: PublicAnswer) -> Entry:
    return Entry(
        id=house.tag(said.created_at, "post", said.id),
        title=said.thread_title,
        address=f"{house.base}/p/{said.id}",
        published=said.created_at,
        updated=said.edited_at or said.created_at,
        html=said.html,
        locale=said.locale,
        by=by,
    )


@get("/feeds/help", action="article.list", sync_to_thread=True, include_in_schema=False)
def of_help(request: AnyRequest) -> Response[bytes]:
    """The articles of the help centre that were published last."""

    def make(connection: Connection, house: House) -> Feed:
        return Feed(
            title=f"{house.say(Text(N_('Help centre')))} · {house.name}",
            address=f"{house.base}/feeds/help",
            page=f"{house.base}/help",
            base=house.base,
            locale=house.locale,
            entries=tuple(_article(house, article) for article in newest_articles(connection)),
        )

    return _answered(request, "/feeds/help", make)


def _article(house: House, article: PublicArticle) -> Entry:
    return Entry(
        id=house.tag(article.published_at, "article", article.id),
        title=article.title,
        address=f"{house.base}/help/{article.id}/{article.slug}",
        published=article.published_at,
        updated=article.changed_at,
        html=article.html,
        locale=article.locale,
        category=(article.category_slug, house.places.name(article.category_slug, article.category_name)),
    )


@get("/feeds/transparency", action="log.read", sync_to_thread=True, include_in_schema=False)
def of_log(request: AnyRequest) -> Response[bytes]:
    """The public log. Each entry brings its link of the chain, and the feed where the chain ends, so that readers hold copies."""

    def make(connection: Connection, house: House) -> Feed:
        head = log_head(connection)
        entries = log_list(connection, ANONYMOUS, limit=50).items
        checkpoint = Text(N_("Checkpoint: entry %(number)s, SHA-256 %(hash)s"), number=head.number, hash=head.hash)
        return Feed(
            title=house.say(Text(N_("Public log of %(site)s"), site=house.name)),
            subtitle=house.say(checkpoint),
            address=f"{house.base}/feeds/transparency",
            page=f"{house.base}/transparency",
            base=house.base,
            locale=house.locale,
            entries=tuple(_decision(house, linked(entry)) for entry in entries),
            checkpoint=(head.number, head.hash),
        )

    return _answered(request, "/feeds/transparency", make)


def _decision(house: House, link: Link) -> Entry:
    entry = link.entry
    return Entry(
        id=house.tag(entry.at, "decision", entry.number),
        title=f"{entry.label}: {house.say(link.word)}",
        address=f"{house.base}/transparency/{entry.number}",
        published=entry.at,
        updated=entry.at,
        html=_words(house, link),
        hashes=(entry.number, entry.hash, entry.previous),
    )


def _words(house: House, link: Link) -> str:
    """Rule, reason, by whom, and the hashes; what was redacted or is not everybody's is not said."""
    rule = Text(N_("Rule %(code)s, %(name)s."), code=link.entry.rule, name=link.told.rule_name)
    automated = Text(N_("Automated.")) if link.entry.automated else Text(N_("Not automated."))
    by = Text(N_("Decided by %(who)s."), who=link.told.by)
    lines = [" ".join(house.say(text) for text in (rule, by, automated)), link.entry.text]
    lines.append(
        house.say(Text(N_("Hash %(hash)s, after %(previous)s"), hash=link.entry.hash, previous=link.entry.previous))
    )
    return "".join(f"<p>{html.escape(line)}</p>" for line in lines if line)


routes = [
    *(latest, unanswered, top, of_ideas, of_announcements, of_category, of_tag, of_thread, of_member, of_help, of_log),
]
