"""A community in which every kind of person and thing exists, so that generated requests find something to work on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from forum.articles.tables import Article
from forum.kernel.access import Actor
from forum.kernel.clock import now
from forum.kernel.db import Database
from forum.members import tokens
from forum.threads import answers
from moderation import flagging
from moderation.decisions import Ruling, decide
from tests.forum import making as make
from tests.installing import deliver_all

ROLES = ("anonymous", "stranger", "reader", "member", "staff", "moderator", "administrator")
"""Who calls. A reader's token may only read; a stranger's is nobody's."""


@dataclass
class Town:
    """What is there. `known` are values that parts of addresses and fields of bodies may name, by their names."""

    database: Database
    known: dict[str, list[Any]] = field(default_factory=dict)
    headers: dict[str, dict[str, str]] = field(default_factory=dict)
    people: dict[str, Actor] = field(default_factory=dict)

    def settle_people(self) -> None:
        """People with a token each. Anew, when a request may have ended one."""
        self.headers = {"anonymous": {}, "stranger": _bearer("nobody's token")}
        with self.database.transaction() as session:
            self.people = _people(session)
            for role, actor in self.people.items():
                scopes = ["read"] if role == "reader" else list(tokens.SCOPES)
                self.headers[role] = _bearer(tokens.create(session, actor, name="A test", scopes=scopes))
        self.known["handle"] = [actor.handle for actor in self.people.values()][:2]

    def values(self, name: str) -> list[Any]:
        """What a field of this name may name; for ids of things that this module does not know, the first few."""
        kind = name.removesuffix("_id")
        return self.known.get(kind) or self.known.get(name) or ([1, 2, 3] if name.endswith("_id") else [])


def built(database: Database) -> Town:
    town = Town(database)
    town.settle_people()
    with database.transaction() as session:
        town.known |= _things(session, town.people)
    deliver_all(database, times=1)
    return town


def _people(session: Session) -> dict[str, Actor]:
    return {
        "reader": make.member(session),
        "member": make.member(session, privileges=("post:vote-down", "post:edit-any"), points=1000),
        "staff": make.staff(session),
        "moderator": make.moderator(session),
        "administrator": make.administrator(session),
    }


def _things(session: Session, people: dict[str, Actor]) -> dict[str, list[Any]]:
    place = make.category(session)
    asker, staff, moderator = people["member"], people["staff"], people["moderator"]
    question = make.thread(session, asker, place, tags=["burrs"])
    idea = make.thread(session, asker, place, kind="idea")
    reply, official, gone = (make.reply(session, question, staff) for _ in range(3))
    answers.accept(session, asker, post_id=reply.id)
    flagging.raise_flag(session, people["reader"], post_id=official.id, reason="abuse", note="Rude.")
    hidden = Ruling(
        action="hide-post", target_kind="post", target_id=gone.id, text="It names a customer and their street."
    )
    decide(session, moderator, hidden)
    articles = [_article(session, place.id, idea.id, state) for state in ("published", "draft")]
    posts = [make.opening(session, question).id, reply.id, official.id, gone.id]
    return {
        "thread": [question.id, idea.id], "post": posts, "parent": posts, "target": [*posts, question.id, idea.id],
        "article": articles, "slug": [place.slug], "category": [place.slug], "tag": ["burrs"], "number": [1, 2],
        "revision": [1, 2],
    }  # fmt: skip


def _article(session: Session, category_id: int, thread_id: int, state: str) -> int:
    article = Article(
        category_id=category_id, thread_id=thread_id if state == "published" else None, title="Burrs", slug="burrs",
        source="Clean them.", html="<p>Clean them.</p>", renderer=1, state=state, created_at=now(), changed_at=now(),
        published_at=now(),
    )  # fmt: skip
    session.add(article)
    session.flush()
    return article.id


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}
