"""Opening a thread: a question, a discussion or an announcement. Ideas are opened through `forum.ideas.proposing`."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from forum.events import ThreadOpened
from forum.kernel import outbox
from forum.kernel.access import Actor, require
from forum.kernel.clock import now
from forum.kernel.errors import N_, NotFound
from forum.threads import following, posting, text
from forum.threads import tags as tagging
from forum.threads.categories import by_slug
from forum.threads.policies import may_ask, may_take_part
from forum.threads.tables import Category, Thread


def ask(
    session: Session,
    actor: Actor,
    *,
    kind: str,
    category: str,
    title: str,
    body: str,
    tags: Sequence[str] = (),
    locale: str = "",
    urgent: bool = False,
) -> Thread:
    """Open a thread in the category of that address; its author follows it. Where peers answer first, `urgent` lets staff in at once.

    Raises:
        NotAllowed: this actor may not open threads, or not there.
        Invalid: a field needs mending; a category that the actor cannot see is one that does not exist.
    """
    if kind == "idea":
        raise ValueError("an idea has a status too: open it with forum.ideas.proposing")
    thread = open_thread(session, actor, kind=kind, category=category, title=title, body=body, tags=tags, locale=locale)
    thread.is_urgent = urgent
    return thread


def open_thread(
    session: Session,
    actor: Actor,
    *,
    kind: str,
    category: str,
    title: str,
    body: str,
    tags: Sequence[str] = (),
    locale: str = "",
) -> Thread:
    """What `ask` and `proposing.propose` have in common; nobody else calls it."""
    require(may_take_part(actor))
    faults = text.Faults()
    title, body = text.title(title, faults), text.opening(body, faults)
    names = tagging.checked(tags, faults)
    place = _place(session, actor, category, kind, faults)
    faults.refuse()
    require(may_ask(actor, place))
    thread = _thread(actor, kind, place, title, locale, now())
    session.add(thread)
    session.flush()
    official = kind == "announcement" and actor.is_staff  # what staff announce, the company says
    session.add(posting.made(actor, thread, number=1, body=body, is_statement=official, at=thread.created_at))
    tagging.put_on(session, thread, names)
    following.start(session, thread, actor)
    outbox.record(session, ThreadOpened(thread_id=thread.id))
    return thread


def _place(session: Session, actor: Actor, slug: str, kind: str, faults: text.Faults) -> Category:
    try:
        category = by_slug(session, actor, slug)
    except NotFound:
        faults.add("category", N_("Choose a category."))
        faults.refuse()
        raise
    if kind not in category.kinds:
        faults.add("kind", N_("This cannot be opened in “%(category)s”."), category=category.named(actor.locale))
    return category


def _thread(actor: Actor, kind: str, category: Category, title: str, locale: str, at: datetime) -> Thread:
    return Thread(
        kind=kind,
        category_id=category.id,
        author_id=posting.member_of(actor),
        title=title,
        slug=text.slug(title),
        locale=locale,
        created_at=at,
        last_activity_at=at,
    )
