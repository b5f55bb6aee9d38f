"""What a thread's template is handed: each post as a card, with what this reader may do with it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

import msgspec
from markupsafe import Markup
from sqlalchemy import Connection

from crm_sync.pages import Share, shares_of
from forum.ideas.pages import Answered, answered
from forum.kernel import clock
from forum.kernel.access import Actor, Denied, Verdict
from forum.kernel.errors import Text
from forum.threads.pages import PostView, RelatedThread, ThreadHead, ThreadPage, default_sort
from forum.threads.policies import (
    may_accept,
    may_ask_for_details,
    may_delete_post,
    may_edit_post,
    may_reply,
    may_retag,
    may_say_me_too,
    may_speak_officially,
    may_vote,
    may_withdraw,
)
from moderation.pages import decisions_behind
from moderation.policies import may_close, may_decide_idea, may_flag
from web.pages.frame import address_of
from web.pages.parts import NOBODY, Pager, Person, ThreadRow, Vote, numbered
from web.pages.rows import category_label, tag_label, thread_href
from web.pages.rulings import Told, told


class Source(msgspec.Struct, frozen=True):
    """Where an imported post comes from, by whom and under which licence."""

    site: str
    url: str
    author: str
    author_url: str
    licence: str


class Comment(msgspec.Struct, frozen=True, kw_only=True):
    """A remark under a post; without words where they are out of sight."""

    id: int
    html: Markup | None
    person: Person
    at: datetime
    lang: str
    source: Source | None


class May(msgspec.Struct, frozen=True, kw_only=True):
    """What this reader may do with a post: the buttons that it has."""

    accept: bool = False
    withdraw: bool = False
    mark: bool = False
    unmark: bool = False
    edit: bool = False
    delete: bool = False
    report: bool = False


NOTHING = May()
VISITORS = May(report=True)  # whoever is not signed in is shown the way to report, which leads past the door


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """A post as the page shows it. Without `html` it is a tombstone: of a decision (`ruling`), or deleted by its author.

    With `html` and `ruling` it is hidden, and this reader is its author or a moderator.
    """

    id: int
    number: int
    html: Markup | None
    person: Person
    is_mine: bool
    at: datetime
    edited_at: datetime | None
    lang: str
    vote: Vote
    accepted_at: datetime | None
    accepted_as: str
    official_at: datetime | None
    official_team: str
    is_statement: bool
    deleted_at: datetime | None
    ruling: Told | None
    may: May
    comments: tuple[Comment, ...]
    source: Source | None

    @property
    def has_house_seal(self) -> bool:
        return self.official_at is not None or self.is_statement


class ThreadView(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that the thread's page shows beside its frame and composer."""

    head: ThreadHead
    row: ThreadRow
    href: str
    asker: Person
    lang: str
    opening: Card | None
    replies: tuple[Card, ...]
    accepted: Card | None
    official: Card | None
    related: tuple[RelatedThread, ...]
    duplicate_of: RelatedThread | None
    hidden: Told | None
    closed: Told | None
    idea: Answered | None
    shares: tuple[Share, ...]
    sort: str
    pager: Pager
    reply: Verdict
    may_say_me_too: bool
    may_ask_for_details: bool
    may_close: bool
    may_decide: bool

    @property
    def refusal(self) -> Text | None:
        """Why this member cannot reply; nothing where they can, or where nobody is signed in yet."""
        return self.reply.text if isinstance(self.reply, Denied) else None


class _Rules(msgspec.Struct, frozen=True):
    """The category's rules that a reply is judged by."""

    id: int
    repliers: int
    peers_first_hours: int


def viewed(connection: Connection, actor: Actor, read: ThreadPage) -> ThreadView:
    """The page for this reader; at most three selects beyond those that brought `read`."""
    head, actor = read.head, actor.within(read.head.category_id)
    rulings = _rulings(connection, actor, read)
    make = _Cards(actor, read, rulings)
    opening = make.card(read.opening) if read.opening else None
    replies = tuple(make.card(post) for post in read.replies)
    idea = answered(connection, head.id) if head.kind == "idea" else None
    rules = _Rules(head.category_id, head.category_repliers, head.peers_first_hours)
    return ThreadView(
        head=head,
        row=_row(head, read, idea),
        href=make.href,
        asker=opening.person if opening else Person(name=head.author_name, handle=head.author_handle),
        lang=head.locale,
        opening=opening,
        replies=replies,
        accepted=next((card for card in replies if card.accepted_at and card.html), None),
        official=next((card for card in replies if card.official_at and card.html), None),
        related=read.related,
        duplicate_of=next((one for one in read.related if one.id == head.duplicate_of_id), None),
        hidden=rulings.get(head.hidden_by or 0),
        closed=rulings.get(head.closed_by or 0),
        idea=idea,
        # only what is resolved or wished for leaves for the company's systems, so other threads need not ask
        shares=shares_of(connection, thread_id=head.id) if head.solved_at or head.kind == "idea" else (),
        sort=read.sort,
        pager=numbered(read.page, read.pages, make.page_href),
        reply=may_reply(actor, head, rules, peer_replied=read.peer_replied, at=clock.now()),
        may_say_me_too=not actor.is_signed_in or may_say_me_too(actor, head).allowed,
        may_ask_for_details=head.kind == "question"
        and head.solved_at is None
        and head.closed_at is None
        and may_ask_for_details(actor, head).allowed,
        may_close=may_close(actor).allowed and head.hidden_at is None,
        may_decide=head.kind == "idea" and may_decide_idea(actor).allowed,
    )


def page_address(head: ThreadHead, *, sort: str, page: int) -> str:
    """The one address of a page of a thread."""
    shown_sort = "" if sort == default_sort(head.kind) else sort
    return address_of(thread_href(head.id, head.slug), sort=shown_sort, page=page if page > 1 else 0)


def _rulings(connection: Connection, actor: Actor, read: ThreadPage) -> dict[int, Told]:
    comments = (comment for found in read.comments.values() for comment in found)
    posts = [*read.replies, *comments, *([read.opening] if read.opening else [])]
    behind = {post.hidden_by for post in posts} | {read.head.hidden_by, read.head.closed_by}
    entries = decisions_behind(connection, actor, {decision for decision in behind if decision is not None})
    return {decision: told(entry) for decision, entry in entries.items()}


def _row(head: ThreadHead, read: ThreadPage, idea: Answered | None) -> ThreadRow:
    """The thread as its badges know it."""
    return ThreadRow(
        href=thread_href(head.id, head.slug),
        title=head.title,
        last_by=NOBODY,
        last_at=head.last_activity_at,
        replies=head.reply_count,
        score=head.score,
        kind=head.kind,
        category=category_label(head.category_slug, head.category_name),
        tags=tuple(tag_label(tag.key, tag.name) for tag in read.tags),
        is_solved=head.solved_at is not None,
        is_official=head.official_at is not None,
        is_closed=head.closed_at is not None,
        is_duplicate=head.duplicate_of_id is not None,
        is_critical=head.is_critical,
        is_urgent=head.is_urgent,
        needs_info=_waits(head),
        idea_status=idea.status if idea else "",
        locale=head.locale,
    )


def _waits(head: ThreadHead) -> bool:
    """Whether it is the asker's turn. A thread that is solved or closed waits for nobody."""
    return head.needs_info_at is not None and head.solved_at is None and head.closed_at is None


class _Cards:
    """Makes the cards of one page, asking once what is the same for all of them."""

    def __init__(self, actor: Actor, read: ThreadPage, rulings: Mapping[int, Told]) -> None:
        self.actor, self.head, self.read, self.rulings = actor, read.head, read, rulings
        self.href = self.page_href(read.page)
        self.query = "".join(self.href.partition("?")[1:])
        accepting = may_accept(actor, self.head, word=read.word, at=clock.now()).allowed
        self.accepts = accepting and self.head.kind == "question"
        self.speaks = may_speak_officially(actor).allowed
        self.is_author = actor.member_id == self.head.author_id

    def page_href(self, page: int) -> str:
        return page_address(self.head, sort=self.read.sort, page=page)

    def card(self, post: PostView) -> Card:
        ruling = self._ruling(post)
        return Card(
            id=post.id,
            number=post.number,
            html=self._html(post, ruling),
            person=_person(post),
            is_mine=post.author_id == self.actor.member_id,
            at=post.created_at,
            edited_at=post.edited_at,
            lang=post.locale or self.head.locale,
            vote=self._vote(post),
            accepted_at=post.accepted_at,
            accepted_as=post.accepted_as or "",
            official_at=post.official_at,
            official_team=post.official_team or "",
            is_statement=post.is_statement,
            deleted_at=post.deleted_at,
            ruling=ruling,
            may=self._may(post),
            comments=tuple(map(self._comment, self.read.comments.get(post.id, ()))),
            source=_source(post),
        )

    def _ruling(self, post: PostView) -> Told | None:
        """The decision that keeps a post out of sight; an opening post goes with its thread."""
        decision = post.hidden_by or (self.head.hidden_by if post.number == 1 else None)
        return self.rulings.get(decision) if decision is not None else None

    def _html(self, post: PostView, ruling: Told | None) -> Markup | None:
        if post.html is None or post.deleted_at is not None:
            return None
        if ruling is not None and ruling.is_unreadable and not self.actor.can("post:see-hidden"):
            return None  # what is illegal or harmful is not handed out again, not even to its author
        return Markup(post.html)  # noqa: S704 - sanitised when it was written

    def _vote(self, post: PostView) -> Vote:
        action = f"/p/{post.id}/vote{self.query}"
        if not self.actor.is_signed_in:
            return Vote(action=action, score=post.score)
        up, down = may_vote(self.actor, post, 1), may_vote(self.actor, post, -1)
        return Vote(
            action=action,
            score=post.score,
            mine=post.my_vote,
            no_up=up.text if isinstance(up, Denied) else None,
            no_down=down.text if isinstance(down, Denied) else None,
        )

    def _may(self, post: PostView) -> May:
        if post.html is None or post.deleted_at is not None:
            return NOTHING
        if not self.actor.is_signed_in:
            return VISITORS
        actor, is_answer = self.actor, post.number > 1 and not post.is_comment
        settable = is_answer and post.hidden_at is None
        edits = may_edit_post(actor, post, is_critical=self.head.is_critical).allowed
        return May(
            accept=settable and self.accepts and (post.accepted_at is None or self._overrules(post)),
            withdraw=post.accepted_at is not None
            and may_withdraw(actor, self.head, _As(post.accepted_as or "")).allowed,
            mark=settable and self.speaks and post.official_at is None,
            unmark=self.speaks and post.official_at is not None,
            edit=edits or (post.number == 1 and may_retag(actor, self.head).allowed),
            delete=is_answer and may_delete_post(actor, post).allowed,
            report=may_flag(actor, author_id=post.author_id).allowed,
        )

    def _overrules(self, post: PostView) -> bool:
        """Whether the asker would say themselves what others have said for them."""
        return self.is_author and post.accepted_as != "author"

    def _comment(self, post: PostView) -> Comment:
        return Comment(
            id=post.id,
            html=self._html(post, self._ruling(post)),
            person=_person(post),
            at=post.created_at,
            lang=post.locale or self.head.locale,
            source=_source(post),
        )


class _As(msgspec.Struct, frozen=True):
    """As what somebody accepted."""

    as_role: str


def _person(post: PostView) -> Person:
    return Person(
        name=post.author_name,
        handle=post.author_handle,
        is_staff=post.is_company,
        team=post.badge_team,
        title=post.badge_title,
        points=post.author_points,
        avatar=post.author_avatar,
        bond=post.badge_kind,
        bond_is_confirmed=post.badge_is_confirmed,
        is_bot=post.author_is_bot,
    )


def _source(post: PostView) -> Source | None:
    if post.source_site is None:
        return None
    return Source(
        site=post.source_site,
        url=post.source_url or "",
        author=post.source_author or "",
        author_url=post.source_author_url or "",
        licence=post.source_licence or "",
    )
