"""Reviewing drafts: editing, publishing, withdrawing. A person's edit is kept from then on."""

from sqlalchemy.orm import Session

from forum.articles.policies import may_review
from forum.articles.tables import Article
from forum.events import ArticlePublished, ArticleWithdrawn
from forum.kernel import markdown, outbox
from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.db import locked
from forum.kernel.errors import N_, Conflict, Invalid, NotFound, Text
from forum.members import audit
from forum.threads import categories
from forum.threads.text import slug


def edit(session: Session, actor: Actor, *, article_id: int, title: str, body: str, version: int) -> Article:
    """Change an article's words. `version` is the one that the editor saw.

    Raises:
        NotFound: there is no such article, or it stands in a category that this actor cannot see.
        NotAllowed: only reviewers may.
        Conflict: somebody else changed it meanwhile.
        Invalid: a field needs mending.
    """
    require(may_review(actor))
    article = _held(session, actor, article_id)
    if article.version != version:
        raise Conflict(N_("Somebody else changed this article meanwhile. Read theirs, then save yours again."))
    _check(title, body)
    if (title.strip(), body) != (article.title, article.source):
        before = _told(article)
        article.title, article.slug, article.source = title.strip(), slug(title), body
        article.html, article.renderer = markdown.render(body, below=1).html, markdown.RENDERER_VERSION
        article.edited_by_person = True
        _changed(article)
        if article.state == "published":
            audit.record(session, actor, "article.edit", f"article:{article.id}", before=before, after=_told(article))
            outbox.record(session, ArticlePublished(article_id=article.id))
    return article


def publish(session: Session, actor: Actor, *, article_id: int, title: str, body: str, version: int) -> Article:
    """Save the reviewed words and show them to everybody.

    Raises:
        NotFound, NotAllowed, Conflict, Invalid: as `edit`; Conflict too when it is published already.
    """
    article = edit(session, actor, article_id=article_id, title=title, body=body, version=version)
    if article.state == "published":
        raise Conflict(N_("This article is published already."))
    article.state, article.published_at, article.reviewed_by_id = "published", now(), actor.member_id
    _changed(article)
    audit.record(session, actor, "article.publish", f"article:{article.id}")
    outbox.record(session, ArticlePublished(article_id=article.id))
    return article


def withdraw(session: Session, actor: Actor, *, article_id: int) -> None:
    """Take an article out of the knowledge base; it can be published again, by a person alone.

    Raises:
        NotFound: there is no such article, or it stands in a category that this actor cannot see.
        NotAllowed: only reviewers may.
    """
    require(may_review(actor))
    article = _held(session, actor, article_id)
    if article.state == "withdrawn":
        return
    was_published = article.state == "published"
    article.state, article.published_at, article.reviewed_by_id = "withdrawn", None, actor.member_id
    _changed(article)
    audit.record(session, actor, "article.withdraw", f"article:{article.id}")
    if was_published:
        outbox.record(session, ArticleWithdrawn(article_id=article.id))


def _held(session: Session, actor: Actor, article_id: int) -> Article:
    """The article, locked; of a category that the reviewer sees."""
    article = locked(session, Article, article_id)
    if not categories.is_seen(session, actor, article.category_id):
        raise NotFound()
    return article


def _told(article: Article) -> dict[str, str | int]:
    """What a receipt tells of the words that everybody reads: it is no second copy of them."""
    return {"title": article.title, "characters": len(article.source)}


def _check(title: str, body: str) -> None:
    problems: dict[str, Text | str] = {}
    if not 5 <= len(title.strip()) <= 200:
        problems["title"] = N_("Use 5 to 200 characters.")
    if not len(body.strip()) >= 20:
        problems["body"] = N_("Write at least a sentence.")
    if problems:
        raise Invalid(problems)
    markdown.check(body)


def _changed(article: Article) -> None:
    article.version, article.changed_at = article.version + 1, now()
