"""The rows of a Stack Exchange dump as typed, frozen structs. Field names follow the dump's attributes.

Only what the forum keeps is read; further attributes are passed over, so newer dumps stay readable.
"""

import re
from datetime import UTC, datetime
from typing import Annotated, ClassVar

import msgspec

# Ids are 32 bit at the source; beyond 64 bit nothing could be stored. The site's own user has the id -1.
Id = Annotated[int, msgspec.Meta(ge=-1, le=2**63 - 1)]
Count = Annotated[int, msgspec.Meta(ge=-(2**31), le=2**31 - 1)]
Instant = datetime

_TAG_NAMES = re.compile(r"[^<>|\s]+")


class Row(msgspec.Struct, frozen=True, kw_only=True, rename="pascal"):
    """What every row has. `file` names the kind, in the dump's own spelling."""

    file: ClassVar[str]

    id: Id


class PostRow(Row, frozen=True, kw_only=True, rename="pascal"):
    """A question, an answer, or the text about a tag. Other kinds of posts belong to no thread."""

    file: ClassVar[str] = "Posts"
    QUESTION: ClassVar[int] = 1
    ANSWER: ClassVar[int] = 2
    TAG_EXCERPT: ClassVar[int] = 4
    TAG_WIKI: ClassVar[int] = 5

    post_type_id: int
    creation_date: Instant
    score: Count = 0
    body: str = ""
    parent_id: Id | None = None
    accepted_answer_id: Id | None = None
    owner_user_id: Id | None = None
    owner_display_name: str | None = None
    last_edit_date: Instant | None = None
    closed_date: Instant | None = None
    title: str = ""
    tags: str = ""
    content_license: str | None = None

    def __post_init__(self) -> None:
        if self.post_type_id == self.QUESTION and not self.title.strip():
            raise ValueError("a question without a title")
        if self.post_type_id == self.ANSWER and self.parent_id is None:
            raise ValueError("an answer that names no question")

    @property
    def tag_names(self) -> tuple[str, ...]:
        """The tags in their order: old dumps write `<one><two>`, new ones `|one|two|`."""
        return tag_names(self.tags)


class UserRow(Row, frozen=True, kw_only=True, rename="pascal"):
    """A person. Nothing in a dump identifies them beyond what their public profile said."""

    file: ClassVar[str] = "Users"

    creation_date: Instant
    display_name: str = ""
    about_me: str = ""


class VoteRow(Row, frozen=True, kw_only=True, rename="pascal"):
    """A vote, rounded to its day by the source and without the voter."""

    file: ClassVar[str] = "Votes"
    ACCEPTED: ClassVar[int] = 1
    UP: ClassVar[int] = 2
    DOWN: ClassVar[int] = 3

    post_id: Id
    vote_type_id: int
    creation_date: Instant


class CommentRow(Row, frozen=True, kw_only=True, rename="pascal"):
    """A comment under a question or an answer, in the source's small Markdown."""

    file: ClassVar[str] = "Comments"

    post_id: Id
    creation_date: Instant
    text: str = ""
    score: Count = 0
    user_id: Id | None = None
    user_display_name: str | None = None
    content_license: str | None = None


class TagRow(Row, frozen=True, kw_only=True, rename="pascal"):
    """A tag; its description lies in two posts."""

    file: ClassVar[str] = "Tags"

    tag_name: Annotated[str, msgspec.Meta(min_length=1)]
    excerpt_post_id: Id | None = None
    wiki_post_id: Id | None = None


class BadgeRow(Row, frozen=True, kw_only=True, rename="pascal"):
    """A badge that a person was given; the class is 1 gold, 2 silver, 3 bronze."""

    file: ClassVar[str] = "Badges"

    user_id: Id
    name: Annotated[str, msgspec.Meta(min_length=1)]
    date: Instant
    # The oldest dumps have no class.
    class_: int = msgspec.field(default=3, name="Class")


class HistoryRow(Row, frozen=True, kw_only=True, rename="pascal"):
    """One part (title, body or tags) of one revision; the parts of a revision share its GUID."""

    file: ClassVar[str] = "PostHistory"
    TITLE: ClassVar[frozenset[int]] = frozenset({1, 4, 7})
    BODY: ClassVar[frozenset[int]] = frozenset({2, 5, 8})
    TAGS: ClassVar[frozenset[int]] = frozenset({3, 6, 9})

    post_history_type_id: int
    post_id: Id
    creation_date: Instant
    revision: str = msgspec.field(default="", name="RevisionGUID")
    user_id: Id | None = None
    user_display_name: str | None = None
    comment: str = ""
    text: str = ""


class LinkRow(Row, frozen=True, kw_only=True, rename="pascal"):
    """One post points at another, or is its duplicate."""

    file: ClassVar[str] = "PostLinks"
    DUPLICATE: ClassVar[int] = 3

    post_id: Id
    related_post_id: Id
    link_type_id: int


def tag_names(written: str) -> tuple[str, ...]:
    """Split a row's tags, each once, in their order."""
    return tuple(dict.fromkeys(_TAG_NAMES.findall(written)))


def utc(moment: datetime) -> datetime:
    """The dump writes UTC without saying so."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
