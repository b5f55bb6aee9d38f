"""The map of what was imported: a thing's site, kind and id there lead to its id here."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import Connection, bindparam, select
from sqlalchemy.orm import Session

from forum.exchange.tables import ImportSource
from forum.kernel import bulk

THREAD, POST, COMMENT, LINK = "thread", "post", "comment", "link"
USER, BADGE, TAG = "user", "badge", "tag"
CATEGORY, CATEGORY_SLUG = "category", "category_slug"
SOFTWARE, DISCOURSE = "software", "discourse"
"""Kinds of things, and what a site ran on."""

_S = ImportSource.__table__.c
_KNOWN = select(_S.source_id, _S.local_id).where(
    _S.site == bindparam("site"), _S.kind == bindparam("kind"), _S.source_id.in_(bindparam("ids", expanding=True))
)
# Both databases take more parameters in one statement; beyond some thousands it gains nothing.
_MOST = 2_000


def known(session: Session | Connection, site: str, kind: str, ids: Iterable[int | str]) -> dict[str, int]:
    """Those of the ids that were imported already, each with its id here."""
    wanted = sorted({str(each) for each in ids})
    found: dict[str, int] = {}
    for start in range(0, len(wanted), _MOST):
        values = {"site": site, "kind": kind, "ids": wanted[start : start + _MOST]}
        found.update((row.source_id, row.local_id) for row in session.execute(_KNOWN, values))
    return found


def remember(session: Session, site: str, kind: str, local_ids: Mapping[Any, int]) -> None:
    """Note what was imported, in the transaction that imports it.

    Raises:
        IntegrityError: somebody else imported one of them meanwhile (as `bulk.add` raises it).
    """
    rows = [
        {"site": site, "kind": kind, "source_id": str(source_id), "local_id": local_id}
        for source_id, local_id in local_ids.items()
    ]
    bulk.add(session, ImportSource, rows)
