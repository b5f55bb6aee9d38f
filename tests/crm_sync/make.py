"""Things that the tests of crm_sync are about, with defaults for everything a test does not care about."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy.orm import Session

from crm_sync.connectors import Setup
from crm_sync.ports import Answer, ArticleRecord, Case, IdeaRecord, Key, Kind, Person
from crm_sync.tables import Connection, CrmDelivery
from forum.articles.tables import Article
from forum.ideas.tables import Idea
from forum.kernel.clock import now
from forum.kernel.egress import Client
from forum.kernel.settings import Settings
from forum.members.tables import Member
from forum.threads.tables import Category, Post, Thread
from moderation.tables import Decision

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)
SECRET = "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
URL = "https://community.example.com"
_taken = iter(range(1, 1_000_000))


def key(local_id: int = 7, *, kind: Kind = "case", event: str = "e1", at: datetime = NOON) -> Key:
    return Key(installation="loggia-1a2b", kind=kind, local_id=local_id, event=event, at=at)


def case(*, title: str = "Pump is silent", state: Any = "solved", text: str = "It hums, then nothing.") -> Case:
    by = Person(handle="marta", name="Marta Oliveira")
    answer = Answer(
        by=Person(handle="giulia", name="Giulia Ferri", is_staff=True),
        text="Prime it: «valvola» open, 30 s.",
        url=f"{URL}/t/7/pump-is-silent#p2",
        at=NOON,
        accepted=True,
        official=False,
    )
    return Case(
        title=title,
        text=text,
        url=f"{URL}/t/7/pump-is-silent",
        state=state,
        category="Machines",
        tags=("pump",),
        asked_by=by,
        asked_at=NOON,
        solved_at=NOON if state == "solved" else None,
        answers=(answer,) if state == "solved" else (),
    )


def idea(*, status: str = "planned") -> IdeaRecord:
    return IdeaRecord(
        title="A quieter pump",
        text="At six in the morning.",
        url=f"{URL}/t/8/a-quieter-pump",
        status=status,
        response="In the spring.",
        supporters=12,
        proposed_by=Person(handle="sam", name="Sam Okafor"),
        proposed_at=NOON,
    )


def article() -> ArticleRecord:
    return ArticleRecord(
        title="Prime the pump",
        text="Open it.",
        html="<p>Open it.</p>",
        url=f"{URL}/help/3/x",
        case_url="",
        published_at=NOON,
    )


def setup(
    var_dir: Path,
    egress: Client,
    *,
    url: str = "http://127.0.0.1:1/",
    secrets: tuple[str, ...] = (SECRET,),
    name: str = "hook",
) -> Setup:
    return Setup(
        name=name,
        installation="loggia-1a2b",
        config={"url": url},
        secrets=secrets,
        base_url=URL,
        var_dir=var_dir,
        egress=egress,
    )


def connection(*, name: str = "desk", connector: str = "desk", **columns: Any) -> Connection:
    return Connection(name=name, connector=connector, installation="loggia-1a2b", config={}, created_at=NOON, **columns)


def delivery(*, kind: str = "case", local_id: int = 7, **columns: Any) -> CrmDelivery:
    given: dict[str, Any] = {
        "connection_id": 1,
        "cause": "AnswerAccepted",
        "created_at": NOON,
        "not_before": NOON,
    } | columns
    return CrmDelivery(kind=kind, local_id=local_id, **given)


@dataclass(frozen=True)
class Asked:
    """A question with one answer in the database."""

    thread_id: int
    question_id: int
    answer_id: int
    category_id: int
    author_id: int


def member(session: Session, *, name: str = "Marta Oliveira") -> Member:
    handle = f"member{next(_taken)}"
    row = Member(handle=handle, handle_key=handle, name=name, created_at=now())
    session.add(row)
    session.flush()
    return row


def question(
    session: Session, *, title: str = "Pump is silent", solved: bool = True, audience: int = 0, kind: str = "question"
) -> Asked:
    """A thread with two posts, the second accepted if it is to be solved."""
    author = member(session)
    category = Category(slug=f"c{next(_taken)}", name="Machines", kinds=[kind], audience=audience)
    session.add(category)
    session.flush()
    thread = Thread(
        kind=kind,
        category_id=category.id,
        author_id=author.id,
        title=title,
        slug="pump-is-silent",
        created_at=NOON,
        last_activity_at=NOON,
        solved_at=NOON if solved else None,
    )
    session.add(thread)
    session.flush()
    posts = [
        Post(
            thread_id=thread.id,
            number=number,
            author_id=author.id,
            source=source,
            html=f"<p>{source}</p>",
            renderer=1,
            created_at=NOON,
            accepted_at=NOON if solved and number == 2 else None,
        )
        for number, source in ((1, "It hums, then nothing."), (2, "Prime it."))
    ]
    session.add_all(posts)
    session.flush()
    return Asked(thread.id, posts[0].id, posts[1].id, category.id, author.id)


def proposal(session: Session, *, status: str = "planned") -> Asked:
    """An idea with its status."""
    asked = question(session, title="A quieter pump", solved=False, kind="idea")
    session.add(Idea(thread_id=asked.thread_id, status=status, status_at=NOON))
    session.flush()
    return asked


def published(session: Session, asked: Asked) -> Article:
    """An article made of a solved question."""
    row = Article(
        thread_id=asked.thread_id,
        category_id=asked.category_id,
        state="published",
        title="Prime the pump",
        slug="prime-the-pump",
        source="Open it.",
        html="<p>Open it.</p>",
        renderer=1,
        created_at=NOON,
        changed_at=NOON,
        published_at=NOON,
    )
    session.add(row)
    session.flush()
    return row


def allowing(settings: Settings, *urls: str) -> Settings:
    """The same settings, with leave to call servers of the test's own."""
    return replace(settings, egress_allow=tuple(url.removeprefix("http://").rstrip("/") for url in urls))


def decision(session: Session) -> int:
    """An entry of the public log, for rows that are hidden by one."""
    number = next(_taken)
    row = Decision(
        number=number,
        previous=b"",
        hash=number.to_bytes(32, "big"),
        at=NOON,
        action="hide",
        rule="4",
        reason_code="personal-data",
        role="moderator",
        target_kind="post",
        commitment=b"",
    )
    session.add(row)
    session.flush()
    return row.id
