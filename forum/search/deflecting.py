"""Confirmed deflections: a question that was not asked, because what was found while typing solved it, as its writer says.

Nothing else is called a deflection here: neither a page that was read nor a form that was left is counted.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

import msgspec
from sqlalchemy import Connection, Date, Integer, bindparam, case, func, select
from sqlalchemy.orm import Session

from forum.articles.pages import ArticlePage, article_page
from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.db import insert_new
from forum.kernel.errors import N_, Invalid, NotFound, Text
from forum.members.policies import may_administer
from forum.search.tables import Deflection
from forum.threads.finding import visible_thread
from forum.threads.tables import KINDS, Thread

THREAD: Final = "thread"
ARTICLE: Final = "article"


class Deflections(msgspec.Struct, frozen=True, kw_only=True):
    """How many were confirmed, how many of them by members and by visitors, and through threads and articles."""

    confirmed: int
    by_members: int
    by_visitors: int
    through_threads: int
    through_articles: int


_D = Deflection.__table__.c
_FIGURES = select(
    func.count().label("confirmed"),
    func.coalesce(func.sum(case((_D.is_member, 1), else_=0), type_=Integer), 0).label("by_members"),
    func.coalesce(func.sum(case((_D.subject == THREAD, 1), else_=0), type_=Integer), 0).label("through_threads"),
).where(_D.day >= bindparam("since", type_=Date))


def by_thread(session: Session, actor: Actor, *, thread_id: int, kind: str, person: str) -> Thread:
    """Record that a thread solved what this actor was about to post; the thread. Said again on the same day it counts once.

    `kind` is that of what was being typed; `person` tells the same person on the same day.

    Raises:
        NotFound: the thread does not exist, or this actor cannot see it.
        Invalid: no thread is of that kind.
    """
    thread = visible_thread(session, actor, thread_id)
    _record(session, actor, subject=THREAD, subject_id=thread.id, kind=kind, person=person)
    return thread


def by_article(session: Session, actor: Actor, *, article_id: int, kind: str, person: str) -> ArticlePage:
    """The same of a published article.

    Raises:
        NotFound: there is none, or this actor cannot see it.
        Invalid: no thread is of that kind.
    """
    article = article_page(session.connection(), actor, article_id=article_id)
    if article.state != "published":
        raise NotFound()
    _record(session, actor, subject=ARTICLE, subject_id=article.id, kind=kind, person=person)
    return article


def _record(session: Session, actor: Actor, *, subject: str, subject_id: int, kind: str, person: str) -> None:
    if kind not in KINDS:
        raise Invalid({"kind": Text(N_("Choose one of what is offered."))})
    row: dict[str, Any] = {"subject": subject, "subject_id": subject_id, "kind": kind, "person": person}
    session.execute(insert_new(session, Deflection).values(day=now().date(), is_member=actor.is_signed_in, **row))


def figures(connection: Connection, actor: Actor, *, days: int) -> Deflections:
    """The deflections of so many days (UTC), today among them. One select.

    Raises:
        NotAllowed: only administrators are told.
    """
    require(may_administer(actor))
    since = now().date() - timedelta(days=days - 1)
    row = connection.execute(_FIGURES, {"since": since}).one()
    return Deflections(
        confirmed=row.confirmed,
        by_members=row.by_members,
        by_visitors=row.confirmed - row.by_members,
        through_threads=row.through_threads,
        through_articles=row.confirmed - row.through_threads,
    )
