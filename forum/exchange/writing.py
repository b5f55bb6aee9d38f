"""Drafts become rows: a chunk of threads in one transaction, each table in one statement.

This writes history, not events: nothing here records a fact in the outbox, so nobody is told and nothing leaves.
Every counter is set to what `forum.threads.recounting` would find.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import bindparam, case, select, update
from sqlalchemy.orm import Session

from forum.exchange import sources
from forum.exchange.drafts import Chunk, Draft, ThreadDraft
from forum.exchange.people import NOBODY, Person, members_of, names_of
from forum.exchange.places import tags_of
from forum.exchange.rendering import Rendering
from forum.exchange.reporting import Report
from forum.ideas.tables import Idea
from forum.kernel import bulk, markdown
from forum.kernel.db import Database, UtcTime
from forum.threads import counting, ranking, text
from forum.threads.tables import Acceptance, Attribution, Category, ImportedVotes, Post, Revision, Thread, ThreadTag
from forum.visibility import public_place

Values = dict[str, Any]

_T, _P = Thread.__table__.c, Post.__table__.c
_TITLE_LENGTH, _AUTHOR_LENGTH, _URL_LENGTH, _LICENCE_LENGTH = 300, 120, 500, 40

_HERE = select(_T.id, _T.post_count, _T.solved_at).where(_T.id.in_(bindparam("ids", expanding=True)))
_SAID_AT = bindparam("said_at", type_=UtcTime)
_GROWN = (
    update(Thread)
    .where(_T.id == bindparam("key"))
    .values(
        post_count=bindparam("last_number"),
        reply_count=_T.reply_count + bindparam("answers"),
        last_activity_at=case((_T.last_activity_at < _SAID_AT, _SAID_AT), else_=_T.last_activity_at),
        version=_T.version + 1,
    )
)
_SOLVED = update(Thread).where(_T.id == bindparam("key")).values(solved_at=bindparam("at", type_=UtcTime))


class _Marks(msgspec.Struct):
    """What the place of a reply depends on."""

    up: int
    down: int
    accepted_at: datetime | None
    official_at: datetime | None = None


class _Written(msgspec.Struct):
    """A draft with the ids that it got."""

    draft: Draft
    thread: ThreadDraft
    thread_id: int
    number: int
    author_id: int
    post_id: int = 0


def write_threads(
    db: Database,
    host: str,
    chunks: Iterable[Chunk],
    rendering: Rendering,
    report: Report,
    progress: Callable[[int], None] = lambda _taken: None,
) -> None:
    """Prepare and write threads, each chunk in a transaction of its own; `progress` is told how many of the source's are done.

    So an import that was killed goes on where it stopped.
    """
    for chunk, bodies in rendering.rendered(chunks, Chunk.sayings):
        chunk.take(bodies, report)
        if chunk.threads:
            with db.transaction() as session:
                _write(session, host, chunk, report)
        progress(chunk.taken_from)


def _write(session: Session, host: str, chunk: Chunk, report: Report) -> None:
    """Write what is new of some threads, whole or not at all."""
    members = members_of(session, host, _people(chunk))
    counts = _posts_here(session, chunk)
    thread_ids = _write_threads(session, host, chunk.threads, members)
    written = _numbered(session, chunk, thread_ids, members, counts)
    _write_posts(session, written)
    _write_revisions(session, written, members)
    _write_votes(session, written)
    _write_attributions(session, host, written, names_of(session, (each.author_id for each in written)))
    _write_acceptances(session, written, members)
    for kind in (sources.POST, sources.COMMENT):
        ids = {each.draft.key: each.post_id for each in written if each.draft.is_comment == (kind == sources.COMMENT)}
        sources.remember(session, host, kind, ids)
    _count(report, written)


def _people(chunk: Chunk) -> Iterator[Person]:
    for thread in chunk.threads:
        yield thread.author
    for draft in chunk.drafts():
        yield draft.author
        yield from (version.author for version in draft.versions)


def _write_threads(session: Session, host: str, threads: list[ThreadDraft], members: dict[str, int]) -> list[int]:
    """The ids of the threads here, in their order; those that are not here yet are written, with their tags."""
    new = [thread for thread in threads if thread.thread_id is None]
    rows = [_thread(thread, members[thread.author.key]) for thread in new]
    ids = iter(bulk.add_numbered(session, Thread, rows, wanted=[thread.wanted_id for thread in new]))
    thread_ids = [next(ids) if thread.thread_id is None else thread.thread_id for thread in threads]
    by_thread = dict(zip((thread.key for thread in threads), thread_ids, strict=True))
    sources.remember(session, host, sources.THREAD, {thread.key: by_thread[thread.key] for thread in new})
    _write_tags(session, new, by_thread)
    ideas = [thread for thread in new if thread.kind == "idea"]
    bulk.add(
        session,
        Idea,
        [{"thread_id": by_thread[idea.key], "status": idea.status, "status_at": idea.created_at} for idea in ideas],
    )
    return thread_ids


def _thread(thread: ThreadDraft, author_id: int) -> Values:
    opening = thread.drafts[0]
    title = text.title(thread.title, text.Faults())[:_TITLE_LENGTH] or f"#{thread.key}"
    solved_at = max((draft.accepted_at for draft in thread.accepted if draft.accepted_at is not None), default=None)
    times = [draft.created_at for draft in thread.drafts] + ([] if solved_at is None else [solved_at])
    return {
        "kind": thread.kind,
        "category_id": thread.category_id,
        "author_id": author_id,
        "title": title,
        "slug": text.slug(title),
        "created_at": thread.created_at,
        "last_activity_at": max(times),
        "post_count": _numbers(thread, 0)[-1],
        "reply_count": len(thread.answers),
        "score": opening.up - opening.down,
        "solved_at": solved_at,
        "closed_at": thread.closed_at,
        "closed_reason": thread.closed_reason,
        "closed_before_import": thread.closed_at is not None,
    }


def _numbers(thread: ThreadDraft, last: int) -> list[int]:
    """The number of each draft in its thread, behind those that are there; the source's own where it leaves room for that."""
    numbers = []
    for draft in thread.drafts:
        last = max(last + 1, draft.place or 0)
        numbers.append(last)
    return numbers


def _write_tags(session: Session, threads: list[ThreadDraft], thread_ids: dict[str, int]) -> None:
    tag_ids = tags_of(session, (name for thread in threads for name in thread.tags))
    pairs = {(thread_ids[thread.key], tag_ids[name]) for thread in threads for name in thread.tags if name in tag_ids}
    bulk.add(session, ThreadTag, [{"thread_id": thread_id, "tag_id": tag_id} for thread_id, tag_id in sorted(pairs)])
    hidden = _hidden_places(session, threads)
    shown = {thread_ids[thread.key] for thread in threads if thread.category_id not in hidden}
    counting.add_to_tags(session, Counter(tag_id for thread_id, tag_id in pairs if thread_id in shown))


def _hidden_places(session: Session, threads: list[ThreadDraft]) -> set[int]:
    """The categories that not everybody sees, whose threads no tag counts."""
    ids = {thread.category_id for thread in threads}
    found = session.execute(select(Category.id).where(Category.id.in_(ids), ~public_place(Category)))
    return set(found.scalars())


def _posts_here(session: Session, chunk: Chunk) -> dict[int, int]:
    """The last number in threads that are here. Where one of those is solved, no new answer is accepted besides."""
    here = [thread.thread_id for thread in chunk.threads if thread.thread_id is not None]
    rows = {row.id: row for row in session.execute(_HERE, {"ids": here})} if here else {}
    for thread in chunk.threads:
        if thread.thread_id is not None and rows[thread.thread_id].solved_at:
            for draft in thread.accepted:
                draft.accepted_at = None
    return {row.id: row.post_count for row in rows.values()}


def _numbered(
    session: Session, chunk: Chunk, thread_ids: list[int], members: dict[str, int], counts: dict[int, int]
) -> list[_Written]:
    """Every draft with its thread and its number there."""
    written = []
    for thread, thread_id in zip(chunk.threads, thread_ids, strict=True):
        numbers = _numbers(thread, counts.get(thread_id, 0))
        for number, draft in zip(numbers, thread.drafts, strict=True):
            written.append(_Written(draft, thread, thread_id, number, members[draft.author.key]))
        if thread.thread_id is not None:
            said_at = max(draft.created_at for draft in thread.drafts)
            grown = {"last_number": numbers[-1], "answers": len(thread.answers), "said_at": said_at}
            session.connection().execute(_GROWN, {"key": thread_id, **grown})
    return written


def _write_posts(session: Session, written: list[_Written]) -> None:
    """Posts first, for the comments name them."""
    posts = [each for each in written if not each.draft.is_comment]
    _insert_posts(session, posts, {})
    ids = {each.draft.key: each.post_id for each in posts}
    for each in written:
        ids |= each.thread.posts_here
    comments = [each for each in written if each.draft.is_comment]
    _insert_posts(session, sorted(comments, key=lambda each: int(each.draft.key)), ids)


def _insert_posts(session: Session, written: list[_Written], parents: dict[str, int]) -> None:
    rows = [_post(each, parents.get(each.draft.parent or "")) for each in written]
    wanted = [each.draft.wanted_id for each in written]
    for each, post_id in zip(written, bulk.add_numbered(session, Post, rows, wanted=wanted), strict=True):
        each.post_id = post_id


def _post(written: _Written, parent_id: int | None) -> Values:
    draft = written.draft
    return {
        "thread_id": written.thread_id,
        "number": written.number,
        "author_id": written.author_id,
        "source": draft.body.source,
        "html": draft.body.html,
        "renderer": markdown.RENDERER_VERSION,
        "is_comment": draft.is_comment,
        "parent_id": parent_id,
        "created_at": draft.created_at,
        "edited_at": draft.edited_at,
        "revision": max(len(draft.versions), 1),
        "up": draft.up,
        "down": draft.down,
        "rank": ranking.rank(_Marks(draft.up, draft.down, draft.accepted_at)),
        "accepted_at": draft.accepted_at,
    }


def _write_revisions(session: Session, written: list[_Written], members: dict[str, int]) -> None:
    """All versions of posts that have more than one, as they were written: in the dialect of the site."""
    rows = []
    for each in written:
        if len(each.draft.versions) < 2:
            continue
        for number, version in enumerate(each.draft.versions, start=1):
            author_id = members[version.author.key]
            rows.append(
                {
                    "post_id": each.post_id,
                    "number": number,
                    "source": version.source,
                    "title": None if version.title is None else version.title[:_TITLE_LENGTH],
                    "tags": version.tags,
                    "author_id": author_id,
                    "as_role": "author" if author_id == each.author_id else "member",
                    "comment": version.comment,
                    "at": version.at,
                }
            )
    bulk.add_numbered(session, Revision, rows)


def _write_votes(session: Session, written: list[_Written]) -> None:
    rows = [
        {"post_id": each.post_id, "day": votes.day, "up": votes.up, "down": votes.down}
        for each in written
        for votes in each.draft.votes
    ]
    bulk.add(session, ImportedVotes, rows)


def _write_attributions(session: Session, host: str, written: list[_Written], names: dict[int, str]) -> None:
    rows = [
        {
            "post_id": each.post_id,
            "site": host,
            "url": each.draft.url[:_URL_LENGTH],
            "author_name": _author_name(each, names)[:_AUTHOR_LENGTH],
            "author_url": each.draft.author_url[:_URL_LENGTH],
            "licence": each.draft.licence[:_LICENCE_LENGTH],
        }
        for each in written
    ]
    bulk.add(session, Attribution, rows)


def _author_name(written: _Written, names: dict[int, str]) -> str:
    is_nobody = written.draft.author.key == NOBODY
    return written.draft.author_name if is_nobody else names[written.author_id]


def _write_acceptances(session: Session, written: list[_Written], members: dict[str, int]) -> None:
    rows = []
    for each in written:
        accepted_at, thread = each.draft.accepted_at, each.thread
        if accepted_at is None:
            continue
        by_author = thread.accepted_by_author
        named = by_author and thread.author.key != NOBODY
        rows.append(
            {
                "thread_id": each.thread_id,
                "post_id": each.post_id,
                "by_member_id": members[thread.author.key] if named else None,
                "as_role": "author" if by_author else "",
                "at": accepted_at,
            }
        )
        if thread.thread_id is not None:
            session.connection().execute(_SOLVED, {"key": each.thread_id, "at": accepted_at})
    bulk.add_numbered(session, Acceptance, rows)


def _count(report: Report, written: list[_Written]) -> None:
    for each in written:
        if each.draft.is_comment:
            report.added["comments"] += 1
        elif each.draft.is_opening:
            report.added[f"{each.thread.kind}s"] += 1
        else:
            report.added["answers"] += 1
        report.added["accepted"] += each.draft.accepted_at is not None
        report.added["votes"] += 0 if each.draft.is_comment else each.draft.up + each.draft.down
        report.added["revisions"] += len(each.draft.versions) if len(each.draft.versions) > 1 else 0
