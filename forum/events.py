"""The facts that the forum tells. Past tense, ids only; who listens is not known here."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A fact. Its class name is its kind in the outbox, so renaming one needs a migration."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRegistered(Event):
    member_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberChanged(Event):
    """Name, role, affiliation or suspension changed."""

    member_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberRenamed(Event):
    """Somebody is shown with another name from now on."""

    member_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberDeleted(Event):
    """Somebody left for good: what they gave stays, who they were is gone."""

    member_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberSanctioned(Event):
    """Somebody was suspended or silenced ("suspend", "silence"), or is so no longer ("unsuspend", "unsilence")."""

    member_id: int
    decision_number: int
    action: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryChanged(Event):
    """Other people see a category than before."""

    category_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ConsentChanged(Event):
    """A member gave or withdrew what the company may receive of them for one purpose."""

    member_id: int
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadOpened(Event):
    thread_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadEdited(Event):
    """Title, tags, category or state of a thread changed."""

    thread_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadClosed(Event):
    thread_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadReopened(Event):
    thread_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DetailsAsked(Event):
    """A question waits for more from whoever asked it."""

    thread_id: int
    by_member_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadHidden(Event):
    thread_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadRestored(Event):
    thread_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostAdded(Event):
    thread_id: int
    post_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostEdited(Event):
    thread_id: int
    post_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostDeleted(Event):
    """Its author took it back."""

    thread_id: int
    post_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostHidden(Event):
    thread_id: int
    post_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PostRestored(Event):
    thread_id: int
    post_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class VoteCast(Event):
    """A member's vote on a post was given, changed or taken back."""

    post_id: int
    member_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerAccepted(Event):
    thread_id: int
    acceptance_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerWithdrawn(Event):
    thread_id: int
    acceptance_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialMarked(Event):
    thread_id: int
    post_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class OfficialWithdrawn(Event):
    thread_id: int
    post_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class IdeaStatusChanged(Event):
    thread_id: int
    change_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleDrafted(Event):
    article_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticlePublished(Event):
    article_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class ArticleWithdrawn(Event):
    article_id: int


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingChanged(Event):
    member_id: int
