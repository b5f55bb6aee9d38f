"""Categories, tags, threads, posts and what hangs on them, with the rules that an entity keeps by itself.

A thread's first post (number 1) is its question, idea or announcement; the others are replies. Counters and marks on a row are
stored copies: `reply_count`, `last_activity_at` and `version` are written by the verbs of this package alone, scores by `voting`,
acceptance by `answers`, official marks by `official`.
"""

from datetime import date, datetime
from typing import Any

from sqlalchemy import Date, ForeignKey, Index, String, Text, UniqueConstraint, false, text
from sqlalchemy.orm import Mapped, mapped_column

from forum.kernel.access import Actor
from forum.kernel.db import Base, BigId, Json, UtcTime, folded
from forum.kernel.errors import N_, Conflict
from forum.visibility import hidden_only_by_decision

KINDS = ("question", "idea", "discussion", "announcement")


Words = dict[str, dict[str, str]]
"""Name and description by locale."""


class Category(Base):
    """A place to ask in. `audience` says who sees it, `openers` who may open threads there, `repliers` who may reply (clearances).

    Where one of them is `access.GROUPS`, the groups of `category_group` decide. `words` are name and description in languages other
    than the one that `name` and `description` are in, by locale: {"it": {"name": "Macinini"}}; what is lacking there falls back.
    """

    __tablename__ = "category"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    slug: Mapped[str] = mapped_column(folded(60), unique=True)
    name: Mapped[str] = mapped_column(String(80))
    description: Mapped[str] = mapped_column(String(300), default="")
    icon: Mapped[str] = mapped_column(String(30), default="")
    position: Mapped[int] = mapped_column(default=0)
    kinds: Mapped[list[str]] = mapped_column(Json)
    audience: Mapped[int] = mapped_column(default=0)
    openers: Mapped[int] = mapped_column(default=1)
    repliers: Mapped[int] = mapped_column(default=1, server_default="1")
    several_solutions: Mapped[bool] = mapped_column(default=False)
    peers_first_hours: Mapped[int] = mapped_column(default=0)
    words: Mapped[Words] = mapped_column(Json, default_factory=dict, server_default="{}")
    thread_count: Mapped[int] = mapped_column(default=0)
    open_count: Mapped[int] = mapped_column(default=0)  # questions without a solution; both counted anew each minute

    def named(self, locale: str) -> str:
        """What it is called in a language, as far as anybody said."""
        return self.words.get(locale, {}).get("name") or self.name


class FormerSlug(Base):
    """Where a category stood before it was renamed. Nothing else needs such a memory: threads and articles have a number in
    their address, tags and handles stay what they are."""

    __tablename__ = "former_slug"

    slug: Mapped[str] = mapped_column(folded(60), primary_key=True)
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"), index=True)


class CategoryGroup(Base):
    """What a group may in a category: being here means to see it."""

    __tablename__ = "category_group"

    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"), primary_key=True)
    group_id: Mapped[int] = mapped_column(ForeignKey("member_group.id"), primary_key=True, index=True)
    may_open: Mapped[bool] = mapped_column(default=True)
    may_reply: Mapped[bool] = mapped_column(default=True)


class CategoryModerator(Base):
    """Somebody who moderates one category, and no other."""

    __tablename__ = "category_moderator"

    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)
    since: Mapped[datetime] = mapped_column(UtcTime)


class KeptFigures(Base):
    """Figures that are too dear to reckon for every reader: reckoned now and then, and kept under a name."""

    __tablename__ = "kept_figures"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    value: Mapped[dict[str, Any]] = mapped_column(Json)


class Tag(Base):
    """A word that threads are found by."""

    __tablename__ = "tag"

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    name: Mapped[str] = mapped_column(String(40))
    name_key: Mapped[str] = mapped_column(folded(40), unique=True)
    description: Mapped[str] = mapped_column(Text, default="")
    description_html: Mapped[str] = mapped_column(Text, default="")
    thread_count: Mapped[int] = mapped_column(default=0)


class ThreadTag(Base):
    """A thread under a tag."""

    __tablename__ = "thread_tag"

    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), primary_key=True)
    tag_id: Mapped[int] = mapped_column(ForeignKey("tag.id"), primary_key=True, index=True)


class Thread(Base):
    """A question, an idea, a discussion or an announcement, with its replies."""

    __tablename__ = "thread"
    __table_args__ = (
        hidden_only_by_decision(),
        Index("ix_thread_latest", "last_activity_at", "id"),
        Index("ix_thread_category_latest", "category_id", "last_activity_at", "id"),
        Index("ix_thread_kind_latest", "kind", "last_activity_at", "id"),
        Index("ix_thread_newest", "created_at", "id"),
        Index("ix_thread_category_newest", "category_id", "created_at", "id"),
        Index("ix_thread_top", "score", "id"),
        Index("ix_thread_category_top", "category_id", "score", "id"),
        Index("ix_thread_author", "author_id", "id"),
        Index(
            "ix_thread_unanswered",
            "kind",  # always the same; SQLite takes the index of all questions if this one has no column to look up
            "created_at",
            "id",
            sqlite_where=text("kind = 'question' AND reply_count = 0 AND closed_at IS NULL AND needs_info_at IS NULL"),
            postgresql_where=text(
                "kind = 'question' AND reply_count = 0 AND closed_at IS NULL AND needs_info_at IS NULL"
            ),
        ),
        Index(
            "ix_thread_closed",
            "last_activity_at",
            "id",
            sqlite_where=text("closed_at IS NOT NULL"),
            postgresql_where=text("closed_at IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    kind: Mapped[str] = mapped_column(String(16))
    category_id: Mapped[int] = mapped_column(ForeignKey("category.id"))
    author_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    title: Mapped[str] = mapped_column(String(300))
    slug: Mapped[str] = mapped_column(String(100))
    locale: Mapped[str] = mapped_column(String(8), default="")
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    last_activity_at: Mapped[datetime] = mapped_column(UtcTime)
    post_count: Mapped[int] = mapped_column(default=1)
    reply_count: Mapped[int] = mapped_column(default=0)
    score: Mapped[int] = mapped_column(default=0)
    me_too_count: Mapped[int] = mapped_column(default=0, server_default="0")
    version: Mapped[int] = mapped_column(default=1)
    solved_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    official_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    needs_info_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    is_urgent: Mapped[bool] = mapped_column(default=False)
    is_critical: Mapped[bool] = mapped_column(default=False)
    closed_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    closed_reason: Mapped[str] = mapped_column(String(200), default="")
    closed_by: Mapped[int | None] = mapped_column(ForeignKey("decision.id"), default=None)
    closed_before_import: Mapped[bool] = mapped_column(default=False)
    duplicate_of_id: Mapped[int | None] = mapped_column(ForeignKey("thread.id"), default=None)
    hidden_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    hidden_by: Mapped[int | None] = mapped_column(ForeignKey("decision.id"), default=None)

    @property
    def is_open(self) -> bool:
        return self.closed_at is None

    def changed(self, at: datetime) -> None:
        """Something that the thread's page shows is different now."""
        self.version += 1
        self.last_activity_at = max(self.last_activity_at, at)

    def accept(self, post: "Post", *, by: Actor, replacing: "Acceptance | None", at: datetime) -> "Acceptance":
        """Mark a reply as the accepted answer, closing the acceptance that it replaces.

        Raises:
            Conflict: the post belongs elsewhere, opens the thread, or is a comment.
        """
        if post.thread_id != self.id:
            raise Conflict(N_("That reply belongs to another thread."))
        if self.kind != "question":
            raise Conflict(N_("Only a question can have an accepted answer."))
        if post.number == 1 or post.is_comment:
            raise Conflict(N_("Only a reply can be the accepted answer."))
        if replacing is not None:
            replacing.withdraw(as_role=self.voice_of(by), at=at)
        post.accepted_at = at
        self.solved_at = at
        self.changed(at)
        return Acceptance(
            thread_id=self.id, post_id=post.id, by_member_id=by.member_id, as_role=self.voice_of(by), at=at
        )

    def voice_of(self, actor: Actor) -> str:
        """As what somebody acts on this thread: its author before all else."""
        return "author" if actor.member_id == self.author_id else actor.voice


class Post(Base):
    """What somebody said. Source and rendered HTML lie side by side; the badge that the author wore then is kept with it.

    `badge_kind` is that of `Affiliation` where the author was bound to the company without belonging to it; `badge_team` is
    their organisation then.
    """

    __tablename__ = "post"
    __table_args__ = (
        hidden_only_by_decision(),
        UniqueConstraint("thread_id", "number"),
        Index("ix_post_best", "thread_id", "is_comment", "rank", "id"),
        Index("ix_post_author", "author_id", "id"),
        Index(
            "ix_post_parent",
            "parent_id",
            sqlite_where=text("parent_id IS NOT NULL"),
            postgresql_where=text("parent_id IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"))
    number: Mapped[int]
    author_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    source: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    renderer: Mapped[int]
    is_comment: Mapped[bool] = mapped_column(default=False)
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("post.id"), default=None)
    locale: Mapped[str] = mapped_column(String(8), default="")
    created_at: Mapped[datetime] = mapped_column(UtcTime)
    edited_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    revision: Mapped[int] = mapped_column(default=1)
    is_company: Mapped[bool] = mapped_column(default=False)
    badge_team: Mapped[str] = mapped_column(String(60), default="")
    badge_title: Mapped[str] = mapped_column(String(80), default="")
    badge_kind: Mapped[str] = mapped_column(String(12), default="", server_default="")
    badge_is_confirmed: Mapped[bool] = mapped_column(default=False, server_default=false())
    is_statement: Mapped[bool] = mapped_column(default=False)
    up: Mapped[int] = mapped_column(default=0)
    down: Mapped[int] = mapped_column(default=0)
    staff_up: Mapped[int] = mapped_column(default=0)
    staff_down: Mapped[int] = mapped_column(default=0)
    rank: Mapped[float] = mapped_column(default=0.0)
    accepted_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    official_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    hidden_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    hidden_by: Mapped[int | None] = mapped_column(ForeignKey("decision.id"), default=None)

    @property
    def score(self) -> int:
        """Votes up less votes down; staff votes are counted apart."""
        return self.up - self.down


class Revision(Base):
    """One version of a post, the first one too once there is a second. `title` and `tags` only where the first post changed them."""

    __tablename__ = "revision"
    __table_args__ = (UniqueConstraint("post_id", "number"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"))
    number: Mapped[int]
    source: Mapped[str] = mapped_column(Text)
    title: Mapped[str | None] = mapped_column(String(300), default=None)
    tags: Mapped[list[str] | None] = mapped_column(Json, default=None)
    author_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    as_role: Mapped[str] = mapped_column(String(20))
    is_company: Mapped[bool] = mapped_column(default=False, server_default=false())
    badge_team: Mapped[str] = mapped_column(String(60), default="", server_default="")
    badge_title: Mapped[str] = mapped_column(String(80), default="", server_default="")
    badge_kind: Mapped[str] = mapped_column(String(12), default="", server_default="")
    badge_is_confirmed: Mapped[bool] = mapped_column(default=False, server_default=false())
    comment: Mapped[str] = mapped_column(String(300), default="")
    at: Mapped[datetime] = mapped_column(UtcTime)


class Vote(Base):
    """One member's vote on one post: +1 or -1. Taking it back deletes the row."""

    __tablename__ = "vote"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)
    value: Mapped[int]
    by_staff: Mapped[bool] = mapped_column(default=False)
    at: Mapped[datetime] = mapped_column(UtcTime)


class ImportedVotes(Base):
    """Votes that a dump brought, which names no voters: so many up and down on a day."""

    __tablename__ = "imported_votes"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    up: Mapped[int] = mapped_column(default=0)
    down: Mapped[int] = mapped_column(default=0)


class Acceptance(Base):
    """Which reply solved a thread: said by whom, as what, when, and until when. The open ones are those not withdrawn."""

    __tablename__ = "acceptance"
    __table_args__ = (
        Index(
            "ux_acceptance_open",
            "post_id",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
        Index("ix_acceptance_thread", "thread_id"),
        Index("ix_acceptance_at", "at"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"))
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"))
    by_member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"))
    as_role: Mapped[str] = mapped_column(String(20))
    at: Mapped[datetime] = mapped_column(UtcTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)
    withdrawn_as: Mapped[str] = mapped_column(String(20), default="")

    def withdraw(self, *, as_role: str, at: datetime) -> None:
        """It no longer stands; the row stays as the record that it once did, and as what somebody took it away."""
        self.withdrawn_at, self.withdrawn_as = at, as_role


class OfficialMark(Base):
    """The company's word on a thread: which post, marked by whom of which team. At most one is open per thread."""

    __tablename__ = "official_mark"
    __table_args__ = (
        Index(
            "ux_official_open",
            "thread_id",
            unique=True,
            sqlite_where=text("withdrawn_at IS NULL"),
            postgresql_where=text("withdrawn_at IS NULL"),
        ),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True, init=False)
    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"))
    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"))
    by_member_id: Mapped[int] = mapped_column(ForeignKey("member.id"))
    team: Mapped[str] = mapped_column(String(60))
    at: Mapped[datetime] = mapped_column(UtcTime)
    withdrawn_at: Mapped[datetime | None] = mapped_column(UtcTime, default=None)


class Subscription(Base):
    """A member who follows a thread."""

    __tablename__ = "subscription"

    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)
    since: Mapped[datetime] = mapped_column(UtcTime)


class MeToo(Base):
    """A member who has the problem that a question asks about. Counted in `Thread.me_too_count`."""

    __tablename__ = "me_too"

    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), primary_key=True)
    member_id: Mapped[int] = mapped_column(ForeignKey("member.id"), primary_key=True, index=True)
    at: Mapped[datetime] = mapped_column(UtcTime)


class Attribution(Base):
    """Where an imported post comes from, by whom and under which licence. Shown wherever the post is."""

    __tablename__ = "attribution"

    post_id: Mapped[int] = mapped_column(ForeignKey("post.id"), primary_key=True)
    site: Mapped[str] = mapped_column(String(100))
    url: Mapped[str] = mapped_column(String(500))
    author_name: Mapped[str] = mapped_column(String(120))
    author_url: Mapped[str] = mapped_column(String(500), default="")
    licence: Mapped[str] = mapped_column(String(40))


class ThreadLink(Base):
    """Two threads that somebody found to belong together."""

    __tablename__ = "thread_link"

    thread_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), primary_key=True)
    related_id: Mapped[int] = mapped_column(ForeignKey("thread.id"), primary_key=True)
    kind: Mapped[str] = mapped_column(String(16), default="related")
