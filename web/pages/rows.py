"""How what the forum reads becomes what lists show: addresses, labels, rows, beginnings of texts."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from urllib.parse import quote

from sqlalchemy import Connection

from forum.ideas.pages import statuses_of
from forum.threads.lists import ThreadLine
from web.pages.parts import Label, Person, ThreadRow

_BLOCK_END = re.compile(r"</(?:p|li|h[1-6]|tr|blockquote)>|<br ?/?>")
_SKIPPED = re.compile(r"<pre.*?(?:</pre>|\Z)", re.DOTALL)
_MARKUP = re.compile(r"<[^>]*(?:>|\Z)")


def thread_href(thread_id: int, slug: str) -> str:
    """A thread's address."""
    return f"/t/{thread_id}/{slug}"


def tag_label(key: str, name: str = "") -> Label:
    return Label(name or key, f"/tags/{quote(key, safe='+.-')}")


def category_label(slug: str, name: str) -> Label:
    return Label(name, f"/c/{slug}")


def rows_of(
    connection: Connection, lines: Iterable[ThreadLine], *, with_category: bool = True
) -> tuple[ThreadRow, ...]:
    """Threads as rows of a list; one select where there are ideas among them."""
    lines = tuple(lines)
    statuses = statuses_of(connection, [line.id for line in lines if line.kind == "idea"])
    return tuple(_row(line, statuses, with_category=with_category) for line in lines)


def _row(line: ThreadLine, statuses: Mapping[int, str], *, with_category: bool) -> ThreadRow:
    return ThreadRow(
        href=thread_href(line.id, line.slug),
        title=line.title,
        last_by=Person(
            name=line.last_name,
            handle=line.last_handle,
            is_staff=line.last_is_company,
            avatar=line.last_avatar,
            bond=line.last_badge_kind,
            bond_is_confirmed=line.last_badge_is_confirmed,
            is_bot=line.last_is_bot,
        ),
        last_at=line.last_activity_at,
        replies=line.reply_count,
        score=line.score,
        kind=line.kind,
        category=category_label(line.category_slug, line.category_name) if with_category else None,
        tags=tuple(tag_label(key, name) for name, key in line.tags),
        is_solved=line.is_solved,
        is_official=line.is_official,
        is_closed=line.is_closed,
        is_duplicate=line.is_duplicate,
        is_critical=line.is_critical,
        is_urgent=line.is_urgent,
        needs_info=line.needs_info and not (line.is_solved or line.is_closed),
        idea_status=statuses.get(line.id, ""),
        locale=line.locale,
    )


def beginning(source: str, length: int) -> str:
    """The first words of a post's HTML, which may be cut anywhere, as plain text of at most `length` characters and an ellipsis."""
    plain = _MARKUP.sub("", _BLOCK_END.sub(" ", _SKIPPED.sub(" ", source)))
    text = " ".join(html.unescape(plain).split())
    if len(text) <= length:
        return text
    return text[:length].rpartition(" ")[0].rstrip(" ,;:.-–—") + " …"
