"""What crm_sync asks of a remote system, and the only seven ways in which it may fail. No database, no HTTP in here.

A connector is one file in `connectors/` that fulfils `Remote`: it builds requests and reads answers. When to call, how often,
and what a failure means for a delivery is decided once for all of them, in `transitions`.
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, Protocol

import msgspec

from forum.kernel.errors import N_, Text

Kind = Literal["case", "idea", "article"]
Strength = Literal["A", "B", "C", "D", "E", "F"]
Outcome = Literal["created", "updated", "unchanged", "adopted", "withdrawn"]
Scope = Literal["record", "endpoint", "connection"]

KINDS: tuple[Kind, ...] = ("case", "idea", "article")
LOOKS_FIRST: tuple[Strength, ...] = ("D", "E", "F")


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Whom the record names: what the public page shows of them and nothing more. Both are empty where the member does not
    consent (any more), so that what was told before is cleared over there."""

    handle: str
    name: str
    is_staff: bool = False


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A reply that resolves a case."""

    by: Person
    text: str
    url: str
    at: datetime
    accepted: bool
    official: bool


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A question of the community, as it stands now."""

    title: str
    text: str
    url: str
    state: Literal["open", "solved", "closed"]
    category: str
    tags: tuple[str, ...]
    asked_by: Person
    asked_at: datetime
    solved_at: datetime | None
    answers: tuple[Answer, ...]


class IdeaRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A wish of the community with the company's word on it, as it stands now."""

    title: str
    text: str
    url: str
    status: str
    response: str
    supporters: int
    proposed_by: Person
    proposed_at: datetime


class ArticleRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A published page of the knowledge base, as it stands now."""

    title: str
    text: str
    html: str
    url: str
    case_url: str
    published_at: datetime | None


Document = Case | IdeaRecord | ArticleRecord

_KEY = re.compile(r"[a-z0-9][a-z0-9_-]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """Who a record is, in every system and for ever: `installation:kind:local id`.

    Beside it goes `event`, the marker of one push: the same for each repetition of it, another one as soon as what is said
    differs. `at` is when the push was first called out, by the database's clock; it grows with each push of a subject.
    """

    installation: str
    kind: Kind
    local_id: int
    event: str
    at: datetime

    def __post_init__(self) -> None:
        if not _KEY.fullmatch(self.installation) or len(str(self)) > 100:
            raise ValueError(f"not a name for an installation: {self.installation!r}")

    def __str__(self) -> str:
        return f"{self.installation}:{self.kind}:{self.local_id}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """The remote record that stands for one of ours. `version` is theirs (an ETag, a revision) and opaque to us."""

    kind: Kind
    remote_id: str
    version: str | None = None
    digest: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """What the remote said it did."""

    remote_id: str
    outcome: Outcome
    version: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A remote record that bears our key."""

    remote_id: str
    version: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What `check` learnt: who we are over there, and a sentence for the screen."""

    who: str
    text: Text


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """How a system can be talked to.

    `create` is how it keeps a record from being made twice, strongest first: A we choose the id; B upsert by a unique outside
    field; C a unique rule refuses the second; D a one-time token; E an idempotency header; F nothing. After an unanswered
    call A to C are repeated, D to F are looked up first. `settle_time` is how long a made record may stay invisible to `find`.
    """

    create: Strength
    settle_time: timedelta = timedelta(0)
    drafts: bool = False
    erasure: bool = False

    @property
    def looks_first(self) -> bool:
        return self.create in LOOKS_FIRST


class Remote(Protocol):
    """One connected system. Every method may raise the seven failures below and nothing else on purpose."""

    traits: Traits

    def check(self) -> Health:
        """Ask the system who we are and whether it lets us write."""

    def find(self, kind: Kind, key: Key) -> Sequence[Found]:
        """Every record that bears the key, not the first one only; a consistent read."""

    def put_case(self, case: Case, at: Link | None, key: Key) -> Receipt:
        """Make the remote record say what `case` says; `at` is the record of earlier pushes."""

    def put_idea(self, idea: IdeaRecord, at: Link | None, key: Key) -> Receipt:
        """Make the remote record say what `idea` says."""

    def put_article(self, article: ArticleRecord, at: Link | None, key: Key) -> Receipt:
        """Make the remote page say what `article` says."""

    def withdraw(self, kind: Kind, at: Link | None, key: Key) -> Receipt:
        """Take back what was pushed: the public may no longer see it, so its words must not stay there."""


def put(remote: Remote, document: Document, at: Link | None, key: Key) -> Receipt:
    """Push a document through the method of its kind."""
    if isinstance(document, Case):
        return remote.put_case(document, at, key)
    if isinstance(document, IdeaRecord):
        return remote.put_idea(document, at, key)
    return remote.put_article(document, at, key)


def digest_of(document: Document) -> str:
    """What a push would say, in 64 characters: equal digests need no second push."""
    kind = type(document).__name__.encode()
    return hashlib.sha256(kind + b"\n" + msgspec.json.encode(document, order="deterministic")).hexdigest()


class Failure(Exception):
    """A call that brought no receipt, and a sentence for the screen."""

    default = N_("The other system did not accept this.")

    def __init__(self, text: Text | str | None = None) -> None:
        self.text = text if isinstance(text, Text) else Text(text or self.default)
        super().__init__(str(self.text))


class Later(Failure):
    """Not now, and surely not done. `after` is the remote's own word on when; `scope` is what has to wait."""

    default = N_("The other system asked us to come back later.")

    def __init__(
        self, text: Text | str | None = None, *, after: timedelta | None = None, scope: Scope = "record"
    ) -> None:
        self.after = after
        self.scope = scope
        super().__init__(text)


class Unauthorised(Failure):
    """The connection as a whole is not let in, or no longer wanted. Nothing of it will pass until a person looks."""

    default = N_("The other system does not let us in.")


class Refused(Failure):
    """The remote understood this record and will never take it as it is."""


class Gone(Failure):
    """The remote record is no more; `merged_into` names the one that took its place, if any."""

    default = N_("The record was deleted over there.")

    def __init__(self, text: Text | str | None = None, *, merged_into: str | None = None) -> None:
        self.merged_into = merged_into
        super().__init__(text)


class Conflict(Failure):
    """Somebody changed the remote record since our last push; `theirs` is how it stands now."""

    default = N_("The record was changed over there since we last wrote it.")

    def __init__(self, text: Text | str | None = None, *, theirs: Found | None = None) -> None:
        self.theirs = theirs
        super().__init__(text)


class Ambiguous(Failure):
    """Several remote records could be meant, and we do not guess."""

    default = N_("Several records over there could be meant.")

    def __init__(self, text: Text | str | None = None, *, candidates: Sequence[Found] = ()) -> None:
        self.candidates = tuple(candidates)
        super().__init__(text)


class Unsure(Failure):
    """The request went out and no answer came: it may or may not have been done."""

    default = N_("Sent, but no answer came. The next try looks before it writes.")
