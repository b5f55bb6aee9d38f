"""How the community did in the last seven days: what the public sees of it, reckoned each minute and kept."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Any

import msgspec
from sqlalchemy import BigInteger, Connection, bindparam, func, select
from sqlalchemy.orm import Session, aliased

from forum.kernel.access import ANONYMOUS
from forum.kernel.clock import now
from forum.kernel.db import UtcTime
from forum.members.tables import Member
from forum.threads.tables import Acceptance, Category, KeptFigures, Post, Thread
from forum.visibility import as_seen_by, visible_to

LENGTH = timedelta(days=7)
MOST_THANKED = 3
_NAME = "week"


class Thanked(msgspec.Struct, frozen=True):
    """A member whose answers solved questions, and how many."""

    handle: str
    name: str
    solved: int


class Week(msgspec.Struct, frozen=True, kw_only=True):
    """Questions asked, how many of them have an answer, how many of those a customer gave first, and who solved most.

    `first_answer` is the median wait for a first answer in minutes, None without any; `decisions` counts the public log's entries.
    """

    asked: int = 0
    answered: int = 0
    first_by_peer: int = 0
    first_answer: int | None = None
    decisions: int = 0
    thanks: tuple[Thanked, ...] = ()


_FIRST = aliased(Post.__table__, name="answer")
_T, _P, _A, _M, _C = (entity.__table__.c for entity in (Thread, Post, Acceptance, Member, Category))
_SINCE = bindparam("since", type_=UtcTime)
_SEEN = visible_to(_T, _C)
# Of each question the first reply that is not its asker's own: replies are numbered in the order of their coming.
_FIRST_NUMBER = (
    select(func.min(_P.number))
    .where(_P.thread_id == _T.id, _P.number > 1, ~_P.is_comment, _P.author_id != _T.author_id)
    .where(_P.hidden_at.is_(None), _P.deleted_at.is_(None))
    .correlate(Thread.__table__)
    .scalar_subquery()
)
_QUESTIONS = (
    select(_T.created_at, _FIRST.c.created_at.label("answered_at"), _FIRST.c.is_company)
    .select_from(
        Thread.__table__.join(Category.__table__, _C.id == _T.category_id).outerjoin(
            _FIRST, (_FIRST.c.thread_id == _T.id) & (_FIRST.c.number == _FIRST_NUMBER)
        )
    )
    .where(_T.created_at >= _SINCE, _T.kind == "question", _SEEN)
)
_THANKS = (
    select(_M.handle, _M.name, func.count().label("solved"))
    .select_from(
        Acceptance.__table__.join(Post.__table__, _P.id == _A.post_id)
        .join(Thread.__table__, _T.id == _A.thread_id)
        .join(Category.__table__, _C.id == _T.category_id)
        .join(Member.__table__, _M.id == _P.author_id)
    )
    .where(_A.at >= _SINCE, _A.withdrawn_at.is_(None), _A.by_member_id != _P.author_id, _SEEN)
    .where(_P.hidden_at.is_(None), ~_P.is_company, ~_M.is_bot, _M.deleted_at.is_(None))
    .group_by(_M.id, _M.handle, _M.name)
    .order_by(func.count().desc(), _M.id)
    .limit(bindparam("most", type_=BigInteger))
)
_KEPT = select(KeptFigures.value).where(KeptFigures.name == _NAME)


def reckon(session: Session, *, decisions: int) -> Week:
    """Reckon the last seven days anew and keep them; `decisions` is what only moderation can count."""
    asked = {"since": since(), "most": MOST_THANKED} | as_seen_by(ANONYMOUS)
    questions = session.execute(_QUESTIONS, asked).all()
    thanks = tuple(Thanked(*row) for row in session.execute(_THANKS, asked))
    found = msgspec.structs.replace(_answering(questions), decisions=decisions, thanks=thanks)
    _keep(session, found)
    return found


def since() -> datetime:
    """When the week that is reckoned now began."""
    return now() - LENGTH


def this_week(connection: Connection) -> Week:
    """The figures as they were kept last; zeros before the first time. One select."""
    kept = connection.execute(_KEPT).scalar_one_or_none()
    return Week() if kept is None else msgspec.convert(kept, Week)


def _answering(questions: Sequence[Any]) -> Week:
    answered = [row for row in questions if row.answered_at is not None]
    waits = [(row.answered_at - row.created_at) / timedelta(minutes=1) for row in answered]
    return Week(
        asked=len(questions),
        answered=len(answered),
        first_by_peer=sum(not row.is_company for row in answered),
        first_answer=round(median(waits)) if waits else None,
    )


def _keep(session: Session, found: Week) -> None:
    """Written only when something is different: every commit makes kept lists of visitors stale."""
    kept = session.get(KeptFigures, _NAME)
    if kept is None:
        session.add(KeptFigures(name=_NAME, value=msgspec.to_builtins(found)))
    elif msgspec.convert(kept.value, Week) != found:
        kept.value = msgspec.to_builtins(found)
