"""Where the addresses of a community that was imported from Discourse lead now. Who may see that is the caller's to ask."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import BigInteger, Connection, String, bindparam, select
from sqlalchemy.sql import Select

from forum.exchange.sources import CATEGORY, CATEGORY_SLUG, DISCOURSE, POST, SOFTWARE, THREAD, USER
from forum.exchange.tables import ImportSource
from forum.kernel.errors import NotFound
from forum.members.tables import Member
from forum.threads.tables import Category, Post, Thread

_S, _T, _P, _M, _C = (table.__table__.c for table in (ImportSource, Thread, Post, Member, Category))
_SITES = select(_S.site).where(_S.kind == SOFTWARE, _S.source_id == DISCOURSE)
_FOUND = (
    select(_S.local_id)
    .where(
        _S.site.in_(_SITES), _S.kind == bindparam("kind", type_=String), _S.source_id == bindparam("key", type_=String)
    )
    .order_by(_S.local_id)
)
_OF_THREADS = (
    select(_S.local_id, _T.slug)
    .join(Thread.__table__, _T.id == _S.local_id)
    .where(_S.site.in_(_SITES), _S.kind == THREAD, _S.source_id == bindparam("key", type_=String))
    .order_by(_S.local_id)
)
_NEAREST: Select[Any] = (
    select(_P.id)
    .where(_P.thread_id == bindparam("thread", type_=BigInteger), _P.number <= bindparam("number", type_=BigInteger))
    .order_by(_P.number.desc())
    .limit(1)
)
_HANDLE = select(_M.handle).where(_M.id == bindparam("id", type_=BigInteger))
_SLUG = select(_C.slug).where(_C.id == bindparam("id", type_=BigInteger))


def thread_of(connection: Connection, topic_id: int, slug: str = "") -> int:
    """The thread that a topic became. Of the topics of several sites with that number, the one of that name is meant.

    Raises:
        NotFound: no such topic was imported.
    """
    found = connection.execute(_OF_THREADS, {"key": str(topic_id)}).all()
    if not found:
        raise NotFound()
    return int(next((row.local_id for row in found if row.slug == slug), found[0].local_id))


def post_in(connection: Connection, thread_id: int, number: int) -> int:
    """The post of that number, or the last before it, as Discourse does where one is gone.

    Raises:
        NotFound: the thread has no posts.
    """
    found = connection.execute(_NEAREST, {"thread": thread_id, "number": number}).scalar()
    if found is None:
        raise NotFound()
    return int(found)


def post_of(connection: Connection, post_id: int) -> int:
    """The post that a post became.

    Raises:
        NotFound: no such post was imported.
    """
    return _one(connection, POST, str(post_id))


def handle_of(connection: Connection, username: str) -> str:
    """The handle of whoever went by that name.

    Raises:
        NotFound: nobody of that name was imported.
    """
    return str(connection.execute(_HANDLE, {"id": _one(connection, USER, username.lower())}).scalar_one())


def category_of(connection: Connection, parts: Sequence[str]) -> str:
    """The slug of the category that an address names: by a number at its end, else by the last of its names.

    Raises:
        NotFound: no such category was imported.
    """
    numbers = [part for part in parts if part.isascii() and part.isdecimal()]
    names = [part.lower() for part in parts if part not in numbers]
    kinds = [(CATEGORY, each) for each in numbers[-1:]]
    kinds += [(kind, each) for each in names[-1:] for kind in (CATEGORY_SLUG, CATEGORY)]
    for kind, key in kinds:
        try:
            return str(connection.execute(_SLUG, {"id": _one(connection, kind, key)}).scalar_one())
        except NotFound:
            continue
    raise NotFound()


def _one(connection: Connection, kind: str, key: str) -> int:
    found = connection.execute(_FOUND, {"kind": kind, "key": key}).scalars().first()
    if found is None:
        raise NotFound()
    return int(found)
