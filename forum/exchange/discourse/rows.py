"""Topics, posts and categories as Discourse tells of them, as typed, frozen structs. Only what the forum keeps is read.

`topic_of` also takes the other form, in which archives of a Discourse site's pages are kept: a line for each topic, with
`topic_id`, the names of its categories, and posts with `n`, `author` and `likes`.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any

import msgspec

from forum.exchange.stackexchange.rows import utc

Id = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
Number = Annotated[int, msgspec.Meta(ge=1, le=2**31 - 1)]
# A name on one line; control characters have no place in it.
Line = Annotated[str, msgspec.Meta(pattern="^[^\\x00-\\x1f]*$", max_length=500)]
LIKE = 2
SMALL_ACTION, WHISPER = 3, 4
CLOSING = frozenset({"closed.enabled", "autoclosed.enabled", "archived.enabled"})


class Action(msgspec.Struct, frozen=True):
    """How often something was done with a post."""

    id: int
    count: Annotated[int, msgspec.Meta(ge=0, le=2**31 - 1)] = 0


class PostRow(msgspec.Struct, frozen=True, kw_only=True):
    """A post, as a reader sees it. `username` is missing where the account is gone."""

    id: Id | None = None
    post_number: Number
    post_type: int = 1
    action_code: str | None = None
    username: Annotated[str, msgspec.Meta(min_length=1, max_length=60, pattern="^[^\\x00-\\x1f]*$")] | None = None
    name: str | None = None
    user_id: int | None = None
    avatar_template: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    version: int = 1
    cooked: str = ""
    actions_summary: tuple[Action, ...] = ()
    accepted_answer: bool = False
    hidden: bool = False
    user_deleted: bool = False
    deleted_at: datetime | None = None

    @property
    def likes(self) -> int:
        return sum(action.count for action in self.actions_summary if action.id == LIKE)


class TopicRow(msgspec.Struct, frozen=True, kw_only=True):
    """A topic without its posts. `category` is the category's id there, or its name in an archive that has no ids."""

    id: Id
    title: Annotated[str, msgspec.Meta(min_length=1)]
    slug: Line | None = None
    category: Line = ""
    tags: tuple[Line, ...] = ()
    created_at: datetime | None = None
    last_posted_at: datetime | None = None
    archetype: str = "regular"
    visible: bool = True
    closed: bool = False
    archived: bool = False
    deleted_at: datetime | None = None
    can_vote: bool = False


class CategoryRow(msgspec.Struct, frozen=True, kw_only=True):
    """A category."""

    id: Id
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=500, pattern="^[^\\x00-\\x1f]*$")]
    slug: Line = ""
    description_text: Line | None = None
    read_restricted: bool = False


def topic_of(told: Mapping[str, Any]) -> tuple[TopicRow, list[Any]]:
    """A topic, and its posts as they were told.

    Raises:
        msgspec.ValidationError: it is no topic.
    """
    if "topic_id" in told:
        categories = told.get("categories") or [""]
        values = {**told, "id": told["topic_id"], "category": categories[-1]}
        posts = [_of_archive(post) for post in told.get("posts") or ()]
    else:
        category = told.get("category_id")
        values = {**told, "category": "" if category is None else str(category)}
        posts = list((told.get("post_stream") or {}).get("posts") or ())
    values["tags"] = [tag if isinstance(tag, str) else tag.get("name", "") for tag in told.get("tags") or ()]
    return msgspec.convert({name: value for name, value in values.items() if value is not None}, TopicRow), posts


def post_of(told: Any) -> PostRow:
    """A post.

    Raises:
        msgspec.ValidationError: it is none.
    """
    if isinstance(told, Mapping):
        told = {name: value for name, value in told.items() if value is not None}
    return msgspec.convert(told, PostRow)


def moment(value: datetime | None) -> datetime | None:
    """The same in UTC."""
    return None if value is None else utc(value)


def _of_archive(post: Any) -> Any:
    if not isinstance(post, Mapping):
        return post
    changed = post.get("modified_at")
    return {
        "post_number": post.get("n"),
        "username": post.get("author"),
        "created_at": post.get("created_at"),
        "updated_at": changed,
        "version": 1 if changed in (None, post.get("created_at")) else 2,
        "cooked": post.get("cooked"),
        "actions_summary": [{"id": LIKE, "count": post.get("likes") or 0}],
        "accepted_answer": bool(post.get("accepted")),
    }
