"""Drafts become rows: a chunk of threads in one transaction, each table in one statement.

This writes history, not events: nothing here records a fact in the outbox, so nobody is told and nothing leaves.
Every counter is set to what `forum.threads.recounting` would find.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import bindparam, case, select, update
from sqlalchemy.orm import Session

from forum.exchange import sources
from forum.exchange.stackexchange.drafts import COMMENT, POST, THREAD, Chunk, Draft, ThreadDraft
from forum.exchange.stackexchange.people import NOBODY, Person, members_of, names_of, stranger
from forum.exchange.stackexchange.places import tags_of
from forum.exchange.stackexchange.reporting import Report
from forum.exchange.stackexchange.rows import utc
from forum.exchange.stackexchange.site import Site
from forum.kernel import bulk, markdown
from forum.kernel.db import UtcTime
from forum.threads import counting, ranking, text
from forum.threads.tables import Acceptance, Attribution, ImportedVotes, Post, Revision, Thread, ThreadTag

Values = dict[str, Any]

_T, _P = Thread.__table__.c, Post.__table__.c
_TITLE_LENGTH, _AUTHOR_LENGTH, _URL_LENGTH = 300, 120, 500

_HERE = select(_T.id, _T.post_count, _T.solved_at).where(_T.id.in_(bindparam("ids", expanding=True)))
_SAID_AT = bindparam("said_at", type_=UtcTime)
_GROWN = (
    update(Thread)
    .where(_T.id == bindparam("key"))
    .values(
        post_count=_T.post_count + bindparam("posts"),
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


def write(session: Session, site: Site, category_id: int, chunk: Chunk, report: Report) -> None:
    """Write what is new of some threads, whole or not at all."""
    members = members_of(session, site, _people(chunk, site))
    counts = _posts_here(session, chunk)
    thread_ids = _write_threads(session, site, category_id, chunk.threads, members)
    written = _numbered(session, chunk, thread_ids, members, counts)
    _write_posts(session, written)
    _write_revisions(session, site, written, members)
    _write_votes(session, written)
    _write_attributions(session, site, written, names_of(session, (each.author_id for each in written)))
    _write_acceptances(session, site, written, members)
    for kind in (POST, COMMENT):
        ids = {each.draft.id: each.post_id for each in written if each.draft.is_comment == (kind == COMMENT)}
        sources.remember(session, site.host, kind, ids)
    _count(report, written)


def _people(chunk: Chunk, site: Site) -> Iterator[Person]:
    for thread in chunk.threads:
        yield _asker(thread, site)
    for draft in chunk.drafts():
        yield draft.author
        yield from (stranger(each.user_id, each.user_name, each.at, site) for each in draft.versions)


def _asker(thread: ThreadDraft, site: Site) -> Person:
    row = thread.row
    return stranger(row.owner_user_id, row.owner_display_name, utc(row.creation_date), site)


def _write_threads(
    session: Session, site: Site, category_id: int, threads: list[ThreadDraft], members: dict[str, int]
) -> list[int]:
    """The ids of the threads here, in their order; those that are not here yet are written, with their tags."""
    new = [thread for thread in threads if thread.thread_id is None]
    rows = [_thread(thread, category_id, members[_asker(thread, site).key]) for thread in new]
    ids = iter(bulk.add_numbered(session, Thread, rows))
    thread_ids = [next(ids) if thread.thread_id is None else thread.thread_id for thread in threads]
    by_thread = dict(zip((thread.row.id for thread in threads), thread_ids, strict=True))
    sources.remember(session, site.host, THREAD, {thread.row.id: by_thread[thread.row.id] for thread in new})
    _write_tags(session, new, by_thread)
    return thread_ids


def _thread(thread: ThreadDraft, category_id: int, author_id: int) -> Values:
    row, question, accepted = thread.row, thread.drafts[0], thread.accepted
    title = text.title(row.title, text.Faults())[:_TITLE_LENGTH] or f"#{row.id}"
    solved_at = None if accepted is None else accepted.accepted_at
    times = [draft.created_at for draft in thread.drafts] + ([] if solved_at is None else [solved_at])
    return {
        "kind": "question",
        "category_id": category_id,
        "author_id": author_id,
        "title": title,
        "slug": text.slug(title),
        "created_at": utc(row.creation_date),
        "last_activity_at": max(times),
        "post_count": len(thread.drafts),
        "reply_count": len(thread.answers),
        "score": question.up - question.down,
        "solved_at": solved_at,
        "closed_at": None if row.closed_date is None else utc(row.closed_date),
        "closed_reason": thread.closed_reason if row.closed_date is not None else "",
        "closed_before_import": row.closed_date is not None,
    }


def _write_tags(session: Session, threads: list[ThreadDraft], thread_ids: dict[int, int]) -> None:
    tag_ids = tags_of(session, (name for thread in threads for name in thread.row.tag_names))
    pairs = {
        (thread_ids[thread.row.id], tag_ids[name])
        for thread in threads
        for name in thread.row.tag_names
        if name in tag_ids
    }
    bulk.add(session, ThreadTag, [{"thread_id": thread_id, "tag_id": tag_id} for thread_id, tag_id in sorted(pairs)])
    uses = Counter(tag_id for _thread_id, tag_id in pairs)
    counting.add_to_tags(session, uses)


def _posts_here(session: Session, chunk: Chunk) -> dict[int, int]:
    """How many posts the threads that are here have. Where one of those is solved, no new answer is accepted besides."""
    here = [thread.thread_id for thread in chunk.threads if thread.thread_id is not None]
    rows = {row.id: row for row in session.execute(_HERE, {"ids": here})}
    for thread in chunk.threads:
        if thread.thread_id is not None and thread.accepted is not None and rows[thread.thread_id].solved_at:
            thread.accepted.accepted_at = None
    return {row.id: row.post_count for row in rows.values()}


def _numbered(
    session: Session, chunk: Chunk, thread_ids: list[int], members: dict[str, int], counts: dict[int, int]
) -> list[_Written]:
    """Every draft with its thread and its number there, which goes on behind the posts that are there already."""
    written = []
    for thread, thread_id in zip(chunk.threads, thread_ids, strict=True):
        for number, draft in enumerate(thread.drafts, start=counts.get(thread_id, 0) + 1):
            written.append(_Written(draft, thread, thread_id, number, members[draft.author.key]))
        if thread.thread_id is not None:
            said_at = max(draft.created_at for draft in thread.drafts)
            grown = {"posts": len(thread.drafts), "answers": len(thread.answers), "said_at": said_at}
            session.connection().execute(_GROWN, {"key": thread_id, **grown})
    return written


def _write_posts(session: Session, written: list[_Written]) -> None:
    """Posts first, for the comments name them."""
    posts = [each for each in written if not each.draft.is_comment]
    for each, post_id in zip(
        posts, bulk.add_numbered(session, Post, [_post(each, None) for each in posts]), strict=True
    ):
        each.post_id = post_id
    ids = {each.draft.id: each.post_id for each in posts}
    for each in written:
        ids |= each.thread.posts_here
    comments = sorted((each for each in written if each.draft.is_comment), key=lambda each: each.draft.id)
    rows = [_post(each, ids[each.draft.parent]) for each in comments if each.draft.parent is not None]
    for each, post_id in zip(comments, bulk.add_numbered(session, Post, rows), strict=True):
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


def _write_revisions(session: Session, site: Site, written: list[_Written], members: dict[str, int]) -> None:
    """All versions of posts that have more than one, as they were written: in the dialect of the site."""
    rows = []
    for each in written:
        if len(each.draft.versions) < 2:
            continue
        for number, version in enumerate(each.draft.versions, start=1):
            author_id = members[stranger(version.user_id, version.user_name, version.at, site).key]
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
    bulk.add(session, Revision, rows)


def _write_votes(session: Session, written: list[_Written]) -> None:
    rows = [
        {"post_id": each.post_id, "day": votes.day, "up": votes.up, "down": votes.down}
        for each in written
        for votes in each.draft.votes
    ]
    bulk.add(session, ImportedVotes, rows)


def _write_attributions(session: Session, site: Site, written: list[_Written], names: dict[int, str]) -> None:
    rows = [
        {
            "post_id": each.post_id,
            "site": site.host,
            "url": each.draft.url[:_URL_LENGTH],
            "author_name": (names[each.author_id] if each.draft.user_id is not None else each.draft.author_name)[
                :_AUTHOR_LENGTH
            ],
            "author_url": site.user_url(each.draft.user_id),
            "licence": each.draft.licence,
        }
        for each in written
    ]
    bulk.add(session, Attribution, rows)


def _write_acceptances(session: Session, site: Site, written: list[_Written], members: dict[str, int]) -> None:
    rows = []
    for each in written:
        accepted_at = each.draft.accepted_at
        if accepted_at is None:
            continue
        asker = _asker(each.thread, site)
        rows.append(
            {
                "thread_id": each.thread_id,
                "post_id": each.post_id,
                "by_member_id": None if asker.key == NOBODY else members[asker.key],
                "as_role": "author",
                "at": accepted_at,
            }
        )
        if each.thread.thread_id is not None:
            session.connection().execute(_SOLVED, {"key": each.thread_id, "at": accepted_at})
    bulk.add(session, Acceptance, rows)


def _count(report: Report, written: list[_Written]) -> None:
    for each in written:
        if each.draft.is_comment:
            report.added["comments"] += 1
        elif each.draft.id == each.thread.row.id:
            report.added["questions"] += 1
        else:
            report.added["answers"] += 1
        report.added["accepted"] += each.draft.accepted_at is not None
        report.added["votes"] += 0 if each.draft.is_comment else each.draft.up + each.draft.down
        report.added["revisions"] += len(each.draft.versions) if len(each.draft.versions) > 1 else 0
