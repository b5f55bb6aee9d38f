"""The versions of a post, out of the history of a dump. Pure."""

from collections.abc import Iterable

from forum.exchange.drafts import Version
from forum.exchange.people import stranger
from forum.exchange.stackexchange.rows import HistoryRow, tag_names, utc
from forum.exchange.stackexchange.site import Site
from forum.kernel.errors import N_

_COMMENT_LENGTH = 300
_CLOSED = 10
# The numbers under which the source keeps its reasons for closing: first those of today, then those until 2013.
_REASONS = {
    "101": N_("duplicate"),
    "102": N_("off-topic"),
    "103": N_("needs details or clarity"),
    "104": N_("needs more focus"),
    "105": N_("based on opinion"),
    "1": N_("duplicate"),
    "2": N_("off-topic"),
    "3": N_("based on opinion"),
    "4": N_("needs details or clarity"),
    "7": N_("too localised"),
    "10": N_("general reference"),
}


def versions(history: Iterable[HistoryRow], site: Site) -> list[Version]:
    """The versions in their order; a change of the title or the tags alone keeps the body of the version before."""
    found: list[Version] = []
    for parts in _by_revision(history):
        source = found[-1].source if found else ""
        at = utc(parts[0].creation_date)
        version = Version(
            source=source,
            author=stranger(site.host, parts[0].user_id, parts[0].user_display_name, at),
            at=at,
            comment=" ".join(next((part.comment for part in parts if part.comment), "").split())[:_COMMENT_LENGTH],
        )
        for part in parts:
            _take(part, version)
        found.append(version)
    return found


def last_body(history: Iterable[HistoryRow]) -> str | None:
    """The Markdown of the body as it stands now."""
    bodies = [row.text for row in history if row.post_history_type_id in HistoryRow.BODY]
    return bodies[-1] if bodies else None


def closing_reason(history: Iterable[HistoryRow]) -> str:
    """Why a question was closed, as a message to translate; empty if the history does not tell."""
    codes = [row.comment.strip() for row in history if row.post_history_type_id == _CLOSED]
    return _REASONS.get(codes[-1], "") if codes else ""


def _take(part: HistoryRow, version: Version) -> None:
    if part.post_history_type_id in HistoryRow.BODY:
        version.source = part.text.replace("\r\n", "\n").replace("\r", "\n")
    elif part.post_history_type_id in HistoryRow.TITLE:
        version.title = part.text
    else:
        version.tags = list(tag_names(part.text))


def _by_revision(history: Iterable[HistoryRow]) -> list[list[HistoryRow]]:
    """The rows that set something, those of one revision together."""
    groups: dict[str, list[HistoryRow]] = {}
    for row in history:
        if row.post_history_type_id in HistoryRow.TITLE | HistoryRow.BODY | HistoryRow.TAGS:
            groups.setdefault(row.revision or str(row.id), []).append(row)
    return list(groups.values())
