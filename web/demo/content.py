"""What the demo community consists of, read from `content/` into frozen structs.

Moments are stretches of time: `ago` counts back from the filling, `after` forward from the opening of the thread,
so the community never ages. `checks` holds what must be true of the whole; `loading` brings it to life.
"""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from web.demo.blocks import Block, ContentError, Names, Span, read_blocks, shaped

FOLDER = Path(__file__).parent / "content"

Kind = Literal["question", "idea", "discussion", "announcement"]
Status = Literal["under_review", "planned", "in_progress", "shipped", "declined"]
Title = Annotated[str, Meta(min_length=15, max_length=140)]
Line = Annotated[str, Meta(min_length=1, max_length=300)]
Slug = Annotated[str, Meta(pattern="^[a-z0-9]+(?:[-.][a-z0-9]+)*$", max_length=60)]

LINK = re.compile(r"\]\((thread|article):([a-z0-9.-]+)\)")


class Frozen(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A struct that refuses unknown fields, so that a misspelt one is noticed."""


class Person(Frozen, frozen=True, kw_only=True):
    handle: Slug
    name: Line
    joined: Annotated[int, Meta(ge=1, le=2000, description="days ago")]
    role: Literal["member", "moderator", "administrator"] = "member"
    locale: Literal["en", "it"] = "en"
    bio: Line = "-"
    team: str = ""
    title: str = ""
    bond: Literal["", "partner", "reseller", "contractor"] = ""
    organisation: str = ""
    signs_in_as: Literal["", "customer", "moderator", "product manager", "administrator"] = ""

    @property
    def is_staff(self) -> bool:
        return bool(self.team)

    @property
    def mail(self) -> str:
        return f"{self.handle}@{'alzaia' if self.is_staff else 'post'}.example"


class Category(Frozen, frozen=True, kw_only=True):
    slug: Slug
    name: Line
    name_it: Line
    about: Line
    about_it: Line
    icon: Slug
    kinds: tuple[Kind, ...]
    audience: Literal["public", "members", "staff"] = "public"
    peers_first_hours: Annotated[int, Meta(ge=0, le=72)] = 0
    several_solutions: bool = False


class Tag(Frozen, frozen=True, kw_only=True):
    name: Slug
    about: Line


class Edit(Frozen, frozen=True, kw_only=True):
    """A later version of the post above it. The file's order is the order of the versions."""

    after: Span
    note: Line
    by: str = ""
    body: str = ""


class Flag(Frozen, frozen=True, kw_only=True):
    by: str
    after: Span
    reason: Literal["abuse", "off-topic", "spam", "personal-data", "illegal", "advertising", "other"]
    body: str = ""


class Ruling(Frozen, frozen=True, kw_only=True):
    """A moderation decision: on the post above it, or, to close, on the thread. The body is the reason that everyone reads.

    Rule and reason are the codes of `moderation.guidelines`.
    """

    by: str
    after: Span
    action: Literal["hide", "restore", "close"]
    rule: str
    reason: str
    body: str = ""


class Change(Frozen, frozen=True, kw_only=True):
    """A step of an idea; the body is the company's public response."""

    by: str
    after: Span
    status: Status
    body: str = ""


class Article(Frozen, frozen=True, kw_only=True):
    """The help article that a moderator made of a solved thread."""

    title: Title
    by: str
    drafted: Span
    published: Span
    key: Slug
    body: str = ""


class Reply(Frozen, frozen=True, kw_only=True):
    """A reply, or a remark: a short word under the nearest reply above it, or under the opening, that answers nothing."""

    by: str
    after: Span
    remark: bool = False
    up: Names = Names()
    down: Names = Names()
    accepted: Span | None = None
    accepted_by: str = ""
    official: Span | None = None
    body: str = ""
    edits: tuple[Edit, ...] = ()
    flags: tuple[Flag, ...] = ()
    rulings: tuple[Ruling, ...] = ()


class Thread(Frozen, frozen=True, kw_only=True):
    kind: Kind
    category: str
    title: Title
    by: str
    ago: Span
    tags: tuple[str, ...] = ()
    up: Names = Names()
    down: Names = Names()
    urgent: bool = False
    key: str = ""
    body: str = ""
    edits: tuple[Edit, ...] = ()
    rulings: tuple[Ruling, ...] = ()
    replies: tuple[Reply, ...] = ()
    changes: tuple[Change, ...] = ()
    article: Article | None = None

    @property
    def posts(self) -> "tuple[Thread | Reply, ...]":
        return (self, *self.replies)

    @property
    def locale(self) -> str:
        return "it" if "italiano" in self.tags else "en"

    @property
    def accepted(self) -> tuple[Reply, ...]:
        return tuple(reply for reply in self.replies if reply.accepted is not None)

    @property
    def status(self) -> str:
        return self.changes[-1].status if self.changes else "new"


class Community(Frozen, frozen=True, kw_only=True):
    people: tuple[Person, ...]
    categories: tuple[Category, ...]
    tags: tuple[Tag, ...]
    threads: tuple[Thread, ...]

    def person(self, handle: str) -> Person:
        return next(person for person in self.people if person.handle == handle)

    def category(self, slug: str) -> Category:
        return next(category for category in self.categories if category.slug == slug)

    def thread(self, key: str) -> Thread:
        return next(thread for thread in self.threads if thread.key == key)


def read_community(folder: Path = FOLDER) -> Community:
    """Read every data file.

    Raises:
        ContentError: a file breaks the format; `checks.faults` finds what contradicts the rest.
    """
    return Community(
        people=tuple(_rows(folder / "people.toml", "people", Person)),
        categories=tuple(_rows(folder / "categories.toml", "categories", Category)),
        tags=tuple(_rows(folder / "tags.toml", "tags", Tag)),
        threads=tuple(read_thread(path) for path in sorted((folder / "threads").rglob("*.md"))),
    )


def _rows(path: Path, table: str, shape: type[Any]) -> Iterator[Any]:
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    if set(content) != {table}:
        raise ContentError(f"{path.name}: holds {sorted(content)}, not {table} alone")
    for number, row in enumerate(content[table], start=1):
        yield shaped(f"{path.name}, entry {number}", row, shape)


def read_thread(path: Path) -> Thread:
    """Read one thread with its replies. The file's folder is the category, its name the key that links use."""
    first, *others = read_blocks(path)
    if first.name != "thread":
        raise ContentError(f"{first.place}: begins with a {first.name}, not with the thread")
    opening = {**first.head, "key": path.stem, "category": path.parent.name}
    posts: list[dict[str, Any]] = [{**opening, "body": first.body}]
    for block in others:
        _add(posts, block)
    thread, *replies = posts
    return shaped(first.place, {**thread, "replies": replies}, Thread)


def _add(posts: list[dict[str, Any]], block: Block) -> None:
    """Hang a block where it belongs: on the post above it, or on the thread."""
    entry = {**block.head, "body": block.body}
    thread, post = posts[0], posts[-1]
    match block.name:
        case "reply" | "remark":
            shaped(block.place, entry, Reply)  # once here already, so that a message names this line
            posts.append({**entry, "remark": block.name == "remark"})
        case "edit":
            post.setdefault("edits", []).append(entry)
        case "flag":
            post.setdefault("flags", []).append(entry)
        case "ruling":
            subject = thread if entry.get("action") == "close" else post
            subject.setdefault("rulings", []).append(entry)
        case "status":
            thread.setdefault("changes", []).append(entry)
        case "article" if "article" not in thread:
            thread["article"] = entry
        case _:
            raise ContentError(f"{block.place}: no {block.name} can stand here")


def links(text: str) -> list[tuple[str, str]]:
    """The `(thread:key)` and `(article:key)` links of a Markdown text, as (kind, key)."""
    return LINK.findall(text)
