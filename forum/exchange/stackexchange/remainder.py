"""What hangs on threads and people after both are there: links between threads, and badges."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from forum.exchange import sources
from forum.exchange.reporting import Report
from forum.exchange.sources import BADGE, LINK, POST, USER
from forum.exchange.stackexchange.rows import BadgeRow, LinkRow, utc
from forum.exchange.stackexchange.site import Site
from forum.kernel import bulk
from forum.kernel.db import insert_new
from forum.members.tables import ImportedBadge
from forum.threads.tables import Post, Thread, ThreadLink

_GRADES = {1: 1, 2: 2, 3: 3}
_BADGE_NAME_LENGTH = 80
_P, _T, _B = Post.__table__.c, Thread.__table__.c, ImportedBadge.__table__.c
_THREADS = select(_P.id, _P.thread_id).where(_P.id.in_(bindparam("ids", expanding=True)))
_DUPLICATE = (
    update(Thread)
    .where(_T.id == bindparam("key"), _T.duplicate_of_id.is_(None), _T.closed_at.is_not(None))
    .values(duplicate_of_id=bindparam("original"))
)


def write_links(session: Session, site: Site, rows: Sequence[LinkRow], report: Report) -> None:
    """Link threads to each other. Links to posts that are not in the dump, or inside one thread, are left out."""
    known = sources.known(session, site.host, LINK, (row.id for row in rows))
    new = [row for row in rows if str(row.id) not in known]
    threads = _threads_of(session, site, {each for row in new for each in (row.post_id, row.related_post_id)})
    taken: dict[int, tuple[int, int, bool]] = {}
    for row in new:
        here, there = threads.get(row.post_id), threads.get(row.related_post_id)
        if here is None or there is None or here == there:
            report.left_out["links"] += 1
        else:
            taken[row.id] = here, there, row.link_type_id == LinkRow.DUPLICATE
    _link(session, taken.values())
    sources.remember(session, site.host, LINK, {link_id: here for link_id, (here, _there, _same) in taken.items()})
    report.added["links"] += len(taken)
    report.added["duplicates"] += sum(same for _here, _there, same in taken.values())


def write_badges(session: Session, site: Site, rows: Sequence[BadgeRow], report: Report) -> None:
    """Give people the badges that they had. A dump can hold one badge twice of the same moment."""
    known = sources.known(session, site.host, BADGE, (row.id for row in rows))
    members = sources.known(session, site.host, USER, (row.user_id for row in rows))
    new = [row for row in rows if str(row.id) not in known and str(row.user_id) in members]
    report.left_out["badges"] += sum(str(row.user_id) not in members for row in rows)
    taken = _awarded(session, new)
    values = []
    for row in new:
        member_id, name, at = members[str(row.user_id)], row.name[:_BADGE_NAME_LENGTH], utc(row.date)
        while (member_id, name, at) in taken:
            at += timedelta(microseconds=1)
        taken.add((member_id, name, at))
        values.append({"member_id": member_id, "name": name, "grade": _GRADES.get(row.class_, 3), "awarded_at": at})
    ids = bulk.add_numbered(session, ImportedBadge, values)
    sources.remember(session, site.host, BADGE, dict(zip((row.id for row in new), ids, strict=True)))
    report.added["badges"] += len(new)


def _threads_of(session: Session, site: Site, source_ids: set[int]) -> dict[int, int]:
    """The thread here of each post there."""
    posts = sources.known(session, site.host, POST, source_ids)
    threads = {row.id: row.thread_id for row in session.execute(_THREADS, {"ids": sorted(posts.values())})}
    return {int(source_id): threads[post_id] for source_id, post_id in posts.items()}


def _link(session: Session, links: Iterable[tuple[int, int, bool]]) -> None:
    # A pair may be both related and a duplicate: the stronger one first, since the first stays.
    ordered = sorted(links, key=lambda link: not link[2])
    rows = [
        {"thread_id": here, "related_id": there, "kind": "duplicate" if same else "related"}
        for here, there, same in ordered
    ]
    if rows:
        session.connection().execute(insert_new(session, ThreadLink), rows)
    duplicates = [{"key": here, "original": there} for here, there, same in ordered if same]
    if duplicates:
        session.connection().execute(_DUPLICATE, duplicates)


def _awarded(session: Session, rows: Sequence[BadgeRow]) -> set[tuple[int, str, datetime]]:
    """The badges that were given in the time of these, and a little later."""
    times = [utc(row.date) for row in rows]
    if not times:
        return set()
    period = _B.awarded_at.between(min(times), max(times) + timedelta(seconds=1))
    found = session.execute(select(_B.member_id, _B.name, _B.awarded_at).where(period))
    return {(row.member_id, row.name, row.awarded_at) for row in found}
