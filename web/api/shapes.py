"""Threads and posts as the API spells them. These names are part of the interface: they may grow, never change."""

from __future__ import annotations

from datetime import datetime

import msgspec

from forum.threads.lists import ThreadLine
from forum.threads.resources import PostResource, ThreadDetails, Version
from web.api.calls import AnyRequest, Items, absolute


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Who wrote something."""

    handle: str
    name: str


class ThreadShape(msgspec.Struct, frozen=True, kw_only=True):
    """A thread in a list."""

    id: int
    kind: str
    title: str
    url: str
    category: str
    tags: list[str]
    author: Person
    locale: str
    created_at: datetime
    last_activity_at: datetime
    replies: int
    score: int
    solved: bool
    official: bool
    closed: bool
    urgent: bool
    needs_info: bool
    critical: bool


class Affiliation(msgspec.Struct, frozen=True, kw_only=True):
    """How somebody was bound to the company without belonging to it: as partner, reseller or contractor, for whom.

    `confirmed` says whether an administrator had confirmed what they declared of themselves.
    """

    kind: str
    organisation: str
    confirmed: bool


class Author(msgspec.Struct, frozen=True, kw_only=True):
    """Who wrote a post or a version, with the badge worn then; `company` marks somebody who belonged to it."""

    handle: str
    name: str
    bot: bool
    company: bool
    team: str
    title: str
    affiliation: Affiliation | None


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Where an imported post comes from."""

    url: str
    author: str
    licence: str


class PostShape(msgspec.Struct, frozen=True, kw_only=True):
    """A post. `body` (Markdown) and `html` are null where it is hidden or deleted. Staff votes never count into `score`."""

    id: int
    thread: int
    url: str
    number: int
    parent: int | None
    comment: bool
    author: Author
    statement: bool
    body: str | None
    html: str | None
    locale: str
    revision: int
    score: int
    up: int
    down: int
    staff_up: int
    staff_down: int
    my_vote: int
    accepted_at: datetime | None
    official_at: datetime | None
    created_at: datetime
    edited_at: datetime | None
    deleted_at: datetime | None
    hidden_at: datetime | None
    origin: Origin | None


class WholeThread(ThreadShape, frozen=True, kw_only=True):
    """A thread with its marks and its first posts. `revision` guards changes of title, tags and category."""

    accepted: list[int]
    official_post: int | None
    solved_at: datetime | None
    official_at: datetime | None
    closed_at: datetime | None
    closed_reason: str
    duplicate_of: int | None
    idea_status: str | None
    revision: int
    following: bool
    me_too: int
    posts: Items[PostShape]


class VersionShape(msgspec.Struct, frozen=True, kw_only=True):
    """One version of a post; `title` and `tags` where it opens a thread."""

    number: int
    body: str
    title: str | None
    tags: list[str] | None
    author: Author
    role: str
    comment: str
    at: datetime


def thread_shape(request: AnyRequest, line: ThreadLine) -> ThreadShape:
    return ThreadShape(
        id=line.id,
        kind=line.kind,
        title=line.title,
        url=absolute(request, f"/t/{line.id}/{line.slug}"),
        category=line.category_slug,
        tags=[name for name, _ in line.tags],
        author=Person(handle=line.author_handle, name=line.author_name),
        locale=line.locale,
        created_at=line.created_at,
        last_activity_at=line.last_activity_at,
        replies=line.reply_count,
        score=line.score,
        solved=line.is_solved,
        official=line.is_official,
        closed=line.is_closed,
        urgent=line.is_urgent,
        needs_info=line.needs_info,
        critical=line.is_critical,
    )


def post_shape(request: AnyRequest, post: PostResource) -> PostShape:
    return PostShape(
        id=post.id,
        thread=post.thread_id,
        url=absolute(request, f"/p/{post.id}"),
        number=post.number,
        parent=post.parent_id,
        comment=post.is_comment,
        author=_author(post),
        statement=post.is_statement,
        body=post.source,
        html=post.html,
        locale=post.locale,
        revision=post.revision,
        score=post.up - post.down,
        up=post.up,
        down=post.down,
        staff_up=post.staff_up,
        staff_down=post.staff_down,
        my_vote=post.my_vote,
        accepted_at=post.accepted_at,
        official_at=post.official_at,
        created_at=post.created_at,
        edited_at=post.edited_at,
        deleted_at=post.deleted_at,
        hidden_at=post.hidden_at,
        origin=_origin(post),
    )


def _author(said: PostResource | Version) -> Author:
    return Author(
        handle=said.author_handle,
        name=said.author_name,
        bot=said.author_is_bot,
        company=said.is_company,
        team="" if said.badge_kind else said.badge_team,
        title=said.badge_title,
        affiliation=_affiliation(said) if said.badge_kind else None,
    )


def _affiliation(said: PostResource | Version) -> Affiliation:
    return Affiliation(kind=said.badge_kind, organisation=said.badge_team, confirmed=said.badge_is_confirmed)


def _origin(post: PostResource) -> Origin | None:
    if post.source_url is None:
        return None
    return Origin(url=post.source_url, author=post.source_author or "", licence=post.source_licence or "")


def whole_thread(
    line: ThreadShape, details: ThreadDetails, posts: Items[PostShape], idea_status: str | None
) -> WholeThread:
    return WholeThread(
        **msgspec.structs.asdict(line),
        accepted=list(details.accepted),
        official_post=details.official,
        solved_at=details.solved_at,
        official_at=details.official_at,
        closed_at=details.closed_at,
        closed_reason=details.closed_reason,
        duplicate_of=details.duplicate_of,
        idea_status=idea_status,
        revision=details.revision,
        following=details.following,
        me_too=details.me_too,
        posts=posts,
    )


def version_shape(version: Version) -> VersionShape:
    return VersionShape(
        number=version.number,
        body=version.source,
        title=version.title,
        tags=version.tags,
        author=_author(version),
        role=version.as_role,
        comment=version.comment,
        at=version.at,
    )
