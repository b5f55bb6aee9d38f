"""Every kind of page that the demo community shows, and who sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select, text

from crm_sync.tables import CrmDelivery
from forum.articles.tables import Article
from forum.kernel.db import Database
from forum.threads.tables import Category, Post, Tag, Thread

ROLES = ("visitor", "customer", "moderator", "product manager", "administrator")


@dataclass(frozen=True)
class Sight:
    """A page, and as whom to look at it."""

    role: str
    path: str
    status: int = 200


def sights(database: Database) -> list[Sight]:
    """All of them; the first of each role are those that people see most."""
    find = _Finder(database)
    return [
        *(Sight("visitor", path) for path in [*_read(find), *_listed(find)]),
        *(Sight("visitor", path) for path in ("/login", "/register", "/about", "/privacy", "/ask", "/transparency/1")),
        Sight("visitor", "/t/999999/nowhere", 404),
        Sight("customer", "/moderation", 403),
        *(Sight("customer", path) for path in _written(find)),
        *(Sight("moderator", path) for path in _moderated(find)),
        *(Sight("product manager", path) for path in _promised(find)),
        *(Sight("administrator", path) for path in _administered(find)),
    ]


class _Finder:
    """Looks for something of a kind, the first of it."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def one(self, statement: Select[*tuple[Any, ...]]) -> Any:
        with self._database.reading() as connection:
            return connection.execute(statement.limit(1)).one()

    def thread(self, *conditions: Any) -> str:
        found = self.one(
            select(Thread.id, Thread.slug).where(*conditions).order_by(Thread.reply_count.desc(), Thread.id)
        )
        return f"/t/{found.id}/{found.slug}"

    def post(self, *conditions: Any) -> int:
        return int(self.one(select(Post.id).where(*conditions).order_by(Post.id))[0])


def _read(find: _Finder) -> list[str]:
    """Threads in every state that has an appearance of its own, their histories, articles."""
    hidden = find.one(select(Post.thread_id).where(Post.hidden_at.is_not(None)))[0]
    edited = find.post(Post.revision > 1, Post.number > 1)
    article = find.one(select(Article.id, Article.slug).where(Article.state == "published").order_by(Article.id))
    official = find.one(select(Post.thread_id).where(Post.official_at.is_not(None), Post.accepted_at.is_(None)))[0]
    return [
        find.thread(Thread.solved_at.is_not(None), Thread.locale == "en"),
        "/",
        f"/help/{article.id}/{article.slug}",
        find.thread(Thread.kind == "idea"),
        find.thread(Thread.kind == "discussion"),
        find.thread(Thread.kind == "announcement"),
        find.thread(Thread.closed_at.is_not(None)),
        find.thread(Thread.locale == "it"),
        find.thread(Thread.id == official),
        find.thread(Thread.id == hidden),
        find.thread(Thread.solved_at.is_not(None)) + "/history",
        f"/p/{edited}/history",
    ]


def _listed(find: _Finder) -> list[str]:
    tag = find.one(select(Tag.name_key).order_by(Tag.thread_count.desc()))[0]
    return [
        "/?sort=unanswered", "/?sort=top", "/c/machines", "/c/machines?state=solved", "/c/machines?kind=idea&state=closed",
        "/tags", "/tags?q=zzz", f"/tags/{tag}", "/ideas", "/ideas?status=planned", "/ideas/roadmap", "/help",
        "/help?category=machines", "/search", "/search?q=pressure", "/search?q=nothing+says+zyxw", "/transparency",
        "/m/leonor", "/m/leonor?tab=answers", "/m/leonor?tab=questions", "/m/leonor?tab=ideas", "/m/tommaso",
    ]  # fmt: skip


def _written(find: _Finder) -> list[str]:
    """What Marta sees, who asks and answers."""
    mine = "(SELECT id FROM member WHERE handle_key = 'marta')"
    own = text(f"author_id = {mine}")
    question = find.post(own, Post.number == 1)
    reply = find.post(
        own, Post.number > 1, ~Post.is_comment, Post.accepted_at.is_(None), Post.official_at.is_(None),
        Post.deleted_at.is_(None),
    )  # fmt: skip
    theirs = find.post(text(f"author_id <> {mine}"), Post.hidden_at.is_(None), Post.number > 1)
    return [
        "/ask?title=The+pressure+climbs&category=machines", find.thread(Thread.solved_at.is_(None), Thread.kind == "question"),
        find.thread(own), f"/p/{question}/edit", f"/p/{reply}/edit", f"/p/{reply}/delete", f"/p/{theirs}/report",
        "/notifications", "/settings", "/settings/security", "/settings/identities", "/settings/tokens", "/m/marta", "/ideas", "/ask?kind=idea",
    ]  # fmt: skip


def _moderated(find: _Finder) -> list[str]:
    hidden = find.post(Post.hidden_at.is_not(None))
    draft = find.one(select(Article.id).where(Article.state == "draft").order_by(Article.id))[0]
    question = find.thread(Thread.closed_at.is_(None), Thread.kind == "question")
    return [
        "/moderation", f"/moderation/posts/{hidden}", f"/moderation/threads/{question.split('/')[2]}", "/help/review",
        "/help/review?state=published", f"/help/{draft}/edit", f"{question}/close",
        find.thread(Thread.closed_at.is_not(None)) + "/reopen", find.thread(Thread.kind == "discussion"),
    ]  # fmt: skip


def _promised(find: _Finder) -> list[str]:
    idea = find.thread(Thread.kind == "idea")
    return [idea, f"{idea}/status", "/ask?kind=announcement"]


def _administered(find: _Finder) -> list[str]:
    delivery = find.one(select(CrmDelivery.id).order_by(CrmDelivery.id))[0]
    place = find.one(select(Category.id).order_by(Category.position))[0]
    pages = [
        "/admin",
        "/admin/categories",
        "/admin/categories/new",
        f"/admin/categories/{place}",
        "/admin/settings",
        "/admin/providers",
        "/admin/providers/new",
        "/admin/audit",
        "/admin/people",
        "/admin/people/marta",
        "/admin/invitations",
        "/admin/groups",
        "/admin/connections",
        "/admin/deliveries",
        "/admin/deliveries?state=dead",
    ]
    return [*pages, f"/admin/deliveries/{delivery}", "/transparency/1"]
