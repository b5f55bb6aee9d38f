"""Keeping drafts level with the threads they come from. What a person has edited is never overwritten."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from forum.articles.tables import Article
from forum.events import ArticleDrafted, ArticlePublished, ArticleWithdrawn
from forum.kernel import markdown, outbox
from forum.kernel.clock import now
from forum.kernel.db import locked
from forum.threads.tables import Acceptance, Post, Thread


def level(session: Session, *, thread_id: int) -> None:
    """Compare a thread's article with its accepted answer: draft one, refresh it, set it aside, or leave it alone."""
    thread = locked(session, Thread, thread_id)
    article = session.scalar(
        select(Article).where(Article.thread_id == thread.id).execution_options(populate_existing=True)
    )
    answer = _accepted_answer(session, thread)
    if article is None:
        if answer is not None:
            _draft(session, thread, answer)
        return
    _follow(session, article, thread)
    if answer is None or _holds_removed_words(session, article):
        _set_aside(session, article)
    if answer is not None:
        _refresh(session, article, thread, answer)


def _accepted_answer(session: Session, thread: Thread) -> Post | None:
    """The first accepted answer that everybody can read, if the question can be read too."""
    if thread.hidden_at is not None:
        return None
    return session.scalars(
        select(Post)
        .join(Acceptance, Acceptance.post_id == Post.id)
        .where(
            Acceptance.thread_id == thread.id,
            Acceptance.withdrawn_at.is_(None),
            Post.hidden_at.is_(None),
            Post.deleted_at.is_(None),
        )
        .order_by(Acceptance.id)
        .limit(1)
    ).one_or_none()


def _draft(session: Session, thread: Thread, answer: Post) -> None:
    source = _source(session, thread, answer)
    article = Article(
        thread_id=thread.id,
        post_id=answer.id,
        category_id=thread.category_id,
        title=thread.title,
        slug=thread.slug,
        source=source,
        html=markdown.render(source, below=1).html,
        renderer=markdown.RENDERER_VERSION,
        locale=thread.locale,
        created_at=now(),
        changed_at=now(),
    )
    session.add(article)
    session.flush()
    outbox.record(session, ArticleDrafted(article_id=article.id))


def _follow(session: Session, article: Article, thread: Thread) -> None:
    """Stand in the thread's category: whoever may not see that must not read the article either."""
    if article.category_id == thread.category_id:
        return
    article.category_id = thread.category_id
    article.version, article.changed_at = article.version + 1, now()
    if article.state == "published":
        outbox.record(session, ArticlePublished(article_id=article.id))


def _holds_removed_words(session: Session, article: Article) -> bool:
    """Whether the post that the article was made of is out of sight; another one may be the accepted answer by now."""
    source = session.get(Post, article.post_id, populate_existing=True) if article.post_id is not None else None
    return source is not None and (source.hidden_at is not None or source.deleted_at is not None)


def _refresh(session: Session, article: Article, thread: Thread, answer: Post) -> None:
    """Bring a draft that no person had a hand in level with the answer; one that was set aside is a draft again."""
    withdrawn_by_person = article.state == "withdrawn" and article.reviewed_by_id is not None
    if article.edited_by_person or article.state == "published" or withdrawn_by_person:
        return
    source = _source(session, thread, answer)
    if (article.state, article.source, article.title) == ("draft", source, thread.title):
        return
    article.state, article.post_id = "draft", answer.id
    article.title, article.slug, article.source = thread.title, thread.slug, source
    article.html, article.renderer = markdown.render(source, below=1).html, markdown.RENDERER_VERSION
    article.version, article.changed_at = article.version + 1, now()
    outbox.record(session, ArticleDrafted(article_id=article.id))


def _set_aside(session: Session, article: Article | None) -> None:
    """Nothing is resolved any more, or words of it were removed: a draft waits, and what was published goes back to review."""
    if article is None or article.state == "withdrawn":
        return
    was_published = article.state == "published"
    article.state, article.published_at, article.reviewed_by_id = "withdrawn", None, None
    article.version, article.changed_at = article.version + 1, now()
    if was_published:
        outbox.record(session, ArticleWithdrawn(article_id=article.id))


def _source(session: Session, thread: Thread, answer: Post) -> str:
    """The question in short, then the answer as it was given. The reviewer makes an article of it."""
    opening = session.scalars(select(Post).where(Post.thread_id == thread.id, Post.number == 1)).one()
    quoted = "\n".join(f"> {line}".rstrip() for line in opening.source.strip().splitlines())
    return f"{quoted}\n\n{answer.source.strip()}\n"
