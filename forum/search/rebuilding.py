"""Making the index anew while it is being searched: batch by batch, so that it is never empty."""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from forum.articles.tables import Article
from forum.kernel.db import Database
from forum.search import documents, spelling
from forum.search.tables import SearchDocument
from forum.threads.tables import Thread

_BATCH = 100  # threads; nobody can reply to them while their batch is read and written
_AT_ONCE = 2
Refresh = Callable[[Session, Sequence[int]], None]


def rebuild(db: Database, *, progress: Callable[[int], object] = lambda _done: None) -> int:
    """Index every thread and article as it is now, and drop what is no more; returns how many documents were looked at."""
    looked_at = _each(db, Thread, documents.refresh_threads, progress) + _each(
        db, Article, documents.refresh_articles, progress
    )
    _drop_orphans(db)
    return looked_at


def count(db: Database) -> int:
    """How many documents `rebuild` will look at."""
    from sqlalchemy import func

    with db.reading() as connection:
        threads = connection.execute(select(func.count()).select_from(Thread)).scalar_one()
        return int(threads) + int(connection.execute(select(func.count()).select_from(Article)).scalar_one())


def _each(
    db: Database, table: type[Thread] | type[Article], refresh: Refresh, progress: Callable[[int], object]
) -> int:
    def work(ids: Sequence[int]) -> int:
        with db.transaction() as session:
            refresh(session, ids)
        return len(ids)

    done = 0
    # PostgreSQL breaks texts into words in the process of the connection; with two of them both cores have work.
    with ThreadPoolExecutor(1 if db.is_sqlite else _AT_ONCE) as workers:
        waiting: deque[Future[int]] = deque()
        for ids in _batches(db, table):
            waiting.append(workers.submit(work, ids))
            while len(waiting) > _AT_ONCE:
                done += _reported(waiting.popleft(), progress)
        while waiting:
            done += _reported(waiting.popleft(), progress)
    return done


def _batches(db: Database, table: type[Thread] | type[Article]) -> Iterator[Sequence[int]]:
    last = 0
    while True:
        with db.reading() as connection:
            ids = connection.scalars(select(table.id).where(table.id > last).order_by(table.id).limit(_BATCH)).all()
        if not ids:
            return
        last = ids[-1]
        yield ids


def _reported(batch: Future[int], progress: Callable[[int], object]) -> int:
    count = batch.result()
    progress(count)
    return count


def _drop_orphans(db: Database) -> None:
    with db.transaction() as session:
        for kind, table in (("thread", Thread), ("article", Article)):
            orphan = SearchDocument.local_id.not_in(select(table.id))
            session.execute(
                delete(SearchDocument)
                .where(SearchDocument.kind == kind, orphan)
                .execution_options(synchronize_session=False)
            )
        spelling.forget_the_rest(session)
